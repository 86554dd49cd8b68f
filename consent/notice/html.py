"""Reading the HTML of a notice back: its headings and its plain text.

Only for HTML that `render` has made; the standard library's parser is all it needs.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

_HEADINGS = {f"h{level}": level for level in range(2, 7)}
_INLINE = {"a", "code", "em", "strong", "sub", "sup", "br"}


class Heading(NamedTuple):
    """A heading of a notice: the id it is linked by, its text and its level (2 to 6)."""

    id: str
    text: str
    level: int


class Reading(NamedTuple):
    """What a notice holds: headings and ids in their order, and its words, one block a line."""

    headings: tuple[Heading, ...]
    ids: tuple[str, ...]
    text: str


def read(html: str) -> Reading:
    """Read a notice once for its table of contents, its ids, and its text for search."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.text).splitlines())
    return Reading(tuple(reader.headings), tuple(reader.ids), "\n".join(filter(None, lines)))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[Heading] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self._open: tuple[str, int] | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag in _HEADINGS:
            self._open, self._words = (values.get("id") or "", _HEADINGS[tag]), []
        self.text.append(" " if tag == "br" else "" if tag in _INLINE else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS and self._open:
            key, level = self._open
            self.headings.append(Heading(key, " ".join("".join(self._words).split()), level))
            self._open = None
        self.text.append("" if tag in _INLINE else "\n")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._open:
            self._words.append(data)
