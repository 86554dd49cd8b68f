"""Where each thing about a notice is read: one address for good, in the language of its path.

    /tietosuojaseloste                          what is in force
    /tietosuojaseloste/2026.1                   a version; with .md, .json, .html or .pdf its file
    /tietosuojaseloste/historia                 the versions, and what was declared when
    /tietosuojaseloste/voimassa/2026-11-01      what was in force on a day
    /tietosuojaseloste/muutokset/2026.1..2026.2 two versions compared
    /tietosuojaseloste/feed.atom, calendar.ics, versions.json

The words in them never change: an address that was given out once stays (R77), in a language that
the site has given up too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem

if TYPE_CHECKING:
    from ..settings import Settings
    from .package import Package

FEED, CALENDAR, JSON = "feed.atom", "calendar.ics", "versions.json"
FORMATS = ("md", "json", "html", "pdf")
"""The files of a version, by the end of their address."""

_WORDS = {
    "history": {"fi": "historia", "sv": "historik", "en": "history"},
    "day": {"fi": "voimassa", "sv": "gallande", "en": "in-force"},
    "changes": {"fi": "muutokset", "sv": "andringar", "en": "changes"},
}


@dataclass(frozen=True)
class Addresses:
    """The addresses of one notice; `paths` is where it lies in each language.

    With `origin` they are absolute, as feeds and structured data need them.
    """

    paths: Mapping[str, str]
    origin: str = ""

    def __call__(self, package: Package | None, lang: str) -> str:
        """The address of a version; of None, that of the version in force."""
        path = self.origin + self.paths.get(lang, "")
        return f"{path}/{package.number}" if package else path

    def file(self, package: Package, lang: str, kind: str) -> str:
        """The address of a version's file, of `FORMATS`."""
        return f"{self(package, lang)}.{kind}"

    def feed(self, lang: str) -> str:
        """The address of the Atom feed."""
        return f"{self(None, lang)}/{FEED}"

    def calendar(self, lang: str) -> str:
        """The address of the calendar."""
        return f"{self(None, lang)}/{CALENDAR}"

    def history(self, lang: str) -> str:
        """The address of the history."""
        return f"{self(None, lang)}/{word('history', lang)}"

    def day(self, lang: str, day: date | None = None) -> str:
        """The address of what was in force on a day; without one, of the form that asks for it."""
        path = f"{self(None, lang)}/{word('day', lang)}"
        return f"{path}/{day.isoformat()}" if day else path

    def changes(
        self, lang: str, before: Package | None = None, after: Package | None = None
    ) -> str:
        """The address of two versions compared; without them, of the form that asks for them."""
        path = f"{self(None, lang)}/{word('changes', lang)}"
        return f"{path}/{before.number}..{after.number}" if before and after else path


def word(name: str, lang: str) -> str:
    """The word of a path, by its name, in a language; English where there is none."""
    return _WORDS[name].get(lang, _WORDS[name]["en"])


def addressed(packages: Iterable[Package], settings: Settings) -> dict[str, str]:
    """Give the path of the notice in every language that the site has, or a version of it had.

    Raises `NoticeError` if there are versions in a language without a path: their addresses would
    be gone (R77).
    """
    notices = settings.notices
    if notices is None:
        return {}
    paths, problems = dict(notices.paths), []
    for package in packages:
        for lang in package.renditions:
            if lang in paths:
                continue
            paths[lang] = notices.kept.get(lang, "")
            if not paths[lang]:
                message = f"is missing, and {package.document} {package.number} was published in it"
                remedy = "name the path that it had: an address that was given out stays (R77)"
                key = f"notices.paths.{lang}"
                problems.append(Problem(settings.file.name, key, message, remedy))
    if problems:
        raise NoticeError(problems)
    return paths
