"""The colours that a browser computes on our own grounds, against what they stand on (R104)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import NewPage
from tests.browser.sites import BANNER, Visited, placeholder, stage
from tests.unit.small_site import TOML

EMBED = """<template data-consent="video" data-embed>
<iframe src="/frame" width="560" height="315" title="Video"></iframe></template>"""
# Greys that a theme may just have, and no lighter or darker ones.
TIGHT = """
[theme]
light = { muted = "#6b6b6b", border = "#888888", accent = "#6b6b6b" }
dark = { muted = "#959595", border = "#777777", accent = "#959595" }
"""
MEASURE = """() => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const read = (...colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(getComputedStyle(at).backgroundColor);
      if (read(...layers)[3] === 255) return layers;
    }
    return ['Canvas', ...layers];
  };
  const light = (layers) => {
    const [r, g, b] = read(...layers).slice(0, 3).map((value) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (colour, layers) => {
    const [low, high] = [light([...layers, colour]), light(layers)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  const add = (what, element, colour, layers) => {
    const name = `${element.localName} ${element.textContent.trim().slice(0, 20)}`;
    found.push([what, name, contrast(colour, layers)]);
  };
  for (const element of document.querySelectorAll('.visitor-choice:not(.vc-link) *')) {
    if (!element.checkVisibility() || element.closest('svg')) continue;
    const style = getComputedStyle(element);
    const own = ground(element), around = ground(element.parentElement);
    const bare = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (bare) add('text', element, style.color, own);
    if (!element.matches('a, button, summary, input')) continue;
    element.focus();
    const {outlineStyle, outlineColor} = getComputedStyle(element);
    add('ring', element, outlineStyle === 'solid' ? outlineColor : '#0000', around);
    if (!element.matches('.vc-button, input')) continue;
    add('edge', element, style.borderTopColor, around);
    add('edge', element, style.borderTopColor, own);
  }
  return found;
}"""


@pytest.fixture(scope="module", params=["", TIGHT], ids=["our own", "just taken"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visited]:
    with stage(tmp_path_factory.mktemp("colours"), {"/": EMBED}, TOML + request.param) as visited:
        yield visited


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_edges_and_focus_stand_out_from_their_ground(
    site: Visited, new_page: NewPage, dark: bool
) -> None:
    """R104: text 4.5:1; edges of buttons and switches, on and off, and the ring of focus 3:1."""
    page = new_page(dark=dark)
    page.goto(site.url)
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=statistics]").check()
    page.keyboard.press("Tab")  # whoever moves by keyboard sees the ring
    found = page.evaluate(MEASURE)
    placeholder(page).locator("a").first.press("Tab")
    found += page.frames[1].evaluate(MEASURE)
    kinds = [kind for kind, _, _ in found]
    assert kinds.count("ring") >= 9
    assert kinds.count("edge") >= 14
    assert kinds.count("text") >= 18
    least = {"text": 4.5, "edge": 3, "ring": 3}
    assert [one for one in found if one[2] < least[one[0]]] == []
