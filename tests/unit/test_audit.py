"""The audit: a site's own app is visited, and held against what it declares (R20, R26, R73)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from consent import testing
from consent.audit import Report, audit, visit
from consent.audit.judge import Judge
from consent.audit.page import Page
from consent.audit.visit import Reply
from consent.component import ConsentMiddleware
from consent.errors import AuditError
from examples.jackbot.app import HERE
from examples.jackbot.app import create_app as create_jackbot
from tests.unit.small_site import KEY, TOML, Make, Site, decide

HOSTED = TOML.replace('name = "Laskuri"', 'hosts = ["count.example"]\nname = "Laskuri"').replace(
    'name = "Mainos"', 'hosts = ["*.ads.example"]\ninline = ["adsTag"]\nname = "Mainos"'
)
FOOTER = '<a href="/choices/fi">Evästeasetukset</a> <a href="/tietosuojaseloste">Tietosuoja</a>'
USED = '<script src="//count.example/c.js"></script><script>adsTag("x")</script>'
Handler = Callable[[Request], Awaitable[Response]]


def html(body: str, **headers: str) -> Response:
    page = f'<!doctype html><html lang="fi"><title>S</title><body>{body}{FOOTER}</body></html>'
    return HTMLResponse(page, headers=headers)


def site_of(**pages: str | Response | Handler) -> Starlette:
    """A site whose pages are given by name, `index` at the root."""

    def route(name: str, given: str | Response | Handler) -> Route:
        async def show(request: Request) -> Response:
            if isinstance(given, str):
                return html(given)
            return given if isinstance(given, Response) else await given(request)

        return Route("/" if name == "index" else f"/{name}", show)

    return Starlette(routes=[route(name, given) for name, given in pages.items()])


def found(report: Report) -> set[tuple[str, str, str]]:
    return {(finding.kind, finding.subject, finding.where) for finding in report.findings}


async def counted(request: Request) -> Response:
    response = html(USED)
    if request.state.consent.allows("counter"):
        response.set_cookie("_count", "1")
    return response


def test_a_site_that_keeps_to_its_declaration_is_clean(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    report = audit(site.consent.protect(site_of(index=counted)))
    assert report.clean, report
    (cookie,) = report.cookies
    assert (cookie.name, cookie.service, cookie.sent) == ("_count", "counter", ["granting"])
    (host,) = report.hosts
    assert (host.name, host.service, host.category) == ("count.example", "counter", "statistics")
    assert host.sent == ["undecided", "refusing", "granting"]
    assert report.unjudged == ("ad",)


def test_both_ways_a_difference_is_told(make_site: Make) -> None:
    """R20: a seeded undeclared cookie and an unused entry are both reported."""
    site = make_site(toml=TOML.replace('name = "Mainos"', 'hosts = ["a.example"]\nname = "Mainos"'))

    async def about(request: Request) -> Response:
        response = html('<img src="https://px.tracker.example/1.gif">')
        response.set_cookie("seeded", "1")
        return response

    report = audit(site.consent.protect(site_of(index='<a href="about">x</a>', about=about)))
    assert found(report) == {
        ("undeclared-cookie", "seeded", "/about"),
        ("undeclared-host", "px.tracker.example", "/about"),
        ("unused-service", "ads", ""),
        ("unseen-cookie", "_count", ""),
    }
    assert not report.clean
    shown = str(report)
    assert "/about: seeded is set, and nobody declares it\n    → add to consent.toml" in shown
    assert "px.tracker.example  undeclared, at /about" in shown
    ignored = audit(
        site.consent.protect(site_of(index='<a href="about">x</a>', about=about)),
        ignore=["seeded", "px.tracker.example", "ads", "_count"],
    )
    assert ignored.clean


def test_a_cookie_of_a_known_framework_is_told_with_the_line_that_declares_it(
    make_site: Make,
) -> None:
    async def index(request: Request) -> Response:
        response = html("")
        response.set_cookie("sessionid", "1")
        return response

    shown = str(audit(make_site().consent.protect(site_of(index=index))))
    assert "sessionid is set, and nobody declares it\n" in shown
    assert '→ add to consent.toml: [services.django-session] with use = "django-session"' in shown


def test_what_is_set_or_loaded_without_consent_is_told(make_site: Make) -> None:
    """Whatever lets it through: what counts is what the visitor gets."""
    site = make_site(toml=HOSTED)
    judge = Judge(site.consent.settings, site.consent.runtime.edition.declaration)
    reply = Reply()
    reply.take(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/html"),
                (b"set-cookie", b"_count=1; Path=/"),
                (b"set-cookie", b"gone=; Max-Age=0"),
                (b"set-cookie", b"old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
            ],
        }
    )
    reply.take({"type": "http.response.body", "body": USED.encode()})
    judge.see("granting", "/", reply, None)
    judge.see("refusing", "/later", reply, None)
    assert found(judge.report((), {})) == {
        ("cookie-without-consent", "_count", "/later"),
        ("host-without-consent", "count.example", "/later"),
    }


def test_a_page_without_the_ways_that_it_owes_is_told(make_site: Make) -> None:
    """R26, R73: also a page that stands apart, and for every visitor."""
    own = f'{HOSTED}\n[banner]\nsettings_link = "own"\n'
    site = make_site(toml=own)
    bare = HTMLResponse("<!doctype html><title>S</title><body>bare</body>")
    part = HTMLResponse("<p>A part of a page</p>")
    app = site.consent.protect(site_of(index=counted, bare=bare, part=part))
    assert found(audit(app, "/bare", "/part")) == {
        ("no-settings-link", "/bare", ""),
        ("no-notice-link", "/bare", ""),
    }


@pytest.mark.parametrize("place", ["inside", "under gzip", "in a mount", "behind a list of hosts"])
def test_the_component_is_found_wherever_it_stands(make_site: Make, place: str) -> None:
    site = make_site(toml=HOSTED)
    bare = site_of(index=counted)
    apps: dict[str, ASGIApp] = {
        "inside": Starlette(
            routes=bare.routes, middleware=[Middleware(ConsentMiddleware, consent=site.consent)]
        ),
        "under gzip": GZipMiddleware(site.consent.protect(bare)),
        "behind a list of hosts": TrustedHostMiddleware(
            site.consent.protect(bare), ["www.example.fi"]
        ),
        "in a mount": Starlette(routes=[Mount("/", site.consent.protect(bare))]),
    }
    report = audit(apps[place])
    assert report.clean, report
    assert [cookie.name for cookie in report.cookies] == ["_count"]


def test_an_app_without_the_component_takes_its_settings(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    with pytest.raises(AuditError, match="no consent component"):
        audit(site_of(index="x"))
    assert audit(site_of(index=counted), settings=site.consent.settings).clean


def test_nothing_is_recorded_and_the_site_works_on(make_site: Make) -> None:
    """The visitors of an audit are nobody: a record of them would be a false one."""
    site = make_site(toml=HOSTED)
    app = site.consent.protect(site_of(index=counted))
    for _ in range(2):
        assert audit(app).clean
    assert site.log() == []
    client = site.client()
    decide(client, "accept")
    assert len(site.log()) == 1


def test_pages_are_followed_within_the_site_and_to_the_limit(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    links = "".join(f'<a href="/p?n={n}#x">{n}</a>' for n in range(30))
    index = (
        USED
        + links
        + (
            '<a href="https://other.example/a">o</a><a href="mailto:a@b.fi">m</a>'
            '<a href="//[">b</a>'
            '<a href="https://example.fi/moved">same</a><a href="/choices/sv">s</a>'
            '<!-- <a href="/comment">c</a> --><template><a href="/template">t</a></template>'
        )
    )

    async def page(request: Request) -> Response:
        return await counted(request)

    moved = RedirectResponse("/target")
    app = site.consent.protect(site_of(index=index, p=page, moved=moved, target=page))
    report = audit(app)
    assert {f"/p?n={n}" for n in range(30)} | {"/", "/moved", "/target"} <= set(report.pages)
    assert not {"/comment", "/template", "/a", "/choices/sv", "/choices/fi"} & set(report.pages)
    assert len(audit(app, pages=5).pages) == 5


def test_a_page_that_fails_is_told(make_site: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE", 0.3)
    site = make_site(toml=HOSTED)

    async def raising(request: Request) -> Response:
        raise ValueError("broken")

    async def waiting(request: Request) -> Response:
        await asyncio.sleep(5)
        return Response()

    pages = site_of(index=counted, raising=raising, waiting=waiting, down=Response(status_code=503))
    report = audit(site.consent.protect(pages), "/raising", "/waiting", "/down")
    assert {f.subject: f.message for f in report.findings} == {
        "/raising": "raised ValueError: broken",
        "/waiting": "took longer than 0 seconds",
        "/down": "is answered 503",
    }


@asynccontextmanager
async def broken(app: Starlette) -> AsyncIterator[None]:
    raise OSError("no database")
    yield


def test_an_app_that_does_not_start_is_an_error(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    with pytest.raises(AuditError, match="does not start: OSError: no database"):
        audit(site.consent.protect(Starlette(lifespan=broken)))


def test_an_app_is_started_once_and_ended(make_site: Make) -> None:
    """What it makes at its start its pages have, and an app without a start is one too."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        events.append("started")
        yield {"database": "open"}
        events.append("ended")

    async def index(request: Request) -> Response:
        assert request.state.database == "open"
        return await counted(request)

    site = make_site(toml=HOSTED)
    app = Starlette(routes=site_of(index=index).routes, lifespan=lifespan)
    assert audit(site.consent.protect(app)).clean
    assert events == ["started", "ended"]

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await (await counted(Request(scope)))(scope, receive, send)

    assert audit(site.consent.protect(plain)).clean


def test_what_browsers_reported_is_told_until_it_is_declared(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    site.consent.runtime.log.count("2026-11-18", "policy img-src new.example", 2)
    site.consent.runtime.log.count("2026-11-19", "policy script-src new.example", 1)
    site.consent.runtime.log.count("2026-11-19", "policy script-src count.example", 1)
    site.consent.runtime.log.count("2026-10-01", "policy script-src gone.example", 1)
    site.consent.runtime.log.count("2026-11-19", "refusals", 9)
    site.close()
    report = audit(site.consent.protect(site_of(index=counted)))
    assert found(report) == {("undeclared-host", "new.example", "")}
    assert "reported by browsers 3 times" in report.findings[0].message
    assert report.reported == {"new.example": 3, "count.example": 1}


def test_the_report_is_json_too(make_site: Make) -> None:
    site = make_site(toml=HOSTED)
    content = json.loads(audit(site.consent.protect(site_of(index="x"))).as_json())
    assert content["clean"] is False
    assert content["pages"]["/"] == 200
    assert {"kind", "subject", "where", "message", "remedy"} == set(content["findings"][0])


@pytest.mark.parametrize(
    ("html", "loads"),
    [
        ('<IMG SRC=//a.test/1 srcset="b.test/x 1x, //c.test/2 2x">', "a.test c.test"),
        ("<style>p{background:url(//b.test/y)} @import '//a.test/x';</style>", "a.test b.test"),
        ('<base href="https://a.test/d/"><img src="x.png">', "a.test"),
        ('<iframe srcdoc="&lt;img src=//a.test/x&gt;"></iframe>', "a.test"),
        ('<link rel="canonical" href="//a.test/"><link rel=preload href="//b.test/">', "b.test"),
        ('<noscript><img src="//a.test/x"></noscript>', "a.test"),
        ('<script>"<img src=//a.test/x>"</script><img src="&#x2f;/b.test/x">', "b.test"),
        (
            '<!-- <img src="//a.test/x"> --><img src="//b.test/x"><!-- <img src="//c.test">',
            "b.test",
        ),
        ('<script type=module>import "//a.test/m.js"</script>', "a.test"),
        ("<textarea><img src=//a.test/x></textarea><a href=//b.test/>b</a>", ""),
        ('<template><img src="//a.test/x"></template>', "(a.test)"),
        ('<script type="text/plain" src="//a.test/x"></script>', "(a.test)"),
    ],
)
def test_a_page_is_read_as_a_browser_reads_it(html: str, loads: str) -> None:
    site = Page(html.encode(), "https://www.example.fi/p")
    hosts = [
        f"({host})" if load.waits else host
        for load in site.loads
        if (host := load.address.split("/")[2]) != "www.example.fi"
    ]
    assert " ".join(sorted(set(hosts))) == loads


def test_two_lines_test_a_site(make_site: Make, capsys: pytest.CaptureFixture[str]) -> None:
    site = make_site(toml=HOSTED)
    assert testing.audit(site.consent.protect(site_of(index=counted))).clean
    assert capsys.readouterr().out == ""
    assert not testing.audit(site.consent.protect(site_of(index="x"))).clean
    shown = capsys.readouterr().out
    assert "counter is declared, and no page that was visited holds anything of it" in shown
    assert "→ remove it from consent.toml" in shown


def test_the_example_site_is_clean(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)  # for its log
    site.close()
    monkeypatch.setenv("CONSENT_SECRET_KEYS", KEY)
    monkeypatch.setenv("CONSENT_LOG_URL", str(tmp_path / "log.sqlite3"))
    report = audit(create_jackbot(HERE / "consent.toml"))
    assert report.clean, report
    assert len(report.hosts) == 5
    assert all(host.passed == ["granting"] for host in report.hosts)
