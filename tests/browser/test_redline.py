"""A redline in a real browser: to read on any window, to hear, and to print whole (R77)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from consent.cli import main
from tests.html_checker import check
from tests.unit.redline_samples import NEW, OLD

from .sites import LANGUAGES, Visited, stage

WIDTHS = (320, 768, 1280)


@pytest.fixture(scope="module")
def redline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the command line writes, which needs nothing else."""
    folder = tmp_path_factory.mktemp("redline")
    wide = "| a | b |\n| --- | --- |\n" + f"| {'pitkä' * 12} | x |\n"
    (folder / "old.md").write_text(f"{OLD}\n## Pitkä {{#long}}\n\n{'Vanha. ' * 40}\n", "utf-8")
    (folder / "new.md").write_text(f"{NEW}\n## Pitkä {{#long}}\n\n{wide}", "utf-8")
    words = [str(folder / name) for name in ("old.md", "new.md")]
    page = folder / "redline.html"
    assert main(["notice", "diff", *words, "--format", "html", "-o", str(page)]) == 0
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with stage(tmp_path_factory.mktemp("stage"), {"/": "<h1>Sivu</h1>"}) as running:
        yield running


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_redline_fits_the_window_and_axe_finds_nothing(redline, new_page, axe, width, dark):
    """R105, WCAG 2.2 AA; its own policy lets its styles in and nothing is reported."""
    # The page forbids all script, axe's too; what it forbids is judged below.
    page: Page = new_page(width, 800, dark=dark, bypass_csp=True)
    page.goto(redline.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


def test_a_page_that_stands_alone_is_styled_under_its_own_policy(redline, new_page):
    page: Page = new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(redline.as_uri())
    lines = [
        page.locator(f".vc-redline {tag}").first.evaluate(
            "e => getComputedStyle(e).textDecorationLine"
        )
        for tag in ("ins", "del")
    ]
    assert lines == ["underline", "line-through"]
    assert told == []


def test_what_is_folded_is_printed(redline, new_page):
    """On paper every part stands open, and what only a screen needs is left out."""
    page: Page = new_page()
    page.goto(redline.as_uri())
    folded = page.locator("details.vc-redline-same > p").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.bounding_box()["height"] > 10
    assert not page.locator(".vc-redline-nav").is_visible()
    ink = page.locator("ins").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert ink == "rgba(0, 0, 0, 0)"


def test_a_printed_redline_is_without_the_way_back_and_breaks_no_name(site, new_page):
    """In the tables of cookies, which are long, a name stands on one line."""
    page: Page = new_page(660, 900)  # as wide as a sheet of paper
    page.goto(f"{site.url}/tietosuojaseloste/muutokset/2026.1..2026.2")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert not page.locator(".vc-notice-top").is_visible()
    lines = page.locator(".vc-redline td code").evaluate_all(
        "codes => codes.map((code) => code.getClientRects().length)"
    )
    assert len(lines) > 5
    assert set(lines) == {1}


def test_changes_are_heard(redline, new_page):
    """The accessibility tree has insertions and deletions, and their words."""
    page: Page = new_page()
    page.goto(redline.as_uri())
    tree = page.locator(".vc-redline").aria_snapshot()
    assert re.search(r'deletion: "\[poistettu: tain ?\]"', tree)
    assert re.search(r'insertion: "\[lisätty: tai ?\]"', tree)
    assert 'region "Kuinka kauan tietoja säilytetään?"' in tree


def test_every_redline_that_is_served_is_valid(redline, site):
    pages = {"alone": redline.read_text("utf-8")}
    site.clock.pass_days(10)
    try:
        for lang in LANGUAGES:
            path = site.consent.settings.notices.paths[lang]
            words = {"fi": "muutokset", "sv": "andringar", "en": "changes"}[lang]
            for pair in ("2026.1..2026.2", "2026.1..2027.1"):
                answer = httpx.get(f"{site.url}{path}/{words}/{pair}")
                assert answer.status_code == 200
                pages[f"{lang} {pair}"] = answer.text
    finally:
        site.clock.pass_days(-10)
    assert {name: faults for name, faults in check(pages).items() if faults} == {}
