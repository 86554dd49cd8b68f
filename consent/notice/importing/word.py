"""A notice as a Word document: mammoth makes HTML of it, which is read as any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from zipfile import ZipFile

from ...errors import NoticeError, Problem

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Otsikko'] => h1:fresh
p[style-name='Rubrik'] => h1:fresh
p[style-name='List Bullet 2'] => ul|ol > li > ul > li:fresh
p[style-name='List Number 2'] => ul|ol > li > ol > li:fresh
p[style-name='List Bullet 3'] => ul|ol > li > ul|ol > li > ul > li:fresh
"""


_PARTS = re.compile(r"word/(header|footer|comments|document|footnotes|endnotes)\d*\.xml")
_READ = ("document", "footnotes", "endnotes")
_RUN = re.compile(r"<w:t(?:\s[^>]*)?>([^<]*)</w:t>|(<w:tab/>|<w:br/>)")


def word_html(path: Path) -> tuple[str, tuple[str, ...]]:
    """Give a `.docx` file as HTML, and by name the words of it that are not in that.

    They stand in headers, footers and comments, or in what mammoth does not know.

    Raises `NoticeError` if the extra `docx` is not installed, or the file is no Word document.
    """
    try:
        import mammoth
    except ImportError as error:
        remedy = (
            "install it with: pip install 'jackbot-consent[docx]', or save the document as HTML"
        )
        message = "Word documents need the package mammoth, which is not installed"
        raise NoticeError([Problem(path.name, "", message, remedy)]) from error
    try:
        with path.open("rb") as file:
            html = str(mammoth.convert_to_html(file, style_map=_STYLES).value)
        return html, tuple(dict.fromkeys(_beside(path, html)))
    except OSError:
        raise
    except Exception as error:  # whatever is wrong in a file that comes from anywhere
        message = f"it cannot be read as a Word document: {error}"
        remedy = "open it in Word or LibreOffice and save it as .docx or HTML"
        raise NoticeError([Problem(path.name, "", message, remedy)]) from error


def _beside(path: Path, html: str) -> Iterator[str]:
    known = set(_words(re.sub(r"<[^>]*>", " ", html)))
    with ZipFile(path) as file:
        for name in sorted(file.namelist()):
            if (part := _PARTS.fullmatch(name)) is None:
                continue
            lines = file.read(name).decode("utf-8", "replace").split("</w:p>")
            text = " ".join("".join(run or " " for run, _ in _RUN.findall(line)) for line in lines)
            words = _words(text)
            if part[1] in _READ:
                words = [word for word in words if word not in known]
            if words:
                yield f"{part[1]}: {' '.join(words)}"


def _words(text: str) -> list[str]:
    return unescape(text).split()
