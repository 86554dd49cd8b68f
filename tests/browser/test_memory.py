"""Pages that the browser keeps in memory whole, and shows again as they were left (R29, R120)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from .sites import BANNER, Visited, open_settings, press, stage

GATE = """<p>Ennen.</p>
<template data-consent="statistics"><p id="opened">Avattu.</p>
<script>document.body.dataset.ran = 1</script></template>"""
BACK = "brought back from memory"
TELL = f"addEventListener('pageshow', (event) => event.persisted && console.log('{BACK}'))"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    bodies = {"/": GATE, "/empty": "<p>Tyhjä.</p>"}
    with stage(tmp_path_factory.mktemp("stage"), bodies) as running:
        yield running


@pytest.fixture
def page(new_page: Callable[..., Page], remembering: Browser) -> Page:
    """A page whose visitor can go back to what is in memory."""
    page: Page = new_page(browser=remembering)
    page.add_init_script(TELL)
    return page


def go_back(page: Page) -> None:
    """Go back to the page before, which comes from memory: one that is loaded tells nothing."""
    with page.expect_console_message(lambda said: said.text == BACK):
        page.go_back(wait_until="commit")


def test_a_page_brought_back_shows_what_was_chosen_meanwhile(page, site):
    """The banner that stood in it is gone, and its gates are open."""
    page.goto(site.url)
    page.goto(f"{site.url}/empty")
    press(page, f"{BANNER} [value=accept]")
    go_back(page)
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()


def test_a_page_brought_back_hears_other_tabs_again(page, site):
    """While it was away it could not; what they choose from now on it follows at once."""
    page.goto(site.url)
    page.goto(f"{site.url}/empty")
    go_back(page)
    expect(page.locator(BANNER)).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{site.url}/empty")
    press(other, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()


def test_a_page_brought_back_after_a_withdrawal_is_loaded_anew(page, site):
    """What runs in it, though withdrawn since, ends with it (R29)."""
    page.goto(site.url)
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator("body")).to_have_attribute("data-ran", "1")
    page.goto(f"{site.url}/empty")
    press(page, open_settings(page).locator("[value=reject]"))
    with page.expect_event("load"):
        go_back(page)
    assert page.locator("body").get_attribute("data-ran") is None
    assert page.locator("#opened").count() == 0
