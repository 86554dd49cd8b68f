"""Pages that the browser fetches or renders ahead, before an answer, and shows after it (R120).

A browser under Playwright's control fetches ahead, but refuses to render ahead
(`PrerenderingDisabledByDevTools`): there the page is told by hand that it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.sites import BANNER, Visited, open_settings, press, stage
from tests.browser.test_memory import GATE
from tests.unit.small_site import TOML

BEFORE = """<a href="/">Eteenpäin</a>
<script type="speculationrules">
{"prefetch": [{"urls": ["/"], "eagerness": "immediate"}]}</script>"""
HOW = "performance.getEntriesByType('navigation')[0].deliveryType"
SHOWN = "document.dispatchEvent(new Event('prerenderingchange'))"


@pytest.fixture(scope="module", params=["per visitor", "cacheable"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visited]:
    more = "\n[enforcement]\ncacheable = true\n" if request.param == "cacheable" else ""
    with stage(tmp_path_factory.mktemp("ahead"), {"/": GATE, "/before": BEFORE}, TOML + more) as on:
        yield on


def test_a_page_fetched_before_the_answer_is_shown_as_after_it(
    new_page: NewPage, site: Visited
) -> None:
    page = new_page()
    with page.context.expect_event("response", lambda got: got.url == f"{site.url}/"):
        page.goto(f"{site.url}/before")
    press(page, f"{BANNER} [value=accept]")
    page.get_by_text("Eteenpäin").click()
    page.wait_for_url(f"{site.url}/")
    assert page.evaluate(HOW) == "navigational-prefetch"
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()


def answered_elsewhere(page: Page, new_page: NewPage, site: Visited, value: str) -> None:
    """Answer where this page hears nothing of it, as none does that is not shown yet."""
    other = new_page()
    other.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other.goto(f"{site.url}/before")
    press(other, open_settings(other).locator(f"[value={value}]"))
    page.context.add_cookies(other.context.cookies())  # type: ignore[arg-type]


def test_a_page_rendered_before_the_answer_is_shown_as_after_it(
    new_page: NewPage, site: Visited
) -> None:
    """And what was rendered under a grant that was withdrawn since is loaded anew (R29)."""
    page = new_page()
    page.goto(site.url)
    expect(page.locator(BANNER)).to_be_visible()
    answered_elsewhere(page, new_page, site, "accept")
    page.evaluate(SHOWN)
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()
    answered_elsewhere(page, new_page, site, "reject")
    with page.expect_event("load"):
        page.evaluate(SHOWN)
    assert page.locator("#opened").count() == 0
