"""Nothing leaves for the host of a refused service, in whatever way a page would load from it.

The control page without us tells which ways do load in this browser; with us none of them does
while the service is refused, and all of them do once it is allowed (R1, R18, R97).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consent.component import Consent
from consent.log import create_log
from consent.settings import load
from tests.browser.refused_host import Stub, refused_host
from tests.browser.sites import NOTICES, press
from tests.browser.ways import page as way_page
from tests.browser.ways import ways
from tests.server import serving
from tests.unit.patience import until
from tests.unit.small_site import KEY, ORIGIN, TOML

pytestmark = pytest.mark.browser

HOST = "refused.localhost"
WAYS = list(ways())
BATCH = 40


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with refused_host() as server:
        yield server


def bare(port: int) -> Starlette:
    """The site: each way on a page of its own, and pages that show forty of them in frames."""

    async def way(request: Request) -> Response:
        number = int(request.path_params["number"])
        return Response(way_page(WAYS[number][1], HOST, port, number), media_type="text/html")

    async def batch(request: Request) -> Response:
        first = int(request.path_params["first"])
        frames = "".join(
            f'<iframe src="/way/{number}" width="300" height="200"></iframe>'
            for number in range(first, min(first + BATCH, len(WAYS)))
        )
        return HTMLResponse(f"<!doctype html><html><head></head><body>{frames}</body></html>")

    async def none(request: Request) -> Response:
        return Response(b"", 404)

    return Starlette(
        routes=[
            Route("/way/{number:int}", way),
            Route("/batch/{first:int}", batch),
            Route("/{path:path}", none),
        ]
    )


@contextmanager
def protected(folder: Path, port: int, more: str = "") -> Iterator[str]:
    toml = TOML.replace('folder = "notices"', f'folder = "{NOTICES}"')
    toml = toml.replace(ORIGIN, "http://127.0.0.1:8000").replace('"https://example.fi"', "")
    hosts = f'hosts = ["{HOST}", "*.{HOST}"]'
    toml = toml.replace('provider = "Mainos Oy"', f'provider = "Mainos Oy"\n{hosts}') + more
    (folder / "consent.toml").write_text(toml, encoding="utf-8")
    create_log(str(folder / "log.sqlite3"), "test")
    consent = Consent(load(folder / "consent.toml", {"CONSENT_SECRET_KEYS": KEY}))
    with serving(consent.protect(bare(port))) as site:
        yield site.url


def visit(page: Page, url: str, stub: Stub) -> set[int]:
    """Show every way; give the numbers that the refused host was asked for."""
    stub.asked.clear()
    stub.connections = 0
    for first in range(0, len(WAYS), BATCH):
        page.goto(f"{url}/batch/{first}")
        page.wait_for_load_state("load")
        page.wait_for_timeout(900)
    page.goto("about:blank")  # what the last of them still ask for is no other visit's
    return set(stub.asked)


def named(numbers: set[int]) -> list[str]:
    return [WAYS[number][0] for number in sorted(numbers)]


def test_there_are_two_hundred_ways() -> None:
    assert len(WAYS) >= 200
    assert len({name for name, _ in WAYS}) == len(WAYS)


def test_nothing_is_asked_of_a_refused_host_and_everything_of_an_allowed_one(
    chromium: Browser, stub: Stub, tmp_path: Path
) -> None:
    port = stub.server_port
    page = chromium.new_context().new_page()
    with serving(bare(port)) as control:
        loads = visit(page, control.url, stub)
        assert stub.connections >= len(loads)
    with protected(tmp_path, port) as url:
        assert named(visit(page, url, stub)) == []
        assert stub.connections == 0
        page.goto(f"{url}/way/0")
        press(page, "#visitor-choice [value=reject]")
        assert named(visit(page, url, stub)) == []
        assert stub.connections == 0
        page.context.close()
        page = chromium.new_context().new_page()
        page.goto(f"{url}/way/0")
        press(page, "#visitor-choice [value=accept]")
        for number in loads - visit(page, url, stub):  # some wait for a machine with time
            page.goto(f"{url}/way/{number}")
            until(lambda number=number: number in stub.asked or page.wait_for_timeout(100))
        page.context.close()
    assert len(loads) > 150
