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
"""


_AROUND = re.compile(r"word/(header|footer|comments)\d*\.xml")
_RUN = re.compile(r"<w:t(?:\s[^>]*)?>([^<]*)</w:t>|(<w:tab/>|<w:br/>)")


def word_html(path: Path) -> tuple[str, tuple[str, ...]]:
    """Give a `.docx` file as HTML, and the words of its headers, footers and comments by name.

    Raises `NoticeError` if the extra `docx` is not installed, or the file is no Word document.
    """
    try:
        import mammoth
    except ImportError as error:
        remedy = "install it with: pip install 'consent[docx]', or save the document as HTML"
        message = "Word documents need the package mammoth, which is not installed"
        raise NoticeError([Problem(path.name, "", message, remedy)]) from error
    try:
        with path.open("rb") as file:
            html = str(mammoth.convert_to_html(file, style_map=_STYLES).value)
        return html, tuple(dict.fromkeys(_around(path)))
    except OSError:
        raise
    except Exception as error:  # whatever is wrong in a file that comes from anywhere
        message = f"it cannot be read as a Word document: {error}"
        remedy = "open it in Word or LibreOffice and save it as .docx or HTML"
        raise NoticeError([Problem(path.name, "", message, remedy)]) from error


def _around(path: Path) -> Iterator[str]:
    # They stand in files of their own, which mammoth does not read.
    with ZipFile(path) as file:
        for name in sorted(file.namelist()):
            if (part := _AROUND.fullmatch(name)) is None:
                continue
            lines = file.read(name).decode("utf-8", "replace").split("</w:p>")
            text = " ".join("".join(run or " " for run, _ in _RUN.findall(line)) for line in lines)
            if words := " ".join(unescape(text).split()):
                yield f"{part[1]}: {words}"
