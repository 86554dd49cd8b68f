"""How the banner stands in the page: equal, calm, reachable, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from consent.texts import texts
from tests.unit.small_site import TOML

from .sites import BANNER, LANGUAGES, Visited, example, granted, press, stage, ticked, undecided

LONG = "".join(f'<p><a href="#n{n}" id="n{n}">Linkki {n}</a></p>\n' for n in range(60))
EVERYTHING = [str(c) for c in ("width", "height", "font", "color", "backgroundColor", "border")]
EVERYTHING += ["borderRadius", "padding", "boxShadow", "opacity", "textDecoration", "cursor"]
# WCAG 2.2, 1.4.12: what a visitor may set without losing anything.
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"""
CLIPPED = """root => [root, ...root.querySelectorAll('*')].filter((e) => {
  const style = getComputedStyle(e);
  const cut = style.overflowX !== 'visible' && style.overflowX !== 'auto';
  return e.scrollWidth > e.clientWidth + 1 && e.clientWidth && (cut || e === root);
}).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    sans = "<style>body { font-family: sans-serif }</style><h1>Sivu</h1>"
    bodies = {"/": "<h1>Sivu</h1><p>Teksti.</p>", "/long": LONG, "/sans": sans}
    with stage(tmp_path_factory.mktemp("stage"), bodies, TOML) as running:
        yield running


@pytest.fixture(scope="module")
def jackbot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with example(tmp_path_factory.mktemp("site")) as running:
        yield running


def looks(button: Locator) -> dict[str, str]:
    """Everything of a button's look that could favour it."""
    code = "(e, names) => { const s = getComputedStyle(e); return names.map((n) => [n, s[n]]) }"
    return dict(button.evaluate(code, EVERYTHING))


def in_view(page: Page, locator: Locator) -> bool:
    """Whether the whole of an element can be seen without scrolling."""
    box, size = locator.bounding_box(), page.viewport_size
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(
    ("width", "height", "dark"),
    [(320, 640, False), (390, 844, True), (768, 1024, False), (1280, 800, True)],
)
def test_accepting_and_refusing_look_the_same_and_are_both_in_view(
    jackbot, new_page, width, height, dark
):
    """Same size, type, colours and border, beside one another or both in view (R2, R3)."""
    for lang in LANGUAGES:
        page = new_page(width, height, dark=dark)
        page.goto(f"{jackbot.url}/{lang if lang != 'fi' else ''}")
        accept, reject = (page.locator(f"{BANNER} [value={v}]") for v in ("accept", "reject"))
        assert looks(accept) == looks(reject)
        assert in_view(page, accept)
        assert in_view(page, reject)
        assert accept.evaluate("e => e.nextElementSibling.value") == "reject"
        assert accept.bounding_box()["height"] >= 44
        accept.hover()
        hovered = looks(accept)
        reject.hover()
        assert looks(reject) == hovered
        page.context.close()


@pytest.mark.parametrize("gpc", [False, True], ids=["plain", "signal"])
@pytest.mark.parametrize("size", [(390, 844), (320, 640)])
def test_the_closed_banner_leaves_most_of_a_phone_to_the_page(jackbot, new_page, size, gpc):
    """At most 45 % of a phone's height, in every language, all of it in view."""
    page = new_page(*size, gpc=gpc)
    for path in ("/", "/sv/", "/en/"):
        page.goto(jackbot.url + path)
        assert page.locator(BANNER).bounding_box()["height"] <= 0.45 * size[1]
        assert page.locator(".vc-scroll").evaluate("e => e.scrollHeight <= e.clientHeight")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_asking_again_takes_no_more_room(site, new_page, lang):
    """The reason takes the place of words that were read the first time (R24)."""
    page = new_page(320, 640, script=False)
    page.goto(f"{site.url}/sans?lang={lang}")
    press(page, f"{BANNER} [value=reject]")
    site.clock.pass_days(366)
    try:
        page.goto(f"{site.url}/sans?lang={lang}")
        expect(page.locator(BANNER)).to_contain_text(texts(lang)["again"]["expired"])
        assert page.locator(BANNER).bounding_box()["height"] <= 0.45 * 640
    finally:
        site.clock.pass_days(-366)


def test_a_phone_too_low_for_that_has_the_banner_in_the_flow(jackbot, new_page):
    """So that the page itself is never down to a strip."""
    page = new_page(320, 568)
    page.goto(jackbot.url)
    assert page.locator(BANNER).evaluate("e => getComputedStyle(e).position") == "static"


def test_answering_at_the_end_of_a_page_moves_nothing(site, new_page):
    """The room below the page stays until the next one, no larger than the banner needs."""
    page = new_page(1280, 800)
    page.goto(f"{site.url}/long")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    end, banner = page.locator("p.vc-link"), page.locator(BANNER).bounding_box()
    before = end.bounding_box()
    assert 0 <= banner["y"] - (before["y"] + before["height"]) <= 24
    press(page, f"{BANNER} [value=reject]")
    expect(page.locator(BANNER)).to_have_count(0)
    assert end.bounding_box() == before


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_nothing_is_ticked_before_the_visitor_ticks_it(jackbot, new_page, script):
    """Neither in the banner nor in the settings, nor after coming back to the page (R5)."""
    page = new_page(script=script)
    for path in ("/", "/choices/fi", "/palvelut"):
        page.goto(jackbot.url + path)
        form = page.locator("form[action='/choices/decide']")
        assert form.locator("input[type=checkbox]").count() == 3
        assert ticked(form) == set()


def test_neither_escape_nor_scrolling_nor_waiting_nor_browsing_on_decides(jackbot, new_page):
    """The banner stays and nothing is granted or refused; it has no clock (R11, R110)."""
    page = new_page()
    page.clock.install()
    page.goto(jackbot.url)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.mouse.wheel(0, 3000)
    page.clock.run_for(3_600_000)
    assert page.locator(BANNER).is_visible()
    page.get_by_role("link", name="Palvelut", exact=True).first.click()
    page.wait_for_url("**/palvelut")
    assert page.locator(BANNER).is_visible()
    assert len(undecided(page, jackbot)) == 3
    assert page.context.cookies() == []


def test_the_page_can_be_used_while_the_banner_stands(jackbot, new_page):
    """It is not modal, locks nothing and dims nothing (R12)."""
    page = new_page()
    page.goto(jackbot.url)
    assert page.evaluate("getComputedStyle(document.body).overflow") == "visible"
    assert page.evaluate("document.elementFromPoint(1000, 300).closest('main') !== null")
    assert page.locator("dialog, [aria-modal], [inert]").count() == 0


def test_the_banner_is_a_named_landmark_early_in_the_page(jackbot, new_page):
    """It is the first thing in the body and has its heading as name (R100)."""
    page = new_page()
    page.goto(jackbot.url)
    region = page.get_by_role("region", name="Saako evästeitä käyttää?")
    assert region.get_attribute("id") == BANNER[1:]
    assert page.evaluate("document.body.firstElementChild.id") == BANNER[1:]


@pytest.mark.parametrize("size", [(320, 640), (768, 1024), (1280, 800)])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "opened"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_banner_never_hides_the_focused_element_wholly(site, new_page, size, opened, script):
    """Tabbing through a long page, every link can be seen (R101, R102)."""
    page = new_page(*size, script=script)
    page.goto(f"{site.url}/long")
    if opened:
        page.locator(f"{BANNER} summary").click()
    hidden = """() => {
      const e = document.activeElement, b = document.getElementById('visitor-choice');
      const r = e.getBoundingClientRect(), o = b.getBoundingClientRect();
      const out = r.bottom <= 0 || r.top >= innerHeight;
      const under = r.top >= o.top && r.bottom <= o.bottom
        && r.left >= o.left && r.right <= o.right;
      return [e.id || e.name || e.tagName, !b.contains(e) && (out || under)];
    }"""
    focused = []
    for key in ["Tab"] * 72 + ["Shift+Tab"] * 40:
        page.keyboard.press(key)
        name, covered = page.evaluate(hidden)
        assert not covered, f"{name} is hidden"
        focused.append(name)
    assert {f"n{n}" for n in range(55)} <= set(focused), "there is no trap"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_there_is_room_to_scroll_past_the_banner(site, new_page, script):
    """The end of a page can be brought above it."""
    for size in ((320, 640), (1280, 800)):
        page = new_page(*size, script=script)
        page.goto(f"{site.url}/long")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        end = page.locator("p.vc-link").bounding_box()
        assert end["y"] + end["height"] <= page.locator(BANNER).bounding_box()["y"]


def test_in_a_low_window_the_banner_stands_in_the_flow(jackbot, new_page):
    """As at 400 % zoom: nothing is covered, no scrolling in two directions (R105)."""
    page = new_page(320, 256)
    for path in ("/", "/sv/", "/en/", "/tietosuojaseloste", "/choices/fi"):
        page.goto(jackbot.url + path)
        assert not scrolls_sideways(page), path
        banner = page.locator(BANNER)
        if banner.count():
            assert banner.evaluate("e => getComputedStyle(e).position") == "static"
            page.locator(f"{BANNER} summary").click()
            assert not scrolls_sideways(page), path
        for button in page.locator("form .vc-button").all():
            # Playwright's own does nothing for what is partly in view already.
            button.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
            assert in_view(page, button)


@pytest.mark.parametrize("size", [(320, 640), (1280, 800)])
def test_the_banner_covers_neither_notice_nor_settings(jackbot, new_page, size):
    """Both can be read before choosing (R19)."""
    page = new_page(*size)
    page.goto(f"{jackbot.url}/tietosuojaseloste")
    assert page.locator(BANNER).evaluate("e => getComputedStyle(e).position") == "static"
    box = page.locator(BANNER).bounding_box()
    assert page.locator("h1").bounding_box()["y"] >= box["y"] + box["height"]
    page.goto(f"{jackbot.url}/choices/fi")
    assert page.locator(BANNER).count() == 0


def test_every_target_is_large_enough(jackbot, new_page):
    """Buttons, switches with their rows, and links of their own are 44 px high (R103)."""
    page = new_page(320, 640)
    for path in ("/", "/choices/fi", "/esittely", "/choices/nothing"):
        page.goto(jackbot.url + path)
        for summary in page.locator(f"{BANNER} summary").all():
            summary.click()
        targets = page.locator(".visitor-choice").locator(
            "button, summary, label, a.vc-button, .vc-link a"
        )
        assert targets.count() > 0
        for target in targets.all():
            box = target.bounding_box()
            assert box["height"] >= 44, target.inner_text()
            assert box["width"] >= 44, target.inner_text()
        for switch in page.locator(".vc-row input").all():
            assert min(switch.bounding_box()["width"], switch.bounding_box()["height"]) >= 24


@pytest.mark.parametrize("size", [(320, 640), (1280, 800)])
def test_wider_text_is_not_cut(jackbot, new_page, size):
    """With the spacing of WCAG 1.4.12 all of it can be read, scrolling one way (R106)."""
    page = new_page(*size)
    for path in ("/", "/sv/", "/choices/fi", "/esittely"):
        page.goto(jackbot.url + path)
        page.add_style_tag(content=SPACING)
        for summary in page.locator(f"{BANNER} summary").all():
            summary.click()
        assert not scrolls_sideways(page)
        for root in page.locator(".visitor-choice").all():
            assert root.evaluate(CLIPPED) == []
        for button in page.locator(f"{BANNER} .vc-actions .vc-button").all():
            assert in_view(page, button)


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (768, 1024), (1280, 800)])
def test_the_first_visit_shifts_nothing_and_waits_for_nothing_of_ours(jackbot, new_page, size):
    """The banner stands in the first paint: its style is in the page, its script deferred."""
    page = new_page(*size)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const entry of"
        " list.getEntries()) shift += entry.value }).observe({type: 'layout-shift',"
        " buffered: true})"
    )
    for path in ("/", "/esittely"):
        page.goto(jackbot.url + path)
        page.evaluate("new Promise((done) => requestIdleCallback(() => setTimeout(done, 100)))")
        assert page.evaluate("shift") == 0, path
        blocking = page.evaluate(
            "performance.getEntriesByType('resource').filter((e) => e.name.includes('/choices/')"
            " && e.renderBlockingStatus === 'blocking').map((e) => e.name)"
        )
        assert blocking == [], path
    page.goto(jackbot.url)
    before = page.locator(f"{BANNER}").evaluate(
        "e => [...document.querySelectorAll('link[rel=stylesheet]')].filter((l) =>"
        " l.compareDocumentPosition(e) & 4 && l.href.includes('/choices/')).length"
    )
    assert before == 0
    assert page.locator("head style").count() == 1
    assert page.locator("script[src^='/choices/']").get_attribute("defer") == ""


def test_a_signal_is_told_and_an_answer_of_their_own_wins(jackbot, new_page):
    """With `Sec-GPC: 1` the banner says what is off; accepting everything accepts it (R88, R89)."""
    page = new_page(gpc=True)
    page.goto(jackbot.url)
    expect(page.locator(BANNER)).to_contain_text("GPC")
    expect(page.locator(BANNER)).to_contain_text("markkinointi")
    assert granted(page, jackbot) == set()
    press(page, f"{BANNER} [value=accept]")
    expect(page.locator(BANNER)).to_have_count(0)
    assert "marketing" in granted(page, jackbot)
    page.reload()
    assert page.locator("template[data-consent='example-marketing']").count() == 0
