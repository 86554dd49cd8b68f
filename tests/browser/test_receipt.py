"""Every way to a receipt, with script and without, on every screen and on paper (R45)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from consent.log.receipt import opened, proven
from consent.texts import texts
from tests.html_checker import check
from tests.unit.receipt_samples import FILLED, PUBLIC, SIGNING

from .sites import (
    BANNER,
    LANGUAGES,
    Visited,
    go_on,
    granted,
    open_settings,
    press,
    stage,
    undecided,
)
from .test_accessible import guises

BODY = '<main><h1>Sivu</h1><p>Teksti.</p><p><a href="/p">Toinen</a></p></main>'
NOTE = ".vc-note"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    pages = {"/": BODY, "/p": BODY}
    with stage(tmp_path_factory.mktemp("stage"), pages, FILLED, signing=SIGNING) as running:
        yield running


def answer(page: Page, site: Visited, pressed: str, lang: str = "fi") -> None:
    page.goto(f"{site.url}/p?lang={lang}")
    press(page, f"{BANNER} [value={pressed}]")


def saved_by(page: Page, name: str) -> bytes:
    """What is saved by pressing a button or a link."""
    with page.expect_download() as download:
        page.locator(".vc-actions .vc-button", has_text=name).click()
    assert re.fullmatch(r"receipt-2026-11-15\.json", download.value.suggested_filename)
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_script_a_refusal_is_answered_by_its_receipt(site, new_page, lang):
    """One press refuses; the way on has the focus, so that Enter leads back to the page (R4)."""
    page = new_page(script=False, lang=lang)
    answer(page, site, "reject", lang)
    words = texts(lang)["receipt"]
    expect(page.locator("[role=status]")).to_contain_text(texts(lang)["settings"]["saved"])
    expect(page.locator("h1")).to_have_text(words["title"])
    expect(page.get_by_text(words["nobody"])).to_be_visible()
    assert (granted(page, site), undecided(page, site)) == (set(), set())
    expect(page.locator(".vc-button", has_text=words["continue"])).to_be_focused()
    assert proven(opened(saved_by(page, words["file"])), [PUBLIC])
    page.locator(".vc-button", has_text=words["continue"]).focus()
    go_on(page)
    assert page.url == f"{site.url}/p?lang={lang}"
    assert page.locator(BANNER).count() == 0


def test_a_receipt_that_is_loaded_again_leads_back(site, new_page):
    """R46: the form is sent again, and says nothing new."""
    page = new_page(script=False)
    answer(page, site, "reject")
    size = site.consent.runtime.log.head().size
    page.reload()
    assert page.url == f"{site.url}/p?lang=fi"
    assert site.consent.runtime.log.head().size == size


@pytest.mark.parametrize("pressed", ["accept", "reject"])
@pytest.mark.parametrize("csp", ["", "&csp=strict", "&csp=nonce"], ids=["", "strict", "nonce"])
def test_with_script_one_line_offers_the_receipt_in_place(site, new_page, pressed, csp):
    """The same for who allows and who refuses; the page stays as it is."""
    page = new_page()
    page.goto(f"{site.url}/p?lang=sv{csp}")
    press(page, f"{BANNER} [value={pressed}]")
    note = page.locator(NOTE)
    expect(note).to_be_visible()
    expect(note).to_contain_text(texts("sv")["settings"]["saved"])
    assert page.url == f"{site.url}/p?lang=sv{csp}"
    with page.expect_navigation():
        note.locator(".vc-button").click()
    words = texts("sv")["receipt"]
    expect(page.locator("h1")).to_have_text(words["title"])
    expect(page.locator("tbody td[data-label=Val]")).to_have_text(
        [words["granted" if pressed == "accept" else "denied"]] * 3
    )
    assert proven(opened(saved_by(page, words["file"])), [PUBLIC])
    with page.expect_navigation():
        page.get_by_role("link", name=texts("sv")["settings"]["back"]).click()
    assert page.url == f"{site.url}/p?lang=sv{csp}"


@pytest.mark.parametrize("how", ["escape", "elsewhere"])
def test_the_line_goes_by_escape_and_by_a_press_elsewhere(site, new_page, how):
    page = new_page()
    answer(page, site, "reject")
    expect(page.locator(NOTE)).to_be_visible()
    if how == "escape":
        page.keyboard.press("Escape")
    else:
        page.locator("h1").click()
    expect(page.locator(NOTE)).to_be_hidden()
    assert page.url == f"{site.url}/p?lang=fi"


def test_the_line_stands_in_the_tab_that_answered_and_no_other(site, new_page):
    page = new_page()
    page.goto(f"{site.url}/p")
    other = page.context.new_page()
    other.goto(f"{site.url}/p")
    press(page, f"{BANNER} [value=reject]")
    expect(page.locator(NOTE)).to_be_visible()
    expect(other.locator(BANNER)).to_have_count(0)
    assert other.locator(NOTE).count() == 0


def test_a_withdrawal_by_script_has_its_receipt_beside_what_it_says(site, new_page):
    page = new_page()
    answer(page, site, "accept")
    page.reload()
    press(page, open_settings(page).locator("[value=reject]"))
    box = page.locator(".vc-saved")
    expect(box).to_be_visible()
    with page.expect_navigation():
        box.get_by_role("button", name=texts("fi")["receipt"]["link"]).click()
    expect(page.get_by_text(texts("fi")["receipt"]["dropped"])).to_be_visible()
    assert proven(opened(saved_by(page, texts("fi")["receipt"]["file"])), [PUBLIC])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_the_settings_to_the_receipt_and_out_of_the_consent(site, new_page, script):
    """Three presses from any page: settings, receipt, withdrawn; and it is over (R27)."""
    page = new_page(script=script)
    answer(page, site, "accept")
    page.goto(f"{site.url}/p")
    settings = open_settings(page)
    with page.expect_navigation():
        settings.get_by_role("link", name=texts("fi")["receipt"]["open"]).click()
    assert granted(page, site) != set()
    with page.expect_navigation():
        page.get_by_role("button", name=texts("fi")["receipt"]["withdraw"]).click()
    assert (granted(page, site), undecided(page, site)) == (set(), set())
    expect(page.locator("[role=status]")).to_contain_text(texts("fi")["settings"]["saved"])
    go_on(page)
    assert page.url == f"{site.url}/p"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    toml = f'{FILLED}\n[enforcement]\npolicy = "enforce"\n'
    with stage(tmp_path_factory.mktemp("held"), {"/p": BODY}, toml) as running:
        yield running


def test_where_a_policy_holds_refusing_stays_in_the_page(held, new_page):
    """It takes no more than allowing, which comes back with another policy (R4)."""
    page = new_page()
    page.goto(f"{held.url}/p")
    page.evaluate("window.before = true")
    press(page, f"{BANNER} [value=reject]")
    expect(page.locator(NOTE)).to_be_visible()
    assert page.evaluate("window.before")
    assert (granted(page, held), undecided(page, held)) == (set(), set())
    allowing = new_page()
    allowing.goto(f"{held.url}/p")
    with allowing.expect_navigation():
        allowing.locator(f"{BANNER} [value=accept]").click()
    assert allowing.url == f"{held.url}/p"
    assert allowing.locator(BANNER).count() == 0


@guises
def test_axe_finds_nothing_on_a_receipt_and_nothing_is_cut_off(site, new_page, axe, width, dark):
    """In the reply, by its cookie, for who has none, and the line in the page (R104)."""
    found: dict[str, list[str]] = {}
    wide = "document.documentElement.scrollWidth > innerWidth"
    page: Page = new_page(width, 800, dark=dark, script=False)
    page.goto(f"{site.url}/choices/sv/receipt")
    found["none"] = axe(page)
    answer(page, site, "reject")
    found["reply"] = axe(page)
    assert not page.evaluate(wide)
    page = new_page(width, 800, dark=dark)
    answer(page, site, "accept")
    expect(page.locator(NOTE)).to_be_visible()
    expect(page.locator(BANNER)).to_have_count(0)  # its words are pale while it fades
    found["note"] = axe(page)
    assert not page.evaluate(wide)
    page.goto(f"{site.url}/choices/en/receipt")
    found["receipt"] = axe(page)
    assert not page.evaluate(wide)
    assert {state: faults for state, faults in found.items() if faults} == {}


def test_a_printed_receipt_is_all_of_it_without_what_only_a_screen_needs(site, new_page):
    page = new_page(script=False)
    answer(page, site, "reject")
    page.emulate_media(media="print")
    for screen in (".vc-receipt-saved", ".vc-receipt-page .vc-actions"):
        for element in page.locator(screen).all():
            assert not element.is_visible()
    for kept in ("h1", ".vc-notice-meta", "table", ".vc-notice-box", ".vc-receipt-text > dl"):
        assert page.locator(kept).is_visible(), kept
    assert PUBLIC in page.locator(".vc-receipt-text").inner_text()


def test_every_receipt_is_valid_html(site, new_page):
    page = new_page(script=False)
    pages = {}
    for lang in LANGUAGES:
        page.goto(f"{site.url}/choices/{lang}/receipt")
        pages[f"none {lang}"] = page.content()
    for pressed in ("reject", "accept"):
        page = new_page(script=False)
        form = page.request.get(f"{site.url}/choices/fi").text()
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        data = {**found, "return": "/p?a=1&b", "decision": pressed}
        reply = page.request.post(f"{site.url}/choices/decide", form=data).text()
        pages[pressed] = reply
        for lang in LANGUAGES:
            address = f"{site.url}/choices/{lang}/receipt?return=/p%3Fa=1%26b"
            pages[f"{pressed} {lang}"] = page.request.get(address).text()
    assert "vc-receipt-saved" in pages["reject"]
    assert "data-label" in pages["accept sv"]
    assert {name: faults for name, faults in check(pages).items() if faults} == {}
