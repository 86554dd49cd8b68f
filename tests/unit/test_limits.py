"""How often grants may come from one network, and which network a request comes from (R118)."""

from __future__ import annotations

import time
from unittest import mock

import pytest

from consent.pages.forms import fields_of, same_origin
from consent.pages.limits import Bucket, client
from tests.unit.small_site import Make, Site, decide

PROXIES = ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What a visitor writes stands before what the proxy adds, in one field or in its own.
        ("10.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["", ""], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
        ("", [], ""),
    ],
)
def test_the_address_is_what_the_nearest_trusted_proxy_says(
    peer: str, forwarded: list[str], address: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert client((peer, 1), fields_of({"headers": headers}), PROXIES) == address


def test_a_visitor_behind_a_proxy_cannot_name_a_new_address_for_each_grant(
    make_site: Make, site: Site
) -> None:
    """R118: a proxy that adds a field of its own is believed, and the visitor's own is not."""
    toml = (site.folder / "consent.toml").read_text("utf-8")
    toml = toml.replace("[site]", '[site]\ntrusted_proxies = ["10.0.0.1"]')
    behind = make_site(toml=toml)
    behind.consent.runtime.grants = Bucket(rate=0, burst=30)  # however long the test takes
    visitor = behind.client()
    visitor._transport.client = ("10.0.0.1", 1)  # type: ignore[attr-defined]
    answers = []
    for number in range(33):
        visitor.headers.update(
            [("x-forwarded-for", f"192.0.2.{number}"), ("x-forwarded-for", "198.51.100.1")]
        )
        visitor.cookies.clear()
        answers.append(decide(visitor, "accept").status_code)
    assert answers == [303] * 30 + [429] * 3


def test_two_origins_are_none_of_ours() -> None:
    own = (b"origin", b"https://www.example.fi")
    for headers in ([own, (b"origin", b"https://evil.example")], [own, own]):
        assert not same_origin(fields_of({"headers": headers}), ("https://www.example.fi",))
    assert same_origin(fields_of({"headers": [own]}), ("https://www.example.fi",))


def test_a_flood_of_addresses_brings_nobody_who_is_limited_a_new_burst() -> None:
    """R118: the memory is bounded, and what was used last stays in it."""
    bucket = Bucket(rate=0.5, burst=3)
    with mock.patch.object(time, "monotonic", return_value=1000.0):
        assert [bucket.take("busy") for _ in range(4)] == [True, True, True, False]
        for number in range(25_000):
            bucket.take(str(number))
            if number % 5_000 == 0:
                assert not bucket.take("busy")
        assert not bucket.take("busy")
    assert len(bucket._left) == 10_000


def test_an_address_may_go_on_as_time_passes() -> None:
    bucket = Bucket(rate=0.5, burst=3)
    answers = []
    for now in (0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 100.0, 100.0, 100.0, 100.0):
        with mock.patch.object(time, "monotonic", lambda now=now: now):
            answers.append(bucket.take("a"))
    assert answers == [True, True, True, False, True, False, True, True, True, False]
