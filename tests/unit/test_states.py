"""An ETag is of one state of a page: whatever changes what is put into it brings it anew (R120)."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import ORIGIN, PAGE, TOML, Make, Site, decide

HEADERS = {"accept": "text/html", "sec-fetch-site": "same-origin"}


async def show(request: Request) -> Response:
    """A page that knows by its own ETag whether the browser has it."""
    if request.headers.get("if-none-match") == '"page"':
        return Response(status_code=304, headers={"etag": '"page"'})
    return HTMLResponse(PAGE, headers={"etag": '"page"'})


def visit(site: Site) -> TestClient:
    app = site.consent.protect(Starlette(routes=[Route("/", show)]))
    return TestClient(app, base_url=ORIGIN, headers=HEADERS, follow_redirects=False)


def again(client: TestClient, etag: str) -> int:
    return client.get("/", headers={"if-none-match": etag}).status_code


def test_an_announcement_reaches_who_has_the_page(tmp_path: Path, make_site: Make) -> None:
    """R80: and goes from it once it was dismissed."""
    shop = open_shop(tmp_path, make_site)
    client = visit(shop)
    decide(client, "reject")
    before = client.get("/").headers["etag"]
    assert again(client, before) == 304
    set_clock(shop, ANNOUNCED)
    assert again(client, before) == 200
    told = client.get("/")
    assert "vc-strip" in told.text
    assert again(client, told.headers["etag"]) == 304
    client.post("/choices/dismiss", data={"version": "2027.1"})
    assert again(client, told.headers["etag"]) == 200
    assert again(client, before) == 304


def test_a_notice_that_takes_effect_brings_a_new_form(tmp_path: Path, make_site: Make) -> None:
    """R35: the form names the notice that it was shown with."""
    shop = open_shop(tmp_path, make_site)
    set_clock(shop, EFFECTIVE, -1)
    client = visit(shop)
    before = client.get("/").headers["etag"]
    assert again(client, before) == 304
    set_clock(shop, EFFECTIVE)
    assert again(client, before) == 200


CHANGES = {
    "look": ("[site]", '[theme]\nradius = "4px"\n[site]'),
    "lifetime": ('lifetime = "1 year"', 'lifetime = "2 years"'),
    "words": ("Teksti.", "Toinen teksti."),
    "position": ("[site]", '[banner]\nposition = "bar"\n[site]'),
    "settings link": ("[site]", '[banner]\nsettings_link = "own"\n[site]'),
    "linked style": ("[site]", '[banner]\nstyle = "linked"\n[site]'),
    "blocked hosts": ("[site]", '[enforcement]\nhosts = "strict"\n[site]'),
    "prefix": ("[site]", 'prefix = "/valinnat"\n[site]'),
    "controller": ('name = "Esimerkki Oy"', 'name = "Toinen Oy"'),
    "path of the notice": ('"/tietosuojaseloste"', '"/seloste"'),
    "languages": ('["fi", "sv", "en"]', '["sv", "fi", "en"]'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_settings_bring_a_page_anew(make_site: Make, site: Site, change: str) -> None:
    """What the browser or a cache kept was made by those before."""
    before = visit(site).get("/").headers["etag"]
    assert again(visit(site), before) == 304
    site.close()
    old, new = CHANGES[change]
    assert again(visit(make_site(toml=TOML.replace(old, new))), before) == 200
