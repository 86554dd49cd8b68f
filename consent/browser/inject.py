"""The host's HTML responses on their way out: banner, settings link and gates go into the stream.

A page is never collected. The start of a response is held until the place for the banner is found,
the first 16 KiB have passed or the page has ended; so its length is known when it is sent. From
then on every chunk is passed on at once, but for what may be a gate or the last `</body>`. What
goes in depends on offsets in the body alone, so that any chunking gives the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from .headers import FREE, KEEP, Policy, is_html, policy, revised
from .late import LateGates, marked
from .places import HOLD, TAIL, Search, Top, is_document, recall
from .plan import Insertion as Insertion
from .plan import Plan as Plan
from .request import FILES, Scope, holds_state

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_logger = logging.getLogger("consent")
_BODILESS = frozenset({204, 205, 206, 304})
_POLICIES = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_RARE = _POLICIES | {b"content-encoding", b"content-disposition"}
_NOWHERE = Top()
_warned: set[str] = set()


async def _nothing() -> None:
    return None


def _warn_of_encoding() -> None:
    if "encoded" not in _warned:
        _warned.add("encoded")
        _logger.warning(
            "a compressed page was left as it is: put consent inside of the compression, so that"
            " it sees the page first"
        )


class Responder:
    """Rewrites the response to one request; give its `send` to the app.

    `scope` is the request as it came, before `prepared`.
    """

    __slots__ = (
        "_body",
        "_close",
        "_declared",
        "_gates",
        "_held",
        "_over",
        "_plan",
        "_policies",
        "_scope",
        "_search",
        "_send",
        "_size",
        "_start",
        "_starts",
        "_tail",
        "_waiting",
    )

    _body: Send
    _close: bytes
    _declared: int
    _gates: LateGates | None
    _held: bytes
    _policies: Sequence[bytes]
    _search: Search | None
    _size: int
    _starts: tuple[bytes, ...]
    _tail: bytes
    _waiting: Message | None

    def __init__(self, plan: Plan, send: Send, scope: Scope) -> None:
        self._plan = plan
        self._send = self._body = send
        self._scope = scope
        self._start: Message | None = None  # held until its header fields are known
        self._over = False  # nothing is left to do

    def send(self, message: Message) -> Awaitable[None]:
        """Take a message of the app's and pass on what it becomes."""
        kind = message["type"]
        if kind == "http.response.body":
            return self._body(message)
        if self._over:
            return self._send(message)
        if kind == "http.response.start":
            return self._begin(message)
        if self._body is self._send:
            return self._send(message)
        return self._file(message) if kind in FILES else self._interrupt(message)

    def _end(self) -> None:
        self._over, self._body = True, self._send

    # The start

    def _begin(self, message: Message) -> Awaitable[None]:
        plan, status = self._plan, message["status"]
        fields = {name.lower(): value for name, value in message.get("headers", ())}
        if status != 200 and (
            status in _BODILESS or status < 200 or (300 < status < 400 and b"location" in fields)
        ):
            again = status == 304 and plan.private and holds_state(self._scope, plan.tag)
            return self._pass(message, private=again)
        if not is_html(fields.get(b"content-type", b"")):
            return self._pass(message)
        self._policies = ()
        if not _RARE.isdisjoint(fields):
            self._policies = [v for n, v in message["headers"] if n.lower() in _POLICIES]
            if fields.get(b"content-disposition", b"").strip()[:10].lower() == b"attachment":
                return self._pass(message)
            if fields.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
                _warn_of_encoding()
                return self._pass(message)
        rewrites = plan.insertion is not None or plan.allows is not None
        if not rewrites or self._scope["method"] == "HEAD":
            return self._pass(message, private=plan.private, changed=rewrites)
        length = fields.get(b"content-length", b"")
        self._declared = int(length) if length.isdigit() else -1
        self._start = message
        self._held = b""
        self._search = None
        self._body = self._hold
        return _nothing()

    def _pass(
        self, message: Message, private: bool = False, changed: bool = False
    ) -> Awaitable[None]:
        # Sends the start, and from now on everything, as it is but for the header fields.
        self._end()
        if not private and self._plan.read is not None:
            private = self._plan.read()
        if private or changed:
            message = self._headed(message, changed, private, None if changed else KEEP)
        return self._send(message)

    def _is_private(self) -> bool:
        plan = self._plan
        return plan.private or (plan.read is not None and plan.read())

    def _headed(
        self, message: Message, changed: bool, private: bool, length: int | None
    ) -> Message:
        headers = revised(message.get("headers", ()), changed, private, self._plan.tag, length)
        return {**message, "headers": headers}

    def _interrupt(self, message: Message) -> Awaitable[None]:
        """Pass on an early hint, a push or a message yet unknown, behind the start that is held."""
        if self._start is None:
            return self._send(message)
        start = self._headed(self._start, True, self._is_private(), None)
        self._start, self._declared = None, -1
        return self._all(start, message)

    def _file(self, message: Message) -> Awaitable[None]:
        """Pass on a file that the server sends by itself, and all that follows it."""
        holding = self._body == self._hold
        self._end()
        if holding:
            held: Message = {"type": "http.response.body", "body": self._held, "more_body": True}
            start, self._start = self._start, None
            return self._all(*([start] if start else []), *([held] if self._held else []), message)
        waiting = self._waiting["body"] if self._waiting else b""
        rest = self._tailed(waiting + (self._gates.feed(b"", True) if self._gates else b""), True)
        flushed = {"type": "http.response.body", "body": rest, "more_body": True}
        return self._all(flushed, message) if rest else self._send(message)

    async def _all(self, *messages: Message) -> None:
        for message in messages:
            await self._send(message)

    # The body

    def _hold(self, message: Message) -> Awaitable[None]:
        data = message.get("body", b"")
        if type(data) is not bytes:
            data = bytes(data)
        if self._held:
            data = self._held + data
        self._held = data
        # What a declared length has been reached by is the whole page, whatever else is announced.
        ended = not message.get("more_body", False) or len(data) == self._declared
        wanted = self._plan.insertion
        if self._search is None:
            if wanted is not None and (top := recall(data)):
                return self._release(message, data, ended, top)
            whole = is_document(data, ended)
            if whole is None:
                return _nothing()
            if not whole:
                return self._leave(message, data)
            if wanted is None or (isinstance(wanted, Insertion) and not any(wanted[:3])):
                return self._release(message, data, ended, _NOWHERE)
            self._search = Search()
        top = self._search.look(data, ended)
        return self._release(message, data, ended, top) if top else _nothing()

    def _leave(self, message: Message, data: bytes) -> Awaitable[None]:
        """Send a fragment as it is."""
        self._end()
        message = {**message, "body": data}
        start, self._start = self._start, None
        if start is None:
            return self._send(message)
        if self._plan.read is not None and self._plan.read():
            start = self._headed(start, False, True, KEEP)
        return self._both(start, message)

    def _release(self, message: Message, data: bytes, ended: bool, top: Top) -> Awaitable[None]:
        """Send the start and what has come of the body, now that the places are known."""
        plan = self._plan
        style = banner = tail = b""
        insertion = plan.insertion
        if insertion is not None and not top.framed:
            if not isinstance(insertion, Insertion):
                insertion = insertion(top.lang)
            if insertion is not None:
                style, banner, tail = self._fitted(insertion, top)
        changed = bool(style or banner or tail)
        length: int | None
        if ended and (plan.allows is None or not marked(data)):
            self._over, self._body = True, self._send
            body = _joined(data, style, banner, tail, top) if changed else data
            length = len(body)
        else:
            length = None
            if plan.allows is not None:
                changed = True
            elif self._declared >= 0:
                length = self._declared + len(style) + len(banner) + len(tail)
            body = self._first(data, style, banner, tail, top, ended)
            length = len(body) if ended else length
        if body is not message.get("body"):
            message = {**message, "body": body}
        start, self._start = self._start, None
        if start is None:
            return self._send(message)
        private = plan.private or (plan.read is not None and plan.read())
        if changed or private:
            headers = revised(start.get("headers", ()), changed, private, plan.tag, length)
            start = {**start, "headers": headers}
        if not body and not ended:
            return self._send(start)
        return self._both(start, message)

    def _fitted(self, insertion: Insertion, top: Top) -> tuple[bytes, bytes, bytes]:
        """What goes before `</head>`, after `<body …>` and to the end of this page."""
        rule, plan = FREE, self._plan
        style, link, banner, tail = insertion
        if plan.nonce is not None and (nonce := plan.nonce()):
            rule = Policy(True, nonce.encode("ascii"), nonce.encode("ascii"))
        elif self._policies or plan.policy_outside:
            rule = policy(self._policies)
            rule = rule._replace(inline=rule.inline and not plan.policy_outside)
        if style and rule.inline and top.head >= 0 and not top.policy:
            style = _style(style, rule.style)
        else:
            style, banner = b"", _with_nonce(link, b"<link", rule.style) + banner
        if rule.script:
            tail = _with_nonce(tail, b"<script", rule.script)
        return (style, banner, tail) if top.body >= 0 else (style, b"", banner + tail)

    def _first(
        self, data: bytes, style: bytes, banner: bytes, tail: bytes, top: Top, ended: bool
    ) -> bytes:
        """What comes of the bytes held so far, as the first of a stream."""
        plan = self._plan
        self._gates = None
        if plan.allows is not None:
            self._gates = LateGates(plan.allows, plan.placeholder, awake=ended)
        self._held, self._size, self._tail = b"", len(data), tail
        self._close, self._starts = top.close, _beginnings(top.close)
        self._waiting = None
        self._body = self._stream
        gates = self._gates
        if gates is None or gates.passes(data):
            if not (tail or gates):
                self._end()
            at = top.body if banner else top.head if style else 0
            end = self._safe(data, at) if tail else len(data)
            self._held = data[end:]
            return _joined(data, style, banner, b"", top, end)
        at = 0
        pieces: list[bytes] = []
        for place, piece in ((top.head, style), (top.body, banner)):
            if piece:
                pieces += (gates.feed(data[at:place], settled=True), piece)
                at = place
        pieces.append(self._tailed(gates.feed(data[at:], ended), ended))
        if ended:
            self._end()
        return b"".join(pieces)

    def _stream(self, message: Message) -> Awaitable[None]:
        data, waiting, gates = message.get("body", b""), self._waiting, self._gates
        size = len(data)
        ended = not message.get("more_body", False)
        if self._declared >= 0:
            self._size += size
            ended = ended or self._size == self._declared
        # A large chunk is not searched for `</body>` but waits for what comes after it.
        if (
            size >= HOLD
            and not (ended or self._held)
            and type(data) is bytes
            and (gates is None or gates.passes(data))
        ):
            self._waiting = message
            return _nothing() if waiting is None else self._send(waiting)
        self._waiting = None
        if ended:
            self._end()
        new = data if type(data) is bytes else bytes(data)
        if gates is not None:
            new = gates.feed(new, ended)
        if waiting is not None and len(new) < TAIL:
            new, waiting = waiting["body"] + new, None
        new = self._tailed(new, ended)
        if not new and not ended:
            return _nothing() if waiting is None else self._send(waiting)
        if new is not data:
            message = {**message, "body": new}
        return self._send(message) if waiting is None else self._both(waiting, message)

    def _tailed(self, data: bytes, ended: bool) -> bytes:
        """The next bytes up to what may be the last `</body>`; at the end with what goes there."""
        if not self._tail:
            return data
        if self._held:
            data, self._held = self._held + data, b""
        if ended:
            end = data.rfind(self._close, max(0, len(data) - TAIL))
            end = end if end >= 0 else len(data)
            return b"".join((memoryview(data)[:end], self._tail, data[end:]))
        end = self._safe(data, 0)
        if end == len(data):
            return data
        self._held = data[end:]
        return data[:end]

    def _safe(self, data: bytes, start: int) -> int:
        # Up to where the data is surely before the page's last `</body>`: of those in its last
        # bytes the last one counts, be it in a comment, for this looks at no tokens.
        end = data.rfind(self._close, max(start, len(data) - TAIL))
        if end >= 0:
            return end
        return data.rfind(b"<") if data.endswith(self._starts) else len(data)

    async def _both(self, start: Message, body: Message) -> None:
        await self._send(start)
        await self._send(body)


def _joined(
    data: bytes, style: bytes, banner: bytes, tail: bytes, top: Top, end: int | None = None
) -> bytes:
    """The bytes of a page up to `end`, with what goes into it in its place."""
    head, at = top.head, top.body
    if not banner:
        at = head if style else 0
    start: tuple[bytes, ...] = ()
    if style:
        start = (data[:head], style, data[head:at], banner)
    elif banner:
        start = (data[:at], banner)
    if not tail:
        return b"".join((*start, memoryview(data)[at:end]))
    last = len(data) - TAIL
    end = data.rfind(top.close, last if last > at else at)
    if end < 0:
        end = len(data)
    return b"".join((*start, memoryview(data)[at:end], tail, data[end:]))


@lru_cache(maxsize=8)
def _style(css: bytes, nonce: bytes) -> bytes:
    return b'<style nonce="%b">%b</style>' % (nonce, css) if nonce else b"<style>%b</style>" % css


@lru_cache(maxsize=8)
def _beginnings(close: bytes) -> tuple[bytes, ...]:
    return tuple(close[:end] for end in range(1, len(close)))


def _with_nonce(html: bytes, tag: bytes, nonce: bytes) -> bytes:
    return html.replace(tag, b'%b nonce="%b"' % (tag, nonce)) if nonce else html
