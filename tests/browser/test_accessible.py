"""axe-core finds nothing at WCAG 2.2 AA in any state, theme and width, and every page is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from playwright.sync_api import Page

from consent.texts import texts
from tests.html_checker import check
from tests.unit.small_site import fields

from .sites import BANNER, Visited, example, open_settings, placeholder, press, stage

WIDTHS = (320, 390, 768, 1280)
EMBED = """<h1>Sivu</h1>
<p>Teksti.</p>
<template data-consent="video" data-embed><iframe src="/frame" width="560" height="315"
title="Video"></iframe></template>
<script type="text/plain" data-category="statistics" data-src="/script.js?n=1"></script>"""
guises = pytest.mark.parametrize(
    ("width", "dark"),
    [(width, dark) for width in WIDTHS for dark in (False, True)],
    ids=[f"{width}-{theme}" for width in WIDTHS for theme in ("light", "dark")],
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    within = f'<form action="/">{EMBED}<button>Maksa</button></form>'
    bodies = {"/": f"<main>{EMBED}</main>", "/form": f"<main>{within}</main>"}
    with stage(tmp_path_factory.mktemp("stage"), bodies) as running:
        yield running


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


@guises
def test_axe_finds_nothing_on_the_way_through_a_choice(jackbot, new_page, axe, width, dark):
    """Banner, its details, a failure, the dialog with its list, and what a withdrawal says."""
    page: Page = new_page(width, 800, dark=dark)
    found: dict[str, list[str]] = {}
    page.goto(jackbot.url)
    found["banner"] = axe(page)
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=statistics]").check()
    found["opened"] = axe(page)
    with jackbot.log_down():
        press(page, f"{BANNER} [value=accept]")
        page.locator(f"{BANNER} [role=alert]:not(:empty)").wait_for()
        found["failure"] = axe(page)
    press(page, f"{BANNER} [value=accept]")
    page.locator(BANNER).wait_for(state="detached")
    dialog = open_settings(page)
    found["dialog"] = axe(page)
    dialog.locator("summary").click()
    found["list"] = axe(page)
    press(page, dialog.locator("[value=reject]"))
    page.locator(".vc-saved").wait_for()
    found["saved"] = axe(page)
    assert {state: faults for state, faults in found.items() if faults} == {}


@guises
def test_axe_finds_nothing_on_our_own_pages(jackbot, site, new_page, axe, width, dark):
    """Settings, saved, notice, one embed, messages, signal, announcement, and asked again."""
    page: Page = new_page(width, 800, dark=dark, script=False, gpc=True)
    found: dict[str, list[str]] = {}
    for path in ("/esittely", "/choices/fi?saved=1", "/sv/dataskydd", "/choices/nothing"):
        page.goto(jackbot.url + path)
        found[path] = axe(page)
    page.goto(site.url)
    found["signal"] = axe(page)
    with page.expect_navigation():
        placeholder(page).locator("a").first.click()
    found["once"] = axe(page)
    page.goto(f"{site.url}/choices/sv?only=preferences&return=/")
    found["only"] = axe(page)
    page.goto(f"{site.url}/choices/sv")
    with site.log_down():
        press(page, "[value=accept]")
        assert page.locator("[role=alert]").first.inner_text() == texts("sv")["error"]["log"]
        found["failure"] = axe(page)
    press(page, "[value=accept]")
    found["id"] = axe(page)
    passed = 0
    try:
        for days, state, shown in ((10, "announcement", ".vc-strip"), (180, "again", BANNER)):
            site.clock.pass_days(days)
            passed += days
            page.goto(site.url)
            assert page.locator(shown).count() == 1
            found[state] = axe(page)
        page.locator(f"{BANNER} summary").click()
        found["again, opened"] = axe(page)
    finally:
        site.clock.pass_days(-passed)
    assert {state: faults for state, faults in found.items() if faults} == {}


@guises
def test_axe_finds_nothing_in_any_version_of_a_notice(site, new_page, axe, width, dark):
    """In force, superseded, scheduled, and the page of a version that does not exist."""
    page: Page = new_page(width, 800, dark=dark)
    site.clock.pass_days(10)
    try:
        found = {}
        for path in ("", "/2026.1", "/2026.2", "/2027.1", "/2099.1"):
            answer = page.goto(f"{site.url}/sv/dataskydd{path}")
            assert answer.status == (404 if path == "/2099.1" else 200)
            found[path] = axe(page)
    finally:
        site.clock.pass_days(-10)
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_a_printed_notice_is_the_text_with_its_version_and_hash(jackbot, site, new_page):
    """What only a screen needs is left out, and nothing is a bar of ink."""
    page: Page = new_page()
    page.goto(f"{site.url}/tietosuojaseloste")
    page.emulate_media(media="print")
    for screen in (BANNER, ".vc-notice-top", ".vc-notice-toc", ".vc-notice-fold", ".vc-link"):
        for element in page.locator(screen).all():
            assert not element.is_visible(), screen
    for kept in ("h1", ".vc-notice-meta", ".vc-notice-body", ".vc-notice-hash code"):
        assert page.locator(kept).first.is_visible(), kept
    assert "2026.2" in page.locator(".vc-notice-meta").inner_text()
    page.goto(f"{jackbot.url}/tietosuojaseloste")
    draft = page.locator(".vc-notice-draft")
    dark = "e => getComputedStyle(e).backgroundColor"
    assert draft.evaluate(dark) == "rgba(0, 0, 0, 0)"
    assert draft.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"


def test_names_and_states_are_told_to_assistive_technology(jackbot, new_page):
    """A switch is a checkbox named by its row's words, on or off (R107, R108)."""
    page = new_page()
    page.goto(jackbot.url)
    page.locator(f"{BANNER} summary").click()
    switch = page.get_by_role("checkbox", name="Tilastointi")
    assert not switch.is_checked()
    switch.check()
    assert switch.is_checked()
    assert "[checked]" in page.locator(BANNER).aria_snapshot()
    labels = page.locator(f"{BANNER} label").all_inner_texts()
    assert [text.splitlines()[0] for text in labels] == [
        "Upotettu sisältö ja asetukset",
        "Tilastointi",
        "Markkinointi",
    ]


def test_every_page_that_a_visitor_may_meet_is_valid_html(jackbot, site):
    """First visit and later, in three languages, our own pages, failures and the announcement."""
    pages = {}
    with httpx.Client(follow_redirects=True) as client:
        for path in ("/", "/sv/", "/en/", "/esittely", "/yhteystiedot", "/en/contact", "/x"):
            pages[f"first {path}"] = client.get(jackbot.url + path).text
        for lang, notice in jackbot.consent.settings.notices.paths.items():
            pages[f"settings {lang}"] = client.get(
                f"{jackbot.url}/choices/{lang}?return=/a%3Fb"
            ).text
            pages[f"notice {lang}"] = client.get(jackbot.url + notice).text
        pages["signal"] = client.get(jackbot.url, headers={"sec-gpc": "1"}).text
        pages["missing"] = client.get(f"{jackbot.url}/choices/x").text
        post = f"{jackbot.url}/choices/decide"
        pages["bad form"] = client.post(post, data={"decision": "?"}).text
        pages["foreign"] = client.post(post, headers={"origin": "https://evil.example"}).text
        pages["stale"] = client.post(post, data={"decision": "accept"}).text
        answer = {"decision": "save", "return": "/choices/fi?saved=1&return=/"}
        pages["refused"] = client.post(post, data=answer).text
        pages["later"] = client.get(f"{jackbot.url}/esittely").text
    with httpx.Client(follow_redirects=True) as client:
        pages["stage"] = client.get(site.url).text
        pages["in a form"] = client.get(f"{site.url}/form").text
        pages["only"] = client.get(f"{site.url}/choices/fi?only=preferences&return=/form").text
        pages["strict"] = client.get(f"{site.url}/?csp=strict").text
        pages["nonce"] = client.get(f"{site.url}/?csp=nonce").text
        once = re.search(r'href="(/choices/embed[^"]*)"', unescape(unescape(pages["stage"])))
        assert once
        pages["once"] = client.get(site.url + once[1]).text
        form = fields(client.get(f"{site.url}/choices/fi").text)
        post = f"{site.url}/choices/decide"
        with site.log_down():
            pages["log down"] = client.post(post, data={**form, "decision": "accept"}).text
        client.post(post, data={**form, "decision": "accept"})
        pages["allowed"] = client.get(site.url).text
        pages["settings with an id"] = client.get(f"{site.url}/choices/fi").text
        back = {"return": "/choices/fi?saved=1&return=/"}
        pages["withdrawn"] = client.post(post, data={**form, **back, "decision": "reject"}).text
        pages["answered"] = client.get(site.url).text
        now = site.clock.now
        try:
            site.clock.pass_days(10)
            pages["announcement"] = client.get(site.url).text
            for number in ("", "/2026.1", "/2027.1", "/2099.1"):
                pages[f"version {number}"] = client.get(f"{site.url}/sv/dataskydd{number}").text
            site.clock.pass_days(366)
            pages["again"] = client.get(site.url).text
        finally:
            site.clock.now = now
        assert "vc-strip" in pages["announcement"]
        assert 'role="alert"' in pages["log down"]
        assert "<iframe" in pages["once"]
        assert texts("fi")["again"]["expired"] in unescape(pages["again"])
    faults = {name: found for name, found in check(pages).items() if found}
    assert faults == {}
    part = httpx.get(f"{jackbot.url}/choices/fi?part=1").text
    head = '<!DOCTYPE html>\n<html lang="fi"><head><title>Osa</title></head>'
    assert check({"part": f"{head}<body>{part}</body></html>"})["part"] == []
