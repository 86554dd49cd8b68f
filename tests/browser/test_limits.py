"""What the interface keeps to: policies, storage, hosts, and its own size (R113, R121, R124)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import httpx
import pytest
from playwright.sync_api import Page, expect

from .sites import (
    BANNER,
    LANGUAGES,
    SHOWN,
    Visited,
    example,
    go_on,
    granted,
    open_settings,
    placeholder,
    press,
    stage,
)

ROOT = Path(__file__).parent.parent.parent
EMBED = """<h1>Sivu</h1>
<template data-consent="statistics"><script src="/script.js?n=1" defer></script></template>
<template data-consent="video" data-embed><iframe src="/frame" width="560" height="315"
title="Video"></iframe></template>"""
LISTEN = """window.broken = []; addEventListener('securitypolicyviolation', (event) =>
broken.push(event.effectiveDirective + ' ' + event.blockedURI));"""
FETCHED = """() => ['style.css', 'gates.js'].every((file) => performance
.getEntriesByType('resource').some((entry) => entry.name.includes(`/choices/${file}`)))"""
STORED = """async () => [localStorage.length, sessionStorage.length,
(await indexedDB.databases()).length, (await caches.keys()).length]"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with stage(tmp_path_factory.mktemp("stage"), {"/": EMBED}) as running:
        yield running


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


def idle(page: Page) -> None:
    """Wait until the page has done what it does when nothing else is to do."""
    page.evaluate("new Promise((done) => requestIdleCallback(() => setTimeout(done, 100)))")


@pytest.mark.parametrize("policy", ["strict", "nonce", "styles"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_everything_works_under_a_strict_policy(site, new_page, policy, script):
    """Banner, dialog, embeds and gates, styled, without one violation (R121)."""
    page = new_page(script=script)
    page.add_init_script(LISTEN)
    page.goto(f"{site.url}/?csp={policy}")
    assert page.locator(BANNER).evaluate("e => getComputedStyle(e).position") == "fixed"
    assert placeholder(page).evaluate("e => getComputedStyle(e).display") == "grid"
    if script:
        idle(page)
        page.keyboard.press("Tab")
        open_settings(page)
        dialog = page.locator("dialog")
        assert dialog.bounding_box()["width"] == 600
        page.keyboard.press("Escape")
    page.locator(f"{BANNER} summary").click()
    press(page, f"{BANNER} [value=accept]")
    go_on(page)
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator(SHOWN)).to_have_count(1)
    assert granted(page, site) == {"preferences", "statistics", "marketing"}
    if script:
        expect(page.locator("body")).to_have_attribute("data-ran", "1")
        idle(page)
        assert page.evaluate("broken") == []


def test_where_nothing_may_be_fetched_the_forms_work_by_themselves(site, new_page):
    """Under `default-src 'none'` the answer goes the way it goes without script."""
    page = new_page()
    page.goto(f"{site.url}/?csp=closed")
    idle(page)
    with page.expect_navigation():
        page.locator(f"{BANNER} [value=reject]").click()
    assert page.locator(BANNER).count() == 0


def test_there_is_no_inline_style_or_style_attribute_or_handler_of_ours(jackbot):
    """All that we add is one style element in the page, and files (R121)."""
    for path in ("/", "/esittely", "/choices/fi", "/choices/fi?part=1", "/choices/nothing"):
        html = httpx.get(jackbot.url + path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", html)
        assert len(re.findall(r"<style", html)) == (path in ("/", "/esittely"))
        assert not re.search(r"<script(?![^>]*\ssrc=)", html)


def test_the_choice_is_one_cookie_that_no_script_can_read(jackbot, new_page):
    """Set by the server alone, HttpOnly and Lax; nothing is kept anywhere else (R113, R114)."""
    page = new_page()
    page.goto(jackbot.url)
    idle(page)
    assert page.context.cookies() == []
    press(page, f"{BANNER} [value=reject]")
    press(page, open_settings(page).locator("[value=save]"))
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert len(cookie["value"]) < 250
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate(STORED) == [0, 0, 0, 0]


def test_over_https_the_browser_takes_the_cookie_with_its_strict_name(tmp_path, new_page):
    """`__Host-` binds it to this host, this path and https; a browser refuses any other (R114)."""
    with stage(tmp_path, {"/": "<h1>Sivu</h1>"}, secure=True) as secure:
        page = new_page(ignore_https_errors=True)
        page.goto(secure.url)
        press(page, f"{BANNER} [value=accept]")
        (cookie,) = page.context.cookies()
        assert cookie["name"] == "__Host-choices"
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")
        page.reload()
        assert page.locator(BANNER).count() == 0
        page.context.close()  # before the server goes, which would leave its connections half open


def test_two_visitors_who_refuse_on_one_day_cannot_be_told_apart(jackbot, new_page):
    """Their cookies are the same (R43)."""
    values = set()
    for _ in range(2):
        page = new_page()
        page.goto(jackbot.url)
        press(page, f"{BANNER} [value=reject]")
        values |= {cookie["value"] for cookie in page.context.cookies()}
    assert len(values) == 1


def test_nothing_of_ours_comes_from_another_host(jackbot, new_page):
    """Page, banner, dialog, settings, notice and answers: only the site itself is asked (R124)."""
    page = new_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(jackbot.url)
    open_settings(page)
    page.keyboard.press("Escape")
    press(page, f"{BANNER} [value=reject]")
    for path in ("/choices/fi", "/tietosuojaseloste", "/esittely"):
        page.goto(jackbot.url + path)
    assert {"/".join(address.split("/")[:3]) for address in asked} == {jackbot.url}


def test_a_second_page_fetches_neither_style_nor_script_again(jackbot, new_page):
    """Both were fetched when the first page was idle."""
    page = new_page()
    page.goto(jackbot.url)
    page.wait_for_function(FETCHED)
    press(page, f"{BANNER} [value=reject]")
    expect(page.locator(BANNER)).to_have_count(0)
    page.goto(f"{jackbot.url}/esittely")
    fetched = page.evaluate(
        "performance.getEntriesByType('resource').filter((e) => e.name.includes('/choices/')"
        " && e.transferSize).map((e) => e.name)"
    )
    assert fetched == []


def test_a_first_visit_costs_at_most_five_kilobytes(jackbot):
    """What we add to a page, brotli 11 each, in every language; nothing but a link afterwards."""
    for path in ("/", "/sv/", "/en/"):
        html = httpx.get(jackbot.url + path).text
        banner = re.search(rf'<section[^>]*id="{BANNER[1:]}".*?</section>', html, re.S)
        style = re.search("<style>(.*?)</style>", html, re.S)
        script = re.search('<script src="(/choices/[^"]*)"[^>]*></script>', html)
        assert banner
        assert style
        assert script
        file = httpx.get(jackbot.url + script[1]).text
        parts = [banner[0] + script[0], style[1], file]
        sizes = [len(brotli.compress(part.encode(), quality=11)) for part in parts]
        assert sum(sizes) <= 5 * 1024, f"html, style, script: {sizes}"


def test_style_and_script_keep_to_their_lengths():
    """At most 200 and 250 lines of at most 100 plain ASCII characters, comments included."""
    for name, most in (("style.css", 200), ("script.js", 250)):
        text = (ROOT / "static" / name).read_bytes().decode("ascii")
        assert len(text.splitlines()) <= most
        assert max(map(len, text.splitlines())) <= 100
        # One thing a line: nothing is packed in to keep to the number of lines.
        assert max(line.count(";") for line in text.splitlines()) <= 6


def test_no_name_of_ours_is_one_that_filter_lists_hide(jackbot):
    """The hooks for people's agents are stable and free of language (DOM ids, classes, paths)."""
    hidden = re.compile(
        r"cookie-|gdpr|\bcc-|consent-(banner|panel|dialog|popup|bar|wrapper|container|message|layer)"
        r"|privacy-(banner|notice)|evasteseloste|evaste-container|tietosuojabox"
    )
    forms = []
    for lang in LANGUAGES:
        html = httpx.get(f"{jackbot.url}/choices/{lang}?part=1").text
        html += httpx.get(f"{jackbot.url}/{'' if lang == 'fi' else lang + '/'}").text
        names = re.findall(r'(?:class|id|action|src)="([^"]*)"', html)
        assert not [name for name in names if hidden.search(name)]
        forms.append(re.findall(r'<(?:input type="checkbox"|button[^>]*) name="\w+"[^>]*>', html))
        assert 'class="visitor-choice' in html
    assert forms[0] == forms[1] == forms[2]
