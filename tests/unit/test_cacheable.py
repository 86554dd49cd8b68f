"""Pages behind a shared cache: nobody gets another's state, and a 304 never brings one back (R120).

The cache and the visitors' browsers keep to RFC 9111; whatever comes out of them is compared with
what the site itself would have said to the same visitor at the same moment.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from tests.unit.shared_cache import Cache, Reply, ask
from tests.unit.small_site import PAGE, TOML, Clock, Make, Site, decide

CACHEABLE = TOML + "\n[enforcement]\ncacheable = true\n"
OWN = CACHEABLE + '\n[banner]\nsettings_link = "own"\n'
HELD = PAGE.replace("<h1>", '<img src="https://ads.example/p.gif"><h1>')
BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin"}
DATE = "Sun, 15 Nov 2026 10:00:00 GMT"
PUBLIC = ("/", "/dated", "/untagged", "/fragment")
STATE = "/choices/state?lang=fi"
PATHS = (*PUBLIC, "/reads", "/cookie", STATE, "/choices/state", "/choices/fi", "/tietosuojaseloste")


def host() -> Starlette:
    """Pages as sites have them, all said to be fit for a shared cache for a minute."""

    def fixed(html: str, **headers: str) -> object:
        async def page(request: Request) -> Response:
            fields = {"cache-control": "public, s-maxage=60, max-age=5"}
            fields |= {name.replace("_", "-"): value for name, value in headers.items()}
            known = request.headers.get("if-none-match", "").replace("W/", "")
            if ("etag" in headers and headers["etag"] in known) or (
                "last_modified" in headers and "if-modified-since" in request.headers
            ):
                return Response(status_code=304, headers=fields)
            return HTMLResponse(html, headers=fields)

        return page

    async def reads(request: Request) -> Response:
        allowed = request.state.consent.allows("statistics")
        response = await fixed(f"{PAGE}<!-- {allowed} -->", etag='"r"')(request)  # type: ignore[operator]
        return response  # type: ignore[no-any-return]

    pages = {
        "/": fixed(HELD, etag='"a"'),
        "/dated": fixed(PAGE, last_modified=DATE),
        "/untagged": fixed(PAGE),
        "/fragment": fixed("<p>Osa</p>", etag='"f"'),
        "/cookie": fixed(PAGE, etag='"c"', set_cookie="session=1"),
        "/reads": reads,
    }
    return Starlette(routes=[Route(path, page) for path, page in pages.items()])  # type: ignore[arg-type]


class Visited:
    """A site behind a shared cache, with the cookies of visitors in every state."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.app = site.consent.protect(host())
        self.clock = Clock(0)
        self.cookies = [{}]
        for decision, granted in (("accept", ()), ("reject", ()), ("save", ("statistics",))):
            client = site.client()
            decide(client, decision, *granted)
            self.cookies.append(
                {"cookie": "; ".join(f"{n}={v}" for n, v in client.cookies.items())}
            )
        self.cookies.append({"sec-gpc": "1"})
        self.cache = Cache(lambda path, headers: ask(self.app, path, headers), self.clock, True)

    def direct(self, path: str, state: int) -> Reply:
        return ask(self.app, path, {**BROWSER, **self.cookies[state]})

    def through(self, path: str, state: int) -> Reply:
        return self.cache.get(path, {**BROWSER, **self.cookies[state]})


@pytest.fixture(scope="module", params=["per visitor", "cacheable", "policy"])
def visited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    toml = TOML if request.param == "per visitor" else CACHEABLE
    toml += 'policy = "enforce"\n' if request.param == "policy" else ""
    toml = toml.replace('"Mainos Oy"', '"Mainos Oy"\nhosts = ["ads.example"]')
    site = Site(tmp_path_factory.mktemp("cached"), toml)
    yield Visited(site)
    site.close()


@pytest.fixture
def public(make_site: Make) -> Visited:
    return Visited(make_site(toml=CACHEABLE))


def tokenless(body: bytes) -> bytes:
    """The bytes of a page but for its token, which is nobody's state."""
    return re.sub(rb'name="token" value="[^"]*"', b"", body)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 4),
        st.sampled_from(PATHS),
        st.sampled_from((0, 3, 30, 90)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_nobody_ever_gets_the_page_of_another_state(
    visited: Visited, steps: list[tuple[int, int, str, int]]
) -> None:
    """Three browsers, whose visitors choose anew again and again, in any order and at any time.

    What each of them shows is what the site would say now, be it from its own cache, from the
    shared one, or after a 304: no banner that was answered comes back.
    """
    visited.cache.stored.clear()
    browsers = [Cache(visited.cache.get, visited.clock, False) for _ in range(3)]
    for who, state, path, later in steps:
        visited.clock.now += later
        shown = browsers[who].get(path, {**BROWSER, **visited.cookies[state]})
        wanted = visited.direct(path, state)
        assert shown.status == wanted.status
        assert tokenless(shown.body) == tokenless(wanted.body)


def test_one_stored_page_serves_all(public: Visited) -> None:
    """The same bytes for everybody, made once; after a minute a 304 is enough."""
    for path in ("/", "/fragment"):
        first = public.through(path, 0)
        before = public.cache.served
        for state in range(len(public.cookies)):
            assert public.through(path, state).body == first.body
            assert public.direct(path, state).body == first.body
        public.clock.now += 61
        assert public.through(path, 1).body == first.body
        served = public.cache.served - before
        # A fragment that stays as it is keeps its ETag, which no request for a page says again.
        assert served == len(public.cookies) + (path == "/")


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_for_everybody_says_nothing_of_visitors(public: Visited, path: str) -> None:
    for state in range(len(public.cookies)):
        reply = public.direct(path, state)
        assert reply.headers["cache-control"] == "public, s-maxage=60, max-age=5"
        assert "vary" not in reply.headers
        assert b'visitor-choice"' not in reply.body.replace(b'class="visitor-choice"', b"")
        assert b'name="token" value=""' in reply.body or path == "/fragment"
        assert int(reply.headers["content-length"]) == len(reply.body)


def test_a_page_that_a_server_sends_by_itself_is_kept_by_nobody(public: Visited) -> None:
    """Trap 11: nothing is held back in it, so a client that asked for no HTML keeps it alone."""
    sent = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html"), (b"cache-control", b"public, max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": "/page.html"})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody reads the request")

    scope = {"type": "http", "path": "/", "method": "GET", "query_string": b"", "headers": []}
    protected = public.site.consent.protect(app)
    asyncio.run(protected({**scope, "extensions": {"http.response.pathsend": {}}}, receive, send))
    assert [message["type"] for message in sent][-1] == "http.response.pathsend"
    assert dict(sent[0]["headers"])[b"cache-control"] == b"private, max-age=60"


@pytest.mark.parametrize("path", ["/reads", "/cookie"])
def test_what_is_one_visitors_stays_out_of_the_shared_cache(public: Visited, path: str) -> None:
    """The app read the choice, or sets a cookie: then it is no page for everybody."""
    reply = public.direct(path, 1)
    assert reply.headers["cache-control"] == "private, max-age=5"
    assert reply.headers["vary"] == "Cookie, Sec-GPC"
    assert "etag" not in reply.headers
    public.through(path, 1)
    assert path not in public.cache.stored


def test_cookies_pass_by_what_their_own_visitor_has_allowed(public: Visited) -> None:
    """R98: the page is everybody's, what the firewall lets through with it is not."""

    async def counts(request: Request) -> Response:
        return HTMLResponse(PAGE, headers={"set-cookie": "_count=1"})

    app = public.site.consent.protect(Starlette(routes=[Route("/", counts)]))
    replies = [ask(app, "/", {**BROWSER, **cookie}) for cookie in public.cookies]
    passed = ["set-cookie" in reply.headers for reply in replies]
    assert passed == [False, True, False, True, False]
    assert len({reply.body for reply in replies}) == 1
    assert {reply.headers["cache-control"] for reply in replies} == {"private"}


def test_a_page_for_everybody_has_a_weak_etag_of_its_settings(make_site: Make) -> None:
    """Its bytes are not the app's, and other settings make others of them."""
    site = make_site(toml=CACHEABLE)
    app = site.consent.protect(host())
    etag = ask(app, "/", BROWSER).headers["etag"]
    assert re.fullmatch(r'W/"a-vc\.[0-9a-f]{12}"', etag)
    assert ask(app, "/", BROWSER, "HEAD").headers["etag"] == etag
    held = {**BROWSER, "if-none-match": etag}
    again = ask(app, "/", held)
    assert (again.status, again.headers["etag"], again.body) == (304, etag, b"")
    assert "vary" not in again.headers
    assert "last-modified" not in ask(app, "/dated", BROWSER).headers
    site.close()
    hosts = CACHEABLE.replace('"Mainos Oy"', '"Mainos Oy"\nhosts = ["ads.example"]')
    for toml in (TOML, hosts, CACHEABLE.replace("cacheable", 'hosts = "strict"\ncacheable')):
        other = make_site(toml=toml)
        assert ask(other.consent.protect(host()), "/", held).status == 200
        other.close()


def test_everything_refused_is_held_for_everybody(visited: Visited) -> None:
    """R1: in the page that all are given nobody has allowed anything."""
    html = visited.direct("/", 1).body
    if not visited.site.consent.settings.enforcement.cacheable:
        assert b'<img src="https://ads.example/p.gif">' in html
        return
    assert b'data-held-src="https://ads.example/p.gif"' in html
    assert b'<template data-consent="statistics">' in html
    assert html.count(b"vc-embed") == 1
    assert b'data-answer="once"' in html


def test_links_of_a_page_for_everybody_lead_back_without_a_query(make_site: Make) -> None:
    """A cache that takes no notice of queries must not hand one visitor's to the next."""
    site = make_site(toml=CACHEABLE)
    app = site.consent.protect(host())
    html = ask(app, "/?mail=a@b.example", BROWSER).body
    assert b'href="/choices/fi?return=/"' in html
    assert b"a@b" not in html
    assert html == ask(app, "/", BROWSER).body


def test_a_link_of_the_sites_own_keeps_the_page_for_everybody(make_site: Make) -> None:
    """R26: `settings_link()` reads no choice there; a page without it gets the script alone."""
    site = make_site(toml=OWN)

    async def linked(request: Request) -> Response:
        link = request.state.consent.settings_link("fi")
        return HTMLResponse(PAGE.replace("<h1>", f"{link}<h1>"))

    app = site.consent.protect(Starlette(routes=[Route("/", linked), Mount("/x", host())]))
    pages = [ask(app, path, BROWSER) for path in ("/?a=b", "/x/")]
    for reply in pages:
        assert "vary" not in reply.headers
        assert reply.body.count(b'<script src="/choices/script.js') == 1
        assert b"data-shared=" in reply.body
        assert b"vc-link" not in reply.body
    assert b'<a href="/choices/fi" lang="fi">' in pages[0].body


def test_the_state_holds_what_is_asked_and_stays_with_its_visitor(visited: Visited) -> None:
    """The banner without token and way back, so that the browser can keep it."""
    replies = [visited.direct(STATE, state) for state in range(len(visited.cookies))]
    content = [json.loads(reply.body) for reply in replies]
    assert ["banner" in one for one in content] == [True, False, False, False, True]
    assert "statistics" in content[1]["allowed"]
    assert "statistics" not in content[2]["allowed"]
    assert 'name="token" value=""' in content[0]["banner"]
    for state, reply in enumerate(replies):
        assert reply.headers["cache-control"] == "private, no-cache"
        assert reply.headers["vary"] == "Cookie, Sec-GPC"
        held = {**visited.cookies[state], "if-none-match": reply.headers["etag"]}
        assert ask(visited.app, STATE, held).status == 304
    assert len({reply.headers["etag"] for reply in replies}) == len(replies)
    bare = visited.direct("/choices/state", 0)
    assert bare.headers["cache-control"] == "private, no-store"
    assert "banner" not in json.loads(bare.body)
