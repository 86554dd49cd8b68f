"""The settings as a dialog, and what the visitor is told: saved, failed, changed (R100, R109)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from consent.texts import texts
from tests.unit.patience import until

from .sites import (
    BANNER,
    Visited,
    example,
    granted,
    open_settings,
    press,
    stage,
    ticked,
    undecided,
)

# Collects what a screen reader would say by itself: what comes into a region that is there.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((all) => {
    for (const { target } of all) {
      const element = target.closest ? target : target.parentNode;
      const region = element.closest('[role=status], [role=alert]');
      if (region && region.textContent) heard.push(region.textContent);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
both = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with stage(tmp_path_factory.mktemp("stage"), {"/": "<h1>Sivu</h1>"}) as running:
        yield running


def focused(page: Page, code: str) -> object:
    return page.evaluate(f"(({{activeElement: e}}) => {code})(document)")


def test_the_dialog_has_a_name_takes_the_focus_and_gives_it_back(jackbot, new_page):
    """A native modal dialog; Escape cancels, decides nothing and returns the focus (R11, R100)."""
    page = new_page()
    page.goto(jackbot.url)
    link = page.locator("footer a").last
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Evästeasetukset")
    dialog.wait_for()
    assert dialog.evaluate("e => e.matches(':modal')")
    assert focused(page, "!!e.closest('dialog')")
    page.keyboard.press("Tab")
    assert focused(page, "e.value") == "reject", "the first stop refuses everything (R27)"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert focused(page, "e === document.body || !!e.closest('dialog')"), "behind the dialog"
    dialog.locator("[name=marketing]").check()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focused(page, "e.textContent") == "Evästeasetukset"
    assert len(undecided(page, jackbot)) == 3
    assert page.context.cookies() == []
    assert page.locator(BANNER).is_visible()


def test_the_dialog_closes_by_its_button_and_beside_it_and_decides_nothing(jackbot, new_page):
    """Closing is not choosing (R11); the button stays in view while the content is scrolled."""
    page = new_page(390, 844)
    page.goto(jackbot.url)
    for close in ("button", "beside"):
        dialog = open_settings(page)
        dialog.locator("summary").click()
        dialog.evaluate("e => e.scrollTo(0, 9999)")
        if close == "button":
            dialog.get_by_role("button", name="Sulje").click()
        else:
            page.mouse.click(5, 5)
        expect(dialog).to_have_count(0)
        assert len(undecided(page, jackbot)) == 3


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 800)])
@pytest.mark.parametrize("position", ["left", "right", "bar"])
def test_what_a_withdrawal_says_hides_no_focus_and_gives_it_back(
    jackbot, new_page, monkeypatch, size, position
):
    """It lies on the banner's side; the link that led there stays in view (R100, R102)."""
    banner = replace(jackbot.consent.settings.banner, position=position)
    monkeypatch.setattr(
        jackbot.consent.runtime.edition,
        "settings",
        replace(jackbot.consent.runtime.edition.settings, banner=banner),
    )
    page = new_page(*size)
    page.goto(jackbot.url)
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)
    link = page.locator("footer a").last
    link.focus()
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    press(page, "dialog [value=reject]")
    box = page.locator(".vc-saved")
    box.wait_for()
    assert focused(page, "e.textContent") == "Evästeasetukset"
    lies, led = box.bounding_box(), link.bounding_box()
    assert led["y"] >= 0
    assert led["y"] + led["height"] <= lies["y"]
    left, right = lies["x"], size[0] - lies["x"] - lies["width"]
    assert (right if position == "right" else left) == 16
    assert box.locator("b").inner_text() == texts("fi")["settings"]["saved"]
    before = page.evaluate("scrollY")
    box.get_by_role("button", name="Sulje").click()
    expect(box).to_have_count(0)
    assert focused(page, "e.textContent") == "Evästeasetukset"
    assert page.evaluate("scrollY") == before


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (768, 1024), (1280, 800)])
def test_the_list_of_items_has_room_for_its_words(jackbot, new_page, size):
    """Cards as wide as their row where columns do not fit, in the dialog always (R8)."""
    page = new_page(*size)
    page.goto(jackbot.url)
    dialog = open_settings(page)
    dialog.locator("summary").click()
    widths = """all => all.map((e) => Math.round(
      e.parentNode.clientWidth - e.getBoundingClientRect().width))"""
    assert set(dialog.locator("td").evaluate_all(widths)) == {0}
    page.goto(f"{jackbot.url}/choices/fi")
    cells = page.locator(".vc-settings :is(td, th)")
    if size[0] < 880:
        assert set(page.locator(".vc-settings td").evaluate_all(widths)) == {0}
    spilled = "all => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
    assert cells.evaluate_all(spilled) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_dialog_shows_how_to_save_on_a_phone(jackbot, new_page):
    """All of the rows and the button that saves them, without scrolling."""
    page = new_page(390, 844)
    page.goto(jackbot.url)
    save = open_settings(page).locator("[value=save]").bounding_box()
    assert save["y"] + save["height"] <= 844 - 16


def test_the_banners_link_to_the_services_opens_their_list(jackbot, new_page):
    """Who takes part is one press away, with every item's name (R7, R8)."""
    page = new_page()
    page.goto(jackbot.url)
    page.locator(f"{BANNER} a").first.click()
    expect(page.locator("dialog details")).to_have_attribute("open", "")
    expect(page.locator("dialog")).to_contain_text("_ex_stats")
    assert focused(page, "!!e.closest('dialog details')")


def test_saving_is_announced_without_moving_the_focus(jackbot, new_page):
    """A status message says what was saved (R109)."""
    page = new_page()
    page.goto(jackbot.url)
    page.evaluate(LISTEN)
    press(page, f"{BANNER} [value=accept]")
    saved = texts("fi")["settings"]["saved"]
    page.wait_for_function("saved => heard.includes(saved)", arg=saved)
    assert page.get_by_role("status").inner_text() == saved
    assert focused(page, "e === document.body")


@both
def test_while_the_log_is_down_a_grant_is_refused_with_the_reason(site, new_page, script):
    """The banner stays and says so, nothing is in effect, and refusing works all the same (R34)."""
    page = new_page(script=script)
    page.goto(site.url)
    if script:
        page.evaluate(LISTEN)
    reason = texts("fi")["error"]["log"]
    with site.log_down():
        press(page, f"{BANNER} [value=accept]")
        expect(page.get_by_role("alert").first).to_have_text(reason)
        assert granted(page, site) == set()
        assert len(undecided(page, site)) == 3
        if script:
            assert reason in page.evaluate("heard")
            assert focused(page, "e.value") == "accept"
            press(page, f"{BANNER} [value=reject]")
            expect(page.locator(BANNER)).to_have_count(0)
        else:
            press(page, ".vc-settings [value=reject]")
        assert undecided(page, site) == set()


def test_without_a_connection_the_banner_says_so_and_stays(site, new_page):
    """Pressing again once there is one works."""
    page = new_page()
    page.goto(site.url)
    page.context.set_offline(True)
    page.locator(f"{BANNER} [value=accept]").click()
    expect(page.locator(f"{BANNER} [role=alert]")).to_have_text(texts("fi")["error"]["network"])
    page.context.set_offline(False)
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)


def test_a_second_press_before_the_answer_sends_nothing(site, new_page):
    """One form is one decision, however often it is pressed (R46)."""
    page = new_page()
    page.goto(site.url)
    sent: list[Route] = []
    # The answer comes after both presses, however slow these are.
    page.route("**/choices/decide", lambda route: sent.append(route))
    page.locator(f"{BANNER} [value=accept]").dblclick()
    until(lambda: sent or page.wait_for_timeout(10))
    sent[0].continue_()
    expect(page.locator(BANNER)).to_have_count(0)
    assert len(sent) == 1


@both
def test_a_coming_change_of_the_notice_is_told_until_it_is_put_away(site, new_page, script):
    """To who has answered, in a message of its own; putting it away is no consent (R80-R83)."""
    page = new_page(script=script)
    page.goto(site.url)
    press(page, f"{BANNER} [value=reject]")
    page.goto(site.url)
    strip = page.locator(".vc-strip")
    assert strip.count() == 0
    site.clock.pass_days(10)
    try:
        page.reload()
        expect(strip).to_contain_text("kuljetusyritys")
        assert page.get_by_role("region", name="Ilmoitus").count() == 1
        assert strip.evaluate("e => getComputedStyle(e).paddingLeft") == "20px"
        assert strip.locator("form").evaluate("e => getComputedStyle(e).display") == "flex"
        press(page, strip.get_by_role("button"))
        expect(strip).to_have_count(0)
        page.reload()
        assert strip.count() == 0
        assert (granted(page, site), undecided(page, site)) == (set(), set())
        assert len(page.context.cookies()) == 1
    finally:
        site.clock.pass_days(-10)


def test_what_the_settings_page_saves_it_says_and_shows(site, new_page):
    """The page works the same where it is opened by itself."""
    page = new_page()
    page.goto(f"{site.url}/choices/en?return=/%3Fa=1%26b=2")
    page.locator("[name=statistics]").check()
    with page.expect_navigation():
        page.locator("[value=save]").click()
    expect(page.get_by_role("status")).to_have_text(texts("en")["settings"]["saved"])
    assert ticked(page.locator(".vc-settings")) == {"statistics"}
    with page.expect_navigation():
        page.get_by_role("link", name=texts("en")["settings"]["back"]).click()
    assert page.url == f"{site.url}/?a=1&b=2"
