"""The content security policy that a state of choice gives a page (DESIGN 7, *CSP*)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from consent import catalogue
from consent.browser.policy import HostPolicy, host_source, sources
from tests.unit.asgi_driver import body, start
from tests.unit.small_site import ORIGIN, PAGE, TOML, Make, Site, decide

CSP = "content-security-policy"
HOSTED = TOML.replace(
    'name = "Laskuri"', 'hosts = ["count.example", "*.count.example"]\nname = "Laskuri"'
).replace('name = "Mainos"', 'hosts = ["ads.example/tag.js", "ads.example/px/"]\nname = "Mainos"')
ENFORCED = f'{HOSTED}\n[enforcement]\npolicy = "enforce"\n'
OWN = "'self' www.example.fi example.fi"


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";")]
    return {name: words for name, *words in parts}


def visit(site: Site, page: object) -> TestClient:
    """A visitor of a site whose one page is made by `page(request)`."""

    async def show(request: Request) -> Response:
        return page(request)  # type: ignore[operator,no-any-return]

    app = site.consent.protect(Starlette(routes=[Route("/", show)]))
    return TestClient(app, base_url=ORIGIN, headers={"sec-fetch-site": "same-origin"})


def test_a_page_may_load_from_what_is_granted_and_from_nothing_else(make_site: Make) -> None:
    client = make_site(toml=ENFORCED).client()
    undecided = directives(client.get("/").headers[CSP])
    assert undecided["default-src"] == [
        *OWN.split(),
        *("'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"),
    ]
    assert "example" not in " ".join(undecided["connect-src"]).replace(OWN, "")
    decide(client, "save", "statistics")
    granted = directives(client.get("/").headers[CSP])
    assert {"count.example", "*.count.example"} < set(granted["default-src"])
    assert {"count.example", "wss://count.example", "wss://*.count.example"} < set(
        granted["connect-src"]
    )
    assert "ads.example" not in client.get("/").headers[CSP]
    decide(client, "reject")
    assert directives(client.get("/").headers[CSP]) == undecided


def test_a_site_without_a_policy_gets_none_and_pays_nothing(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    reply = site.client().get("/")
    assert not {CSP, f"{CSP}-report-only", "reporting-endpoints"} & set(reply.headers)
    assert site.consent.runtime.plans([])[0].policy is None


def test_a_policy_that_only_reports_is_another_field(make_site: Make) -> None:
    reply = make_site(toml=ENFORCED.replace('"enforce"', '"report"'))
    headers = reply.client().get("/").headers
    assert CSP not in headers
    assert directives(headers[f"{CSP}-report-only"])["report-uri"] == ["/choices/reports"]
    assert directives(headers[f"{CSP}-report-only"])["report-to"] == ["consent"]
    assert headers["reporting-endpoints"] == 'consent="/choices/reports"'


def test_the_hosts_own_policy_stays_as_it_is_beside_ours(make_site: Make) -> None:
    """A browser keeps every policy that it is sent, so none is weakened (CSP 3, 8.1)."""
    theirs = "script-src 'self' 'nonce-Their+one'; img-src *"
    client = visit(make_site(toml=ENFORCED), lambda _: HTMLResponse(PAGE, headers={CSP: theirs}))
    reply = client.get("/")
    first, ours = reply.headers.get_list(CSP)
    assert first == theirs
    assert directives(ours)["default-src"][:3] == OWN.split()
    assert "nonce-" not in ours
    assert re.search(r'<script nonce="Their\+one" src="/choices/script.js', reply.text)


def test_a_nonce_that_a_template_asks_for_is_in_the_policy_of_its_page(make_site: Make) -> None:
    """One a response, as good as secret; what is put in has it, and loses nothing else."""
    client = visit(
        make_site(toml=ENFORCED),
        lambda request: HTMLResponse(
            PAGE.replace("<h1>", f"<i>{request.state.consent.nonce}</i><h1>")
        ),
    )
    nonces = set()
    for _ in range(3):
        reply = client.get("/")
        found = re.search(r"<i>([\w-]{24})</i>", reply.text)
        assert found is not None
        policy = directives(reply.headers[CSP])
        assert f"'nonce-{found[1]}'" in policy["script-src"]
        assert "'unsafe-inline'" not in policy["script-src"]
        assert "'unsafe-inline'" in policy["default-src"]
        assert f'<script nonce="{found[1]}" src="/choices/script.js' in reply.text
        assert "private" in reply.headers["cache-control"]
        nonces.add(found[1])
    assert len(nonces) == 3


def test_a_nonce_can_be_asked_for_without_a_policy_of_ours(site: Site) -> None:
    """For a site that writes its own policy with it; then what is put in has it as well."""

    def page(request: Request) -> Response:
        nonce = request.state.consent.nonce
        assert request.state.consent.nonce == nonce
        policy = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
        return HTMLResponse(PAGE, headers={CSP: policy, "x-nonce": nonce})

    reply = visit(site, page).get("/")
    assert f'<script nonce="{reply.headers["x-nonce"]}" src="/choices/' in reply.text


def test_fields_that_can_be_read_once_only_lose_nothing(make_site: Make) -> None:
    for more in ("", "cacheable = true\n"):
        site = make_site(toml=ENFORCED + more)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            fields = [(b"content-type", b"text/html"), (b"x-own", b"1"), (b"set-cookie", b"a=1")]
            await send({**start([]), "headers": iter(fields)})
            await send(body(PAGE.encode()))

        site.app = site.consent.protect(app)
        reply = site.client().get("/")
        assert reply.headers["x-own"] == "1"
        assert CSP in reply.headers


def test_only_pages_have_it(make_site: Make) -> None:
    client = visit(make_site(toml=ENFORCED), lambda _: JSONResponse({}))
    assert CSP not in client.get("/").headers


def test_a_page_that_cannot_be_rewritten_has_it_and_is_private(make_site: Make) -> None:
    """What differs from choice to choice is in no shared cache (R120)."""
    page = Response("x".encode("utf-16"), media_type="text/html; charset=utf-16")
    client = visit(make_site(toml=ENFORCED), lambda _: page)
    reply = client.get("/")
    assert CSP in reply.headers
    assert reply.headers["cache-control"] == "private"


def test_pages_that_are_the_same_for_everybody_have_a_policy_that_is(make_site: Make) -> None:
    site = make_site(toml=f"{ENFORCED}cacheable = true\n")
    policy = site.consent.runtime.plans([])[0].policy
    assert policy is not None
    assert not policy.private
    (_, value), _ = policy.fields()
    assert b"count.example" in value
    assert b"ads.example" in value


@pytest.mark.parametrize(
    ("declared", "source"),
    [
        ("www.example.com", "www.example.com"),
        ("*.example.com:8443", "*.example.com:8443"),
        ("www.example.com/", "www.example.com"),
        ("www.example.com/maps/", "www.example.com/maps/"),
        ("www.example.com/maps", "www.example.com"),
        ("www.example.com/a/b", "www.example.com/a/"),
        ("www.example.com/gtag/js?id=G-", "www.example.com/gtag/js"),
        ("www.example.com/?id=1", "www.example.com"),
        ("www.example.com/a;b,c'd/", "www.example.com/a%3Bb%2Cc'd/"),
        ("www.example.com/a%20b/", "www.example.com/a%20b/"),
    ],
)
def test_a_path_is_no_narrower_than_declared(declared: str, source: str) -> None:
    assert host_source(declared) == source


def test_what_another_source_covers_is_left_out() -> None:
    """A header has little room, and a source too many allows nothing more."""
    given = ["a.example", "*.example", "b.a.example/x/", "a.example:81", "c.test/x/", "c.test/x/y/"]
    assert sources(given) == ["*.example", "a.example:81", "c.test/x/"]
    assert sources(["c.test/x/y?z", "c.test", "d.c.test"]) == ["c.test", "d.c.test"]


def allowed(listed: list[str], host: str, path: str) -> bool:
    """Whether host-sources match an address, as CSP 3 says in 6.7.2.8."""
    for source in listed:
        name, slash, start = source.partition("/")
        fits = name == host or (name.startswith("*.") and host.endswith(name[1:]))
        wanted = unquote("/" + start)
        if fits and (
            not slash or path == wanted or (wanted[-1] == "/" and path.startswith(wanted))
        ):
            return True
    return False


def test_all_that_the_catalogue_declares_is_allowed() -> None:
    """And all of it at once fits into what servers and proxies take of a header, 8 KiB."""
    every: list[str] = []
    for name in catalogue.ids():
        hosts = catalogue.entry(name).get("hosts", [])
        assert isinstance(hosts, list)
        listed = sources(hosts)
        for declared in hosts:
            host, _, start = declared.replace("*.", "any.").partition("/")
            for more in ("", "x", "x/y"):
                path = f"/{start}{more}".partition("?")[0]
                assert "?" in start or allowed(listed, host, path), (declared, listed)
            assert allowed(listed, host, f"/{start}".partition("?")[0])
        every += hosts
    fields = HostPolicy(every, [ORIGIN], "/choices/reports", enforce=True).fields()
    assert sum(len(name) + len(value) + 4 for name, value in fields) < 8192
