"""Markdown within a block: its words without the marks, its links, and where each word stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from html import unescape

_INLINE = re.compile(
    r"""
    (?P<ticks>`+)(?P<code>.+?)(?P=ticks)
    | !\[(?P<alt>[^\]]*)\]\(\s*<?(?P<src>[^()\s<>]*)>?[^()]*\)
    | \[(?P<label>(?:[^\[\]\\]|\\.|\[[^\[\]]*\])+)\]
      (?:\(\s*<?(?P<href>(?:[^()\s<>]|\([^()\s]*\))*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)
        | \[(?P<ref>[^\[\]]*)\])
    | <(?P<auto>(?:https?://|mailto:|tel:)[^\s<>]+|[\w.+-]+@[\w.-]+)>
    | (?P<tag></?[a-zA-Z][^<>]*>)
    | (?P<entity>&(?:\#\w+|\w+);)
    | \\(?P<escaped>[\\`*_{}\[\]()>\#+.!|-])
    | (?<![\w_])(?P<under>_{1,2})(?P<stressed>[^\s_](?:[^_\n]*[^\s_])?)(?P=under)(?![\w_])
    | (?P<stars>\*+)
    | (?P<attributes>[ \t]*\{:?[ ]*[#.][^{}\n]*\})
    | (?P<line>[ \t\\]*\n[ \t]*(?:>[ \t]?)*)
    | (?P<spaces>[ \t\u00a0]{2,}|[\t\u00a0])
    """,
    re.VERBOSE,
)
_STRONG = re.compile(r"\s*(?:\*\*|__)(?=\S)(.+?)(?:\*\*|__)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """A link or an image: its target, where it stands in the file, and its words in the block."""

    target: str
    source: int
    start: int
    end: int
    image: bool = False
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Plain:
    """The words of a block.

    `cuts` pairs places in `text` with places in the file, where one stops running beside the
    other; `breaks` are the places in `text` of the ends of lines, `code` the spans of code.
    """

    text: str
    cuts: tuple[tuple[int, int], ...]
    links: tuple[Link, ...]
    breaks: tuple[int, ...]
    code: tuple[tuple[int, int], ...]
    tags: tuple[int, ...]

    def source(self, place: int) -> int:
        """Where in the file the character at a place of `text` stands."""
        plain, source = self.cuts[bisect_right(self.cuts, (place, 1 << 60)) - 1]
        return source + place - plain


def plain(file: str, start: int, end: int) -> Plain:
    """Read the part of a file between two places as the words of one block."""
    reader = _Reader(file)
    reader.read(start, end)
    text = "".join(reader.parts)
    return Plain(
        text,
        tuple(reader.cuts) or ((0, start),),
        tuple(reader.links),
        tuple(reader.breaks),
        tuple(reader.code),
        tuple(reader.tags),
    )


def lead(source: str) -> str:
    """The words in bold type that a block of Markdown begins with, "" for none."""
    match = _STRONG.match(source)
    return match[1] if match else ""


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.parts: list[str] = []
        self.length = 0
        self.cuts: list[tuple[int, int]] = []
        self.links: list[Link] = []
        self.breaks: list[int] = []
        self.code: list[tuple[int, int]] = []
        self.tags: list[int] = []

    def read(self, start: int, end: int) -> None:
        at = start
        for match in _INLINE.finditer(self.file, start, end):
            self.emit(self.file[at : match.start()], at)
            at = match.end()
            self.mark(match)
        self.emit(self.file[at:end], at)

    def emit(self, text: str, source: int) -> None:
        if text:
            self.cuts.append((self.length, source))
            self.parts.append(text)
            self.length += len(text)

    def mark(self, match: re.Match[str]) -> None:
        kind = match.lastgroup
        begin = self.length
        if match["code"] is not None:
            self.emit(match["code"], match.start("code"))
            self.code.append((begin, self.length))
        elif match["alt"] is not None:
            self.emit(match["alt"], match.start("alt"))
            target = match["src"]
            self.links.append(Link(target, match.start(), begin, self.length, image=True))
        elif match["label"] is not None:
            self.read(match.start("label"), match.end("label"))
            by_name = match["href"] is None
            target = (match["ref"] or match["label"]) if by_name else match["href"]
            link = Link(target, match.start(), begin, self.length, reference=by_name)
            self.links.append(link)
        elif match["auto"] is not None:
            self.emit(match["auto"], match.start("auto"))
            target = match["auto"]
            if "@" in target and ":" not in target:
                target = f"mailto:{target}"
            self.links.append(Link(target, match.start(), begin, self.length))
        elif match["tag"] is not None:
            self.tags.append(match.start())
        elif match["entity"] is not None:
            self.emit(unescape(match["entity"]), match.start())
        elif match["escaped"] is not None:
            self.emit(match["escaped"], match.start("escaped"))
        elif match["stressed"] is not None:
            self.read(match.start("stressed"), match.end("stressed"))
        elif kind == "line":
            self.breaks.append(self.length)
            self.emit(" ", match.start())
        elif kind == "spaces":
            self.emit(" ", match.start())
