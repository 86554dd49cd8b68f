"""The traps of pure-ASGI injection, each by its name; from 13 on they are in another file."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from consent.browser.inject import Plan, responder
from consent.browser.request import prepared
from tests.unit.asgi_driver import (
    HTML,
    Sent,
    body,
    check,
    cut,
    page,
    respond,
    run,
    scope,
    start,
)
from tests.unit.rewriter_samples import (
    BANNER,
    END,
    FIRST,
    HEAD,
    INSERTION,
    PAGE,
    REWRITTEN,
    STYLE,
    TAIL_BYTES,
    TOP,
    filled,
    rewritten,
)


@pytest.mark.parametrize("last", [[body(b"")], [body(b"", more=True), body(b"")]])
def test_trap_1_a_plain_page_that_arrives_as_a_stream_keeps_its_length(last: list[Any]) -> None:
    sent = respond(FIRST, [start(length=len(PAGE)), body(PAGE, more=True), *last])
    assert sent.body == REWRITTEN
    assert sent.headers[b"content-length"] == b"%d" % len(REWRITTEN)


@pytest.mark.parametrize("size", [1, 16, 50, 1000])
def test_trap_2_content_length_is_corrected_where_it_is_known(size: int) -> None:
    sent = respond(FIRST, page(cut(PAGE, size)))
    assert sent.headers[b"content-length"] == b"%d" % len(REWRITTEN)


def test_trap_2_content_length_is_corrected_before_a_long_page_has_come() -> None:
    text = filled(300_000)
    sent = respond(FIRST, page(cut(text, 16_384)))
    assert sent.headers[b"content-length"] == b"%d" % (len(text) + len(REWRITTEN) - len(PAGE))


def test_trap_2_content_length_is_dropped_where_gates_leave_it_open() -> None:
    plan = replace(FIRST, allows=lambda name: True)
    gate = b"<template data-consent=a>1</template>"
    text = HEAD + TOP + gate + b"x" * 20_000 + END
    sent = respond(plan, page(cut(text, 5000)))
    assert b"content-length" not in sent.headers
    assert sent.body == respond(plan, page(text)).body
    assert b"content-length" in respond(plan, page(text)).headers


def test_trap_3_a_streamed_page_is_passed_on_at_once() -> None:
    sent = Sent()

    async def collect(message: Any) -> None:
        sent.messages.append(message)

    rewritten = responder(FIRST, collect, scope())
    run(rewritten(start()))
    run(rewritten(body(HEAD, more=True)))
    assert sent.kinds == [], "the start waits for the place"
    run(rewritten(body(TOP + b"first", more=True)))
    assert sent.body == HEAD + STYLE + TOP + BANNER + b"first"
    run(rewritten(body(b"second</bo", more=True)))
    assert sent.body.endswith(b"second"), "held is what may be the end"
    run(rewritten(body(b"ld>third", more=True)))
    assert sent.body.endswith(b"second</bold>third")
    check(sent)


def test_trap_3_never_more_than_16_kib_and_one_chunk_is_held() -> None:
    passed = 0

    async def count(message: Any) -> None:
        nonlocal passed
        passed += len(message.get("body", b""))

    for chunk in (100, 5000, 16_384, 60_000):
        for text in (
            filled(300_000),
            b"<html>" + b"x" * 300_000,
            filled(300_000).replace(TOP, b""),
        ):
            passed = given_ = 0
            rewritten = responder(FIRST, count, scope())
            run(rewritten(start()))
            for data in cut(text, chunk):
                run(rewritten(body(data, more=True)))
                given_ += len(data)
                assert given_ - passed <= 16 * 1024 + chunk


def test_trap_3_head_is_no_header() -> None:
    sent = respond(FIRST, page(b"<header><body></header>"))
    assert sent.body == b"<header><body></header>"


@pytest.mark.parametrize("kind", ["early_hint", "push", "unknown"])
def test_trap_4_a_message_behind_the_start_releases_it(kind: str) -> None:
    extra = {"type": f"http.response.{kind}", "links": [b"</x>"]}
    messages = page(cut(PAGE, 20))
    sent = respond(FIRST, [messages[0], extra, *messages[1:]])
    assert sent.kinds[:2] == ["start", kind]
    assert b"content-length" not in sent.headers
    assert sent.body == REWRITTEN


def test_trap_4_debug_comes_before_the_start_and_trailers_after_the_end() -> None:
    debug = {"type": "http.response.debug", "info": {"template": 1}}
    trailers = {"type": "http.response.trailers", "headers": [(b"x", b"y")], "more_trailers": False}
    messages = page(PAGE)
    messages[0]["trailers"] = True
    sent = respond(FIRST, [debug, *messages, trailers])
    assert sent.kinds == ["debug", "start", "body", "trailers"]
    assert sent.start["trailers"] is True
    assert sent.body == REWRITTEN


def test_trap_5_missing_keys_and_odd_types_are_taken() -> None:
    bare: list[Any] = [
        {"type": "http.response.start", "status": 200},
        {"type": "http.response.body"},
    ]
    assert respond(FIRST, bare).kinds == ["start", "body"]
    headers = ([b"Content-Type", b"text/html"], (b"x-a", b"b"))
    odd: list[Any] = [
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": memoryview(PAGE[:50]), "more_body": True},
        {"type": "http.response.body", "body": bytearray(PAGE[50:]), "more_body": True},
        {"type": "http.response.body"},
    ]
    assert respond(FIRST, odd).body == REWRITTEN
    odd[1:3] = [{"type": "http.response.body", "body": memoryview(PAGE), "more_body": True}]
    assert respond(FIRST, odd).body == REWRITTEN
    empty: list[Any] = [start(), {"type": "http.response.body"}]
    assert respond(FIRST, empty).body == b""


def test_trap_6_a_shared_response_is_not_touched() -> None:
    headers = [
        (b"content-type", b"text/html"),
        (b"etag", b'"e"'),
        (b"content-length", b"%d" % len(PAGE)),
    ]
    messages = [{"type": "http.response.start", "status": 200, "headers": headers}, body(PAGE)]
    before = [dict(messages[0], headers=list(headers)), dict(messages[1])]
    for _ in range(2):
        assert respond(FIRST, messages).body == REWRITTEN
        assert messages == before
    shared = HTMLResponse(PAGE)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await shared(scope, receive, send)

    client = TestClient(rewritten(FIRST)(app))
    assert client.get("/").content == client.get("/").content == REWRITTEN


def test_trap_7_a_compressed_page_is_read_and_compressed_again() -> None:
    messages = page(gzip.compress(PAGE), [*HTML, (b"content-encoding", b"gzip")])
    sent = respond(FIRST, messages, headers=[(b"accept-encoding", b"gzip")])
    assert gzip.decompress(sent.body) == REWRITTEN
    plain = [*HTML, (b"content-encoding", b"identity")]
    assert respond(FIRST, page(PAGE, plain)).body == REWRITTEN


def test_trap_7_inside_of_gzip_a_page_is_rewritten() -> None:
    big = filled(5000)
    app = Starlette(routes=[Route("/", lambda request: HTMLResponse(big))])
    response = TestClient(GZipMiddleware(rewritten(FIRST)(app))).get("/")
    assert response.headers["content-encoding"] == "gzip"
    assert BANNER in response.content


def test_trap_8_head_has_no_length_and_no_body() -> None:
    messages = [start([*HTML, (b"etag", b'"e"')], length=len(PAGE)), body(b"")]
    sent = respond(FIRST, messages, "HEAD")
    assert b"content-length" not in sent.headers
    assert sent.headers[b"etag"] == respond(FIRST, [messages[0], body(PAGE)]).headers[b"etag"]
    assert sent.headers[b"vary"] == b"Cookie, Sec-GPC"
    assert sent.body == b""


@pytest.mark.parametrize("status", [100, 103, 204, 205, 206, 304, 301, 302, 303, 307, 308])
def test_trap_9_what_is_no_whole_page_is_left_alone(status: int) -> None:
    headers = [*HTML, (b"location", b"/"), (b"content-range", b"bytes 0-9/99"), (b"etag", b'"e"')]
    data = b"" if status in (100, 103, 204, 205, 304) else PAGE
    messages = page(data, headers, status=status, length=status == 206)
    sent = respond(FIRST, messages)
    assert sent.body == data
    assert sent.start == messages[0]


@pytest.mark.parametrize("status", [200, 201, 404, 410, 422, 500, 503])
def test_trap_9_an_error_page_is_a_page(status: int) -> None:
    assert respond(FIRST, page(PAGE, status=status)).body == REWRITTEN


def test_trap_9_a_rewritten_page_takes_no_ranges() -> None:
    headers = [*HTML, (b"accept-ranges", b"bytes"), (b"content-md5", b"x"), (b"repr-digest", b"x")]
    kept = respond(FIRST, page(PAGE, headers)).headers
    assert not {b"accept-ranges", b"content-md5", b"repr-digest"} & set(kept)


def test_trap_10_the_etag_is_of_this_state() -> None:
    for given_, expected in ((b'"e"', b'W/"e-vc.s1"'), (b'W/"e"', b'W/"e~vc.s1"')):
        assert respond(FIRST, page(PAGE, [*HTML, (b"etag", given_)])).headers[b"etag"] == expected
    untouched = Plan(private=True, tag=b"s2")
    headers = [*HTML, (b"etag", b'"e"'), (b"last-modified", b"x")]
    sent = respond(untouched, page(PAGE, headers))
    assert (sent.body, sent.headers[b"etag"]) == (PAGE, b'W/"e-vc.s2"')
    assert b"last-modified" not in sent.headers


def test_trap_10_without_a_name_of_the_state_there_is_no_etag() -> None:
    headers = [*HTML, (b"etag", b'"e"')]
    assert b"etag" not in respond(Plan(private=True), page(PAGE, headers)).headers
    constant = Plan(insertion=INSERTION)
    assert respond(constant, page(PAGE, headers)).headers[b"etag"] == b'W/"e"'


def test_trap_10_a_304_never_brings_back_another_state(tmp_path: Any) -> None:
    (tmp_path / "page.html").write_bytes(PAGE)
    static = StaticFiles(directory=tmp_path)
    accept = {"accept": "text/html"}
    one, two = (TestClient(rewritten(replace(FIRST, tag=tag))(static)) for tag in (b"s1", b"s2"))
    etag = one.get("/page.html", headers=accept).headers["etag"]
    again = one.get("/page.html", headers={**accept, "if-none-match": etag})
    assert (again.status_code, again.headers["etag"]) == (304, etag)
    assert again.headers["vary"] == "Cookie, Sec-GPC"
    assert two.get("/page.html", headers={**accept, "if-none-match": etag}).status_code == 200
    date = {**accept, "if-modified-since": "Wed, 21 Oct 2065 07:28:00 GMT"}
    assert one.get("/page.html", headers=date).status_code == 200


def test_trap_11_a_file_that_a_server_sends_by_itself_comes_through_us() -> None:
    extensions = {"http.response.pathsend": {}, "http.response.zerocopysend": {}, "tls": {}}
    html = scope(headers=[(b"accept", b"text/html,*/*")], extensions=extensions)
    assert prepared(html, b"s1")["extensions"] == {"tls": {}}
    assert len(extensions) == 3, "the server's own scope stays"
    image = scope(headers=[(b"accept", b"image/*")], extensions=extensions)
    assert prepared(image, b"s1") is image


def test_trap_11_a_file_sent_in_spite_of_it_passes_untouched() -> None:
    file = {"type": "http.response.pathsend", "path": "/x"}
    whole = respond(FIRST, [start(length=3), file])
    assert whole.messages[1:] == [file]
    # Nothing is held back in it, so no shared cache may give it to others.
    wanted = {b"content-length": b"3", b"cache-control": b"private", b"vary": b"Cookie, Sec-GPC"}
    assert whole.headers == {**dict(HTML), **wanted}
    file = {"type": "http.response.zerocopysend", "file": 3, "more_body": False}
    sent = respond(FIRST, [start(length=99), body(b"<ht", more=True), file])
    assert sent.kinds == ["start", "body", "zerocopysend"]
    assert sent.body == b"<ht"
    sent = respond(FIRST, [start(), body(HEAD + TOP + b"x</body", more=True), file])
    assert sent.body.endswith(b"</body")


@pytest.mark.parametrize(
    "kind",
    [
        b"text/html; charset=utf-16",
        b"text/html;charset='UTF-32LE'",
        b'text/html; CharSet="iso-2022-jp"',
        b"text/plain",
        b"text/html+x",
        b"application/xhtml+xml",
        b"application/json",
        b"text/html, text/plain",
    ],
)
def test_trap_12_another_kind_or_a_strange_encoding_is_left_alone(kind: bytes) -> None:
    messages = page(PAGE, [(b"content-type", kind), (b"etag", b'"e"')])
    sent = respond(FIRST, messages)
    assert (sent.start, sent.body) == (messages[0], PAGE)


@pytest.mark.parametrize("mark", ["utf-16", "utf-16-be", "utf-32"])
def test_trap_12_a_byte_order_mark_says_more_than_the_header(mark: str) -> None:
    data = ("\ufeff" + PAGE.decode()).encode(mark)
    assert respond(FIRST, page(data)).body == data


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "shift_jis", "gb18030", "euc-kr"]
)
def test_trap_12_bytes_are_never_decoded(encoding: str) -> None:
    words = "äö" if encoding == "iso-8859-1" else "表能"
    data = PAGE.decode().replace("text", words).encode(encoding, "ignore")
    sent = respond(
        FIRST, page(data, [(b"content-type", b"Text/HTML ; charset=" + encoding.encode())])
    )
    assert sent.body == data.replace(b"</head>", STYLE + b"</head>").replace(
        b"class=x>", b"class=x>" + BANNER
    ).replace(b"</body>", TAIL_BYTES + b"</body>")


def test_trap_12_the_charset_stays_in_the_first_kilobyte() -> None:
    text = b"<!doctype html><head><meta charset=utf-8></head><body>"
    plan = Plan(insertion=INSERTION._replace(style=b"x" * 5000))
    assert respond(plan, page(text)).body.index(b"charset=utf-8") < 1024
