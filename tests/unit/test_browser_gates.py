"""Gates open for what is allowed, in any chunking, in linear time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consent.browser.gates import Gates
from consent.browser.html import LIMIT
from consent.browser.late import LateGates
from tests.unit.asgi_driver import cut, cut_at
from tests.unit.proportion import in_proportion


def stand_in(name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
    return b"[%s|%s|%s]" % (name.encode(), ",".join(sorted(attributes)).encode(), inner)


def opened(
    page: bytes, *allowed: str, late: bool = False, chunks: list[bytes] | None = None
) -> bytes:
    gates = (LateGates if late else Gates)(lambda name: name in allowed, stand_in)
    out = [gates.feed(chunk) for chunk in chunks or [page]]
    return b"".join([*out, gates.feed(b"", True)])


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'a<template data-consent="yes"><b>1</b></template>z', b"a<b>1</b>z"),
        (b"<template data-consent=yes>1</TEMPLATE >2", b"12"),
        (b'<Template class=x DATA-CONSENT="y&#101;s">1</template>', b"1"),
        (b'<template data-consent="no">1</template>', b'<template data-consent="no">1</template>'),
        (b'<template data-consent="">1</template>', b'<template data-consent="">1</template>'),
        (b"<template>1</template>", b"<template>1</template>"),
        (b"<template data-consent=yes>open", b"open"),
        (b"<template data-consent=no>open", b"<template data-consent=no>open"),
        (b"</template>1", b"</template>1"),
        (
            b"<template data-consent=no data-consent=yes>1",
            b"<template data-consent=no data-consent=yes>1",
        ),
    ],
)
def test_an_allowed_template_is_unwrapped_and_any_other_stays(page: bytes, expected: bytes) -> None:
    assert opened(page, "yes") == expected


def test_nested_gates_are_each_their_own() -> None:
    page = (
        b"<template data-consent=yes>1<template data-consent=no>2<template data-consent=yes>3"
        b"</template>4</template>5<template>6</template></template>7"
    )
    expected = b"1<template data-consent=no>234</template>5<template>6</template>7"
    assert opened(page, "yes") == expected


@pytest.mark.parametrize(
    "page",
    [
        b"<!-- <template data-consent=yes>1</template> -->",
        b"<!-- --!><!-->x<!--> --><!-- <template data-consent=yes> -->",
        b"<!doctype html <template data-consent=yes>",
        b"<![CDATA[<template data-consent=yes]]>",
        b"<?x <template data-consent=yes?>",
        b"<script>'<template data-consent=yes>'</script>",
        b"<script><!--<script></script><template data-consent=yes>--></script>",
        b"<style><template data-consent=yes></style>",
        b"<title><template data-consent=yes></title>",
        b"<textarea><template data-consent=yes></textarea>",
        b"<iframe><template data-consent=yes></iframe>",
        b"<xmp><template data-consent=yes></xmp>",
        b"<plaintext><template data-consent=yes></plaintext>",
        b'<a title="<template data-consent=yes>">',
        b"<a title='<template data-consent=yes>'>",
        b"<a title=<template data-consent=yes>",
        b"<template-x data-consent=yes>",
        b"<template x=data-consent>",
    ],
)
def test_raw_text_comments_and_attributes_hold_no_gate(page: bytes) -> None:
    assert opened(page, "yes") == page


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (
            b'<script type="text/plain" data-category=yes src=a>',
            b"<script  data-category=yes src=a>",
        ),
        (b'<SCRIPT TYPE=" Text/Plain " data-category=yes>', b"<SCRIPT  data-category=yes>"),
        (b"<script type=text/plain data-consent=yes>", b"<script  data-consent=yes>"),
        (
            b'<script data-src="/a.js" src=b type=text/plain data-type=module data-category=yes>',
            b'<script src="/a.js"   type=module data-category=yes>',
        ),
        (
            b'<script type="text/plain"data-category="yes"type=x data-src=a data-src=b>',
            b'<script data-category="yes" src=a >',
        ),
    ],
)
def test_an_allowed_script_is_released(tag: bytes, expected: bytes) -> None:
    assert opened(tag + b"1</script>", "yes") == expected + b"1</script>"


@pytest.mark.parametrize(
    "tag",
    [
        b"<script type=text/plain data-category=no>",
        b"<script type=text/plain data-category=yes data-consent=no>",
        b"<script type=text/plain>",
        b"<script data-category=yes>",
        b"<script type=text/plain/ data-category=yes>",
        b"<script type=module data-category=yes>",
    ],
)
def test_any_other_script_stays_as_it_is(tag: bytes) -> None:
    assert opened(tag + b"1</script>", "yes") == tag + b"1</script>"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (b"<script data-consent=no>", b'<script type="text/plain" data-consent=no>'),
        (b'<SCRIPT data-consent="">', b'<SCRIPT type="text/plain" data-consent="">'),
        (
            b"<script type=module src=a data-consent=no data-src=b>",
            b'<script type="text/plain" data-type=module data-src=a data-consent=no >',
        ),
        (b"<script data-consent=yes src=a>", b"<script data-consent=yes src=a>"),
        (b"<script type=module data-consent=yes>", b"<script type=module data-consent=yes>"),
        (b"<script type=text/x data-consent=no>", b"<script type=text/x data-consent=no>"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_script_that_is_only_marked_runs_where_it_is_allowed(
    tag: bytes, expected: bytes, late: bool
) -> None:
    for size in (1, 7, 100):
        chunks = cut(tag + b"1</script>", size)
        assert opened(b"", "yes", late=late, chunks=chunks) == expected + b"1</script>"


def test_a_refused_embed_is_followed_by_its_placeholder() -> None:
    embed = b'<template data-consent="tube" data-embed><iframe src=x></iframe></template>'
    assert opened(embed + b"z") == (
        embed + b"[tube|data-consent,data-embed|<iframe src=x></iframe>]" + b"z"
    )


def test_an_allowed_embed_is_unwrapped_without_placeholder() -> None:
    assert opened(b"<template data-consent=yes data-embed><b></b></template>", "yes") == b"<b></b>"


def test_a_template_within_an_embed_does_not_end_it() -> None:
    embed = b"<template data-consent=no data-embed>1<template>2</template>3</template>"
    assert opened(embed).endswith(b"[no|data-consent,data-embed|1<template>2</template>3]")


def test_an_embed_beyond_all_measure_stays_closed_without_placeholder(caplog: Any) -> None:
    embed = b"<template data-consent=no data-embed>%s</template>" % (b"x" * (LIMIT + 1))
    assert opened(embed) == opened(embed, chunks=cut(embed, 1000)) == embed
    assert "no placeholder" in caplog.text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<svg><template data-consent=no><image/></template><g/></svg>", b"<svg><g/></svg>"),
        (b"<svg><template data-consent=yes><image/></template></svg>", b"<svg><image/></svg>"),
        (b"<svg><template data-consent=no /><g/></svg>", b"<svg><g/></svg>"),
        (b"<svg><template data-consent=no><g></svg>after", b"<svg></svg>after"),
        (b"<svg><template data-consent=no><p>1</template></svg>", b"<svg></svg>"),
        (b"<svg><template><g/></template></svg>", b"<svg><template><g/></template></svg>"),
        (b"<math><template data-consent=no><mi/></template></math>", b"<math></math>"),
        (b"<svg><style><template data-consent=no></template></style>", b"<svg><style></style>"),
        (
            b"<svg><![CDATA[<template data-consent=no>]]></svg>",
            b"<svg><![CDATA[<template data-consent=no>]]></svg>",
        ),
        (
            b"<svg><foreignObject><template data-consent=no>1</template></foreignObject></svg>",
            b"<svg><foreignObject><template data-consent=no>1</template></foreignObject></svg>",
        ),
        (
            b"<svg><g><p><template data-consent=no>1</template>",
            b"<svg><g><p><template data-consent=no>1</template>",
        ),
        (
            b"<template data-consent=yes><svg></template>"
            b"<template data-consent=no>1</template></svg>",
            b"<svg></svg>",
        ),
    ],
)
def test_in_svg_and_mathml_a_refused_template_is_removed(page: bytes, expected: bytes) -> None:
    assert opened(page, "yes") == expected


# Any chunking

ODD = st.sampled_from(
    [
        b"<template data-consent=yes>",
        b"<template data-consent=no data-embed>",
        b"<script type=text/plain data-category=yes data-src=x>",
        b" ",
        *b"<template <script </template> </script> <svg> </svg> <style> </style>".split(),
        b"<title",
        b"<p>",
        *b"<!-- --> --!> <![CDATA[ ]]> <! <? < > / = ' x - & \" \xe4".split(),
    ]
)


@settings(max_examples=300)
@given(st.lists(ODD, max_size=30).map(b"".join), st.lists(st.integers(0, 400), max_size=8))
@example(b"<svg><template data-consent=no></svg>x", [13, 30])
def test_any_chunking_opens_the_same_gates(page: bytes, places: list[int]) -> None:
    whole = opened(page, "yes")
    for late in (False, True):
        assert opened(page, "yes", late=late, chunks=cut_at(page, places)) == whole
        assert opened(page, "yes", late=late, chunks=cut(page, 1)) == whole


@pytest.mark.parametrize(
    "before",
    [
        b"<a title='",
        b'<a title="',
        b"<a title=",
        b"<a ",
        b"<a",
        b"<!--",
        b"<!x",
        b"<script>",
        b"<svg><path d='",
    ],
)
@pytest.mark.parametrize("step", [777, 5000, LIMIT, LIMIT + 1])
def test_what_is_longer_than_the_limit_is_read_all_the_same(before: bytes, step: int) -> None:
    end = {b"<!--": b"-->", b"<script>": b"</script>", b"<svg><path d='": b"'/></svg>"}
    quote = before[-1:] if before[-1:] in (b"'", b'"') else b""
    page = (
        before
        + b"x" * 20_000
        + end.get(before, quote + b">")
        + b"<template data-consent=yes>1</template>"
    )
    expected = page.replace(b"<template data-consent=yes>", b"").replace(b"</template>", b"")
    assert opened(page, "yes") == expected
    assert opened(page, "yes", chunks=cut(page, step)) == expected
    assert opened(page, "yes", late=True, chunks=cut(page, step)) == expected


@pytest.mark.parametrize("step", [999, LIMIT, 100_000])
def test_a_gate_longer_than_the_limit_fails_closed(step: int) -> None:
    long = b"<template data-consent=yes class='%s'>" % (b"x" * LIMIT)
    script = long.replace(b"<template", b"<script type=text/plain")
    page = long + b"1</template>" + script + b"2</script><svg>" + long + b"3</template></svg>"
    expected = long + b"1</template>" + script + b"2</script><svg></svg>"
    assert opened(page, "yes", chunks=cut(page, step)) == expected


@pytest.mark.parametrize("step", [1, 100, 20_000])
def test_a_gate_late_in_a_long_stream_is_opened(step: int) -> None:
    filling = b"<p class='a'>text</p><!-- c --><script>x</script>" * 2000
    page = filling + b"<template data-consent=yes>1</template>" + filling
    chunks = cut(page[: len(filling)], 5000) + cut(page[len(filling) :], step)
    assert opened(page, "yes", late=True, chunks=chunks) == filling + b"1" + filling


def test_nothing_but_an_open_gate_is_held_back() -> None:
    for kind in (Gates, LateGates):
        gates = kind(lambda name: True)
        assert gates.feed(b"<p>a<!-- b") == b"<p>a<!-- b"
        assert gates.feed(b"--><a href='x") == b"--><a href='x"
        assert gates.feed(b"'>c<template da") == b"'>c"
        assert gates.feed(b"ta-consent=x>d") == b"d"


# Hostile pages

HOSTILE: list[Callable[[int], bytes]] = [
    lambda n: b"<script " * n,
    lambda n: b"<template " * n,
    lambda n: b"<template data-consent=no>" * n,
    lambda n: b"<!--" * n,
    lambda n: b"<!-- -" * n,
    lambda n: b"<a b='" * n,
    lambda n: b"<a b=c " * n,
    lambda n: b"<svg>" * n,
    lambda n: b"<svg><template data-consent=no>" + b"<g></x>" * n,
    lambda n: b"<script><!--" * n,
    lambda n: b"<" * n,
    lambda n: b"</" * n,
    lambda n: b"<![CDATA[" * n,
    lambda n: b"<svg>" + b"<![CDATA[]" * n,
    lambda n: b"<title>" + b"</titl" * n,
    lambda n: b"<svg><foreignObject><p>" * n + b"</template>" * n,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_page_takes_time_in_proportion_to_its_size(
    hostile: Callable[[int], bytes],
) -> None:
    def work(page: bytes) -> None:
        opened(page, "yes")
        opened(page, "yes", late=True, chunks=cut(page, 16_000))

    assert in_proportion(lambda count: hostile(count) + b"data-consent", work, 200)


def test_beyond_the_deepest_nesting_gates_stay_closed() -> None:
    """An SVG so deep is left out from there on; HTML templates stay, inert as they are."""
    deep = b"<svg>" + b"<g>" * 200 + b"<template data-consent=no>secret</template>" + b"</g>" * 200
    assert b"secret" not in opened(deep + b"</svg>", "yes")
    nested = b"<template data-consent=yes>" * 200 + b"x"
    assert opened(nested, "yes").count(b"<template") == 72
