"""Header fields that load something: those that lead to a refused host are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.browser.handshake import hinting
from consent.browser.hosts import Hosts
from consent.browser.links import links_kept, without_refused
from consent.browser.plan import Plan
from consent.declaration import Service
from tests.unit.asgi_driver import HTML, body, page, respond, run, scope, start
from tests.unit.cookie_site import choice
from tests.unit.proportion import in_proportion
from tests.unit.rewriter_samples import FIRST, PAGE
from tests.unit.small_site import TOML, Make

ADS = b"https://ads.example/a"


SERVICE = Service("ads", "Mainos", "Mainos Oy", "marketing", (), {}, hosts=("ads.example",))
HOSTS = Hosts([SERVICE], lambda _: False)


def filtered(name: bytes, value: bytes) -> bytes | None:
    found = without_refused([(b"x", b"1"), (name, value)], HOSTS)
    assert found[0] == (b"x", b"1")
    return found[1][1] if len(found) > 1 else None


@pytest.mark.parametrize(
    "relation",
    [
        *(b"preload", b"preconnect", b"dns-prefetch", b"modulepreload", b"prefetch", b"stylesheet"),
        *(b"prerender", b"icon", b"manifest", b"next", b"PRELOAD", b'"preload"', b"unheard-of"),
        *(b'"canonical preload"', b'"alternate stylesheet"', b'""', b"compression-dictionary"),
    ],
)
def test_a_link_to_a_refused_host_is_left_out(relation: bytes) -> None:
    assert filtered(b"link", b"<%b>; rel=%b" % (ADS, relation)) is None


@pytest.mark.parametrize(
    "relation", [b"canonical", b"license", b'"alternate author"', b"CANONICAL"]
)
def test_what_is_only_named_stays(relation: bytes) -> None:
    value = b"<%b>; rel=%b" % (ADS, relation)
    assert filtered(b"link", value) == value


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"</a.css>; rel=preload, <%b>; rel=preload, </b.js>; rel=preload" % ADS,
         b"</a.css>; rel=preload, </b.js>; rel=preload"),
        (b"<%b>;rel=preload,</b>;rel=preload" % ADS, b"</b>;rel=preload"),
        (b'</a>; rel=preload; title="x, <%b>; y", <%b>; rel=preload' % (ADS, ADS),
         b'</a>; rel=preload; title="x, <%b>; y"' % ADS),
        (b'</a>; title="q\\", <z>"; rel=preload, <%b>; rel=preload' % ADS,
         b'</a>; title="q\\", <z>"; rel=preload'),
        (b"</a,b>; rel=preload, <%b,c>; rel=preload" % ADS, b"</a,b>; rel=preload"),
        (b" , ,<%b>; rel=preload, </b>; rel=preload" % ADS, b",</b>; rel=preload"),
        (b'<%b>; rel=preload; title="never closed, </b>' % ADS, None),
        (b"<%b" % ADS, None),
        (b"<%b>" % ADS, None),
        (b"<%b>; as=script; rel=canonical; rel=preload" % ADS,
         b"<%b>; as=script; rel=canonical; rel=preload" % ADS),
        (b'</a.png>; rel=preload; as=image; imagesrcset="/s 1x, %b 2x"' % ADS, None),
        (b'</a.png>; rel=preload; as=image; imagesrcset="/s 1x,/b 2x"',
         b'</a.png>; rel=preload; as=image; imagesrcset="/s 1x,/b 2x"'),
        (b"no link at all ads.example", b"no link at all ads.example"),
        (b"", b""),
    ],
)  # fmt: skip
def test_links_are_told_apart_as_rfc_8288_says(value: bytes, left: bytes | None) -> None:
    found = filtered(b"LINK", value)
    assert (found or b"").replace(b" ", b"").lstrip(b",") == (left or b"").replace(
        b" ", b""
    ).lstrip(b",")


@pytest.mark.parametrize(
    "value",
    [
        *(b"0; url=%b", b"5;URL='%b'", b'5, url = "%b"', b"0;%b", b"0 %b", b".5; url=%b"),
        *(b"  3 ;  url=%b  ", b"0; url='%b", b"0;url=\t%b"),
    ],
)
def test_a_refresh_that_leads_to_a_refused_host_is_left_out(value: bytes) -> None:
    assert filtered(b"refresh", value % ADS) is None
    passing = value % b"/next"
    assert filtered(b"refresh", passing) == passing


def test_a_refresh_of_the_page_itself_stays() -> None:
    assert filtered(b"refresh", b"30") == b"30"


def test_rules_of_speculation_are_fetched_from_no_refused_host() -> None:
    both = b'"/rules.json", "%b"' % ADS
    assert filtered(b"speculation-rules", both) == b'"/rules.json"'
    assert filtered(b"speculation-rules", b'"%b"; x=1' % ADS) is None
    assert filtered(b"speculation-rules", b'"/a.json"; x=1, "/b,c.json"') == (
        b'"/a.json"; x=1, "/b,c.json"'
    )


def test_other_fields_are_not_read() -> None:
    fields = [(b"x-link", b"<%b>; rel=preload" % ADS), (b"location", ADS)]
    assert without_refused(fields, HOSTS) is fields


@given(st.text('<>",;= \\relpoadx', max_size=40))
def test_where_nothing_is_refused_the_bytes_are_the_same(text: str) -> None:
    fields = [(name, text.encode()) for name in (b"link", b"refresh", b"speculation-rules")]
    assert without_refused(fields, HOSTS) is fields


@given(st.text('<>",;= \\relpoadx', max_size=40))
def test_no_text_before_a_link_hides_it_from_a_comma_on(text: str) -> None:
    """Unless the text opens a quote or a bracket, which a browser reads to its end too."""
    if '"' in text or "<" in text:
        return
    left = filtered(b"link", text.encode() + b",<%b>;rel=preload" % ADS)
    assert b"ads.example" not in (left or b"")


@pytest.mark.parametrize("part", [b'"\\', b"<", b";a=", b',"', b'; x="', b",,", b"<a>;rel=x,"])
def test_hostile_input_takes_time_by_its_length_alone(part: bytes) -> None:
    def work(text: bytes) -> None:
        without_refused([(b"link", b"<x>" + text)], HOSTS)
        without_refused([(b"refresh", text)], HOSTS)

    assert in_proportion(lambda count: part * count, work, 5_000, 8)


# -- in responses --

PLAN = replace(FIRST, hosts=HOSTS)


@pytest.mark.parametrize("plan", [PLAN, Plan(hosts=HOSTS)])
@pytest.mark.parametrize("status", [200, 404, 302])
def test_fields_are_left_out_of_every_response(plan: Plan, status: int) -> None:
    links = [(b"link", b"<%b>; rel=preload" % ADS), (b"link", b"</a>; rel=preload")]
    fields = [*HTML, *links, (b"refresh", b"0; url=" + ADS), (b"set-cookie", b"a=1")]
    for _ in range(2):
        sent = respond(plan, page(PAGE, fields, status=status))
        assert sent.headers[b"link"] == b"</a>; rel=preload"
        assert b"refresh" not in sent.headers
        assert sent.headers[b"set-cookie"] == b"a=1"


def test_a_response_of_which_something_was_left_out_is_in_no_shared_cache() -> None:
    """R120: those who allow it would be without it."""

    class Visitor:
        read = linked = False

    style = [(b"content-type", b"text/css"), (b"link", b"<%b>; rel=preload" % ADS)]
    sent = respond(PLAN, page(b"p {}", style), visitor=Visitor())
    assert sent.headers[b"cache-control"] == b"private"
    plain = respond(PLAN, page(b"p {}", style[:1]), visitor=Visitor())
    assert b"cache-control" not in plain.headers


def test_where_another_state_refuses_nothing_the_same_response_keeps_its_fields() -> None:
    fields = [*HTML, (b"link", b"<%b>; rel=preload" % ADS)]
    for plan, there in ((PLAN, False), (FIRST, True), (PLAN, False)):
        assert (b"link" in respond(plan, page(PAGE, fields)).headers) is there


def test_streamed_pages_and_those_whose_start_goes_early_too() -> None:
    fields = [*HTML, (b"link", b"<%b>; rel=preload" % ADS)]
    hint = {"type": "http.response.early_hint", "links": []}
    for first in (PAGE[:5], PAGE[:-1], b"x" * 20_000):
        messages = [start(fields), body(first, more=True), hint, body(PAGE[5:])]
        assert b"link" not in respond(PLAN, messages).headers


# -- early hints --


def test_links_in_early_hints_are_filtered() -> None:
    links = [b"<%b>; rel=preload" % ADS, b"</a>; rel=preload, <%b>; rel=preconnect" % ADS]
    assert links_kept(links, HOSTS) == [b"</a>; rel=preload"]
    sent = hinted([{"type": "http.response.early_hint", "links": links}, *page(PAGE)])
    assert [m["type"].rpartition(".")[2] for m in sent] == ["early_hint", "start", "body"]
    assert sent[0]["links"] == [b"</a>; rel=preload"]


def test_an_early_hint_of_which_nothing_is_left_is_not_sent() -> None:
    messages = [{"type": "http.response.early_hint", "links": [b"<%b>; rel=preload" % ADS]}]
    assert hinted(messages) == []


def test_without_early_hints_or_refusals_nothing_is_wrapped() -> None:
    async def send(message: Any) -> None:
        return None

    able = scope(extensions={"http.response.early_hint": {}})
    assert hinting(None, send, able) is send
    assert hinting(HOSTS, send, scope()) is send
    assert hinting(HOSTS, send, scope(extensions=None)) is send


def hinted(messages: list[Any]) -> list[Any]:
    out: list[Any] = []

    async def collect(message: Any) -> None:
        out.append(message)

    async def app() -> None:
        send = hinting(HOSTS, collect, scope(extensions={"http.response.early_hint": {}}))
        for message in messages:
            await send(message)

    run(app())
    return out


def test_what_the_site_says_in_header_fields_follows_the_choice(make_site: Make) -> None:
    """All on their way through the component, for who has not decided and who has allowed it."""
    hosted = TOML.replace('"Mainos Oy"', '"Mainos Oy"\nhosts = ["ads.example"]')
    site = make_site(toml=hosted)
    loading = [
        (b"link", b"<%b>; rel=preload" % ADS),
        (b"refresh", b"0; url=" + ADS),
        (b"speculation-rules", b'"%b"' % ADS),
    ]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": [loading[0][1]]})
        await send(start([*HTML, *loading]))
        await send(body(PAGE))

    def passes(*cookies: tuple[bytes, bytes]) -> tuple[set[Any], list[Any]]:
        out: list[Any] = []

        async def collect(message: Any) -> None:
            out.append(message)

        hints = {"http.response.early_hint": {}}
        asked = scope(headers=cookies, raw_path=b"/", query_string=b"", extensions=hints)
        run(site.consent.protect(app)(asked, None, collect))  # type: ignore[arg-type]
        (begun,) = (message for message in out if message["type"] == "http.response.start")
        hinted = [m["links"] for m in out if m["type"] == "http.response.early_hint"]
        return {field for field in loading if field in begun["headers"]}, hinted

    assert passes() == (set(), [])
    assert passes(choice(site, "marketing")) == (set(loading), [[loading[0][1]]])


UNKNOWN = [b"", b" ", b"*/*", b"unknown/unknown", b"Application/Unknown", b"text/html, text/html"]
UNKNOWN += [b"text/html, */*", b"application/unknown; charset=utf-8"]


@pytest.mark.parametrize("fields", [[], *([(b"content-type", kind)] for kind in UNKNOWN)])
def test_what_a_browser_takes_for_a_page_is_one(fields: list[tuple[bytes, bytes]]) -> None:
    plan = replace(FIRST, hosts=HOSTS, allows=lambda _: False)
    refused = PAGE.replace(b"</body>", b'<img src="//ads.example/x"></body>')
    for data in (
        refused,
        b" \n<p>a</p><img src=//ads.example/x>",
        b"<!-- --><img src=//ads.example/x>",
    ):
        for chunks in ([data], [data[at : at + 1] for at in range(len(data))]):
            expected = respond(plan, page(chunks, HTML)).body
            assert b"data-held" in expected
            assert respond(plan, page(chunks, fields)).body == expected
    messages = page(PAGE, [*HTML], status=206)
    assert respond(plan, messages).body == respond(plan, page(PAGE, HTML)).body


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ([], b'{"html": "<img src=//ads.example/x>"}'),
        ([], b"\x89PNG\r\n<img src=//ads.example/x>"),
        ([(b"content-type", b"*/*")], b"a <img src=//ads.example/x>"),
        ([(b"content-type", b"text/html, text/plain")], b"<p><img src=//ads.example/x>"),
        ([(b"content-type", b"application/octet-stream")], b"<p><img src=//ads.example/x>"),
    ],
)
def test_what_no_browser_takes_for_a_page_stays(
    fields: list[tuple[bytes, bytes]], data: bytes
) -> None:
    plan = replace(FIRST, hosts=HOSTS, allows=lambda _: False)
    for chunks in ([data], [data[at : at + 1] for at in range(len(data))]):
        assert respond(plan, page(chunks, fields)).body == data
