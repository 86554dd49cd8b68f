"""One page of the shop, and the notice that the component serves beside it.

uvicorn --factory examples.fictitious.app:create_app --port 8002
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from consent import Consent
from consent.settings import load

PAGE = """<!doctype html>
<html lang="fi">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Esimerkkikauppa</title></head>
<body><h1>Esimerkkikauppa</h1>
<p>Kauppa on keksitty. Lue sen <a href="/tietosuojaseloste">tietosuojaseloste</a>.</p>
<template data-consent="matomo"><p>Käyntisi lasketaan.</p></template></body>
</html>"""


async def home(request: Request) -> Response:
    return HTMLResponse(PAGE)


def create_app(
    settings_path: Path | None = None, clock: Callable[[], float] = time.time
) -> ASGIApp:
    """Make the shop; `clock` (seconds since 1970 UTC) shows it on the days around a change."""
    settings = load(settings_path or Path(__file__).with_name("consent.toml"))
    return Consent(settings, clock).protect(Starlette(routes=[Route("/", home)]))
