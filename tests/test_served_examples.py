"""The example sites of other frameworks, each on a real server: banner, gates, choice, cookies."""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from consent.log import create_log
from tests.server import serving
from tests.unit.small_site import way_on

EXAMPLES = Path(__file__).parent.parent / "examples"
BANNER, LINE = 'id="visitor-choice"', "<p>Visits are counted.</p>"
GATED = f'<template data-consent="statistics">{LINE}</template>'


@pytest.fixture(autouse=True)
def made_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives an example the keys and the log that an operator gives it."""
    create_log(str(tmp_path / "log.sqlite3"), "example")
    monkeypatch.setenv("CONSENT_SECRET_KEYS", "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1")
    monkeypatch.setenv("CONSENT_LOG_URL", str(tmp_path / "log.sqlite3"))


class Visit:
    """A visitor of one site, who reads its page and answers."""

    def __init__(self, client: httpx.Client, root: str) -> None:
        self.client, self.root = client, root

    def page(self) -> httpx.Response:
        response = self.client.get(f"{self.root}/")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "private"
        return response

    def decide(self, page: str, decision: str) -> httpx.Response:
        address = f"{self.root}/choices/decide"
        form = re.search(rf'<form method="post" action="{address}">(.*?)</form>', page, re.S)
        assert form
        return self.client.post(address, data={**hidden(form[1]), "decision": decision})


def hidden(form: str) -> dict[str, Any]:
    """The hidden fields of a form."""
    tags = re.findall("<input.*?>", form)
    fields = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in tags]
    return {field["name"]: field["value"] for field in fields if field["type"] == "hidden"}


@contextmanager
def visit(app: ASGIApp, root: str = "") -> Iterator[Visit]:
    headers = {
        "accept": "text/html",
        "accept-encoding": "gzip, deflate, br, zstd",
        "sec-fetch-site": "same-origin",
    }
    with serving(app) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        yield Visit(client, root)


def walk(visit: Visit, cookies: set[str]) -> None:
    """R1, R18: what is allowed opens and nothing else; the site's own cookies pass both ways."""
    first = visit.page()
    assert first.text.count(BANNER) == 1
    assert GATED in first.text
    assert "Pages read: 1." in first.text
    assert set(first.cookies) == cookies

    refusal = visit.decide(first.text, "reject")
    assert (refusal.status_code, way_on(refusal)) == (200, f"{visit.root}/")
    second = visit.page()
    assert BANNER not in second.text
    assert GATED in second.text
    assert "Pages read: 2." in second.text
    assert "visited" not in second.cookies

    settings = visit.client.get(f"{visit.root}/choices/en")
    assert visit.decide(settings.text, "accept").status_code == 303
    third = visit.page()
    assert BANNER not in third.text
    assert GATED not in third.text
    assert LINE in third.text
    assert "Pages read: 3." in third.text
    assert third.cookies["visited"] == "yes"
    assert visit.client.get(f"{visit.root}/privacy").status_code == 200


def send_own_form(visit: Visit) -> None:
    """The site takes its own form with its CSRF token, and not without; its page is compressed."""
    page = visit.page()
    assert page.headers["content-encoding"] == "gzip"
    form = re.search(r'<form method="post">(.*?)</form>', page.text, re.S)
    assert form
    assert visit.client.post("/").status_code == 403
    answer = visit.client.post("/", data=hidden(form[1]))
    assert answer.status_code == 200
    assert "Pages read: 5." in answer.text


def test_fastapi() -> None:
    """The smallest: what its handler asks is answered by what was chosen."""
    example = importlib.import_module("examples.fastapi.app")
    with visit(example.app) as visitor:
        first = visitor.page()
        assert first.text.count(BANNER) == 1
        assert GATED in first.text
        assert "set-cookie" not in first.headers
        assert visitor.decide(first.text, "accept").status_code == 303
        second = visitor.page()
        assert LINE in second.text
        assert GATED not in second.text
        assert second.cookies["visited"] == "yes"
        settings = visitor.client.get("/choices/en")
        assert visitor.decide(settings.text, "reject").status_code == 200
        assert "visited" not in visitor.client.cookies
        assert GATED in visitor.page().text
        assert visitor.client.get("/privacy").status_code == 200
    example.consent.close()


def test_django() -> None:
    example = importlib.import_module("examples.django.app")
    with visit(example.app) as visitor:
        walk(visitor, {"sessionid", "csrftoken"})
        send_own_form(visitor)
    example.app.consent.close()


def test_litestar() -> None:
    example = importlib.import_module("examples.litestar.app")
    with visit(example.app) as visitor:
        walk(visitor, {"session", "csrftoken"})
        send_own_form(visitor)


def test_a_site_that_is_mounted_in_another() -> None:
    example = importlib.import_module("examples.mounted.app")
    with visit(example.app, "/shop") as visitor:
        walk(visitor, {"session"})
        assert visitor.client.get("/").status_code == 404


@pytest.mark.parametrize("name", ["django", "litestar", "mounted"])
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / name / "app.py").read_text("utf-8").splitlines()) <= 41
