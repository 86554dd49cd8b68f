"""What of a page's markup is there for its looks alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PARTS = re.compile(r"<(/?)(table|tbody|thead|tfoot|tr|td|th|h[1-6])\b")
_HEADER = re.compile(r"<header\b(?:(?!<header\b).)*?</header>", re.DOTALL)


@dataclass(slots=True)
class _Table:
    # Where the names of its tags stand, and whether it only arranges the page.
    names: list[tuple[int, int]] = field(default_factory=list)
    cells: int = 0
    wide: bool = False
    layout: bool = False


def plainer(html: str) -> str:
    """Make `div` of tables that only arrange the page, and of headers with the notice's heading.

    `html` is well-formed. A table arranges the page if it holds headings or other tables, or never
    two cells in a row.
    """
    divs: list[tuple[int, int]] = []
    open_: list[_Table] = []
    for match in _PARTS.finditer(html):
        opens, name = not match[1], match[2]
        if name == "table" and opens:
            if open_:
                open_[-1].layout = True
            open_.append(_Table())
        if not open_:
            continue
        table = open_[-1]
        if name[0] == "h":
            table.layout = True
            continue
        table.names.append(match.span(2))
        table.cells = table.cells + 1 if name in ("td", "th") and opens else table.cells
        table.wide = table.wide or table.cells > 1
        table.cells = 0 if name == "tr" else table.cells
        if name == "table" and not opens:
            open_.pop()
            divs += table.names if table.layout or not table.wide else []
    for match in _HEADER.finditer(html):
        if "<h1" in match[0] and "<nav" not in match[0]:
            divs += [(match.start() + 1, match.start() + 7), (match.end() - 7, match.end() - 1)]
    parts, place = [], 0
    for start, end in sorted(divs):
        parts += [html[place:start], "div"]
        place = end
    return "".join([*parts, html[place:]])
