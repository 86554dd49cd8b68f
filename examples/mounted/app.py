"""A shop that is mounted in another application: `uvicorn examples.mounted.app:app`, /shop/."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from consent import Consent

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mounted example</title></head>
<body><h1>Mounted example</h1><p>Pages read: {read}.</p>
<template data-consent="statistics"><p>Visits are counted.</p></template></body></html>"""


async def home(request: Request) -> HTMLResponse:
    read = request.session["read"] = request.session.get("read", 0) + 1
    response = HTMLResponse(PAGE.format(read=read))
    if request.state.consent.allows("statistics"):
        response.set_cookie("visited", "yes", max_age=30 * 86_400)
    return response


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    consent.close()  # what is mounted is not told of the end


session = Middleware(SessionMiddleware, secret_key="known-to-everybody")  # noqa: S106
consent = Consent.load(Path(__file__).with_name("consent.toml"))
shop = consent.protect(Starlette(routes=[Route("/", home)], middleware=[session]))
app = Starlette(routes=[Mount("/shop", shop)], lifespan=lifespan)
