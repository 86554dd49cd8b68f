"""What was held back in the stream comes to life at the moment of allowing, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.refused_host import Stub, refused_host
from tests.browser.sites import PLACED, Visited, offered, open_settings, placeholder, press, stage
from tests.unit.small_site import TOML

pytestmark = pytest.mark.browser

NOTE = "document.body.dataset.ran = (document.body.dataset.ran || '') + '%s';"
BODY = f"""
<style>iframe, video {{ display: block; border: 0; }}</style>
<script>{NOTE % 0}</script>
<script src="//%H/1"></script>
<script>refusedCounter = 1; {NOTE % 2}</script>
<script src="//%H/3"></script>
<script>{NOTE % 4}</script>
<style>@import "//%H/5"; #styled {{ color: rgb(1, 2, 3); }}</style>
<p id="styled" style="background: url(//%H/6)">x</p>
<img id="picture" src="//%H/7" width="20" height="10" alt="">
<iframe id="frame" src="//%H/8" width="500" height="300" title="Video"></iframe>
<iframe id="unseen" src="//%H/9" width="0" height="0" title="none"></iframe>
<video id="video" width="500" height="300" preload="auto" muted><source src="//%H/10"></video>
<p id="last">Loppu</p>
"""
MAPPED = f"""
<script type="importmap">
{{"imports": {{"own": "data:text/javascript,{NOTE % 1}", "other": "//%H/11"}}}}
</script>
<script type="module">import "own";</script>
"""
LAYOUTS = {
    "in a line": "<p>Teksti <iframe src='//%H/1' width=200 height=100></iframe> jatkuu.</p>",
    "in a paragraph": "<p><iframe src='//%H/1' width='560' height='315'></iframe></p>",
    "with no size": "<iframe src='//%H/1'></iframe>",
    "in a ratio": (
        "<style>iframe{width:100%;aspect-ratio:16/9;border:0}</style><iframe src='//%H/1'></iframe>"
    ),
    "in a box of a ratio": (
        "<style>.v{position:relative;padding-bottom:56.25%}.v>iframe{position:absolute;inset:0;"
        "width:100%;height:100%;border:0}</style><div class=v><iframe src='//%H/1'></iframe></div>"
    ),
    "by its class": (
        "<style>.map{width:70%;height:40vh}</style><iframe class=map src='//%H/1'></iframe>"
    ),
    "by its id": "<style>#map{width:70%;height:40vh}</style><iframe id=map src='//%H/1'></iframe>",
    "by a style": "<iframe style='width:50%;height:9em;border:0' src='//%H/1'></iframe>",
    "beside a text": (
        "<div style='display:flex;gap:9px'><iframe src='//%H/1' width=300></iframe>"
        "<p>Teksti</p></div>"
    ),
    "video": "<div><video src='//%H/1' width=400 height=200></video></div>",
    "video with no size": "<video src='//%H/1'></video>",
}
THEMED = """<style>html { font-family: Georgia, serif; }
.visitor-choice { --consent-text: #123456; }</style>
<iframe src="//%H/1" width="500" height="300" title="Video"></iframe>"""
NEIGHBOURS = """
<template data-consent="counter"><p>Avattu.</p></template>
<div data-service="map" id="own">Sivun oma</div><p id="told" hidden style="display: block">x</p>
<template data-consent="counter"><p>Avattu.</p></template>
<video width="300" height="150"><source src="//%H/1"></video>
<iframe data-service="map" name="own" src="/frame" onload="document.body.dataset.loaded = 1">
</iframe>"""
FRAMES = {
    "one": "<iframe src='//%H/1'></iframe>",
    "some": "<iframe src='//%H/1'></iframe><iframe src='/frame'></iframe>"
    "<iframe src='//%H/1'></iframe>",
    "unseen": "<iframe src='//%H/1' width=0 height=0></iframe>",
    "named": "<iframe name=x src='//%H/1' style='display:none'></iframe>",
}
LOW = "<iframe src='//%H/1' width='728' height='90' title='Mainos'></iframe>"
HIDDEN = """<style>.off { display: none; }</style>
<iframe id="map" class="off" src="//%H/1" hidden title="Kartta"></iframe>"""
PWNED = "document.title='pwned'"
WRITTEN = f"""
<img src="/nope" data-consent="necessary" data-held="onerror src" data-held-src="/nope2"
 data-held-onerror="{PWNED}">
<b id="pressed" data-consent="ads" data-held="onclick title" data-held-onclick="{PWNED}">x</b>
<iframe data-consent="necessary" data-held="srcdoc"
 data-held-srcdoc="<script>parent.{PWNED}</script>"></iframe>
<iframe data-consent="necessary" data-held="src" data-held-src=" java&#10;script:parent.{PWNED}">
</iframe>
<a type="text/plain" data-consent="necessary">{PWNED}</a>
<i type="text/plain" data-category="ads" data-src="data:text/javascript,{PWNED}">x</i>
<img id="honest" data-consent="necessary" data-held="src" data-held-src="/" alt="">
"""


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with refused_host() as server:
        yield server


@pytest.fixture(scope="module")
def site(stub: Stub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    host = f"ads.localhost:{stub.server_port}"
    toml = TOML.replace(
        'provider = "Mainos Oy"',
        'provider = "Mainos Oy"\nhosts = ["ads.localhost"]\ninline = ["refusedCounter"]',
    )
    folder: Path = tmp_path_factory.mktemp("held")
    bodies = {"/": BODY, "/mapped": MAPPED, "/themed": THEMED, "/written": WRITTEN}
    bodies |= {"/neighbours": NEIGHBOURS, "/hidden": HIDDEN, "/low": LOW}
    bodies |= {
        f"/{name}": f"<p>Ennen.</p>{embed}<p id=last>Loppu</p>" for name, embed in LAYOUTS.items()
    }
    bodies |= {f"/{name}": f"<h1>Sivu</h1>{frames}" for name, frames in FRAMES.items()}
    bodies = {path: body.replace("%H", host) for path, body in bodies.items()}
    with stage(folder, bodies, toml) as running:
        yield running


def settled(page: Page) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)


def wait_for(page: Page, stub: Stub, wanted: set[int]) -> None:
    """Wait until the refused host has been asked for these."""
    for _ in range(150):
        if wanted <= stub.asked:
            break
        page.wait_for_timeout(100)
    assert wanted <= stub.asked


def test_nothing_loads_before_and_everything_in_its_order_after_a_grant(
    new_page: NewPage, site: Visited, stub: Stub
) -> None:
    """R1, R18: scripts run as a parser would have run them, pictures, frames and styles load."""
    stub.asked.clear()
    page = new_page()
    page.goto(f"{site.url}/")
    settled(page)
    assert stub.asked == set()
    assert page.locator("body").get_attribute("data-ran") == "04"
    assert page.locator(PLACED).count() == 3
    expect(page.locator("#video")).to_be_hidden()
    press(page, "#visitor-choice [value=accept]")
    page.wait_for_function("document.body.dataset.ran === '04123'")
    wait_for(page, stub, {1, 3, 5, 6, 7, 8, 9, 10})
    assert page.locator(PLACED).count() == 0
    expect(page.locator("#video")).to_be_visible()
    expect(page.locator("#styled")).to_have_css("color", "rgb(1, 2, 3)")
    assert page.locator("[data-held]").count() == 0


def test_the_modules_of_a_site_run_though_another_in_their_map_is_refused(
    new_page: NewPage, site: Visited, stub: Stub
) -> None:
    stub.asked.clear()
    page = new_page()
    page.goto(f"{site.url}/mapped")
    page.wait_for_function("document.body.dataset.ran === '1'")
    missing = page.evaluate("import('other').then(() => '', (error) => error.name)")
    assert missing == "TypeError"
    assert stub.asked == set()
    press(page, "#visitor-choice [value=accept]")
    page.wait_for_selector("script[type=importmap]:not([data-stand-in])", state="attached")
    page.evaluate("import('other').then(() => '')")
    assert stub.asked == {11}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_moves_when_a_placeholder_becomes_what_it_stands_for(
    new_page: NewPage, site: Visited, layout: str
) -> None:
    """In whatever way the page gives it its place (R18)."""
    page = new_page(820)
    page.goto(f"{site.url}/{layout}")
    settled(page)
    places = [page.locator(PLACED).bounding_box(), page.locator("#last").bounding_box()]
    press(page, "#visitor-choice [value=accept]")
    page.wait_for_function("!document.querySelector('[data-service]')")
    settled(page)
    shown = page.locator("iframe, video").bounding_box()
    assert [shown, page.locator("#last").bounding_box()] == places


def test_a_placeholder_looks_as_the_page_has_ours_look(new_page: NewPage, site: Visited) -> None:
    """Though it is a document of its own; what is the same by itself follows the time of day."""
    page = new_page()
    page.goto(f"{site.url}/themed")
    inside = placeholder(page)
    expect(inside).to_have_css("color", "rgb(18, 52, 86)")
    assert "Georgia" in inside.evaluate("body => getComputedStyle(body).fontFamily")
    shown = "body => getComputedStyle(body).backgroundColor"
    light = inside.evaluate(shown)
    page.emulate_media(color_scheme="dark")
    dark = inside.evaluate(shown)
    assert dark != light
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.dataset.consentScheme = 'dark'")
    assert inside.evaluate(shown) == dark
    page.evaluate("delete document.documentElement.dataset.consentScheme")
    assert inside.evaluate(shown) == light


def test_a_video_stays_hidden_where_nothing_else_of_ours_is_in_the_page(
    new_page: NewPage, stub: Stub, tmp_path: Path
) -> None:
    """Though the site's style would show it (R18)."""
    toml = TOML.replace('"Mainos Oy"', '"Mainos Oy"\nhosts = ["ads.localhost"]')
    video = f"<video width=300 height=150 src='//ads.localhost:{stub.server_port}/1'></video>"
    body = f"<h1>Sivu</h1><style>video {{ display: block; }}</style>{video}"
    own = '\n[banner]\nsettings_link = "own"\n'
    with stage(tmp_path, {"/": body}, toml + own) as own_link:
        page = new_page()
        page.goto(own_link.url)
        press(page, "#visitor-choice [value=reject]")
        page.reload()
        expect(placeholder(page)).to_be_visible()
        expect(page.locator("video")).to_be_hidden()


def test_in_a_low_frame_both_answers_are_in_view(new_page: NewPage, site: Visited) -> None:
    page = new_page()
    page.goto(f"{site.url}/low")
    once, always = (link.bounding_box() for link in placeholder(page).locator("a").all())
    frame = page.locator(PLACED).bounding_box()
    assert once
    assert always
    assert frame
    assert once["y"] == always["y"]
    assert once["y"] + once["height"] <= frame["y"] + frame["height"]


def test_a_placeholder_leads_on_by_itself_where_its_script_cannot_be_had(
    new_page: NewPage, site: Visited
) -> None:
    page = new_page()
    page.route("**/gates.js*", lambda route: route.abort())
    page.goto(f"{site.url}/themed")
    settled(page)
    with page.expect_navigation():
        placeholder(page).locator("[data-answer=always]").click()
    expect(page.locator(".vc-settings [type=checkbox]")).to_have_count(1)


def test_what_the_page_shows_or_hides_meanwhile_stays_so(new_page: NewPage, site: Visited) -> None:
    page = new_page()
    page.goto(f"{site.url}/hidden")
    expect(page.locator("#map")).to_be_hidden()
    page.evaluate("map.hidden = false; map.classList.remove('off'); map.style.width = '300px'")
    offered(page, "once").click()
    shown = page.locator("#map:not([data-service])")
    expect(shown).to_be_visible()
    expect(shown).to_have_css("width", "300px")


def test_the_server_opens_for_who_has_allowed_it(
    new_page: NewPage, site: Visited, stub: Stub
) -> None:
    page = new_page(script=False)
    page.goto(f"{site.url}/")
    press(page, "#visitor-choice [value=accept]")
    stub.asked.clear()
    page.goto(f"{site.url}/")
    assert page.locator("[data-service], [data-held], template").count() == 0
    wait_for(page, stub, {7, 8})


@pytest.mark.parametrize("element", ["frame", "video"])
def test_one_embed_can_be_shown_once(
    new_page: NewPage, site: Visited, stub: Stub, element: str
) -> None:
    """R18: the embed is shown, and nothing is allowed by that."""
    stub.asked.clear()
    page = new_page()
    page.goto(f"{site.url}/")
    offered(page, "once", 0 if element == "frame" else 2).click()
    page.wait_for_function("document.querySelectorAll('[data-service]').length === 2")
    wanted = {8} if element == "frame" else {10}
    wait_for(page, stub, wanted)
    settled(page)
    assert stub.asked == wanted
    assert not page.context.cookies()


def test_what_stands_beside_a_gate_is_no_placeholder_of_it(
    new_page: NewPage, site: Visited
) -> None:
    """A site may have attributes of such names itself, and another service's may stand there."""
    page = new_page()
    page.goto(f"{site.url}/neighbours")
    expect(page.locator("#told")).to_be_visible()
    page.locator("#visitor-choice summary").click()
    page.locator("#visitor-choice [name=statistics]").check()
    press(page, "#visitor-choice [value=save]")
    expect(page.locator("p", has_text="Avattu")).to_have_count(2)
    expect(page.locator("#own")).to_be_visible()
    expect(placeholder(page, 1)).to_contain_text("Mainos")
    page.evaluate("delete document.body.dataset.loaded; frames.own.location.reload()")
    expect(page.locator("body")).to_have_attribute("data-loaded", "1")
    press(page, offered(page, "always", 1))
    expect(page.locator("video")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("frames", FRAMES)
def test_going_back_after_a_withdrawal_loads_no_frame_that_is_refused_since(
    new_page: NewPage, site: Visited, stub: Stub, frames: str, script: bool
) -> None:
    """R29: a browser remembers where the frames of a page had led, and leads them there again."""
    page = new_page(script=script)
    page.goto(f"{site.url}/themed")
    press(page, "#visitor-choice [value=accept]")
    page.goto(f"{site.url}/{frames}")
    wait_for(page, stub, {1})
    page.goto(f"{site.url}/mapped")
    press(page, open_settings(page).locator("[value=reject]"))
    stub.asked.clear()
    for _ in range(1 if script else 3):  # without, over the settings and what they said
        page.go_back()
    assert page.url == f"{site.url}/{frames}"
    settled(page)
    assert page.locator(PLACED).count() == FRAMES[frames].count("%H")
    assert stub.asked == set()


def test_what_a_visitor_wrote_is_never_brought_to_life_as_script(
    new_page: NewPage, site: Visited
) -> None:
    """A sanitizer may leave data- attributes in: they give no handler, document or script."""
    page = new_page()
    page.goto(f"{site.url}/written")
    settled(page)
    assert page.title() == "Sivu"
    expect(page.locator("#honest")).to_have_attribute("src", "/")
    press(page, "#visitor-choice [value=accept]")
    page.wait_for_function("!document.querySelector('[data-held]')")
    page.locator("#pressed").click()
    settled(page)
    assert page.title() == "Sivu"
    assert page.locator("[onclick], [onerror], iframe[src], iframe[srcdoc]").count() == 0
