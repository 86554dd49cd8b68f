"""Asking again for what was added: what it says, what it keeps, and how little room it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from consent.choice import Answer, Stored
from consent.texts import texts
from tests.unit.small_site import TEXTS, TOML

from .sites import BANNER, LANGUAGES, Visited, granted, press, stage


def service(name: str, category: str) -> str:
    return f"""
[services.{category}-more]
name = "{name}"
provider = "{name} Oy"
category = "{category}"
purposes = ["audience-measurement"]
purpose = {TEXTS}
"""


# The longest reason that still stands in the banner, and one for each category.
LONG = service("Kävijämittauksen yhteispalvelu Itämeri ja Pohja", "statistics")
THREE = service("A", "preferences") + service("B", "statistics") + service("C", "marketing")


@pytest.fixture(scope="module", params=[LONG, THREE], ids=["one long", "three"])
def site(request, tmp_path_factory) -> Iterator[Visited]:
    folder = tmp_path_factory.mktemp("stage")
    body = "<style>:root { font-family: sans-serif }</style><h1>Sivu</h1>"
    with stage(folder, {"/": body}, TOML + request.param, before=TOML) as running:
        yield running


def returning(site, page):
    """Give the page's visitor a choice that was made before: statistics and marketing allowed."""
    runtime = site.consent.runtime
    known = runtime._scopes.values()
    old = {scope.category: scope for scope in known if "-more" not in "".join(scope.services)}
    answers = [
        Answer(category != "preferences", runtime.today - 9, old[category].short)
        for category in ("preferences", "statistics", "marketing")
    ]
    value = runtime.cookie.value(Stored(tuple(answers), "", "i" * 22))
    page.context.add_cookies([{"name": runtime.cookie.name, "value": value, "url": site.url}])


@pytest.mark.parametrize("size", [(320, 640), (390, 844)])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_longest_reason_leaves_most_of_a_phone_to_the_page(site, new_page, lang, size):
    page = new_page(*size, script=False)
    returning(site, page)
    page.goto(f"{site.url}/?lang={lang}")
    text, buttons = page.locator(f"{BANNER} h2 + p"), page.locator(f"{BANNER} .vc-actions")
    added = {"fi": "Tilastointiin on lisätty", "sv": "Nytt i statistiken", "en": "to statistics"}
    expect(text).to_contain_text(re.compile(f"{added[lang]}|{texts(lang)['again']['changed']}"))
    assert page.locator(BANNER).bounding_box()["height"] <= 0.45 * size[1]
    read = text.bounding_box()
    assert read["y"] + read["height"] <= buttons.bounding_box()["y"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_answering_what_was_added_keeps_the_rest(site, new_page, script):
    """R24: only what was widened is asked, and refusing it leaves the others as they were."""
    page = new_page(script=script)
    returning(site, page)
    page.goto(site.url)
    asked = set(page.locator(f"{BANNER} [name=asked]").get_attribute("value").split())
    press(page, f"{BANNER} [value=reject]")
    page.goto(site.url)
    assert page.locator(BANNER).count() == 0
    assert granted(page, site) == {"statistics", "marketing"} - asked
