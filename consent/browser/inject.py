"""The host's HTML responses on their way out: banner, settings link and gates go into the stream.

A page is never collected. The start of a response is held until the place for the banner is found,
the first 16 KiB have passed or the page has ended; so its length is known when it is sent. From
then on every chunk is passed on at once, but for what may be a gate or the last `</body>`. What
goes in depends on offsets in the body alone, so that any chunking gives the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, NamedTuple

from .gates import Allows, LateGates, Placeholder, marked
from .headers import FREE, KEEP, Policy, is_html, policy, revised
from .places import TAIL, Search, Top, is_document, recall
from .request import FILES, holds_state

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_logger = logging.getLogger("consent")
_BODILESS = frozenset({204, 205, 206, 304})
_POLICIES = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_RARE = _POLICIES | {b"content-encoding", b"content-disposition"}
_NOWHERE = Top()
_warned: set[str] = set()


class Insertion(NamedTuple):
    """What goes into a page, as bytes that are pure ASCII; each may be empty.

    `style` is CSS text for a `<style>` before `</head>`; `link` the `<link rel=stylesheet>` that
    takes its place directly before `banner` where inline style may not be used; `banner` stands
    right after `<body …>`; `tail`, settings link and script, before the last `</body>`.
    """

    style: bytes
    link: bytes
    banner: bytes
    tail: bytes


class Plan(NamedTuple):
    """What is done to the response to one request, if it is a page.

    - `insertion`: what to put in, or how to make it, given the page's language (`<html lang>`,
      empty if it names none); called at most once, and only for a page.
    - `allows`: which gates to open; None where there is none to open and no embed to stand in for.
    - `placeholder`: makes the markup that follows a refused embed; called after `insertion`.
    - `nonce`: gives the nonce of a content security policy that is set outside us.
    - `policy_outside`: there is one, so that no response shows it.
    - `private`: a page's bytes depend on the choice (R120).
    - `tag`: names the state in ETags, of letters, digits, `_` and `-`; without one a private page
      has no ETag.
    - `read`: whether the app itself has read the choice; then any response of it is private.
    """

    insertion: Insertion | Callable[[str], Insertion | None] | None = None
    allows: Allows | None = None
    placeholder: Placeholder | None = None
    nonce: Callable[[], str | None] | None = None
    policy_outside: bool = False
    private: bool = False
    tag: bytes = b""
    read: Callable[[], bool] | None = None


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
        "_fields",
        "_gates",
        "_held",
        "_over",
        "_plan",
        "_scope",
        "_search",
        "_send",
        "_size",
        "_start",
        "_starts",
        "_tail",
    )

    _body: Send
    _close: bytes
    _declared: int
    _fields: dict[bytes, bytes]
    _gates: LateGates | None
    _held: bytes
    _search: Search | None
    _size: int
    _starts: tuple[bytes, ...]
    _tail: bytes

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
        if not _RARE.isdisjoint(fields):
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
        self._fields = fields
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
        rest = self._finished(b"", True)
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
        self._tail = tail
        gates = None
        if plan.allows is not None and not (ended and not marked(data)):
            gates = LateGates(plan.allows, plan.placeholder)
        self._gates, self._held, self._size = gates, b"", len(data)
        self._close = top.close
        self._starts = _beginnings(top.close)
        self._body = self._stream
        if ended:
            self._end()
        body = self._joined(data, style, banner, ended, top)
        if body is not data:
            message = {**message, "body": body}
        start, self._start = self._start, None
        if start is None:
            return self._send(message)
        added = len(style) + len(banner) + len(tail)
        length = None
        if ended:
            length = len(body)
        elif self._declared >= 0 and gates is None:
            length = self._declared + added
        changed = added > 0 or gates is not None
        private = self._is_private()
        if changed or private:
            start = self._headed(start, changed, private, length)
        if not body and not ended:
            return self._send(start)
        return self._both(start, message)

    def _fitted(self, insertion: Insertion, top: Top) -> tuple[bytes, bytes, bytes]:
        """What goes before `</head>`, after `<body …>` and to the end of this page."""
        rule, plan = FREE, self._plan
        style, link, banner, tail = insertion
        if plan.nonce is not None and (nonce := plan.nonce()):
            ready = nonce.encode("ascii")
            rule = Policy(True, ready, ready)
        elif plan.policy_outside or not _POLICIES.isdisjoint(self._fields):
            rule = policy([self._fields[name] for name in _POLICIES if name in self._fields])
            rule = rule._replace(inline=rule.inline and not plan.policy_outside)
        if style and rule.inline and top.head >= 0 and not top.policy:
            nonce_ = b' nonce="%b"' % rule.style if rule.style else b""
            style = b"<style%b>%b</style>" % (nonce_, style)
        else:
            style, banner = b"", _with_nonce(link, b"<link", rule.style) + banner
        tail = _with_nonce(tail, b"<script", rule.script)
        return (style, banner, tail) if top.body >= 0 else (style, b"", banner + tail)

    def _joined(self, data: bytes, style: bytes, banner: bytes, ended: bool, top: Top) -> bytes:
        at, gates = 0, self._gates
        pieces: list[bytes | memoryview] = []
        for place, piece in ((top.head, style), (top.body, banner)):
            if piece:
                before = data[at:place]
                pieces += (gates.feed(before, settled=True) if gates else before, piece)
                at = place
        if gates is None and ended:
            if not self._tail:
                return b"".join([*pieces, memoryview(data)[at:]]) if pieces else data
            end = data.rfind(top.close, max(at, len(data) - TAIL))
            end = end if end >= 0 else len(data)
            pieces += (memoryview(data)[at:end], self._tail, data[end:])
        else:
            pieces.append(self._finished(data[at:], ended))
        return b"".join(pieces)

    def _stream(self, message: Message) -> Awaitable[None]:
        data = message.get("body", b"")
        if type(data) is not bytes:
            data = bytes(data)
        more = message.get("more_body", False)
        size = len(data)
        self._size += size
        if more and self._gates is None and self._size != self._declared and not self._held:
            # By far the most chunks hold no `</body>` at their end, nor the beginning of one.
            tail = size - TAIL if size > TAIL else 0
            if data.rfind(self._close, tail) < 0 and not data.endswith(self._starts):
                return self._send(message)
        ended = not more or self._size == self._declared
        if ended:
            self._end()
        new = self._finished(data, ended)
        if new is data:
            return self._send(message)
        if not new and more:
            return _nothing()
        return self._send({**message, "body": new})

    def _finished(self, data: bytes, ended: bool) -> bytes:
        """The next bytes with gates opened, without what may be the last `</body>` and after."""
        if self._gates is not None:
            data = self._gates.feed(data, ended)
        if not self._tail:
            return data
        if self._held:
            data, self._held = self._held + data, b""
        # By bytes, without tokens: the last one counts, be it in a comment of the last 1 KiB.
        end = data.rfind(self._close, max(0, len(data) - TAIL))
        if ended:
            end = end if end >= 0 else len(data)
            return b"".join((data[:end], self._tail, data[end:]))
        if end < 0:
            if not data.endswith(self._starts):
                return data
            end = data.rfind(b"<")
        self._held = data[end:]
        return data[:end]

    async def _both(self, start: Message, body: Message) -> None:
        await self._send(start)
        await self._send(body)


@lru_cache(maxsize=64)
def _beginnings(close: bytes) -> tuple[bytes, ...]:
    return tuple(close[:end] for end in range(1, len(close)))


def _with_nonce(html: bytes, tag: bytes, nonce: bytes) -> bytes:
    return html.replace(tag, b'%b nonce="%b"' % (tag, nonce)) if nonce else html
