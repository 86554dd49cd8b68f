"""What several checks of a text ask: what it affirms, and what the case is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .case import Case, text_in
from .text import Block, Doc, Kind
from .words import Span, Vocabulary, clause, near, sentences, vocabulary

KINDS = ("contract", "consent", "obligation", "interest", "task", "vital")
"""The six legal bases, as the vocabularies name them."""


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
                around = near(span, *match.span())
                if not negation.search(part) or but.search(block.text, *around):
                    yield block, span
                    break


def bases(case: Case) -> set[str]:
    """The bases that the facts name."""
    return {str(table.get("basis")) for _, table in case.tables("purposes")}


def uses_cookies(case: Case, doc: Doc) -> bool:
    """Whether the site stores more than our own choice, by its declaration, else by its text."""
    known = vocabulary(doc.lang)
    declared = case.declaration.services if case.declaration else ()
    if any(service.id != "consent" for service in declared):
        return True
    if not known["element.cookies"].search(doc.words):
        return False
    return not known["element.no_cookies"].search(doc.words) or "[[cookies]]" in doc.raw


def markets(case: Case, doc: Doc) -> bool:
    """Whether there is marketing, by the facts or else by the text."""
    known = vocabulary(doc.lang)
    names = [text_in(table.get("name"), doc.lang) for _, table in case.tables("purposes")]
    denied = known["sentence.negation"]
    if any(known["element.marketing"].search(name) and not denied.search(name) for name in names):
        return True
    return any(affirmed(doc.blocks, known, "element.marketing"))


def search(blocks: Iterable[Block], pattern: re.Pattern[str]) -> bool:
    """Whether any of the blocks holds a pattern."""
    return any(pattern.search(block.text) for block in blocks)


def has_section(case: Case, doc: Doc, role: str) -> bool:
    """Whether a section of its own, with some words in it, is about something."""
    return any(
        section.blocks and sum(len(block.text.split()) for block in section.blocks) > 2
        for section in case.apart(doc, role)
    )


def settings_link(doc: Doc, known: Vocabulary) -> bool:
    """Whether a text links to the settings of the site."""
    pattern = known["element.settings"]
    return any(
        doc.target(link).startswith("[[settings]]")
        or pattern.search(block.text[link.start : link.end])
        for block, link in doc.links
    )
