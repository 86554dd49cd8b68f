"""Ready-made HTML with a few places left open, filled for each visitor by one join."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from .interface import Interface

# Private-use characters stand in the template for what differs from visitor to visitor.
TOKEN, RETURN, QUERY, EXTRA = "\ue000", "\ue001", "\ue002", "\ue003"
_OPEN = re.compile(f"([{TOKEN}{RETURN}{QUERY}{EXTRA}])")
_PLAIN = re.compile(rb"/[A-Za-z0-9/_.~%-]*")
_PATH = re.compile(rb"/(?![/\\])[!-~]*")


class Ready:
    """HTML rendered once; `fill` puts in a form's token and the visitor's way back.

    The bytes are pure ASCII, and so right in every encoding that a page may have.
    """

    __slots__ = ("_parts", "_places")

    def __init__(self, html: str) -> None:
        html = re.sub(r"\n\s*", "\n", html).strip()
        self._parts = [p.encode("ascii", "xmlcharrefreplace") for p in _OPEN.split(html)]
        every = (TOKEN, RETURN, QUERY, EXTRA)
        marks = [mark.encode("ascii", "xmlcharrefreplace") for mark in every]
        self._places = [
            (index, marks.index(part)) for index, part in enumerate(self._parts) if part in marks
        ]

    def fill(self, token: bytes, way: bytes, extra: bytes = b"") -> bytes:
        """Give the HTML for one visitor.

        `token` is the form's token; `way` the path to come back to, as `way_back` gives it; `extra`
        what the template itself leaves open, already escaped.
        """
        if not self._places:
            return self._parts[0]
        parts = self._parts.copy()
        plain = _PLAIN.fullmatch(way)
        values = (
            token,
            way if plain else escape(way.decode("ascii")).encode("ascii"),
            way if plain else quote_from_bytes(way, safe="/").encode("ascii"),
            extra,
        )
        for index, place in self._places:
            parts[index] = values[place]
        return b"".join(parts)


def way_back(path: bytes | str, query: bytes) -> bytes:
    """The address of a page as a path of this site; `/` for anything else (R119).

    `path` is as it came, or decoded where the server keeps no other.
    """
    raw = path.encode("ascii", "replace") if isinstance(path, str) else path
    raw = raw.partition(b"?")[0]
    whole = raw + b"?" + query if query else raw
    return whole if len(whole) <= 1500 and _PATH.fullmatch(whole) else b"/"


def ready(interface: Interface, template: str, **context: object) -> Ready:
    """Render a template with its places left open."""
    return Ready(
        interface.render(template, token=TOKEN, return_path=RETURN, return_query=QUERY, **context)
    )
