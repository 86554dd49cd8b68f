"""A notice version as its editor writes it: a folder of Markdown per language and one `facts.toml`.

notices/<document>/draft/     fi.md sv.md en.md facts.toml
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ..errors import NoticeError, Problem
from .number import CLASSES as CLASSES
from .number import VersionNumber as VersionNumber

FACTS = "facts.toml"
FALLBACK = "fallback"
"""The table of the facts that names, for a language without a text, the one shown instead."""
DRAFT = "draft"
BASES = (
    "consent",
    "contract",
    "legal-obligation",
    "vital-interests",
    "public-task",
    "legitimate-interest",
)
"""The six bases of GDPR Article 6(1), points (a) to (f)."""

SHORT_WORDS = 120
CHANGE_CHARACTERS = 400

_FRONT = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_KEYS = ("title", "short", "change")
# What a translation keeps of its source, for the lint: a hash per section.
_SOURCE = "source"
# Controls, and the marks that turn the direction of text: what is read must be what is written.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
"""Characters that are not seen, and such as no file or feed can have."""


@dataclass(frozen=True, slots=True)
class Text:
    """One language of a version: its front matter, its Markdown, and the bytes of its file."""

    lang: str
    title: str
    short: str
    change: str
    markdown: str
    raw: bytes

    @property
    def file(self) -> str:
        """The name of the file in the version's folder."""
        return f"{self.lang}.md"


@dataclass(frozen=True, slots=True)
class VersionSource:
    """A version as it is written: texts by language, facts, and the bytes of the facts file."""

    folder: Path
    document: str
    texts: Mapping[str, Text]
    facts: Mapping[str, object]
    facts_raw: bytes

    @property
    def change_class(self) -> str:
        """`material`, `clarifying` or `editorial` (R78, R79)."""
        return str(_table(self.facts, "version").get("class", ""))

    @property
    def reason(self) -> str:
        """Why the change has its class, where the facts say it (R79)."""
        return str(_table(self.facts, "version").get("reason", ""))

    @property
    def effective(self) -> date | None:
        """The effective date, where the facts give one."""
        value = _table(self.facts, "version").get("effective")
        return date.fromisoformat(str(value)) if value else None


class Unconfirmed(NamedTuple):
    """A fact that the controller has not given (`confirm = true`).

    `key` is its place in the facts file, `section` the id of the section that tells it ("" if the
    facts do not say), `question` what to ask the controller, per language.
    """

    key: str
    section: str
    question: Mapping[str, str]


def load_source(folder: Path, languages: Sequence[str], document: str = "") -> VersionSource:
    """Read a version folder.

    `languages` are the codes that the version must have, but for those that the facts show in
    another language (`[fallback]`); `document` defaults to the name of the folder above. Raises
    `NoticeError` with every fault of every file at once (R47, R48).
    """
    problems: list[Problem] = []
    facts, raw = _load_facts(folder / FACTS, problems)
    stated = fallbacks(facts or {})
    languages = [
        lang for lang in languages if lang not in stated or (folder / f"{lang}.md").exists()
    ]
    texts = {}
    for lang in languages:
        text = _load_text(folder / f"{lang}.md", lang, problems)
        if text is not None:
            texts[lang] = text
    if facts is not None:
        problems += check_facts(facts, languages)
        problems += [
            Problem(FACTS, f"fallback.{lang}", f"there is no text in {other}", "name another")
            for lang, other in stated.items()
            if other not in languages
        ]
    if problems or facts is None:
        raise NoticeError(problems)
    return VersionSource(folder, document or folder.parent.name, texts, facts, raw)


def fallbacks(facts: Mapping[str, object]) -> dict[str, str]:
    """The languages that are shown in another one, as `[fallback]` of the facts states (R48)."""
    return {lang: other for lang, other in _table(facts, FALLBACK).items()
            if isinstance(other, str)}  # fmt: skip


def unconfirmed(source: VersionSource) -> list[Unconfirmed]:
    """List the facts that the controller still has to confirm, in the order of the file (R47)."""
    sections = _table(source.facts, "sections")
    found = []
    for path, table in fact_tables(source.facts):
        if table.get("confirm") is True:
            top = re.split(r"[.\[]", path, maxsplit=1)[0]
            section = table.get("section") or _section(sections, top)
            question = table.get("question")
            texts = dict(question) if isinstance(question, Mapping) else _question(path, table)
            found.append(Unconfirmed(path, str(section), texts))
    return found


def split_front_matter(text: str) -> tuple[str | None, str]:
    """Split a file into its YAML front matter, without the fences, and the Markdown after it."""
    match = _FRONT.match(text)
    return (match[1] or "", text[match.end() :]) if match else (None, text)


def read_text(path: Path) -> tuple[str, str, str]:
    """Read any Markdown file: the title and the summary of its front matter, if any, and the rest.

    Raises `NoticeError` if it cannot be read.
    """
    problems: list[Problem] = []
    _, text = _read(path, problems)
    front, markdown = split_front_matter(text or "")
    values = _front_values(front, path.name, problems) if front is not None else {}
    if problems:
        raise NoticeError(problems)
    values = values or {}
    return values.get("title", ""), values.get("short", ""), markdown


def check_facts(facts: Mapping[str, object], languages: Sequence[str]) -> list[Problem]:
    """Check what every later step relies on; the content itself is the lint's matter (R47, R51)."""
    problems = []

    def fault(key: str, message: str, remedy: str) -> None:
        problems.append(Problem(FACTS, key, message, remedy))

    version = _table(facts, "version")
    if version.get("class") not in CLASSES:
        choices = ", ".join(CLASSES)
        fault("version.class", "the class of the change is missing or unknown", f"one of {choices}")
    effective = version.get("effective")
    if effective is not None and not _is_date(effective):
        fault("version.effective", f"{effective!r} is not a date", 'write effective = "2027-01-01"')
    # What is still to be given is asked of the controller (`unconfirmed`), and is no fault.
    controller = _table(facts, "controller")
    if not controller.get("name") and controller.get("confirm") is not True:
        fault("controller.name", "the controller is not named (R49)", "write the company's name")
    purposes = facts.get("purposes", [])
    if not isinstance(purposes, list) or not purposes:
        fault("purposes", "no purpose is given (R51)", "write a [[purposes]] table for each")
        purposes = []
    for place, purpose in enumerate(purposes, 1):
        if not isinstance(purpose, Mapping):
            fault("purposes", "must be tables", "write [[purposes]]")
            continue
        key = f"purposes.{purpose.get('id', place)}"
        asked = purpose.get("confirm") is True
        if asked and "basis" not in purpose:
            continue
        if purpose.get("basis") not in BASES:
            remedy = f"one of {', '.join(BASES)}"
            fault(f"{key}.basis", "no single legal basis (R51)", remedy)
        elif purpose["basis"] == "legitimate-interest" and not (asked or purpose.get("interest")):
            remedy = "write interest = { fi = … } as the text tells it"
            fault(f"{key}.interest", "the interest itself is not named (R52)", remedy)
    for path, table in fact_tables(facts):
        if table.get("confirm", False) not in (True, False):
            fault(f"{path}.confirm", "must be true or false", "remove it once the fact is given")
        faults = (HIDDEN.search(text) for text in table.values() if isinstance(text, str))
        problems += [_hidden(FACTS, path, hidden[0]) for hidden in faults if hidden]
        # Its keys are languages, but its values are no texts.
        if path != FALLBACK and _translated(table):
            for lang in languages:
                if not table.get(lang):
                    fault(f"{path}.{lang}", "the text is missing (R48)", f"write it in {lang}")
    return problems


def _load_text(path: Path, lang: str, problems: list[Problem]) -> Text | None:
    def fault(key: str, message: str, remedy: str) -> None:
        problems.append(Problem(path.name, key, message, remedy))

    raw, text = _read(path, problems)
    if text is None:
        return None
    if hidden := HIDDEN.search(text):
        line = text.count("\n", 0, hidden.start()) + 1
        problems.append(_hidden(path.name, "", hidden[0], f"line {line}"))
        return None
    front, markdown = split_front_matter(text)
    if front is None:
        remedy = "begin with ---, then title:, short: and change:, then ---"
        fault("", "the file does not begin with front matter", remedy)
        return None
    values = _front_values(front, path.name, problems)
    if values is None:
        return None
    before = len(problems)
    if not values["title"]:
        fault("title", "the title is missing", "write the heading of the page")
    if (words := len(values["short"].split())) > SHORT_WORDS:
        fault("short", f"{words} words", f"shorten it to {SHORT_WORDS} (R69)")
    if (length := len(values["change"])) > CHANGE_CHARACTERS:
        fault("change", f"{length} characters", f"shorten it to {CHANGE_CHARACTERS} (R77)")
    if not markdown.strip():
        fault("", "there is no text after the front matter", "write the notice in Markdown")
    if len(problems) > before:
        return None
    return Text(lang, values["title"], values["short"], values["change"], markdown, raw)


def _hidden(file: str, key: str, character: str, where: str = "it") -> Problem:
    remedy = "delete it; such characters make the text read otherwise than it is written"
    message = f"{where} has the invisible character U+{ord(character):04X}"
    return Problem(file, key, message, remedy)


def _front_values(front: str, file: str, problems: list[Problem]) -> dict[str, str] | None:
    import yaml

    try:
        # The base loader makes text of every scalar: YAML's own rules would read the version
        # 2026.10 as 2026.1 and the language `no` as False.
        values = yaml.load(front, Loader=yaml.BaseLoader) or {}  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        message = " ".join(str(error).split())
        problems.append(Problem(file, "", f"front matter: {message}", "mend the YAML"))
        return None
    if not isinstance(values, dict):
        remedy = "write title:, short: and change:"
        problems.append(Problem(file, "", "front matter is not a list of keys", remedy))
        return None
    faults = []
    for key, value in values.items():
        if key == _SOURCE and isinstance(value, dict):
            continue
        if key not in _KEYS:
            remedy = f"the keys are {', '.join(_KEYS)}"
            faults.append(Problem(file, str(key), "unknown key in the front matter", remedy))
        elif not isinstance(value, str):
            faults.append(Problem(file, key, "must be text", f"write {key}: > and the text below"))
        elif hidden := HIDDEN.search(value):  # written "\u202e" in the file, which has none itself
            faults.append(_hidden(file, key, hidden[0]))
    problems += faults
    return None if faults else {key: str(values.get(key, "")).strip() for key in _KEYS}


def _load_facts(path: Path, problems: list[Problem]) -> tuple[dict[str, object] | None, bytes]:
    raw, text = _read(path, problems)
    if text is None:
        return None, raw
    try:
        return tomllib.loads(text), raw
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(Problem(path.name, "", str(error), "mend the TOML"))
        return None, raw


def _read(path: Path, problems: list[Problem]) -> tuple[bytes, str | None]:
    try:
        raw = path.read_bytes()
        return raw, raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        remedy = "save the file as UTF-8"
        problems.append(Problem(path.name, "", f"byte {error.start} is not UTF-8", remedy))
    except OSError as error:
        reason = error.strerror or "cannot be read"
        remedy = f"write {path.name} in {path.parent}"
        problems.append(Problem(path.name, "", reason, remedy))
    return b"", None


def fact_tables(value: object, path: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """List every table of the facts with its place: `retention.sales` by id, or `retention[2]`."""
    if isinstance(value, Mapping):
        if path:
            yield path, value
        for key, inner in value.items():
            yield from fact_tables(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            name = inner.get("id") if isinstance(inner, Mapping) else None
            yield from fact_tables(inner, f"{path}.{name}" if name else f"{path}[{place}]")


def _translated(table: Mapping[str, object]) -> bool:
    # Texts are written { fi = …, sv = …, en = … }.
    return bool({"fi", "sv", "en"} & table.keys())


def _table(facts: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = facts.get(key)
    return value if isinstance(value, Mapping) else {}


def _section(sections: Mapping[str, object], table: str) -> object:
    fallback = {"officer": "controller", "authority": "complaint", "data": "data"}
    return sections.get(table) or sections.get(fallback.get(table, ""), "")


def _question(path: str, table: Mapping[str, object]) -> dict[str, str]:
    facts = ", ".join(
        f"{key} = {value}"
        for key, value in table.items()
        if key not in ("confirm", "id") and isinstance(value, str | int | float)
    )
    what = f"{path} ({facts})" if facts else path
    return {
        "fi": f"Vahvistakaa tai korjatkaa: {what}",
        "sv": f"Bekräfta eller rätta: {what}",
        "en": f"Confirm or correct: {what}",
    }


def _is_date(value: object) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
