"""A gate is one exactly where html5lib sees a `template` with the attribute."""

from __future__ import annotations

import warnings

import html5lib
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.browser.gates import Gates
from tests.unit.test_browser_gates import opened

XHTML = "{http://www.w3.org/1999/xhtml}"

# No HTML element is left open within `desc` and the like: there html5lib lets an end tag close an
# SVG element of its name, against the standard ("any other end tag"), which browsers and we follow.
TEXTS = st.sampled_from(
    b"""\
text
&amp;
a < b
</ x>
<?x?>
<!x>
<!---->
<!-->
<!-- -- --!>
<!-- <template data-consent=no> -->
<br>
<p>
<img alt='<template data-consent=no>'>
<script>'<template data-consent=no>'</script>
<script><!--<script></script>--></script>
<style><!-- --></style>
</nothing>
<textarea><svg></textarea>
<title></title >
<iframe><math></iframe>
<a b=></a>
<a b = 'c'd=e/></a>
<a =x ='>'></a>""".split(b"\n")
)
GATES = [
    b"<template data-consent=yes>",
    b"<template data-consent=no>",
    b"<TEMPLATE data-consent='no'/>",
]
SVG = [
    b"<svg>",
    b"<g>",
    b"<foreignObject>",
    b"<desc>",
    b"<title>",
    b"<path>",
    b"<script>",
    b"<style>",
]
MATH = [
    b"<math>",
    b"<mi>",
    b"<mtext>",
    b"<annotation-xml>",
    b"<annotation-xml encoding='text/html'>",
]


def element(children: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    starts = st.sampled_from([b"<div>", b"<section>", b"<b>", b"<template>", *GATES])
    foreign = st.sampled_from([*SVG, *MATH])
    tags = st.one_of(starts, foreign.map(lambda tag: b"<svg>" + tag), st.just(b"<math>"))
    return st.builds(_wrapped, tags, st.lists(children, max_size=4))


def _wrapped(tags: bytes, inner: list[bytes]) -> bytes:
    names = [tag.split(b" ")[0].strip(b"<>/") for tag in tags.split(b"<")[1:]]
    ends = [b"</%s>" % name for name in reversed(names)]
    return tags + b"".join(inner) + b"".join(ends)


PAGES = st.lists(st.recursive(TEXTS, element, max_leaves=12), max_size=5).map(b"".join)


def seen(page: bytes) -> list[tuple[bool, str]]:
    """The gates that html5lib finds, each with whether it is an HTML element."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = html5lib.parse(b"<!doctype html><body>" + page, transport_encoding="utf-8")
    found = [e for e in document.iter() if isinstance(e.tag, str) and e.tag.endswith("}template")]
    gates = [(e.tag.startswith(XHTML), e.get("data-consent")) for e in found]
    return [(html, name) for html, name in gates if name is not None]


@settings(max_examples=400)
@given(PAGES)
def test_a_gate_is_asked_for_exactly_where_html5lib_sees_one(page: bytes) -> None:
    asked: list[str] = []

    def allows(name: str) -> bool:
        asked.append(name)
        return True

    Gates(allows).feed(page, True)
    assert sorted(asked) == sorted(name for _, name in seen(page))


@settings(max_examples=400)
@given(PAGES)
def test_what_is_left_holds_refused_html_gates_only(page: bytes) -> None:
    assert set(seen(opened(page, "yes"))) <= {(True, "no")}


@settings(max_examples=200)
@given(PAGES)
def test_with_nothing_allowed_every_html_gate_stays(page: bytes) -> None:
    foreign = [name for html, name in seen(page) if not html]
    if not foreign:
        assert opened(page) == page
