"""Vendors are told of a choice in the order that they document (R93-R96), in a real browser.

Each vendor's own snippet loads a stub of its script, which writes down what it finds in its queue
and every later call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.unit.small_site import TOML
from tests.unit.vendor_snippets import SNIPPETS

from .sites import Visited, open_settings, press, stage

USES = {
    "google-analytics-4": "google",
    "google-ads": "google",
    "microsoft-clarity": "clarity",
    "microsoft-uet": "uet",
    "meta-pixel": "meta",
    "hubspot": "hubspot",
    "matomo": "matomo",
    "tiktok-pixel": "tiktok",
    "pinterest": "pinterest",
}
CATALOGUE = "".join(f'\n[services.{name}]\nuse = "{name}"\n' for name in USES)
MATOMO = SNIPPETS["matomo"][0]
HUBSPOT = "_hsq=window._hsq||[];_hsq.push(['identify', {email: 'a@example.fi'}]);"
TIKTOK = (
    "!function (w, d, t) {w.TiktokAnalyticsObject=t;var ttq=w[t]=w[t]||[];"
    "ttq.methods=['page','track','holdConsent','revokeConsent','grantConsent'];"
    "ttq.setAndDefer=function(t,e){t[e]=function(){t.push([e].concat([].slice.call(arguments)))}};"
    "for(var i=0;i<ttq.methods.length;i++)ttq.setAndDefer(ttq,ttq.methods[i]);"
    "ttq.load=function(e){var n=d.createElement('script');n.async=!0;"
    "n.src='https://analytics.tiktok.com/i18n/pixel/events.js?sdkid='+e;"
    "var f=d.getElementsByTagName('script')[0];f.parentNode.insertBefore(n,f)};"
    "ttq.load('C');ttq.page();}(window, document, 'ttq');"
)


def tag(name: str, script: str, src: str = "") -> str:
    loads = f'<script async src="{src}"></script>' if src else ""
    return f'<template data-consent="{name}">{loads}<script>{script}</script></template>\n'


FILES = """<h1>Tiedostot</h1>
<template data-consent="statistics">
<script src="https://www.googletagmanager.com/gtag/js?id=G-ABC123"></script></template>"""
OPEN = f"""<h1>Avoin</h1>
<script async src="https://www.googletagmanager.com/gtag/js?id=G-ABC123"></script>
<script>{SNIPPETS["google-analytics-4"][0]}</script>"""
BODY = "<h1>Mittaus</h1>\n" + "".join(
    (
        tag(
            "google-analytics-4",
            SNIPPETS["google-analytics-4"][0],
            "https://www.googletagmanager.com/gtag/js?id=G-ABC123",
        ),
        tag("google-ads", "gtag('config', 'AW-123456789');"),
        tag("microsoft-clarity", SNIPPETS["microsoft-clarity"][0]),
        tag("microsoft-uet", SNIPPETS["microsoft-uet"][0]),
        tag("meta-pixel", SNIPPETS["meta-pixel"][0]),
        tag("hubspot", HUBSPOT, "https://js.hs-scripts.com/1.js"),
        tag("matomo", MATOMO),
        tag("tiktok-pixel", TIKTOK),
        tag("pinterest", SNIPPETS["pinterest"][0]),
    )
)
# A vendor's script, as far as it matters: it takes over the queue, and listens from then on.
STUB = """
(() => {
  const heard = (window.heard ||= {});
  const plain = (entry) => (entry.event ? [entry.event, entry] : [...entry]);
  const note = (name, list) => {
    if (heard[name]) return;
    const log = (heard[name] = list.map(plain));
    list.push = (...entries) => { log.push(...entries.map(plain)); };
  };
  const called = (name, queue) => {
    const log = (heard[name] = queue.map((entry) => [...entry]));
    return (...values) => { log.push(values); };
  };
  const host = document.currentScript.src;
  if (host.includes("googletagmanager")) note("google", dataLayer);
  if (host.includes("clarity")) window.clarity = called("clarity", clarity.q);
  if (host.includes("facebook")) fbq.callMethod = called("meta", fbq.queue);
  if (host.includes("hs-scripts")) {
    note("hubspot", window._hsp);
    heard.banner = window.disableHubSpotCookieBanner;
  }
  if (host.includes("m.example")) note("matomo", _paq);
  if (host.includes("pinimg")) window.pintrk = called("pinterest", pintrk.queue);
  if (host.includes("tiktok")) {
    const told = called("tiktok", [...ttq]);
    for (const name of ttq.methods) ttq[name] = (...values) => told(name, ...values);
  }
  window.UET = function ({ q }) {
    heard.uet = [...q];
    this.push = (...values) => { heard.uet.push(...values); };
  };
})();
"""
Vendors = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    bodies = {"/": BODY, "/files": FILES, "/open": OPEN}
    bodies = {path: html.replace("<script", '<script nonce="abc"') for path, html in bodies.items()}
    with stage(tmp_path_factory.mktemp("stage"), bodies, TOML + CATALOGUE) as visited:
        yield visited


@pytest.fixture(name="vendors")
def vendors_fixture() -> Vendors:
    """Play all hosts but the site's own; give what is asked of them."""

    def play(page: Page) -> list[str]:
        asked: list[str] = []

        def answer(route: Route) -> None:
            if route.request.url.startswith("http://127.0.0.1"):
                route.continue_()
                return
            asked.append(route.request.url)
            route.fulfill(body=STUB, content_type="text/javascript")

        page.context.route("**/*", answer)
        return asked

    return play


def heard(page: Page, *, at_least: int = len(set(USES.values()))) -> dict[str, Any]:
    """What each vendor has heard, once all of their scripts have come."""
    found: dict[str, Any] = {}
    for _ in range(150):
        found = page.evaluate("JSON.parse(JSON.stringify(window.heard || {}))")
        if len(found.keys() - {"banner"}) >= at_least:
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"only {sorted(found)} came")


def consents(entries: list[list[Any]]) -> list[list[Any]]:
    return [entry for entry in entries if entry[0] == "consent"]


def save(page: Page, *granted: str) -> None:
    form = open_settings(page)
    for category in ("statistics", "marketing"):
        form.locator(f"input[name={category}]").set_checked(category in granted)
    press(page, form.locator("button[value=save]"))
    page.wait_for_timeout(300)


def google(*granted: str) -> dict[str, str]:
    names = ("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage")
    return {name: "granted" if name in granted else "denied" for name in names}


ALL = google("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage")
GRANTED = {
    "clarity": [["consentv2", {"ad_Storage": "denied", "analytics_Storage": "granted"}]],
    "hubspot": [
        ["setHubSpotConsent", {"analytics": True, "advertisement": True, "functionality": True}]
    ],
}


def in_order(told: dict[str, Any]) -> None:
    """Every vendor has heard of the grant before anything else of its own, as it documents."""
    assert told["google"][0] == ["consent", "default", ALL]
    assert [entry[0] for entry in told["google"]].count("consent") == 1
    assert [entry[0] for entry in told["google"]].index("config") > 0
    assert told["uet"] == ["consent", "default", {"ad_storage": "granted"}, "pageLoad"]
    assert told["clarity"] == GRANTED["clarity"]
    meta = [["consent", "revoke"], ["consent", "grant"], ["init", "1"], ["track", "PageView"]]
    assert told["meta"] == meta
    assert told["hubspot"] == GRANTED["hubspot"]
    assert told["banner"] is True
    assert told["matomo"][:3] == [["requireConsent"], ["setConsentGiven"], ["trackPageView"]]
    assert told["tiktok"] == [["grantConsent"], ["page"]]
    assert told["pinterest"] == [["setconsent", True], ["load", "1"], ["page"]]


@pytest.mark.parametrize("csp", ["", "dynamic"])
def test_a_vendor_hears_of_a_grant_first(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors, csp: str
) -> None:
    """R93-R96: at the moment of the grant and on every page after it, with a nonce and without."""
    page = new_page()
    asked = vendors(page)
    page.goto(f"{site.url}/?csp={csp}")
    press(page, "button[value=reject]")
    page.reload()
    assert asked == [], "nothing of a vendor before a grant (R94)"
    assert not page.evaluate("'dataLayer' in window || 'fbq' in window || '_paq' in window")
    save(page, "statistics", "marketing")
    in_order(heard(page))
    page.reload()
    in_order(heard(page))


@pytest.mark.parametrize("csp", ["files", "nonce"])
def test_where_no_script_may_stand_a_file_tells_first(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors, csp: str
) -> None:
    page = new_page()
    vendors(page)
    page.goto(f"{site.url}/files?csp={csp}")
    save(page, "statistics")
    for _ in range(2):
        told = heard(page, at_least=1)
        assert told["google"][0] == ["consent", "default", google("analytics_storage")]
        assert page.locator("script[data-signal^='google.']").count() == 1
        assert page.evaluate("typeof gtag") == "function", "the page itself makes none"
        page.reload()


def test_a_tag_without_a_gate_hears_of_the_grant_first_too(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors
) -> None:
    """What was held back is released as a gate is, and what may run at once has it before it."""
    page = new_page()
    asked = vendors(page)
    page.goto(f"{site.url}/open")
    assert asked == []
    save(page, "statistics")
    for _ in range(2):
        told = heard(page, at_least=1)["google"]
        assert told[0] == ["consent", "default", google("analytics_storage")]
        assert len(consents(told)) == 1
        page.reload()


def test_one_decision_is_one_update(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors
) -> None:
    """R93: what is granted, withdrawn and granted again in one page is told each time, once."""
    page = new_page()
    vendors(page)
    page.goto(site.url)
    save(page, "statistics")
    told = heard(page, at_least=3)
    assert set(told) == {"google", "clarity", "matomo"}, "the others may not run yet"
    assert consents(told["google"]) == [["consent", "default", google("analytics_storage")]]
    save(page, "statistics")
    assert heard(page, at_least=3) == told, "nothing has changed"
    save(page, "statistics", "marketing")
    told = heard(page)
    assert consents(told["google"])[1:] == [["consent", "update", ALL]]
    assert told["clarity"] == GRANTED["clarity"]
    assert told["meta"][:3] == [["consent", "revoke"], ["consent", "grant"], ["init", "1"]]
    events = [entry[0] for entry in told["google"] if entry[0] not in ("consent", "js", "config")]
    assert events == ["visitor-choice"] * 2


def test_a_withdrawal_is_told_at_once(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors
) -> None:
    """Who runs in the page hears of the end; a new grant there is an update like any other."""
    page = new_page()
    vendors(page)
    page.goto(site.url)
    save(page, "statistics", "marketing")
    heard(page)
    save(page)
    told = heard(page)
    assert consents(told["google"])[1:] == [["consent", "update", google()]]
    assert told["uet"][-3:] == ["consent", "update", {"ad_storage": "denied"}]
    storage = {"ad_Storage": "denied", "analytics_Storage": "denied"}
    assert told["clarity"][-1] == ["consentv2", storage]
    assert told["meta"][-1] == ["consent", "revoke"]
    nothing = {"analytics": False, "advertisement": False, "functionality": False}
    assert told["hubspot"][-2:] == [["setHubSpotConsent", nothing], ["revokeCookieConsent"]]
    assert told["matomo"][-2:] == [["requireConsent"], ["deleteCookies"]]
    assert told["tiktok"][-1] == ["revokeConsent"]
    assert told["pinterest"][-1] == ["setconsent", False]
    save(page, "marketing")
    told = heard(page)
    ads = google("ad_storage", "ad_user_data", "ad_personalization")
    assert consents(told["google"])[2:] == [["consent", "update", ads]]
    assert told["meta"][-1] == ["consent", "grant"]
    assert told["clarity"][-1] == ["consentv2", storage]
    page.reload()
    told = heard(page, at_least=5)
    assert not {"clarity", "matomo"} & set(told), "what is withdrawn does not come again"
    first = page.evaluate("[...dataLayer[0]]")
    assert first == ["consent", "default", ads]


def test_a_refusal_fetches_nothing(
    new_page: Callable[..., Page], site: Visited, vendors: Vendors
) -> None:
    """The script that tells vendors is not sent to who has nobody to be told of."""
    page = new_page()
    vendors(page)
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.url))
    page.goto(site.url)
    press(page, "button[value=reject]")
    page.wait_for_timeout(300)
    assert not [path for path in paths if "signals" in path]
