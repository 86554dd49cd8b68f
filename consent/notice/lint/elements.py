"""Whether each text tells what GDPR Articles 13 and 14 ask for (R51-R55, R60-R62, R76)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from ...texts.countries import EEA, countries, country_name
from .case import Case, strings, text_in, texts_of
from .facts import asks
from .rules import Finding, finding
from .signs import KINDS, affirmed, has_section, search
from .text import Block, Doc, Kind
from .words import Span, Vocabulary, sentences, vocabulary

_DAY = r"\b\d{1,2}\.\d{1,2}\.\d{4}\b|\b\d{4}-\d{2}-\d{2}\b"
# "(Article 6(1)(f))" stands between an interest and what it is.
_CITED = re.compile(r" ?\((?=[^()]*(?:\b6\b|art|GDPR))[^()]*(?:\([^()]*\)[^()]*)*\)", re.IGNORECASE)
_ACT = re.compile(r"\d\s?§|§\s?\d|\b\d{1,4}/(?:19|20)\d\d\b")
_OTHER_NAMES = re.compile(r"(?<!\w)(?:USA?|UK|U\.S\.|Iso-Britanni|Britanni|Förenta stat)(?!\w{4})")


def check_elements(case: Case) -> Iterator[Finding]:
    """Look for every element in every text."""
    for doc in case.spoken:
        if doc.tells:
            known = vocabulary(doc.lang)
            for check in _CHECKS:
                yield from check(case, doc, known)


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
    # A heading alone tells none, but what stands under it may.
    headed = {b.section for b in doc.headings if known["element.basis"].search(b.text)}
    told = any(
        search([block], known["element.basis"])
        or (block.section in headed and _says_basis(block, known))
        for block in doc.blocks
        if block.kind is not Kind.HEADING
    )
    if not told and len(listed) < 2:
        yield finding("N208", case.place(doc, "basis", "purposes"))


def _says_basis(block: Block, known: Vocabulary) -> bool:
    """Whether a block under a heading about bases names one, or the act that it rests on."""
    kinds = (known[f"kind.{kind}"] for kind in KINDS)
    return bool(_ACT.search(block.text)) or any(kind.search(block.text) for kind in kinds)


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
    if used is None or any(_names_interest(block, known) for block in doc.blocks):
        return
    if any(text_in(t.get("interest"), doc.lang) for _, t in case.tables("purposes")):
        return  # told or not told purpose by purpose
    block, match = used
    yield finding("N212", doc.of(block, *match.span()))


def _names_interest(block: Block, known: Vocabulary) -> bool:
    """Whether a block says what an interest is: "Legitimate interest (6(1)(f)). Logs of access"."""
    text = _CITED.sub("", block.text)
    lead = pattern.match(text) if (pattern := known["element.interest"]) else None
    told = lead and re.match(r"\w*[.:]?\s+\w+ \w+", text[lead.end() :])
    return bool(told) or known["element.interest_named"].search(text) is not None


def _recipients(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if case.tables("recipients"):
        return  # each is looked for by its name
    if has_section(case, doc, "recipients"):
        yield from _vague_recipients(case, doc, known)
        return
    if not known["element.recipients"].search(doc.words):
        yield finding("N214", case.place(doc, "recipients"))


def _vague_recipients(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    """A section on recipients that speaks of "partners" and names neither one nor a category."""
    sections = case.sections(doc, "recipients")
    blocks = [block for section in sections for block in section.blocks]
    vague = known["element.recipient_vague"]
    said = next(affirmed(blocks, known, "element.recipient_vague"), None)
    if said is None or search(blocks, known["element.recipient_kind"]):
        return
    # A name, but for the controller's: a capital that begins no sentence.
    lead = next(iter(texts_of(case.table("controller").get("name"))), "")
    own = {word.lower()[:5] for word in lead.split()}
    found = (re.findall(r"(?<=[\w,(:] )[A-ZÅÄÖ][\w-]+", block.text) for block in blocks)
    names = {name[:5] for name in chain.from_iterable(found)}
    if any(name.lower() not in own and doc.words.count(name) < 6 for name in names):
        return
    match = vague.search(said[0].text, *said[1])
    assert match is not None
    yield finding("N247", doc.of(said[0], *match.span()), what=match[0])


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
            if block.plain.links or search(around, known["element.copy"]):
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
    sections = case.sections(doc, "retention")
    scope = [block for section in sections for block in (section.heading, *section.blocks)]
    scope = scope or [b for b in doc.blocks if known["element.retention"].search(b.text)]
    scoped = {id(block) for block in scope}
    period, criterion = known["element.period"], known["element.criterion"]
    vague = known["retention.vague"]
    elsewhere = sum(
        id(block) not in scoped
        and known["element.retention"].search(block.text) is not None
        and any(pattern.search(block.text) for pattern in (period, criterion))
        for block in doc.blocks
    )

    @cache
    def told(section: str) -> bool:
        return search(doc.by_section[section], period)

    flagged = False
    for number, block in enumerate(doc.blocks):
        if block.kind in (Kind.HEADING, Kind.FRONT) or not vague.search(block.text):
            continue
        if not known["element.retention"].search(block.text) and id(block) not in scoped:
            continue
        if block.kind is Kind.CELL or not block.section:
            row = case.index(doc).row(number) if block.kind is Kind.CELL else ()
            beside = search([block, *row], period)
        else:
            beside = told(block.section)
        for span in sentences(block, doc.lang):
            match = vague.search(block.text, span.start, span.end)
            if not match:
                continue
            sentence = block.text[span.start : span.end]
            rest = known["retention.rest"].search(block.text, span.start, match.start())
            if criterion.search(sentence) or period.search(sentence):
                continue
            if not rest and (beside or elsewhere > 1):
                continue
            flagged = True
            yield finding("N220", doc.of(block, *match.span()), what=match[0].strip())
    # Without a section of its own, a period counts beside the keeping or erasing of something.
    cells = [] if sections else [block for block in doc.blocks if block.kind is Kind.CELL]
    measured = search(scope, period) or search(scope, criterion) or search(cells, period)
    if not flagged and not measured:
        yield finding("N219", case.place(doc, "retention"))


def _must_give(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if not known["element.must_give"].search(doc.words) and not has_section(case, doc, "must_give"):
        yield finding("N232", case.place(doc, "must_give", "purposes", "data"))


def _automated(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    place = case.place(doc, "automated")
    targeting = next(affirmed(doc.blocks, known, "element.targeting"), None)
    if targeting and not known["element.profiling"].search(doc.words):
        block, span = targeting
        yield finding("N233", doc.of(block, *span))
    elif not known["element.automated"].search(doc.words) and not has_section(
        case, doc, "automated"
    ):
        yield finding("N234", place)


def _sources(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if not known["element.sources"].search(doc.words) and not has_section(case, doc, "sources"):
        yield finding("N235", case.place(doc, "sources", "data"))
        return
    sections = case.sections(doc, "sources")
    blocks = [block for section in sections for block in section.blocks]
    outside = next(affirmed(blocks, known, "element.outside_source"), None)
    if outside and not search(blocks, known["element.timing"]):
        yield finding("N236", doc.of(outside[0], *outside[1]))


def _version(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    if case.effective or case.table("version").get("effective"):
        return
    months = known.strings("number", "months")
    day = re.compile(rf"{_DAY}|(?:{'|'.join(months)})\w* \d{{4}}", re.IGNORECASE)
    changes = {section.id for section in case.sections(doc, "changes")}
    dated = any(
        day.fullmatch(block.text.strip(" ."))
        or (
            day.search(block.text)
            and (block.section in changes or known["element.dating"].search(block.text))
        )
        for block in doc.blocks
    )
    if not dated and not known["element.version"].search(doc.words):
        yield finding("N242", case.place(doc, "changes"))


def _component(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    """What a site with this component tells besides: the browser's signal, and its two logs."""
    declared = case.declaration
    if declared is None or not asks(case):
        return
    denied = [c for c in declared.categories if c.gpc and declared.of(c.id)]
    if denied and not known["element.gpc"].search(doc.words):
        yield finding("N243", case.place(doc, "gpc", "cookies"))
    if not known["element.consent_log"].search(doc.words):
        yield finding("N244", case.place(doc, "consent_log", "cookies"))
    if not known["element.server_log"].search(doc.words):
        yield finding("N246", case.place(doc, "data", "retention"))


_CHECKS = (
    _basis,
    _interest,
    _recipients,
    _transfers,
    _retention,
    _must_give,
    _automated,
    _sources,
    _version,
    _component,
)
