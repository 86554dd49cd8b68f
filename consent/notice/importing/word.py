"""A notice as a Word document: mammoth makes HTML of it, which is read as any other."""

from __future__ import annotations

from pathlib import Path

from ...errors import NoticeError, Problem

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Otsikko'] => h1:fresh
p[style-name='Rubrik'] => h1:fresh
"""


def word_html(path: Path) -> str:
    """Give a `.docx` file as HTML.

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
            return str(mammoth.convert_to_html(file, style_map=_STYLES).value)
    except OSError:
        raise
    except Exception as error:  # whatever is wrong in a file that comes from anywhere
        message = f"it cannot be read as a Word document: {error}"
        remedy = "open it in Word or LibreOffice and save it as .docx or HTML"
        raise NoticeError([Problem(path.name, "", message, remedy)]) from error
