"""An existing notice becomes a draft: Markdown with section ids, and facts as far as they are told.

    pasted, markup          text, or a page, read into blocks
    marked, word            Markdown and Word documents, which are read as pages
    layout, headings        what of a page is looks alone; what of it is a heading
    blocks, document        blocks; sections and their Markdown
    language, roles         which language; what a heading is about
    reading, purposes       single facts, and purposes with their bases, out of text
    facts, questions, toml  the facts file, and what is asked of the company

Nothing of the text is lost: what a page has around a notice is left out by name.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import NoticeError, Problem
from ..version import FACTS
from .blocks import Document, Reading
from .document import document, markdown
from .facts import read_facts
from .language import language
from .marked import read_marked
from .markup import read_markup
from .pasted import read_pasted
from .word import word_html

LANGUAGES = ("fi", "sv", "en")
_HTML = (".html", ".htm", ".xhtml")
_MARKDOWN = (".md", ".markdown")
_TEXT = (".txt", ".text", "")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gives: files by name, the documents, and what was read and what is missing."""

    files: dict[str, str]
    documents: tuple[Document, ...]
    read: tuple[str, ...]
    missing: tuple[str, ...]


def import_notice(paths: Sequence[Path], lang: str = "") -> Imported:
    """Read the languages of one notice, a file each: pasted text, HTML, Word or Markdown.

    `lang` is the language of the only file; it is found out where it is not given. Raises
    `NoticeError` if a file cannot be read, its language is unsure or two are in one language.
    """
    docs: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            reading, found = _read(path, lang)
        except NoticeError as error:
            problems += error.problems
            continue
        if any(doc.lang == found for doc in docs):
            message = f"another file is in {found} as well"
            problems.append(Problem(path.name, "", message, "give one file for each language"))
        elif not any(block.plain for block in reading.blocks):
            remedy = "open it and see whether the text is in it, and not made by a script"
            problems.append(Problem(path.name, "", "there is no text in it", remedy))
        else:
            docs.append(document(reading, found, path.name, docs[0] if docs else None))
    if problems:
        raise NoticeError(problems)
    facts = read_facts(docs)
    files = {f"{doc.lang}.md": markdown(doc) for doc in docs} | {FACTS: facts.toml}
    return Imported(files, tuple(docs), facts.read, facts.missing)


def write(imported: Imported, folder: Path) -> list[Path]:
    """Write a draft; returns the files.

    Raises `NoticeError` if one of them is there already: nothing is overwritten, and then nothing
    is written.
    """
    paths = [folder / name for name in imported.files]
    remedy = "move it away first, or name another folder with --into"
    there = [
        Problem(str(path), "", "it is there already, and is not overwritten", remedy)
        for path in paths
        if os.path.lexists(path)
    ]
    if there:
        raise NoticeError(there)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(paths, imported.files.values(), strict=True):
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return paths


def _read(path: Path, lang: str) -> tuple[Reading, str]:
    suffix = path.suffix.casefold()
    if suffix == ".docx":
        html, around = word_html(path)
        reading = read_markup(html)
        reading = replace(reading, left_out=(*around, *reading.left_out))
        return reading, lang or _language(path, reading)
    if suffix not in (*_HTML, *_MARKDOWN, *_TEXT):
        message, remedy = f"{suffix} files are not read", "save it as text, HTML or .docx"
        raise NoticeError([Problem(path.name, "", message, remedy)])
    text = _decoded(path)
    if suffix in _HTML or text.lstrip()[:200].casefold().startswith(("<!doctype html", "<html")):
        reading = read_markup(text)
        return reading, lang or _language(path, reading)
    if suffix in _MARKDOWN:
        reading = read_marked(text)
        return reading, lang or _language(path, reading)
    found = lang or language(text)
    if not found:
        raise _unsure(path)
    return read_pasted(text, found), found


def _language(path: Path, reading: Reading) -> str:
    found = language("\n".join(block.plain for block in reading.blocks))
    if not found and any(block.plain for block in reading.blocks):
        raise _unsure(path)
    return found


def _unsure(path: Path) -> NoticeError:
    remedy = f"say which with --lang, one of {', '.join(LANGUAGES)}"
    return NoticeError([Problem(path.name, "", "its language is unsure", remedy)])


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    # Browsers and Word save in what Windows uses, and in UTF-16.
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
