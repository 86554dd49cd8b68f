"""Two versions of a notice compared: all that readers read of each, and the redline of both.

Loads neither markdown nor nh3, so that a server can compare any two versions it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

from .package import Package, Rendition
from .redline import compare
from .redline_html import redline_html
from .version import read_text, split_front_matter

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_COOKIES = re.compile(r"^\[\[cookies\]\][ \t]*$", re.MULTILINE)


def with_redlines(
    renditions: Mapping[str, Rendition], sources: Mapping[str, bytes], before: Package | None
) -> dict[str, Rendition]:
    """Give each language of a new version its redline against the version `before` it (R77).

    `sources` are the Markdown files by language. A language that `before` did not have has none.
    """
    return {
        lang: replace(
            text,
            redline=_fragment(
                text_of(before.renditions[lang], before.files[f"{lang}.md"]),
                text_of(text, sources[lang]),
                lang,
            ),
        )
        if before and lang in before.renditions
        else text
        for lang, text in renditions.items()
    }


def redline_between(before: Package, after: Package, lang: str) -> str:
    """Give the redline of two published versions in a language both have, as an HTML fragment.

    The one that was frozen with `after` is given as it is; others are made and kept in memory.
    """
    if after.predecessor == before.number and after.renditions[lang].redline:
        return after.renditions[lang].redline
    return _fragment(
        text_of(before.renditions[lang], before.files[f"{lang}.md"]),
        text_of(after.renditions[lang], after.files[f"{lang}.md"]),
        lang,
    )


def text_of(rendition: Rendition, raw: bytes) -> str:
    """Give all that readers read of a version in one language as one Markdown text.

    `raw` is its Markdown file. Title and summary come first, the summary of the change is left out;
    comments are too, and the cookie table stands as it was frozen, so that what the declaration
    changes is seen as well.
    """
    _, markdown = split_front_matter(raw.decode("utf-8").replace("\r\n", "\n"))
    tables = _tables(rendition.body)
    return whole_text(
        rendition.title,
        rendition.short,
        _COOKIES.sub(lambda _: tables, markdown),
    )


def text_of_file(path: Path) -> str:
    """Give a Markdown file likewise, with its tokens as they are; front matter may be missing.

    Raises `NoticeError` if it is not UTF-8 or its front matter cannot be read.
    """
    return whole_text(*read_text(path))


def whole_text(title: str, short: str, markdown: str) -> str:
    """Put title, summary and Markdown together as one text."""
    parts = (f"# {title}" if title else "", short, _COMMENT.sub("", markdown))
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


@lru_cache(maxsize=32)
def _fragment(old: str, new: str, lang: str) -> str:
    return redline_html(compare(old, new), lang)


def _tables(body: str) -> str:
    reader = _CookieTables()
    reader.feed(body)
    reader.close()
    return "\n".join(reader.lines)


class _CookieTables(HTMLParser):
    """Reads the cookie tables of a frozen notice back into Markdown; nothing else has captions."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._key = ""
        self._row: list[str] | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "table":
            self._key = (values.get("id") or "") if values.get("class") == "vc-wide" else ""
        elif tag == "tr":
            self._row = []
        elif tag in ("th", "td", "caption"):
            self._words = ""
        elif tag == "br":
            self._words += ", "
        elif tag == "code":
            self._words += "`"

    def handle_endtag(self, tag: str) -> None:
        if not self._key:
            return
        text = " ".join(self._words.split()).replace("|", "\\|")
        if tag == "caption":
            self.lines += [f"### {text} {{#{self._key}}}", ""]
        elif tag in ("th", "td") and self._row is not None:
            self._row.append(text)
        elif tag == "code":
            self._words += "`"
        elif tag == "tr" and self._row:
            self.lines.append(f"| {' | '.join(self._row)} |")
        elif tag == "thead" and self._row:
            self.lines.append(f"|{' --- |' * len(self._row)}")
        elif tag == "table":
            self.lines.append("")
            self._key = ""

    def handle_data(self, data: str) -> None:
        self._words += data
