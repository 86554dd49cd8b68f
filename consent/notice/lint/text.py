"""A notice's Markdown as the lint reads it: blocks of words with their places, sections, links.

Not a second renderer: what Python-Markdown makes of a text is `render`'s business. Here the words
count, and the line and column of each.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ..version import split_front_matter
from .inline import Link, Plain, lead, plain
from .rules import Place

_HEADING = re.compile(r"(#{1,6})[ \t]*(.*?)[ \t]*#*[ \t]*(\{[^{}\n]*\})?[ \t]*")
_UNDERLINE = re.compile(r"(=+|-+)[ \t]*")
_ID = re.compile(r"#([^\s{}]+)")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d+[.)]|[•·▪◦])[ \t]+(?=\S)")
_TABLE_LINE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_REFERENCE = re.compile(r"[ \t]*\[([^\[\]]+)\]:[ \t]*<?([^\s<>]+)>?")
_FRONT_KEY = re.compile(r"([\w-]+):[ \t]*(?:[|>][+-]?\d?[ \t]*$)?", re.MULTILINE)
_CELL = re.compile(r"(?:[^|`\\]|\\.|`[^`\n]*`|`)+")


class Kind(StrEnum):
    """What a block of words is."""

    FRONT = "front"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class Block:
    """Words that belong together.

    `level` is that of a heading, or the depth of an item; `group` numbers the list or table that
    it is part of, `row` and `column` its place in a table. `lead` is the bold type it begins with.
    """

    kind: Kind
    plain: Plain
    section: str
    level: int = 0
    group: int = 0
    row: int = 0
    column: int = 0
    lead: str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The words."""
        return self.plain.text


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its heading and the blocks under it, subheadings included."""

    id: str
    heading: Block
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Doc:
    """One language of a notice.

    `raw` is the text of the file, `front` its front matter, `problems` are not judged here.
    """

    file: str
    lang: str
    raw: str
    front: Mapping[str, object]
    blocks: tuple[Block, ...]
    sections: Mapping[str, Section]
    headings: tuple[Block, ...]
    ids: tuple[tuple[str, int], ...]
    references: Mapping[str, tuple[str, int]]

    @cached_property
    def starts(self) -> list[int]:
        """Where each line of the file begins."""
        return [0, *(match.end() for match in re.finditer("\n", self.raw))]

    @cached_property
    def words(self) -> str:
        """All the words, one block a line."""
        return "\n".join(block.text for block in self.blocks)

    @property
    def tells(self) -> bool:
        """Whether there is any text besides the front matter."""
        return any(block.kind is not Kind.FRONT for block in self.blocks)

    @cached_property
    def by_section(self) -> Mapping[str, list[Block]]:
        """The blocks by the section they stand in, its heading among them."""
        found: dict[str, list[Block]] = {}
        for block in self.blocks:
            found.setdefault(block.section, []).append(block)
        return found

    @cached_property
    def links(self) -> list[tuple[Block, Link]]:
        """Every link and image with its block."""
        return [(block, link) for block in self.blocks for link in block.plain.links]

    def at(self, source: int, width: int = 1, section: str = "") -> Place:
        """The place of a character of the file."""
        line = bisect_right(self.starts, source)
        begin = self.starts[line - 1]
        end = self.raw.find("\n", source)
        room = (end if end >= 0 else len(self.raw)) - source
        return Place(self.file, line, source - begin + 1, max(1, min(width, room)), section)

    def of(self, block: Block, start: int = 0, end: int | None = None) -> Place:
        """The place of some words of a block."""
        end = len(block.text) if end is None else end
        first = block.plain.source(start)
        last = block.plain.source(max(start, end - 1)) + 1
        return self.at(first, last - first, block.section)

    def top(self, section: str = "") -> Place:
        """Where something is missing: the heading of a section, else the file as a whole."""
        if section in self.sections:
            return self.of(self.sections[section].heading)
        return Place(self.file)

    def target(self, link: Link) -> str:
        """Where a link leads."""
        if link.reference:
            return self.references.get(link.target.lower(), ("", 0))[0]
        return link.target


def read_text(file: str, lang: str, raw: str, front: Mapping[str, object]) -> Doc:
    """Read a file of Markdown; `front` is its front matter, as it was understood."""
    head, markdown = split_front_matter(raw)
    begin = len(raw) - len(markdown)
    # Comments are no part of the page; every other character keeps its place.
    masked = raw[:begin] + _without_comments(raw[begin:])
    scanner = _Scanner(masked, begin)
    scanner.run()
    blocks = [*_front_blocks(raw, head or "", begin), *scanner.blocks]
    return Doc(
        file,
        lang,
        raw,
        front,
        tuple(blocks),
        scanner.sections,
        tuple(block for block in blocks if block.kind is Kind.HEADING),
        tuple(scanner.ids),
        scanner.references,
    )


def _without_comments(text: str) -> str:
    # As render takes them out; looking once for the end of one that has none.
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts += [text[at:start], re.sub(r"[^\n]", " ", text[start : end + 3])]
        at = end + 3
    return "".join([*parts, text[at:]])


def _front_blocks(raw: str, head: str, begin: int) -> Iterator[Block]:
    # The values are read by YAML elsewhere; here their words keep the places that they stand at.
    offset = raw.find("\n") + 1 if begin else 0
    keys = list(_FRONT_KEY.finditer(raw, offset, offset + len(head)))
    keys = [key for key in keys if raw[key.start() - 1] == "\n"]
    for number, key in enumerate(keys):
        end = keys[number + 1].start() if number + 1 < len(keys) else offset + len(head)
        if key[1] not in ("title", "short", "change"):
            continue
        for part in re.finditer(r"\S(?:.|\n(?![ \t]*\n))*", raw[key.end() : end]):
            start, stop = key.end() + part.start(), key.end() + part.end()
            stop = start + len(raw[start:stop].rstrip())
            if raw[start] in "\"'" and stop - start > 1 and raw[stop - 1] == raw[start]:
                start, stop = start + 1, stop - 1
            if stop > start:
                yield Block(Kind.FRONT, plain(raw, start, stop), "", id=key[1])


class _Scanner:
    """Reads Markdown line by line; `raw` keeps its places."""

    def __init__(self, raw: str, begin: int) -> None:
        self.raw = raw
        self.at = begin
        self.blocks: list[Block] = []
        self.sections: dict[str, Section] = {}
        self.ids: list[tuple[str, int]] = []
        self.references: dict[str, tuple[str, int]] = {}
        self.section = ""
        self.count = self.below = self.group = 0
        self.open: tuple[Kind, int, int, int] | None = None  # kind, start, end, level
        self.listing = False

    def run(self) -> None:
        lines = self._lines()
        place = 0
        while place < len(lines):
            place += self._line(lines, place)
        self._close()

    def _lines(self) -> list[tuple[int, int]]:
        found = []
        at = self.at
        while at < len(self.raw):
            end = self.raw.find("\n", at)
            end = len(self.raw) if end < 0 else end
            found.append((at, end))
            at = end + 1
        return found

    def _line(self, lines: list[tuple[int, int]], place: int) -> int:
        start, end = lines[place]
        line = self.raw[start:end]
        if not line.strip():
            self._close()
            return 1
        heading = _HEADING.fullmatch(line)
        if heading and heading[2]:
            self._close()
            self.listing = False
            first = start + heading.start(2)
            self._heading(len(heading[1]), first, start + heading.end(2), heading[3] or "")
            return 1
        following = self.raw[slice(*lines[place + 1])] if place + 1 < len(lines) else ""
        if "|" in line and "-" in following and _TABLE_LINE.fullmatch(following):
            self._close()
            return self._table(lines, place)
        if self.open is None and _UNDERLINE.fullmatch(following) and not _ITEM.match(line):
            self.listing = False
            attributes = re.search(r"\{[^{}\n]*\}[ \t]*$", line)
            level = 1 if following.startswith("=") else 2
            stop = start + attributes.start() if attributes else end
            self._heading(level, start, stop, attributes[0] if attributes else "")
            return 2
        reference = _REFERENCE.fullmatch(line)
        if reference and self.open is None:
            self.references[reference[1].lower()] = (reference[2], start)
            return 1
        if _RULE.fullmatch(line):
            self._close()
            self.listing = False
            return 1
        self._words(start, end, line)
        return 1

    def _words(self, start: int, end: int, line: str) -> None:
        item = _ITEM.match(line)
        if item:
            self._close()
            if not self.listing:
                self.group += 1
                self.listing = True
            depth = len(item[1].expandtabs(2)) // 2 + 1
            self.open = (Kind.ITEM, start + item.end(), end, depth)
        elif self.open:
            kind, begun, _, level = self.open
            self.open = (kind, begun, end, level)
        else:
            words = re.match(r"[ \t]*(?:>[ \t]?)*(?::[ \t]+)?", line)
            assert words is not None
            # A paragraph that is indented belongs to the item above it.
            inside = self.listing and line[0] in " \t"
            self.listing = inside
            self.open = (Kind.PARAGRAPH, start + words.end(), end, 0)

    def _close(self) -> None:
        if self.open:
            kind, start, end, level = self.open
            group = self.group if kind is Kind.ITEM else 0
            self._add(kind, start, end, level, group)
        self.open = None

    def _add(self, kind: Kind, start: int, end: int, level: int, group: int) -> None:
        words = plain(self.raw, start, end)
        for key in re.finditer(r"\{:?[ ]*#([^\s{}]+)[^{}\n]*\}", self.raw[start:end]):
            self.ids.append((key[1], start + key.start()))
        bold = lead(self.raw[start:end])
        block = Block(kind, words, self.section, level=level, group=group, lead=bold)
        if block.text.strip():
            self.blocks.append(block)
            if self.section:
                self.sections[self.section].blocks.append(block)

    def _heading(self, level: int, start: int, end: int, attributes: str) -> None:
        given = _ID.search(attributes)
        key = given[1] if given else ""
        if level <= 2:
            self.count, self.below = self.count + 1, 0
            own = key or f"section-{self.count}"
            self.section = own
        else:
            self.below += 1
            own = key or f"{self.section or 'section'}-{self.below}"
        self.ids.append((own, start))
        words = plain(self.raw, start, end)
        block = Block(Kind.HEADING, words, self.section, level=level, id=key)
        if level <= 2 and own not in self.sections:
            self.sections[own] = Section(own, block)
        elif level > 2 and self.section in self.sections:
            self.sections[self.section].blocks.append(block)
        self.blocks.append(block)

    def _table(self, lines: list[tuple[int, int]], place: int) -> int:
        self.listing = False
        self.group += 1
        taken = 0
        for row, (start, end) in enumerate(lines[place:]):
            line = self.raw[start:end]
            if not line.strip() or ("|" not in line and row != 1):
                break
            taken += 1
            if row == 1:
                continue
            cells = self.raw[start:end]
            first = re.match(r"[ \t]*\|?", cells)
            assert first is not None
            for column, cell in enumerate(_cells(cells, first.end())):
                begin, stop = cell
                words = cells[begin:stop]
                left = len(words) - len(words.lstrip())
                begin, stop = begin + left, begin + len(words.rstrip())
                begin, stop = start + begin, start + max(stop, begin)
                self._cell(begin, stop, max(row - 1, 0), column)
        return taken

    def _cell(self, begin: int, stop: int, row: int, column: int) -> None:
        words = plain(self.raw, begin, stop)
        block = Block(Kind.CELL, words, self.section, group=self.group, row=row, column=column)
        self.blocks.append(block)  # empty ones too: a table keeps its shape
        if self.section:
            self.sections[self.section].blocks.append(block)


def _cells(line: str, at: int) -> Iterator[tuple[int, int]]:
    while at < len(line):
        match = _CELL.match(line, at)
        end = match.end() if match else at
        if end >= len(line) and not line[at:].strip():
            return
        yield at, end
        at = end + 1
