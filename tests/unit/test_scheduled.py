"""What waits for a notice version: services with `from`, and what the clock changes by itself."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from consent.texts import texts
from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import TEXTS, TOML, Make, Site, decide, fields

LATER = f"""
[services.carrier]
name = "Kuljetus"
provider = "Kuljetus Oy"
category = "statistics"
purposes = ["audience-measurement"]
purpose = {TEXTS}
from = "2027.1"
"""
GATE = '<template data-consent="carrier"><b>Seuranta</b></template>'


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    shop = open_shop(tmp_path, make_site, toml=TOML + LATER)
    shop.page = shop.page.replace("</body>", f"{GATE}</body>")
    return shop


def test_until_its_version_is_in_force_a_service_is_gated_and_not_asked(shop: Site) -> None:
    """R81: not in the banner, the table, the scope or what is allowed, and without a warning."""
    set_clock(shop, EFFECTIVE, -1)
    client = shop.client()
    assert "Kuljetus" not in client.get("/").text
    assert "Kuljetus" not in client.get("/choices/fi").text
    decide(client, "accept")
    assert "carrier" not in client.get("/choices/state").json()["allowed"]
    assert GATE in client.get("/").text
    scopes = shop.consent.runtime.edition.declaration.scopes
    assert "carrier" not in scopes["statistics"].services


def test_from_the_moment_of_effect_it_is_asked_of_everybody(shop: Site) -> None:
    """R24, R81: who has allowed its category is asked again for that one only."""
    client = shop.client()
    decide(client, "accept")
    set_clock(shop, EFFECTIVE)
    state = client.get("/choices/state").json()
    assert state["asked"] == ["statistics"]
    assert "counter" not in state["allowed"]
    assert "ads" in state["allowed"]
    html = client.get("/").text
    assert GATE in html
    assert "Kuljetus" in unescape(html)
    decide(client, "accept")
    assert "carrier" in client.get("/choices/state").json()["allowed"]
    assert "<b>Seuranta</b>" in client.get("/").text
    assert GATE not in client.get("/").text


def test_a_category_without_services_is_asked_when_it_has_its_first(
    tmp_path: Path, make_site: Make
) -> None:
    """Nothing would be allowed by a yes to it, and its first service would ask again."""
    later = TOML.replace('category = "preferences"', 'category = "preferences"\nfrom = "2027.1"')
    shop = open_shop(tmp_path, make_site, toml=later)
    set_clock(shop, EFFECTIVE, -1)
    client = shop.client()
    for path in ("/", "/choices/fi"):
        html = client.get(path).text
        assert fields(html)["asked"] == "statistics marketing"
        assert 'name="preferences"' not in html
    decide(client, "accept")
    assert client.get("/choices/state").json()["asked"] == []
    assert shop.log()[-1]["states"] == {"statistics": "granted", "marketing": "granted"}
    set_clock(shop, EFFECTIVE)
    assert client.get("/choices/state").json()["asked"] == ["preferences"]
    assert fields(client.get("/").text)["asked"] == "preferences"


def test_a_form_opened_before_the_effect_allows_only_what_it_showed(shop: Site) -> None:
    """R35: the record names the scope that was shown; the wider one is asked, and the reply says
    so.
    """
    client = shop.client()
    set_clock(shop, EFFECTIVE, -1)
    html = client.get("/choices/fi").text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    set_clock(shop, EFFECTIVE)
    reply = decide(client, "accept", form=form)
    assert reply.status_code == 409
    assert texts("fi")["error"]["stale"] in reply.text
    assert "Kuljetus" in reply.text
    state = client.get("/choices/state").json()
    assert state["asked"] == ["statistics"]
    assert "carrier" not in state["allowed"]
    record = shop.log()[-1]
    assert record["notice"]["version"] == "2026.2"  # type: ignore[index]


def test_the_wider_declaration_is_logged_before_anybody_allows_it(shop: Site) -> None:
    """DESIGN 5: one entry when it takes effect, with all that it names."""
    runtime = shop.consent.runtime
    set_clock(shop, EFFECTIVE)
    decide(shop.client(), "accept")
    entries = [json.loads(body) for _, body in runtime.log.bodies("declaration")]
    assert len(entries) == 2
    assert entries[0]["scopes"]["marketing"] == entries[1]["scopes"]["marketing"]
    assert entries[0]["scopes"]["statistics"] != entries[1]["scopes"]["statistics"]
    assert all(runtime.log.artifact(digest) for digest in entries[1]["artifacts"])
    assert shop.log()[-1]["declaration"] == entries[1]["declaration"]


def test_an_announcement_changes_no_choice(shop: Site) -> None:
    client = shop.client()
    decide(client, "accept")
    before = client.get("/choices/state").json()
    set_clock(shop, ANNOUNCED)
    assert client.get("/choices/state").json() == before


def test_a_service_whose_version_is_in_force_needs_no_waiting(
    tmp_path: Path, make_site: Make
) -> None:
    for number in ("2026.1", "2026.2"):
        site = open_shop(tmp_path, make_site, toml=TOML + LATER.replace("2027.1", number))
        assert "Kuljetus" in site.client().get("/choices/fi").text
        site.close()
