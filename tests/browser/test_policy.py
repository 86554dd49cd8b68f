"""With a content security policy, what scripts load on their own waits for the choice too."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consent.pages.reports import findings
from tests.server import serving
from tests.unit.patience import until
from tests.unit.small_site import TOML

from .sites import (
    BANNER,
    SHOWN,
    Visited,
    granted,
    offered,
    open_settings,
    placeholder,
    press,
    stage,
)

# Addresses are put together while the script runs, so that no reading of the page sees them.
WAYS = """<h1>Sivu</h1><script>
const to = (name) => "http" + "://third." + "localhost:PORT/" + name;
const add = (tag, attributes) =>
  document.body.append(Object.assign(document.createElement(tag), attributes));
const sheet = (css) => add("style", { textContent: css });
const late = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
new Image().src = to("image");
fetch(to("fetch"), { mode: "no-cors" }).catch(() => {});
const request = new XMLHttpRequest();
request.open("GET", to("xhr"));
try { request.send(); } catch {}
navigator.sendBeacon(to("beacon"), "1");
try { new EventSource(to("events")); } catch {}
add("script", { src: to("script") });
add("script", { type: "module", src: to("module") });
import(to("import")).catch(() => {});
new Worker(late(`try { importScripts("${to("worker")}") } catch {}`));
add("iframe", { src: to("frame") });
add("iframe", { srcdoc: `<img src="${to("srcdoc")}">` });
add("object", { data: to("object") });
add("embed", { src: to("embed") });
add("video", { src: to("video"), preload: "auto" });
add("video", { poster: to("poster") });
add("audio", { src: to("audio"), preload: "auto" });
add("link", { rel: "stylesheet", href: to("stylesheet") });
add("link", { rel: "preload", as: "image", href: to("preload") });
sheet(`@import url(${to("css")});`);
sheet(`@font-face { font-family: F; src: url(${to("font")}) } h1 { font-family: F }`);
sheet(`h1 { background: url(${to("background")}) }`);
document.write(`<img src="${to("written")}">`);
</script>"""
NAMES = {
    *("image", "fetch", "xhr", "beacon", "events", "script", "module", "import", "worker"),
    *("frame", "srcdoc", "object", "embed", "video", "poster", "audio", "stylesheet", "preload"),
    *("css", "font", "background", "written"),
}
EMBED = """<template data-consent="video" data-embed>
<iframe src="/frame" width="560" height="315" title="Video"></iframe></template>"""


@pytest.fixture(scope="module")
def asked() -> Counter[str]:
    """What the third party was asked for."""
    return Counter()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, asked: Counter[str]) -> Iterator[Visited]:
    async def third(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked[Request(scope).url.path.strip("/")] += 1
            headers = {"access-control-allow-origin": "*"}
            await Response("", headers=headers, media_type="text/javascript")(scope, receive, send)

    with serving(third, lifespan="off") as other:
        declared = f'hosts = ["third.localhost:{other.port}"]\nname = "Laskuri"'
        toml = TOML.replace('name = "Laskuri"', declared)
        pages = {"/": WAYS.replace("PORT", str(other.port)), "/embed": EMBED}
        toml = f'{toml}\n[enforcement]\npolicy = "enforce"\n'
        with stage(tmp_path_factory.mktemp("stage"), pages, toml) as running:
            yield running


def test_what_a_script_loads_by_itself_waits_for_the_grant(site, asked, new_page):
    page = new_page()
    page.goto(site.url, wait_until="networkidle")
    assert asked == {}
    with page.expect_navigation(wait_until="networkidle"):
        page.locator(f"{BANNER} [value=accept]").click()
    until(lambda: asked.keys() >= NAMES or page.wait_for_timeout(100))
    assert set(asked) == NAMES
    page.wait_for_load_state("networkidle")
    asked.clear()
    press(page, open_settings(page).locator("[value=reject]"))
    page.goto(site.url, wait_until="networkidle")
    assert asked == {}
    assert granted(page, site) == set()


def test_an_embed_is_shown_once_on_a_page_of_its_own(site, new_page):
    """The page that it stands in keeps the policy that it came with."""
    page = new_page()
    page.goto(f"{site.url}/embed")
    with page.expect_navigation():
        placeholder(page).locator("a.vc-button:not([data-answer])").click()
    expect(page.locator(SHOWN)).to_have_count(1)
    assert granted(page, site) == set()


def test_an_embed_is_allowed_always_by_a_new_page(site, new_page):
    """One press, as where the script answers it: the form is sent by the browser."""
    page = new_page()
    page.goto(f"{site.url}/embed")
    page.evaluate("window.before = true")
    with page.expect_navigation():
        offered(page, "always").click()
    page.wait_for_function("!window.before")
    assert page.url == f"{site.url}/embed"
    expect(page.locator(f"main {SHOWN}, body > {SHOWN}")).to_have_count(1)


def test_a_page_brought_back_after_a_grant_comes_anew(site, new_page, remembering):
    """It was left with a policy that allows less than what is allowed now."""
    page = new_page(browser=remembering)
    page.goto(f"{site.url}/embed")
    page.evaluate("window.before = true")
    page.goto(f"{site.url}/embed?2")
    with page.expect_navigation():
        page.locator(f"{BANNER} [value=accept]").click()
    page.go_back()
    assert page.url == f"{site.url}/embed"
    page.wait_for_function("!window.before")
    expect(page.locator(f"main {SHOWN}, body > {SHOWN}")).to_have_count(1)


@pytest.fixture(scope="module")
def reporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    toml = f'{TOML}\n[enforcement]\npolicy = "report"\n'
    page = '<img src="http://tracker.undeclared.localhost:1/a?b" alt="">'
    with stage(tmp_path_factory.mktemp("reporting"), {"/": page}, toml) as running:
        yield running


def test_a_browser_reports_what_nobody_declared(reporting, new_page):
    page = new_page()
    page.goto(reporting.url)
    deadline = time.monotonic() + 20
    while not counted(reporting) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert counted(reporting) == 1


def counted(site: Visited) -> int:
    """How often the undeclared host was reported, as the log knows."""
    with site.consent.runtime.log.snapshot() as view:
        found = list(findings(view.counts()))
    assert {(host, directive) for _, host, directive, _ in found} <= {
        ("tracker.undeclared.localhost", "img-src")
    }
    return sum(n for *_, n in found)
