"""What vendors are told, when and how often: R93, R95, R96, in pages that come in any pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from consent.browser.gates import Gates
from consent.browser.inject import Plan
from consent.browser.late import LateGates
from consent.browser.plan import Insertion
from consent.browser.signals import VENDORS, Signals
from consent.declaration import Service
from consent.settings.services import SIGNALS
from tests.unit.asgi_driver import HTML, cut, page, respond
from tests.unit.small_site import TEXTS, TOML, Make, decide


def service(
    name: str,
    signal: str,
    category: str = "marketing",
    purposes: tuple[str, ...] = ("advertising",),
) -> Service:
    return Service(name, name, "Oy", category, purposes, {}, signal=signal)


ANALYTICS = service("ga", "google", "statistics", ("audience-measurement",))
ADS = service("ads", "google")
PIXEL = service("pixel", "meta")
SERVICES = (ANALYTICS, ADS, PIXEL, service("plain", ""))


def before(*allowed: str, services: tuple[Service, ...] = SERVICES, nonce: bytes = b"") -> Callable:
    released = Signals(services, "/choices").state(lambda name: name in allowed)
    assert released is not None
    return released.page(inline=True, nonce=nonce)


def values(markup: bytes) -> dict[str, str]:
    found = re.search(rb'"consent","default",([^)]*)\)', markup)
    assert found
    said: dict[str, str] = json.loads(found[1])
    return said


def test_every_signal_that_settings_take_has_a_vendor():
    assert tuple(VENDORS) == SIGNALS


def test_google_is_told_all_four_signals_as_they_are():
    """R93: the default is right at once, so that nothing is to be waited for."""
    ads = dict.fromkeys(("ad_storage", "ad_user_data", "ad_personalization"), "denied")
    assert values(before("ga")("ga")) == {**ads, "analytics_storage": "granted"}
    told = before("ads", "ga")("ads")
    assert set(values(told).values()) == {"granted"}
    assert told.count(b"consent") == 1
    for unasked in (b"wait_for_update", b"url_passthrough", b"ads_data_redaction"):
        assert unasked not in told


def test_google_is_told_of_the_tags_of_others_where_only_tag_manager_is_its_own():
    manager = service("gtm", "google", "marketing", ("tag-management",))
    counter = service("counter", "", "statistics", ("audience-measurement",))
    services = (manager, counter, service("pixel", "meta"))
    told = values(before("gtm", "pixel", services=services)("gtm"))
    assert (told["ad_storage"], told["analytics_storage"]) == ("granted", "denied")
    told = values(before("gtm", "pixel", "counter", services=services)("gtm"))
    assert told["analytics_storage"] == "granted"
    assert set(values(before("gtm", services=(manager,))("gtm")).values()) == {"denied"}


def test_a_vendor_is_told_once_a_page_and_only_where_it_may_run():
    page = before("ga", "pixel")
    assert page("plain") == page("unknown") == page("ads") == b""
    assert b'data-signal="google.' in page("ga")
    assert page("ga") == page("statistics") == b""
    assert b'data-signal="meta.' in page("marketing")
    assert page("pixel") == b""
    assert Signals(SERVICES, "/choices").state(lambda name: name == "plain") is None


def test_a_category_stands_for_the_vendors_of_its_services_in_their_order():
    both = (service("b", "clarity", "statistics"), service("a", "google", "statistics"))
    told = before("a", "b", services=both)("statistics")
    assert re.findall(rb'data-signal="(\w+)', told) == [b"google", b"clarity"]


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("granted", [True, False])
def test_a_script_is_safe_where_it_stands(name: str, granted: bool):
    vendor = VENDORS[name]
    script = vendor.script(dict.fromkeys(vendor.parts, granted))
    assert script.isascii()
    assert b"<" not in script
    calls = vendor.change(dict.fromkeys(vendor.parts, granted))
    assert json.loads(json.dumps(calls)) == calls


def test_every_state_has_its_file():
    signals = Signals(SERVICES, "/choices")
    for allowed in ({"ga"}, {"ga", "ads"}, {"ads", "pixel"}):
        state = signals.state(allowed.__contains__)
        assert state
        file, inline = state.page(inline=False), state.page(inline=True)
        markup = file("statistics") + file("marketing")
        paths = re.findall(rb'src="/choices/([^"]*)"', markup)
        texts = re.findall(rb">([^<]+)<", inline("statistics") + inline("marketing"))
        assert [signals.files[path.decode()] for path in paths] == texts


def test_script_is_told_what_to_call_when_a_choice_changes():
    signals = Signals(SERVICES, "/choices")
    told = {v["id"]: v for v in signals.reply({"ga"}.__contains__, withdrawn=False)}
    assert f"signals/{told['google']['key']}.js" in signals.files
    assert [call[:3] for call in told["google"]["calls"]] == [["gtag", "consent", "update"]]
    assert told["meta"] == {"id": "meta", "key": "", "calls": [["fbq", "consent", "revoke"]]}
    assert signals.reply(lambda _: False, withdrawn=False) == []
    assert all(v["key"] == "" for v in signals.reply(lambda _: False, withdrawn=True))


# -- in a page --

PAGE = (
    b'<p>1</p><template data-consent="marketing"><script src=a></script></template>'
    b'<svg><script type="text/plain" data-category="ga">0</script></svg>'
    b'<template><script type="text/plain" data-category="ga">x</script></template>'
    b'<template data-consent="no"><template data-consent="ga">y</template></template>'
    b'<p>2</p><script type="text/plain" data-category="ga" data-src=b></script>'
    b'<template data-consent="ga"><script src=c></script></template><p>3</p>'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("gates", [Gates, LateGates])
def test_a_signal_stands_directly_before_the_first_released_tag(gates: type, size: int):
    """In a template that stays closed nothing is told: there it would not run."""
    allowed = {"ga", "statistics", "pixel", "marketing"}
    opening = gates(allowed.__contains__, None, None, before(*allowed))
    out = b"".join(map(opening.feed, cut(PAGE, size))) + opening.feed(b"", True)
    told = before(*allowed)
    # Of the category all vendors are told; what is told is told for the whole page.
    expected = (
        b"<p>1</p>%b<script src=a></script>"
        b'<svg><script data-category="ga">0</script></svg>'
        b'<template><script data-category="ga">x</script></template>'
        b'<template data-consent="no">y</template>'
        b'<p>2</p>%b<script data-category="ga" src=b></script><script src=c></script><p>3</p>'
    ) % (told("marketing"), told("ga"))
    assert re.sub(rb"<script  ?", b"<script ", out) == expected
    assert (out.count(b"data-signal"), out.count(b'data-signal="google.')) == (2, 1)


META = b'<meta http-equiv="content-security-policy" content="script-src \'self\'">'
FORMS = [
    ([], b"", "inline"),
    ([b"script-src 'self'"], b"", "file"),
    ([b"default-src 'self'"], b"", "file"),
    ([b"img-src 'self'"], b"", "inline"),
    ([b"script-src 'self' 'unsafe-inline'"], b"", "inline"),
    ([b"script-src 'unsafe-inline' 'sha256-abc='"], b"", "file"),
    ([b"script-src 'unsafe-inline' 'strict-dynamic'"], b"", "file"),
    ([b"script-src 'nonce-abc' 'unsafe-inline'"], b"", "nonce"),
    ([b"script-src 'nonce-abc'", b"script-src-elem 'self' 'nonce-abc'"], b"", "nonce"),
    ([b"script-src 'nonce-abc'", b"script-src 'self'"], b"", "file"),
    ([], META, "file"),
]


@pytest.mark.parametrize(("policies", "head", "form"), FORMS)
def test_where_no_script_may_stand_a_file_comes_in_its_place(
    policies: list[bytes], head: bytes, form: str
):
    state = Signals(SERVICES, "/choices").state(lambda name: name == "ga")
    plan = Plan(Insertion(b"", b"", b"", b"x"), allows=lambda name: name == "ga", signals=state)
    text = PAGE + b"<p>text</p>" * 100  # long enough to be remembered when it comes again
    data = b"<!doctype html><html><head>%b</head><body>%b</body></html>" % (head, text)
    headers = [(b"content-security-policy", b", ".join(policies))] if policies else []
    body = respond(plan, page(data, [*HTML, *headers])).body
    (told,) = re.findall(rb"<script[^>]* data-signal[^>]*>", body)
    assert all(respond(plan, page(data, [*HTML, *headers])).body == body for _ in range(4))
    assert (b" src=" in told) == (form == "file")
    assert (b'nonce="abc"' in told) == (b"'nonce-abc'" in b"".join(policies))


SIGNALLING = f"""
[services.ga]
name = "GA"
provider = "G"
category = "statistics"
purposes = ["audience-measurement"]
purpose = {TEXTS}
signal = "google"
"""


def test_the_file_lasts_and_the_reply_names_the_script(make_site: Make):
    client = make_site(toml=TOML + SIGNALLING).client()
    refused = decide(client, "reject", json_reply=True).json()
    assert "signals" not in refused
    reply = decide(client, "accept", json_reply=True).json()["signals"]
    script = client.get(reply["script"])
    assert "export const tell" in script.text
    assert "immutable" in script.headers["cache-control"]
    (vendor,) = reply["vendors"]
    file = client.get(f"/choices/signals/{vendor['key']}.js")
    assert '"analytics_storage":"granted"' in file.text
    assert file.headers["content-type"].startswith("text/javascript")
    assert "immutable" in file.headers["cache-control"]
    assert client.get("/choices/signals/0000000000.js").status_code == 404
    assert client.get("/choices/state").json()["signals"] == reply
    gone = decide(client, "reject", json_reply=True).json()["signals"]
    assert gone["vendors"][0]["key"] == ""
