"""Forms that were opened before what they ask about changed: they are renewed, and say so (R35)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from consent.texts import texts
from tests.unit.small_site import TOML
from tests.unit.test_scheduled import LATER

from .sites import (
    BANNER,
    OPTIONAL,
    SHOWN,
    Visited,
    granted,
    offered,
    open_settings,
    placeholder,
    press,
    stage,
    undecided,
)

BODY = """<h1>Sivu</h1>
<template data-consent="counter" data-embed>
<iframe src="/frame" title="Laskuri"></iframe></template>"""
OUTDATED = texts("fi")["error"]["stale"]
both = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """From the new year on, in 47 days, the statistics have one service more."""
    with stage(tmp_path_factory.mktemp("stage"), {"/": BODY}, TOML + LATER) as running:
        yield running


def answer_outdated(page: Page, site: Visited, button: str | Locator) -> None:
    site.clock.pass_days(47)
    press(page, button)


def go_back(page: Page) -> None:
    """Without script the answer comes back to the settings page: leave it by its own link."""
    expect(page.get_by_role("status")).to_have_text(texts("fi")["settings"]["saved"])
    with page.expect_navigation():
        page.get_by_role("link", name=texts("fi")["settings"]["back"]).click()


def focused_in(form: Locator) -> bool:
    return bool(form.evaluate("e => e.contains(document.activeElement)"))


@both
def test_the_banner_is_renewed_where_it_stands(site, new_page, script):
    """It asks what is open still, names what is new, and the next press answers it."""
    page = new_page(script=script)
    page.goto(site.url)
    assert "Kuljetus" not in page.locator(BANNER).text_content()
    answer_outdated(page, site, f"{BANNER} [value=accept]")
    assert granted(page, site) == OPTIONAL - {"statistics"}
    form = page.locator(BANNER if script else ".vc-settings")
    expect(form.get_by_role("alert").first).to_have_text(OUTDATED)
    expect(form).to_contain_text("Kuljetus")
    if script:
        assert form.locator("input[type=checkbox]").count() == 1
        assert form.evaluate("e => getComputedStyle(e).position") == "fixed"
        assert focused_in(form)
    press(page, form.locator("[value=accept]"))
    if not script:
        go_back(page)
    expect(page.locator(BANNER)).to_have_count(0)
    assert page.url == f"{site.url}/"
    assert (granted(page, site), undecided(page, site)) == (OPTIONAL, set())


def test_the_banner_stays_in_the_flow_of_a_notice(site, new_page):
    """Renewed or not, it does not cover the notice (R19)."""
    page = new_page()
    page.goto(f"{site.url}/tietosuojaseloste")
    answer_outdated(page, site, f"{BANNER} [value=accept]")
    expect(page.locator(f"{BANNER} [role=alert]")).to_have_text(OUTDATED)
    assert page.locator(BANNER).evaluate("e => getComputedStyle(e).position") == "static"


@both
def test_the_settings_are_renewed_and_stay_open(site, new_page, script):
    """In the dialog as on the page; what was granted otherwise is kept."""
    page = new_page(script=script)
    page.goto(site.url)
    settings = open_settings(page)
    settings.locator("[name=statistics]").check()
    settings.locator("[name=marketing]").check()
    place = "dialog" if script else ".vc-settings"
    answer_outdated(page, site, f"{place} [value=save]")
    expect(settings.get_by_role("alert").first).to_have_text(OUTDATED)
    expect(settings).to_contain_text("Kuljetus")
    assert granted(page, site) == {"marketing"}
    if script:
        assert focused_in(settings)
    settings.locator("[name=statistics]").check()
    press(page, settings.locator("[value=save]"))
    if script:
        expect(settings).to_have_count(0)
    assert granted(page, site) == {"statistics", "marketing"}


@both
def test_from_a_placeholder_the_settings_open(site, new_page, script):
    """It has no room for what is new."""
    page = new_page(script=script)
    page.goto(site.url)
    button: str | Locator = offered(page, "always")
    if not script:
        with page.expect_navigation():
            offered(page, "always").click()
        button = ".vc-settings [value=accept]"
    answer_outdated(page, site, button)
    assert granted(page, site) == set()
    settings = page.locator("dialog .vc-settings" if script else ".vc-settings")
    expect(settings).to_contain_text("Kuljetus")
    if script:
        expect(placeholder(page).locator("[role=alert]")).to_have_text(OUTDATED)
    press(page, settings.locator("[value=accept]"))
    if not script:
        go_back(page)
    expect(page.locator(SHOWN)).to_have_count(1)
    assert granted(page, site) == OPTIONAL
