"""Drives an ASGI response by hand and checks what any server would insist on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from consent.browser.inject import Plan, responder

Message = dict[str, Any]
HTML = [(b"content-type", b"text/html; charset=utf-8")]
BODILESS = (204, 205, 304)


@dataclass
class Sent:
    """What came out: every message, and the response put together from them."""

    messages: list[Message] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [message["type"].removeprefix("http.response.") for message in self.messages]

    @property
    def start(self) -> Message:
        return next(m for m in self.messages if m["type"] == "http.response.start")

    @property
    def headers(self) -> dict[bytes, bytes]:
        pairs = [(bytes(n).lower(), bytes(v)) for n, v in self.start.get("headers", ())]
        assert len({n for n, _ in pairs} - {b"set-cookie"}) == sum(
            n != b"set-cookie" for n, _ in pairs
        ), f"a field twice: {pairs}"
        return dict(pairs)

    @property
    def body(self) -> bytes:
        return b"".join(
            bytes(m.get("body", b"")) for m in self.messages if m["type"] == "http.response.body"
        )


def run(coroutine: Coroutine[Any, Any, Any] | Awaitable[Any]) -> Any:
    """Run what never waits for anything."""

    async def whole() -> Any:
        return await coroutine

    steps = whole()
    try:
        steps.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


def start(headers: Iterable[Any] = HTML, status: int = 200, length: int | None = None) -> Message:
    pairs = list(headers)
    if length is not None:
        pairs.append((b"content-length", b"%d" % length))
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(data: Any, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def page(
    data: bytes | Sequence[bytes],
    headers: Iterable[Any] = HTML,
    *,
    length: bool = True,
    **more: Any,
) -> list[Message]:
    """The messages of a page sent in one chunk, or in those given."""
    chunks = [data] if isinstance(data, bytes) else list(data)
    size = sum(map(len, chunks)) if length else None
    bodies = [body(chunk, index + 1 < len(chunks)) for index, chunk in enumerate(chunks)]
    return [start(headers, length=size, **more), *bodies]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def cut_at(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def scope(method: str = "GET", headers: Iterable[tuple[bytes, bytes]] = (), **more: Any) -> Message:
    return {"type": "http", "method": method, "path": "/", "headers": list(headers), **more}


def respond(
    plan: Plan,
    messages: Iterable[Message],
    method: str = "GET",
    headers: Iterable[tuple[bytes, bytes]] = (),
    visitor: Any = None,
) -> Sent:
    """Send the messages through the rewriter; give what came out, checked."""

    async def app(send: Callable[[Message], Awaitable[None]]) -> None:
        for message in messages:
            await send(message)

    sent = Sent()

    async def collect(message: Message) -> None:
        sent.messages.append(dict(message))

    run(app(responder(plan, collect, scope(method, headers), visitor)))
    check(sent, method)
    return sent


def check(sent: Sent, method: str = "GET") -> None:
    """Assert a legal order of messages, and that the bytes sent are as many as announced."""
    started = ended = False
    for message in sent.messages:
        kind = message["type"]
        if kind == "http.response.start":
            assert not started, "two starts"
            started = True
            for name, value in message.get("headers", ()):
                assert type(name) is bytes
                assert type(value) is bytes
        elif kind == "http.response.debug":
            assert not started, "debug comes before the start"
        elif kind == "http.response.trailers":
            assert ended
            assert sent.start.get("trailers"), "trailers were not announced"
        else:
            assert started, f"{kind} before the start"
            assert not ended, f"{kind} after the end"
        if kind == "http.response.body":
            assert isinstance(message.get("body", b""), (bytes, bytearray, memoryview))
            ended = not message.get("more_body", False)
        elif kind == "http.response.pathsend":
            ended = True
    if method == "HEAD" or sent.start["status"] in BODILESS or "pathsend" in sent.kinds:
        return
    announced = sent.headers.get(b"content-length")
    if announced is not None and ended and "zerocopysend" not in sent.kinds:
        assert int(announced) == len(sent.body)
