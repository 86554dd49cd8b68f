"""What the catalogue gives enforcement: addresses, scripts in the page, signals (R94, R97)."""

from __future__ import annotations

import re
from functools import partial

import pytest

from consent import catalogue
from tests.unit.proportion import in_proportion
from tests.unit.vendor_snippets import OTHERS, SNIPPETS

PATTERNS = {
    service: tuple(re.compile(p.encode()) for p in catalogue.entry(service).get("inline", ()))
    for service in catalogue.ids()
}
SAME = {"matomo-cloud": "matomo"}
"""A service that is another one hosted elsewhere: one snippet, and a site declares one of them."""


def services(script: str) -> set[str]:
    return {
        SAME.get(service, service)
        for service, patterns in PATTERNS.items()
        if any(pattern.search(script.encode()) for pattern in patterns)
    }


@pytest.mark.parametrize(
    ("service", "snippet"), [(s, snippet) for s, every in SNIPPETS.items() for snippet in every]
)
def test_a_snippet_is_known_for_its_own_service_and_no_other(service, snippet):
    assert services(snippet) == {service}


@pytest.mark.parametrize("script", OTHERS)
def test_a_signal_or_a_script_of_the_site_is_nobodys_snippet(script):
    assert services(script) == set()


def test_every_pattern_finds_one_of_the_snippets():
    """A pattern that no snippet needs is one that nobody has tried."""
    for service, patterns in PATTERNS.items():
        for pattern in patterns:
            assert any(map(pattern.search, snippets(service))), pattern.pattern


def test_a_hostile_script_is_read_in_linear_time():
    """Whatever a pattern has half found, many times over or before one long run, costs no more."""
    for service, patterns in PATTERNS.items():
        for pattern in patterns:
            found = next(m for s in snippets(service) if (m := pattern.search(s)))
            halves = {found[0][:end] for end in range(1, len(found[0]), 3)}
            for half in halves:
                for unit, run in ((half, b"a"), (half + b" " * 9, b" ")):
                    hostile = partial(odd, unit, half, run * 20)
                    assert in_proportion(hostile, pattern.search, 200), (pattern, unit)


def odd(unit: bytes, half: bytes, run: bytes, count: int) -> bytes:
    return unit * count + half + run * count


def snippets(service: str) -> list[bytes]:
    return [snippet.encode() for snippet in SNIPPETS[SAME.get(service, service)]]


@pytest.mark.parametrize(
    ("host", "several"),
    [
        ("www.google.com", {"google-ads", "google-maps", "recaptcha"}),
        ("www.googletagmanager.com", {"google-ads", "google-analytics-4", "google-tag-manager"}),
    ],
)
def test_a_host_of_several_services_is_told_apart_by_path(host, several):
    """A map that is refused must not refuse the form's check; nor one tag of Google another."""
    found = {
        service: {h for h in catalogue.entry(service)["hosts"] if h.split("/")[0] == host}
        for service in catalogue.ids()
    }
    assert {service for service, hosts in found.items() if hosts} == several
    assert all("/" in h for hosts in found.values() for h in hosts)


def test_a_service_takes_the_signal_that_its_vendor_documents():
    """R93, R95, R96: the table of who is told of a choice, and how."""
    signals = {s: catalogue.entry(s).get("signal", "") for s in catalogue.ids()}
    assert {s: signal for s, signal in signals.items() if signal} == {
        "google-ads": "google",
        "google-analytics-4": "google",
        "google-tag-manager": "google",
        "hubspot": "hubspot",
        "matomo": "matomo",
        "matomo-cloud": "matomo",
        "meta-pixel": "meta",
        "microsoft-clarity": "clarity",
        "microsoft-uet": "uet",
        "pinterest": "pinterest",
        "tiktok-pixel": "tiktok",
    }
