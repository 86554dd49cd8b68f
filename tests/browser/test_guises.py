"""The banner in every guise: forced colours, less motion, light and dark, a site's own colours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .sites import BANNER, Visited, example


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


def test_switches_and_focus_stay_visible_in_forced_colours(jackbot, new_page):
    """The switch is the system's own checkbox there, and the focus has an outline (R107, R111)."""
    page = new_page(forced_colors="active", reduced_motion="reduce")
    page.goto(jackbot.url)
    page.locator(f"{BANNER} summary").click()
    switch = page.locator(f"{BANNER} [name=statistics]")
    assert switch.evaluate("e => getComputedStyle(e).appearance") == "auto"
    page.keyboard.press("Tab")
    focused = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{focused}.outlineStyle + {focused}.outlineWidth") == "solid3px"
    border = "e => { const s = getComputedStyle(e); return [s.borderTopWidth, s.borderTopStyle] }"
    for edged in (BANNER, f"{BANNER} [value=accept]", f"{BANNER} [value=reject]"):
        assert page.locator(edged).evaluate(border) == ["1px", "solid"]


def test_forced_colours_are_the_systems_and_reduced_motion_changes_no_look(jackbot, new_page):
    """Every colour of the banner is repainted; without motion the same picture stands (R111)."""
    pictures = {}
    for name, media in {
        "plain": {},
        "still": {"reduced_motion": "reduce"},
        "forced": {"forced_colors": "active"},
    }.items():
        page = new_page(**media)
        page.goto(jackbot.url)
        page.locator(f"{BANNER} summary").click()
        page.mouse.move(1200, 20)
        pictures[name] = page.locator(BANNER).screenshot()
        system = page.locator(BANNER).evaluate(
            "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        )
        if name == "forced":
            probe = "e => { e.style = 'background: Canvas; color: CanvasText'; return [%s, %s] }"
            names = ("backgroundColor", "color")
            wanted = probe % tuple(f"getComputedStyle(e).{name}" for name in names)
            assert system == page.locator("body").evaluate(wanted)
    assert pictures["still"] == pictures["plain"]
    assert pictures["forced"] != pictures["plain"]


def test_the_banner_fades_away_unless_motion_is_reduced(jackbot, new_page):
    """120 ms of opacity, and nothing at all for who asks for less motion (R111)."""
    for motion, duration in (("no-preference", "0.12s"), ("reduce", "0s")):
        page = new_page(reduced_motion=motion)
        page.goto(jackbot.url)
        banner = page.locator(BANNER)
        assert banner.evaluate("e => e.getAnimations().length") == 0
        banner.evaluate("e => e.classList.add('vc-leaving')")
        assert banner.evaluate("e => getComputedStyle(e).transitionDuration") == duration


def test_a_theme_of_the_sites_own_reaches_the_banner_by_custom_properties(jackbot, new_page):
    """A plain rule of the site wins over ours, whatever comes first."""
    page = new_page()
    page.goto(jackbot.url)
    page.add_style_tag(content=":root, .visitor-choice { --consent-surface: rgb(1, 2, 3) }")
    colour = page.locator(BANNER).evaluate("e => getComputedStyle(e).backgroundColor")
    assert colour == "rgb(1, 2, 3)"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_with_a_switch_of_its_own_forces_light_or_dark(jackbot, new_page, dark):
    """Whatever the browser prefers: `data-consent-scheme` on the root decides."""
    colours = {}
    for forced in ("", "light", "dark"):
        page = new_page(dark=dark)
        for path, element in (
            ("/", BANNER),
            ("/choices/fi", "body"),
            ("/tietosuojaseloste", "body"),
        ):
            page.goto(jackbot.url + path)
            if forced:
                page.evaluate("s => document.documentElement.dataset.consentScheme = s", forced)
            colours[forced, path] = page.locator(element).first.evaluate(
                "e => getComputedStyle(e).backgroundColor"
            )
    for path in ("/", "/choices/fi", "/tietosuojaseloste"):
        assert colours["light", path] == "rgb(255, 255, 255)"
        assert colours["dark", path] != colours["light", path]
        assert colours["", path] == colours["dark" if dark else "light", path]
