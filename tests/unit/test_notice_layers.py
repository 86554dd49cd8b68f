"""From the short to the whole: the short form first, and links to the right section (R69)."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from consent.component import Consent
from consent.notice.facts import section_of
from consent.notice.version import SHORT_WORDS
from consent.settings import load
from tests.unit.notice_samples import publish_as, write_draft
from tests.unit.shop_site import PATHS, open_shop
from tests.unit.small_site import Make, Site, decide
from tests.unit.terminal import enter, publish, set_up, terminal


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


@pytest.mark.parametrize("lang", PATHS)
def test_the_short_form_comes_before_all_else_of_the_text(shop: Site, lang: str) -> None:
    html = shop.client().get(PATHS[lang]).text
    places = [
        html.index(mark)
        for mark in ("<h1>", "vc-notice-short", "vc-notice-fold", 'class="vc-notice-body"')
    ]
    assert places == sorted(places)
    short = re.search(r'<section class="vc-notice-short".*?</section>', html, re.DOTALL)
    assert short is not None
    assert 20 < len(re.sub(r"<[^>]+>", " ", short[0]).split()) <= SHORT_WORDS + 3


@pytest.mark.parametrize("lang", PATHS)
def test_banner_and_settings_lead_to_what_the_notice_says_of_cookies(shop: Site, lang: str) -> None:
    """In a page of the site's, in the notice, and on the settings page."""
    client, wanted = shop.client(), f'href="{PATHS[lang]}#cookies"'
    shop.page = (
        f'<!doctype html><html lang="{lang}"><head><title>x</title></head><body></body></html>'
    )
    assert wanted in client.get("/p").text
    assert wanted in client.get(f"/choices/{lang}").text
    notice = client.get(PATHS[lang]).text
    assert 'id="cookies"' in notice
    decide(client, "reject")
    assert wanted in client.get(f"/choices/{lang}").text


@pytest.mark.parametrize(
    ("line", "section"),
    [('cookies = "purposes"\n', "purposes"), ("", "")],
)
def test_the_section_is_the_one_that_the_facts_name(
    tmp_path: Path, make_site: Make, line: str, section: str
) -> None:
    document = tmp_path / "notices/privacy"
    draft = write_draft(document, change="")
    facts = draft / "facts.toml"
    facts.write_text(facts.read_text("utf-8").replace('cookies = "purposes"\n', line), "utf-8")
    package = publish_as(draft, "2026.1", date(2026, 1, 1))
    assert section_of(package, "cookies") == section
    link = f'href="/tietosuojaseloste{"#" if section else ""}{section}"'
    assert link in make_site().client().get("/p").text


# -- the cookie table and what is declared --


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


PLAUSIBLE = '[services.plausible]\nuse = "plausible"\n'


def add(folder: Path, text: str) -> None:
    with (folder / "consent.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_check_names_what_the_cookie_table_lacks(run, tmp_path, make_site):
    """With what the log holds of the declaration that the table was made from."""
    folder = set_up(run, tmp_path)
    assert run("log", "create")[0] == 0
    publish(run, folder)
    Consent(load(folder / "consent.toml")).close()
    assert run("check")[0] == 0
    add(folder, PLAUSIBLE)
    code, out, _ = run("check")
    assert code == 1
    assert "cookie table of the notice differs from the services declared now" in out
    assert "Plausible" in out.partition("cookie table")[2]


def test_a_scheduled_version_covers_what_is_new(run, tmp_path):
    folder = set_up(run, tmp_path)
    publish(run, folder)
    add(folder, PLAUSIBLE)
    assert run("check")[0] == 1
    write_draft(folder / "notices" / "privacy", more=" ab")
    words = ("notice", "publish", "notices/privacy/draft", "--number", "2999.1")
    assert run(*words, "--effective", "2999-01-01", "--yes")[0] == 0
    code, out, _ = run("check")
    assert (code, "takes effect 2999-01-01" in out) == (0, True)
    add(folder, PLAUSIBLE.replace("plausible", "matomo"))
    assert run("check")[0] == 1


def test_what_waits_for_a_coming_version_needs_none_yet(run, tmp_path):
    """R81: it does not run, and so the table in force is right."""
    folder = set_up(run, tmp_path)
    publish(run, folder)
    add(folder, f'{PLAUSIBLE}from = "2999.1"\n')
    assert run("check")[0] == 0


def test_a_lifetime_that_changes_is_a_difference(run, tmp_path):
    folder = set_up(run, tmp_path)
    add(
        folder,
        '[services.matomo]\nuse = "matomo"\nprovider = "A Oy"\ncountry = "FI"\n'
        'hosts = ["t.example.fi"]\n',
    )
    publish(run, folder)
    assert run("check")[0] == 0
    add(
        folder,
        'items = [{ name = "_pk_id.*", lifetime = "2 years",'
        ' purpose = { fi = "x", sv = "x", en = "x" } }]\n',
    )
    assert run("check")[0] == 1
