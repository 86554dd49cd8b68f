"""Pages of the notice as visitors get them, kept to be sent again at the price of one join.

A page is made for one state of choice, as `Plans.tag` names it; what differs between its visitors
is the token of their forms alone (R46), which is put in each time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..browser.inject import responder
from ..browser.plan import TOKEN, Insertion
from ..browser.request import with_own_etags
from . import respond
from .plans import Page, Plans, remember
from .sent import Sent
from .tokens import random_token
from .visitor import Visitor

if TYPE_CHECKING:
    from .runtime import Runtime, State

_START = "http.response.start"
# What a client needs again with a 304 (RFC 9110, 15.4.5).
_AGAIN = {b"etag", b"cache-control", b"vary", b"content-location", b"link", b"memento-datetime"}


def kept(runtime: Runtime, plans: Plans, scope: Scope) -> Kept | None:
    """The page that a request asks for, if it is ready; a query could fill the memory."""
    if scope["method"] != "GET" or scope["query_string"]:
        return None
    return runtime.pages.get((plans.tag, scope.get("raw_path") or scope["path"]))


async def answer(
    runtime: Runtime, state: State, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a request for something about the notice, and keep the page that it is for."""
    plans = state.plans
    keeps = scope["method"] == "GET" and not scope["query_string"]

    async def asked(seen: Scope) -> Response:
        return await respond(runtime, state.edition, state.choice, seen, receive)

    response = await asked(with_own_etags(scope, plans.tag))
    if response.headers.get("cache-control", "").startswith("public"):
        await response(scope, receive, send)  # there is nothing of a visitor in it
        return
    if keeps and response.status_code == 304:  # somebody has the page, but it is not ready here
        response = await asked(_without_copy(scope))
    if keeps and response.status_code == 200 and "etag" in response.headers:
        page = await _made(plans, scope, receive, response)
        remember(runtime.pages, (plans.tag, scope.get("raw_path") or scope["path"]), page, 64)
        await page.send(scope, send)
        return
    visitor = Visitor(plans, scope)
    await response(scope, receive, responder(plans.flowing, send, scope, visitor))


def _without_copy(scope: Scope) -> Scope:
    """The request as of somebody who has no copy yet."""
    headers = [field for field in scope["headers"] if field[0] != b"if-none-match"]
    return {**scope, "headers": headers}


class Kept:
    """A page ready to be sent; `sent` counts the banners that go with it."""

    __slots__ = ("_again", "_etag", "_headers", "_parts", "_sent")

    def __init__(self, headers: list[tuple[bytes, bytes]], body: bytes, sent: Sent) -> None:
        self._parts = body.split(TOKEN)
        length = b"%d" % len(random_token().join(self._parts))
        sized = (b"content-length", length)
        self._headers = [sized if field[0] == sized[0] else field for field in headers]
        self._again = [field for field in headers if field[0] in _AGAIN]
        self._etag = dict(headers)[b"etag"].removeprefix(b"W/")
        self._sent = sent

    async def send(self, scope: Scope, send: Send) -> None:
        """Answer a GET with the page, or that the visitor has it (RFC 9110, 13.1.2)."""
        for name, value in scope["headers"]:
            if name == b"if-none-match" and self._held(value):
                await send({"type": _START, "status": 304, "headers": [*self._again]})
                await send({"type": "http.response.body"})
                return
        self._sent.n += 1
        body = random_token().join(self._parts)
        await send({"type": _START, "status": 200, "headers": [*self._headers]})
        await send({"type": "http.response.body", "body": body})

    def _held(self, tags: bytes) -> bool:
        return any(
            tag.strip().removeprefix(b"W/") in (self._etag, b"*") for tag in tags.split(b",")
        )


async def _made(plans: Plans, scope: Scope, receive: Receive, response: Response) -> Kept:
    """Make a page ready of the response that it comes from, a 200 with an ETag."""
    pages: list[_Open] = []
    messages: list[Message] = []

    def opened(asked: Scope, visitor: Visitor) -> _Open:
        pages.append(_Open(plans, True, asked, visitor))
        return pages[-1]

    async def collect(message: Message) -> None:
        messages.append(message)

    plan = replace(plans.flowing, page=opened)
    await response(scope, receive, responder(plan, collect, scope, Visitor(plans, scope)))
    start, *rest = messages
    counts = [page.sent for page in pages if page.sent]
    return Kept(
        [(bytes(name).lower(), bytes(value)) for name, value in start["headers"]],
        b"".join(message.get("body", b"") for message in rest),
        counts[0] if counts else Sent(),
    )


class _Open(Page):
    """What goes into a page that is nobody's yet: its token is left open, nothing is counted."""

    __slots__ = ("sent",)

    sent: Sent | None

    def __init__(self, plans: Plans, flow: bool, scope: Scope, visitor: Visitor) -> None:
        super().__init__(plans, flow, scope, visitor)
        self.sent = None

    def insertion(self, lang: str) -> Insertion | None:
        made, self.sent = self._plans.inserted(lang, self._scope, self._visitor.linked, self._flow)
        return made

    def token(self) -> bytes:
        return TOKEN
