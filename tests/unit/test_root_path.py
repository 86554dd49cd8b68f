"""A site that is served under a path, by its server or by an application round it.

Paths in consent.toml are whole, as a browser sees them.
"""

from __future__ import annotations

import logging
import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from consent.texts import texts
from tests.server import serving
from tests.unit.shop_site import open_shop
from tests.unit.small_site import ORIGIN, TOML, Make, Site, way_on

UNDER = re.sub(r'"(/\w)', r'"/app\1', f'prefix = "/choices"{TOML}')


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site, toml=UNDER)


def mounted(site: Site) -> ASGIApp:
    return Starlette(routes=[Mount("/app", site.app)])


def walk(client: httpx.Client, root: str) -> None:
    """Read a page, answer, come back, and read settings and notice; `root` is put before paths."""
    html = client.get(f"{root}/p?a=1").text
    form = re.search(r'action="/app(/choices/decide)">(.*?)</form>', html, re.S)
    assert form
    assert 'src="/app/choices/script.js' in html
    assert 'href="/app/tietosuojaseloste#cookies"' in html
    data = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[2]))
    reply = client.post(f"{root}{form[1]}", data={**data, "decision": "reject"})
    assert (reply.status_code, way_on(reply)) == (200, "/app/p?a=1")
    assert client.get(f"{root}/choices/script.js").status_code == 200
    back = texts("fi")["settings"]["back"]
    settings = unescape(client.get(f"{root}/choices/fi?return=/app/p?a=1").text)
    assert f'<a href="/app/p?a=1">{back}</a>' in settings
    assert f'<a href="/app/">{back}</a>' in unescape(client.get(f"{root}/choices/fi").text)
    notice = client.get(f"{root}/tietosuojaseloste")
    assert notice.status_code == 200
    assert '<a href="/app/"><span class="vc-notice-arrow"' in notice.text
    assert client.get(f"{root}/tietosuojaseloste/2026.1").status_code == 200
    assert f'<a href="/app/">{back}</a>' in unescape(client.get(f"{root}/choices/nothing").text)


def test_a_server_with_a_root_path(shop: Site, caplog: pytest.LogCaptureFixture) -> None:
    """As `uvicorn --root-path /app` behind a proxy that takes `/app` off."""
    headers = {"sec-fetch-site": "same-origin", "accept-language": "fi"}
    with (
        serving(shop.app, root_path="/app") as server,
        httpx.Client(base_url=server.url, headers=headers) as client,
    ):
        walk(client, "")
    assert "is served under" not in caplog.text


def test_an_application_mounted_in_another(shop: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Starlette's `Mount` leaves the path whole."""
    headers = {"sec-fetch-site": "same-origin", "accept-language": "fi"}
    with TestClient(
        mounted(shop), base_url=ORIGIN, headers=headers, follow_redirects=False
    ) as client:
        walk(client, "/app")
    assert "is served under" not in caplog.text


def test_paths_that_nobody_gets_to_are_told_at_the_first_request(
    tmp_path: Path, make_site: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, with all of them and what to write instead."""
    shop = open_shop(tmp_path, make_site)
    client = TestClient(mounted(shop), base_url=ORIGIN)
    with caplog.at_level(logging.ERROR, "consent"):
        for _ in range(2):
            client.get("/app/p")
    (told,) = [record.getMessage() for record in caplog.records]
    assert "under /app" in told
    for path in ("/choices", "/tietosuojaseloste", "/sv/dataskydd", "/en/privacy"):
        assert f" {path}" in told
    assert "beginning with /app/" in told


def test_an_application_at_the_root_is_told_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.client().get("/")
    assert caplog.records == []
