"""The host's HTML responses on their way out: banner, settings link and gates go into the stream.

A page is never collected. The start of a response is held until the place for the banner is found,
the first 16 KiB have passed or the page has ended; so its length is known when it is sent. From
then on every chunk is passed on at once, but for what may be a gate or the last `</body>`. What
goes in depends on offsets in the body alone, so that any chunking gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, MutableMapping
from functools import lru_cache
from typing import Any, cast

from .headers import FREE, KEEP, Head, Policy, head, policy, warn_of_encoding
from .late import LateGates, Seen, known, marked
from .places import TAIL, Parts, Search, Top, beginnings, is_document, joined, recall
from .plan import TOKEN, Page, Reading
from .plan import Insertion as Insertion
from .plan import Plan as Plan
from .request import FILES, Scope, holds_state

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_NOWHERE = Top()


class _Done:
    """What is awaited where nothing is sent; one object for all, since it has no state."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return _NEVER


_NEVER = cast("Generator[None, None, None]", iter(()))
_DONE = _Done()


class Responder:
    """Rewrites the response to one request; give its `send` to the app.

    `scope` is the request as it came, before `prepared`; `visitor` is what the app is given to ask
    for the visitor's choice, if it is given anything.
    """

    __slots__ = (
        "_close",
        "_declared",
        "_gates",
        "_head",
        "_held",
        "_over",
        "_page",
        "_plan",
        "_scope",
        "_search",
        "_send",
        "_size",
        "_start",
        "_starts",
        "_streaming",
        "_tail",
        "_visitor",
    )

    _close: bytes
    _declared: int
    _gates: LateGates | None
    _held: bytes
    _page: Page | None
    _search: Search | None
    _size: int
    _starts: tuple[bytes, ...]
    _tail: bytes

    def __init__(
        self, plan: Plan, send: Send, scope: Scope, visitor: Reading | None = None
    ) -> None:
        self._plan = plan
        self._send = send
        self._scope = scope
        self._visitor = visitor
        self._head: Head | None = None  # None before the start
        self._start: Message | None = None  # held until its header fields are known
        self._over = False  # nothing is left to do
        self._streaming = False  # what was held has been sent

    def send(self, message: Message) -> Awaitable[None]:
        """Take a message of the app's and pass on what it becomes."""
        if self._over:
            return self._send(message)
        kind = message["type"]
        if kind == "http.response.body":
            return self._stream(message) if self._streaming else self._hold(message)
        if kind == "http.response.start":
            return self._begin(message)
        if self._head is None:
            return self._send(message)
        return self._file(message) if kind in FILES else self._interrupt(message)

    # The start

    def _begin(self, message: Message) -> Awaitable[None]:
        plan = self._plan
        found = self._head = head(message["status"], message.get("headers", ()), plan.tag)
        if not found.page:
            if found.encoded:
                warn_of_encoding()
            again = found.status == 304 and plan.private and holds_state(self._scope, plan.tag)
            return self._pass(message, private=again)
        if (plan.allows is None and not plan.rewrites) or self._scope["method"] == "HEAD":
            return self._pass(message, private=plan.private, changed=plan.rewrites)
        self._declared = found.declared
        self._start = message
        self._held = b""
        self._search = self._page = None
        return _DONE

    def _pass(
        self, message: Message, private: bool = False, changed: bool = False
    ) -> Awaitable[None]:
        # Sends the start, and from now on everything, as it is but for the header fields.
        self._over = True
        private = private or (self._visitor is not None and self._visitor.read)
        if private or changed:
            message = self._headed(message, changed, private, None if changed else KEEP)
        return self._send(message)

    def _is_private(self) -> bool:
        return self._plan.private or (self._visitor is not None and self._visitor.read)

    def _headed(
        self, message: Message, changed: bool, private: bool, length: int | None
    ) -> Message:
        assert self._head
        return {**message, "headers": self._head.revised(changed, private, length)}

    def _interrupt(self, message: Message) -> Awaitable[None]:
        """Pass on an early hint, a push or a message yet unknown, behind the start that is held."""
        if self._start is None:
            return self._send(message)
        start = self._headed(self._start, True, self._is_private(), None)
        self._start, self._declared = None, -1
        return self._both(start, message)

    def _file(self, message: Message) -> Awaitable[None]:
        """Pass on a file that the server sends by itself, and all that follows it."""
        self._over = True
        if not self._streaming:
            held: Message = {"type": "http.response.body", "body": self._held, "more_body": True}
            start, self._start = self._start, None
            return self._all(*([start] if start else []), *([held] if self._held else []), message)
        rest = self._tailed(self._gates.feed(b"", True) if self._gates else b"", True)
        flushed = {"type": "http.response.body", "body": rest, "more_body": True}
        return self._both(flushed, message) if rest else self._send(message)

    async def _all(self, *messages: Message) -> None:
        for message in messages:
            await self._send(message)

    # The body

    def _hold(self, message: Message) -> Awaitable[None]:
        if self._head is None:
            return self._send(message)
        data = message.get("body", b"")
        if type(data) is not bytes:
            data = bytes(data)
        if self._held:
            data = self._held + data
        # What a declared length has been reached by is the whole page, whatever else is announced.
        ended = not message.get("more_body", False) or len(data) == self._declared
        plan, wanted = self._plan, self._plan.insertion
        # Without style and banner no place is searched, so none is to be remembered either.
        placeless = wanted is not None and isinstance(wanted, Insertion) and not any(wanted[:3])
        page = known(data)
        if page is not None and page.top is not None and not placeless:
            if ended and page.parts is not None:
                return self._again(message, page, page.top, page.parts)
            if page.top.body >= 0:
                return self._release(message, data, ended, page.top)
        self._held = data
        if self._search is None:
            inserts = wanted is not None or plan.page is not None
            if inserts and (found := recall(data)):
                return self._release(message, data, ended, found)
            whole = is_document(data, ended)
            if whole is None:
                return _DONE
            if not whole:
                return self._leave(message, data)
            if placeless or not inserts:
                return self._release(message, data, ended, _NOWHERE)
            self._search = Search()
        found = self._search.look(data, ended)
        return self._release(message, data, ended, found) if found else _DONE

    def _leave(self, message: Message, data: bytes) -> Awaitable[None]:
        """Send a fragment as it is."""
        self._over = True
        message = {**message, "body": data}
        start, self._start = self._start, None
        if start is None:
            return self._send(message)
        if self._visitor is not None and self._visitor.read:
            start = self._headed(start, False, True, KEEP)
        return self._both(start, message)

    def _again(self, message: Message, page: Seen, top: Top, parts: Parts) -> Awaitable[None]:
        """Send a whole page that is remembered: it has no gates."""
        self._over = True
        plan, start, head = self._plan, self._start, self._head
        body, changed = page.data, False
        if plan.adds and (insertion := self._insertion(top)) is not None:
            pieces = self._pieces(page, insertion, top, parts)
            body = pieces[0]
            if len(pieces) > 1 and self._page is not None:
                body = self._page.token().join(pieces)
            changed = body is not page.data
        if changed or self._held:
            message = {**message, "body": body}
        if start is None or head is None:
            return self._send(message)
        private = plan.private or (self._visitor is not None and self._visitor.read)
        if changed or private:
            length = KEEP if self._declared == len(body) else len(body)
            start = {**start, "headers": head.revised(changed, private, length)}
        return self._both(start, message)

    def _pieces(self, page: Seen, insertion: Insertion, top: Top, parts: Parts) -> list[bytes]:
        """The page with what goes in, cut where its token goes."""
        plan, made = self._plan, page.made
        assert self._head
        free = plan.nonce is None and not self._head.policies
        if free and made is not None and made[0] is insertion and made[1] is plan:
            return made[2]
        style, banner, tail = self._fitted(insertion, top)
        if not (style or banner or tail):
            return [page.data]
        first, second, third, last = parts
        pieces = banner.split(TOKEN) if self._page else [banner]
        pieces[0] = b"".join((first, style, second, pieces[0]))
        pieces[-1] = b"".join((pieces[-1], third, tail, last))
        if free:
            page.made = (insertion, plan, pieces)
        return pieces

    def _insertion(self, top: Top) -> Insertion | None:
        plan = self._plan
        wanted = plan.insertion
        if plan.page is not None:
            assert self._visitor
            self._page = plan.page(self._scope, self._visitor)
            wanted = self._page.insertion
        if wanted is None or top.framed:
            return None
        return wanted if isinstance(wanted, Insertion) else wanted(top.lang)

    def _release(self, message: Message, data: bytes, ended: bool, top: Top) -> Awaitable[None]:
        """Send the start and what has come of the body, now that the places are known."""
        plan, start = self._plan, self._start
        style = banner = tail = b""
        if (insertion := self._insertion(top)) is not None:
            if self._page is not None and TOKEN in insertion.banner:
                style, link, banner, tail = insertion
                banner = banner.replace(TOKEN, self._page.token())
                insertion = Insertion(style, link, banner, tail)
            style, banner, tail = self._fitted(insertion, top)
        changed = bool(style or banner or tail)
        length: int | None
        if ended and (plan.allows is None or not marked(data, None if top is _NOWHERE else top)):
            self._over = True
            body = joined(data, style, banner, tail, top) if changed else data
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
        if start is None:
            return self._send(message)
        self._start = None
        private = plan.private or (self._visitor is not None and self._visitor.read)
        if changed or private:
            start = self._headed(start, changed, private, length)
        if not body and not ended:
            return self._send(start)
        return self._both(start, message)

    def _fitted(self, insertion: Insertion, top: Top) -> tuple[bytes, bytes, bytes]:
        """What goes before `</head>`, after `<body …>` and to the end of this page."""
        assert self._head
        rule, plan = FREE, self._plan
        style, link, banner, tail = insertion
        if plan.nonce is not None and (nonce := plan.nonce()):
            rule = Policy(True, nonce.encode("ascii"), nonce.encode("ascii"))
        elif self._head.policies or plan.policy_outside:
            rule = policy(self._head.policies)
            rule = rule._replace(inline=rule.inline and not plan.policy_outside)
        if style and rule.inline and top.head >= 0 and not top.policy:
            style = _style(style, rule.style)
        else:
            style, banner = b"", link + banner
        banner = _with_nonce(banner, b"<link", rule.style)
        tail = _with_nonce(tail, b"<link", rule.style)
        tail = _with_nonce(tail, b"<script", rule.script)
        return (style, banner, tail) if top.body >= 0 else (style, b"", banner + tail)

    def _first(
        self, data: bytes, style: bytes, banner: bytes, tail: bytes, top: Top, ended: bool
    ) -> bytes:
        """What comes of the bytes held so far, as the first of a stream."""
        plan = self._plan
        self._gates = None
        if plan.allows is not None:
            placeholder = self._page.placeholder if self._page is not None else plan.placeholder
            self._gates = LateGates(plan.allows, placeholder, awake=ended)
        self._held, self._size, self._tail = b"", len(data), tail
        self._close, self._starts = top.close, beginnings(top.close)
        self._streaming = True
        gates = self._gates
        if gates is None or gates.passes(data, None if top is _NOWHERE else top):
            self._over = not (tail or gates)
            at = top.body if banner else top.head if style else 0
            end = self._safe(data, at) if tail else len(data)
            self._held = data[end:]
            return joined(data, style, banner, b"", top, end)
        at = 0
        pieces: list[bytes] = []
        for place, piece in ((top.head, style), (top.body, banner)):
            if piece:
                pieces += (gates.feed(data[at:place], settled=True), piece)
                at = place
        pieces.append(self._tailed(gates.feed(data[at:], ended), ended))
        self._over = ended
        return b"".join(pieces)

    def _stream(self, message: Message) -> Awaitable[None]:
        data, gates = message.get("body", b""), self._gates
        ended = not message.get("more_body", False)
        usual = type(data) is bytes and not (ended or self._held) and self._declared < 0
        if usual and gates is not None and gates.plain(data):
            return self._send(message)
        if self._declared >= 0:
            self._size += len(data)
            ended = ended or self._size == self._declared
        new = data if type(data) is bytes else bytes(data)
        if gates is not None and not gates.passes(new):
            new = gates.feed(new, ended)
        self._over = ended
        if self._tail:
            new = self._tailed(new, ended)
        if not new and not ended:
            return _DONE
        return self._send(message if new is data else {**message, "body": new})

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


@lru_cache(maxsize=8)
def _style(css: bytes, nonce: bytes) -> bytes:
    return b'<style nonce="%b">%b</style>' % (nonce, css) if nonce else b"<style>%b</style>" % css


def _with_nonce(html: bytes, tag: bytes, nonce: bytes) -> bytes:
    return html.replace(tag, b'%b nonce="%b"' % (tag, nonce)) if nonce else html
