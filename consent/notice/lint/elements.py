"""Whether each text tells what GDPR Articles 12 to 22 and 77 ask for (R51-R66, R70, R76)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ...texts.countries import countries, country_name
from .case import Case, strings, text_in, texts_of
from .facts import EEA, asks
from .rules import Finding, finding, term
from .text import Block, Doc, Kind
from .words import Span, Vocabulary, clause, sentences, vocabulary

_OTHER_NAMES = re.compile(r"(?<!\w)(?:USA?|UK|U\.S\.|Iso-Britanni|Britanni|Förenta stat)(?!\w{4})")
_DAY = r"\b\d{1,2}\.\d{1,2}\.\d{4}\b|\b\d{4}-\d{2}-\d{2}\b"
KINDS = ("contract", "consent", "obligation", "interest", "task", "vital")
"""The six legal bases, as the vocabularies name them."""
_RIGHTS = ("access", "rectification", "erasure", "restriction", "portability", "objection")


def check_elements(case: Case) -> Iterator[Finding]:
    """Look for every element in every text."""
    for doc in case.docs.values():
        if not any(block.kind is not Kind.FRONT for block in doc.blocks):
            continue
        known = vocabulary(doc.lang)
        for check in _CHECKS:
            yield from check(case, doc, known)


def affirmed(blocks: Iterable[Block], known: Vocabulary, key: str) -> Iterator[tuple[Block, Span]]:
    """The sentences that hold a word of an element and do not deny it.

    Headings are left out: they ask rather than say.
    """
    pattern, negation, but = known[key], known["sentence.negation"], known["sentence.exception"]
    for block in blocks:
        if block.kind is Kind.HEADING or not pattern.search(block.text):
            continue
        for span in sentences(block, known.lang):
            for match in pattern.finditer(block.text, span.start, span.end):
                part = clause(block.text, span, match.start(), match.end())
                if not negation.search(part) or but.search(block.text, span.start, span.end):
                    yield block, span
                    break


def bases(case: Case) -> set[str]:
    """The bases that the facts name."""
    return {str(table.get("basis")) for _, table in case.tables("purposes")}


def uses_cookies(case: Case, doc: Doc) -> bool:
    """Whether the site stores more than our own choice, by its declaration, else by its text."""
    known = vocabulary(doc.lang)
    if case.declaration is not None:
        if any(service.id != "consent" for service in case.declaration.services):
            return True
    if not known["element.cookies"].search(doc.words):
        return False
    return not known["element.no_cookies"].search(doc.words) or "[[cookies]]" in doc.raw


def markets(case: Case, doc: Doc) -> bool:
    """Whether there is marketing, by the facts or else by the text."""
    known = vocabulary(doc.lang)
    names = [text for _, t in case.tables("purposes") for text in texts_of(t.get("name"))]
    if any(known["element.marketing"].search(name) for name in names):
        return True
    return any(affirmed(doc.blocks, known, "element.marketing"))


def _search(blocks: Iterable[Block], pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(block.text) for block in blocks)


def _apart(case: Case, doc: Doc, role: str) -> bool:
    """Whether a section of its own, with some words in it, is about something."""
    return any(
        section.blocks and sum(len(block.text.split()) for block in section.blocks) > 2
        for section in case.apart(doc, role)
    )


def _basis(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    # A list may give the bases without calling them so: "Newsletter: your consent".
    listed = {
        kind
        for block in doc.blocks
        if block.kind in (Kind.ITEM, Kind.CELL)
        for part in (re.split(r"[:(–—]", block.text)[1:] or [block.text] * (block.column > 0))
        for kind in KINDS
        if known[f"kind.{kind}"].search(part)
    }
    if not known["element.basis"].search(doc.words) and len(listed) < 2:
        yield finding("N208", case.place(doc, "basis", "purposes"))


def _interest(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    # Mentioned among the rights it is only what one may object to.
    rights = {
        section.id
        for role in ("rights", "objection", "complaint", "withdrawal")
        for section in case.sections(doc, role)
    }
    purposes = {
        section.id for role in ("purposes", "basis") for section in case.sections(doc, role)
    }
    blocks = [b for b in doc.blocks if b.section in purposes or b.section not in rights]
    pattern = known["element.interest"]
    used = next(
        ((b, m) for b in blocks if b.kind not in (Kind.FRONT, Kind.HEADING)
         for m in [pattern.search(b.text)] if m),
        None,
    )  # fmt: skip
    if used is None or _search(doc.blocks, known["element.interest_named"]):
        return
    if any(text_in(t.get("interest"), doc.lang) for _, t in case.tables("purposes")):
        return  # told or not told purpose by purpose
    block, match = used
    yield finding("N212", doc.of(block, *match.span()))


def _recipients(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    named = case.tables("recipients")  # then each is looked for by its name
    if named or _apart(case, doc, "recipients"):
        return
    if not known["element.recipients"].search(doc.words):
        yield finding("N214", case.place(doc, "recipients"))


def _transfers(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    blocks = case.scope(doc, "transfers", "recipients", "cookies")
    declared = {c for _, t in case.tables("transfers") for c in strings(t.get("countries"))}
    said = _sent(blocks, known) or _sent(doc.blocks, known)
    if said is None and not declared - EEA:
        return
    place = doc.of(said[0], *said[1]) if said else case.place(doc, "transfers", "recipients")
    if not known["element.mechanism"].search(doc.words):
        yield finding("N216", place)
    elif known["element.clauses"].search(doc.words) and not _copy(doc, known):
        yield finding("N218", place)
    if said and not _country(doc.words, doc.lang) and "[[cookies]]" not in doc.raw:
        yield finding("N217", place)


def _sent(blocks: Iterable[Block], known: Vocabulary) -> tuple[Block, Span] | None:
    for block, span in affirmed(blocks, known, "element.outside"):
        text = block.text[span.start : span.end]
        if known["element.transfer"].search(text):
            return block, span
    return None


def _copy(doc: Doc, known: Vocabulary) -> bool:
    for block in doc.blocks:
        if known["element.clauses"].search(block.text):
            around = doc.by_section[block.section]
            if _search(around, known["element.copy"]) or any(b.plain.links for b in around):
                return True
    return False


def _country(words: str, lang: str) -> bool:
    for code in countries():
        name = country_name(code, lang if lang in ("fi", "sv") else "en")
        stem = name[: max(4, len(name) - 2)] if lang == "fi" else name
        if code not in EEA and re.search(rf"(?<!\w){re.escape(stem)}", words):
            return True
    return _OTHER_NAMES.search(words) is not None


def _retention(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if not known["element.retention"].search(doc.words):
        yield finding("N219", case.place(doc, "retention"))
        return
    scope = case.scope(doc, "retention")
    scoped = {id(block) for block in scope}
    period, criterion = known["element.period"], known["element.criterion"]
    vague = known["retention.vague"]
    flagged = False
    for number, block in enumerate(doc.blocks):
        if block.kind in (Kind.HEADING, Kind.FRONT) or not vague.search(block.text):
            continue
        if not known["element.retention"].search(block.text) and id(block) not in scoped:
            continue
        around = doc.by_section[block.section] if block.section else [block]
        if block.kind is Kind.CELL:
            around = list(case.index(doc).row(number))
        for span in sentences(block, doc.lang):
            match = vague.search(block.text, span.start, span.end)
            if not match:
                continue
            sentence = block.text[span.start : span.end]
            if criterion.search(sentence) or _search([block, *around], period):
                continue
            flagged = True
            yield finding("N220", doc.of(block, *match.span()), what=match[0].strip())
    measured = _search(doc.blocks, period) or _search(scope, criterion)
    if not flagged and not measured:
        yield finding("N219", case.place(doc, "retention"))


def _rights(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    blocks = case.scope(doc, "rights", "objection", "withdrawal", "complaint")
    for right in _RIGHTS:
        if not _search(blocks, known[f"right.{right}"]):
            place = case.place(doc, "rights")
            yield finding("N222", place, what=term(right))


def _objection(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    marketing = markets(case, doc)
    applies = marketing or bases(case) & {"legitimate-interest", "public-task"}
    if not applies and (case.facts is not None and bases(case) - {"None"}):
        return
    if not applies and not known["element.interest"].search(doc.words):
        return
    if not _search(doc.blocks, known["right.objection"]):
        return  # that it is missing altogether is told already
    heading = known["heading.objection"]
    apart = _apart(case, doc, "objection") or any(
        heading.search(block.text) for block in doc.headings
    ) or any(
        block.kind is Kind.PARAGRAPH and heading.search(block.lead) for block in doc.blocks
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
        if key and _search(blocks, known["element.withdrawal"])
        for block in blocks
    ]
    if not _search(near or doc.blocks, known["element.lawful"]):
        yield finding("N226", place)
    asked = [b for b in case.scope(doc, "cookies") if known["element.consent"].search(b.text)]
    asked = [b for b in asked if b.section or known["element.cookies"].search(b.text)]
    if not case.apart(doc, "cookies"):
        asked = [b for b in asked if known["element.cookies"].search(b.text)]
    if cookies and (asked or asks(case)) and not settings_link(doc, known):
        yield finding("N227", case.place(doc, "withdrawal", "cookies", "rights"))


def settings_link(doc: Doc, known: Vocabulary) -> bool:
    """Whether a text links to the settings of the site."""
    pattern = known["element.settings"]
    return any(
        doc.target(link).startswith("[[settings]]") or pattern.search(block.text[link.start :])
        for block, link in doc.links
    )


def _complaint(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    place = case.place(doc, "complaint", "rights")
    pattern = known["element.complaint"]
    apart = any(
        _search(section.blocks, known["element.authority"])
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
        website = str(case.table("authority").get("website", "")) or "\0"
        if not known["element.authority_contact"].search(f"{doc.words} {targets}"):
            if website not in f"{doc.words} {targets}":
                yield finding("N230", place)
    for block in doc.blocks:
        for span in sentences(block, doc.lang):
            match = known["complaint.condition"].search(block.text, span.start, span.end)
            if match and not known["complaint.opinion"].search(match[0]):
                yield finding("N231", doc.of(block, *match.span()))


def _must_give(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if not known["element.must_give"].search(doc.words) and not _apart(case, doc, "must_give"):
        yield finding("N232", case.place(doc, "must_give", "purposes", "data"))


def _automated(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    place = case.place(doc, "automated")
    targeting = next(affirmed(doc.blocks, known, "element.targeting"), None)
    if targeting and not known["element.profiling"].search(doc.words):
        block, span = targeting
        yield finding("N233", doc.of(block, *span))
    elif not known["element.automated"].search(doc.words) and not _apart(case, doc, "automated"):
        yield finding("N234", place)


def _sources(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if not known["element.sources"].search(doc.words) and not _apart(case, doc, "sources"):
        yield finding("N235", case.place(doc, "sources", "data"))
        return
    sections = case.sections(doc, "sources")
    blocks = [block for section in sections for block in section.blocks]
    outside = next(affirmed(blocks, known, "element.outside_source"), None)
    if outside and not _search(blocks, known["element.timing"]):
        yield finding("N236", doc.of(outside[0], *outside[1]))


def _authorities(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    finnish = doc.lang == "fi" or re.search(
        r"tietosuoja\.fi|dataombudsman|Data Protection Ombudsman", doc.raw, re.IGNORECASE
    )
    if finnish and uses_cookies(case, doc) and not known["element.traficom"].search(doc.words):
        yield finding("N237", case.place(doc, "cookie_authority", "cookies", "complaint"))


def _answers(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    blocks = case.scope(doc, "rights")
    place = case.place(doc, "rights")
    for rule, key in (("N238", "month"), ("N239", "free"), ("N240", "identity")):
        if not _search(blocks, known[f"element.{key}"]):
            yield finding(rule, place)


def _direct_marketing(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    said = next(affirmed(doc.blocks, known, "element.newsletter"), None)
    if said is None:
        return
    sections = {b.section for b in doc.blocks if known["element.newsletter"].search(b.text)}
    sections |= {section.id for section in case.sections(doc, "marketing")}
    sections |= {section.id for section in case.sections(doc, "direct_marketing")}
    blocks = [block for block in doc.blocks if block.section in sections]
    consent = _search(blocks, known["element.consent"]) or "consent" in {
        str(table.get("basis"))
        for _, table in case.tables("purposes")
        if known["element.newsletter"].search(" ".join(texts_of(table.get("name"))))
    }
    customers = known["element.newsletter"].search(doc.words) and _search(
        blocks, known["sentence.reader"]
    )
    if not _search(blocks, known["element.opt_out"]) or not (consent or customers):
        yield finding("N241", doc.of(said[0], *said[1]))


def _version(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if case.effective or case.table("version").get("effective"):
        return
    months = known.value("number", "months")
    assert isinstance(months, list)
    day = re.compile(rf"{_DAY}|(?:{'|'.join(months)})\w* \d{{4}}", re.IGNORECASE)
    changes = {section.id for section in case.sections(doc, "changes")}
    dated = any(
        day.search(block.text)
        and (block.section in changes or known["element.dating"].search(block.text))
        for block in doc.blocks
    )
    if not dated and not known["element.version"].search(doc.words):
        yield finding("N242", case.place(doc, "changes"))


def _component(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    """What a site with this component tells besides: the browser's signal and the consent log."""
    declared = case.declaration
    if declared is None or not asks(case):
        return
    denied = [c for c in declared.categories if c.gpc and declared.of(c.id)]
    if denied and not known["element.gpc"].search(doc.words):
        yield finding("N243", case.place(doc, "gpc", "cookies"))
    if not known["element.consent_log"].search(doc.words):
        yield finding("N244", case.place(doc, "consent_log", "cookies"))


Check = Callable[[Case, Doc, Vocabulary], Iterator[Finding]]
_CHECKS: tuple[Check, ...] = (
    *(_basis, _interest, _recipients, _transfers, _retention, _rights, _objection, _withdrawal),
    *(_complaint, _must_give, _automated, _sources, _authorities, _answers, _direct_marketing),
    *(_version, _component),
)
