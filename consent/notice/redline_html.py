"""A redline as HTML: a fragment without a page round it, as it is frozen and served (R77).

Everything that is not our own tags is escaped. What is added stands in `ins`, what is removed in
`del`, each with words for those who hear the page; what is unchanged is folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby, pairwise, takewhile
from typing import NamedTuple

from .redline import ADDED, MOVED, REMOVED, SAME, Block, Redline, Section
from .redline_shown import (
    Span,
    cells,
    count,
    depth,
    is_rule,
    moved_behind,
    number,
    plain,
    shifted,
    spans,
    title,
)
from .words import words

_TAGS = {ADDED: "ins", REMOVED: "del"}
_FOLDED = 3
"""So many unchanged paragraphs, lists or tables in a row are folded."""


class _Part(NamedTuple):
    html: str
    changed: bool
    length: int


def redline_html(redline: Redline, lang: str) -> str:
    """Write a redline as an HTML fragment, in the words of `lang`.

    It has no id but those that begin with `vc-change-`, no style and no script.
    """
    say = words(lang)
    changed = [s for s in redline.sections if s.status != SAME]
    if not changed:
        return f'<p class="vc-redline-none">{escape(say["unchanged_all"])}</p>\n'
    places = {id(section): place for place, section in enumerate(changed, 1)}
    behind = moved_behind(redline)
    parts = [_counts(redline, say), _contents(changed, say)]
    for section in redline.sections:
        note = _note(section, behind, say)
        if section.status == SAME:
            parts.append(_unchanged(section, say))
        else:
            parts.append(_changed(section, places[id(section)], note, say))
    return '<div class="vc-redline">\n' + "".join(parts) + "</div>\n"


def _counts(redline: Redline, say: Mapping[str, str]) -> str:
    rows = "".join(
        f"<div><dt>{escape(say['count_' + name])}</dt><dd>{many}</dd></div>\n"
        for name, many in count(redline)._asdict().items()
        if many
    )
    return f'<dl class="vc-redline-counts">\n{rows}</dl>\n' if rows else ""


def _contents(changed: Sequence[Section], say: Mapping[str, str]) -> str:
    items = "".join(
        f'<li><a href="#vc-change-{place}">{escape(title(section) or say["beginning"])}</a>'
        f" <span>{escape(_status(section, say))}</span></li>\n"
        for place, section in enumerate(changed, 1)
    )
    label = escape(say["changes"])
    return f'<nav class="vc-redline-nav" aria-label="{label}">\n<ol>\n{items}</ol>\n</nav>\n'


def _status(section: Section, say: Mapping[str, str]) -> str:
    status = say[f"section_{section.status}"]
    both = section.status == MOVED and section.changed
    return f"{status}, {say['section_changed']}" if both else status


def _note(section: Section, behind: Mapping[int | None, str], say: Mapping[str, str]) -> str:
    if section.status == MOVED:
        before = behind.get(section.new, "")
        return say["moved_from"].format(title=before) if before else say["moved_first"]
    note = say[f"section_{section.status}"] if section.status in (ADDED, REMOVED) else ""
    return note[:1].upper() + note[1:]


def _changed(section: Section, place: int, note: str, say: Mapping[str, str]) -> str:
    head, rest = _divided(section)
    shown = [span for block in head for span in spans(block)]
    heading = _inline(shown, say) if plain(shown) or plain(shown, without="") else ""
    key = f"vc-change-{place}"
    marked = f'<p class="vc-redline-note">{escape(note)}</p>\n' if note else ""
    return (
        f'<section class="vc-redline-{section.status}" id="{key}" aria-labelledby="{key}-title">\n'
        f'<h2 id="{key}-title">{heading or escape(say["beginning"])}</h2>\n'
        f"{marked}{_folded(_parts(rest, say), say)}</section>\n"
    )


def _unchanged(section: Section, say: Mapping[str, str]) -> str:
    _, rest = _divided(section)
    body = "".join(part.html for part in _parts(rest, say))
    heading = escape(title(section) or say["beginning"])
    if not body:
        return f'<h2 class="vc-redline-same">{heading}</h2>\n'
    return (
        f'<details class="vc-redline-same">\n<summary><h2>{heading}</h2> '
        f"<span>{escape(say['unchanged'])}</span></summary>\n{body}</details>\n"
    )


def _divided(section: Section) -> tuple[list[Block], list[Block]]:
    # A heading that has become quite another stands here as two: one removed, one added.
    head = list(takewhile(lambda b: b.kind == "heading" and depth(b) < 3, section.blocks))
    return head, list(section.blocks[len(head) :])


def _folded(parts: Iterable[_Part], say: Mapping[str, str]) -> str:
    html = ""
    for changed, run in groupby(parts, lambda part: part.changed):
        some = list(run)
        body = "".join(part.html for part in some)
        if not changed and len(some) >= _FOLDED:
            label = say["unchanged_words"].format(count=sum(part.length for part in some))
            body = f"<details>\n<summary>{escape(label)}</summary>\n{body}</details>\n"
        html += body
    return html


def _parts(blocks: Sequence[Block], say: Mapping[str, str]) -> Iterator[_Part]:
    # Items that follow each other are one list, rows one table.
    for kind, run in groupby((b for b in blocks if b.kind), lambda block: block.kind):
        some = list(run)
        if kind == "item":
            yield _part(_list(some, say), some)
        elif kind == "row":
            for table in _tables(some):
                yield _part(_table(table, say), table)
        else:
            for block in some:
                yield _part(_single(block, say), [block])


def _part(html: str, blocks: Sequence[Block]) -> _Part:
    length = sum(len(plain(spans(block)).replace("|", " ").split()) for block in blocks)
    return _Part(html, any(block.status != SAME for block in blocks), length)


def _single(block: Block, say: Mapping[str, str]) -> str:
    inner = _inline(spans(block), say) + _level(block, say)
    if not inner.strip():
        return ""
    if block.kind == "heading":
        # A level that was left out would be one that is heard as missing.
        level = 2 if depth(block) < 3 else 3
        return f"<h{level}>{inner}</h{level}>\n"
    if (block.new or block.old).startswith(">"):
        return f"<blockquote>\n<p>{inner}</p>\n</blockquote>\n"
    return f"<p>{inner}</p>\n"


def _list(blocks: Sequence[Block], say: Mapping[str, str]) -> str:
    html, indents = "", [-1]
    for block in blocks:
        indent = depth(block)
        while indent < indents[-1] and len(indents) > 2:
            html += "</li>\n</ul>\n"
            indents.pop()
        if indent > indents[-1]:
            # Removed and added items would be counted too, so the numbers are as they are written.
            kind = ' class="vc-redline-numbered"' if number(block) else ""
            html += ("\n" if len(indents) > 1 else "") + f"<ul{kind}>\n"
            indents.append(indent)
        else:
            html += "</li>\n"
        order = number(block)
        html += "<li>" + (f"{order} " if order else "") + _inline(spans(block), say)
        html += _level(block, say)
    return html + "</li>\n</ul>\n" * (len(indents) - 1)


def _tables(rows: Sequence[Block]) -> Iterator[list[Block]]:
    # A head in the middle begins another table.
    heads = _heads(rows)
    table: list[Block] = []
    for place, row in enumerate(rows):
        if place in heads and table and place - 1 not in heads:
            yield table
            table = []
        table.append(row)
    yield table


def _heads(rows: Sequence[Block]) -> set[int]:
    # The rows with a rule below them, in the old text or in the new one.
    heads = set()
    for gone in (REMOVED, ADDED):
        standing = [place for place, row in enumerate(rows) if row.status != gone]
        for place, below in pairwise(standing):
            if is_rule(rows[below]) and not is_rule(rows[place]):
                heads.add(place)
    return heads


def _table(rows: Sequence[Block], say: Mapping[str, str]) -> str:
    heads = _heads(rows)
    labels: list[str] = []
    columns: list[str] = []
    head = body = ""
    for place, row in enumerate(rows):
        if is_rule(row):
            continue
        shown = cells(row)
        if place in heads:
            gone = ADDED if row.status == REMOVED else REMOVED
            # Of a column that went, its name is what it was called.
            labels = [plain(cell, without=gone) or plain(cell, without="") for cell in shown]
            columns = [_only(cell) for cell in shown] if row.status not in (ADDED, REMOVED) else []
            inner = "".join(f'<th scope="col">{_inline(cell, say)}</th>' for cell in shown)
            head += f"<tr>{inner}</tr>\n"
            continue
        spread = _spread(row, shown, columns)
        inner = "".join(
            f'<td data-label="{escape(label if cell else "")}"><div>{_inline(cell, say)}</div></td>'
            for label, cell in zip([*labels, *[""] * len(spread)], spread, strict=False)
        )
        body += f'<tr class="vc-redline-{row.status}">{inner}</tr>\n'
    top = f"<thead>\n{head}</thead>\n" if head else ""
    rest = f"<tbody>\n{body}</tbody>\n" if body else ""
    return f"<table>\n{top}{rest}</table>\n"


def _only(cell: Sequence[Span]) -> str:
    ops = {span.op for span in cell if span.text.strip()}
    return ops.pop() if len(ops) == 1 else SAME


def _spread(
    row: Block, shown: Sequence[Sequence[Span]], columns: Sequence[str]
) -> Sequence[Sequence[Span]]:
    # A row of one text alone has no cell in a column that only the other text has.
    other = {ADDED: REMOVED, REMOVED: ADDED}.get(row.status, "")
    if other not in columns:
        return shown
    rest = iter(shown)
    return [*(() if op == other else next(rest, ()) for op in columns), *rest]


def _level(block: Block, say: Mapping[str, str]) -> str:
    return f' <em class="vc-redline-level">{escape(say["level"])}</em>' if shifted(block) else ""


def _inline(shown: Iterable[Span], say: Mapping[str, str]) -> str:
    html = ""
    for op, run in groupby(shown, lambda span: span.op):
        some = list(run)
        inner = "".join(map(_styled, some))
        if op == SAME or not "".join(span.text for span in some).strip():
            html += inner
            continue
        tag, word = _TAGS[op], escape(say["ins" if op == ADDED else "del"])
        # Some readers tell of ins and del, others say nothing: the words are for all of them.
        html += (
            f'<{tag}><span class="vc-spoken">[{word}: </span>{inner}'
            f'<span class="vc-spoken">] </span></{tag}>'
        )
    return html.strip()


def _styled(span: Span) -> str:
    if span.style == "break":
        return "<br>"
    text = escape(span.text)
    return f"<{span.style}>{text}</{span.style}>" if span.style else text
