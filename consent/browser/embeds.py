"""What an embed looks like from outside, so that what stands for it takes the same place (R18)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from .hosts import Hosts
from .html import TAG, attributes, text
from .loads import in_style

_FRAMED = frozenset(b"iframe video object embed".split())
# What tells where a frame stands and how large it is. Its own name, which scripts call it by, and
# what its content may do are not among them.
_LOOKS = frozenset(
    b"class style id width height align hspace vspace border frameborder title hidden".split()
)
_DOT = re.compile(rb"\s*0*[01]?\s*(?:px)?\s*")
# Those below 128 could end a text or a tag.
_AMPERSAND = re.compile(rb"&(?!#(?:12[89]|1[3-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3,});)")
_SIZED = re.compile(rb"""(?i)<(?:iframe|video|embed|object)\b[^>]*?>""")
_SIDE = re.compile(rb"""(?i)\s(width|height)\s*=\s*["']?(\d{1,4}%?)(?=["'\s>])""")


def frame(inner: bytes, hosts: Hosts | None) -> dict[bytes, bytes] | None:
    """The attributes that give an embed its place, if it is one element that a frame can equal.

    Their values are as written, since a page may have any encoding. `hosts` are those that a style
    may load from.
    """
    inner = inner.strip(b"\t\n\f\r ")
    tag = TAG.match(inner)
    name = tag[2].lower() if tag else b""
    low = inner.lower()
    alone = low.count(b"<" + name) == 1 and low.endswith(b"</%b>" % name)
    if tag is None or name not in _FRAMED or not alone:
        return None
    looks = {name: value for name, value in attributes(tag[3]).items() if name in _LOOKS}
    style = looks.get(b"style")
    if style and hosts is not None and in_style(text(style), hosts) is not None:
        del looks[b"style"]
    if not looks.get(b"title", b"").strip(b"\t\n\f\r "):
        looks.pop(b"title", None)  # a frame has to have one
    if name != b"iframe":
        looks.pop(b"id", None)  # it may stand in the page meanwhile, hidden
        looks[b"frameborder"] = b"0"  # what nothing but a frame has by itself
    return looks


def is_dot(looks: Mapping[bytes, bytes]) -> bool:
    """Whether a frame has no room for anything, as one that only counts visits."""
    sides = (looks.get(b"width"), looks.get(b"height"))
    return any(side is not None and side.strip() and _DOT.fullmatch(side) for side in sides)


def in_frame(
    document: bytes, name: str, called: str, looks: Mapping[bytes, bytes], number: int
) -> bytes:
    """What stands for a frame of the service `name`: one that looks the same, with a document.

    In whatever way a page gives it its place, it gives the same to both. `called` is its title
    where it has none. `number` tells it from the others of its page: a browser that goes back to
    a page gives the frames in it the addresses that they had, though refused since, and finds
    them by their names. Firefox counts frames instead, but only those that are in view at once.
    """
    own = {"data-service": name, "name": f"visitor-choice-{number}", "loading": "lazy"}
    attached = {**_written({"title": called}), **looks, **_written(own)}
    tag = b"".join(
        b' %b="%b"' % (key, value.replace(b'"', b"&quot;").replace(b"<", b"&lt;"))
        for key, value in attached.items()
    )
    # Between single quotes, since the document has many of the others. A letter may be read with
    # the attribute, all else only with the document.
    held = _AMPERSAND.sub(b"&amp;", document).replace(b"'", b"&#39;")
    return b"<iframe%b srcdoc='%b'></iframe>" % (tag, held)


def _written(given: Mapping[str, str]) -> dict[bytes, bytes]:
    return {
        key.encode(): escape(value).encode("ascii", "xmlcharrefreplace")
        for key, value in given.items()
    }


def size(inner: bytes) -> dict[str, str]:
    """The width and height that an embed's tag gives, for its placeholder to have the same."""
    tag = _SIZED.search(inner)
    found = _SIDE.findall(tag[0]) if tag else []
    return {side.decode().lower(): value.decode() for side, value in found}


def view_box(size: Mapping[str, str]) -> str:
    """The box of an empty drawing that keeps the ratio of an embed where the page is narrower.

    Empty unless both sides are known.
    """
    known = all(size.get(side, "").isdigit() for side in ("width", "height"))
    return f"0 0 {size['width']} {size['height']}" if known else ""
