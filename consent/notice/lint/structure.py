"""How a text is built: its headings and ids, links and images, tokens, and tables of purposes.

What `render` would refuse is told here too, with its line and in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from ..allow import safe_id, safe_link
from ..version import CHANGE_CHARACTERS, SHORT_WORDS
from .case import Case
from .inline import Link
from .rules import LANGUAGES, Finding, Place, finding
from .signs import KINDS, uses_cookies
from .text import Block, Doc, Kind
from .words import Vocabulary, sentences, vocabulary

_TOKEN = re.compile(r"\[\[([^\[\]\n]*)\]\]")
_KEYS = ("title", "short", "change", "source")
_SIDES = re.compile(r"[,;/]|\s[–—-]\s")
_LEADING = 48
_ENUMERATED = re.compile(r"\((?:[a-h]|[ivx]{1,3}|[1-9])\)")
_BRACKETS = re.compile(r"\([^()]*\)")


def check_structure(case: Case) -> Iterator[Finding]:
    """Judge how every text is built."""
    for doc in case.docs.values():
        known = vocabulary(doc.lang)
        yield from _front(doc)
        yield from _headings(doc)
        yield from _ids(doc)
        yield from _links(doc)
        yield from _tokens(case, doc, known)
        if doc.lang in LANGUAGES:
            yield from _purposes(case, doc, known)


def _front(doc: Doc) -> Iterator[Finding]:
    if not doc.front:
        return
    front = {key: value for key, value in doc.front.items() if isinstance(value, str)}
    for key, value in doc.front.items():
        if key not in _KEYS or not isinstance(value, dict if key == "source" else str):
            place = re.search(rf"^{re.escape(key)}\s*:", doc.raw, re.MULTILINE)
            yield finding("N010", doc.at(place.start() if place else 0, len(key)), what=key)
    blocks = {block.id: block for block in reversed(doc.blocks) if block.kind is Kind.FRONT}
    top = Place(doc.file, 1)
    if not front.get("title", "").strip():
        yield finding("N003", top)
    short, change = front.get("short", ""), front.get("change", "").strip()
    if not short.strip():
        yield finding("N004", top)
    elif (words := len(short.split())) > SHORT_WORDS:
        yield finding("N005", doc.of(blocks["short"]) if "short" in blocks else top, count=words)
    if len(change) > CHANGE_CHARACTERS:
        place_of = doc.of(blocks["change"]) if "change" in blocks else top
        yield finding("N006", place_of, count=len(change))


def _headings(doc: Doc) -> Iterator[Finding]:
    for block in doc.headings:
        words = " ".join(block.text.split())
        if block.level == 1:
            yield finding("N402", doc.of(block), what=words)
        if block.level <= 2 and not block.id:
            yield finding("N401", doc.of(block), what=words)
    for section in doc.sections.values():
        if not any(block.text.strip() for block in section.blocks):
            yield finding("N412", doc.of(section.heading), what=section.heading.text)


def _ids(doc: Doc) -> Iterator[Finding]:
    seen = set()
    for key, place in doc.ids:
        if not safe_id(key):
            yield finding("N403", doc.at(place, len(key)), what=key)
        if key in seen:
            yield finding("N404", doc.at(place, len(key)), what=key)
        seen.add(key)


def _links(doc: Doc) -> Iterator[Finding]:
    ids = {key for key, _ in doc.ids}
    for block, link in doc.links:
        target = doc.target(link)
        place = doc.at(link.source, len(target) + 2, block.section)
        if link.image:
            yield finding("N406", place, what=target)
        elif target.startswith("#"):
            if target[1:] not in ids:
                yield finding("N405", place, what=target[1:])
        elif link.reference and not target:
            continue  # brackets that are no link
        elif not safe_link(target.replace("[[settings]]", "/", 1)):
            yield finding("N407", place, what=target)
    for block in doc.blocks:
        for source in block.plain.tags:
            tag = doc.raw[source : doc.raw.find(">", source) + 1]
            if re.match(r"<img\b", tag, re.IGNORECASE):
                yield finding("N406", doc.at(source, len(tag), block.section), what=tag)
            elif not re.match(r"<br\s*/?>", tag):
                yield finding("N413", doc.at(source, len(tag), block.section), what=tag)


def _tokens(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    tables = 0
    for block in doc.blocks:
        for match in _TOKEN.finditer(block.text):
            place = doc.of(block, *match.span())
            if block.text.strip() == "[[cookies]]" and block.kind is Kind.PARAGRAPH:
                tables += 1
                if tables > 1:
                    yield finding("N410", place)
            else:
                yield finding("N408", place, what=match[1])
    if tables or not uses_cookies(case, doc):
        return
    if any(_cookie_page(doc, block, link, known) for block, link in doc.links):
        return
    typed = next((row for row in table_heads(doc) if _lists_cookies(row, known)), None)
    if typed:
        yield finding("N411", doc.of(typed[0]))
    else:
        yield finding("N409", case.place(doc, "cookies"))


def _cookie_page(doc: Doc, block: Block, link: Link, known: Vocabulary) -> bool:
    """Whether a link leads to a page of the site on its cookies, where their list is."""
    target = doc.target(link)
    words = f"{block.text[link.start : link.end]} {re.sub(r'[^a-z]+', ' ', target)}"
    return target.startswith("/") and known["element.cookies"].search(words) is not None


def table_heads(doc: Doc) -> list[list[Block]]:
    """The first rows of the tables of a text."""
    cells = [block for block in doc.blocks if block.kind is Kind.CELL and block.row == 0]
    return [list(row) for _, row in groupby(cells, key=lambda block: block.group)]


def _lists_cookies(head: Sequence[Block], known: Vocabulary) -> bool:
    named = known["kind.name_column"].match(head[0].text)
    return bool(named) and any(known["kind.time_column"].match(cell.text) for cell in head[1:])


def _purposes(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    """Purposes without a basis among others that have one, and purposes with two (R51)."""
    yield from _lists(case, doc, known)
    cells = [block for block in doc.blocks if block.kind is Kind.CELL]
    for _, table in groupby(cells, key=lambda block: block.group):
        rows = [list(row) for _, row in groupby(table, key=lambda block: block.row)]
        column = next(
            (c.column for c in rows[0][1:] if known["kind.basis_column"].match(c.text)), None
        )
        if column is None or len(rows) < 2:
            continue
        if not any(_kinds(cell.text, known) for row in rows[1:] for cell in row[column:][:1]):
            continue  # another sort of basis, as that of a transfer
        for row in rows[1:]:
            cell = next((cell for cell in row if cell.column == column), None)
            if cell is None or not re.search(r"\w", cell.text):
                yield finding("N210", doc.of(row[0]), what=row[0].text)
            elif len(_kinds(cell.text, known)) > 1:
                yield finding("N211", doc.of(cell), what=f"{row[0].text}: {cell.text}")


def _lists(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    purposes = {s.id for role in ("purposes", "basis") for s in case.sections(doc, role)}
    items = [block for block in doc.blocks if block.kind is Kind.ITEM]
    for _, group in groupby(items, key=lambda block: block.group):
        tops: list[list[Block]] = []
        for block in group:
            if block.level == 1 or not tops:
                tops.append([block])
            else:
                tops[-1].append(block)
        based = [_says_basis(top, known) for top in tops]
        inside = tops[0][0].section in purposes
        if len(tops) > 2 and sum(based) * 10 >= len(tops) * 6 and inside:
            for top, has in zip(tops, based, strict=True):
                if not has and not _names_basis(top, known):
                    yield finding("N210", doc.of(top[0]), what=top[0].text)
        for top in tops if inside else ():
            for block in top:
                yield from _either(doc, block, known)
    told = [block for block in doc.blocks if block.section in purposes]
    each = sum(_one_basis(block, known) for block in told) > 1
    for block in told:
        if block.kind is Kind.PARAGRAPH:
            yield from _either(doc, block, known, summary=each)


def _says_basis(top: list[Block], known: Vocabulary) -> bool:
    return any(known["element.basis"].search(block.text) for block in top)


def _names_basis(top: list[Block], known: Vocabulary) -> bool:
    """Whether an item names a basis behind a colon, a dash or in brackets, or below itself."""
    texts = list(re.split(r"[:(–—]|\s-\s", top[0].text)[1:])
    texts += [block.text for block in top[1:]]
    return any(known[f"kind.{kind}"].search(text) for kind in KINDS for text in texts)


def _one_basis(block: Block, known: Vocabulary) -> bool:
    """Whether a block rests something on one basis."""
    if block.kind is Kind.HEADING:
        return False
    kinds = sum(known[f"kind.{kind}"].search(block.text) is not None for kind in KINDS)
    told = block.kind in (Kind.ITEM, Kind.CELL) or known["element.basis"].search(block.text)
    return kinds == 1 and bool(told)


def _either(
    doc: Doc, block: Block, known: Vocabulary, *, summary: bool = True
) -> Iterator[Finding]:
    """A sentence that rests a purpose on one of two bases, or all of them on one of several.

    `summary` tells that each purpose has its basis besides; then a list of them all sums up.
    """
    basis = known["element.basis"]
    for span in sentences(block, known.lang):
        text = block.text[span.start : span.end]
        if not basis.search(text) or known["kind.and_or"].search(text):
            continue
        found = sorted(
            (match.start(), match.end(), kind)
            for kind in KINDS
            for match in known[f"kind.{kind}"].finditer(text)
        )
        kinds = len({kind for _, _, kind in found})
        if kinds < 2 or (kinds > 2 and summary) or known["element.must_give"].search(text):
            continue
        either = known["kind.or" if kinds > 2 else "kind.either"]
        for one, two in pairwise(found):
            between = _BRACKETS.sub(" ", text[one[1] : two[0]])
            apart = len(between) >= _LEADING or re.search(r"[.,;:]", between)
            if one[2] != two[2] and not apart and either.search(between):
                place = doc.of(block, span.start + one[0], span.start + two[1])
                yield finding("N211", place, what=text)
                break


def _kinds(cell: str, known: Vocabulary) -> set[str]:
    """The bases that a cell names, each at the beginning of a part of it."""
    cell = _BRACKETS.sub(" ", _ENUMERATED.sub(";", cell))
    parts = [
        part for one in _SIDES.split(cell) for part in re.split(known["kind.either"], one) if part
    ]
    return {
        kind
        for part in parts
        for kind in KINDS
        if known[f"kind.{kind}"].search(part.strip()[:_LEADING].partition(":")[0])
    }
