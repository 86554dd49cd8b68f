"""Any chunking of a page gives the same bytes."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from consent.browser.inject import Plan, responder
from consent.browser.places import HOLD
from tests.unit.asgi_driver import body, cut, cut_at, page, respond, run, scope, start
from tests.unit.encoded_samples import REFUSING, random_page
from tests.unit.rewriter_samples import (
    BANNER,
    END,
    FIRST,
    HEAD,
    INSERTION,
    STYLE,
    TAIL_BYTES,
    TOP,
    filled,
    rewritten,
)

PIECES = st.sampled_from(
    [
        HEAD,
        TOP,
        END,
        b"<html lang=fi>",
        b"<template data-consent=a>",
        b"<template data-consent=b data-embed>",
        b" ",
        b"x" * 300,
        *b"</body> <p> <!-- --> <script> </script> </head> <body </template> > < '".split(),
        *b"<svg> </svg> <title> </title>".split(),
    ]
)
GATED = replace(
    FIRST,
    allows=lambda name: name == "a",
    placeholder=lambda name, attributes, inner: b"[%b]" % inner,
)


# A "<" that is text stands just before what our own bytes go before.
@example(b"<!doctype html>", b"<</head><body class=x><template data-consent=a>", [37], True, True)
@settings(max_examples=300)
@given(
    st.sampled_from([b"", b"<!doctype html>", HEAD]),
    st.lists(PIECES, max_size=12).map(b"".join),
    st.lists(st.integers(0, 2500), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_any_chunking_gives_the_same_bytes(
    lead: bytes, rest: bytes, places: list[int], gated: bool, length: bool
) -> None:
    plan, text = GATED if gated else FIRST, lead + rest
    whole = respond(plan, page(text)).body
    assert respond(plan, page(cut_at(text, places), length=length)).body == whole
    assert respond(plan, page(cut(text, 1), length=length)).body == whole


@pytest.mark.parametrize("plan", [FIRST, GATED])
@pytest.mark.parametrize("size", [1, 4096, HOLD - 1, HOLD, HOLD + 1, 40_000])
def test_a_long_page_is_the_same_in_any_chunks(plan: Plan, size: int) -> None:
    gate = b"<template data-consent=a>1</template>"
    for text in (
        filled(70_000),
        filled(70_000).replace(b"<p>", gate, 6000),
        b"<html>" + b"<i>" * 30_000,
    ):
        if size == 1:
            text = text[:3000] + text[-30_000:-29_000] + text[-1000:]
        assert respond(plan, page(cut(text, size))).body == respond(plan, page(text)).body


@settings(max_examples=100)
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_without_anything_to_do_nothing_changes(rest: bytes) -> None:
    messages = page(cut(b"<!doctype html>" + rest, 100))
    assert respond(Plan(), messages).messages == messages


@settings(max_examples=200)
@given(
    st.sampled_from([b"<!doctype html>", HEAD, HEAD + TOP]),
    st.lists(PIECES.filter(lambda piece: b"data-consent" not in piece), max_size=12).map(b"".join),
    st.lists(st.integers(0, 2500), max_size=8),
    st.sampled_from([FIRST, GATED, replace(GATED, hosts=REFUSING.hosts)]),
)
def test_all_but_what_is_put_in_stays_as_it_is(
    lead: bytes, rest: bytes, places: list[int], plan: Plan
) -> None:
    text = lead + rest
    out = respond(plan, page(cut_at(text, places))).body
    assert BANNER in out
    for piece in (STYLE, INSERTION.link, BANNER, TAIL_BYTES):
        out = out.replace(piece, b"", 1)
    assert out == text


LONG = {
    "text": lambda: random_page(300_000),
    "a script": lambda: HEAD + TOP + b"<script>" + b"x;" * 100_000,
    "a tag": lambda: HEAD + TOP + b"<p title='" + b"y" * 200_000,
    "a head": lambda: b"<!doctype html><head>" + b"<meta name=x content=y>" * 9000,
    "an embed": lambda: HEAD + TOP + b"<template data-consent=b data-embed>" + b"<p>z</p>" * 25_000,
    "a noscript": lambda: HEAD + TOP + b"<noscript>" + b"<p>z</p>" * 25_000,
    "sources": lambda: HEAD + TOP + b"<video>" + b"<source src=/1>" * 15_000,
}


@pytest.mark.parametrize(
    "plan", [GATED, replace(GATED, hosts=REFUSING.hosts)], ids=["gates", "hosts"]
)
@pytest.mark.parametrize("size", [1000, 16_384])
@pytest.mark.parametrize("kind", LONG)
def test_a_page_in_flight_takes_at_most_64_kb_and_one_chunk(
    plan: Plan, size: int, kind: str
) -> None:
    """Between two of its chunks, when others have their turn."""
    chunks = cut(LONG[kind](), size)
    taken: list[int] = []

    async def sent(message: Any) -> None:
        return None

    async def work() -> None:
        send = responder(plan, sent, scope())
        before = tracemalloc.get_traced_memory()[0]
        await send(start())
        for chunk in chunks:
            await send(body(bytes(bytearray(chunk)), more=True))  # bytes of its own
            taken.append(tracemalloc.get_traced_memory()[0] - before)

    tracemalloc.start()
    try:
        run(work())  # what is made once
        taken.clear()
        run(work())
    finally:
        tracemalloc.stop()
    assert max(taken) <= 64 * 1024 + size


def test_starlette_streams_and_files_come_out_right(tmp_path: Any) -> None:
    (tmp_path / "long.html").write_bytes(filled(200_000))

    async def chunks() -> Any:
        for chunk in cut(filled(200_000), 10_000):
            yield chunk
            await asyncio.sleep(0)

    app = Starlette(
        routes=[
            Route("/stream", lambda request: StreamingResponse(chunks(), media_type="text/html")),
            Route("/file", lambda request: FileResponse(tmp_path / "long.html")),
        ]
    )
    client = TestClient(rewritten(FIRST)(app))
    expected = respond(FIRST, page(filled(200_000))).body
    for path in ("/stream", "/file"):
        assert client.get(path, headers={"accept": "text/html"}).content == expected
