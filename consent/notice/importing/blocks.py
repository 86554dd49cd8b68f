"""What is read of a notice from elsewhere: a row of blocks, whatever it was written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Words(NamedTuple):
    """A stretch of text, as it reads and as it is written in Markdown."""

    plain: str
    markdown: str


NOTHING = Words("", "")


@dataclass(frozen=True, slots=True)
class Block:
    """A `heading`, `text`, list `item` or `table`.

    `level` is 1 to 6 for a heading, 0 and up for an item; `number` is an item's number as text, or
    empty; `rows` are those of a table, its head first; `keys` are the ids that links led to.
    """

    kind: str
    words: Words = NOTHING
    level: int = 0
    number: str = ""
    rows: tuple[tuple[Words, ...], ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The text as it reads."""
        if self.kind == "table":
            return "\n".join("\t".join(cell.plain for cell in row) for row in self.rows)
        return self.words.plain


@dataclass(frozen=True, slots=True)
class Reading:
    """A notice as it was read: its title, its blocks, and what of the page was left out."""

    title: str
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under a heading: `key` is its id, `role` what it tells, "" where that is unsure.

    The first one may have no heading; then key and heading are empty.
    """

    key: str
    role: str
    heading: Words
    level: int
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One language of a notice that was imported."""

    lang: str
    file: str
    reading: Reading
    sections: tuple[Section, ...]
    anchors: Mapping[str, str] = field(default_factory=dict)

    def told(self, *roles: str) -> list[Block]:
        """The blocks of the sections with these roles, those under their subheadings included."""
        blocks: list[Block] = []
        inside = 0
        for section in self.sections:
            if section.role in roles and section.role:
                inside = section.level
            elif section.role or section.level <= inside:
                inside = 0
            if inside:
                blocks += section.blocks
        return blocks

    def key(self, *roles: str) -> str:
        """The id of the first section that has one of these roles, or ""."""
        keys = {section.role: section.key for section in reversed(self.sections)}
        return next((keys[role] for role in roles if role in keys), "")


BULLETS = "•◦▪▫‣⁃∙●○■□►▶➢➤➔→⇒❖◆◇✓✔☑✅★✦❯⦿🔹🔸\uf0a7\uf0b7\uf0d8"
"""Characters that begin an item where there are no lists; the last three are a symbol font's."""

# What nobody sees, and what a page's own editor leaves between words.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x08\x0e-\x1f\x7f-\x9f]"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n?|\x0b|\x0c|\u2028|\u2029|\x85")


def tidy(text: str) -> str:
    """Make spaces of every kind ordinary ones and drop what is invisible; letters are composed."""
    text = _LINE_ENDS.sub("\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _SPACES.sub(" ", text)))


_SPECIAL = re.compile(r"[\\`*\]{}]|\[(?=(\[?))|(?<![^\W_])_|_(?![^\W_])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_START = re.compile(r"^(\s*)(?:([#>])|([-+=])|(:)(?=\s)|(\d+)([.)])(?=\s|$))", re.MULTILINE)


def escaped(text: str) -> str:
    """Write plain text so that Markdown reads it as it stands."""
    text = _ENTITY.sub("&amp;", text)
    # Two brackets would be a token of ours, even where each is escaped.
    text = _SPECIAL.sub(lambda m: "&#91;" if m[0] == "[" == m[1] else f"\\{m[0]}", text)
    return _TAG.sub("&lt;", text)


def guarded(markdown: str) -> str:
    """Write a paragraph so that the begin of a line does not make it something else."""

    def guard(match: re.Match[str]) -> str:
        space, mark, dash, colon, number, dot = match.groups()
        if number:
            return f"{space}{number}\\{dot}"
        if colon:
            return f"{space}&#58;"
        return (
            f"{space}\\{mark}" if mark else f"{space}\\{dash}" if dash != "=" else f"{space}&#61;"
        )

    return _START.sub(guard, markdown)


def words(text: str) -> Words:
    """Plain text as words."""
    text = " ".join(text.split())
    return Words(text, escaped(text))
