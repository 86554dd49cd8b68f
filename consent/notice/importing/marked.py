"""A notice in the Markdown of somebody else: it is read as the page that it makes."""

from __future__ import annotations

import re
from dataclasses import replace

from .blocks import Reading
from .markup import read_markup

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)


def read_marked(text: str) -> Reading:
    """Read a Markdown file; its front matter is left out by name."""
    from markdown import markdown

    text = text.replace("\r\n", "\n")
    front = _FRONT.match(text)
    html = markdown(
        text[front.end() :] if front else text,
        extensions=["attr_list", "def_list", "fenced_code", "sane_lists", "tables"],
        tab_length=2,
    )
    reading = read_markup(html)
    if front is None:
        return reading
    words = " ".join(front[1].split())
    return replace(reading, left_out=(f"front matter: {words}", *reading.left_out))
