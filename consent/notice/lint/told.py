"""Whether each text tells the facts: the controller, the officer, purposes, recipients, periods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case, Table, given, name_of, text_in, texts_of
from .facts import BUSINESS_ID, COMPANY, valid_business_id
from .quantities import periods
from .rules import Finding, finding, joined
from .text import Doc
from .words import Vocabulary, vocabulary

_MAIL = re.compile(r"\w ?@ ?[\w-]+\.\w|\w ?[(\[](?:at|ät|a|@)[)\]] ?\w")
POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{2}[- ])?\d{5}(?![\w-])|(?<![\d+-])(?<!\d )\d{3} \d{2}(?! ?\d)"
    r"|(?<![\d-])\d{2}-\d{3}(?![\d-])|\b\d{4} [A-Z]{2}\b"
    r"|\b[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2}\b|(?i:\bP\.? ?O\.? Box \d|\b(?:PL|PB|Box) \d)"
)
_NUMBER = re.compile(r"\d+")


def check_told(case: Case) -> Iterator[Finding]:
    """Compare every text with the facts."""
    for doc in case.spoken:
        yield from _controller(case, doc)
        yield from _officer(case, doc)
        if case.facts is not None:
            yield from _purposes(case, doc)
            yield from _recipients(case, doc)
            yield from _retention(case, doc)


def _controller(case: Case, doc: Doc) -> Iterator[Finding]:
    known = vocabulary(doc.lang)
    place = case.place(doc, "controller")
    table = case.table("controller")
    name = next(iter(texts_of(table.get("name"))), "")
    if not known["element.controller"].search(doc.words):
        yield finding("N201", place)
    elif name and not _stands(name, doc.words):
        yield finding("N203", place, what=name)
    missing = []
    targets = " ".join(doc.target(link) for _, link in doc.links)
    mail = str(table.get("email", ""))
    everything = f"{doc.words} {targets}"
    if not (mail.lower() in everything.lower() if mail else _MAIL.search(everything)):
        missing.append("email")
    code = str(table.get("postcode", ""))
    if not (code in doc.words if code else _address(case, doc, texts_of(table.get("address")))):
        missing.append("address")
    if missing:
        yield finding("N202", place, what=joined(missing))
    yield from _business_id(case, doc)


def _address(case: Case, doc: Doc, addresses: list[str]) -> bool:
    if addresses:
        return any(address in doc.words or _stands(address, doc.words) for address in addresses)
    # Not that of the authority, which has a postcode too.
    blocks = case.scope(doc, "controller")
    return any(POSTCODE.search(block.text) for block in blocks)


def _business_id(case: Case, doc: Doc) -> Iterator[Finding]:
    wanted = str(case.table("controller").get("business_id", ""))
    numbers = [(block, match) for block in doc.blocks for match in BUSINESS_ID.finditer(block.text)]
    for block, match in numbers:
        if not valid_business_id(match[1]) and match[1] != wanted:
            yield finding("N106", doc.of(block, *match.span(1)), what=match[1])
    found = [match[1] for _, match in numbers]
    place = case.place(doc, "controller")
    if wanted and wanted.removeprefix("FI") not in found and wanted not in doc.words:
        if found:
            block, match = numbers[0]
            yield finding("N203", doc.of(block, *match.span(1)), what=f"{found[0]} ≠ {wanted}")
        else:
            yield finding("N202", place, what=joined(["business_id"]))
    elif not wanted and not found and case.facts is None:
        blocks = case.scope(doc, "controller")[:8]
        if any(COMPANY.search(block.text) for block in blocks):
            yield finding("N105", place)


def _stands(name: str, words: str) -> bool:
    """Whether a name stands in a text, Finnish endings allowed."""
    parts = [re.escape(part) for part in name.split()]
    return re.search(r"[\s,.:-]+".join(parts), words, re.IGNORECASE) is not None


def _officer(case: Case, doc: Doc) -> Iterator[Finding]:
    known, table = vocabulary(doc.lang), case.table("officer")
    place = case.place(doc, "officer", "controller")
    if table.get("appointed") is True:
        contacts = [*texts_of(table.get("contact")), *texts_of(table.get("email"))]
        told = known["element.officer"].search(doc.words)
        if not told or not (any(c in doc.words for c in contacts) or not contacts):
            yield finding("N206", place)
    elif not known["element.contact_person"].search(doc.words):
        yield finding("N207", place)


def _purposes(case: Case, doc: Doc) -> Iterator[Finding]:
    index = case.index(doc)
    place = case.place(doc, "purposes", "basis")
    for path, table in case.tables("purposes"):
        name = text_in(table.get("name"), doc.lang)
        if name and not index.telling(name, 0.6):
            yield finding("N213", place, what=name_of(table, path))
        interest = text_in(table.get("interest"), doc.lang)
        if interest and not index.telling(interest, 0.6):
            yield finding("N213", place, what=interest)


def _recipients(case: Case, doc: Doc) -> Iterator[Finding]:
    index = case.index(doc)
    place = case.place(doc, "recipients")
    for path, table in case.tables("recipients"):
        name = text_in(table.get("name"), doc.lang)
        if name and not index.telling(name, 0.6):
            yield finding("N215", place, what=name_of(table, path))


def _retention(case: Case, doc: Doc) -> Iterator[Finding]:
    place = case.place(doc, "retention", "data")
    kinds = {str(table.get("id")): table for _, table in case.tables("data")}
    for path, table in case.tables("retention"):
        if not given(table) or _period_told(case, doc, table, kinds):
            continue
        period = text_in(table.get("period"), doc.lang) or text_in(table.get("duration"), doc.lang)
        yield finding("N221", place, what=f"{table.get('id') or path}: {period}")


def _period_told(case: Case, doc: Doc, table: Table, kinds: dict[str, Table]) -> bool:
    """Whether the text gives the period of a retention: in its words, or its number and unit."""
    index = case.index(doc)
    period = text_in(table.get("period"), doc.lang)
    if not period:
        period = text_in(table.get("duration"), "en")
        if not period or not _NUMBER.search(period):
            return True  # in words of no language: nothing to compare with
        period = _translated(period, vocabulary(doc.lang))
    known = vocabulary(doc.lang)
    if period.lower() in doc.words.lower():
        return True
    measures = periods(period, known)
    blocks = index.telling(period, 0.7)
    if not measures:
        return bool(blocks)
    data = table.get("data")
    names = [
        text_in(kinds.get(str(key), {}).get("name"), doc.lang)
        for key in (data if isinstance(data, list) else ())
    ]
    named = {number for name in names if name for number in index.telling(name, 0.6)}
    near = [block for number in named for block in index.row(number)]
    texts = [block.text for block in near] or [doc.words]
    texts += [doc.blocks[number].text for number in blocks]
    return any(measures <= periods(text, known) for text in texts)


def _translated(period: str, known: Vocabulary) -> str:
    """A duration in English, `6 years`, in the stems of another language."""
    units = known.value("number", "units")
    assert isinstance(units, dict)
    for unit, stems in units.items():
        period = re.sub(rf"\b{unit}s?\b", str(stems).split("|")[0], period)
    return period
