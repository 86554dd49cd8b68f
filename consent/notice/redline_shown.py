"""What a reader sees of a redline: Markdown's marks become what they mean, addresses become text.

A mark that is the same in both texts is left out; one that is changed is shown as it is written, so
that no change is unseen. Nothing here is HTML or a terminal's code.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from .redline import ADDED, CHANGED, MOVED, REMOVED, SAME, Block, Piece, Redline, Section


class Span(NamedTuple):
    """Text of one kind: `op` as in a piece, `style` one of "", `strong`, `em`, `code`, `break`."""

    op: str
    style: str
    text: str


class Counts(NamedTuple):
    """How much of each kind there is: sections, and words."""

    changed: int
    added: int
    removed: int
    moved: int
    words_added: int
    words_removed: int


_WORD = re.compile(r"\w[^\s|]*")
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
_MARKER = re.compile(
    r"(?P<indent>[ \t]*)(?:(?P<heading>#{1,6})|(?:[-*+]|(?P<number>\d{1,9}[.)]))(?=[ \t]))"
)
_MARKS = re.compile(
    r"\[(?P<label>[^\[\]\n]*)\]\((?P<target>[^()\s]*)\)"
    r"|(?P<id>\{[ \t]*:?[ \t]*\#[^{}\n]*\})"
    r"|(?P<strong>\*\*)(?=[^*]{1,400}\*\*)"
    r"|(?P<em>(?<![\w*])\*)(?=[^*\s][^*]{0,400}\*(?![\w*]))"
    r"|(?P<code>`)(?=[^`\n]{1,400}`)"
    r"|(?P<break>[ ]{2,}\n)(?=[^\n])"
    r"|(?P<quote>^>[ \t]?)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])",
    re.MULTILINE,
)
_CLOSING = {"strong": "**", "em": "*", "code": "`"}


class _Mark(NamedTuple):
    # What stands at [start, end) belongs to all of [low, high); `shown` is what is left of it where
    # it is not a change itself, `bare` where only a part of the whole is changed.
    start: int
    end: int
    low: int
    high: int
    style: str
    shown: str
    bare: str


def spans(block: Block) -> list[Span]:
    """Give what a heading, paragraph or list item says, without what makes it one."""
    return _spans(block.pieces, block.kind in ("heading", "item"))


def cells(block: Block) -> list[list[Span]]:
    """Give what each cell of a table row says."""
    rows: list[list[Piece]] = [[]]
    for op, text in block.pieces:
        first, *others = _BAR.split(text)
        rows[-1].append(Piece(op, first))
        rows += [[Piece(op, other)] for other in others]
    shown = [_spans(row, False) for row in rows]
    # What stands before the first bar and behind the last is nothing.
    begin = 0 if "".join(text for _, _, text in shown[0]).strip() else 1
    end = None if "".join(text for _, _, text in shown[-1]).strip() else -1
    return shown[begin:end]


def plain(shown: Sequence[Span], *, without: str = REMOVED) -> str:
    """Give spans as one line of text, without those that are removed, or added."""
    return " ".join("".join(text for op, _, text in shown if op != without).split())


def title(section: Section) -> str:
    """The heading of a section as it is now, or was; "" for what stands before the first."""
    first = section.blocks[0] if section.blocks else Block("", ())
    return plain(spans(first), without=lost(section)) if first.kind == "heading" else ""


def lost(section: Section) -> str:
    """What of a section is not in the text that it is shown from."""
    return ADDED if section.status == REMOVED else REMOVED


def is_rule(block: Block) -> bool:
    """Whether a row is the line under a table's head."""
    return block.kind == "row" and _RULE.fullmatch(block.new or block.old) is not None


def depth(block: Block, *, old: bool = False) -> int:
    """How deep a heading stands (1 to 6), or how far a list item is indented; else 0."""
    match = _MARKER.match(block.old if old else block.new or block.old)
    if match is None or block.kind not in ("heading", "item"):
        return 0
    return len(match["heading"]) if match["heading"] else len(match["indent"].expandtabs(4))


def number(block: Block) -> str:
    """The number of a list item, as "2."; "" for a bullet."""
    match = _MARKER.match(block.new or block.old) if block.kind == "item" else None
    return (match["number"] or "") if match else ""


def shifted(block: Block) -> bool:
    """Whether a block that stayed is a heading or list item of another level than before."""
    return block.status == CHANGED and depth(block) != depth(block, old=True)


def moved_behind(redline: Redline) -> dict[int | None, str]:
    """Give, by its new place, the heading that each moved section stood behind before."""
    before = sorted((s for s in redline.sections if s.old is not None), key=lambda s: s.old or 0)
    pairs = zip([None, *before], before, strict=False)
    return {s.new: title(behind) if behind else "" for behind, s in pairs if s.moved}


def count(redline: Redline) -> Counts:
    """Count the changes."""
    statuses = [section.status for section in redline.sections]
    moved_too = sum(s.status == MOVED and s.changed for s in redline.sections)
    words = {ADDED: 0, REMOVED: 0}
    for section in redline.sections:
        for block in section.blocks:
            for op, text in block.pieces:
                if op != SAME and not is_rule(block):
                    words[op] += len(_WORD.findall(text))
    return Counts(
        statuses.count(CHANGED) + moved_too,
        statuses.count(ADDED),
        statuses.count(REMOVED),
        statuses.count(MOVED),
        words[ADDED],
        words[REMOVED],
    )


def _spans(pieces: Sequence[Piece], marked: bool) -> list[Span]:
    old, new = ("".join(t for op, t in pieces if op != gone) for gone in (ADDED, REMOVED))
    whole = not (old.strip() and new.strip())
    marks = {side: _marks(text, marked, whole) for side, text in ((False, old), (True, new))}
    shown: list[Span] = []
    place = {False: 0, True: 0}
    style = ""
    for op, text in pieces:
        side = op != REMOVED
        begin, end = place[side], place[side] + len(text)
        for other in (True, False) if op == SAME else (side,):
            place[other] += len(text)
        at = begin
        first = bisect_left(marks[side], (begin,))
        for mark in marks[side][first : bisect_left(marks[side], (end,), first)]:
            if mark.start < at or mark.end > end:  # only a part of it is in this piece
                continue
            shown.append(Span(op, style, text[at - begin : mark.start - begin]))
            inside = begin <= mark.low and mark.high <= end
            if mark.style == "break":
                shown.append(Span(op, "break", " "))
            elif mark.style and inside:
                style = "" if style else mark.style
            else:
                shown.append(Span(op, style, mark.shown if inside or op == SAME else mark.bare))
            at = mark.end
        shown.append(Span(op, style, text[at - begin :]))
    return [span for span in _trimmed(shown) if span.text]


def _trimmed(shown: Iterable[Span]) -> Iterator[Span]:
    # Space at the ends of what is changed is no change that anybody sees.
    whole = (
        Span(op, style, "".join(span.text for span in run))
        for (op, style), run in groupby(
            (span for span in shown if span.text), lambda span: (span.op, span.style)
        )
    )
    for op, run in groupby(whole, lambda span: span.op):
        first, *rest = run
        if op == SAME:
            yield from (first, *rest)
            continue
        bare = first.text.lstrip()
        yield Span(SAME, "", first.text[: len(first.text) - len(bare)])
        *others, last = [first._replace(text=bare), *rest]
        yield from others
        bare = last.text.rstrip() if last.style != "break" else last.text
        yield last._replace(text=bare)
        yield Span(SAME, "", last.text[len(bare) :])


def _marks(text: str, marked: bool, whole: bool) -> list[_Mark]:
    found = []
    if marked and (first := _MARKER.match(text)):
        found.append(_Mark(0, first.end(), 0, len(text), "", "", ""))
    place, closing = found[0].end if found else 0, -1
    while match := _MARKS.search(text, place):
        start, place = match.span()
        kind = match.lastgroup or ""
        if kind == "target":
            found += _link(match, start, place)
        elif kind in _CLOSING:
            if start <= closing:
                continue
            closing = text.index(_CLOSING[kind], place)
            end = closing + len(match[0])
            if kind == "code":
                place = end
            pairs = ((start, start + len(match[0])), (closing, end))
            found += [_Mark(a, b, start, end, kind, "", match[0]) for a, b in pairs]
        elif kind == "id":
            # Nobody needs to see the id, unless it is what has changed.
            low, high = (start, place) if whole else (0, len(text) + 1)
            found.append(_Mark(start, place, low, high, "", "", match[0]))
        elif kind == "break":
            found.append(_Mark(start, place, start, place, "break", "", ""))
        elif kind == "quote":
            found.append(_Mark(start, place, start, place, "", "", ""))
        else:
            found.append(_Mark(start, start + 1, start, place, "", "", ""))
    return sorted(found)


def _link(match: re.Match[str], start: int, end: int) -> Iterator[_Mark]:
    label, target = match["label"], match["target"]
    bare = re.sub(r"^(?:mailto:|tel:|https?://)|/$", "", target)
    known = re.sub(r"^https?://|/$", "", label) == bare or target.startswith(("#", "[["))
    shown = "" if known else f" ({target})"
    yield _Mark(start, start + 1, start, end, "", "", "")
    yield _Mark(match.end("label"), end, start, end, "", shown, f" ({target})")
