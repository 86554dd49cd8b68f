"""Pages that are the same for everybody, as a visitor sees them (R1, R17, R18, R46, R80, R120)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import NewPage
from tests.browser.sites import (
    BANNER,
    PLACED,
    SHOWN,
    Visited,
    granted,
    offered,
    open_settings,
    press,
    scripted,
    stage,
)
from tests.browser.test_memory import TELL, go_back
from tests.unit.small_site import TOML

GATE = """<p>Ennen.</p>
<template data-consent="statistics"><p id="opened">Avattu.</p>
<script>document.body.dataset.ran = 1</script></template>
<template data-consent="video" data-embed><iframe src="/frame" width="500" height="300"
title="Video"></iframe></template>"""
CACHEABLE = TOML + "\n[enforcement]\ncacheable = true\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    bodies = {"/": GATE, "/empty": "<p>Tyhjä.</p>"}
    with stage(tmp_path_factory.mktemp("cacheable"), bodies, CACHEABLE) as running:
        yield running


@pytest.mark.parametrize("policy", ["", "?csp=strict", "?csp=nonce"])
def test_the_banner_comes_by_script_and_is_answered_like_any_other(
    new_page: NewPage, site: Visited, policy: str
) -> None:
    """First in the body, with a token of the script's own making, and gates that open at once."""
    page = new_page()
    with page.expect_response(re.compile("/state")) as state:
        page.goto(f"{site.url}/{policy}")
    assert state.value.headers["cache-control"] == "private, no-cache"
    expect(page.locator(f"body > {BANNER}:first-child")).to_be_visible()
    assert page.locator(BANNER).evaluate("banner => getComputedStyle(banner).position") == "fixed"
    with page.expect_request(re.compile("/decide")) as sent:
        page.locator(f"{BANNER} [value=accept]").click()
    form = dict(re.findall(r"(\w+)=([^&]*)", sent.value.post_data or ""))
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", form["token"])
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()
    page.goto(f"{site.url}/{policy}")
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator(SHOWN)).to_be_visible()
    assert page.locator(f"{BANNER}, {PLACED}").count() == 0


def test_a_form_sent_twice_has_one_token(new_page: NewPage, site: Visited) -> None:
    """R46: what failed and is sent again is the same form."""
    page = new_page()
    page.goto(site.url)
    tokens = []
    for _ in range(2):
        with site.log_down(), page.expect_request(re.compile("/decide")) as sent:
            press(page, f"{BANNER} [value=accept]")
        tokens.append(re.findall("token=([^&]*)", sent.value.post_data or ""))
    assert tokens[0] == tokens[1]
    assert len(tokens[0][0]) == 24


def test_without_script_the_settings_and_one_embed_at_a_time_are_there(
    new_page: NewPage, site: Visited
) -> None:
    """R17, R18: nothing that needs consent loads, whatever was chosen, but nothing is lost."""
    page = new_page(script=False)
    page.goto(site.url)
    assert page.locator(BANNER).count() == 0
    settings = open_settings(page)
    press(page, settings.locator("[value=accept]"))
    assert "statistics" in granted(page, site)
    page.goto(site.url)
    assert page.locator("#opened").count() == 0
    offered(page, "once").click()
    expect(page.locator(".vc-once iframe")).to_be_visible()
    page.locator(".vc-link a").first.click()
    expect(page).to_have_url(f"{site.url}/")


def test_the_placeholder_and_the_dialog_answer_too(new_page: NewPage, site: Visited) -> None:
    page = new_page()
    page.goto(f"{site.url}/?q=1")
    expect(page.locator(BANNER)).to_be_visible()  # the script that knows the way back has come
    offered(page, "once").click()
    expect(page.locator(SHOWN)).to_be_visible()
    dialog = open_settings(page)
    assert dialog.locator("[name=return]").input_value() == "/?q=1"
    press(page, dialog.locator("[value=reject]"))
    expect(page.locator(BANNER)).to_have_count(0)
    assert granted(page, site) == set()


def test_a_changed_notice_is_told_there_too(new_page: NewPage, site: Visited) -> None:
    """R80: to who has been here before, until it is dismissed."""
    assert site.clock is not None
    page = new_page()
    page.goto(site.url)
    press(page, f"{BANNER} [value=reject]")
    site.clock.pass_days(10)
    try:
        page.goto(site.url)
        expect(page.locator("body > .vc-strip")).to_be_visible()
        press(page, ".vc-strip button")
        expect(page.locator(".vc-strip")).to_have_count(0)
        with page.expect_response(re.compile("/state")) as state:
            page.goto(site.url)
        assert "banner" not in state.value.json()
    finally:
        site.clock.pass_days(-10)


def test_a_page_brought_back_from_memory_asks_again(
    new_page: NewPage, site: Visited, remembering: Browser
) -> None:
    page = new_page(browser=remembering)
    page.add_init_script(TELL)
    page.goto(site.url)
    expect(page.locator(BANNER)).to_be_visible()
    page.goto(f"{site.url}/empty")
    press(page, f"{BANNER} [value=accept]")
    go_back(page)
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ran", "1")
    page.goto(f"{site.url}/empty")
    press(page, open_settings(page).locator("[value=reject]"))
    with page.expect_event("load"):
        go_back(page)
    expect(page.locator(PLACED)).to_be_visible()
    assert page.locator("#opened").count() == 0


def test_where_nothing_may_be_fetched_everything_stays_shut(
    new_page: NewPage, site: Visited
) -> None:
    page = new_page()
    page.goto(f"{site.url}/?csp=closed")
    assert scripted(page)
    page.wait_for_timeout(200)
    assert page.locator(f"{BANNER}, #opened").count() == 0
    page.locator(".vc-link a").click()
    expect(page.locator(".vc-settings")).to_be_visible()
