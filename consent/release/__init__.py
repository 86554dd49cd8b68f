"""Keeps in the log how the interface looks that visitors are shown now: a *release* (R37).

Its entry is of the kind "release":

    {"kind": "release", "time": …, "declaration": hash, "interface": hash, "shown": {lang: hash},
     "screenshots": [{"artifact": hash, "language": "fi", "layer": "banner", "width": 390,
       "height": 844, "scheme": "light"}, …], "browser": "Chromium 1…", "artifacts": [hash, …]}

A record has the releases of whose `shown` hashes one is its own; a release lives as long as the
newest record that has it (R129). The layers are "banner", "choices" (the banner opened),
"settings" and "items" (the settings as a page, with all that is stored).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from jinja2 import TemplateError
from markupsafe import escape
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ..browser.edition import Edition
from ..browser.interface import Interface
from ..component import App, Consent
from ..errors import LogUnavailable, ReleaseError
from ..log import Appended, Entry, Log
from ..notice.package import artifacts
from ..notice.shelf import Shelf
from ..pages import load
from ..pages.inforce import in_force
from ..pages.runtime import Clock, Runtime
from ..record import canonical
from ..settings import Settings
from .pictures import WINDOWS, Picture, Site, take

PATIENCE = 60
"""Seconds that the log may take."""


class Release(NamedTuple):
    """A release as its entry says it; `new` tells whether it was made just now."""

    body: Mapping[str, Any]
    new: bool


def release(
    settings: Settings, *, again: bool = False, chromium: str = "", clock: Clock = time.time
) -> Release:
    """Take screenshots of what is shown now and put them in the log, unless they are there.

    `again` takes them in any case; `chromium` is the path of a browser, Playwright's own without
    one. Runs an event loop of its own, and logs nothing of a declaration that no site uses yet.
    Raises `ReleaseError` without a browser, and `LogError` when the log does not take it.
    """
    with _rendering(settings):
        consent = _Unlogged(settings, clock)
    try:
        return _release(consent, again=again, chromium=chromium)
    finally:
        consent.close()


def shown_now(settings: Settings, now: float) -> dict[str, str]:
    """What is shown at a time (seconds since 1970 UTC), by language: the hashes of its texts.

    Raises `ReleaseError` for a template that cannot be rendered.
    """
    notices = settings.notices
    shelf = Shelf.load(notices.folder, notices.document) if notices else Shelf("none", ())
    with _rendering(settings):
        interface = Interface(settings.templates, settings.theme.css())
        return _shown(in_force(settings, interface, shelf, datetime.fromtimestamp(now, UTC))[0])


def released(bodies: Iterable[bytes], shown: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The newest of some releases, oldest first, that shows all of `shown`; None without one."""
    found = None
    for body in bodies:
        said = json.loads(body)
        found = said if said["shown"] == shown else found
    return found


@contextmanager
def _rendering(settings: Settings) -> Iterator[None]:
    try:
        yield
    except TemplateError as error:
        raise ReleaseError(
            f"a template cannot be rendered: {error}", f"mend it in {settings.templates}"
        ) from None


def _shown(edition: Edition) -> dict[str, str]:
    return {lang: shown.hash for lang, (shown, _) in edition.presentations.items()}


class _Unlogged(Consent):
    """The component, to be looked at only: what it declares is not in use by that."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        load()
        self.settings = settings
        self.runtime = _Unrecorded(settings, clock)


class _Unrecorded(Runtime):
    def _start(self) -> None:
        pass


def _release(consent: Consent, *, again: bool, chromium: str) -> Release:
    runtime = consent.runtime
    log, edition, settings = runtime.log, runtime.edition, runtime.settings
    shown = _shown(edition)
    before = released((body for _, body in log.bodies("release")), shown)
    if before is not None and not again:
        return Release(before, new=False)
    site = Site(
        consent.protect(_page(settings)),
        settings.site.origins[0],
        settings.site.languages,
        settings.prefix,
        (settings.theme.scheme,) if settings.theme.scheme else ("light", "dark"),
        asks=bool(edition.declaration.optional),
    )
    now = runtime.now()
    browser, pictures = asyncio.run(take(site, chromium))
    if _shown(runtime.edition) != shown:
        raise ReleaseError("another version of the notice took effect meanwhile", "run it again")
    kept = edition.artifacts()
    if (package := runtime.shelf.in_force(now)) is not None:
        kept |= artifacts(package)
    kept |= {_hash(picture): ("image/png", picture.png) for picture in pictures}
    log.put_artifacts(kept)
    content = {
        "kind": "release",
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "declaration": edition.declaration.hash,
        "interface": edition.interface.hash,
        "shown": shown,
        "screenshots": [_entry(picture) for picture in pictures],
        "browser": browser,
        "artifacts": sorted(kept),
    }
    # Of two that run at once, one is kept.
    once = None if again else sha256(b"release " + canonical(shown)).digest()
    appended = _append(log, Entry("release", canonical(content), once=once))
    return Release(json.loads(appended.body), appended.new)


def _hash(picture: Picture) -> str:
    return sha256(picture.png).hexdigest()


def _entry(picture: Picture) -> dict[str, object]:
    width, height = WINDOWS[picture.window]
    return {
        "artifact": _hash(picture),
        "language": picture.language,
        "layer": picture.layer,
        "width": width,
        "height": height,
        "scheme": picture.scheme,
    }


def _append(log: Log, entry: Entry) -> Appended:
    try:
        return log.append_soon(entry).result(PATIENCE)
    except TimeoutError:
        raise LogUnavailable(f"the log did not answer within {PATIENCE} seconds") from None


_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<title>{name}</title>
<style>body {{ font-family: system-ui, sans-serif; margin: 24px; }}</style>
</head>
<body>
<h1>{name}</h1>
{link}
</body>
</html>"""


def _page(settings: Settings) -> App:
    """A site with one page, on which nothing stands but the site's name.

    Where the settings link is the site's own, that too.
    """

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = PlainTextResponse("Not Found", 404)
        if scope["path"] == "/":
            lang = scope["query_string"].decode("ascii").removeprefix("lang=")
            own = settings.banner.settings_link == "own"
            html = _PAGE.format(
                lang=lang,
                scheme=settings.theme.scheme or "light dark",
                name=escape(settings.site.name),
                link=scope["state"]["consent"].settings_link(lang) if own else "",
            )
            response = HTMLResponse(html)
        await response(scope, receive, send)

    return page
