"""What an application reads of the visitor, and what the browser's signal says."""

from __future__ import annotations

import logging
import re
from html import unescape

import jinja2
import pytest
from fastapi import FastAPI
from fastapi import Request as FastRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from consent.texts import texts
from tests.unit.small_site import ORIGIN, PAGE, TOML, Make, Site, decide

JSON_HEADERS = {"content-length", "content-type"}


def visit(site: Site, app: ASGIApp) -> TestClient:
    """A visitor of another app that the site's component protects."""
    return TestClient(
        site.consent.protect(app), base_url=ORIGIN, headers={"sec-fetch-site": "same-origin"}
    )


# -- in an application --


def test_a_jinja_template_asks_the_same_object(site: Site) -> None:
    """Point 5: `{% if request.state.consent.allows(…) %}` and the links for a footer."""
    source = (
        "{% if request.state.consent.allows('statistics') %}yes{% else %}no{% endif %}"
        "|{{ request.state.consent.settings_path('sv') }}"
        "|{{ request.state.consent.notice_path('sv') }}"
    )
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"page.html": source}), autoescape=True
    )
    templates = Jinja2Templates(env=environment)

    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    client = visit(site, Starlette(routes=[Route("/", page)]))
    assert client.get("/").text == "no|/choices/sv|/sv/dataskydd"
    decide(client, "accept")
    assert client.get("/").text == "yes|/choices/sv|/sv/dataskydd"


def test_fastapi_and_a_mounted_app_have_it_too(site: Site) -> None:
    """Point 5."""
    inner = FastAPI()

    @inner.get("/inside")
    def inside(request: FastRequest) -> dict[str, bool]:
        return {"video": request.state.consent.allows("video")}

    client = visit(site, Starlette(routes=[Mount("/sub", inner)]))
    assert client.get("/sub/inside").json() == {"video": False}
    decide(client, "save", "preferences")
    assert client.get("/sub/inside").json() == {"video": True}


def test_a_websocket_has_the_choice_of_its_visitor(site: Site) -> None:
    """DESIGN 6."""

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.state.consent.allows("statistics"))
        await websocket.close()

    client = visit(site, Starlette(routes=[WebSocketRoute("/ws", talk)]))
    for expected in (False, True):
        with client.websocket_connect("wss://www.example.fi/ws") as session:
            assert session.receive_json() is expected
        decide(client, "save", "statistics")


def test_an_unknown_name_is_denied_with_a_warning(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """R31: whatever was allowed."""

    async def page(request: Request) -> Response:
        return JSONResponse(request.state.consent.allows("statistic"))

    client = visit(site, Starlette(routes=[Route("/", page)]))
    decide(client, "accept")
    with caplog.at_level(logging.WARNING, "consent"):
        assert client.get("/").json() is False
    assert "'statistic'" in caplog.text


def test_every_state_can_be_read(site: Site) -> None:
    """R31: granted, denied or unset, for every optional category."""

    async def page(request: Request) -> Response:
        return JSONResponse(dict(request.state.consent.states))

    client = visit(site, Starlette(routes=[Route("/", page)]))
    assert set(client.get("/").json().values()) == {"unset"}
    decide(client, "save", "statistics")
    response = client.get("/")
    assert response.json() == {
        "preferences": "denied",
        "statistics": "granted",
        "marketing": "denied",
    }
    assert response.headers["vary"] == "Cookie, Sec-GPC"


def test_reading_the_choice_makes_any_response_the_visitors_own(site: Site) -> None:
    """R120: JSON too; what the app itself says of caching is kept as far as it is private."""

    async def page(request: Request) -> Response:
        request.state.consent.allows("statistics")
        headers = {"cache-control": "public, max-age=60", "vary": "Accept", "etag": '"1"'}
        return JSONResponse({}, headers=headers)

    response = visit(site, Starlette(routes=[Route("/", page)])).get("/")
    assert response.headers["cache-control"] == "private, max-age=60"
    assert response.headers["vary"] == "Accept, Cookie, Sec-GPC"
    assert response.headers["etag"].startswith('W/"1-vc.')


def test_a_response_that_nobody_read_the_choice_for_is_left_untouched(site: Site) -> None:
    """R120: and neither is an app made to vary by asking for the settings' address."""

    async def page(request: Request) -> Response:
        request.state.consent.settings_path()
        return JSONResponse({"a": 1})

    async def text(request: Request) -> Response:
        return PlainTextResponse("x", headers={"cache-control": "public", "etag": '"1"'})

    client = visit(site, Starlette(routes=[Route("/", page), Route("/text", text)]))
    decide(client, "accept")
    assert set(client.get("/").headers) == JSON_HEADERS
    headers = client.get("/text").headers
    assert (headers["cache-control"], headers["etag"]) == ("public", '"1"')


def test_one_visitors_page_is_never_brought_back_for_another_choice(site: Site) -> None:
    """R120: a copy of one state is not revalidated in another."""
    bodies = {}

    async def page(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"page"':
            return Response(status_code=304, headers={"etag": '"page"'})
        return HTMLResponse(PAGE, headers={"etag": '"page"'})

    client = visit(site, Starlette(routes=[Route("/", page)]))
    for decision in ("", "accept", "reject"):
        if decision:
            decide(client, decision)
        response = client.get("/", headers={"accept": "text/html"})
        bodies[response.headers["etag"]] = response.text
        for etag in bodies:
            again = client.get("/", headers={"accept": "text/html", "if-none-match": etag})
            assert again.status_code == (304 if etag == response.headers["etag"] else 200)
    assert len(bodies) == 3


def test_a_footer_link_brings_the_script_and_no_second_link(make_site: Make) -> None:
    """R26: `settings_link = "own"` and the template helper."""
    site = make_site(toml=TOML + '\n[banner]\nsettings_link = "own"\n')

    async def page(request: Request) -> Response:
        link = request.state.consent.settings_link("sv")
        return HTMLResponse(PAGE.replace("</body>", f"<footer>{link}</footer></body>"))

    client = visit(site, Starlette(routes=[Route("/", page)]))
    for _ in range(2):
        html = unescape(client.get("/").text)
        foot = html[html.index("<footer>") :]
        assert '<footer><a href="/choices/sv" lang="sv">Kakinställningar</a><script' in foot
        assert html.count("/choices/script.js") == 1
        assert len(re.findall(r'<p class="visitor-choice vc-link"', html)) == 0
        decide(client, "reject")


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("/", ""),
        ("/tuotteet/%C3%A4?a=1&b=x+y", "?return=/tuotteet/%25C3%25A4%3Fa%3D1%26b%3Dx%2By"),
        ("//evil.example/", ""),
        ("/a%5Cb", "?return=/a%255Cb"),
    ],
)
def test_a_footer_link_leads_to_settings_that_lead_back(
    make_site: Make, address: str, way: str
) -> None:
    """R119: to the page it stands on and no other place, whatever the browser says it came from."""
    site = make_site(toml=TOML + '\n[banner]\nsettings_link = "own"\n')

    async def page(request: Request) -> Response:
        return HTMLResponse(str(request.state.consent.settings_link("fi")))

    client = visit(site, Starlette(routes=[Route("/{path:path}", page)]))
    html = client.get(ORIGIN + address, headers={"referer": f"{ORIGIN}/elsewhere"}).text
    assert f'<a href="/choices/fi{way}" lang="fi">' in html
    settings = client.get(f"/choices/fi{way}", headers={"referer": f"{ORIGIN}/elsewhere"}).text
    back = address if way else "/"
    assert f'<a href="{back}">{texts("fi")["settings"]["back"]}</a>' in unescape(settings)


def test_a_footer_link_takes_the_nonce_of_the_page(make_site: Make) -> None:
    """R121: the site's template knows it; without one nothing is written."""
    site = make_site(toml=TOML + '\n[banner]\nsettings_link = "own"\n')

    async def page(request: Request) -> Response:
        link = request.state.consent.settings_link("fi", nonce=request.query_params.get("n", ""))
        return HTMLResponse(str(link))

    client = visit(site, Starlette(routes=[Route("/", page)]))
    assert '<script nonce="Ab+/=" src="/choices/script.js' in client.get("/?n=Ab%2B/%3D").text
    assert '<script nonce="&#34;&gt;" src=' in client.get("/?n=%22>").text
    assert "nonce" not in client.get("/").text


def test_a_footer_link_beside_an_inserted_one_does_not_double_it(site: Site) -> None:
    """R26, R112."""

    async def page(request: Request) -> Response:
        link = request.state.consent.settings_link("fi")
        return HTMLResponse(PAGE.replace("</body>", f"<footer>{link}</footer></body>"))

    client = visit(site, Starlette(routes=[Route("/", page)]))
    decide(client, "reject")
    html = unescape(client.get("/").text)
    assert html.count(">Evästeasetukset</a>") == 1
    assert html.count("/choices/script.js") == 1


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("sv", "sv"), ("sv-FI", "sv"), ("en-GB", "en"), ("SV", "sv"), ("de", "fi"), ("", "fi")],
)
def test_the_pages_language_picks_the_banners(site: Site, tag: str, lang: str) -> None:
    """R15."""
    site.page = PAGE.replace('<html lang="fi">', f'<html lang="{tag}">' if tag else "<html>")
    html = unescape(site.client().get("/").text)
    assert texts(lang)["banner"]["heading"] in html
    assert f'id="visitor-choice" lang="{lang}"' in html
    assert texts(lang)["settings"]["link"] in html
    assert texts(lang)["placeholder"]["once"] in html


def test_a_placeholder_speaks_the_pages_language_where_nothing_else_goes_in(
    make_site: Make,
) -> None:
    """R15: with a settings link of the site's own, after an answer."""
    site = make_site(toml=TOML + '\n[banner]\nsettings_link = "own"\n')
    site.page = PAGE.replace('<html lang="fi">', '<html lang="sv">')
    client = site.client()
    decide(client, "reject")
    html = unescape(client.get("/").text)
    assert 'id="visitor-choice"' not in html
    assert texts("sv")["placeholder"]["once"] in html
    assert 'srcdoc=\'<!doctype html><html lang="sv">' in html


# -- signals --


@pytest.mark.parametrize(
    ("values", "on"),
    [
        (["1"], True),
        (["1", "0"], True),
        (["0", "1"], True),
        ([" 1 "], True),
        (["0"], False),
        (["true"], False),
        (["11"], False),
        (["1, 1"], False),
        ([""], False),
        ([], False),
    ],
)
def test_the_signal_counts_only_when_it_is_exactly_one(
    site: Site, values: list[str], on: bool
) -> None:
    """R87: of several fields, one that is `1` is enough; R89: it is never consent."""
    client = site.client()
    reply = client.get("/p", headers=[("sec-gpc", value) for value in values])
    words = "(GPC) pois päältä, ellet salli: markkinointi."
    assert (words in unescape(reply.text)) == on
    state = client.get("/choices/state", headers=[("sec-gpc", value) for value in values]).json()
    assert state["allowed"] == ["consent", "necessary"]


def test_a_signal_that_answers_everything_leaves_nothing_to_ask(make_site: Make) -> None:
    """R88."""
    gpc = "[categories.statistics]\ngpc = true\n[categories.preferences]\ngpc = true\n"
    site = make_site(toml=TOML + gpc)
    assert 'id="visitor-choice"' in site.client().get("/").text
    assert 'id="visitor-choice"' not in site.client(**{"sec-gpc": "1"}).get("/").text
    assert site.log() == []


def test_a_signal_is_no_stored_choice_and_a_choice_here_wins_over_it(site: Site) -> None:
    """R88: what the visitor ticks on this site holds with the signal and without it."""
    client = site.client(**{"sec-gpc": "1"})
    client.get("/")
    assert "__Host-choices" not in client.cookies
    decide(client, "accept")
    assert "marketing" in client.get("/choices/state").json()["allowed"]
    record = site.log()[-1]
    assert record["signal"] == "gpc"
    assert record["states"]["marketing"] == "granted"  # type: ignore[index]


def test_a_record_without_a_signal_names_none(site: Site) -> None:
    decide(site.client(), "accept")
    assert "signal" not in site.log()[-1]


def test_refusing_under_the_signal_is_recorded_as_such(site: Site) -> None:
    decide(site.client(**{"sec-gpc": "1"}), "reject")
    assert site.log()[-1]["signal"] == "gpc"
