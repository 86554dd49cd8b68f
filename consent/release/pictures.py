"""Screenshots of what visitors are shown, by a Chromium that Playwright drives.

The component runs in this process. Whatever the browser asks of the site is answered from here
under the site's own address: no port is opened, and nothing comes from anywhere else.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from ..audit.visit import Guest, alive
from ..errors import ReleaseError

if TYPE_CHECKING:
    from playwright.async_api import Browser, Route

WINDOWS = {"desktop": (1280, 800), "phone": (390, 844)}
"""Width and height in CSS pixels; one of them is one pixel of the picture."""

_BANNER = "#visitor-choice"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-lcd-text",  # whose colours make the pictures larger and other on another machine
    "--no-first-run",
]
_PLAYWRIGHT = 'install it beside this package: pip install "jackbot-consent[release]"'
_BROWSER = (
    "install one with: python -m playwright install --with-deps chromium; or name one that is there"
    " with --chromium"
)


class Picture(NamedTuple):
    """A screenshot: where and how it was taken, and its PNG."""

    language: str
    layer: str
    window: str
    scheme: str
    png: bytes


class Site(NamedTuple):
    """What is to be seen: an application, its origin and its languages.

    `settings` is where its settings are, without the language; `schemes` are those of the colours
    that its theme has; `asks` tells whether there is anything to ask, and so a banner.
    """

    app: ASGIApp
    origin: str
    languages: tuple[str, ...]
    settings: str
    schemes: tuple[str, ...]
    asks: bool


async def take(site: Site, chromium: str = "") -> tuple[str, list[Picture]]:
    """Give the browser's name and version, and a picture of each layer in each guise.

    Raises `ReleaseError` when there is no browser, or a page does not come.
    """
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise ReleaseError("Playwright is not installed", _PLAYWRIGHT) from None
    async with async_playwright() as playwright, alive(site.app) as state:
        path = chromium or browser_path(playwright.chromium.executable_path)
        try:
            browser = await playwright.chromium.launch(executable_path=path, args=_QUIET)
        except Error as error:
            raise ReleaseError(f"no Chromium starts: {_first_line(error)}", _BROWSER) from None
        try:
            pictures = [
                picture
                for language in site.languages
                for window in WINDOWS
                for scheme in site.schemes
                for picture in await _seen(browser, site, state, language, window, scheme)
            ]
            return f"Chromium {browser.version}", pictures
        except Error as error:
            raise ReleaseError(
                f"a screenshot could not be taken: {_first_line(error)}",
                "see that the site's own templates keep the banner's hooks, as README names them",
            ) from None
        finally:
            await browser.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def browser_path(playwrights: str) -> str | None:
    """Where a browser is: the one named, Playwright's own, or one on PATH; None for none."""
    own = playwrights if Path(playwrights).exists() else None
    return os.environ.get("CONSENT_CHROMIUM") or own or next(filter(None, map(which, _NAMES)), None)


async def _seen(
    browser: Browser, site: Site, state: dict[str, object], language: str, window: str, scheme: str
) -> list[Picture]:
    """What a new visitor meets, layer by layer."""
    width, height = WINDOWS[window]
    visitor = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale=language,
        timezone_id="UTC",
        is_mobile=window == "phone",
        has_touch=window == "phone",
        service_workers="block",
    )
    await visitor.route("**/*", partial(_answered, Guest(site.app, site.origin, state, {}), site))
    page = await visitor.new_page()
    settings = f"{site.settings}/{language}"
    pictures = []

    async def look(layer: str, *, whole: bool = False) -> None:
        await page.mouse.move(width - 1, 0)  # a button that it is over looks unlike the others
        await page.evaluate("document.fonts.ready")
        png = await page.screenshot(full_page=whole, animations="disabled")
        pictures.append(Picture(language, layer, window, scheme, png))

    if site.asks:
        await page.goto(f"{site.origin}/?lang={language}")
        await page.locator(_BANNER).wait_for()
        await look("banner")
        await page.locator(f"{_BANNER} summary").click()
        await look("choices")
    await page.goto(f"{site.origin}/?lang={language}")
    await page.locator(f"a[href^='{settings}']").last.click()
    # A dialog, or the page where that cannot be.
    await page.locator(".vc-settings").wait_for()
    await look("settings")
    if scheme == site.schemes[0]:  # long, and of the same look as the settings
        await page.goto(f"{site.origin}{settings}")
        await look("items", whole=True)
    await visitor.close()
    return pictures


async def _answered(guest: Guest, site: Site, route: Route) -> None:
    address = urlsplit(route.request.url)
    if f"{address.scheme}://{address.netloc}" != site.origin:
        await route.abort()
        return
    reply = await guest.get(address._replace(scheme="", netloc="", fragment="").geturl())
    headers = {name: value for name, value in reply.headers if name != "content-length"}
    await route.fulfill(status=reply.status or 500, headers=headers, body=reply.body)
