"""Pages that change without being loaded: content put in later, and bodies swapped (R1, R26, R120).

What stands for htmx and Turbo here does what they do to the page, in the fewest words.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.sites import BANNER, Visited, open_settings, press, stage
from tests.unit.small_site import TOML

NOTE = "document.body.dataset.ran = (document.body.dataset.ran || '') + '%s'"
PART = f"""<div id="part"><template data-consent="statistics"><p id="opened">Avattu.</p>
<script>{NOTE % 1}</script></template>
<script type="text/plain" data-category="statistics">{NOTE % 2}</script>
<template data-consent="marketing"><p id="shut">Kiinni.</p></template></div>"""

# htmx: a reply is parsed, its scripts made anew, and the target's content replaced.
HTMX = """async ([url, target]) => {
  const text = await (await fetch(url, { headers: { "HX-Request": "true" } })).text();
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...parsed.body.childNodes);
  fragment.querySelectorAll("script").forEach((old) => {
    const script = document.createElement("script");
    [...old.attributes].forEach(({ name, value }) => script.setAttribute(name, value));
    script.textContent = old.textContent;
    old.replaceWith(script);
  });
  history.pushState({}, "", url);
  document.querySelector(target).replaceChildren(fragment);
}"""
# Turbo: the page before is kept as it stands, the new body takes the old one's place, and its
# scripts are run.
TURBO = """async (url) => {
  window.snapshots ||= {};
  snapshots[location.pathname] = document.body.cloneNode(true);
  const text = await (await fetch(url, { headers: { accept: "text/html" } })).text();
  const { body, title } = new DOMParser().parseFromString(text, "text/html");
  history.pushState({}, "", url);
  document.title = title;
  document.documentElement.replaceChild(document.adoptNode(body), document.body);
  document.body.querySelectorAll("script").forEach((old) => {
    const script = document.createElement("script");
    [...old.attributes].forEach(({ name, value }) => script.setAttribute(name, value));
    script.textContent = old.textContent;
    script.async = false;
    old.replaceWith(script);
  });
}"""
RESTORE = """(path) => {
  history.pushState({}, "", path);
  document.documentElement.replaceChild(snapshots[path].cloneNode(true), document.body);
}"""
PUSH = """(html) => {
  history.pushState({}, "", "/elsewhere");
  document.querySelector("main").innerHTML = html;
}"""
BODY = """(html) => { document.body.innerHTML = html; }"""


@pytest.fixture(scope="module", params=["per visitor", "cacheable"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    bodies = {"/": "<main><p>Etusivu.</p></main>", "/next": f"<main>{PART}</main>", "/part": PART}
    more = "\n[enforcement]\ncacheable = true\n" if request.param == "cacheable" else ""
    with stage(tmp_path_factory.mktemp("soft"), bodies, TOML + more) as running:
        yield running


@pytest.fixture
def page(new_page: NewPage, site: Visited) -> Page:
    page: Page = new_page()
    page.goto(site.url)
    expect(page.locator(BANNER)).to_be_visible()
    return page


def allow_statistics(page: Page) -> None:
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=statistics]").check()
    press(page, f"{BANNER} [value=save]")
    expect(page.locator(BANNER)).to_have_count(0)


def go(page: Page, way: str) -> None:
    """Bring the part into the page in one of the ways that sites have."""
    if way == "push":
        page.evaluate(PUSH, PART)
    elif way == "htmx":
        page.evaluate(HTMX, ["/part", "main"])
    elif way == "turbo":
        page.evaluate(TURBO, "/next")
    else:
        page.evaluate(BODY, f"<main>{PART}</main>")
    page.locator("#part").wait_for(state="attached")


WAYS = ["push", "htmx", "turbo", "body"]


@pytest.mark.parametrize("way", WAYS)
def test_gates_that_come_later_open_if_they_are_allowed(page: Page, way: str) -> None:
    allow_statistics(page)
    go(page, way)
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ran", "12")
    assert page.locator("#shut").count() == 0
    expect(page.locator(BANNER)).to_have_count(0)


@pytest.mark.parametrize("way", WAYS)
def test_gates_that_come_later_stay_shut_until_they_are_allowed(page: Page, way: str) -> None:
    """And the banner that asks for them stays, or comes along."""
    go(page, way)
    expect(page.locator(BANNER)).to_be_visible()
    expect(page.locator(BANNER)).to_have_count(1)
    page.wait_for_timeout(100)
    assert page.locator("#opened, #shut").count() == 0
    assert page.locator("body").get_attribute("data-ran") is None
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("#shut")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-ran", "12")


@pytest.mark.parametrize("way", WAYS)
def test_the_settings_open_wherever_the_page_has_gone(page: Page, way: str) -> None:
    """R26: the link is there, once, and leads to the dialog."""
    press(page, f"{BANNER} [value=reject]")
    go(page, way)
    expect(page.locator(".vc-link")).to_have_count(1)
    dialog = open_settings(page)
    press(page, dialog.locator("[value=accept]"))
    expect(page.locator("#opened")).to_be_visible()
    expect(page.locator("[role=status]")).to_contain_text("tallennettu")


def test_a_page_from_before_the_answer_comes_back_without_its_banner(page: Page) -> None:
    """R120: as Turbo shows a copy of its own; what was allowed meanwhile opens in it."""
    page.evaluate(TURBO, "/next")
    expect(page.locator(BANNER)).to_be_visible()
    page.evaluate(TURBO, "/part")
    expect(page.locator(BANNER)).to_be_visible()
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)
    page.evaluate(RESTORE, "/next")
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator("#opened")).to_be_visible()


def test_a_banner_that_somebody_takes_out_stays_out(page: Page) -> None:
    """Extensions do so: putting it back would be a quarrel without end."""
    page.evaluate(f"document.querySelector('{BANNER}').remove()")
    page.wait_for_timeout(100)
    assert page.locator(BANNER).count() == 0
