"""The traps from 13 on: policies, fragments, caches. 19 and 20 are the log's and the pages'."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from consent.browser.inject import Plan, responder
from tests.unit.asgi_driver import (
    HTML,
    Sent,
    body,
    cut,
    page,
    respond,
    run,
    scope,
)
from tests.unit.rewriter_samples import (
    BANNER,
    FIRST,
    HEAD,
    INSERTION,
    PAGE,
    REWRITTEN,
    STYLE,
    TOP,
)
from tests.unit.test_hosts import hosts

CSP = b"content-security-policy"


@pytest.mark.parametrize(
    ("policies", "style"),
    [
        ([b"script-src 'self'"], STYLE),
        ([b"default-src 'self' 'unsafe-inline'"], STYLE),
        ([b"default-src 'self'; style-src 'self' 'unsafe-inline'"], STYLE),
        ([b"style-src 'nonce-Ab+/='"], b'<style nonce="Ab+/=">p{}</style>'),
        (
            [b"style-src 'nonce-x'", b"default-src 'nonce-x' 'nonce-y'"],
            b'<style nonce="x">p{}</style>',
        ),
        ([b"style-src 'unsafe-inline', style-src 'nonce-x'"], b'<style nonce="x">p{}</style>'),
        ([b"style-src 'self'"], b""),
        ([b"default-src 'none'"], b""),
        ([b"style-src 'unsafe-inline'", b"style-src 'self'"], b""),
        ([b"style-src 'unsafe-inline' 'sha256-x'"], b""),
        ([b"style-src 'nonce-x'", b"style-src 'nonce-y'"], b""),
        ([b"style-src 'unsafe-inline'; style-src-elem 'self'"], b""),
        ([b"style-src 'nonce-\"><b>'"], b""),
    ],
)
def test_trap_13_a_content_security_policy_is_kept(policies: list[bytes], style: bytes) -> None:
    headers = [*HTML, (CSP, b", ".join(policies))]
    out = respond(FIRST, page(PAGE, headers)).body
    link = b"" if style else INSERTION.link
    assert out.startswith(HEAD + style + TOP)
    assert link + BANNER in out
    assert (INSERTION.link in out) is not bool(style)


def test_trap_13_policies_in_several_fields_all_hold() -> None:
    messages = page(PAGE, [*HTML, (CSP, b"style-src 'unsafe-inline'"), (CSP, b"style-src 'self'")])
    sent = Sent()

    async def collect(message: Any) -> None:
        sent.messages.append(message)

    rewritten = responder(FIRST, collect, scope())
    for message in messages:
        run(rewritten(message))
    assert STYLE not in sent.body
    assert INSERTION.link + BANNER in sent.body


def test_trap_13_scripts_get_the_nonce_of_the_policy_or_of_its_maker() -> None:
    headers = [*HTML, (CSP, b"script-src 'nonce-n1' 'strict-dynamic'")]
    assert b'<script nonce="n1" src=s>' in respond(FIRST, page(PAGE, headers)).body
    out = respond(replace(FIRST, nonce=lambda: "n2"), page(PAGE)).body
    assert b'<script nonce="n2" src=s>' in out
    assert b'<style nonce="n2">' in out


def test_trap_13_all_of_ours_has_the_nonce_where_styles_alone_need_one() -> None:
    """The script adds the stylesheet of the dialog; a placeholder brings its own."""
    gate = b"<template data-consent=a data-embed><iframe></iframe></template>"
    headers = [*HTML, (CSP, b"style-src 'nonce-n1'")]
    plan = replace(
        FIRST,
        allows=lambda name: False,
        placeholder=lambda name, attributes, inner: b"<link rel=p>",
    )
    data = PAGE.replace(b"<p>", gate + b"<p>")
    for chunks in (data, cut(data, 7)):
        out = respond(plan, page(chunks, headers)).body
        assert b'<link nonce="n1" rel=p>' in out
        assert b'<script nonce="n1" src=s>' in out
        assert b'<style nonce="n1">' in out
        assert b"<link rel=p>" in respond(plan, page(chunks)).body


def test_trap_13_a_policy_outside_us_or_in_a_meta_forbids_inline_style() -> None:
    meta = b"<meta HTTP-EQUIV='Content-Security-Policy' content=x>"
    for plan, data in (
        (replace(FIRST, policy_outside=True), PAGE),
        (FIRST, PAGE.replace(b"<title>", meta + b"<title>")),
    ):
        out = respond(plan, page(data)).body
        assert STYLE not in out
        assert INSERTION.link + BANNER in out


@pytest.mark.parametrize(
    "fragment",
    [
        b"<p>x</p>",
        b"",
        b"text <html>",
        b"<turbo-frame></turbo-frame>",
        b"<tr><body>",
        b"<!-- c -->",
    ],
)
def test_trap_14_nothing_is_put_into_a_fragment(fragment: bytes) -> None:
    """It is another visitor's all the same: what is refused in one would have been held back."""
    plan = replace(FIRST, allows=lambda name: True)
    messages = page(fragment, [*HTML, (b"etag", b'"e"')])
    for chunks in (
        messages,
        [messages[0], *(body(c, more=True) for c in cut(fragment, 1)), body(b"")],
    ):
        sent = respond(plan, chunks)
        assert sent.body == fragment
        assert sent.headers[b"cache-control"] == b"private"


def test_trap_14_gates_and_hosts_hold_in_a_fragment_too() -> None:
    """What htmx or Turbo fetches is as much a part of the page as what came with it."""
    plan = replace(FIRST, allows=lambda name: name == "a", hosts=hosts())
    fragment = b"<p><template data-consent=a>1</template><img src=//ads.test/x></p>"
    held = b'<p>1<img data-consent="ads" data-held="src" data-held-src=//ads.test/x></p>'
    for chunks in ([fragment], cut(fragment, 1)):
        assert respond(plan, page(chunks, length=False)).body == held
        assert respond(plan, page(chunks)).body == held


@pytest.mark.parametrize(
    "lead",
    [b"", b"\xef\xbb\xbf", b" \n", b"<!-- c -->\n", b"<?xml version='1.0'?>", b"<!-- > --><!-->"],
)
@pytest.mark.parametrize("first", [b"<!DocType html>", b"<html>", b"<HEAD>", b"<body>"])
def test_trap_14_a_document_is_known_by_its_first_token(lead: bytes, first: bytes) -> None:
    text = lead + first + b"x"
    for chunks in (text, cut(text, 1)):
        assert respond(FIRST, page(chunks)).body.count(BANNER) == 1


def test_trap_14_a_download_is_left_as_it_is() -> None:
    messages = page(PAGE, [*HTML, (b"content-disposition", b"Attachment; filename=a.html")])
    assert respond(FIRST, messages).messages == messages


def test_trap_15_a_page_of_a_state_is_private_and_varies() -> None:
    for given_, expected in (
        (None, b"private"),
        (b"public, max-age=60", b"private, max-age=60"),
        (b"s-maxage=9, proxy-revalidate, no-cache", b"private, no-cache"),
        (b"no-store", b"no-store"),
        (b'private="x", max-age=1', b"private, max-age=1"),
    ):
        extra = [(b"cache-control", given_)] if given_ else []
        assert respond(FIRST, page(PAGE, [*HTML, *extra])).headers[b"cache-control"] == expected
    for given_, expected in (
        (b"Accept-Encoding", b"Accept-Encoding, Cookie, Sec-GPC"),
        (b"cookie", b"cookie, Sec-GPC"),
        (b"*", b"*"),
    ):
        assert respond(FIRST, page(PAGE, [*HTML, (b"vary", given_)])).headers[b"vary"] == expected
    shared = [*HTML, (b"cdn-cache-control", b"public"), (b"surrogate-control", b"x")]
    assert not {b"cdn-cache-control", b"surrogate-control"} & set(
        respond(FIRST, page(PAGE, shared)).headers
    )


def test_trap_15_what_is_not_private_and_not_changed_keeps_its_headers() -> None:
    headers = [*HTML, (b"cache-control", b"public"), (b"etag", b'"e"'), (b"last-modified", b"x")]
    for plan in (Plan(), Plan(allows=lambda name: True)):
        messages = page(PAGE, headers)
        assert respond(plan, messages).messages == messages


def test_trap_15_any_response_for_which_the_app_read_the_choice_is_private() -> None:
    asked = SimpleNamespace(read=True)
    json = page(b"{}", [(b"content-type", b"application/json")])
    sent = respond(FIRST, json, visitor=asked)
    assert (sent.headers[b"vary"], sent.headers[b"content-length"]) == (b"Cookie, Sec-GPC", b"2")
    sent = respond(FIRST, page(b"<p>fragment"), visitor=asked)
    assert (sent.headers[b"vary"], sent.body) == (b"Cookie, Sec-GPC", b"<p>fragment")


def test_trap_15_no_cookie_is_ever_set() -> None:
    assert b"set-cookie" not in respond(FIRST, page(PAGE)).headers


def test_trap_16_all_is_sent_before_the_app_goes_on_with_its_own() -> None:
    order: list[str] = []

    async def collect(message: Any) -> None:
        order.append(message["type"])

    async def app(send: Any) -> None:
        for message in page(PAGE):
            await send(message)
        order.append("background")

    run(app(responder(FIRST, collect, scope())))
    assert order == ["http.response.start", "http.response.body", "background"]


def test_trap_17_a_response_needs_nothing_of_the_scope_but_method_and_headers() -> None:
    sent = Sent()

    async def collect(message: Any) -> None:
        sent.messages.append(message)

    rewritten = responder(FIRST, collect, {"type": "http", "method": "GET", "headers": []})
    for message in page(PAGE):
        run(rewritten(message))
    assert sent.body == REWRITTEN


def test_trap_18_cookies_of_the_app_pass_one_by_one() -> None:
    cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    sent = respond(FIRST, page(PAGE, [*HTML, *cookies]))
    assert [pair for pair in sent.start["headers"] if pair[0] == b"set-cookie"] == cookies
