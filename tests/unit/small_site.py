"""A small site with the component around it, for tests: settings, log and clock of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from consent.component import Consent
from consent.log import create_log, open_log
from consent.settings import load

KEY = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"
NOON = 1_795_000_000 // 86_400 * 86_400 + 43_200
ORIGIN = "https://www.example.fi"
TEXTS = '{ fi = "Teksti.", sv = "Text.", en = "Text." }'
TOML = f"""
log = "log.sqlite3"

[site]
name = "Esimerkki"
origins = ["{ORIGIN}", "https://example.fi"]
languages = ["fi", "sv", "en"]

[controller]
name = "Esimerkki Oy"
email = "tietosuoja@example.fi"

[notices]
folder = "notices"
paths = {{ fi = "/tietosuojaseloste", sv = "/sv/dataskydd", en = "/en/privacy" }}

[services.counter]
name = "Laskuri"
provider = "Laskuri Oy"
category = "statistics"
purposes = ["audience-measurement"]
purpose = {TEXTS}
items = [{{ name = "_count", lifetime = "1 year", purpose = {TEXTS} }}]

[services.ads]
name = "Mainos"
provider = "Mainos Oy"
category = "marketing"
purposes = ["advertising"]
purpose = {TEXTS}
items = [{{ name = "ad", lifetime = "90 days", domain = "ads.example", purpose = {TEXTS} }}]

[services.video]
name = "Video"
provider = "Video Oy"
category = "preferences"
purposes = ["embedded-video"]
purpose = {TEXTS}
"""
PAGE = """<!DOCTYPE html>
<html lang="fi">
<head><meta charset="utf-8"><title>Sivu</title></head>
<body class="x"><h1>Hei</h1>
<template data-consent="statistics"><script src="/count.js"></script></template>
<template data-consent="video" data-embed>
<iframe src="https://v.example/1" width="560" height="315" title="V"></iframe></template>
</body></html>"""


class Clock:
    """A clock that stands until it is moved; seconds since 1970 UTC."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += days * 86_400


class Site:
    """The site under test: `client()` is a visitor, `log()` what was recorded."""

    def __init__(
        self,
        folder: Path,
        toml: str = TOML,
        page: str = PAGE,
        checkpoint_keys: str = "",
        metrics_token: str = "",
    ) -> None:
        self.folder = folder
        self.clock = Clock()
        (folder / "notices" / "privacy").mkdir(parents=True, exist_ok=True)
        (folder / "consent.toml").write_text(toml, encoding="utf-8")
        if not (folder / "log.sqlite3").exists():
            create_log(str(folder / "log.sqlite3"), "test")
        self.environ = {
            "CONSENT_SECRET_KEYS": KEY,
            "CONSENT_CHECKPOINT_KEYS": checkpoint_keys,
            "CONSENT_METRICS_TOKEN": metrics_token,
        }
        self.consent = Consent(load(folder / "consent.toml", self.environ), self.clock)
        self.page = page

        async def show(request: Request) -> Response:
            return HTMLResponse(self.page)

        async def state(request: Request) -> Response:
            consent = request.state.consent
            return JSONResponse({"statistics": consent.allows("statistics")})

        self.bare = Starlette(routes=[Route("/", show), Route("/p", show), Route("/api", state)])
        self.app = self.consent.protect(self.bare)

    def client(self, origin: str = ORIGIN, **headers: str) -> TestClient:
        return TestClient(
            self.app,
            base_url=origin,
            headers={"sec-fetch-site": "same-origin", **headers},
            follow_redirects=False,
        )

    def log(self) -> list[dict[str, object]]:
        """Every consent record, oldest first."""
        with open_reader(self.folder / "log.sqlite3") as log:
            return [json.loads(body) for _, body in log.bodies("consent")]

    def close(self) -> None:
        self.consent.close()


@contextmanager
def open_reader(path: Path) -> Iterator[object]:
    log = open_log(str(path), writable=False)
    try:
        yield log
    finally:
        log.close()


def fields(html: str) -> dict[str, str]:
    """The hidden fields of the first form of ours in a page."""
    form = re.search(r'<form method="post" action="/choices/decide">(.*?)</form>', html, re.S)
    assert form is not None
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[1]))


def decide(
    client: TestClient,
    decision: str,
    *granted: str,
    form: dict[str, str] | None = None,
    json_reply: bool = False,
) -> Response:
    """Answer the form of a fresh page, or a given one."""
    hidden = fields(client.get("/choices/fi").text) if form is None else form
    data = {**hidden, **dict.fromkeys(granted, "granted"), "decision": decision}
    headers = {"accept": "application/json"} if json_reply else {}
    return client.post("/choices/decide", data=data, headers=headers)


def way_on(reply: Response) -> str:
    """Where a reply leads its visitor: at once, or by the button that a receipt begins with."""
    if reply.status_code == 303:
        return str(reply.headers["location"])
    found = re.search(r'<a class="vc-button" href="([^"]*)" autofocus>', reply.text)
    assert found is not None
    return unescape(found[1])


Make = Callable[..., Site]
