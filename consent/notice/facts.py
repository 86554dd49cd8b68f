"""The facts of the notice in force, for what is told of the processing outside of it (R74, R131).

Which facts there are is the editor's choice: what is not there is None, and nothing is made up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..texts import texts
from .package import FACTS, Package
from .shelf import Shelf

if TYPE_CHECKING:
    from ..settings import Notices

Table = Mapping[str, object]


@dataclass(frozen=True)
class Facts:
    """The facts of one version.

    `version` names it, empty without one; `draft` tells that it is not in force, `confirm = true`
    in a table that the controller has not given the fact.
    """

    version: str = ""
    draft: bool = False
    tables: Table = field(default_factory=dict, repr=False)

    def table(self, key: str) -> Table:
        """The table of a name; an empty one if it is not there."""
        found = self.tables.get(key)
        return found if isinstance(found, Mapping) else {}

    def all(self, key: str) -> list[Table]:
        """The tables of an array of tables."""
        found = self.tables.get(key)
        if not isinstance(found, list):
            return []
        return [each for each in found if isinstance(each, Mapping)]

    def named(self, key: str, ids: object) -> list[Table]:
        """The tables of an array with these ids, in the order of the ids."""
        known = {each.get("id"): each for each in self.all(key)}
        return [known[each] for each in words(ids) if each in known]

    def about(self, key: str, data: Iterable[str]) -> list[Table]:
        """The tables of an array that are about some of these kinds of data."""
        wanted = set(data)
        return [each for each in self.all(key) if wanted.intersection(words(each.get("data")))]

    def basis(self, name: object, lang: str) -> str | None:
        """A legal basis with its article, as the facts call it: "Legal obligation, 6(1)(c)"."""
        if not isinstance(name, str):
            return None
        bases = self.table("bases").get(name)
        if not isinstance(bases, Mapping):
            return texts(lang, "letters")["bases"].get(name)
        told = [told_in(bases.get("name"), lang), bases.get("article")]
        return ", ".join(str(each) for each in told if each) or None

    @property
    def log(self) -> Table:
        """The purpose that the consent log serves; an empty table if there is none."""
        named = self.table("consent_log").get("purpose", "consent-log")
        return next(iter(self.named("purposes", [named])), {})

    def log_months(self) -> int | None:
        """For how many months after its end a consent's record is kept, as the notice tells it."""
        told = self.table("consent_log").get("retention")
        for period in self.named("retention", [told] if told else self.log.get("retention")):
            match = re.fullmatch(r"(\d{1,3}) (month|year)s?", str(period.get("duration")))
            if match is not None:
                return int(match[1]) * (12 if match[2] == "year" else 1)
        return None


def load_facts(notices: Notices | None, now: datetime) -> Facts:
    """Read the facts of the version in force at `now` (UTC), or else of the draft.

    Raises `NoticeError` when a published version has been changed.
    """
    if notices is None:
        return Facts()
    shelf = Shelf.load(notices.folder, notices.document)
    if (package := shelf.in_force(now)) is not None:
        tables = tomllib.loads(package.files[FACTS].decode("utf-8"))
        return Facts(f"{package.document} {package.number}", False, tables)
    if shelf.draft is not None:
        try:
            tables = tomllib.loads((shelf.draft / FACTS).read_text("utf-8"))
        except (OSError, ValueError):
            return Facts()  # `consent check` tells what is wrong with it
        return Facts(f"{shelf.document} {shelf.draft.name}", True, tables)
    return Facts()


def section_of(package: Package, role: str) -> str:
    """The id of the section of a version that tells of something, as "cookies"; "" for none."""
    tables = tomllib.loads(package.files[FACTS].decode("utf-8"))
    section = Facts(tables=tables).table("sections").get(role)
    known = {heading.id for text in package.renditions.values() for heading in text.toc}
    return section if isinstance(section, str) and section in known else ""


def told_in(value: object, lang: str) -> str | None:
    """A text in a language, where it is one text or one per language."""
    if isinstance(value, Mapping):
        value = value.get(lang)
    return value if isinstance(value, str) and value else None


def words(value: object) -> list[str]:
    """A list of short texts; an empty one for anything else."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
