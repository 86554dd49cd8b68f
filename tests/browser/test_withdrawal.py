"""What a withdrawal leaves in a real browser, of cookies, storage and databases (R29)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consent.component import Consent
from consent.log import create_log
from consent.settings import load
from tests.server import serving
from tests.unit.cookie_site import service
from tests.unit.small_site import KEY, ORIGIN, TEXTS, TOML

from .sites import BANNER, HTML, NOTICES, open_settings, press

HOST, PARENT = "www.shop.localhost", "shop.localhost"
ITEMS = """
[services.store]
name = "Varasto"
provider = "Varasto Oy"
category = "statistics"
purposes = ["audience-measurement"]
purpose = {texts}
items = [
  {{ name = "_local", lifetime = "1 year", path = "/deep", purpose = {texts} }},
  {{ name = "vs-*", kind = "local-storage", lifetime = "until-removed", purpose = {texts} }},
  {{ name = "vs-*", kind = "session-storage", lifetime = "session", purpose = {texts} }},
  {{ name = "vs*", kind = "indexed-db", lifetime = "until-removed", purpose = {texts} }},
]
"""
# What the site sets once it may, of which each is a cookie of its own to the browser.
SET = [
    *("_ga=1; Path=/; Max-Age=9999", "_ga=2; Path=/; Max-Age=9999; HttpOnly; Domain=" + PARENT),
    *("_ga=3; Path=/; Max-Age=9999; Domain=" + HOST, "_ga_X1=4; Path=/; Max-Age=9999; HttpOnly"),
    *("_local=5; Path=/deep; Max-Age=9999", "_local=6; Path=/; Max-Age=9999; Domain=" + PARENT),
    "_ga_P=7; Path=/; Max-Age=9999; Secure; SameSite=None; Partitioned",
    "session=8; Path=/; Max-Age=9999; HttpOnly",
]
STORE = """async () => {
  for (const storage of [localStorage, sessionStorage]) {
    storage.setItem("vs-a", 1);
    storage.setItem("vs-length", 1);
    storage.setItem("mine", 1);
  }
  document.cookie = "_ga_script=1; Max-Age=9999";
  for (const name of ["vs-base", "vsother", "mine"]) {
    await new Promise((done) => {
      const open = indexedDB.open(name);
      open.onsuccess = () => { open.result.close(); done(); };
    });
  }
}"""
LEFT = """async () => ({
  local: Object.keys(localStorage).sort(),
  session: Object.keys(sessionStorage).sort(),
  bases: (await indexedDB.databases()).map(({ name }) => name).sort(),
  cookies: document.cookie,
})"""
CLEARED = """() => localStorage.length === 1 && sessionStorage.length === 1
  && !document.cookie.includes("_ga")"""
CLEAN = {"local": ["mine"], "session": ["mine"], "bases": ["mine"], "cookies": ""}


@dataclass(frozen=True, slots=True)
class Shop:
    url: str
    at_parent: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A site under a name that has a parent, whose application sets what it likes."""
    folder: Path = tmp_path_factory.mktemp("shop")
    toml = TOML.replace('folder = "notices"', f'folder = "{NOTICES}"')
    toml = toml.replace(ORIGIN, f"http://{HOST}:8000")
    toml = toml.replace("https://example.fi", f"http://{PARENT}:8000")
    toml += service("login", "necessary", "session")
    toml += service("analytics", "statistics", "_ga", "_ga_*") + ITEMS.format(texts=TEXTS)
    (folder / "consent.toml").write_text(toml, encoding="utf-8")
    create_log(str(folder / "log.sqlite3"), "test")
    consent = Consent(load(folder / "consent.toml", {"CONSENT_SECRET_KEYS": KEY}))

    async def show(request: Request) -> Response:
        page = HTMLResponse(HTML.format(lang="fi", body="<h1>Kauppa</h1>"))
        for field in SET if request.url.path == "/set" else ():
            page.headers.append("set-cookie", field)
        return page

    paths = ("/", "/set", "/deep/page")
    app = Starlette(routes=[Route(path, show) for path in paths])
    with serving(consent.protect(app)) as site:
        yield Shop(site.at(HOST), site.at(PARENT))


def held(context: BrowserContext) -> set[tuple[Any, ...]]:
    """Every cookie that the browser has, but for ours."""
    return {
        (cookie["name"], cookie["domain"], cookie["path"])
        for cookie in context.cookies()
        if cookie["name"] != "choices"
    }


def accepting(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.url}/set")
    assert held(page.context) == {("session", HOST, "/")}
    press(page, f"{BANNER} [value=accept]")
    page.goto(f"{shop.url}/set")
    # Each by its name, domain and path: what the browser took is what is to go.
    assert held(page.context) == {
        *(("_ga", HOST, "/"), ("_ga", f".{PARENT}", "/"), ("_ga", f".{HOST}", "/")),
        *(("_ga_X1", HOST, "/"), ("_ga_P", HOST, "/"), ("session", HOST, "/")),
        *(("_local", HOST, "/deep"), ("_local", f".{PARENT}", "/")),
    }


@pytest.mark.parametrize("script", [True, False])
def test_every_cookie_goes_wherever_it_lies_and_whoever_may_read_it(shop, new_page, script):
    """On host, parents, declared paths, partitioned ones and those that scripts cannot see."""
    page = new_page(script=script)
    accepting(page, shop)
    press(page, open_settings(page).locator("[value=reject]"))
    assert held(page.context) == {("session", HOST, "/")}


def test_storage_and_databases_go_by_pattern_and_others_stay(shop, new_page):
    """In other tabs too, each of which has session storage of its own."""
    page = new_page()
    accepting(page, shop)
    page.goto(f"{shop.url}/deep/page")
    page.evaluate(STORE)
    other = page.context.new_page()
    other.goto(f"{shop.url}/")
    other.evaluate("sessionStorage.setItem('vs-b', 1); sessionStorage.setItem('mine', 1)")
    press(page, open_settings(page).locator("[value=reject]"))
    page.wait_for_function(CLEARED)
    for _ in range(500):  # they are deleted when the browser has time
        if page.evaluate(LEFT)["bases"] == ["mine"]:
            break
        page.wait_for_timeout(20)
    assert page.evaluate(LEFT) == CLEAN
    other.wait_for_function("sessionStorage.length === 1")
    expect(page.locator(".vc-saved")).to_contain_text("Mainos (ads.example: ad)")
    expect(page.locator(".vc-saved")).not_to_contain_text("Varasto")


def test_a_page_that_has_nothing_to_clear_fetches_nothing_for_it(shop, new_page):
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shop.url)
    press(page, f"{BANNER} [value=reject]")
    page.goto(shop.url)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "script.js" in url]
    assert not [url for url in asked if "enforce.js" in url]
