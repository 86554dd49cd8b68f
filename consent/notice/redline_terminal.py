"""A redline for a terminal, in colour, or with marks where colour is not to be had."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from .redline import ADDED, MOVED, REMOVED, SAME, Block, Redline, Section
from .redline_shown import (
    Span,
    cells,
    count,
    depth,
    is_rule,
    moved_behind,
    number,
    shifted,
    spans,
    title,
)
from .words import words

_COLOURS = {ADDED: ("\x1b[32;4m", "\x1b[0m"), REMOVED: ("\x1b[31;9m", "\x1b[0m")}
_MARKS = {ADDED: ("[+", "+]"), REMOVED: ("[-", "-]")}
_SHORT = 25
"""So many unchanged words between two changes are shown."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def redline_terminal(redline: Redline, lang: str, *, colour: bool) -> str:
    """Write a redline as lines of text, in the words of `lang`, each ended by a line end.

    `colour` writes with a terminal's codes, else what is added stands in `[+ +]`, what is removed
    in `[- -]`. What the texts themselves hold of such codes is shown, not obeyed.
    """
    return "".join(f"{line}\n" for line in _lines(redline, lang, colour))


def _lines(redline: Redline, lang: str, colour: bool) -> Iterator[str]:
    say = words(lang)
    if all(section.status == SAME for section in redline.sections):
        yield say["unchanged_all"]
        return
    yield " · ".join(
        f"{say['count_' + name]}: {many}" for name, many in count(redline)._asdict().items() if many
    )
    behind = moved_behind(redline)
    for status, run in groupby(redline.sections, lambda section: section.status):
        some = list(run)
        yield ""
        if status == SAME:
            names = ", ".join(_safe(title(s) or say["beginning"]) for s in some)
            yield f"  {say['unchanged']}: {names}"
            continue
        for place, section in enumerate(some):
            if place:
                yield ""
            yield from _section(section, behind.get(section.new, ""), say, colour)


def _section(section: Section, behind: str, say: Mapping[str, str], colour: bool) -> Iterator[str]:
    note = say[f"section_{section.status}"] if section.status in (ADDED, REMOVED) else ""
    if section.status == MOVED:
        note = say["moved_from"].format(title=behind) if behind else say["moved_first"]
    if not title(section):
        yield f"## {say['beginning']}"
    if note:
        yield f"  ({_safe(note)})"
    for changed, run in groupby(section.blocks, lambda block: block.status != SAME):
        some = [b for b in run if b.kind and not (is_rule(b) and not changed)]
        if changed:
            yield from (_block(block, say, colour) for block in some)
            continue
        if some and some[0].kind == "heading" and some[0] is section.blocks[0]:
            yield _block(some.pop(0), say, colour)
        many = sum(len(re.findall(r"\w+", block.new)) for block in some)
        if many <= _SHORT:
            yield from (_block(block, say, colour) for block in some)
        else:
            yield f"  … {say['unchanged_words'].format(count=many)}"


def _block(block: Block, say: Mapping[str, str], colour: bool) -> str:
    if block.kind == "row":
        if is_rule(block):
            return "  | " + _marked([Span(block.status, "", "---")], colour)
        return "  | " + " | ".join(_marked(cell, colour) for cell in cells(block))
    text = _marked(spans(block), colour)
    if shifted(block):
        text += f" {say['level']}"
    if block.kind == "heading":
        return f"{'#' * depth(block)} {text}"
    if block.kind == "item":
        return f"  {' ' * depth(block)}{number(block) or '-'} {text}"
    return f"  {text}"


def _marked(shown: Sequence[Span], colour: bool) -> str:
    line = ""
    for op, run in groupby(shown, lambda span: span.op):
        text = _safe(re.sub(r"\s+", " ", "".join(span.text for span in run)))
        if op != SAME and text.strip():
            begin, end = (_COLOURS if colour else _MARKS)[op]
            text = f"{begin}{text}{end}"
        line += text
    return line.strip()


def _safe(text: str) -> str:
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
