"""A site whose name leads to another machine is warned of, and nothing waits for it (R115)."""

from __future__ import annotations

import logging
import socket
import threading
from ipaddress import ip_address
from unittest import mock
from zoneinfo import ZoneInfo

import pytest

from consent.settings import Site as SiteSettings
from consent.settings import address
from tests.unit.small_site import Make

resolve_by_name = address.resolve


def site_at(*origins: str, proxies: tuple[str, ...] = ()) -> SiteSettings:
    return SiteSettings("Esimerkki", origins, ("fi",), ZoneInfo("UTC"), proxies)


def places(patch: pytest.MonkeyPatch, there: list[str], here: list[str]) -> None:
    """Let a name server and the machine's network say what they are told to."""
    patch.setattr(address, "resolve", lambda host: [ip_address(one) for one in there])
    patch.setattr(
        address,
        "own_addresses",
        lambda target: [a for a in map(ip_address, here) if a.version == target.version],
    )


WWW = "https://www.example.fi"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (["203.0.113.7"], ["203.0.200.9"]),  # the same 16 bits
        (["198.51.100.1", "203.0.113.7"], ["203.0.113.7"]),
        (["2001:db8:1:2::7"], ["2001:db8:1:2:ffff::1"]),  # the same 64
        (["2001:db8::7", "203.0.113.7"], ["2001:db8:9::1", "203.0.113.7"]),
        (["127.0.0.1"], ["127.0.0.1"]),
        ([], ["203.0.113.7"]),  # no answer
        (["203.0.113.7"], []),  # no network
        (["203.0.113.7"], ["2001:db8::1"]),  # nothing to compare
    ],
)
def test_a_machine_in_the_range_of_the_sites_address_is_not_warned_of(
    monkeypatch: pytest.MonkeyPatch, there: list[str], here: list[str]
) -> None:
    places(monkeypatch, there, here)
    assert address.elsewhere(site_at(WWW)) == ""


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (["203.0.113.7"], ["203.1.113.7"]),
        (["203.0.113.7"], ["10.0.0.4"]),
        (["2001:db8:1:2::7"], ["2001:db8:1:3::7"]),
        (["203.0.113.7", "2001:db8:1:2::7"], ["10.0.0.4", "fd00::4"]),
    ],
)
def test_a_machine_in_another_range_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, there: list[str], here: list[str]
) -> None:
    """R115: with the name, both addresses and what to do."""
    places(monkeypatch, there, here)
    fault = address.elsewhere(site_at(WWW, "https://example.fi"))
    for word in ("www.example.fi", *there, *here, "Safari", "site.trusted_proxies"):
        assert word in fault


def test_a_site_that_names_its_proxies_or_is_on_the_loopback_asks_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address, "resolve", lambda host: pytest.fail(f"{host} was looked for"))
    assert address.elsewhere(site_at(WWW, proxies=("10.0.0.1",))) == ""
    assert address.elsewhere(site_at("http://127.0.0.1:8000")) == ""


def test_a_name_is_looked_for_in_the_systems_way() -> None:
    found = [
        (socket.AF_INET, 1, 6, "", ("203.0.113.7", 443)),
        (socket.AF_INET6, 1, 6, "", ("fe80::1%eth0", 443, 0, 2)),
    ]
    with mock.patch.object(socket, "getaddrinfo", return_value=found):
        assert resolve_by_name("x") == [ip_address("203.0.113.7"), ip_address("fe80::1")]
    for fault in (socket.gaierror("no such name"), UnicodeError("label too long")):
        with mock.patch.object(socket, "getaddrinfo", side_effect=fault):
            assert resolve_by_name("x") == []


def test_the_machines_own_address_is_the_one_that_it_sends_from() -> None:
    assert address.own_addresses(ip_address("127.0.0.1")) == [ip_address("127.0.0.1")]


def test_the_start_warns_and_waits_for_no_name_server(
    make_site: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R115: the site serves while the answer is still to come, and starts whatever it is."""
    answer = threading.Event()
    places(monkeypatch, ["203.0.113.7"], ["10.0.0.4"])
    at_once = address.resolve
    monkeypatch.setattr(address, "resolve", lambda host: answer.wait(30) and at_once(host))
    with caplog.at_level(logging.WARNING, "consent"):
        site = make_site()
        assert site.client().get("/").status_code == 200
        assert "203.0.113.7" not in caplog.text
        answer.set()
        for thread in threading.enumerate():
            if thread.name == "consent-address":
                thread.join(30)
    assert "www.example.fi leads to 203.0.113.7, and this machine is at 10.0.0.4" in caplog.text
