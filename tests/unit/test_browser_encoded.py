"""Pages that the app has compressed itself are completed like any other."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from consent.browser import encoded
from consent.browser.inject import Plan, responder
from tests.unit.asgi_driver import HTML, Sent, body, check, cut, cut_at, page, respond, run, start
from tests.unit.asgi_driver import scope as request
from tests.unit.encoded_samples import GZIP, REFUSED, REFUSING, TAKES, packed, random_page, unpacked
from tests.unit.rewriter_samples import (
    BANNER,
    END,
    FIRST,
    HEAD,
    PAGE,
    REWRITTEN,
    TAIL_BYTES,
    TOP,
    filled,
    rewritten,
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def in_parts(data: bytes) -> bytes:
    return gzip.compress(data[:30]) + gzip.compress(b"") + gzip.compress(data[30:])


def padded(data: bytes) -> bytes:
    return gzip.compress(data) + bytes(20)


FORMS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"X-Gzip", gzip.compress),
    (b" gzip ", in_parts),
    (b"gzip", padded),
    (b"deflate", zlib.compress),
    (b"deflate", raw_deflate),
]


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "_told", set())


# -- read, completed, compressed again --


@pytest.mark.parametrize(("name", "pack"), FORMS)
def test_a_page_is_read_completed_and_compressed_again(
    name: bytes, pack: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    messages = page(pack(PAGE), [*HTML, (b"Content-Encoding", name)])
    sent = respond(FIRST, messages, headers=TAKES)
    assert unpacked(sent) == REWRITTEN
    assert b"content-length" not in sent.headers
    assert sent.headers[b"vary"] == b"Cookie, Sec-GPC, Accept-Encoding"
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"x-gzip", True),
        (b"*", True),
        (b"*;q=0, gzip; q=1", True),
        (b"identity", False),
        (b"deflate, br", False),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000, *", False),
        (b"", False),
    ],
)
def test_who_does_not_take_gzip_gets_the_page_uncompressed(accepted: bytes, gzipped: bool) -> None:
    sent = respond(FIRST, packed(PAGE), headers=[(b"accept-encoding", accepted)])
    assert (b"content-encoding" in sent.headers) == gzipped
    assert (unpacked(sent) if gzipped else sent.body) == REWRITTEN
    assert b"Accept-Encoding" in sent.headers[b"vary"]


def test_header_fields_say_what_is_so() -> None:
    fields = [
        (b"etag", b'"e"'),
        (b"vary", b"accept-encoding"),
        (b"accept-ranges", b"bytes"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    sent = respond(FIRST, packed(PAGE, *fields), headers=TAKES)
    assert sent.headers[b"etag"] == b'W/"e-vc.s1"'
    assert sent.headers[b"vary"] == b"accept-encoding, Cookie, Sec-GPC"
    assert b"accept-ranges" not in sent.headers
    cookies = [value for name, value in sent.start["headers"] if name == b"set-cookie"]
    assert cookies == [b"a=1", b"b=2"]


def test_the_etag_of_a_fragment_is_weak_since_other_bytes_are_sent() -> None:
    plan = Plan(insertion=FIRST.insertion)
    sent = respond(plan, packed(b"<p>part", (b"etag", b'"e"')), headers=TAKES)
    assert unpacked(sent) == b"<p>part"
    assert sent.headers[b"etag"] == b'W/"e"'


def test_the_start_of_the_app_is_not_touched() -> None:
    messages = packed(PAGE)
    before = [dict(messages[0], headers=list(messages[0]["headers"])), dict(messages[1])]
    for _ in range(2):
        assert unpacked(respond(FIRST, messages, headers=TAKES)) == REWRITTEN
        assert messages == before


@settings(max_examples=150)
@given(
    st.sampled_from(FORMS),
    st.lists(st.sampled_from([HEAD, TOP, END, REFUSED, b"<p>", b"x" * 3000]), max_size=9),
    st.lists(st.integers(0, 4000), max_size=8),
    st.booleans(),
)
def test_any_chunking_gives_the_page_that_would_be_without_compression(
    form: tuple[bytes, Callable[[bytes], bytes]], pieces: list[bytes], cuts: list[int], single: bool
) -> None:
    name, pack = form
    text = b"".join([HEAD, *pieces])
    data = pack(text)
    chunks = cut(data, 1) if single else cut_at(data, cuts)
    sent = respond(REFUSING, page(chunks, [*HTML, (b"content-encoding", name)]), headers=TAKES)
    assert unpacked(sent) == respond(REFUSING, page(text)).body


def test_a_streamed_page_is_passed_on_as_it_comes() -> None:
    sent = Sent()

    async def collect(message: Any) -> None:
        sent.messages.append(dict(message))

    packer, reader = zlib.compressobj(wbits=31), zlib.decompressobj(31)
    send = responder(FIRST, collect, request(headers=TAKES))
    run(send(start(GZIP)))
    got = b""
    for part, shown in (
        (HEAD + TOP, BANNER),
        (b"<p>first</p>", b"first"),
        (b"<p>second</p>", b"second"),
    ):
        at = len(sent.messages)
        part = packer.compress(part + b" " * 2000) + packer.flush(zlib.Z_SYNC_FLUSH)
        run(send(body(part, True)))
        got += b"".join(reader.decompress(m.get("body", b"")) for m in sent.messages[at:])
        assert shown in got
    run(send(body(packer.flush())))
    check(sent)
    assert unpacked(sent).endswith(b" " + TAIL_BYTES)


def test_trailers_and_hints_come_through() -> None:
    first, last = packed(PAGE)
    hint = {"type": "http.response.early_hint", "links": [b"</a.css>"]}
    trailers = {"type": "http.response.trailers", "headers": [], "more_trailers": False}
    first["trailers"] = True
    sent = respond(FIRST, [first, hint, last, trailers], headers=TAKES)
    assert sent.kinds == ["start", "early_hint", "body", "trailers"]
    assert unpacked(sent) == REWRITTEN


# -- where there is nothing to complete --


def test_head_says_what_get_would() -> None:
    fields = [(b"etag", b'"e"')]
    head = respond(FIRST, [*packed(PAGE, *fields)[:1], body(b"")], "HEAD", TAKES)
    assert head.body == b""
    assert head.headers == respond(FIRST, packed(PAGE, *fields), headers=TAKES).headers


@pytest.mark.parametrize("status", [204, 205, 206, 304, 301])
def test_what_is_no_whole_page_is_left_alone(status: int) -> None:
    data = gzip.compress(PAGE)[:40] if status == 206 else b""
    fields = [(b"location", b"/"), (b"content-range", b"bytes 0-39/99"), (b"etag", b'"e"')]
    messages = page(data, [*GZIP, *fields], status=status)
    sent = respond(FIRST, messages, headers=TAKES)
    assert (sent.start, sent.body) == (messages[0], data)


@pytest.mark.parametrize("plan", [Plan(), FIRST, REFUSING])
@pytest.mark.parametrize("kind", [b"text/css", b"application/json", b"image/svg+xml"])
def test_what_is_no_page_stays_as_it_was_compressed(plan: Plan, kind: bytes) -> None:
    data = gzip.compress(PAGE)
    messages = page(data, [(b"content-type", kind), (b"content-encoding", b"gzip")])
    assert respond(plan, messages, headers=TAKES).messages == messages


def test_where_nothing_is_to_be_done_the_bytes_stay_and_the_page_is_private() -> None:
    """Another state's page has other bytes, so that a shared cache must not keep this one."""
    data = gzip.compress(PAGE)
    sent = respond(Plan(private=True, tag=b"s1"), packed(PAGE, (b"etag", b'"e"')), headers=TAKES)
    assert sent.body == data
    assert sent.headers[b"cache-control"] == b"private"
    assert sent.headers[b"etag"] == b'W/"e-vc.s1"'
    assert int(sent.headers[b"content-length"]) == len(data)


def test_a_file_that_the_server_sends_by_itself_goes_as_it_is() -> None:
    messages = [start(GZIP, length=9), {"type": "http.response.pathsend", "path": "/a.html.gz"}]
    assert respond(REFUSING, messages, headers=TAKES).messages == messages


def test_nothing_of_a_file_is_mixed_into_a_page_that_has_begun() -> None:
    half = gzip.compress(filled(200_000), 0)[:100_000]
    file = {"type": "http.response.zerocopysend", "file": 3}
    sent = respond(FIRST, [start(GZIP), body(half, True), file], headers=TAKES)
    assert "zerocopysend" not in sent.kinds
    assert unpacked(sent).startswith(REWRITTEN[:60])


# -- bounds --


@pytest.mark.parametrize("chunk", [16 * 1024, 10**9])
def test_a_page_of_2_mb_takes_bounded_memory(chunk: int) -> None:
    text = random_page(2_000_000)
    messages = page(cut(gzip.compress(text), chunk), GZIP)
    sizes: list[int] = []
    reader = zlib.decompressobj(31)

    async def measure(message: Any) -> None:
        sizes.append(len(reader.decompress(message.get("body", b""))))

    async def work() -> None:
        send = responder(REFUSING, measure, request(headers=TAKES))
        for message in messages:
            await send(message)

    run(work())  # what is made once
    sizes.clear()
    reader = zlib.decompressobj(31)
    tracemalloc.start()
    try:
        run(work())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sizes) == len(text) + len(respond(REFUSING, page(PAGE)).body) - len(PAGE)
    assert peak < 700_000


def test_a_bomb_is_read_in_small_pieces() -> None:
    """100 MB of nothing in 100 KB; what is made of it is never held as a whole."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(HEAD + TOP)
    for _ in range(100):
        bomb += packer.compress(bytes(1_000_000))
    bomb += packer.flush()
    most = total = 0

    async def measure(message: Any) -> None:
        nonlocal most, total
        size = len(message.get("body", b""))
        most, total = max(most, size), total + size

    send = responder(FIRST, measure, request())
    tracemalloc.start()
    try:
        for message in page(bomb, GZIP):
            run(send(message))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 100_000_000
    assert most <= 130_000
    assert peak < 1_000_000


# -- in either order --


def compressing(app: Any) -> Any:
    return GZipMiddleware(app, minimum_size=100)


ORDERS: list[Callable[[Any], Any]] = [
    lambda app: compressing(rewritten(FIRST)(app)),
    lambda app: rewritten(FIRST)(compressing(app)),
    lambda app: compressing(rewritten(FIRST)(compressing(app))),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("accepted", ["gzip, deflate, br, zstd", "identity"])
def test_compression_goes_inside_or_outside(
    order: Callable[[Any], Any], streamed: bool, accepted: str
) -> None:
    text = filled(100_000)

    async def show(request: Request) -> HTMLResponse | StreamingResponse:
        chunks = iter(cut(text, 9000))
        html = "text/html"
        return StreamingResponse(chunks, media_type=html) if streamed else HTMLResponse(text)

    client = TestClient(order(Starlette(routes=[Route("/", show)])))
    response = client.get("/", headers={"accept-encoding": accepted})
    assert response.content == respond(FIRST, page(text)).body
    assert BANNER in response.content
    assert response.headers.get("content-encoding") == ("gzip" if "gzip" in accepted else None)
    assert "accept-encoding" in response.headers["vary"].lower()
