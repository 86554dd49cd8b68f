"""The smallest embedding: one page, one gate in the page, one question in the handler."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from consent import Consent

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Smallest example</title></head>
<body><h1>Smallest example</h1><p><a href="/privacy">Privacy notice</a></p>
<template data-consent="statistics"><p>Visits are counted.</p></template></body>
</html>"""
site = FastAPI()


@site.get("/", response_class=HTMLResponse)
def home(request: Request, response: Response) -> str:
    if request.state.consent.allows("statistics"):
        response.set_cookie("visited", "yes", max_age=30 * 86_400)
    return PAGE


consent = Consent.load(Path(__file__).with_name("consent.toml"))
app = consent.protect(site)
