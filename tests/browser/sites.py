"""The sites that the browser tests visit: the example with its third parties, and a small stage."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consent.component import Consent
from consent.errors import LogUnavailable
from consent.log import create_log
from consent.settings import load
from examples.jackbot.app import create_app
from examples.jackbot.thirdparty import create_third_party
from tests.server import serving
from tests.unit.small_site import KEY, ORIGIN, TOML, Clock

LANGUAGES = ("fi", "sv", "en")
OPTIONAL = {"preferences", "statistics", "marketing"}
BANNER = "#visitor-choice"
CERTIFICATE = Path(__file__).parent / "localhost.pem"
NOTICES = Path(__file__).parent.parent.parent / "examples/fictitious/notices"


@dataclass(frozen=True, slots=True)
class Visited:
    """A running site: `url` is its origin, `third` that of its third parties if it has any."""

    url: str
    consent: Consent
    third: str = ""
    clock: Clock | None = None

    def counted(self) -> dict[str, int]:
        """How often each path of the third parties was fetched, which goes on being counted."""
        counts: dict[str, int] = httpx.get(f"{self.third}/seen").json()
        return counts

    def seen(self) -> dict[str, int]:
        """How often each path of the third parties was fetched since the last call."""
        counts = self.counted()
        httpx.post(f"{self.third}/reset")
        return counts

    @contextmanager
    def log_down(self) -> Iterator[None]:
        """The log takes nothing while the block lasts."""
        runtime = self.consent.runtime
        works = runtime.log
        runtime._log = Broken(works)  # type: ignore[assignment]
        try:
            yield
        finally:
            runtime._log = works


class Broken:
    """A log whose disk is full."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)

    async def append(self, entry: object) -> None:
        raise LogUnavailable("the disk is full")


@contextmanager
def example(folder: Path) -> Iterator[Visited]:
    """Serve the example site and the stub of its third parties."""
    create_log(str(folder / "log.sqlite3"), "test")
    with serving(create_third_party()) as third, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSENT_SECRET_KEYS", KEY)
        patch.setenv("CONSENT_LOG_URL", str(folder / "log.sqlite3"))
        app = create_app(None, third.port)
        with serving(app) as site:
            yield Visited(site.url, app.consent, third.url)  # type: ignore[attr-defined]


def _open(folder: Path, toml: str, clock: Clock, signing: str = "") -> Consent:
    toml = toml.replace('folder = "notices"', f'folder = "{NOTICES}"')
    toml = toml.replace('"https://example.fi"', "")
    (folder / "consent.toml").write_text(toml, encoding="utf-8")
    environ = {"CONSENT_SECRET_KEYS": KEY, "CONSENT_CHECKPOINT_KEYS": signing}
    return Consent(load(folder / "consent.toml", environ), clock)


@contextmanager
def stage(
    folder: Path,
    bodies: dict[str, str],
    toml: str = TOML,
    before: str = "",
    *,
    secure: bool = False,
    signing: str = "",
) -> Iterator[Visited]:
    """Serve pages whose bodies are given by path; `secure` over https, as a real site is.

    `before` are settings that were in use earlier, `signing` a key for checkpoints of the log.

    `?lang=sv` changes their language, `?csp=` and a name their policy. The notices are
    those of the fictitious company; the clock stands at noon of 15 November 2026.
    """
    origin = "https://127.0.0.1:8443" if secure else "http://127.0.0.1:8000"
    toml, before = toml.replace(ORIGIN, origin), before.replace(ORIGIN, origin)
    create_log(str(folder / "log.sqlite3"), "test")
    clock = Clock(1_794_744_000)
    if before:
        _open(folder, before, clock).close()
    consent = _open(folder, toml, clock, signing)

    async def page(request: Request) -> Response:
        policy = POLICIES.get(request.query_params.get("csp", ""))
        lang = request.query_params.get("lang", "fi")
        html = HTML.replace("{lang}", lang).replace("{body}", bodies[request.url.path])
        return HTMLResponse(html, headers={"content-security-policy": policy} if policy else None)

    async def script(request: Request) -> Response:
        """Notes its own number in the page, a slow one after others could have."""
        if "slow" in request.query_params:
            await asyncio.sleep(0.15)
        number = request.query_params["n"]
        code = f"document.body.dataset.ran = (document.body.dataset.ran || '') + '{number}'"
        return Response(code, media_type="text/javascript")

    async def frame(request: Request) -> Response:
        return HTMLResponse(
            '<!DOCTYPE html><html lang="fi"><title>Video</title><p>Video</p></html>'
        )

    routes = [Route(path, page) for path in bodies]
    app = Starlette(routes=[*routes, Route("/script.js", script), Route("/frame", frame)])
    server = {"ssl_certfile": CERTIFICATE} if secure else {}
    with serving(consent.protect(app), **server) as site:
        url = site.url.replace("http:", "https:") if secure else site.url
        yield Visited(url, consent, clock=clock)


HTML = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sivu</title>
<link rel="icon" href="data:,">
</head>
<body>
{body}
</body>
</html>"""
POLICIES = {
    "strict": "script-src 'self'; style-src 'self'",
    "nonce": "default-src 'self'; img-src data:; script-src 'nonce-abc'; style-src 'nonce-abc'",
    "styles": "style-src 'nonce-abc'",
    "dynamic": "script-src 'nonce-abc' 'strict-dynamic'",
    "files": "script-src 'self' https://www.googletagmanager.com",
    "closed": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:",
}


def scripted(page: Page) -> bool:
    """Whether our script has run in the page."""
    return page.locator("html[data-visitor-choice]").count() == 1


PLACED = "[data-service]"
"""What stands for an embed."""
SHOWN = "iframe:not([data-service])"
"""A frame that is shown."""


def placeholder(page: Page, number: int = 0) -> Locator:
    """What is said in place of the frame or video with that number."""
    return page.locator(PLACED).nth(number).content_frame.locator(".vc-frame")


HEARS = """async () => {
  const { src, dataset } = document.querySelector("script[data-gates]");
  await import(new URL(`gates.js?v=${dataset.gates}`, src)).catch(() => {});
}"""


def offered(page: Page, answer: str, number: int = 0) -> Locator:
    """The answer, `once` or `always`, that stands in place of the frame with that number.

    Our script hears it pressed when a file has come; until then it is a link to a page of ours.
    """
    if scripted(page):
        page.evaluate(HEARS)
    return placeholder(page, number).locator(f"[data-answer={answer}]")


def press(page: Page, button: Locator | str) -> None:
    """Press a button that sends a form, and wait for the answer, with script or without."""
    locator = page.locator(button) if isinstance(button, str) else button
    if not scripted(page):
        with page.expect_navigation():
            locator.click()
    else:
        # A third party's beacon is a POST too.
        with page.expect_response(re.compile("/choices/(decide|dismiss)")):
            locator.click()
        # A form takes no second press before the page has done with the answer to the first.
        expect(page.locator("form[aria-busy=true]")).to_have_count(0)


def go_on(page: Page) -> None:
    """Leave the receipt that answers a banner where no script runs, by what has the focus there.

    On any other page nothing is done.
    """
    if page.locator(".vc-receipt-saved").count():
        with page.expect_navigation():
            page.keyboard.press("Enter")


def open_settings(page: Page) -> Locator:
    """Follow the settings link at the end of the page: to the dialog, without script the page."""
    links = page.locator("a[href*='/choices/']:not(#visitor-choice a, main a, .vc-note a)")
    if not scripted(page):
        with page.expect_navigation():
            links.last.click()
        return page.locator(".vc-settings")
    links.last.click()
    page.locator("dialog[open]").wait_for()
    return page.locator("dialog[open]")


def granted(page: Page, site: Visited) -> set[str]:
    """The optional categories that are granted to this page's visitor, as the server knows."""
    state: dict[str, list[str]] = page.request.get(f"{site.url}/choices/state").json()
    return OPTIONAL & set(state["allowed"])


def undecided(page: Page, site: Visited) -> set[str]:
    """The optional categories that the visitor has not answered yet."""
    state: dict[str, list[str]] = page.request.get(f"{site.url}/choices/state").json()
    return set(state["asked"])


def ticked(form: Locator) -> set[str]:
    """The categories whose switch is on."""
    boxes = form.locator("input[type=checkbox]").all()
    return {str(box.get_attribute("name")) for box in boxes if box.is_checked()}
