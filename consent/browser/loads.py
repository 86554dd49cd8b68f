"""What a tag would load: its attributes with addresses that are refused.

Read for every element alike, whatever it is: browsers have grown new ways to load from old tags
before. Left out are only addresses that load nothing by themselves, links and forms.
"""

from __future__ import annotations

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

LOADING = (
    b"script iframe frame img image source video audio track embed object applet link input style"
    b" base meta param portal fencedframe bgsound noscript"
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
    r"""/\*.*?(?:\*/|\Z)|"([^"\n\r\f]*).?|'([^'\n\r\f]*).?"""
    r"""|(?<![\w-])url\(\s*([^"'\s)][^)]*)""",
    re.DOTALL | re.IGNORECASE,
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|\r\n|(.))", re.DOTALL)
_SOMEWHERE = re.compile(
    r"""(?:(?<![a-z])[a-z]++:)?+(?<![/\\])[/\\]{2,}+[^\s"'()<>;,]+""", re.IGNORECASE
)
# What may stand between `import` or `from` and its address; then every text of a module.
_TOKENS = re.compile(
    r"""/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|//[^\n\r\u2028\u2029]*+|[\s(]++"""
    r"""|(?P<word>[\w$]++)|"(?P<a>(?:[^"\\\n]++|\\.)*+)"?|'(?P<b>(?:[^'\\\n]++|\\.)*+)'?"""
    r"""|`(?P<c>(?:[^`\\]++|\\.)*+)`?|.""",
    re.DOTALL,
)
_IMPORT = re.compile(r"""\b(?:import|from)\s{0,64}+\(?\s{0,64}+(["'`])([^"'`\n]{0,2048})""")
_JS_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]+)\}|(.))", re.DOTALL
)


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
        return hosts.mentions(text(raw))
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
    cut = re.split("[\"']", address, maxsplit=1)[0]
    return _first([address, address.rstrip("\"' "), cut], hosts)


def in_style(value: str, hosts: Hosts) -> str | None:
    """The service that one of the addresses of a style sheet is refused for."""
    if "\\" in value:
        # Whatever is spelt with escapes: anything that looks like an address counts.
        plain = _CSS_ESCAPE.sub(_unescaped, value)
        joined = plain.translate(dict.fromkeys(map(ord, "\t\n\r\f")))
        return _first([*_SOMEWHERE.findall(plain), *_SOMEWHERE.findall(joined)], hosts)
    return _first([a or b or c for a, b, c in _CSS.findall(value) if a or b or c], hosts)


def voided(value: str, hosts: Hosts) -> str:
    """A style sheet with the refused addresses in it made void; empty where they are escaped."""

    def void(match: re.Match[str]) -> str:
        address = match[1] or match[2] or match[3]
        if not address or hosts.refuses(address) is None:
            return match[0]
        return "url(about:invalid" if match[3] else f"{match[0][0]}about:invalid{match[0][0]}"

    return "" if "\\" in value else _CSS.sub(void, value)


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
            if "where" in one or one.get("source") == "document":
                # Rules for links choose them in the page, where links to anybody may stand.
                return hosts.first
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
    return None


def remapped(value: str, hosts: Hosts) -> str:
    """An import map with only the entries whose addresses may load; empty where none is left."""

    def kept(entries: object) -> object:
        if not isinstance(entries, dict):
            return entries
        return {
            name: address
            for name, address in entries.items()
            if not (isinstance(address, str) and hosts.refuses(address) is not None)
        }

    try:
        given = json.loads(value)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(given, dict):
        return ""
    imports, scopes = kept(given.get("imports")), given.get("scopes")
    if isinstance(scopes, dict):
        scopes = {place: kept(entries) for place, entries in scopes.items()}
    left = {"imports": imports, "scopes": scopes}
    if not any(left.values()):
        return ""
    written = json.dumps({**given, **{key: part for key, part in left.items() if part}})
    return written.replace("<", "\\u003c")


def in_module(value: str, hosts: Hosts) -> str | None:
    """The service that a module's imports, or those that look so, are refused for."""
    if "import" not in value and "from" not in value:
        return None
    found = [address for _, address in _IMPORT.findall(value)]
    wanted = False
    for match in _TOKENS.finditer(value):
        kind = match.lastgroup
        if kind == "word":
            wanted = match["word"] in ("import", "from")
        elif kind is not None:
            if wanted:
                found.append(match[kind])
            wanted = False
        elif match[0].isspace() or match[0][:1] in "/(":
            pass
        else:
            wanted = False
    return _first([_JS_ESCAPE.sub(_plain, address) for address in found], hosts)


def _plain(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if not code:
        return "" if match[4] in "\n\r\u2028\u2029" else match[4]
    number = int(code[-8:], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
