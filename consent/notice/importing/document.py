"""Blocks become sections with ids and roles, and sections become the Markdown of a notice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from .blocks import Block, Document, Reading, Section, guarded
from .roles import TITLES, role, slug

_ANCHOR = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\]){1,200})\]\(#([^()\s]{0,200})\)")


def document(reading: Reading, lang: str, file: str, first: Document | None = None) -> Document:
    """Divide a notice into sections.

    A section's id is its role where the heading tells it (the same in every language), else the
    heading in ASCII. `first` is another language of the same notice: where both have as many
    headings, its ids stand for those that the heading alone gives.
    """
    sections: list[Section] = []
    anchors: dict[str, str] = {}
    taken: set[str] = set()
    blocks: list[Block] = []
    head = Section("", "", Block("text").words, 2)
    for block in reading.blocks:
        if block.kind != "heading":
            blocks.append(block)
            anchors |= dict.fromkeys(block.keys, head.key)
            continue
        if head.key or blocks:
            sections.append(_with(head, blocks))
        blocks = []
        told = role(block.plain, lang) if block.level == 2 else ""
        told = "" if told in taken else told
        key = _free(
            told.replace("_", "-") or slug(block.plain) or f"section-{len(taken) + 1}", taken
        )
        taken |= {key, told}
        head = Section(key, told, block.words, block.level)
        anchors |= dict.fromkeys(block.keys, key)
    if head.key or blocks:
        sections.append(_with(head, blocks))
    if first:
        sections = _like(sections, first.sections, anchors)
    return Document(lang, file, reading, tuple(sections), anchors)


def markdown(doc: Document) -> str:
    """Write a document as a Markdown file with front matter."""
    title = doc.reading.title or TITLES[doc.lang]
    front = f'---\ntitle: {json.dumps(title, ensure_ascii=False)}\nshort: ""\nchange: ""\n---\n'
    parts = [front]
    for section in doc.sections:
        if section.key:
            text = section.heading.markdown.replace("\n", " ")
            parts.append(f"{'#' * section.level} {text} {{#{section.key}}}\n")
        parts += _written(section.blocks)
    known = {section.key for section in doc.sections}

    def link(match: re.Match[str]) -> str:
        key = doc.anchors.get(match[2], match[2])
        return f"[{match[1]}](#{key})" if key in known and key else match[1]

    return _ANCHOR.sub(link, "\n".join(parts))


def _with(head: Section, blocks: Sequence[Block]) -> Section:
    return Section(head.key, head.role, head.heading, head.level, tuple(blocks))


def _free(key: str, taken: Iterable[str]) -> str:
    number, found = 2, key
    while found in taken:
        found, number = f"{key}-{number}", number + 1
    return found


def _like(
    sections: Sequence[Section], others: Sequence[Section], anchors: dict[str, str]
) -> list[Section]:
    ours, theirs = ([(s.level, bool(s.key)) for s in some] for some in (sections, others))
    if ours != theirs:
        return list(sections)
    # A role that both name must be in the same place, or they are not the same sections.
    pairs = list(zip(sections, others, strict=True))
    if any(one.role and other.role and one.role != other.role for one, other in pairs):
        return list(sections)
    renamed = {one.key: other.key for one, other in pairs}
    anchors |= {name: renamed.get(key, key) for name, key in anchors.items()}
    return [
        Section(other.key, one.role or other.role, one.heading, one.level, one.blocks)
        for one, other in pairs
    ]


def _written(blocks: Sequence[Block]) -> list[str]:
    parts: list[str] = []
    deepest = 0
    for place, block in enumerate(blocks):
        # An item that is deeper than there are items above it would be read as code.
        level = min(block.level, deepest)
        deepest = level + 1 if block.kind == "item" else 0
        if block.kind == "table":
            parts.append(_table(block))
        elif block.kind == "item":
            after = blocks[place + 1] if place + 1 < len(blocks) else None
            mark = block.number or "-"
            text = guarded(block.words.markdown.replace("\n", " "))
            line = f"{'  ' * level}{mark} {text}"
            parts.append(line if after and after.kind == "item" else f"{line}\n")
        else:
            parts.append(f"{guarded(block.words.markdown)}\n")
    return parts


def _table(block: Block) -> str:
    head, *rows = block.rows
    lines = [f"| {' | '.join(_cell(cell.markdown) for cell in row)} |" for row in (head, *rows)]
    lines.insert(1, f"|{' --- |' * len(head)}")
    return "\n".join(lines) + "\n"


def _cell(markdown: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(markdown.split()))
