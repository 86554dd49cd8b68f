"""What a refused service would load is made inert in the stream, and nothing else changes."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Iterator

# The pieces stand as they are written.
# ruff: noqa: E501
import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.browser.gates import Gates
from consent.browser.holding import CONTENT
from consent.browser.hosts import Hosts
from tests.browser.ways import page, ways
from tests.unit.asgi_driver import cut, cut_at
from tests.unit.proportion import in_proportion
from tests.unit.test_hosts import hosts, service

XHTML = "{http://www.w3.org/1999/xhtml}"
HOST = "ads.test"
LOADING = ("img", "image", "script", "iframe", "source", "video", "link")


def stand_in(name: str, attributes: object, inner: bytes) -> bytes:
    return b"<b>%b</b>" % name.encode()


def held(data: bytes, chunks: list[bytes] | None = None, *granted: str) -> bytes:
    gates = Gates(lambda name: name in granted, stand_in, hosts(*granted) or None)
    out = [gates.feed(chunk) for chunk in chunks or [data]]
    return b"".join([*out, gates.feed(b"", True)])


def live(data: bytes) -> Iterator[tuple[str, str, str]]:
    """The (element, attribute, value) with the refused host that html5lib finds alive.

    Not alive is what stands in a template, and in an attribute or a script that nobody reads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = html5lib.parse(data, transport_encoding="utf-8")
    pending = [document]
    while pending:
        element = pending.pop()
        if element.tag == f"{XHTML}template":
            continue
        pending += list(element)
        name = str(element.tag).rpartition("}")[2]
        typed = str(element.get("type", "")) == "text/plain"
        for attribute, value in element.attrib.items():
            loads = name in LOADING or attribute == "style"
            if HOST in value and loads and not str(attribute).startswith("data-") and not typed:
                yield name, str(attribute), value
        before, found, _ = (element.text or "").partition(f"{{background:url(//{HOST}")
        # What stands in a string of CSS, closed or not, loads nothing.
        if name == "style" and not typed and found and not set(before) & set("\"'"):
            yield name, "", found


# No `select`: html5lib keeps to the rule that it holds options only, which the standard gave up.
PIECES = st.sampled_from(
    [
        *b"""<img src=//ads.test/1>|<img src=/1>|<img alt=">" src='//ads.test/2'>|<p>|</p>|<div>|</div>|<!--|-->|<!-->|--!>
|<script>|</script>|<script><!--|<script src=//ads.test/3></script>|<style>|</style>|<textarea>|</textarea>|<title>
|</title>|<template>|</template>|<svg>|</svg>|<math>|</math>|<mtext>|<foreignObject>|</foreignObject>|<image href=//ads.test/4 />
|<iframe src=//ads.test/5></iframe>|<iframe>|</iframe>|<xmp>|</xmp>|<noembed>|</noembed>|<![CDATA[|]]>|<a href=x>|</a>
|<video><source src=//ads.test/6></video>|<p style="background:url(//ads.test/7)">|<style>p{background:url(//ads.test/8)}</style>
|<?x|<!x|>|</ |<br/>|'|"|&amp;|text|<link rel=stylesheet href=//ads.test/9>|<table>|</table>|<p title="a"
""".replace(b"\n", b"").split(b"|")
    ]
)
SOUP = st.lists(PIECES, max_size=14).map(b"".join)


@settings(max_examples=400)
@given(SOUP, st.lists(st.integers(0, 600), max_size=8))
def test_any_chunking_holds_the_same(soup: bytes, places: list[int]) -> None:
    whole = held(soup)
    assert held(soup, cut_at(soup, places)) == whole
    assert held(soup, cut(soup, 1)) == whole


@settings(max_examples=600)
@given(SOUP)
def test_html5lib_finds_nothing_alive_of_what_is_refused(soup: bytes) -> None:
    """Where html5lib sees a tag, in whatever soup, it has been made inert."""
    assert list(live(b"<!doctype html><body>" + held(soup))) == []


@settings(max_examples=300)
@given(SOUP)
def test_without_anything_refused_on_it_a_page_stays_as_it_is(soup: bytes) -> None:
    clean = soup.replace(b"//ads.test", b"//good.test")
    assert held(clean) == clean
    assert held(clean, cut(clean, 7)) == clean


@pytest.mark.parametrize("number", range(len(list(ways()))))
def test_every_known_way_is_the_same_in_any_chunks(number: int) -> None:
    name, way = list(ways())[number]
    data = page(way, HOST, 80, number)
    whole = held(data)
    for size in (1, 3, 64):
        if len(data) < 3000 or size > 3:
            assert held(data, cut(data, size)) == whole, name


REFUSED = Hosts([service("ads", "refused.localhost", "*.refused.localhost")], lambda name: False)


LOADING_WAYS = [way for way in ways() if way[0] != "token: behind a broken tag"]  # that is in a <p


@pytest.mark.parametrize("way", LOADING_WAYS, ids=lambda way: way[0])
def test_every_known_way_is_held(way: tuple[str, str]) -> None:
    """Those too that no browser at hand takes, or that none takes where scripts run."""
    data = page(way[1], "refused.localhost", 8000, 1)
    framed = b"<frameset" in data
    gates = Gates(lambda name: False, stand_in, REFUSED, framed=framed)
    assert gates.feed(data, True) != data


@pytest.mark.parametrize(
    "html",
    [
        "<a href='//ads.test/x'>x</a><form action='//ads.test/'></form><area href='//ads.test/'>",
        "<link rel=canonical href='//ads.test/'><link rel='alternate nofollow' href='//ads.test/'>",
        "<!-- <img src='//ads.test/'> --><textarea><img src='//ads.test/'></textarea>",
        "<script>'<img src=//ads.test/>'</script><style>/* //ads.test/ */</style>",
        '<script type=\'application/json\'>{"a":"//ads.test/"}</script>',
        "<p title='//ads.test/' data-src='//ads.test/' lang=fi>//ads.test/</p>",
        "<template data-consent=ads><img src='//ads.test/'></template>",
        "<template data-consent=marketing data-embed></template>",
        "<script type=text/plain data-category=marketing src='//ads.test/'></script>",
        "<p style='color:red'><p style=\"content:'(x)'\"><svg><path d='M0 0'/></svg>",
        "<meta name=refresh content='//ads.test/'><meta property=og:image content='//ads.test/'>",
    ],
)
def test_what_loads_nothing_stays_as_it_is(html: str) -> None:
    assert held(html.encode()).replace(b"<b>ads</b>", b"").replace(b"<b>marketing</b>", b"") == (
        html.encode()
    )


@pytest.mark.parametrize(
    "relation",
    ["stylesheet", "preload", "preconnect", "dns-prefetch", "modulepreload", "prefetch", "icon"],
)
def test_a_link_is_held_whatever_it_has_the_browser_do(relation: str) -> None:
    """Of a connection or a look-up alone no other host hears, so no browser test finds it."""
    for rel in (relation, relation.upper(), f"'canonical {relation}'"):
        link = f"<link rel={rel} href=//ads.test/>".encode()
        assert b' data-consent="ads" data-held="href"' in held(link)


@pytest.mark.parametrize(
    ("script", "mark"),
    [
        (b" data-category=statistics src=//ads.test/>", b' data-consent="ads"'),
        (b" data-category=statistics data-src=//ads.test/>", b' data-consent="ads"'),
        (b" data-category=statistics>startChat(1)", b' data-consent="chat"'),
        (
            b" data-consent=a&quot; src=//ads.test/>",
            b' data-consent="ads" data-category="a&quot;"',
        ),
        (b" data-category=marketing src=//ads.test/>", b""),
        (b" data-consent=ads src=//ads.test/>", b""),
        (b" data-category=statistics data-type=text/x src=//ads.test/>", b""),
        (b" src=//ads.test/>", b""),
    ],
)
def test_a_script_that_is_marked_for_another_choice_waits_for_its_own_too(
    script: bytes, mark: bytes
) -> None:
    script = b"<script type=text/plain%b</script>" % script
    assert held(script) == b"<script%b%b" % (mark, script.removeprefix(b"<script"))


def test_a_frame_gets_a_placeholder_and_a_video_that_shows_nothing_gets_none() -> None:
    """Whatever stands for a frame that shows nothing shows nothing either."""
    for look in (b"height=200", b"height=0", b"width=1 height=1", b"hidden", b"style=display:none"):
        frame = b"<iframe src=//ads.test/ %b></iframe>" % look
        assert held(frame) == b'<template data-consent="ads">%b</template><b>ads</b>' % frame
    for unseen in (b"height=0", b"width=1 height=1", b"hidden", b"style='display: none'"):
        assert b"<b>" not in held(b"<video %b src=//ads.test/></video>" % unseen)
    assert b"<b>" not in held(b"<template><iframe src=//ads.test/></iframe></template>")


def test_a_video_is_hidden_behind_its_placeholder_whichever_of_its_sources_is_refused() -> None:
    video = b"<video width=3><source src=/a><source src=//ads.test/b></video>"
    for chunks in ([video], cut(video, 1)):
        out = held(video, chunks)
        assert out.startswith(b'<b>ads</b><video data-consent="ads" data-held="" width=3 hidden>')
        assert b'<source data-consent="ads" data-held="src" data-held-src=//ads.test/b>' in out
    assert held(b"<video><source src=/a></video>") == b"<video><source src=/a></video>"


def test_an_undeclared_host_is_held_for_nobody_in_strict_mode() -> None:
    gates = Gates(lambda name: False, stand_in, hosts(strict=True))
    out = gates.feed(b"<img src=//other.test/><iframe src=//other.test/></iframe>", True)
    assert out.count(b'data-consent="-"') == 2
    assert b"<b>" not in out


def test_what_else_stands_in_a_style_holds_meanwhile() -> None:
    sheet = b"<style nonce=n>p{color:red}@font-face{src:url('//ads.test/f'),url(/own)}</style>"
    void = sheet.replace(b"//ads.test/f", b"about:invalid").replace(
        b"nonce=n", b"nonce=n data-stand-in"
    )
    assert held(sheet) == b'<template data-consent="ads">%b</template>%b' % (sheet, void)
    attribute = b'<p style="display:none;background:url(//ads.test/)">'
    assert held(attribute) == (
        b'<p data-consent="ads" data-held="style"'
        b' data-held-style="display:none;background:url(//ads.test/)"'
        b' style="display:none;background:url(about:invalid)">'
    )
    escaped = held(b"<style>p{background:\\75rl(//ads.test/)}</style>")
    assert escaped.endswith(b"</template><style data-stand-in></style>")


def test_what_a_site_maps_of_its_own_holds_meanwhile() -> None:
    """One refused entry does not take the site's own modules from it."""
    given = {
        "imports": {"own": "/own.js", "ads": "https://ads.test/a.js", "</script>": "./x.js"},
        "scopes": {"/old/": {"own": "/old.js", "ads": "//ADS.test/b.js"}, "//ads.test/": {}},
        "integrity": {"/own.js": "sha384-x"},
    }
    left = copy.deepcopy(given)
    del left["imports"]["ads"], left["scopes"]["/old/"]["ads"]
    written = json.dumps(given).replace("<", "\\u003c").encode()
    out = held(b"<script type=importmap nonce=n>%b</script>" % written)
    inert, _, stand_in = out.partition(b"</script>")
    assert inert.startswith(b'<script type="text/plain" data-consent="ads" data-type=importmap')
    assert inert.endswith(written)
    begin, end = b"<script type=importmap nonce=n data-stand-in>", b"</script>"
    assert stand_in.startswith(begin)
    assert stand_in.endswith(end)
    assert json.loads(stand_in[len(begin) : -len(end)]) == left
    # Where nothing is left, or more comes than is read, nothing stands in.
    only = held(b'<script type=importmap>{"imports": {"ads": "//ads.test/"}}</script>')
    assert only.count(b"<script") == 1
    long = b'<script type=importmap>{"imports": {"ads": "//ads.test/"%b}}</script>' % (
        b" " * CONTENT
    )
    assert held(long).startswith(b'<script type="text/plain" data-consent=')
    assert held(long).count(b"<script") == 1


def test_a_page_cannot_say_what_a_held_script_loads_later() -> None:
    out = held(b"<script data-src=/x.js data-type=module src=//ads.test/></script>")
    assert out.count(b"data-src=") == 1
    assert b"data-src=//ads.test/" in out
    assert b"module" not in out


def test_a_script_is_judged_by_its_whole_text_however_it_comes() -> None:
    long = b"<script>%bstartChat(1)</script>" % (b"x;" * 10_000)
    inert = held(long)
    assert inert == long.replace(b"<script>", b'<script type="text/plain" data-consent="chat">')
    assert held(long, cut(long, 1000)) == inert


def test_no_more_of_a_script_is_held_than_54_kib() -> None:
    gates = Gates(lambda name: False, None, hosts())
    fed = given_out = 0
    for chunk in cut(b"<script>" + b"x;" * 200_000, 4096):
        fed += len(chunk)
        given_out += len(gates.feed(chunk))
        assert fed - given_out <= 60 * 1024 + 4096 + 16


HOSTILE = {
    "open scripts": b"<script ",
    "scripts": b"<script>",
    "styles": b"<style>",
    "attributes": b'<img a="',
    "images": b"<img src=//ads.test>",
    "sources": b"<video><source ",
    "svgs": b"<svg><style>",
    "quotes": b"<p style='url(",
    "comments": b"<!--<img>",
    "srcdocs": b"<iframe srcdoc='<img src=//ads.test>'></iframe>",
    "data": b"<img src='data:,%%61ads.test",
    "templates": b"<template data-consent=ads>",
    "long addresses": b"//",
    "noscripts": b"<noscript>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [0, 4096])
def test_hostile_pages_take_time_in_proportion_to_their_size(name: str, size: int) -> None:
    unit = HOSTILE[name]

    def work(data: bytes) -> None:
        held(data, cut(data, size) if size else [data])

    # Both sizes are beyond the longest tag that is held whole.
    assert in_proportion(lambda count: unit * count, work, 90_000 // len(unit))


def test_what_is_remembered_of_a_tag_never_lets_its_content_through() -> None:
    """An empty style, script or video says nothing of the next one that begins alike."""
    known = hosts()

    def again(data: bytes) -> bytes:
        return Gates(lambda name: False, stand_in, known).feed(data, True)

    for empty, full in (
        (b"<style></style>", b"<style>@import '//ads.test/';</style>"),
        (b"<style>", b"<style>p{background:url(//ads.test/)}</style>"),
        (b"<script></script>", b"<script>startChat(1)</script>"),
        (b"<video></video>", b"<video><source src=//ads.test/></video>"),
        (b"<noscript></noscript>", b"<noscript><img src=//ads.test/></noscript>"),
        (b"<title></title>", b"<title></title>"),
    ):
        for _ in range(3):
            assert again(empty) == empty
        assert again(full) == held(full)


ODD_LOADS = {
    "imports": (b"<script type=module>", b"import /*", b""),
    "comments": (b"<script type=module>import", b"/**/", b"x"),
    "spaces": (b"<script type=module>import", b" ", b""),
    "quotes": (b"<script type=module>", b"'\\", b""),
    "escapes in styles": (b"<style>\\61 ", b"a", b""),
    "slashes in styles": (b"<style>\\61 ", b"/ ", b""),
    "slashes": (b"<style>\\61 ", b"/", b""),
    "noscripts that end": (b"", b"<noscript></noscript>", b""),
}


@pytest.mark.parametrize("name", ODD_LOADS)
def test_odd_scripts_and_styles_take_time_in_proportion_to_their_size(name: str) -> None:
    before, unit, after = ODD_LOADS[name]
    assert in_proportion(lambda n: before + unit * n + after, held, 12_000 // len(unit))
