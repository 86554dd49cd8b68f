"""`consent notice import`: an existing notice becomes a draft."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .common import Commands, command

if TYPE_CHECKING:
    from ..notice.importing.blocks import Document

_LEFT_OUT = 72
"""So many characters of what was left out are shown."""


def add(notice: Commands) -> None:
    """Add the command."""
    imported = command(
        notice,
        "import",
        "Make a draft of an existing notice: Markdown with section ids for each language, and "
        "facts.toml with what could be read; what is missing carries confirm = true and a "
        "question to the company. The files are text as it was copied from a page, HTML, Markdown "
        "or Word documents. Nothing is overwritten. No text is lost: what a page has around it is "
        "named.",
        config=False,
    )
    imported.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="the notice, a file for each language: .txt, .html, .md or .docx",
    )
    imported.add_argument(
        "--lang",
        metavar="LANG",
        choices=("fi", "sv", "en"),
        default="",
        help="the language of the file: fi, sv or en (default: found out)",
    )
    imported.add_argument(
        "--into",
        metavar="FOLDER",
        type=Path,
        default=Path("notices/privacy/draft"),
        help="the folder of the draft (default: notices/privacy/draft)",
    )
    imported.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    from ..errors import NoticeError, Problem
    from ..notice.importing import import_notice, write

    if arguments.lang and len(arguments.files) > 1:
        remedy = "import one file with --lang, or let the languages be found out"
        raise NoticeError([Problem("--lang", "", "there are several files", remedy)])
    imported = import_notice(arguments.files, arguments.lang)
    paths = write(imported, arguments.into)
    for doc in imported.documents:
        _tell(doc)
    print(f"facts read: {len(imported.read)}")
    for line in imported.read:
        print(f"  {line}")
    print(f"missing or unsure: {len(imported.missing)}, asked in facts.toml")
    for key in imported.missing:
        print(f"  {key}")
    print("written:")
    for path in paths:
        print(f"  {path}")
    print("Write the summary (short:) of each language, then see: consent notice status")
    return 0


def _tell(doc: Document) -> None:
    known = sum(bool(section.role) for section in doc.sections)
    headed = [section for section in doc.sections if section.key]
    tables = sum(block.kind == "table" for s in doc.sections for block in s.blocks)
    print(f"{doc.file}: {doc.lang}, {len(headed)} sections, {tables} tables")
    print(f"  title: {doc.reading.title or 'none found; the usual one was taken'}")
    if not headed:
        print("  no headings were found: write ## Heading {#id} before each section")
    elif known < len(headed):
        unsure = ", ".join(f"#{section.key}" for section in headed if not section.role)
        print(f"  sections whose matter is unsure: {unsure}")
    for part in doc.reading.left_out:
        shown = part if len(part) <= _LEFT_OUT else f"{part[:_LEFT_OUT]}…"
        print(f"  left out, as no part of the notice: {shown}")
