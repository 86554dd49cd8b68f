"""The calendar of the days on which versions take effect, at its address (R84, RFC 5545)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consent.notice.addresses import word
from tests.unit.shop_site import ANNOUNCED, PATHS, open_shop, set_clock
from tests.unit.small_site import Make, Site


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


@pytest.mark.parametrize("lang", PATHS)
def test_a_calendar_is_followed_at_an_address_for_good(shop: Site, lang: str) -> None:
    """R84, RFC 5545: an event for each version that is announced and is no mere spelling."""
    client = shop.client()
    address = f"{PATHS[lang]}/calendar.ics"
    before = client.get(address)
    assert before.content.count(b"BEGIN:VEVENT\r\n") == 2
    set_clock(shop, ANNOUNCED)
    response = client.get(address)
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=300"
    days = re.findall(rb"\r\nDTSTART;VALUE=DATE:(\d{8})\r\n", response.content)
    assert days == [b"20260101", b"20260601", b"20270101"]
    keys = re.findall(rb"\r\nUID:(\S+)\r\n", response.content)
    assert len(set(keys)) == 3
    unfolded = response.content.replace(b"\r\n ", b"").decode()
    for found in re.findall(r"\r\nURL:(\S+)\r\n", unfolded):
        assert client.get(found).status_code == 200
    again = client.get(address, headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304
    history = client.get(f"{PATHS[lang]}/{word('history', lang)}").text
    assert f'<a href="{address}" type="text/calendar">' in history


def test_there_is_no_calendar_before_there_is_a_version(shop: Site) -> None:
    """RFC 5545, 3.4: a calendar has an event at least."""
    set_clock(shop, datetime(2020, 1, 1, tzinfo=UTC))
    client = shop.client()
    assert client.get("/tietosuojaseloste/calendar.ics").status_code == 404
    assert "calendar.ics" not in client.get("/tietosuojaseloste/historia").text
