"""What is remembered of pages and of their header fields shows in nothing but the time it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consent.browser import headers, late
from consent.browser.inject import Insertion, Plan
from consent.browser.plan import TOKEN
from tests.unit.asgi_driver import HTML, cut, page, respond
from tests.unit.rewriter_samples import FIRST, STYLE, filled

GATED = replace(FIRST, allows=lambda name: False)
LINKED = replace(FIRST, policy_outside=True)
TAIL = replace(FIRST, insertion=Insertion(b"", b"", b"", b"<i>tail</i>"))
PLANS = (FIRST, GATED, LINKED, TAIL, Plan(), Plan(allows=lambda name: False, private=True))


@pytest.mark.parametrize("size", [2000, 16_384, 30_000])
@pytest.mark.parametrize("ending", [b"", b"</BODY>", b"<template data-consent=x>y</template>"])
def test_a_page_that_comes_again_becomes_the_same_bytes_each_time(size: int, ending: bytes) -> None:
    data = filled(size) + ending
    expected = []
    for plan in PLANS:
        late._seen.clear()
        late._once.clear()
        expected.append(respond(plan, page(data)).body)
    for chunk in (len(data), 1500, 4096, 16_384):
        for _ in range(4):
            for plan, wanted in zip(PLANS, expected, strict=True):
                assert respond(plan, page(cut(data, chunk), length=False)).body == wanted
                assert respond(plan, page(cut(data, chunk))).body == wanted


def test_what_others_do_to_the_header_fields_stays_with_their_response() -> None:
    for _ in range(3):
        for data in (filled(5000), b"<p>fragment"):
            sent = respond(FIRST, page(data))
            assert b"set-cookie" not in sent.headers
            sent.start["headers"].append((b"set-cookie", b"session=secret"))


def test_no_response_that_sets_a_cookie_or_has_a_nonce_is_remembered() -> None:
    for field in (
        (b"Set-Cookie", b"session=secret"),
        (b"content-security-policy", b"script-src 'nonce-abc'"),
    ):
        respond(FIRST, page(filled(3000), [*HTML, field]))
        assert not any(field in key for key in headers._heads)


def test_what_is_remembered_of_header_fields_stays_small() -> None:
    for number in range(200):
        respond(FIRST, page(filled(3000), [*HTML, (b"etag", b'"%d"' % number)]))
    assert len(headers._heads) <= 64


def test_header_fields_as_lists_are_read_too() -> None:
    messages = page(filled(3000))
    messages[0]["headers"] = [list(field) for field in messages[0]["headers"]]
    assert STYLE in respond(FIRST, messages).body


def test_pages_that_never_come_again_drive_out_none_that_do() -> None:
    again = filled(9000)
    for _ in range(2):
        respond(GATED, page(again))
    for number in range(100):
        respond(GATED, page(filled(4000) + b"%024d" % number * 400))
    assert late.known(again) is not None


def test_every_page_gets_a_token_of_its_own() -> None:
    class Page:
        made = Insertion(b"p{}", b"", b"<form>" + TOKEN + b"</form>" + TOKEN, b"")

        def __init__(self, scope: Any, visitor: Any) -> None:
            self.visitor = visitor

        def insertion(self, lang: str) -> Insertion:
            return self.made

        def placeholder(self, name: str, attributes: Any, inner: bytes) -> bytes:
            return b""

        def token(self) -> bytes:
            self.visitor.count += 1
            return b"%d" % self.visitor.count

    class Visitor:
        read = linked = False
        count = 0

    visitor = Visitor()
    plan = Plan(allows=lambda name: False, page=Page, private=True, tag=b"s1")
    for number in range(1, 6):
        sent = respond(plan, page(filled(7000)), visitor=visitor).body
        assert b"<form>%d</form>%d<p>" % (number, number) in sent
