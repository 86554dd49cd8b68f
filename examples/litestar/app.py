"""Litestar, with sessions, forms and compression: `uvicorn examples.litestar.app:app`."""

from pathlib import Path
from typing import Any

from litestar import HttpMethod, Litestar, Request, route
from litestar.config.compression import CompressionConfig
from litestar.config.csrf import CSRFConfig
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from consent import Consent

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Litestar example</title></head>
<body><h1>Litestar example</h1><p>Pages read: {{ request.session.read }}.</p>
<form method="post">{{ csrf_input | safe }}<button>Read again</button></form>
<template data-consent="statistics"><p>Visits are counted.</p></template></body></html>"""


@route("/", http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
async def home(request: Request[Any, Any, Any]) -> Template:
    request.session["read"] = request.session.get("read", 0) + 1
    response = Template(template_str=PAGE, media_type="text/html")
    if request.state.consent.allows("statistics"):
        response.set_cookie("visited", "yes", max_age=30 * 86_400)
    return response


site = Litestar(
    [home],
    middleware=[ServerSideSessionConfig().middleware],
    csrf_config=CSRFConfig("only-for-this-example-and-known-to-everybody"),
    compression_config=CompressionConfig("gzip", minimum_size=200),
    logging_config=None,  # how the process logs is not the example's business
    template_config=TemplateConfig(instance=JinjaTemplateEngine(Path(__file__).parent)),
)
app = Consent.load(Path(__file__).with_name("consent.toml")).protect(site)
