"""What the app gets to see of the visitor's copy of a page, and what is remembered of pages."""

from __future__ import annotations

import pytest

from consent.browser import late, places
from consent.browser.late import marked
from consent.browser.request import strip_if_none_match
from tests.unit.asgi_driver import page, respond, scope
from tests.unit.rewriter_samples import FIRST, PAGE, REWRITTEN

HTML = (b"accept", b"text/html")


def conditions(*headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return list(strip_if_none_match(scope(headers=headers), b"s1")["headers"])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b'W/"e-vc.s1"', b'"e"'),
        (b'"e-vc.s1"', b'"e"'),
        (b'W/"e~vc.s1"', b'W/"e"'),
        (b'"a", W/"e-vc.s1",W/"f-vc.s2"', b'"e"'),
        (b'W/"a-vc.b-vc.s1"', b'"a-vc.b"'),
        (b'W/"e-vc.s2"', b""),
        (b'W/"e-vc.s11"', b""),
        (b'"e"', b""),
        (b"*", b""),
        (b"nonsense", b""),
    ],
)
def test_for_a_page_the_app_sees_its_etag_of_this_state_only(sent: bytes, expected: bytes) -> None:
    left = [(b"if-none-match", expected)] if expected else []
    assert conditions(HTML, (b"if-none-match", sent)) == [HTML, *left]


def test_for_anything_else_its_own_etags_and_dates_stay() -> None:
    image = [(b"accept", b"image/*"), (b"if-none-match", b'"e", *'), (b"if-modified-since", b"x")]
    assert conditions(*image) == [image[0], (b"if-none-match", b'"e", *'), image[2]]
    assert conditions(HTML, (b"if-modified-since", b"x")) == [HTML]


def test_a_request_without_conditions_is_not_copied() -> None:
    asked = scope(headers=[HTML])
    assert strip_if_none_match(asked, b"s1") is asked


@pytest.mark.parametrize("status", [200, 304])
def test_an_answer_to_this_state_carries_its_tag(status: int) -> None:
    messages = page(b"" if status == 304 else PAGE, status=status, length=False)
    messages[0]["headers"] = [(b"content-type", b"text/html"), (b"etag", b'"e"')]
    sent = respond(FIRST, messages, headers=[(b"if-none-match", b'W/"e-vc.s1"')])
    assert sent.headers[b"etag"] == b'W/"e-vc.s1"'
    assert sent.headers[b"vary"] == b"Cookie, Sec-GPC"


@pytest.mark.parametrize("kind", [b"text/html", b"text/plain"])
@pytest.mark.parametrize("length", [True, False])
def test_fields_may_come_from_what_can_be_read_once_only(kind: bytes, length: bool) -> None:
    fields = [(b"content-type", kind), (b"x-own", b"1")]
    listed = page(PAGE, headers=fields, length=length)
    once = [{**listed[0], "headers": iter(listed[0]["headers"])}, *listed[1:]]
    for _ in range(2):
        expected = respond(FIRST, page(PAGE, headers=fields, length=length))
        assert (expected.body == PAGE) == (kind == b"text/plain")
    sent = respond(FIRST, once)
    assert (sent.headers, sent.body) == (expected.headers, expected.body)


def test_what_is_remembered_of_pages_stays_small() -> None:
    for number in range(200):
        data = PAGE.replace(b"<title>", b"<title>%d" % number) + b"%d " % number * 400
        assert respond(FIRST, page(data)).body.startswith(REWRITTEN[:30])
        assert not marked(data)
    assert len(places._known) <= 64
    assert len(late._seen) <= 32
    assert all(len(unmarked.data) <= 64 * 1024 for unmarked in late._seen.values())


def test_a_mark_is_found_however_it_is_spelled_and_though_its_page_looks_like_another() -> None:
    plain = b"x" * 5000
    assert not marked(plain)
    assert not marked(plain)
    assert marked(b"Data-Consent" + plain[12:])
    assert marked(plain[13:] + b"DATA-CATEGORY")
    assert not marked(b"data-controller" * 500)
