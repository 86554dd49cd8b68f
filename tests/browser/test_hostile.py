"""Hostile Markdown in a real browser: as a notice it runs nothing and asks for nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from consent.notice.render import render
from tests.unit.hostile_samples import ATTRIBUTES, HOSTILE, TAGS, documents
from tests.unit.notice_samples import declaration

ADDRESS = "https://shop.example/tietosuojaseloste"
SECTION = "<section data-number='{}'>{}</section>"
FOUND = """([tags, attributes]) => {
  const found = [];
  for (const section of document.querySelectorAll("section[data-number]")) {
    for (const element of section.querySelectorAll("*")) {
      const names = element.getAttributeNames();
      if (!tags.includes(element.localName)
          || element.namespaceURI !== "http://www.w3.org/1999/xhtml"
          || names.some((name) => !attributes.includes(name))) found.push(element.outerHTML);
      if (element.href && !/^(https|mailto|tel):/.test(element.href)) found.push(element.href);
    }
  }
  const sections = [...document.querySelectorAll("section[data-number]")];
  const kept = (s) => s.querySelector("#a") && s.querySelector("#b") && s.querySelector("table");
  return [found, sections.length, sections.filter((s) => !kept(s)).map((s) => s.outerHTML)];
}"""


def page_of(bodies: list[str]) -> str:
    sections = "".join(SECTION.format(place, body) for place, body in enumerate(bodies))
    return f"<!DOCTYPE html><html lang='fi'><title>x</title><body>{sections}</body></html>"


def test_a_browser_finds_nothing_hostile_in_two_thousand_notices(new_page: Any) -> None:
    """Every element and attribute is of the allow-list; no script ran, no request left."""
    bodies = []

    # How long one takes says what else the machine does.
    @settings(
        max_examples=2000,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(documents, st.sampled_from(HOSTILE)))
    def make(markdown: str) -> None:
        text = f"## A {{#a}}\n\n{markdown}\n\n| a |\n|---|\n| b |\n\n## B {{#b}}\n"
        page = render(text, "fi", declaration=declaration(), settings_address="/choices/fi")
        bodies.append(page.body)

    make()
    page: Page = new_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (asked.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: asked.append(f"console: {message.text}"))
    page.route("**/*", lambda route: route.abort())
    page.route(ADDRESS, lambda route: route.fulfill(body=page_of(bodies), content_type="text/html"))
    page.goto(ADDRESS)
    found, many, hidden = page.evaluate(FOUND, [sorted(TAGS), sorted(ATTRIBUTES)])
    assert (found, hidden) == ([], [])
    assert many == len(bodies) >= 2000
    assert asked == [ADDRESS]
