"""A redline: two Markdown texts compared by section, then by block, then by word (R77).

A value, and nothing of either text is lost in it: `accept` gives the new text back and `reject` the
old one, to the last space. `redline_html` and `redline_terminal` show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from .matching import aligned, alike, increasing, matching

SAME, REMOVED, ADDED = "same", "removed", "added"
MOVED, CHANGED = "moved", "changed"

_SECTION = re.compile(r"\n##?(?!#)")
_ID = re.compile(r"\{[ \t]*:?[ \t]*#([^\s{}]+)[^{}]*\}[ \t]*#*[ \t]*\Z")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_KIND = re.compile(
    r"(?P<heading>#{1,6})|[^\S\n]*(?:(?P<row>\|)|(?P<item>(?:[-*+]|\d{1,9}[.)])[ \t])|(?P<text>\S))"
)
# Words whole, as in "EU:n", "evästeiden" and "sisä-", with the space after them: an address, an
# id and the target of a link are one word too, and so is what makes a line a heading or an item.
_WORDS = re.compile(
    r"(\A[ \t]*(?:\#{1,6}|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))"
    r"|\]\([^()\s]*\)|\{[ \t]*:?[ \t]*\#[^{}\n]*\}|\[\[\w+\]\]|\\[^\w\s]"
    r"|[\w\u0300-\u036f\u00ad]+(?:://[^\s<>()\[\]|]+|(?:[-–’':.@][\w\u0300-\u036f\u00ad]+)*)"
    r"|\*+|[^\w\s]|\A(?=\s))(\s*)"
)
_LIKENESS = re.compile(r"\w{2,}")
_BAR = re.compile(r"(?<!\\)\|")
# Below these shares of equal words two blocks, or sections, are not one that was changed.
_BLOCKS, _SECTIONS, _TEXT = 0.35, 0.5, 0.4
_RUN, _GLUE = 24, 4
# So much of a section's words its neighbour has, once the heading between them is gone.
_WITHIN = 0.6


Named = tuple[str, str]
"""A section's key, or a block's kind, and its text."""


class Piece(NamedTuple):
    """A stretch of text that is the `same` in both, or `removed`, or `added`."""

    op: str
    text: str


class Block(NamedTuple):
    """A paragraph, heading, list item or table row with the blank lines after it.

    `kind` is `heading`, `row`, `item` or `text`, or empty for blank lines alone. The pieces
    alternate: what is the same, then what is removed, then what is added.
    """

    kind: str
    pieces: tuple[Piece, ...]

    @property
    def old(self) -> str:
        """The block as it was."""
        return "".join(text for op, text in self.pieces if op != ADDED)

    @property
    def new(self) -> str:
        """The block as it is."""
        return "".join(text for op, text in self.pieces if op != REMOVED)

    @property
    def status(self) -> str:
        """`same`, `added`, `removed` or `changed`; other white space alone is no change."""
        ops = {op for op, text in self.pieces if text.strip()}
        return ops.pop() if len(ops) == 1 else CHANGED if ops else SAME


@dataclass(frozen=True)
class Section:
    """What stands under one heading of the first or second level, that heading included.

    `old` and `new` are its places in the old and the new text, None where it is not in it. It is
    `moved` if others that were before it are now behind it, or the other way.
    """

    key: str
    old: int | None
    new: int | None
    moved: bool
    blocks: tuple[Block, ...]

    @cached_property
    def status(self) -> str:
        """`added`, `removed`, `moved`, `changed` or `same`; a moved one may be changed as well."""
        if self.old is None or self.new is None:
            return ADDED if self.old is None else REMOVED
        return MOVED if self.moved else CHANGED if self.changed else SAME

    @cached_property
    def changed(self) -> bool:
        """Whether its text is changed."""
        return any(block.status != SAME for block in self.blocks)


@dataclass(frozen=True)
class Redline:
    """Every section of both texts, in the order of the new one."""

    sections: tuple[Section, ...]


def accept(redline: Redline) -> str:
    """Give the new text."""
    return "".join(block.new for section in redline.sections for block in section.blocks)


def reject(redline: Redline) -> str:
    """Give the old text."""
    before = sorted(
        (section.old, section.blocks) for section in redline.sections if section.old is not None
    )
    return "".join(block.old for _, blocks in before for block in blocks)


def compare(old: str, new: str) -> Redline:
    """Compare two Markdown texts.

    Sections are known by their ids (`## Heading {#id}`), or by their heading, or by what they say;
    so a section that stands elsewhere is `moved`, and only what is changed in it is marked. A table
    is compared row by row and cell by cell. Any two texts can be compared; the time grows with
    their length.
    """
    olds, news, pairs = _paired(_sections(old), _sections(new))
    staying = {pairs[place][0] for place in increasing([j for _, j in pairs])}
    partner = {j: i for i, j in pairs}
    found = [
        Section(
            key,
            partner.get(j),
            j,
            j in partner and partner[j] not in staying,
            tuple(_compare(olds[partner[j]][1] if j in partner else "", text)),
        )
        for j, (key, text) in enumerate(news)
    ]
    # What was removed is shown behind what it stood behind.
    where: dict[int, list[Section]] = {}
    place, taken = -1, dict(pairs)
    for i, (key, text) in enumerate(olds):
        if i not in taken:
            removed = Section(key, i, None, False, tuple(_compare(text, "")))
            where.setdefault(place, []).append(removed)
        elif i in staying:
            place = taken[i]
    order = where.get(-1, [])
    for j, section in enumerate(found):
        order += [section, *where.get(j, [])]
    return Redline(tuple(order))


def _sections(text: str) -> list[tuple[str, str]]:
    starts = [0, *[match.start() + 1 for match in _SECTION.finditer(text)], len(text)]
    parts = [text[start:end] for start, end in pairwise(starts)]
    return [(_key(part), part) for part in parts if part]


def _key(section: str) -> str:
    line = section.partition("\n")[0].rstrip()
    if not line.startswith("#"):
        return ""
    named = _ID.search(line)
    return f"#{named[1]}" if named else " ".join(line.strip("# \t").split())


def _paired(
    olds: Sequence[Named], news: Sequence[Named]
) -> tuple[Sequence[Named], Sequence[Named], list[tuple[int, int]]]:
    pairs = _same_sections(olds, news)
    if len(pairs) == len(olds) == len(news):
        return olds, news, pairs
    # A heading that came or went divides or joins sections, and their text stays.
    back = [(j, i) for i, j in pairs]
    joined = _joined_sections(olds, dict(pairs), news), _joined_sections(news, dict(back), olds)
    return *joined, _same_sections(*joined)


def _joined_sections(
    parts: Sequence[Named], partner: Mapping[int, int], others: Sequence[Named]
) -> list[Named]:
    joined: list[Named] = []
    around: set[str] = set()
    for place, (key, text) in enumerate(parts):
        own = set() if place in partner else _likeness(text)
        if own and len(own & around) >= _WITHIN * len(own):
            joined[-1] = (joined[-1][0], joined[-1][1] + text)
            continue
        joined.append((key, text))
        followed = place + 1 < len(parts) and place + 1 not in partner
        around = _likeness(others[partner[place]][1]) if followed and place in partner else set()
    return joined


def _same_sections(olds: Sequence[Named], news: Sequence[Named]) -> list[tuple[int, int]]:
    places: dict[str, list[int]] = {}
    for j, (key, _) in enumerate(news):
        places.setdefault(key, []).append(j)
    for stack in places.values():
        stack.reverse()
    pairs = {i: places[key].pop() for i, (key, _) in enumerate(olds) if places.get(key)}
    # What has another id may have the same heading, and what has neither may say the same.
    taken = set(pairs.values())
    rest = [i for i in range(len(olds)) if i not in pairs]
    free = [j for j in range(len(news)) if j not in taken]
    if rest and free:
        ours = [_likeness(olds[i][1]) for i in rest]
        theirs = [_likeness(news[j][1]) for j in free]
        pairs |= {rest[i]: free[j] for i, j in alike(ours, theirs, _SECTIONS)}
    return sorted(pairs.items())


def _likeness(text: str) -> set[str]:
    return set(_LIKENESS.findall(text))


def _compare(old: str, new: str) -> Iterable[Block]:
    b = _blocks(new)
    if old == new:
        for kind, text in b:
            yield Block(kind, (Piece(SAME, text),))
        return
    a = _blocks(old)
    i = j = 0
    keys = [text.rstrip() for _, text in a], [text.rstrip() for _, text in b]
    for first, second, length in [*matching(*keys), (len(a), len(b), 0)]:
        yield from _gap(a[i:first], b[j:second])
        i, j = first + length, second + length
        for (_, one), (kind, other) in zip(a[first:i], b[second:j], strict=True):
            yield _pair(kind, one, other)


def _gap(a: Sequence[Named], b: Sequence[Named], tries: int = 3) -> Iterable[Block]:
    # What stands between two blocks that are equal: those that are alike are one that was changed,
    # and between two such pairs there may be others.
    i = j = 0
    for first, second in _alike(a, b) if tries and a and b else ():
        yield from _gap(a[i:first], b[j:second], tries - 1)
        kind, text = b[second]
        yield _pair(kind, a[first][1], text)
        i, j = first + 1, second + 1
    if i:
        yield from _gap(a[i:], b[j:], tries - 1)
        return
    for op, blocks in ((REMOVED, a), (ADDED, b)):
        for kind, text in blocks:
            yield Block(kind, (Piece(op, text),))


def _alike(a: Sequence[Named], b: Sequence[Named]) -> list[tuple[int, int]]:
    pairs = []
    for kind in {kind for kind, _ in a}.intersection(kind for kind, _ in b):
        at = [i for i, (other, _) in enumerate(a) if other == kind]
        to = [j for j, (other, _) in enumerate(b) if other == kind]
        ours, theirs = [_likeness(a[i][1]) for i in at], [_likeness(b[j][1]) for j in to]
        pairs += [(at[i], to[j]) for i, j in alike(ours, theirs, _BLOCKS)]
    pairs.sort()
    return [pairs[place] for place in increasing([j for _, j in pairs])]


def _pair(kind: str, old: str, new: str) -> Block:
    if old == new:
        return Block(kind, (Piece(SAME, new),))
    if kind == "row":
        return Block(kind, _pieces(_row(_BAR.split(old), _BAR.split(new))))
    return Block(kind, _pieces(_words(old, new)))


Step = tuple[str, str, str]
"""What is the same, then what is removed, then what is added."""


def _row(old: Sequence[str], new: Sequence[str]) -> Iterable[Step]:
    # What stands before the first bar, then each cell with the bar before it. Where a column came
    # or went, each other cell stays with the one that it is most alike.
    (first, *ours), (other, *theirs) = old, new
    yield from _words(first, other)
    pairs: Iterable[tuple[int | None, int | None]] = enumerate(range(len(ours)))
    if len(ours) != len(theirs):
        pairs = aligned(*([_likeness(cell) for cell in cells] for cells in (ours, theirs)))
    for i, j in pairs:
        if i is None or j is None:
            yield ("", "" if i is None else f"|{ours[i]}", "" if j is None else f"|{theirs[j]}")
        else:
            yield ("|", "", "")
            yield from _words(ours[i], theirs[j])


def _words(old: str, new: str) -> list[Step]:
    if old == new:
        return [(new, "", "")]
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    steps: list[Step] = []
    i = j = kept = 0
    runs = matching([word for word, _ in a], [word for word, _ in b])
    for first, second, length in [*runs, (len(a), len(b), 0)]:
        steps.append(("", _text(a[i:first]), _text(b[j:second])))
        i, j = first + length, second + length
        kept += length
        if a[first:i] == b[second:j]:
            steps.append((_text(a[first:i]), "", ""))
            continue
        for (word, space), (_, other) in zip(a[first:i], b[second:j], strict=True):
            steps.append((word + space, "", "") if space == other else (word, space, other))
    steps = _tidied(steps)
    # A few words here and there in common make no sentence that was changed.
    longest = max(len(same) for same, _, _ in steps)
    if kept < _TEXT * max(len(a), len(b)) and longest < _RUN:
        return _tidied([("", old, new)])
    return _joined(steps)


def _tidied(steps: Iterable[Step]) -> list[Step]:
    # Space that both texts of a change end with belongs to what follows.
    tidied: list[Step] = []
    common = ""
    for same, removed, added in _merged(steps):
        bare, other = removed.rstrip(), added.rstrip()
        space = removed[len(bare) :]
        if not space or added[len(other) :] != space:
            bare, other, space = removed, added, ""
        tidied.append((common + same, bare, other))
        common = space
    return [*tidied, (common, "", "")]


def _joined(steps: Iterable[Step]) -> list[Step]:
    # A comma or a short word between two replacements makes neither easier to read.
    kept: list[Step] = []
    for same, removed, added in steps:
        if kept and removed.strip() and added.strip() and len(same.strip()) < _GLUE:
            before, gone, come = kept[-1]
            if gone.strip() and come.strip():
                kept[-1] = (before, gone + same + removed, come + same + added)
                continue
        kept.append((same, removed, added))
    return kept


def _merged(steps: Iterable[Step]) -> list[Step]:
    # In lists: a text that grows by a word at a time would be copied as often.
    merged: list[tuple[list[str], ...]] = [([], [], [])]
    for step in steps:
        _, removed, added = merged[-1]
        if step[0] and (removed or added):
            merged.append(([], [], []))
        for parts, part in zip(merged[-1], step, strict=True):
            if part:
                parts.append(part)
    return [("".join(kept), "".join(gone), "".join(come)) for kept, gone, come in merged]


def _pieces(steps: Iterable[Step]) -> tuple[Piece, ...]:
    ops = (SAME, REMOVED, ADDED)
    return tuple(
        Piece(op, text)
        for step in _merged(steps)
        for op, text in zip(ops, step, strict=True)
        if text
    )


def _text(words: Iterable[tuple[str, str]]) -> str:
    return "".join([word + space for word, space in words])


def _blocks(text: str) -> list[Named]:
    starts: list[tuple[str, int]] = []
    running, place = "", 0
    for line in _LINES.findall(text):
        kind = _kind(line)
        if not starts or (kind and not (kind == "text" and running in ("text", "item"))):
            starts.append((kind, place))
            running = kind
        elif not kind:
            running = ""
        place += len(line)
    ends = [*(start for _, start in starts), place][1:]
    return [(kind, text[start:end]) for (kind, start), end in zip(starts, ends, strict=True)]


def _kind(text: str) -> str:
    match = _KIND.match(text)
    if match is None:
        return ""
    kind = match.lastgroup or ""
    return "row" if kind == "text" and " | " in text.partition("\n")[0] else kind
