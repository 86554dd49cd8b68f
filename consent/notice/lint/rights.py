"""Whether each text tells people's rights, and how to use them (R56-R59, R64, R66, R70)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case, texts_of
from .facts import asks
from .rules import Finding, finding, term
from .signs import affirmed, bases, has_section, markets, search, settings_link, uses_cookies
from .text import Doc, Kind
from .told import POSTCODE
from .words import Vocabulary, sentences, vocabulary

_RIGHTS = ("access", "rectification", "erasure", "restriction", "portability", "objection")


def check_rights(case: Case) -> Iterator[Finding]:
    """Look for every right in every text."""
    for doc in case.spoken:
        if doc.tells:
            known = vocabulary(doc.lang)
            for check in _CHECKS:
                yield from check(case, doc, known)


def _rights(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    blocks = case.scope(doc, "rights", "objection", "withdrawal", "complaint")
    for right in _RIGHTS:
        if not search(blocks, known[f"right.{right}"]):
            place = case.place(doc, "rights")
            yield finding("N222", place, what=term(right))


def _objection(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    marketing = markets(case, doc)
    applies = marketing or bases(case) & {"legitimate-interest", "public-task"}
    if not applies and (case.facts is not None and bases(case) - {"None"}):
        return
    if not applies and not known["element.interest"].search(doc.words):
        return
    if not search(doc.blocks, known["right.objection"]):
        return  # that it is missing altogether is told already
    heading = known["heading.objection"]
    apart = (
        has_section(case, doc, "objection")
        or any(heading.search(block.text) for block in doc.headings)
        or any(block.kind is Kind.PARAGRAPH and heading.search(block.lead) for block in doc.blocks)
    )
    if not apart:
        yield finding("N223", case.place(doc, "objection", "rights"))
    if marketing:
        either = known["right.objection"], known["element.opt_out"]
        cookies = {section.id for section in case.sections(doc, "cookies")}
        told = any(
            known["element.marketing"].search(block.text)
            and any(pattern.search(block.text) for pattern in either)
            for block in doc.blocks
            if block.kind is not Kind.FRONT and block.section not in cookies
        )
        if not told:
            yield finding("N224", case.place(doc, "objection", "rights"))


def _withdrawal(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    cookies = uses_cookies(case, doc)
    if "consent" not in bases(case) and not any(affirmed(doc.blocks, known, "element.consent")):
        return
    place = case.place(doc, "withdrawal", "rights")
    if not known["element.withdrawal"].search(doc.words):
        yield finding("N225", place)
        return
    near = [
        block
        for key, blocks in doc.by_section.items()
        if key and search(blocks, known["element.withdrawal"])
        for block in blocks
    ]
    if not search(near or doc.blocks, known["element.lawful"]):
        yield finding("N226", place)
    asked = [b for b in case.scope(doc, "cookies") if known["element.consent"].search(b.text)]
    asked = [b for b in asked if b.section or known["element.cookies"].search(b.text)]
    if not case.apart(doc, "cookies"):
        asked = [b for b in asked if known["element.cookies"].search(b.text)]
    if cookies and (asked or asks(case)) and not settings_link(doc, known):
        yield finding("N227", case.place(doc, "withdrawal", "cookies", "rights"))


def _complaint(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    place = case.place(doc, "complaint", "rights")
    pattern = known["element.complaint"]
    apart = any(
        search(section.blocks, known["element.authority"])
        for section in case.apart(doc, "complaint")
    )
    if not pattern.search(doc.words) and not apart:
        yield finding("N228", place)
        return
    names = texts_of(case.table("authority").get("name"))
    if not known["element.authority"].search(doc.words) and not any(
        name in doc.words for name in names
    ):
        block = next(b for b in reversed(doc.blocks) if pattern.search(b.text))
        match = pattern.search(block.text)
        assert match is not None
        yield finding("N229", doc.of(block, *match.span()))
    else:
        targets = " ".join(doc.target(link) for _, link in doc.links)
        website = str(case.table("authority").get("website", ""))
        told = f"{doc.words} {targets}"
        linked = known["element.authority_contact"].search(told) or (website and website in told)
        if not linked and not _reached(doc, known):
            yield finding("N230", place)
    for block in doc.blocks:
        for span in sentences(block, doc.lang):
            match = known["complaint.condition"].search(block.text, span.start, span.end)
            if match and not known["complaint.opinion"].search(match[0]):
                yield finding("N231", doc.of(block, *match.span()))


def _reached(doc: Doc, known: Vocabulary) -> bool:
    """Whether a link or an address stands in one block with an authority."""
    return any(
        block.plain.links or POSTCODE.search(block.text)
        for block in doc.blocks
        if known["element.authority"].search(block.text)
        and not known["phrase.N304"].search(block.text)
    )


def _authorities(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    finnish = doc.lang == "fi" or re.search(
        r"tietosuoja\.fi|dataombudsman|Data Protection Ombudsman", doc.raw, re.IGNORECASE
    )
    if finnish and uses_cookies(case, doc) and not known["element.traficom"].search(doc.words):
        yield finding("N237", case.place(doc, "cookie_authority", "cookies", "complaint"))


def _answers(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    blocks = case.scope(doc, "rights")
    place = case.place(doc, "rights")
    for rule, key in (("N238", "month"), ("N239", "free")):
        if not search(blocks, known[f"element.{key}"]):
            yield finding(rule, place)
    checked = [block for block in blocks if known["element.identity"].search(block.text)]
    if not search(checked, known["element.doubt"]):
        yield finding("N240", place)


def _direct_marketing(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    said = next(affirmed(doc.blocks, known, "element.newsletter"), None)
    if said is None:
        return
    sections = {b.section for b in doc.blocks if known["element.newsletter"].search(b.text)}
    sections |= {section.id for section in case.sections(doc, "marketing")}
    sections |= {section.id for section in case.sections(doc, "direct_marketing")}
    blocks = [block for block in doc.blocks if block.section in sections]
    consent = search(blocks, known["element.consent"]) or "consent" in {
        str(table.get("basis"))
        for _, table in case.tables("purposes")
        if known["element.newsletter"].search(" ".join(texts_of(table.get("name"))))
    }
    customers = known["element.newsletter"].search(doc.words) and search(
        blocks, known["sentence.reader"]
    )
    if not search(blocks, known["element.opt_out"]) or not (consent or customers):
        yield finding("N241", doc.of(said[0], *said[1]))


_CHECKS = (
    _rights,
    _objection,
    _withdrawal,
    _complaint,
    _authorities,
    _answers,
    _direct_marketing,
)
