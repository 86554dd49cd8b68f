"""Gates and embeds open where they stand, for what was allowed and nothing else (R1, R18, R29)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from examples.jackbot.site import PATHS
from tests.unit.patience import until
from tests.unit.small_site import TOML

from .sites import (
    BANNER,
    PLACED,
    SHOWN,
    Visited,
    example,
    granted,
    offered,
    open_settings,
    placeholder,
    press,
    scripted,
    stage,
)

ORDER = """<p id="before">Ennen.</p>
<script>document.body.dataset.ran = '0'</script>
<template data-consent="statistics"><p id="opened">Avattu.</p>
<script src="/script.js?n=1&amp;slow"></script>
<script>document.body.dataset.ran += '2'</script>
<template data-consent="counter"><script>document.body.dataset.ran += '3'</script></template>
<script data-category="statistics" src="/script.js?n=4&amp;slow"></script></template>
<script type="text/plain" data-category="statistics">document.body.dataset.ran += '5'</script>
<script type="text/plain" data-category="statistics" data-src="/script.js?n=6&amp;slow"></script>
<template data-consent="statistics"><script>document.body.dataset.ran += '7'</script></template>
<template data-consent="marketing"><script>document.body.dataset.ran += 'X'</script></template>
<script type="text/plain" data-category="marketing">document.body.dataset.ran += 'Y'</script>
<script data-consent="statistics">document.body.dataset.ran += '8'</script>
<script data-consent="marketing">document.body.dataset.ran += 'Z'</script>
<template data-consent=""><script>document.body.dataset.ran += 'E'</script></template>
<script type="text/plain" data-category="statistics" data-type="module">
document.body.dataset.ran += '9'</script>
<p id="after">Jälkeen.</p>"""
EMBEDS = """<h1>Upotukset</h1>
<p id="before">Ennen.</p>
<template data-consent="video" data-embed><iframe src="/frame?a=1&amp;b=2" width="560" height="315"
 title="Video"></iframe></template>
<p id="after">Jälkeen.</p>
<template data-consent="counter" data-embed><iframe src="/frame?other" width="300" height="400"
 title="Muu"></iframe></template>"""
TEXT = """<h1>Teksti</h1>
<template data-consent="counter" data-embed><p id="shown">Avattu.</p></template>"""
WRAPPED = """<h1>Kehyksissä</h1>
<template data-consent="video" data-embed><div class="video"><iframe src="/frame" width="480"
 height="300" title="Video"></iframe></div></template>"""
FORM = """<form id="pay" action="/frame"><input name="before" value="1">
<template data-consent="video" data-embed><iframe src="/frame?a=1" width="560" height="315"
 title="Video"></iframe></template>
<input name="card"><button name="send" value="1">Maksa</button></form>"""
ASKED = {"/stats.js", "/collect", "/pixel.js", "/pixel.gif", "/chat.js", "/video"}
"""What the page with the video asks of third parties that are all allowed."""
both = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    bodies = {
        "/": ORDER,
        "/embeds": EMBEDS,
        "/text": TEXT,
        "/form": FORM,
        "/wrapped": WRAPPED,
        "/empty": "<p>Tyhjä.</p>",
    }
    with stage(tmp_path_factory.mktemp("stage"), bodies, TOML) as running:
        yield running


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


def fetched(page: Page) -> list[str]:
    """The addresses that the page's visitor has asked for since now, in a list that grows."""
    addresses: list[str] = []
    page.context.on("request", lambda request: addresses.append(request.url))
    return addresses


def allow(page: Page) -> None:
    """Allow always what the first placeholder stands for; without script in its settings."""
    always, address = offered(page, "always"), page.url
    if scripted(page):
        press(page, always)
        return
    with page.expect_navigation():
        always.click()
    assert page.locator(".vc-settings [type=checkbox]").count() == 1
    press(page, ".vc-settings [value=accept]")
    assert page.url == address


def test_gates_open_in_place_and_scripts_run_in_document_order(site, new_page):
    """Without a reload; a slow file is waited for, and what is not allowed stays inert."""
    page = new_page()
    page.goto(site.url)
    page.evaluate("window.sameDocument = true")
    assert page.locator("body").get_attribute("data-ran") == "0"
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=statistics]").check()
    press(page, f"{BANNER} [value=save]")
    expect(page.locator("body")).to_have_attribute("data-ran", "0123456789")
    assert page.evaluate("window.sameDocument")
    places = [
        page.locator(f"#{name}").bounding_box()["y"] for name in ("before", "opened", "after")
    ]
    assert places == sorted(places)
    page.reload()
    ran = "".join(sorted(str(page.locator("body").get_attribute("data-ran"))))
    assert ran == "0123456789", "the server opens the same gates"


def test_nothing_in_a_gate_happens_before_a_choice_or_after_a_refusal(site, new_page):
    """No file of a closed gate is asked for (R1)."""
    page = new_page()
    asked = fetched(page)
    page.goto(site.url)
    page.goto(f"{site.url}/embeds")
    press(page, f"{BANNER} [value=reject]")
    page.goto(site.url)
    assert page.locator("body").get_attribute("data-ran") == "0"
    assert not [address for address in asked if "/script.js?" in address and "v=" not in address]
    assert not [address for address in asked if "/frame" in address]


@both
def test_third_parties_hear_of_the_visitor_only_after_the_grant(jackbot, new_page, script):
    """The stub counts no request before it, and only those of the granted category after (R1)."""
    page = new_page(script=script)
    jackbot.seen()
    for name in PATHS:
        page.goto(jackbot.url + PATHS[name]["fi"])
    assert jackbot.seen() == {}
    page.locator(f"{BANNER} summary").click()
    page.locator(f"{BANNER} [name=marketing]").check()
    press(page, f"{BANNER} [value=save]")
    # Without script an advertiser's pixel is an image in <noscript>, gated like the rest.
    with page.expect_response(lambda answer: "/pixel.gif" in answer.url):
        page.goto(jackbot.url + PATHS["intro"]["fi"])
    assert {path.split("?")[0] for path in jackbot.seen()} <= {"/pixel.js", "/pixel.gif"}


def test_a_withdrawal_closes_the_gates_and_offers_to_reload(jackbot, new_page):
    """What runs already stops with the page; afterwards nothing is asked for any more (R29)."""
    page = new_page()
    page.goto(jackbot.url + PATHS["intro"]["fi"])
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(SHOWN)).to_have_count(1)
    page.wait_for_function("document.cookie.includes('_ex_stats=')")
    until(lambda: jackbot.counted().keys() >= ASKED)
    press(page, open_settings(page).locator("[value=reject]"))
    box = page.locator(".vc-saved")
    expect(box).to_contain_text("Esimerkkimainonta")
    assert "_ex_stats=" not in page.evaluate("document.cookie")
    jackbot.seen()
    with page.expect_navigation():
        box.get_by_role("button").first.click()
    expect(page.locator(PLACED)).to_have_count(1)
    assert page.locator(SHOWN).count() == 0
    assert jackbot.seen() == {}
    assert granted(page, jackbot) == set()


@both
def test_a_placeholder_names_its_service_and_has_the_size_of_what_it_stands_for(
    site, new_page, script
):
    """Nothing moves when that is shown (R18)."""
    page = new_page(script=script)
    page.goto(f"{site.url}/embeds")
    expect(placeholder(page)).to_contain_text("Video Oy")
    before = page.locator(PLACED).first.bounding_box(), page.locator("#after").bounding_box()
    allow(page)
    shown = page.locator(SHOWN).first
    assert (shown.bounding_box(), page.locator("#after").bounding_box()) == before


@pytest.mark.parametrize("width", [320, 390])
def test_a_placeholder_keeps_the_size_on_a_phone_too(jackbot, new_page, width):
    """With all its words and both answers in a row, in the height of a video (R18)."""
    page = new_page(width, 844)
    page.goto(f"{jackbot.url}/esittely")
    size = page.locator(PLACED).first.bounding_box()
    assert size["height"] == pytest.approx(size["width"] * 630 / 1120, abs=1)
    inside = placeholder(page)
    assert inside.evaluate("e => e.scrollHeight <= innerHeight && e.scrollWidth <= innerWidth")
    once, always = (button.bounding_box() for button in inside.locator(".vc-button").all())
    assert once["y"] == always["y"]
    assert min(once["height"], always["height"]) >= 44


@both
def test_what_stands_for_more_than_a_frame_has_the_size_of_the_frame_in_it(site, new_page, script):
    """Where a page has wrapped it; as narrow as the page, and in its ratio, on a phone (R18)."""
    page = new_page(script=script)
    page.goto(f"{site.url}/wrapped")
    assert placed_size(page) == (480, 300)
    page.set_viewport_size({"width": 320, "height": 640})
    width, height = placed_size(page)
    assert width <= 320
    assert height == pytest.approx(width * 300 / 480, abs=1)


def placed_size(page: Page) -> tuple[float, float]:
    box = page.locator(PLACED).bounding_box()
    assert box is not None
    return box["width"], box["height"]


@pytest.mark.parametrize("answer", ["once", "always"])
def test_the_focus_goes_on_to_what_was_opened(site, new_page, answer):
    """Not back to the top of the page, whatever was opened (R100)."""
    page = new_page()
    page.goto(f"{site.url}/embeds")
    offered(page, answer).press("Enter")
    page.wait_for_function(f"document.activeElement.matches('{SHOWN}')")
    assert page.locator(SHOWN).evaluate("e => e.tabIndex") == 0
    page.goto(f"{site.url}/text")
    page.locator(f".vc-embed [data-answer={answer}]").first.press("Enter")
    page.wait_for_function("document.activeElement.id === 'shown'")


@both
def test_once_shows_one_embed_and_is_no_consent(site, new_page, script):
    """In place with script, on a page of our own without; nothing is stored or recorded (R18)."""
    page = new_page(script=script)
    asked = fetched(page)
    page.goto(f"{site.url}/embeds")
    once = offered(page, "once")
    with page.expect_request(lambda request: "/frame" in request.url):
        once.click()
    frame = page.locator(SHOWN)
    expect(frame).to_have_count(1)
    assert frame.get_attribute("src") == "/frame?a=1&b=2"
    assert [address for address in asked if "/frame" in address] == [f"{site.url}/frame?a=1&b=2"]
    if not script:
        page.set_viewport_size({"width": 390, "height": 844})
        size = frame.bounding_box()
        assert size["width"] <= 390 - 40
        assert size["height"] == pytest.approx(size["width"] * 315 / 560, abs=1)
    assert granted(page, site) == set()
    assert page.context.cookies() == []
    if not script:
        with page.expect_navigation():
            page.locator("a").filter(has_text="Takaisin sivulle").click()
    else:
        page.reload()
    assert page.url == f"{site.url}/embeds"
    assert page.locator(PLACED).count() == 2


@both
def test_always_grants_the_category_of_the_embed_and_no_other(site, new_page, script):
    """The banner still asks for the rest."""
    page = new_page(script=script)
    page.goto(f"{site.url}/embeds")
    allow(page)
    expect(page.locator(SHOWN)).to_have_count(1)
    assert page.locator(PLACED).count() == 1
    assert granted(page, site) == {"preferences"}
    assert page.locator(BANNER).count() == 1


def test_other_tabs_follow(site, new_page):
    """A choice made in one tab opens the gates and closes the banner of the others."""
    page = new_page()
    page.goto(site.url)
    other = page.context.new_page()
    other.goto(site.url)
    press(page, f"{BANNER} [value=accept]")
    expect(other.locator(BANNER)).to_have_count(0)
    expect(other.locator("#opened")).to_be_visible()
    press(other, open_settings(other).locator("[value=reject]"))
    expect(page.locator(".vc-saved")).to_be_visible()


@both
def test_going_back_shows_no_banner_that_was_answered(site, new_page, script):
    """The page before the answer is fetched again, not shown from the browser's cache (R120)."""
    page = new_page(script=script)
    page.goto(f"{site.url}/empty")
    page.goto(f"{site.url}/embeds")
    press(page, f"{BANNER} [value=reject]")
    page.go_back()
    if page.url != f"{site.url}/empty":
        page.go_back()
    expect(page.locator(BANNER)).to_have_count(0)


@both
def test_refusing_changes_nothing_in_the_page_itself(jackbot, new_page, script):
    """What the page says is the same before and after, but for the banner (R12, R30)."""
    page = new_page(script=script)
    page.goto(jackbot.url + PATHS["intro"]["fi"])
    before = page.locator("body > header, body > main, body > footer").all_inner_texts()
    press(page, f"{BANNER} [value=reject]")
    page.goto(jackbot.url + PATHS["intro"]["fi"])
    assert page.locator("body > header, body > main, body > footer").all_inner_texts() == before


def test_a_robot_gets_the_page_that_people_get(jackbot, new_page):
    """A crawler's name changes nothing but the form's random token."""

    def html(agent: str | None) -> str:
        page = new_page(script=False, **({"user_agent": agent} if agent else {}))
        page.goto(jackbot.url)
        page.locator("[name=token]").evaluate_all("all => all.forEach(one => one.remove())")
        return page.content()

    person = html(None)
    assert BANNER[1:] in person
    assert html("Mozilla/5.0 (compatible; Googlebot/2.1)") == person


@both
def test_a_placeholder_leaves_a_form_of_the_site_alone(site, new_page, script):
    """HTML has no form in a form: the site's keeps its fields and hears nothing of ours."""
    page = new_page(script=script)
    page.goto(f"{site.url}/form")
    fields = "form => [...form.elements].map(e => e.name).join()"
    if script:
        assert page.locator("#pay").evaluate(fields) == "before,card,send"
        page.evaluate("pay.addEventListener('submit', () => document.title = 'paid')")
    allow(page)
    expect(page.locator(f"#pay {SHOWN}")).to_have_count(1)
    assert (page.title(), page.url) == ("Sivu", f"{site.url}/form")
    assert granted(page, site) == {"preferences"}
    if script:
        assert page.locator("#pay").evaluate(fields) == "before,card,send"
    page.reload()
    page.locator("[name=card]").fill("4")
    with page.expect_request(lambda request: "card" in request.url) as it:
        page.locator("[name=send]").click()
    assert it.value.url == f"{site.url}/frame?before=1&card=4&send=1"
