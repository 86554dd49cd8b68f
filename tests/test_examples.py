"""The example sites stand on their own: every page is whole and valid before anything is added."""

import asyncio
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from markupsafe import Markup
from starlette.types import ASGIApp, Receive, Scope, Send

from consent.log import create_log
from consent.settings import Settings, load
from examples.jackbot import app as jackbot
from examples.jackbot import thirdparty
from examples.jackbot.site import LANGUAGES, PATHS, create_bare_app, texts
from tests.html_checker import check

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGES = [(page, lang, path) for page, of in PATHS.items() for lang, path in of.items()]


class Unasked:
    """Stands for the component where a visitor has not chosen."""

    def settings_path(self, lang: str) -> str:
        return f"/choices/{lang}"

    def notice_path(self, lang: str) -> str:
        return f"/notice/{lang}"

    def settings_link(self, lang: str) -> Markup:
        text = texts(lang)["settings"]
        return Markup('<a href="{}">{}</a>').format(self.settings_path(lang), text)


def with_stub(app: ASGIApp) -> ASGIApp:
    async def stubbed(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["consent"] = Unasked()
        await app(scope, receive, send)

    return stubbed


@dataclass
class Client:
    """Sends requests to an app without a server; redirects are not followed."""

    app: ASGIApp

    def get(self, path: str) -> httpx.Response:
        return self._send("GET", path)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._send("POST", path, **body)

    def _send(self, method: str, path: str, **body: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
                return await client.request(method, path, **body)

        return asyncio.run(send())


@pytest.fixture(scope="module")
def site() -> Client:
    return Client(with_stub(create_bare_app()))


@pytest.fixture
def stub() -> Client:
    return Client(thirdparty.create_third_party())


@pytest.fixture
def made_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives an example the keys and the log that an operator gives it."""
    create_log(str(tmp_path / "log.sqlite3"), "example")
    monkeypatch.setenv("CONSENT_SECRET_KEYS", "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1")
    monkeypatch.setenv("CONSENT_LOG_URL", str(tmp_path / "log.sqlite3"))


@pytest.mark.usefixtures("made_ready")
def test_the_company_site_runs_with_the_component_around_it() -> None:
    """Point 9: every page has the banner, and the notice is there as a draft."""
    app = jackbot.create_app()
    for _, lang, path in PAGES:
        page = Client(app).get(path).text
        assert page.count('id="visitor-choice"') == 1
        back = f"?return={path}" if path != "/" else ""
        assert f'href="/choices/{lang}{back}"' in page
    assert "Luonnos" in Client(app).get("/tietosuojaseloste").text
    app.consent.close()


@pytest.mark.usefixtures("made_ready")
def test_the_smallest_site_runs_and_is_under_thirty_lines() -> None:
    """Point 9: FastAPI."""
    smallest = importlib.import_module("examples.fastapi.app")
    page = Client(smallest.app).get("/").text
    assert 'id="visitor-choice"' in page
    assert "visited" not in page
    smallest.consent.close()
    assert len((EXAMPLES / "fastapi" / "app.py").read_text().splitlines()) < 30


@pytest.mark.parametrize(("page", "lang", "path"), PAGES)
def test_a_page_answers_in_its_language_with_title_and_one_heading(
    site: Client, page: str, lang: str, path: str
) -> None:
    response = site.get(path)
    assert response.status_code == 200
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parse(response.text)
    assert not parser.errors
    assert tree.get("lang") == lang
    title = texts(lang)[page]["title"]
    assert tree.findtext("head/title") == f"{title} – Jackbot Oy"
    assert [h.text for h in tree.iter("h1")] == [title]


@pytest.mark.parametrize(("page", "lang", "path"), PAGES)
def test_a_page_says_that_it_is_an_example_and_links_to_settings_and_notice(
    site: Client, page: str, lang: str, path: str
) -> None:
    html = site.get(path).text
    own = texts(lang)
    assert own["example"] in html
    assert f'<a href="/choices/{lang}">{own["settings"]}</a>' in html
    assert f'<a href="/notice/{lang}">{own["notice"]}</a>' in html
    for other, address in PATHS[page].items():
        assert f'href="{address}" hreflang="{other}"' in html


@pytest.mark.parametrize(("page", "lang", "path"), PAGES)
def test_nothing_of_a_third_party_stands_outside_a_gate(
    site: Client, page: str, lang: str, path: str
) -> None:
    html = site.get(path).text
    gates = re.findall(r'<template data-consent="example-([a-z]+)"', html)
    assert {"statistics", "marketing", "chat"} <= set(gates)
    assert ("video" in gates) >= (page == "intro")
    assert ("map" in gates) >= (page == "contact")
    assert thirdparty.HOST in html
    assert thirdparty.HOST not in re.sub(r"<template .*?</template>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize(("page", "lang", "path"), PAGES)
def test_a_page_has_no_inline_style_or_script(
    site: Client, page: str, lang: str, path: str
) -> None:
    html = site.get(path).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_every_page_is_valid_html(site: Client) -> None:
    pages = {path: site.get(path).text for _, _, path in PAGES}
    pages["missing"] = site.get("/sv/nowhere").text
    pages["sent"] = site.get("/en/news?sent").text
    faults = {path: found for path, found in check(pages).items() if found}
    assert faults == {}


def test_the_languages_have_the_same_texts() -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else bool(value)

    first, *others = (shape(texts(lang)) for lang in LANGUAGES)
    assert all(other == first for other in others)


def test_the_newsletter_form_thanks_and_stores_nothing(site: Client) -> None:
    answer = site.post("/ajankohtaista", data={"address": "a@example.com"})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/ajankohtaista?sent#newsletter",
    )
    assert texts("fi")["news"]["letter"]["thanks"] in site.get("/ajankohtaista?sent").text


@pytest.mark.parametrize(("path", "lang"), [("/x", "fi"), ("/sv/x", "sv"), ("/en/x", "en")])
def test_an_unknown_address_answers_404_in_the_language_of_its_path(
    site: Client, path: str, lang: str
) -> None:
    response = site.get(path)
    assert response.status_code == 404
    assert f'<html lang="{lang}">' in response.text
    assert texts(lang)["missing"]["title"] in response.text


def test_the_stub_counts_what_was_fetched_until_it_is_reset(stub: Client) -> None:
    for path in ("/stats.js", "/pixel.js", "/pixel.gif", "/chat.js", "/video", "/map", "/map"):
        response = stub.get(path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
    stub.post("/collect", content="{}")
    once = ("/stats.js", "/pixel.js", "/pixel.gif", "/chat.js", "/video", "/collect")
    assert stub.get("/seen").json() == {**dict.fromkeys(once, 1), "/map": 2}
    stub.post("/reset")
    assert stub.get("/seen").json() == {}


@pytest.mark.parametrize(
    ("path", "name", "age"),
    [("/pixel.gif", "ex_ads", 90), ("/video", "ex_video", 180), ("/map", "ex_map", None)],
)
def test_the_stub_sets_the_third_party_cookies_that_the_site_declares(
    stub: Client, path: str, name: str, age: int | None
) -> None:
    cookie = stub.get(path).headers["set-cookie"]
    assert cookie.startswith(f"{name}=")
    assert ("Max-Age" in cookie) == (age is not None)
    assert age is None or f"Max-Age={age * 86_400};" in cookie
    assert "Secure; HttpOnly; SameSite=None; Partitioned" in cookie


def settings(example: str) -> Settings:
    keys = {"CONSENT_SECRET_KEYS": "mq3ZtYw8KcV5nB1xRj6LhD0sGf9PaE2u"}
    return load(EXAMPLES / example / "consent.toml", keys)


def test_the_site_declares_the_hosts_of_its_third_parties_and_gates_each_of_them() -> None:
    declared = settings("jackbot").declaration
    own = {service.id: service for service in declared.services if service.id != "consent"}
    hosts = [f"http://{host}" for service in own.values() for host in service.hosts]
    assert sorted(hosts) == sorted(thirdparty.addresses().values())
    html = "".join(Client(with_stub(create_bare_app())).get(path).text for _, _, path in PAGES)
    assert set(re.findall(r'data-consent="([^"]+)"', html)) == set(own)


def test_the_declared_third_party_cookies_are_those_that_the_stub_sets() -> None:
    declared = {item.name: item.days for _, item in settings("jackbot").declaration.items()}
    assert (declared["ex_ads"], declared["ex_video"], declared["ex_map"]) == (90, 180, 0)
    assert declared["_ex_stats"] == 365
    assert declared["ex_chat"] is None


def test_the_smallest_embedding_has_fewer_than_thirty_lines_and_sound_settings() -> None:
    assert len((EXAMPLES / "fastapi/app.py").read_text("utf-8").splitlines()) < 30
    assert [item.name for _, item in settings("fastapi").declaration.items()] == [
        "choices",
        "visited",
    ]
