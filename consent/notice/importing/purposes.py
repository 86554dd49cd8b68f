"""The purposes that a notice lists, each with the bases that it states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .blocks import Block, Document, Section
from .reading import bases, states_a_basis

_BASIS_COLUMN = re.compile(r"perust|grund|basis|bases|ground", re.IGNORECASE)
_PARTS = re.compile(r"\s*[:–—(;]\s*|\s+-\s+|,\s+(?=perust|grund|based)|(?<=\w)\.\s+")
_OWN = re.compile(
    r"^(?:henkilötietojen |tietojen )?(?:käsitte\w+ )?(?:perust|oikeusperust)|"
    r"^(?:behandlingen )?(?:grund|rättslig grund|baser)|"
    r"^(?:the )?(?:legal |lawful )?(?:bas|ground)",
    re.IGNORECASE,
)
_WORDS = 4
"""So few words that name a basis are the basis itself, not a purpose."""


class Purpose(NamedTuple):
    """A purpose in the words of one language, and the legal bases that are stated for it."""

    name: str
    bases: tuple[str, ...]


def purposes(doc: Document) -> list[Purpose]:
    """List the purposes of a notice: rows of a table, items of a list, or subheadings."""
    blocks = doc.told("purposes", "basis")
    for block in blocks:
        if block.kind == "table" and (rows := _rows(block)):
            return rows
    listed = [found for text, below in tops(blocks) if (found := _item(text, below, doc.lang))]
    if any(purpose.bases for purpose in listed):
        return listed
    return _subheadings(doc.sections) or listed


def tops(blocks: Sequence[Block]) -> list[tuple[str, list[str]]]:
    """List the items of the first level, each with those below it."""
    found: list[tuple[str, list[str]]] = []
    for block in blocks:
        if block.kind != "item":
            continue
        if block.level == 0 or not found:
            found.append((block.plain, []))
        else:
            found[-1][1].append(block.plain)
    return found


def _rows(table: Block) -> list[Purpose]:
    head, *rows = table.rows
    columns = [n for n, cell in enumerate(head) if _BASIS_COLUMN.search(cell.plain)]
    if not columns or columns[0] == 0:
        return []
    return [Purpose(row[0].plain, tuple(bases(row[columns[0]].plain))) for row in rows]


def _item(text: str, below: Sequence[str], lang: str) -> Purpose | None:
    stated = [line for line in below if states_a_basis(line, lang)]
    if stated:
        return Purpose(text, tuple(bases(" ".join(stated))))
    name, *rest = _PARTS.split(text, maxsplit=1)
    rest_text = rest[0] if rest else ""
    if bases(name) and len(name.split()) <= _WORDS:
        # "Sopimus: tilauksen toimittaminen", or a list of bases alone.
        return Purpose(rest_text.rstrip(" )."), tuple(bases(name))) if rest_text else None
    short = len(rest_text.split()) <= 2 * _WORDS
    if bases(rest_text) and (short or states_a_basis(rest_text, lang) or _OWN.match(rest_text)):
        return Purpose(name, tuple(bases(rest_text)))
    match = re.search(r"\s(?:perustuu|perustuvat|grundar sig på|is based on)\s", text)
    if match and (named := bases(text[match.start() :])):
        return Purpose(text[: match.start()], tuple(named))
    return Purpose(text.rstrip("."), ())


def _subheadings(sections: Sequence[Section]) -> list[Purpose]:
    found: list[Purpose] = []
    inside = 0
    for section in sections:
        if section.role in ("purposes", "basis"):
            inside = section.level
        elif section.role or section.level <= inside:
            inside = 0
        elif inside:
            text = "\n".join(block.plain for block in section.blocks)
            name = re.sub(r"^[\d.]+\s+", "", section.heading.plain)
            found.append(Purpose(name, tuple(bases(text))))
    return found
