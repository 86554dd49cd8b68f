"""What a tag would load: its attributes with addresses that are refused.

Read for every element alike, whatever it is: browsers have grown new ways to load from old tags
before. Left out are only addresses that load nothing by themselves, links and forms.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from .hosts import Hosts
from .html import text

ADDRESSES = frozenset(
    b"src data poster background lowsrc dynsrc code codebase classid archive manifest".split()
)
"""Attributes that hold one address, which is loaded."""

LISTS = frozenset(b"srcset imagesrcset".split())
SPACED = frozenset(b"ping attributionsrc".split())
HREFS = frozenset((b"href", b"xlink:href"))
ANYWHERE = b"style|background|ping|attributionsrc"
"""Attributes that load from any element, as alternatives of an expression."""

LOADING = (
    b"script iframe frame img image source video audio track embed object applet link input style"
    b" base meta param portal fencedframe bgsound"
)
"""HTML elements whose tags are always looked at."""

_LINKS = frozenset(b"a area form".split())
# A link of these kinds alone loads nothing.
_TOLD = frozenset(
    b"alternate author bookmark canonical external help license me next nofollow noopener"
    b" noreferrer pingback prev privacy-policy search shortlink tag terms-of-service".split()
)
_ANIMATED = frozenset(b"from to by values".split())
_REFRESH = re.compile(r"[\s\d.;,]*(?:url\s*=\s*)?[\"']?\s*(.*)", re.IGNORECASE | re.DOTALL)
_MOVIE = frozenset(("movie", "src", "url", "data", "code", "filename"))
_CSS = re.compile(
    r"""/\*.*?(?:\*/|\Z)|"([^"\n\r\f]*).?|'([^'\n\r\f]*).?|url\(\s*([^"'\s)][^)]*)""",
    re.DOTALL | re.IGNORECASE,
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|\r\n|(.))", re.DOTALL)
_SOMEWHERE = re.compile(r"""(?:[a-z]+:)?[/\\]{2,}[^\s"'()<>;,]+""", re.IGNORECASE)
_IMPORT = re.compile(r"""\b(?:import|from)\s*\(?\s*(?:/\*.*?\*/\s*)*["'`]([^"'`\n]*)""", re.DOTALL)


def refused(
    name: bytes, found: Mapping[bytes, bytes], hosts: Hosts, *, foreign: bool = False
) -> tuple[str, list[bytes]] | None:
    """The service that a tag's loading is refused for, and the attributes that would load.

    `found` are its attributes as `html.attributes` gives them; `foreign` says that it is read as
    SVG or MathML.
    """
    service, names = None, []
    for key, raw in found.items():
        judged = _attribute(name, key, raw, found, hosts, foreign)
        if judged is not None:
            service = service or judged
            names.append(key)
    return None if not names else (service or "", names)


def _attribute(
    name: bytes,
    key: bytes,
    raw: bytes,
    found: Mapping[bytes, bytes],
    hosts: Hosts,
    foreign: bool,
) -> str | None:
    if not raw:
        return None
    if key in ADDRESSES or (key in HREFS and _loads(name, found, foreign)):
        return hosts.refuses(text(raw))
    if key in LISTS:
        return in_list(text(raw), hosts)
    if key in SPACED:
        return _first(text(raw).split(), hosts)
    if key == b"style" or (foreign and (b"(" in raw or b"\\" in raw or b"&" in raw)):
        return in_style(text(raw), hosts)
    if key == b"srcdoc":
        return hosts.mentions(html.unescape(text(raw)))
    if key == b"content" and name == b"meta":
        kind = text(found.get(b"http-equiv", b"")).strip().lower()
        return in_refresh(text(raw), hosts) if kind == "refresh" else None
    if key == b"value" and name == b"param":
        kind = text(found.get(b"name", b"")).strip().lower()
        return hosts.refuses(text(raw)) if kind in _MOVIE else None
    if foreign and key in _ANIMATED:
        return _first(text(raw).split(";"), hosts)
    return None


def _loads(name: bytes, found: Mapping[bytes, bytes], foreign: bool) -> bool:
    """Whether the `href` of an element is loaded."""
    if name in _LINKS:
        return False
    if name != b"link" or foreign:
        return True
    kinds = frozenset(text(found.get(b"rel", b"")).lower().encode("utf-8").split())
    return not kinds <= _TOLD


def _first(addresses: list[str], hosts: Hosts) -> str | None:
    judged = (hosts.refuses(address) for address in addresses)
    return next((service for service in judged if service is not None), None)


def in_list(value: str, hosts: Hosts) -> str | None:
    """The service that one of a `srcset`'s addresses is refused for."""
    # A comma may stand within an address: what is between white space is read, commas taken off.
    words = [word.strip(",") for word in value.split()]
    return _first(words + [part for word in words for part in word.split(",")], hosts)


def in_refresh(value: str, hosts: Hosts) -> str | None:
    """The service that the address of a `Refresh` is refused for."""
    match = _REFRESH.fullmatch(value)
    address = match[1] if match else value
    return _first([address, address.rstrip("\"' ")], hosts)


def in_style(value: str, hosts: Hosts) -> str | None:
    """The service that one of the addresses of a style sheet is refused for."""
    if "\\" in value:
        plain = _CSS_ESCAPE.sub(_unescaped, value)
        return _first(_SOMEWHERE.findall(plain), hosts)
    return _first([a or b or c for a, b, c in _CSS.findall(value) if a or b or c], hosts)


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return match[2] or ""


def in_json(value: str, hosts: Hosts) -> str | None:
    """The service that an address in an import map or in speculation rules is refused for."""
    try:
        pending = [json.loads(value)]
    except (ValueError, RecursionError):
        return None  # the browser reads none either
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            if (service := hosts.refuses(one.replace("*", "x"))) is not None:
                return service
        elif isinstance(one, dict):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
    return None


def in_module(value: str, hosts: Hosts) -> str | None:
    """The service that a module's static imports, or those that look so, are refused for."""
    return _first(_IMPORT.findall(value), hosts)
