"""Cookies that nobody declared: each is told once, with what would declare it, and counted."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from consent.browser.undeclared import OTHERS
from tests.unit.cookie_site import (
    choice,
    cookies,
    http,
    setting,
)
from tests.unit.small_site import PAGE, TOML, Make, Site


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if "not declared" in r.getMessage()]


def test_each_undeclared_name_is_told_once_and_counted(
    declared: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "consent")
    app = setting(b"mystery=VALUE; Max-Age=86400")
    for _ in range(3):
        http(declared, app, query_string=b"q=QUERY")
    (line,) = logged(caplog)
    assert '"mystery": it was dropped' in line
    assert "/p" not in line  # without a route there is only the visitor's own address
    assert "VALUE" not in line
    assert "QUERY" not in line
    assert declared.consent.runtime.undeclared.counts == {"mystery": 3}


def test_the_place_is_the_routes_template_and_not_the_visitors_address(
    declared: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def show(request: Request) -> Response:
        response = HTMLResponse(PAGE)
        response.set_cookie(f"mystery-{request.query_params['n']}", "1")
        return response

    inner = Starlette(routes=[Route("/by/{name}", show)])
    app = Starlette(routes=[Route("/users/{name}", show), Mount("/sub", inner)])
    declared.app = declared.consent.protect(app)
    client = declared.client()
    client.get("/users/anna?n=1")
    client.cookies.set("_ga", "hidden, so that the app is given a copy of the scope")
    client.get("/users/anna?n=2")
    client.get("/sub/by/anna?n=3")
    lines = logged(caplog)
    assert '"/users/{name}"' in lines[0]
    assert '"/users/{name}"' in lines[1]
    assert '"/sub/by/{name}"' in lines[2]
    assert "anna" not in caplog.text


FIELDS = [
    (b"mystery=1", "session"),
    (b"my.sterious=1; Max-Age=3600", "1 hour"),
    (b"Odd-Name=1; Max-Age=2592000", "30 days"),
    (b"9lives=1; Max-Age=1", "1 minute"),
    (b"counter=1; Max-Age=9999999999", "3650 days"),
    (b"sessionid=1", ""),
    (b"csrftoken=1", ""),
    (b"_ga_X12=1", ""),
]


@pytest.mark.parametrize(("field", "lasts"), FIELDS)
def test_the_lines_that_are_told_declare_the_cookie(
    make_site: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, field: bytes, lasts: str
) -> None:
    site = make_site()
    assert cookies(http(site, setting(field))) == []
    (line,) = logged(caplog)
    remedy = line.partition("Declare it with")[2].partition(":\n")[2]
    toml = TOML + "\n" + remedy + "\n"
    (table,) = (t for n, t in tomllib.loads(toml)["services"].items() if n not in TOML)
    assert lasts == "" or table["items"][0]["lifetime"] == lasts
    mended = make_site(toml=toml)
    everything = choice(mended, "preferences", "statistics", "marketing")
    assert cookies(http(mended, setting(field), everything)) == [field]


def test_a_name_that_cannot_be_declared_is_told_so(
    declared: Site, caplog: pytest.LogCaptureFixture
) -> None:
    http(declared, setting(b"odd{name}=1", "ä\x1b[31m=1".encode()))
    first, second = logged(caplog)
    assert "cannot be declared" in first
    assert "\x1b" not in second


def test_a_flood_of_undeclared_names_is_counted_and_no_longer_named(
    declared: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(400):
        http(declared, setting(b"n%d=1" % number))
    counts = declared.consent.runtime.undeclared.counts
    assert len(logged(caplog)) == 256
    assert len(counts) == 257
    assert counts[OTHERS] == 144
