"""A notice as it was copied from a page: bullets are characters, headings are short lines.

top of page
Tietosuojaseloste

 • Palvelun toimittaminen
  • Peruste on sopimus
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .blocks import BULLETS, Block, Reading, Words, tidy, words
from .roles import names_a_notice, role

LEFTOVERS = frozenset(
    (
        *("top of page", "bottom of page", "skip to content", "skip to main content"),
        *("back to top", "scroll to top", "print this page", "log in", "sign in"),
        *("siirry sisältöön", "siirry pääsisältöön", "hyppää sisältöön", "hyppää pääsisältöön"),
        *("takaisin ylös", "sivun alkuun", "kirjaudu", "kirjaudu sisään", "tulosta sivu"),
        *("hoppa till innehåll", "hoppa till innehållet", "hoppa till huvudinnehåll"),
        *("gå till innehållet", "till innehållet", "tillbaka till toppen", "till toppen"),
        *("skriv ut sidan", "logga in"),
    )
)
"""Lines that pages carry and that say nothing; everything else is kept."""

_BULLET = re.compile(f"([{BULLETS}])[ \t]*(.*)|([-–—*+·»›])[ \t]+(.*)|(o)(?:\t| {{2,}})[ ]*(.*)")
# Marks that mean the same level; another one at the same place means a deeper one.
_CLASSES = {"–": "-", "—": "-", "●": "•", "·": "•", "∙": "•", "\uf0b7": "•", "○": "o", "◦": "o"}
_LONE = re.compile(f"[{BULLETS}·]")
_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)([.)]?)[ \t]+(?=\S)(.*)")
_RUN_IN = re.compile(r"(\d{1,2}\.[ \t]+[^:.]{3,60}):[ \t]+(\S.*)")
_RULE = re.compile(r"[-_*=~–—•. ]{3,}")
_END = re.compile(r"[.,;!…]$")
_DETAIL = re.compile(
    r"@|\bwww\.|https?:|\d{5}|\d{3}[ -]\d{3}|\d{7}-\d"
    r"|\b(?:Oyj?|Ab|AB|Ltd|Inc|GmbH|ry|Ky|Tmi)\b(?!:)"
)
_LONG, _WIDE, _SHORT = 80, 100, 60


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or several that were one.

    `gap` tells whether a blank line stands before it, `apart` whether a heading may stand there.
    """

    text: str
    indent: int
    gap: bool
    bullet: str = ""
    apart: bool = False


def read_pasted(text: str, lang: str) -> Reading:
    """Read pasted text in `lang`; every word of it stands in the blocks, but for `LEFTOVERS`."""
    lines, left_out = _lines(tidy(text))
    if _wrapped(lines):
        lines = _unwrapped(lines, lang)
    title, lines = _title(lines)
    # Where hardly a line is blank, no gap tells a heading.
    dense = sum(line.gap for line in lines) * 5 < len(lines)
    lines = [replace(line, apart=line.gap or dense) for line in _run_in(lines, lang)]
    blocks = _blocks(lines, lang)
    heads = [block for block in blocks if block.kind == "heading"]
    numbered = [block for block in heads if _NUMBER.match(block.plain)]
    if len(numbered) > 2 and heads[0] is numbered[0]:
        # Where headings are numbered, what has no number is none.
        free = [replace(line, apart=False) for line in lines]
        blocks = _blocks(free, lang, numbered=True)
    return Reading(title, tuple(_levelled(blocks, lines)), tuple(left_out))


def _lines(text: str) -> tuple[list[_Line], list[str]]:
    lines: list[_Line] = []
    left_out: list[str] = []
    gap, lone = True, ""
    for raw in text.split("\n"):
        content = raw.strip()
        if not content or _RULE.fullmatch(content):
            gap = True
            continue
        if content.casefold() in LEFTOVERS:
            left_out.append(content)
            continue
        indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
        if _LONE.fullmatch(content):
            lone, gap = content, True
            continue
        bullet = lone
        if found := _BULLET.fullmatch(content):
            mark, rest = next((m, r) for m, r in zip(*[iter(found.groups())] * 2, strict=True) if m)
            bullet, content = mark, rest.strip()
        lone = ""
        if content:
            lines.append(_Line(content, indent, gap, _CLASSES.get(bullet, bullet)))
        gap = False
    return lines, left_out


def _wrapped(lines: Sequence[_Line]) -> bool:
    # Lines that a mail program or a PDF has broken end near one and the same column.
    lengths = [len(line.text) for line in lines]
    width = max(lengths, default=0)
    continued = sum(
        length >= 0.75 * width and not after.gap and after.text[:1].islower() and not after.bullet
        for length, after in zip(lengths, lines[1:], strict=False)
    )
    return 40 <= width <= _WIDE and continued >= 3


def _unwrapped(lines: Sequence[_Line], lang: str) -> list[_Line]:
    width = max(len(line.text) + line.indent for line in lines)
    joined: list[_Line] = []
    last = 0
    for line in lines:
        fits = joined and last + len(line.text.split()[0]) < width - 3
        fresh = line.gap or line.bullet or _NUMBER.fullmatch(line.text) or not joined or fits
        last = len(line.text) + line.indent
        if fresh:
            joined.append(line)
        else:
            joined[-1] = replace(joined[-1], text=f"{joined[-1].text} {line.text}")
    return joined


def _title(lines: list[_Line]) -> tuple[str, list[_Line]]:
    # What stands before the title, a menu maybe, stays where it is.
    for place, line in enumerate(lines[:15]):
        if names_a_notice(line.text) and not line.bullet and not _END.search(line.text):
            return line.text, lines[:place] + lines[place + 1 :]
    first = lines[0] if lines else _Line("", 0, True)
    followed = len(lines) > 1 and (lines[1].gap or len(lines[1].text) > _LONG)
    plain = not first.bullet and not _DETAIL.search(first.text) and not _END.search(first.text)
    if first.text and followed and plain and len(first.text) < _SHORT:
        return first.text, lines[1:]
    return "", lines


def _run_in(lines: Sequence[_Line], lang: str) -> list[_Line]:
    # "1. Rekisterinpitäjä: Esimerkki Oy": a heading and its text in one line.
    found = {}
    for place, line in enumerate(lines):
        match = _RUN_IN.fullmatch(line.text)
        if match and not line.bullet and len(match[1].split()) < 7:
            found[place] = match
    if sum(bool(role(match[1], lang)) for match in found.values()) < 3:
        return list(lines)
    divided: list[_Line] = []
    for place, line in enumerate(lines):
        parts = (line.text,) if place not in found else found[place].groups()
        divided += [replace(line, text=part, gap=line.gap or n > 0) for n, part in enumerate(parts)]
    return divided


def _blocks(lines: Sequence[_Line], lang: str, *, numbered: bool = False) -> list[Block]:
    blocks: list[Block] = []
    place = 0
    while place < len(lines):
        taken, block = _next(lines, place, lang, numbered)
        blocks.append(block)
        place += taken
    return blocks


def _next(lines: Sequence[_Line], place: int, lang: str, strict: bool) -> tuple[int, Block]:
    line = lines[place]
    if rows := _rows(lines, place):
        return len(rows), Block("table", rows=tuple(rows))
    if line.bullet:
        return 1, Block("item", words(line.text))
    if numbered := _NUMBER.fullmatch(line.text):
        number, dot, rest = numbered.groups()
        if _heads(lines, place, rest, lang, numbered=True):
            level = 2 + min(number.count("."), 2)
            return 1, Block("heading", words(line.text), level)
        if dot and "." not in number:
            return 1, Block("item", words(rest), number=f"{number}.")
    if not strict and _heads(lines, place, line.text, lang, numbered=False):
        return 1, Block("heading", words(line.text), 2)
    end = place + 1
    # Short lines without a blank one between, as in an address, stay lines.
    while len(line.text) < _SHORT and end < len(lines) and _goes_on(lines[end]):
        if not strict and _heads(lines, end, lines[end].text, lang, numbered=False):
            break
        end += 1
    parts = [words(other.text) for other in lines[place:end]]
    text = Words("\n".join(p.plain for p in parts), "  \n".join(p.markdown for p in parts))
    return end - place, Block("text", text)


def _goes_on(line: _Line) -> bool:
    plain = not line.bullet and "\t" not in line.text and not _NUMBER.fullmatch(line.text)
    return not line.gap and plain and len(line.text) < _SHORT


def _rows(lines: Sequence[_Line], place: int) -> list[tuple[Words, ...]]:
    # Tabs stand between the cells of a table that was copied.
    rows: list[tuple[Words, ...]] = []
    for line in lines[place:]:
        cells = [words(cell) for cell in line.text.split("\t")]
        if len(cells) < 2 or line.bullet or (rows and (line.gap or len(cells) != len(rows[0]))):
            break
        rows.append(tuple(cells))
    return rows if len(rows) > 1 else []


def _heads(lines: Sequence[_Line], place: int, text: str, lang: str, *, numbered: bool) -> bool:
    line = lines[place]
    count = len(text.split())
    after = lines[place + 1] if place + 1 < len(lines) else None
    if after is None or line.bullet or count > 14 or len(text) > 110:
        return False
    colon = text.endswith(":")
    known = role(text, lang) != ""
    if _END.search(text) or _DETAIL.search(text) or text[:1].islower() or "\t" in text:
        return False
    if re.fullmatch(r"[\d./ -]+", after.text):  # the day of a change, say
        return False
    if colon and not (known and count <= 4 and not after.bullet):
        return False
    if re.search(r"[.:] \S", text):  # a sentence, or a name and its value
        return False
    if numbered:
        # Of a list the next number follows at once.
        return not _NUMBER.fullmatch(after.text) or after.gap
    stands_apart = line.apart or len(lines[place - 1].text) > _LONG or bool(lines[place - 1].bullet)
    if not stands_apart:
        return False
    if text.endswith("?") or known or (text.isupper() and len(text) > 3):
        return True
    body = len(after.text) > _LONG or bool(after.bullet)
    return body and count <= 10 and not re.search(r"[\d,]", text)


def _levelled(blocks: Sequence[Block], lines: Sequence[_Line]) -> list[Block]:
    # An item stands deeper where it is indented more, or has a mark that was not used before.
    bullets = iter([line for line in lines if line.bullet])
    stack: list[tuple[int, str]] = []
    levelled = []
    for block in blocks:
        if block.kind != "item" or block.number:
            stack = []
            levelled.append(block)
            continue
        line = next(bullets)
        mark = (line.indent, line.bullet)
        while stack and (line.indent < stack[-1][0] or (mark in stack and mark != stack[-1])):
            stack.pop()
        if not stack or line.indent > stack[-1][0] or line.bullet != stack[-1][1]:
            stack.append(mark)
        levelled.append(replace(block, level=len(stack) - 1))
    return levelled
