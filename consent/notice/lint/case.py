"""What is linted: the texts, the facts and what the site declares, as far as they can be read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from ...declaration import Declaration
from ..version import FACTS, split_front_matter
from .rules import LANGUAGES, Finding, Place, finding
from .text import Block, Doc, Section, read_text
from .words import Index, vocabulary

HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"'-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w\"'-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=\s*")
_NAMED = re.compile(r"[\"']([^\"'\n]*)[\"']")
# What a fact table holds besides facts.
_ABOUT = {"id", "confirm", "section", "question", "missing"}

# Ids are English words, the same in every language; these tell what a section is about.
_IDS = {
    role: re.compile(rf"(?:^|-)(?:{words})")
    for role, words in {
        "controller": "controller|contact",
        "purposes": "purpose|why",
        "basis": "bas[ie]s|legal",
        "recipients": "recipient|shar|disclos|processor",
        "transfers": "transfer",
        "retention": "retention|storage|keep",
        "rights": "rights",
        "objection": "object",
        "withdrawal": "withdraw",
        "complaint": "complain|authority",
        "automated": "automat|profil",
        "sources": "source|origin",
        "must_give": "must|mandatory|voluntary|obligat",
        "cookies": "cookie",
        "changes": "change|version|history|update",
        "marketing": "marketing|newsletter",
        "direct_marketing": "marketing|newsletter",
    }.items()
}

Table = Mapping[str, object]


@dataclass(frozen=True)
class Case:
    """All that a check reads.

    `docs` are the texts by language, in the order of the site's languages; `facts` is None where
    there is no facts file; `before` are the texts of the version before. `effective` is the day
    that the version is published for. `whole` is false of a text that is judged by itself.
    """

    docs: Mapping[str, Doc]
    facts: Table | None
    lines: Mapping[str, Place]
    languages: tuple[str, ...]
    declaration: Declaration | None = None
    effective: date | None = None
    before: Mapping[str, Doc] = field(default_factory=dict)
    whole: bool = True
    indexes: dict[str, Index] = field(default_factory=dict)

    @cached_property
    def spoken(self) -> list[Doc]:
        """The texts in a language that the lint knows; of others it judges structure and parity."""
        return [doc for doc in self.docs.values() if doc.lang in LANGUAGES]

    def table(self, key: str) -> Table:
        """A table of the facts, empty where there is none."""
        value = (self.facts or {}).get(key)
        return value if isinstance(value, Mapping) else {}

    def tables(self, key: str) -> list[tuple[str, Table]]:
        """The tables of an array of the facts, each with its place; not one kept for an answer."""
        value = (self.facts or {}).get(key)
        if not isinstance(value, list):
            return []
        return [
            (f"{key}.{entry['id']}" if entry.get("id") else f"{key}[{number}]", entry)
            for number, entry in enumerate(value, 1)
            if isinstance(entry, Mapping) and (given(entry) or entry.get("confirm") is not True)
        ]

    def fact(self, path: str) -> Place:
        """Where a fact stands; for one that is missing, the table that should hold it."""
        while path and path not in self.lines:
            path = re.sub(r"(?:\.[^.\[]*|\[\d+\]|^[^.\[]*)$", "", path)
        return self.lines.get(path, Place(FACTS))

    def index(self, doc: Doc) -> Index:
        """The index of the words of a text, made once."""
        if doc.file not in self.indexes:
            self.indexes[doc.file] = Index(doc)
        return self.indexes[doc.file]

    @cached_property
    def names(self) -> list[str]:
        """Names of companies and services in the facts and the declaration."""
        found = [str(self.table("controller").get("name", ""))]
        for key in ("recipients", "sources"):
            for _, table in self.tables(key):
                found += texts_of(table.get("name"))
        if self.declaration:
            for service in self.declaration.services:
                found += [service.name, service.provider]
        return [name for name in dict.fromkeys(found) if name]

    def sections(self, doc: Doc, role: str) -> list[Section]:
        """The sections that tell something: by their declared role, else by their headings."""
        declared = self.table("sections").get(role)
        keys = [declared] if isinstance(declared, str) else declared
        if isinstance(keys, list):
            found = [doc.sections[key] for key in keys if key in doc.sections]
            if found:
                return found
        ids = _IDS.get(role)
        by_id = [one for one in doc.sections.values() if ids and ids.search(one.id)]
        return by_id or self.apart(doc, role)

    def apart(self, doc: Doc, role: str) -> list[Section]:
        """The sections that by their id or their heading are about something."""
        known = vocabulary(doc.lang)
        ids = _IDS.get(role)
        heading = known[f"heading.{role}"] if role in known.names("heading") else None
        return [
            one
            for one in doc.sections.values()
            if (ids and ids.search(one.id)) or (heading and heading.search(one.heading.text))
        ]

    def scope(self, doc: Doc, *roles: str) -> list[Block]:
        """The blocks of the sections that tell any of these; the whole text where none is found.

        Those that a declared role names, and those besides whose heading is about the same.
        """
        found: dict[str, Section] = {}
        for role in roles:
            for section in (*self.sections(doc, role), *self.apart(doc, role)):
                found[section.id] = section
        if not found:
            return list(doc.blocks)
        return [block for section in found.values() for block in (section.heading, *section.blocks)]

    def place(self, doc: Doc, *roles: str) -> Place:
        """Where to say that something is missing."""
        for role in roles:
            for section in self.sections(doc, role):
                return doc.top(section.id)
        return doc.top()


def given(table: Table) -> bool:
    """Whether a table holds any fact at all."""
    return any(value not in ("", [], {}) for key, value in table.items() if key not in _ABOUT)


def text_in(value: object, lang: str) -> str:
    """A text of the facts in a language; one without languages is the same in all."""
    if isinstance(value, Mapping):
        value = value.get(lang, "")
    return value if isinstance(value, str) else ""


def texts_of(value: object) -> list[str]:
    """A text of the facts in every language."""
    if isinstance(value, Mapping):
        return [text for text in value.values() if isinstance(text, str)]
    return [value] if isinstance(value, str) else []


def strings(value: object) -> list[str]:
    """The texts of a list, or a text alone as a list."""
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list):
        return []
    return [str(one) for one in value if isinstance(one, str | int)]


def name_of(table: Table, path: str) -> str | Mapping[str, str]:
    """What to call a table of the facts in a message."""
    name = table.get("name")
    if isinstance(name, Mapping) and name:
        first = str(next(iter(name.values())))
        return {lang: str(name.get(lang, first)) for lang in ("fi", "sv", "en")}
    return str(name or table.get("id") or path)


def read_case(
    files: Mapping[str, bytes], languages: Sequence[str], findings: list[Finding]
) -> Case:
    """Read the files of a version as far as that goes; what does not is among `findings`.

    `files` maps names (`fi.md`, `facts.toml`) to bytes; `languages` are those that it should have.
    """
    docs = {}
    for lang in languages:
        name = f"{lang}.md"
        if name in files and (doc := read_doc(name, lang, files[name], findings)):
            docs[lang] = doc
    facts: Table | None = None
    lines: Mapping[str, Place] = {}
    if FACTS in files:
        text = _decode(FACTS, files[FACTS], findings)
        if text is not None:
            lines = fact_lines(text)
            try:
                facts = tomllib.loads(text)
            except (tomllib.TOMLDecodeError, RecursionError) as error:
                at = re.search(r"line (\d+), column (\d+)", str(error))
                place = Place(FACTS, int(at[1]), int(at[2])) if at else Place(FACTS)
                findings.append(finding("N001", place, reason=str(error)))
    return Case(docs, facts, lines, tuple(languages))


def read_doc(name: str, lang: str, raw: bytes, findings: list[Finding]) -> Doc | None:
    """Read one text; None where there is none to judge."""
    text = _decode(name, raw, findings)
    if text is None:
        return None
    head, markdown = split_front_matter(text)
    front = _front(name, head, findings)
    doc = read_text(name, lang, text, front)
    if hidden := HIDDEN.search(text):
        place = doc.at(hidden.start())
        findings.append(finding("N007", place, what=f"U+{ord(hidden[0]):04X}"))
    if not markdown.strip():
        findings.append(finding("N009", Place(name)))
    return doc


def _decode(name: str, raw: bytes, findings: list[Finding]) -> str | None:
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reason = f"byte {error.start} is not UTF-8"
        findings.append(finding("N001", Place(name, line), reason=reason))
        return None


def _front(name: str, head: str | None, findings: list[Finding]) -> Mapping[str, object]:
    if head is None:
        findings.append(finding("N002", Place(name, 1)))
        return {}
    import yaml

    try:
        values = yaml.load(head, Loader=yaml.BaseLoader) or {}  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(name, mark.line + 2, mark.column + 1) if mark else Place(name, 1)
        findings.append(finding("N001", place, reason=" ".join(str(error).split())))
        return {}
    if not isinstance(values, dict):
        findings.append(finding("N002", Place(name, 1)))
        return {}
    return {str(key): value for key, value in values.items()}


def fact_lines(text: str) -> dict[str, Place]:
    """Where each table and key of a TOML file stands, by its path."""
    found: dict[str, Place] = {}
    counts: dict[str, int] = {}
    prefixes: list[str] = [""]

    def note(paths: Iterable[str], line: int, column: int, width: int) -> None:
        for path in paths:
            found.setdefault(path, Place(FACTS, line, column, width))

    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header[2].replace('"', "").replace("'", "")
            prefixes = [name]
            if header[1] == "[[":
                counts[name] = counts.get(name, 0) + 1
                prefixes = [f"{name}[{counts[name]}]"]
            begin, width = header.start(1) + 1, len(header[0].strip())
            note((name, *prefixes, *_parents(name)), number, begin, width)
        elif key := _KEY.match(line):
            name = re.sub(r"[\s\"']", "", key[1])
            value = _NAMED.match(line, key.end())
            if name == "id" and value and prefixes[0].endswith("]"):
                array = prefixes[0].partition("[")[0]
                alias = f"{array}.{value[1]}"
                found.setdefault(alias, found[prefixes[0]])
                prefixes = [prefixes[0], alias]
            paths = [f"{prefix}.{name}" if prefix else name for prefix in prefixes]
            paths += [path for one in paths for path in _parents(one)]
            width = len(line.rstrip()) - key.start(1)
            note(paths, number, key.start(1) + 1, width)
    return found


def _parents(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path
