"""Every way through the choice, with script and without, in every language (R4, R17, R26-R28)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from consent.texts import texts
from examples.jackbot.site import PATHS

from .sites import (
    BANNER,
    LANGUAGES,
    OPTIONAL,
    Visited,
    example,
    go_on,
    granted,
    open_settings,
    press,
    ticked,
    undecided,
)

WAYS = [(script, lang) for script in (True, False) for lang in LANGUAGES]
ways = pytest.mark.parametrize(
    ("script", "lang"), WAYS, ids=[f"{lang}-{'script' if s else 'no script'}" for s, lang in WAYS]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


def visit(page: Page, site: Visited, lang: str, name: str = "home") -> None:
    page.goto(site.url + PATHS[name][lang])


@ways
def test_one_press_accepts_everything(site, new_page, script, lang):
    """Accepting takes one press, stays for the next page and runs what waited (R4)."""
    page = new_page(script=script, lang=lang)
    visit(page, site, lang)
    assert granted(page, site) == set()
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)
    assert granted(page, site) == OPTIONAL
    go_on(page)
    assert page.url == site.url + PATHS["home"][lang]
    expect(page.locator(".state .on").first).to_be_visible()
    visit(page, site, lang, "news")
    assert page.locator(BANNER).count() == 0


@ways
def test_one_press_refuses_everything(site, new_page, script, lang):
    """Refusing takes one press too, and nothing of third parties comes (R1, R4).

    With script the page stays; without, the receipt leads back to it, since none comes later (R43).
    """
    page = new_page(script=script, lang=lang)
    site.seen()
    visit(page, site, lang, "intro")
    press(page, f"{BANNER} [value=reject]")
    expect(page.locator(BANNER)).to_have_count(0)
    assert (granted(page, site), undecided(page, site)) == (set(), set())
    go_on(page)
    assert page.url == site.url + PATHS["intro"][lang]
    for name in ("intro", "contact"):
        visit(page, site, lang, name)
        assert page.locator(BANNER).count() == 0
    assert site.seen() == {}


@ways
def test_a_choice_is_saved_shown_again_changed_and_withdrawn(site, new_page, script, lang):
    """What was chosen is what the settings show (R28), and two presses take all back (R27)."""
    t = texts(lang)
    page = new_page(script=script, lang=lang)
    visit(page, site, lang)
    page.locator(f"{BANNER} summary").click()
    assert ticked(page.locator(BANNER)) == set()
    page.locator(f"{BANNER} [name=statistics]").check()
    press(page, f"{BANNER} [value=save]")
    expect(page.locator(BANNER)).to_have_count(0)
    assert (granted(page, site), undecided(page, site)) == ({"statistics"}, set())
    go_on(page)

    settings = open_settings(page)
    expect(settings.locator("h1, h2").first).to_have_text(t["settings"]["title"])
    assert ticked(settings) == {"statistics"}
    settings.locator("[name=statistics]").uncheck()
    settings.locator("[name=preferences]").check()
    press(page, settings.locator("[value=save]"))
    assert granted(page, site) == {"preferences"}
    if not script:
        expect(page.locator("[role=status]")).to_contain_text(t["settings"]["saved"])
        assert ticked(page.locator(".vc-settings")) == {"preferences"}
        with page.expect_navigation():
            page.get_by_role("link", name=t["settings"]["back"]).click()
    visit(page, site, lang, "services")
    settings = open_settings(page)
    assert ticked(settings) == {"preferences"}
    first = settings.locator("a, button, summary, input:not([type=hidden])").first
    assert first.get_attribute("value") == "reject"
    press(page, settings.locator("[value=reject]"))
    assert (granted(page, site), undecided(page, site)) == (set(), set())


@ways
def test_the_banner_speaks_the_language_of_the_page(site, new_page, script, lang):
    """Words, `lang` and address are the page's, whatever the browser's language is (R14, R15)."""
    page = new_page(script=script, lang="de-DE")
    visit(page, site, lang)
    banner, t = page.locator(BANNER), texts(lang)["banner"]
    assert banner.get_attribute("lang") == lang
    assert banner.locator("h2").inner_text() == t["heading"]
    labels = [button.inner_text() for button in banner.get_by_role("button").all()]
    assert labels == [t["accept"], t["reject"]]
    assert f"/choices/{lang}" in str(banner.locator("p a").first.get_attribute("href"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_settings_link_is_the_last_of_the_footer_on_every_page(site, new_page, script):
    """It has the same name and stands in the same place everywhere (R26, R112)."""
    page = new_page(script=script)
    for lang in LANGUAGES:
        for name in PATHS:
            visit(page, site, lang, name)
            last = page.locator("footer a").last
            assert last.inner_text() == texts(lang)["settings"]["link"]
            assert re.fullmatch(f"/choices/{lang}(\\?.*)?", str(last.get_attribute("href")))
        for path in (f"/choices/{lang}/nothing", "/choices/embed?e=forged"):
            page.goto(site.url + path)
            assert page.locator("a[href^='/choices/']").count() == 1
        missing = f"{site.consent.settings.notices.paths[lang]}/2099.1"
        page.goto(site.url + missing)
        assert page.locator(f"a[href^='/choices/{lang}']:not({BANNER} a)").count() == 1
        page.goto(site.url + str(site.consent.settings.notices.paths[lang]))
        assert page.locator(f"p.vc-link a[href^='/choices/{lang}']").count() == 1


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_enter_in_a_checkbox_saves_what_is_shown(site, new_page, script):
    """Return sends the choice as it stands, and does not accept everything."""
    page = new_page(script=script)
    visit(page, site, "fi")
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=statistics]").check()
    enter = page.locator(f"{BANNER} [name=marketing]")
    if script:
        enter.press("Enter")
        expect(page.locator(BANNER)).to_have_count(0)
    else:
        with page.expect_navigation():
            enter.press("Enter")
    assert granted(page, site) == {"statistics"}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("pressed", ["accept", "reject"])
def test_the_way_back_keeps_the_address_with_its_query(site, new_page, script, pressed):
    """After any answer the visitor is on the page where they were (R119)."""
    page = new_page(script=script)
    address = f"{site.url}/palvelut?a=1&b=%C3%A4&c=x+y"
    page.goto(address)
    press(page, f"{BANNER} [value={pressed}]")
    go_on(page)
    assert page.url == address


@pytest.mark.parametrize("answer", ["none", "accept", "reject"])
def test_the_settings_page_leads_back_to_where_its_link_stood(site, new_page, answer):
    """From the site's own footer too, without script, before saving and after it (R119)."""
    page = new_page(script=False)
    address = f"{site.url}/palvelut?a=1&b=%C3%A4&c=x+y"
    page.goto(address)
    settings = open_settings(page)
    if answer != "none":
        press(page, settings.locator(f"[value={answer}]"))
        expect(page.locator("[role=status]")).to_be_visible()
    name = (
        texts("fi")["receipt"]["continue"]
        if answer == "reject"
        else texts("fi")["settings"]["back"]
    )
    with page.expect_navigation():
        page.get_by_role("link", name=name).click()
    assert page.url == address


def test_the_banner_stays_away_after_a_reload_and_a_restart(site, new_page):
    """A refusal is remembered as long as the browser keeps its cookies (R21)."""
    page = new_page()
    visit(page, site, "fi")
    press(page, f"{BANNER} [value=reject]")
    page.reload()
    assert page.locator(BANNER).count() == 0
    kept = page.context.storage_state()
    assert all(cookie["expires"] > 0 for cookie in kept["cookies"])
    again = new_page(storage_state=kept)
    visit(again, site, "sv")
    assert again.locator(BANNER).count() == 0
