"""Where our own bytes go into a page: before `</head>`, after `<body …>` and at its end."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .html import COMMENT_TEXT, RAW, TAG, attributes, possessive, raw_end, skipper, text

HOLD = 16 * 1024
"""How many bytes of a page's body, counted from its first, are searched for the places."""

TAIL = 512
"""In how many bytes at a page's end its `</body>` is searched."""


class Top(NamedTuple):
    """What the first HOLD bytes of a document say.

    `head` is the offset of `</head>`, `body` the one after `<body …>`, each -1 if there is none;
    `policy` tells whether a content security policy may stand in a `<meta>` (R121); `close` is how
    the page spells `</body`; `framed` marks a frameset, in which nothing can be shown.
    """

    head: int = -1
    body: int = -1
    policy: bool = False
    lang: str = ""
    close: bytes = b"</body"
    framed: bool = False


_SPACE = rb"[\t\n\f\r ]"
_COMMENT = b"<" + COMMENT_TEXT
_BOGUS = rb"<(?:\?|!(?!--|(?i:doctype)))[^>]*+>"
_LEAD = possessive(rb"\xef\xbb\xbf", b"?") + possessive(rb"%b++|%b|%b" % (_SPACE, _COMMENT, _BOGUS))
_FIRST = re.compile(rb"%b<(?:!(?i:doctype)|(?i:html|head|body)(?=[\t\n\f\r />]))" % _LEAD)
# All that may yet become a first token, given what stands before it.
_UNSURE = rb"<(?:!?+[a-zA-Z]{0,7}+\Z|!-\Z|!--|\?|!(?!--|(?i:doctype))[^a-zA-Z])"
_OPEN = re.compile(rb"(?:\xef\xbb?+\Z|%b(?:\Z|%b))" % (_LEAD, _UNSURE))
_SKIP = skipper(
    b" ".join((b"template body html svg math frameset", *sorted(RAW))), ends=b"template head"
)
_known: dict[bytes, Top] = {}
_latest: list[tuple[bytes, Top]] = [(b"\0", Top())]


def is_document(data: bytes, ended: bool) -> bool | None:
    """Whether the page is a whole document and no fragment, by its first token; None for not yet.

    The first token is what comes after a byte order mark, spaces and comments: a doctype, `<html>`,
    `<head>` or `<body>`. `ended` says that no more will come.
    """
    if data[:15].lower() == b"<!doctype html>":
        return True
    if len(data) > HOLD:
        data = data[:HOLD]
    if _FIRST.match(data):
        return True
    return None if not ended and len(data) < HOLD and _OPEN.match(data) else False


def safe(data: bytes, start: int, close: bytes, ended: bool = False) -> int:
    """Up to where the data is surely before the page's last `</body>`, at or after `start`.

    Of those in its last bytes the last one counts, be it in a comment: this looks at no tokens.
    """
    end = data.rfind(close, max(start, len(data) - TAIL))
    if end >= 0:
        return end
    if not ended and data.endswith(_beginnings(close)):
        return data.rfind(b"<")
    return len(data)


def tailed(data: bytes, tail: bytes, close: bytes, ended: bool) -> tuple[bytes, bytes]:
    """The next bytes up to what may be the end of a page, and the rest; at last with the tail."""
    if not tail:
        return data, b""
    end = safe(data, 0, close, ended)
    if ended:
        return b"".join((data[:end], tail, data[end:])), b""
    return (data, b"") if end == len(data) else (data[:end], data[end:])


@lru_cache(maxsize=8)
def _beginnings(close: bytes) -> tuple[bytes, ...]:
    """All that may yet become the given bytes."""
    return tuple(close[:end] for end in range(1, len(close)))


def recall(data: bytes) -> Top | None:
    """What is known of a page from another that began with the same bytes, up to `<body …>`."""
    begin, top = _latest[0]
    if data.startswith(begin):
        return top
    start = data.find(b"<body", 0, HOLD)
    if start < 0:
        return None
    begin = data[: data.find(b">", start) + 1]
    known = _known.get(begin)
    if known is not None:
        _latest[0] = (begin, known)
    return known


class Search:
    """Searches the first bytes of a document for the places; `look` is asked until it knows."""

    __slots__ = ("_depth", "_position", "_raw", "_top")

    def __init__(self) -> None:
        self._top = Top()
        self._position = self._depth = 0
        self._raw = b""

    def look(self, data: bytes, ended: bool) -> Top | None:
        """Search on, given all bytes of the body so far; None for not yet."""
        over = self._scan(data[:HOLD] if len(data) > HOLD else data)
        if not over and not ended and len(data) < HOLD:
            return None
        if self._top.head > 0:
            policy = b"content-security-policy" in data[: self._top.head].lower()
            self._top = self._top._replace(policy=policy)
        self._remember(data)
        return self._top

    def _remember(self, data: bytes) -> None:
        # The pages of a site share their first bytes; those of a few are kept.
        start = data.find(b"<body", 0, HOLD)
        top = data[: data.find(b">", start) + 1] if start > 0 else b""
        if 0 < len(top) == self._top.body <= 4096:
            if len(_known) >= 64:
                _known.pop(next(iter(_known)), None)
            _known[top] = self._top

    def _scan(self, data: bytes) -> bool:
        position, end = self._position, len(data)
        while True:
            if self._raw:
                found, _, _ = raw_end(self._raw, data, position)
                if found < 0:
                    break
                self._raw, position = b"", found
            skipped = _SKIP.match(data, position)
            position = skipped.end() if skipped else position
            match = TAG.match(data, position) if position < end else None
            if not match:
                break
            if self._tag(match):
                return True
            position = match.end()
        self._position = position
        return False

    def _tag(self, match: re.Match[bytes]) -> bool:
        """Note what a tag says; tell whether no later one can say more."""
        name, top = match[2].lower(), self._top
        if name == b"template":
            self._depth = max(0, self._depth - 1) if match[1] else self._depth + 1
        elif name in RAW:
            self._raw = name
        elif self._depth:
            pass
        elif name == b"html":
            lang = text(attributes(match[3]).get(b"lang", b""))
            self._top = top._replace(lang=top.lang or lang)
        elif name == b"head":
            self._top = top._replace(head=match.start()) if top.head < 0 else top
        elif name == b"body":
            self._top = top._replace(body=match.end(), close=b"</" + match[2])
            return True
        else:  # the body has begun without a tag
            self._top = top._replace(framed=name == b"frameset")
            return True
        return False
