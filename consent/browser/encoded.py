"""Pages that the app has compressed itself: read in the stream, completed and compressed again.

The app is asked for what can be read here. What cannot be read cannot be looked through: where
something is refused, a page in an unknown encoding is not passed on; of a broken one goes what
could be read.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import lru_cache
from typing import Any

from ..structured import event
from .headers import Fields, Headers, revised
from .plan import Plan
from .request import FILES, READ, Scope, takes_html

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_logger = logging.getLogger("consent")
_told: set[str] = set()
_START = "http.response.start"
_BODY = "http.response.body"
_ACCEPT = b"accept-encoding"
_GZIP = 16  # added to the size of the window, as zlib has it
_READABLE = frozenset({b"gzip", b"x-gzip", b"deflate", b"identity"})
# What is held at once: a byte that is taken may become a thousand that are given.
_TAKEN = 16 * 1024
_GIVEN = 64 * 1024
# A page is compressed for one visitor: fast, and in a quarter of the memory that gzip likes best.
_LEVEL, _WINDOW, _MEMORY = 3, 13, 6
_REFUSAL = """\
Sivua ei voi näyttää, koska palvelin ei pysty lukemaan sitä.
Sidan kan inte visas, eftersom servern inte kan läsa den.
The page cannot be shown, because the server cannot read it.
""".encode()


def recoding(
    encodings: bytes, plan: Plan, send: Send, scope: Scope, responder: Callable[[Send], Send]
) -> Send | None:
    """The `send` for a compressed page, from its start on; None if it is to be passed on as it is.

    `responder` makes the one that rewrites the page as if it had not been compressed.
    """
    asking.seen()
    if encodings in _READABLE:
        return _Recoding(encodings, send, scope, responder)
    _tell(
        f"a page came as {encodings.decode('latin-1')}, which cannot be read here: let the"
        " application compress pages with gzip, or leave it to what is in front of consent."
        f" It was {'answered 502' if plan.hosts else 'passed on without banner and gates'}"
    )
    return _Refusal(send, scope) if plan.hosts else None


class Asking:
    """Asks the app for no encoding that cannot be read here, if it compresses pages at all.

    That costs a copy of the request. So an app that has not compressed one of its first hundred
    pages is not asked any more, until it does.
    """

    def __init__(self) -> None:
        self.left = 100
        READ.add(_ACCEPT)

    def seen(self) -> None:
        """Know that the app compresses pages."""
        self.left = 0
        READ.add(_ACCEPT)

    def readable(self, scope: Scope) -> Scope:
        """The scope to hand to the app; where it differs it is a copy."""
        headers = scope["headers"]
        if _ACCEPT not in READ or not takes_html(headers):
            return scope
        if self.left:
            self.left -= 1
            if not self.left:
                READ.discard(_ACCEPT)
        given = [(n, _readable(v)) if n == _ACCEPT else (n, v) for n, v in headers]
        return {**scope, "headers": given}


asking = Asking()


@lru_cache(maxsize=256)
def _readable(accepted: bytes) -> bytes:
    """An `Accept-Encoding` without what cannot be read."""
    words = (word.strip() for word in accepted.split(b","))
    kept = [word for word in words if word.partition(b";")[0].strip().lower() in _READABLE]
    return b", ".join(kept) or b"identity"


@lru_cache(maxsize=256)
def _takes_gzip(accepted: bytes) -> bool:
    """Whether an `Accept-Encoding` takes gzip (RFC 9110, 12.5.3)."""
    weights = {}
    for word in accepted.lower().split(b","):
        name, _, weight = word.partition(b";")
        weights[name.strip()] = weight.replace(b" ", b"")
    weight = weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", b"q=0")))
    return not weight.startswith(b"q=") or weight.strip(b"q=0.") != b""


class _Reader:
    """Takes the bytes of a compressed page and gives what is in them.

    - `unfinished`: whether bytes came, but not yet the end that the encoding has.
    """

    def __init__(self, encoding: bytes) -> None:
        self._gzip = encoding != b"deflate"
        self._inflate: Any = None
        self._ended = False

    @property
    def unfinished(self) -> bool:
        return self._inflate is not None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes hold, in pieces of at most 64 KiB; `zlib.error` if broken."""
        for at in range(0, len(data), _TAKEN):
            rest, piece = data[at : at + _TAKEN], b""
            while rest or len(piece) == _GIVEN:
                if self._inflate is None:
                    # Of gzip another part may follow (RFC 1952, 2.2); what else does, is nothing.
                    if self._ended and (not self._gzip or rest[0] != 0x1F):
                        return
                    self._inflate = zlib.decompressobj(self._form(rest[0]))
                piece = self._inflate.decompress(rest, _GIVEN)
                if piece:
                    yield piece
                rest = self._inflate.unconsumed_tail
                if self._inflate.eof:
                    rest, piece = self._inflate.unused_data, b""
                    self._inflate, self._ended = None, True

    def _form(self, first: int) -> int:
        if self._gzip:
            return _GZIP + zlib.MAX_WBITS
        # Some send deflate without the wrapping that it should have (RFC 9110, 8.4.1.2).
        return zlib.MAX_WBITS if first & 15 == 8 else -zlib.MAX_WBITS


class _Recoding:
    """One compressed page on its way: what the app sends is read and handed to the responder."""

    def __init__(
        self, encoding: bytes, send: Send, scope: Scope, responder: Callable[[Send], Send]
    ) -> None:
        self._send = send
        self._scope = scope
        self._reader = _Reader(encoding)
        self._rewrite = responder(self._coded)
        self._first: Message = {}
        self._begun = False
        self._then: Send = self._start
        accepted = b",".join(value for name, value in scope["headers"] if name == _ACCEPT)
        self._pack: Any = None
        if _takes_gzip(accepted):
            self._pack = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP + _WINDOW, _MEMORY)

    def __call__(self, message: Message) -> Awaitable[None]:
        """Take what the app sends."""
        return self._then(message)

    async def _start(self, message: Message) -> None:
        self._first = message
        self._then = self._rewrite if self._scope["method"] == "HEAD" else self._read
        await self._rewrite({**message, "headers": _decoded(message["headers"])})

    async def _read(self, message: Message) -> None:
        if message["type"] in FILES:
            await self._pass(message)
            return
        if message["type"] != _BODY:
            await self._rewrite(message)
            return
        last, more = b"", message.get("more_body", False)
        try:
            for piece in self._reader.pieces(bytes(message.get("body", b""))):
                if last:
                    await self._rewrite({"type": _BODY, "body": last, "more_body": True})
                last = piece
        except zlib.error:
            _tell("a compressed page was broken: it was cut off there, or answered 502")
            if not self._begun:
                self._then = _Refusal(self._send, self._scope)
                await self._then({"type": _START})
                return
            self._then = self._end
        else:
            if not more and self._reader.unfinished:
                _tell("a compressed page was cut off: what there is of it was passed on")
        if last or not more:
            await self._rewrite({**message, "body": last, "more_body": more})

    async def _pass(self, message: Message) -> None:
        """A file that the server sends by itself goes as one that is not compressed does."""
        if self._begun:
            self._then = self._end
            await self._end({**message, "type": _BODY})
        else:
            self._then = self._send
            await self._send(self._first)
            await self._send(message)

    async def _end(self, message: Message) -> None:
        """Of what follows broken bytes only the end is passed on."""
        if message["type"] != _BODY:
            await self._rewrite(message)
        elif not message.get("more_body", False):
            await self._rewrite({**message, "body": b""})

    async def _coded(self, message: Message) -> None:
        """Send what the page has become."""
        if message["type"] == _START:
            self._begun = True
            headers = _encoded(message["headers"], self._pack is not None)
            message = {**message, "headers": headers}
        elif message["type"] == _BODY and self._pack and self._scope["method"] != "HEAD":
            data = self._pack.compress(message.get("body", b""))
            more = message.get("more_body", False)
            data += self._pack.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
            message = {**message, "body": data}
        await self._send(message)


class _Refusal:
    """Answers 502 instead of a page, at its start, and takes all the rest."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._body = b"" if scope["method"] == "HEAD" else _REFUSAL

    async def __call__(self, message: Message) -> None:
        """Take what the app sends."""
        if message["type"] == _START:
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(_REFUSAL)),
                (b"cache-control", b"no-store"),
            ]
            await self._send({"type": _START, "status": 502, "headers": headers})
            await self._send({"type": _BODY, "body": self._body})


def _decoded(fields: Fields) -> Headers:
    """The header fields as those of a page that is not compressed."""
    gone = (b"content-encoding", b"content-length")
    return [(name, value) for name, value in fields if name.lower() not in gone]


def _encoded(fields: Fields, gzip: bool) -> Headers:
    """The header fields of the page as it is sent, whose bytes are not those that the app made."""
    fields = revised(fields, changed=True, private=False, tag=b"")
    out = [(name, value) for name, value in fields if name.lower() != b"vary"]
    vary = [value for name, value in fields if name.lower() == b"vary"]
    named = {word.strip().lower() for value in vary for word in value.split(b",")}
    if not named & {b"*", _ACCEPT}:
        vary.append(b"Accept-Encoding")
    out.append((b"vary", b", ".join(vary)))
    if gzip:
        out.append((b"content-encoding", b"gzip"))
    return out


def _tell(what: str) -> None:
    """Log it once."""
    if what not in _told:
        _told.add(what)
        _logger.warning(what, extra=event("page-unreadable"))
