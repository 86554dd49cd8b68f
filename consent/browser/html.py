"""A tokeniser for HTML as bytes, made of regular expressions (HTML Standard, section 13.2.5).

It works on any ASCII-compatible encoding without decoding it. A construct that the data ends within
is matched up to that end by `|\\Z`, or makes the expression stop there for good, so that no hostile
page is scanned twice over the same bytes. No group captures inside a possessive repeat: CPython
raises SystemError for that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from html import unescape
from html.entities import html5

LIMIT = 16 * 1024
"""The longest tag, in bytes, whose attributes are read; of a longer one only the name counts."""

RAW = frozenset(b"script style textarea title xmp iframe noembed noframes plaintext".split())
"""HTML elements whose content is text up to their own end tag.

`noscript` is not among them: without script its content is markup, and that is when it counts.
"""

# Before 3.11.5 the repeat of a group that can backtrack matches too little when it is possessive
# (https://github.com/python/cpython/issues/106052); Debian 12 has 3.11.2.
_SOUND = sys.version_info >= (3, 11, 5)


def possessive(group: bytes, times: bytes = b"*") -> bytes:
    """The expression of a group repeated without giving anything back; `times` is `*` or `?`."""
    return (rb"(?:%b)%b+" if _SOUND else rb"(?>(?:%b)%b)") % (group, times)


_SPACE = rb"[\t\n\f\r ]"
_NAME = rb"[a-zA-Z][^\t\n\f\r />]*+"
_VALUE = rb"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|(?=>)|\Z|[^\t\n\f\r >"'][^\t\n\f\r >]*+)"""
_ATTRIBUTE_NAME = rb"(?:[^\t\n\f\r />=]++|=[^\t\n\f\r />=]*+)"
_ATTRIBUTE = _ATTRIBUTE_NAME + possessive(rb"%b*+=%b*+%b" % (_SPACE, _SPACE, _VALUE), b"?")
_ATTRIBUTES = possessive(rb"[\t\n\f\r /]++|%b" % _ATTRIBUTE)
_USUAL = possessive(rb'[ \n][a-zA-Z-]++="[^"]*+"')  # the same, faster, for how most are written
COMMENT_TEXT = rb"!--(?:-?>|%b--!?>)" % possessive(rb"[^-]++|-(?!-!?>)")
_BOGUS = rb"(?:!(?!--)|\?|/(?=[^a-zA-Z]))[^>]*+>"

TAG = re.compile(rb"<(/?)(%b)(%b)>" % (_NAME, _ATTRIBUTES))
"""One whole tag: slash, name, and all between the name and the closing `>`."""

COMMENT = re.compile(rb"<(?:%b|%b)" % (COMMENT_TEXT, _BOGUS))
"""One whole comment, doctype or what the standard calls a bogus comment."""

ATTRIBUTE = re.compile(rb"(%b)(?:%b*+=%b*+(%b))?" % (_ATTRIBUTE_NAME, _SPACE, _SPACE, _VALUE))
"""One attribute: its name and its value, with the quotes, or None."""

CDATA = re.compile(rb"<!\[CDATA\[%b\]\]>" % possessive(rb"[^\]]++|\](?!\]>)"))
"""One whole CDATA section; HTML has them in SVG and MathML only."""

START = re.compile(rb"<(/?)([a-zA-Z][^\t\n\f\r />]*+)?")
"""How a tag begins: slash and name."""

_RAW_END = {name: re.compile(rb"(?i)</%b(?=[\t\n\f\r />])" % name) for name in RAW - {b"plaintext"}}
_SCRIPT_EVENT = re.compile(rb"(?i)<!--|-->|<(/?)script(?=[\t\n\f\r />])")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;?=?)")
_NUMBER = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")


def skipper(names: bytes, ends: bytes = b"template", stops: bytes = b"") -> re.Pattern[bytes]:
    """An expression for all text, comments and tags up to the next tag that counts.

    That is one that begins with one of the `names`, or ends with one of the `ends`, both in lower
    case with spaces between. `stops` is an expression for the start of an attribute whose tag
    counts too, whatever its name. It stops as well at the first construct that the data ends
    within.
    """
    ending = _either(ends.split())
    begins = bytes(sorted({word[0] for word in names.split()}))
    # Most tags are told by their first letter, and most end tags by the first of these branches.
    ended = rb"/(?!%b)[a-zA-Z][a-zA-Z0-9]*+>" % ending
    counts = rb"(?:%b|/%b)(?:[\t\n\f\r />]|\Z)" % (_either(names.split()), ending)
    other = rb"(?!(?=[/%b%b])%b)/?+" % (begins, begins.upper(), counts)
    usual, every = _USUAL, _ATTRIBUTES
    if stops:
        usual = possessive(rb'[ \n](?!%b)[a-zA-Z-]++="[^"]*+"' % stops)
        every = possessive(rb"[\t\n\f\r /]++|(?!%b)%b" % (stops, _ATTRIBUTE))
    tag = rb"%b|%b%b(?:>|%b(?:>|%b>))" % (ended, other, _NAME, usual, every)
    other = rb"<(?:%b|%b|%b|(?=[^a-zA-Z/!?]))[^<]*+" % (tag, COMMENT_TEXT, _BOGUS)
    return re.compile(rb"[^<]*+%b" % possessive(other))


def _either(words: Iterable[bytes]) -> bytes:
    """An expression for one of some words in any case, as a tree of letters.

    A branch that begins with a set of characters is left at once where another one stands; of
    `(?i:a|b)` each alternative is tried.
    """
    heads: dict[bytes, list[bytes]] = {}
    for word in words:
        heads.setdefault(word[:1], []).append(word[1:])
    branches = []
    for letter, rests in heads.items():
        longer = [rest for rest in rests if rest]
        rest = _either(longer) if longer else b""
        if longer and len(longer) < len(rests):
            rest = rb"(?:%b)?" % rest
        branches.append(b"[%b%b]%b" % (letter, letter.upper(), rest))
    return b"(?:%b)" % b"|".join(branches)


def attributes(tag: bytes) -> dict[bytes, bytes]:
    """The attributes of a tag, given what stands between its name and its `>`.

    Names are lower case, values without their quotes but otherwise as written; of a name that
    comes twice the first counts, as in a browser.
    """
    found: dict[bytes, bytes] = {}
    for match in ATTRIBUTE.finditer(tag):
        found.setdefault(match[1].lower(), unquoted(match[2]))
    return found


def unquoted(value: bytes | None) -> bytes:
    """A value as ATTRIBUTE gives it, without its quotes."""
    if not value:
        return b""
    return value[1:-1] if value[:1] in (b'"', b"'") else value


def released(rest: bytes) -> bytes:
    """The attributes of a script without its `text/plain`, with `data-src` and `data-type` in
    force."""
    found = attributes(rest)
    away = {b"type"} | ({b"src"} if b"data-src" in found else set())
    into = {b"data-src": b"src", b"data-type": b"type"}
    out, at = [], 0
    for match in ATTRIBUTE.finditer(rest):
        name = match[1].lower()
        if name in away:
            out.append(rest[at : match.start()])
            at = match.end()
        elif name in into:
            away.add(name)
            out += (rest[at : match.start()], into[name])
            at = match.end(1)
    return b"".join([*out, rest[at:]])


def shortened(tag: bytes) -> bytes:
    """A short tag that is open in the same place as a long one, whose attributes nobody reads."""
    start = START.match(tag)
    assert start
    head, rest = start[0], tag[start.end() :]
    if len(head) > 64:
        head = b"<%bxxxxxxxxxxxxxxxx" % start[1]
    found = list(ATTRIBUTE.finditer(rest))
    if not found:
        return head + rest[-1:]
    last = found[-1]
    value, after = last[2], rest[last.end() :]
    if value is None and b"/" not in after:
        return head + b" a" + after[:1]
    if after:
        return head + b" " + (b"/" if after.endswith(b"/") else b"")
    if not value:
        return head + b" a="
    if value[:1] not in (b'"', b"'"):
        return head + b" a=a"
    closed = len(value) > 1 and value[-1:] == value[:1]
    return head + b" a=" + (b'""' if closed else value[:1])


def self_closing(tag: bytes) -> bool:
    """Whether a tag ends with a slash of its own, given as to `attributes`."""
    if not tag.endswith(b"/"):
        return False
    ends = [match.end() for match in ATTRIBUTE.finditer(tag)]
    return not ends or ends[-1] < len(tag)  # else the slash ends an unquoted value


def text(value: bytes) -> str:
    """The text of an attribute's value, its character references resolved."""
    decoded = value.decode("utf-8", "replace")
    return _REFERENCE.sub(_character, decoded) if "&" in decoded else decoded


def resolved(content: str) -> str:
    """A text that stands between tags, its character references resolved."""
    return unescape(_NUMBER.sub(_numbered, content))


def _numbered(match: re.Match[str]) -> str:
    # Python reads no number of thousands of digits; one of eight is no character's. And it leaves
    # out the control characters that browsers keep.
    in_16, in_10 = match.groups()
    number = int(in_16.lstrip("0")[:8] or "0", 16) if in_16 else int(in_10.lstrip("0")[:8] or "0")
    reference = f"&#{number};"
    return reference if unescape(reference) else chr(number)


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference.startswith("&#"):
        return resolved(reference)
    # In attributes a name without its semicolon counts only where no name or `=` goes on.
    return html5.get(reference[1:], reference)


def raw_end(name: bytes, data: bytes, start: int, escaped: int = 0) -> tuple[int, int, int]:
    """Find where the text of a raw text element ends: (its end tag or -1, resume, escaped).

    In a script `<!--` hides a nested `<script>…</script>` (states "script data escaped", 1, and
    "double escaped", 2). When the data ends first, the next call starts at `resume` with `escaped`.
    """
    if name == b"plaintext":
        return -1, len(data), 0
    if name != b"script":
        match = _RAW_END[name].search(data, start)
        return (match.start(), 0, 0) if match else (-1, max(start, len(data) - 12), 0)
    while match := _SCRIPT_EVENT.search(data, start):
        event = match[0]
        start = match.end()
        if event == b"<!--":
            start -= 2  # `<!-->` opens and closes
            escaped = escaped or 1
        elif event == b"-->":
            escaped = 0
        elif not match[1]:
            escaped = 2 if escaped else 0
        elif escaped == 2:
            escaped = 1
        else:
            return match.start(), 0, 0
    return -1, max(start, len(data) - 12), escaped
