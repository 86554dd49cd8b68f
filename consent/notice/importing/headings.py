"""Which of the blocks of a page are headings, and which of those is the title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .blocks import Block, Words, escaped
from .roles import TITLES, names_a_notice, role

BOLD = re.compile(r"\*\*[^*\n]+\*\*:?")
"""A line that is all bold."""


def divided(blocks: Sequence[Block]) -> tuple[str, list[Block]]:
    """Give the title, "" for none, and the other blocks with headings of levels 2 to 6."""
    title, rest = _title(_bold_headings(blocks))
    return title, _headings(rest)


def _bold_headings(blocks: Sequence[Block]) -> list[Block]:
    # Where a page has no headings, short paragraphs in bold are meant as such.
    if sum(block.kind == "heading" for block in blocks) > 2:
        return list(blocks)

    def meant(block: Block) -> bool:
        bold = BOLD.fullmatch(block.words.markdown)
        return block.kind == "text" and bold is not None and len(block.plain) < 100

    return [
        Block("heading", Words(b.plain, escaped(b.plain)), 2, keys=b.keys) if meant(b) else b
        for b in blocks
    ]


def _title(blocks: list[Block]) -> tuple[str, list[Block]]:
    heads = [place for place, block in enumerate(blocks) if block.kind == "heading"]
    first = [place for place in heads if blocks[place].level == 1]
    named = [place for place in heads[:3] if names_a_notice(blocks[place].plain)]
    told = [
        place
        for place, block in enumerate(blocks[:5])
        if block.kind == "text" and names_a_notice(block.plain)
    ]
    if len(first) > 1 and not set(first) & set(named):
        # Sections, as a word processor writes them; the title is a paragraph of its own.
        section = any(role(blocks[first[0]].plain, lang) for lang in TITLES)
        first = [] if section or (told and told[0] < first[0]) else first
    for place in (*first[:1], *named[:1], *told[:1]):
        return blocks[place].plain, blocks[:place] + blocks[place + 1 :]
    return "", blocks


def _headings(blocks: Sequence[Block]) -> list[Block]:
    # The highest level there is becomes that of a section; none is skipped below it.
    levels = sorted({block.level for block in blocks if block.kind == "heading"})
    place = {level: 2 + rank for rank, level in enumerate(levels)}
    return [
        replace(b, words=Words(b.plain, escaped(b.plain)), level=min(place[b.level], 6))
        if b.kind == "heading"
        else b
        for b in blocks
    ]
