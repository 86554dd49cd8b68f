"""The notice's pages in a real browser: short form first, history, days and tables on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.html_checker import check

from .sites import Visited, stage

WIDTHS = (320, 768, 1280)
PATHS = {"fi": "/tietosuojaseloste", "sv": "/sv/dataskydd", "en": "/en/privacy"}
HISTORY = {"fi": "historia", "sv": "historik", "en": "history"}
DAY = {"fi": "voimassa", "sv": "gallande", "en": "in-force"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    page = "<h1>Sivu</h1><p>Tekstiä.</p>"
    with stage(tmp_path_factory.mktemp("stage"), {"/": page}) as running:
        yield running


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("rest", ["historia", "voimassa/2026-11-01", "2026.1"])
def test_a_page_about_the_notice_fits_the_window_and_axe_finds_nothing(
    site: Visited, new_page, axe, rest: str, width: int, dark: bool
) -> None:
    """R105, WCAG 2.2 AA."""
    page: Page = new_page(width, 800, dark=dark)
    page.goto(f"{site.url}/tietosuojaseloste/{rest}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


@pytest.mark.parametrize("lang", PATHS)
def test_no_word_of_a_title_is_torn_on_a_phone(site: Visited, new_page, lang: str) -> None:
    """At 320 px, in any font: a long word breaks where it may, as Dataskydds-beskrivningens."""
    page: Page = new_page(320, 800)
    for rest in ("", f"/{HISTORY[lang]}"):
        page.goto(f"{site.url}{PATHS[lang]}{rest}")
        lines = page.locator("h1").evaluate(
            r"""h1 => {
              const node = h1.firstChild, range = document.createRange()
              return [...node.data.matchAll(/[^\s\u00AD]+/g)].map(word => {
                range.setStart(node, word.index + 1)  // a hyphen before counts to the first letter
                range.setEnd(node, word.index + word[0].length)
                return [...range.getClientRects()].filter(box => box.width > 0).length
              })
            }"""
        )
        assert lines == [1] * len(lines), rest


def test_every_table_is_read_on_a_phone_with_its_columns_named(site: Visited, new_page) -> None:
    """R69: at 320 px each cell stands in the window, under the name of its column."""
    page: Page = new_page(320, 800)
    page.goto(f"{site.url}/tietosuojaseloste")
    cells = page.locator(".vc-notice-body td")
    seen = cells.evaluate_all(
        """cells => cells.filter(c => c.textContent.trim()).map(c => {
          const box = c.getBoundingClientRect(), first = c === c.parentElement.firstElementChild
          return [box.left >= 0 && box.right <= innerWidth,
                  first || getComputedStyle(c, "::before").content.length > 3,
                  c.scrollWidth <= c.clientWidth + 1]
        })"""
    )
    assert len(seen) > 20
    assert all(all(each) for each in seen)


def test_the_banner_leads_to_the_section_about_cookies(site: Visited, new_page) -> None:
    page: Page = new_page(390, 700)
    page.goto(f"{site.url}/")
    page.locator("#visitor-choice a[href*='#cookies']").click()
    expect(page).to_have_url(f"{site.url}/tietosuojaseloste#cookies")
    expect(page.locator("#cookies")).to_be_in_viewport()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_reader_finds_what_was_in_force_on_a_day_and_compares_two(
    site: Visited, new_page, script: bool
) -> None:
    page: Page = new_page(script=script)
    page.goto(f"{site.url}/tietosuojaseloste")
    page.locator('.vc-notice-foot a[href$="/historia"]').click()
    form = page.locator('form[action$="/voimassa"]')
    form.locator("input").fill("2026-02-03")
    form.locator("button").click()
    expect(page).to_have_url(f"{site.url}/tietosuojaseloste/voimassa/2026-02-03")
    expect(page.locator(".vc-notice-status")).to_contain_text("oli voimassa 3. helmikuuta 2026")
    page.go_back()
    form = page.locator('form[action$="/muutokset"]')
    form.locator("button").click()
    expect(page).to_have_url(f"{site.url}/tietosuojaseloste/muutokset/2026.1..2026.2")


def test_the_block_of_data_is_no_script_to_any_policy(site: Visited, new_page) -> None:
    """CSP 3: what is never run asks no nonce, and nothing is reported."""
    page: Page = new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))

    def strict(route) -> None:
        answer = route.fetch()
        policy = "default-src 'none'; style-src 'self'; script-src 'none'"
        headers = {**answer.headers, "content-security-policy": policy}
        route.fulfill(response=answer, headers=headers)

    page.route("**/tietosuojaseloste/2026.1", strict)
    page.goto(f"{site.url}/tietosuojaseloste/2026.1")
    block = page.locator('script[type="application/ld+json"]').text_content()
    assert json.loads(block or "")["mainEntity"]["version"] == "2026.1"
    assert not [text for text in told if "ld+json" in text or "inline script" in text]


def test_every_page_about_the_notice_is_valid(site: Visited) -> None:
    pages = {}
    for lang, path in PATHS.items():
        for rest in ("", f"/{HISTORY[lang]}", f"/{DAY[lang]}/2026-11-01", f"/{DAY[lang]}/x"):
            pages[f"{lang} {rest}"] = httpx.get(f"{site.url}{path}{rest}").text
    assert {name: faults for name, faults in check(pages).items() if faults} == {}
