"""The words of a language: its vocabulary, its sentences, and whether a text tells a thing.

Finnish has its cases and Swedish its endings, so the vocabularies hold stems, and a name counts as
told where the stems of its words stand together in one block.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from .text import Block, Doc, Kind

Pattern = re.Pattern[str]
_WORD = re.compile(r"\w+(?:[-–’'.]\w+)*")
_END = re.compile(r"[.!?…]+[)\]\"”’»]*\s+(?=[\"”’«(\[]*(?:[^\W\d_]|\d))")
_CLAUSE = re.compile(r"[,;:()–—]|\s(?:mutta|vaan|men|utan|but|however|whereas|kun taas)\s")
# A short line ends where it ends: an address or a list that was pasted.
_SHORT_LINE = 60
_NEAR = 600


class Span(NamedTuple):
    """A part of a block's words."""

    start: int
    end: int


class Vocabulary:
    """The patterns of one language by name; each matches at the beginning of a word."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        text = (files("consent.notice.lint") / "words" / f"{lang}.toml").read_text("utf-8")
        self._data: Mapping[str, Mapping[str, object]] = tomllib.loads(text)
        self._known: dict[str, Pattern] = {}

    def __getitem__(self, key: str) -> Pattern:
        """The pattern `table.name` of the file: any of its stems."""
        if key not in self._known:
            table, _, name = key.partition(".")
            self._known[key] = _any_of(self._data[table][name])
        return self._known[key]

    def names(self, table: str) -> Iterable[str]:
        """The names in a table."""
        return self._data[table].keys()

    def strings(self, table: str, name: str) -> list[str]:
        """A list of words that is no pattern."""
        value = self._data[table][name]
        assert isinstance(value, list)
        return value

    def value(self, table: str, name: str) -> object:
        """A value that is no pattern."""
        return self._data[table][name]


@cache
def vocabulary(lang: str) -> Vocabulary:
    """The words of fi, sv or en; English for any other language."""
    return Vocabulary(lang if lang in ("fi", "sv", "en") else "en")


def shared(table: str, name: str) -> list[str]:
    """A list of words that all languages share."""
    text = (files("consent.notice.lint") / "words" / "all.toml").read_text("utf-8")
    found: list[str] = tomllib.loads(text)[table][name]
    return found


def _any_of(stems: object) -> Pattern:
    assert isinstance(stems, list)
    if not stems:
        return re.compile(r"(?!)")
    return re.compile(r"(?<!\w)(?:" + "|".join(map(str, stems)) + ")", re.IGNORECASE)


def sentences(block: Block, lang: str) -> list[Span]:
    """The sentences of a block."""
    text = block.text
    ends = [match.end() for match in _END.finditer(text) if _ends(text, match, lang)]
    lines = [0, *block.plain.breaks, len(text)]
    if len(lines) > 2 and all(b - a <= _SHORT_LINE for a, b in itertools.pairwise(lines)):
        ends += [at + 1 for at in block.plain.breaks]
    found, start = [], 0
    for end in sorted({*ends, len(text)}):
        if text[start:end].strip():
            found.append(Span(start, len(text[:end].rstrip())))
        start = end
    return found


def _ends(text: str, match: re.Match[str], lang: str) -> bool:
    following = text[match.end() : match.end() + 8].lstrip('"”’«([')[:1]
    if "." not in match[0][:1]:
        return following.isupper() or following.isdigit()
    if following.islower():
        return False
    before = re.search(r"[\w.]+$", text[max(0, match.start() - 12) : match.start()])
    word = before[0] if before else ""
    if re.fullmatch(str(vocabulary(lang).value("sentence", "abbreviation")), word, re.IGNORECASE):
        return False
    # An initial or an ordinal: "A. Virtanen", "den 1. januari".
    return not re.fullmatch(r"[A-ZÅÄÖ]|\d{1,2}", word) or (following.isupper() and len(word) > 1)


def near(span: Span, start: int, end: int) -> Span:
    """What of a sentence is near some words; of any sensible sentence all of it."""
    return Span(max(span.start, start - _NEAR), min(span.end, end + _NEAR))


def clause(text: str, span: Span, start: int, end: int) -> str:
    """The part of a sentence between commas that holds the words from `start` to `end`."""
    first, last = near(span, start, end)
    for cut in _CLAUSE.finditer(text, first, last):
        if cut.end() <= start:
            first = cut.end()
        elif cut.start() >= end:
            last = cut.start()
            break
    return text[first:last]


def count_words(text: str) -> int:
    """How many words there are."""
    return sum(1 for word in text.split() if re.search(r"\w", word))


def stem(word: str) -> str:
    """What stays of a word in all its forms, or nearly all."""
    word = word.lower()
    if len(word) > 12:
        return word[: len(word) - 4]
    if len(word) > 6:
        return word[: len(word) - 3]
    if len(word) > 4:
        return word[:4]
    return word[:-1] if len(word) == 4 else word


class Index:
    """Which blocks hold a word that begins in a certain way."""

    def __init__(self, doc: Doc) -> None:
        self.lang = doc.lang
        self.blocks = doc.blocks
        pairs = {
            (word.lower(), number)
            for number, block in enumerate(doc.blocks)
            for word in _WORD.findall(block.text)
            for word in (word, *(re.split(r"[-–]", word)[1:] if "-" in word else ()))
        }
        self.pairs = sorted(pairs)

    def holding(self, prefix: str) -> set[int]:
        """The numbers of the blocks with a word that begins with `prefix` (lower case)."""
        at = bisect_left(self.pairs, (prefix, -1))
        found = set()
        while at < len(self.pairs) and self.pairs[at][0].startswith(prefix):
            found.add(self.pairs[at][1])
            at += 1
        return found

    def telling(self, name: str, share: float = 0.75) -> set[int]:
        """The blocks that tell a name: most of its words, in whatever form.

        A row of a table tells what its cells tell together.
        """
        small = vocabulary(self.lang)["sentence.small"]
        words = [w for w in _WORD.findall(name) if not small.fullmatch(w)] or [name]
        counts: dict[int, int] = {}
        for word in words:
            for number in self.holding(stem(word)):
                counts[number] = counts.get(number, 0) + 1
        return {number for number, count in counts.items() if count >= share * len(words)}

    def row(self, number: int) -> Iterator[Block]:
        """The block, and if it is a cell the rest of its row."""
        block = self.blocks[number]
        if block.kind is not Kind.CELL:
            yield block
            return
        first = number - block.column
        for other in self.blocks[first : first + block.column + 40]:
            if (other.kind, other.group, other.row) != (block.kind, block.group, block.row):
                break
            yield other
