"""What the rewriter puts into a page stands where it belongs."""

from __future__ import annotations

import pytest

from consent.browser.inject import Insertion, Plan
from consent.browser.places import HOLD, TAIL
from tests.unit.asgi_driver import (
    cut,
    page,
    respond,
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
)


def test_style_banner_and_tail_go_where_they_belong() -> None:
    sent = respond(FIRST, page(PAGE))
    assert sent.body == REWRITTEN
    assert sent.kinds == ["start", "body"]


def test_a_page_in_capitals_is_a_page() -> None:
    shout = b"<!DOCTYPE HTML><HTML><HEAD></HEAD><BODY>x</BODY></HTML>"
    assert respond(FIRST, page(shout)).body == (
        b"<!DOCTYPE HTML><HTML><HEAD>%b</HEAD><BODY>%bx%b</BODY></HTML>"
        % (STYLE, BANNER, TAIL_BYTES)
    )


@pytest.mark.parametrize(
    "hiding",
    [
        b"<!-- </head><body> -->",
        b"<script>'</head><body>'</script>",
        b"<style>/*</head><body>*/</style>",
        b"<title></head><body></title>",
        b"<template></head><body><template><body></template></template>",
        b"<meta content='</head><body>'>",
        b"<header></header>",
        b"<script><!--<script></script></head><body>--></script>",
    ],
)
def test_a_head_or_body_that_is_none_is_not_taken_for_one(hiding: bytes) -> None:
    top = b"<!doctype html><head>" + hiding
    for chunks in (top + TOP + END, cut(top + TOP + END, 1)):
        assert respond(FIRST, page(chunks)).body == top + STYLE + TOP + BANNER + TAIL_BYTES + END


def test_without_a_head_tag_the_stylesheet_is_linked_before_the_banner() -> None:
    sent = respond(FIRST, page(b"<!doctype html><title>t</title><body>x</body>"))
    assert sent.body == (
        b"<!doctype html><title>t</title><body>%b%bx%b</body>"
        % (INSERTION.link, BANNER, TAIL_BYTES)
    )


@pytest.mark.parametrize("between", [b"", b"<svg></svg>", b"<p>" * HOLD])
def test_without_a_body_tag_the_banner_stands_at_the_end(between: bytes) -> None:
    sent = respond(FIRST, page(b"<!doctype html><head></head>" + between + b"x</html>\n"))
    expected = b"<!doctype html><head>%b</head>%bx</html>\n%b%b"
    assert sent.body == expected % (STYLE, between, BANNER, TAIL_BYTES)


@pytest.mark.parametrize(
    "after", [b"", b"</html>", b"\n</html> \n<!-- cached -->\n", b" " * (TAIL - 7)]
)
def test_the_tail_goes_before_the_last_body_end(after: bytes) -> None:
    text = HEAD + TOP + b"</body>x</body>" + after
    expected = HEAD + STYLE + TOP + BANNER + b"</body>x" + TAIL_BYTES + b"</body>" + after
    for size in (1, 7, 300, 100_000):
        assert respond(FIRST, page(cut(text, size))).body == expected


def test_the_tail_is_appended_where_no_body_end_is_near_the_end() -> None:
    """DESIGN 7: no more than 1 KiB is held back to look for it."""
    assert TAIL <= 1024
    for rest in (b"x", b"</body>" + b" " * TAIL, b"</bod"):
        for size in (1, 100_000):
            text = HEAD + TOP + rest
            sent = respond(FIRST, page(cut(text, size)))
            assert sent.body == HEAD + STYLE + TOP + BANNER + rest + TAIL_BYTES


def test_a_frameset_is_left_as_it_is() -> None:
    frames = b"<html><head></head><frameset><frame src=a></frameset></html>"
    assert respond(FIRST, page(frames)).body == frames


def test_a_body_tag_counts_only_in_the_first_16_kib() -> None:
    for size, found in (
        (HOLD - len(HEAD) - len(TOP), True),
        (HOLD - len(HEAD) - len(TOP) + 1, False),
    ):
        text = HEAD + b" " * size + TOP + b"x" + END
        for chunk in (1000, HOLD, 10**6):
            out = respond(FIRST, page(cut(text, chunk))).body
            assert (TOP + BANNER in out) is found
            assert out.count(BANNER) == out.count(TAIL_BYTES) == 1


def test_an_insertion_is_made_once_and_only_for_a_page_in_its_language() -> None:
    asked: list[str] = []

    def make(lang: str) -> Insertion:
        asked.append(lang)
        return INSERTION

    plan = Plan(insertion=make)
    respond(plan, page(b"{}", [(b"content-type", b"application/json")]))
    respond(plan, page(b"<p>fragment</p>"))
    respond(plan, page(PAGE), method="HEAD")
    assert asked == []
    respond(plan, page(b"<html lang='sv-FI'><body>x"))
    respond(plan, page(cut(b"<html><body lang=fi>x", 1)))
    respond(plan, page(b"<html lang='sv-FI'><body>x"))
    assert asked == ["sv-FI", "", "sv-FI"]


def test_a_maker_may_decide_against_an_insertion() -> None:
    sent = respond(Plan(insertion=lambda lang: None), page(PAGE))
    assert (sent.body, sent.start["headers"]) == (PAGE, page(PAGE)[0]["headers"])
    assert respond(Plan(insertion=lambda lang: None), page(cut(PAGE, 60))).body == PAGE
