"""How a text is worded: obsolete terms, misleading phrases, hedges, length, names (R54-R85)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil

from .case import Case
from .facts import BUSINESS_ID
from .rules import Finding, finding
from .signs import KINDS, affirmed, settings_link
from .text import Block, Doc, Kind
from .words import Span, Vocabulary, clause, count_words, near, sentences, shared, vocabulary

HEDGES = 10
"""How many hedges a text may have in a thousand words (R67)."""
ADVISED, LONGEST = 25, 40
"""The words of a sentence that are advised, and the most (R68)."""
PARAGRAPH = 120

_FEW = 4  # so many hedges are few in any text
_PHRASES = (
    *("N301", "N302", "N303", "N304", "N305", "N306", "N307", "N308", "N309", "N319", "N320"),
    *("N245", "N322", "N323", "N324"),
)
# What a whole sentence says; the others are a name or a word in it.
_SAID = frozenset(
    ["N245", "N305", "N306", "N307", "N308", "N309", "N322", "N323", "N324"],
)
_COMPANY = re.compile(
    r"[\s-]*(?:\w+[\s-]){0,2}(?:Oy|Oyj|Ab|AB|Abp|Ky|Tmi|ry|rf|Ltd|Inc|LLC|GmbH|plc|ApS|AS|Osk)\b"
)
_CAPITALS = re.compile(r"(?<![\w./@&+-])[A-ZÅÄÖ]{2,6}(?=(?:[:-]\w|s\b)?(?![\w/@&+]|\.\w))")
_REST = re.compile(r"\w*")
_ROMAN = re.compile(r"[IVX]+")
# Part of a name: "SNN Associates", "at Centra AMK".
_NAME_AFTER = re.compile(r" [A-ZÅÄÖ][a-zåäö]+")
_NAME_BEFORE = re.compile(r"[a-zåäö,] [A-ZÅÄÖ][a-zåäö]+ $")
_TWICE = re.compile(r"(?<![\w-])([^\W\d_]{2,})\s+\1(?![\w-])", re.IGNORECASE)
_MAY_STAND_TWICE = {"että", "niin", "on", "ei", "de", "det", "den", "är", "så", "had", "that"}


def check_wording(case: Case) -> Iterator[Finding]:
    """Judge the words of every text."""
    for doc in case.spoken:
        known = vocabulary(doc.lang)
        spans = [(block, sentences(block, doc.lang)) for block in doc.blocks]
        for rule in _PHRASES:
            yield from _phrases(case, doc, known, rule, spans)
        yield from _bases(case, doc, known, spans)
        yield from _hedges(doc, known, spans)
        yield from _lengths(doc, known, spans)
        yield from _abbreviations(case, doc, known)
        yield from _drift(case, doc, known, spans)
        yield from _twice(doc)


Spans = list[tuple[Block, list[Span]]]


def _phrases(case: Case, doc: Doc, known: Vocabulary, rule: str, spans: Spans) -> Iterator[Finding]:
    pattern = known[f"phrase.{rule}"]
    if not pattern.search(doc.words):
        return
    told: set[str] = set()
    in_addition = _in_addition(doc, known) if rule == "N305" else None
    for block, parts in spans:
        if not pattern.search(block.text):
            continue
        for number, span in enumerate(parts):
            after = parts[number + 1] if number + 1 < len(parts) else None
            for match in pattern.finditer(block.text, span.start, span.end):
                around = near(span, *match.span())
                if _excused(case, doc, known, rule, block, around, after, match):
                    continue
                if in_addition and in_addition(match[0]):
                    continue
                end = _word_end(block.text, match.end()) if rule in _SAID else match.end()
                words = " ".join(block.text[match.start() : end].split()).rstrip(" ,;:(")
                # A name that stands in many places is told where it stands first in a section.
                key = f"{block.section}/{words.lower()}"
                if rule in ("N302", "N303", "N304", "N320") and key in told:
                    continue
                told.add(key)
                yield finding(rule, doc.of(block, match.start(), end), what=words)
                if rule in _SAID:
                    break


def _excused(
    case: Case,
    doc: Doc,
    known: Vocabulary,
    rule: str,
    block: Block,
    span: Span,
    after: Span | None,
    match: re.Match[str],
) -> bool:
    """Whether a phrase says no fault: it denies it, tells of the past, or is a name."""
    text = block.text
    if rule in ("N319", "N320"):
        return rule == "N320" and _named(case, text, match)
    if _named(case, text, match):
        return True
    unless = known[f"unless.{rule}"]
    sentence = text[span.start : span.end]
    part = clause(text, span, match.start(), match.end())
    if rule in _SAID:
        if unless.search(sentence):
            return True
        if rule in ("N309", "N324"):
            return _announced(doc, known, block)
        # What is told of consent that was withdrawn, not of a purpose or of a transfer.
        return rule == "N322" and not known["element.withdrawal"].search(block.text)
    if block.kind is Kind.HEADING:
        return any(
            known[f"phrase.{rule}"].search(other.text) and unless.search(other.text)
            for other in doc.by_section[block.section]
            if other.kind is not Kind.HEADING
        )
    use = known[f"use.{rule}"] if rule in known.names("use") and rule != "N303" else None
    used = use is not None and use.search(part)
    if unless.search(part) or (unless.search(sentence) and not used):
        return True
    if known["sentence.negation"].search(part) and not known["sentence.exception"].search(sentence):
        return True
    following = text[after.start : min(after.end, after.start + 600)] if after else ""
    return not used and bool(unless.search(following)) and rule in ("N301", "N302")


def _word_end(text: str, end: int) -> int:
    """Where the word ends that the characters before `end` begin."""
    inside = end and (text[end - 1].isalnum() or text[end - 1] == "_")
    return _REST.match(text, end).end() if inside else end  # type: ignore[union-attr]


def _named(case: Case, text: str, match: re.Match[str]) -> bool:
    """Whether a phrase is part of a company's name."""
    if _COMPANY.match(text, match.end()):
        return True
    for name in case.names:
        at = text.find(name, max(0, match.start() - len(name)), match.end() + len(name))
        if 0 <= at <= match.start() and match.end() <= at + len(name) and name != match[0]:
            return True
    return False


def _announced(doc: Doc, known: Vocabulary, block: Block) -> bool:
    """Whether the section that reserves the right promises to tell some days before."""
    blocks = doc.by_section[block.section] if block.section else [block]
    period, ahead = known["element.period"], known["element.ahead"]
    return any(
        period.search(other.text, *span) and ahead.search(other.text, *span)
        for other in blocks
        if ahead.search(other.text)
        for span in sentences(other, doc.lang)
    )


def _in_addition(doc: Doc, known: Vocabulary) -> Callable[[str], bool]:
    """Whether a phrase tells of browser settings only besides the settings of the site (R65)."""
    linked = settings_link(doc, known) or _settings_named(doc, known)
    excused = linked or bool(known["element.only_necessary"].search(doc.words))

    def told(phrase: str) -> bool:
        if known["element.consent"].search(phrase) or known["phrase.consent_words"].search(phrase):
            return linked and bool(known["element.settings"].search(phrase))
        return excused

    return told


def _settings_named(doc: Doc, known: Vocabulary) -> bool:
    """Whether the settings of the site are told in a sentence that is not about the browser."""
    settings, browser = known["element.settings"], known["element.browser"]
    return any(
        settings.search(part) and not browser.search(part)
        for block, span in affirmed(doc.blocks, known, "element.settings")
        for part in re.split(r"[,;:]|" + known["kind.either"].pattern, block.text[slice(*span)])
    )


def _bases(case: Case, doc: Doc, known: Vocabulary, spans: Spans) -> Iterator[Finding]:
    """Bases that are left open: "and/or" beside one."""
    pattern = known["kind.and_or"]
    kinds = [known[f"kind.{kind}"] for kind in KINDS]
    for block, parts in spans:
        if not pattern.search(block.text):
            continue
        for span in parts:
            for match in pattern.finditer(block.text, span.start, span.end):
                left = block.text[max(span.start, match.start() - 60) : match.start()]
                right = block.text[match.end() : min(span.end, match.end() + 60)]
                sides = [any(kind.search(side) for kind in kinds) for side in (left, right)]
                around = near(span, *match.span())
                based = known["element.basis"].search(block.text, around.start, match.end())
                if all(sides) or (any(sides) and based):
                    start = span.start if match.start() - span.start < 60 else match.start() - 25
                    words = block.text[start : match.end() + 25].strip()
                    yield finding("N209", doc.of(block, *match.span()), what=words)


def _hedges(doc: Doc, known: Vocabulary, spans: Spans) -> Iterator[Finding]:
    strong, weak = known["hedge.strong"], known["hedge.weak"]
    skip_after = set(known.strings("hedge", "not_after"))
    skip_before = tuple(known.strings("hedge", "not_before"))
    found: list[tuple[Block, re.Match[str]]] = []
    for block, parts in spans:
        if block.kind is Kind.HEADING:
            continue
        for pattern in (strong, weak):
            for match in pattern.finditer(block.text):
                if pattern is weak and _no_hedge(block.text, match, skip_after, skip_before):
                    continue
                found.append((block, match))
        for span in parts:
            if hedge := strong.search(block.text, span.start, span.end):
                yield finding("N310", doc.of(block, *hedge.span()), what=hedge[0])
    words = count_words(doc.words)
    if len(found) > _FEW and len(found) * 1000 > HEDGES * words:
        counts = Counter(match[0].lower() for _, match in found)
        what = ", ".join(f"{word} {count}" for word, count in counts.most_common(6))
        block, match = found[0]
        count = ceil(len(found) * 1000 / words)
        yield finding("N311", doc.of(block, *match.span()), count=count, what=what)


def _no_hedge(text: str, match: re.Match[str], after: set[str], before: tuple[str, ...]) -> bool:
    if match[0] == "May":  # the month
        return True
    preceding = re.findall(r"[\w-]+", text[max(0, match.start() - 40) : match.start()])
    if preceding and preceding[-1].lower() in after:
        return True
    following = text[match.end() : match.end() + 30].strip().lower()
    return following.startswith(before) if before else False


def _lengths(doc: Doc, known: Vocabulary, spans: Spans) -> Iterator[Finding]:
    counts = []
    for block, parts in spans:
        if block.kind is Kind.HEADING:
            continue
        for span in parts:
            count = count_words(block.text[span.start : span.end])
            if block.kind is Kind.PARAGRAPH:
                counts.append(count)
            if count > LONGEST:
                yield finding("N313", doc.of(block, *span), count=count)
            elif count > ADVISED:
                yield finding("N312", doc.of(block, *span), count=count)
        if block.kind is Kind.PARAGRAPH and (count := count_words(block.text)) > PARAGRAPH:
            yield finding("N315", doc.of(block), count=count)
    limit = known.value("limit", "mean")
    assert isinstance(limit, int)
    counts = [count for count in counts if count > 2]
    if len(counts) > 4 and sum(counts) > limit * len(counts):
        place = doc.top()
        mean = f"{sum(counts) / len(counts):.0f}"
        yield finding("N314", place, count=mean, limit=limit)


def _abbreviations(case: Case, doc: Doc, known: Vocabulary) -> Iterator[Finding]:
    skipped = {*known.strings("abbreviation", "known"), *shared("abbreviation", "known")}
    for name in case.names:
        skipped |= set(_CAPITALS.findall(name))
    cookies = {section.id for section in case.sections(doc, "cookies")}
    for block in doc.blocks:
        if block.kind is Kind.HEADING or (block.kind is Kind.CELL and block.section in cookies):
            continue
        loud = [word for word in re.findall(r"[^\W\d_]{2,}", block.text) if word.isupper()]
        if len(loud) > 3 and 2 * len(loud) > count_words(block.text):
            continue  # a line in capitals
        for match in _CAPITALS.finditer(block.text):
            word = match[0]
            if word in skipped or _ROMAN.fullmatch(word) or _in_code(block, match.start()):
                continue
            skipped.add(word)
            # A word in capitals that also stands in small letters: "answer NO".
            if re.search(rf"(?<!\w)(?:{word.lower()}|{word.capitalize()})(?!\w)", doc.words):
                continue
            if _COMPANY.match(block.text, match.end()) or _explained(doc, known, word):
                continue
            if _NAME_AFTER.match(block.text, match.end()) or _NAME_BEFORE.search(
                block.text, max(0, match.start() - 40), match.start()
            ):
                continue
            yield finding("N316", doc.of(block, *match.span()), what=word)


def _in_code(block: Block, place: int) -> bool:
    if any(start <= place < end for start, end in block.plain.code):
        return True
    return any(
        link.start <= place < link.end and "://" in block.text[link.start : link.end]
        for link in block.plain.links
    )


def _explained(doc: Doc, known: Vocabulary, word: str) -> bool:
    if re.search(rf"(?<!\w){word} [–—-] [A-ZÅÄÖ][\w-]+ \w", doc.words):
        return True
    quoted = rf"[\"”“’']?{word}s?[\"”“’']?"
    if re.search(rf"\w\s*\(\s*(?:[^()]*\b)?{quoted}\s*[,;)]", doc.words):
        return True
    if re.search(rf"{quoted}(?:[:-]\w+)?\s*\([^()]*[^\W\d_]{{2,}}[^()]*[^\W\d_]{{3,}}", doc.words):
        return True
    after = re.search(rf"{quoted}[,\s]+(?:\w+\s+){{0,1}}", doc.words)
    return after is not None and bool(known["abbreviation.defined"].match(doc.words, after.end()))


def _drift(case: Case, doc: Doc, known: Vocabulary, spans: Spans) -> Iterator[Finding]:
    for rule, name in (("N317", "notice"), ("N318", "cookie"), ("N318", "processing")):
        names = known.strings("drift", name)
        if len(names) < 2 and name != "cookie":
            continue
        found: dict[str, list[tuple[Block, re.Match[str]]]] = {}
        for stem in names:
            pattern = re.compile(rf"(?<!\w){stem}", re.IGNORECASE)
            if not pattern.search(doc.words):
                continue
            for block, parts in spans:
                for span in parts:
                    for match in pattern.finditer(block.text, span.start, span.end):
                        if _ours(case, doc, known, block, near(span, *match.span()), match):
                            found.setdefault(stem, []).append((block, match))
        if len(found) < 2:
            continue
        # The name to keep is the one used most; of two alike the one that comes first.
        kept = max(found, key=lambda stem: len(found[stem]))
        first = found[kept][0][1][0]
        for stem, places in found.items():
            if stem != kept and (rule == "N317" or len(places) > 1):
                block, match = places[0]
                place = doc.of(block, *match.span())
                yield finding(rule, place, first=first, what=match[0])


def _ours(
    case: Case, doc: Doc, known: Vocabulary, block: Block, span: Span, match: re.Match[str]
) -> bool:
    """Whether a name is used of our own thing, not of another's and not of a former one."""
    for link in block.plain.links:
        if link.start <= match.start() < link.end and "://" in doc.target(link):
            return False
    sentence = block.text[span.start : span.end]
    if known["drift.over"].search(sentence) or known["drift.other_party"].search(sentence):
        return False
    if _named(case, block.text, match):
        return False
    before = block.text[span.start : match.start()].rstrip()
    # A definition, "evästeet (engl. cookies)", and what stands in code.
    if before.endswith("(") or _in_code(block, match.start()):
        return False
    owner = re.search(r"([A-ZÅÄÖ][\w-]+?)(?:n|in|:n|s|['’]s?)$", before)
    if owner is not None and owner.start() > 0:
        controller = str(case.table("controller").get("name", ""))
        return owner[1].lower() in controller.lower()
    return True


def _twice(doc: Doc) -> Iterator[Finding]:
    for block in doc.blocks:
        for match in _TWICE.finditer(block.text):
            if match[1].lower() not in _MAY_STAND_TWICE and not BUSINESS_ID.search(match[0]):
                yield finding("N321", doc.of(block, *match.span()), what=match[0])
