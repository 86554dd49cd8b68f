"""Cookies that a browser sends: what is refused or undeclared is hidden from the host app."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.browser.firewall import Firewall, Names
from consent.browser.undeclared import Undeclared
from consent.cookie import find_in
from consent.declaration import Kind
from consent.settings import load
from tests.unit.asgi_driver import body, run, start
from tests.unit.cookie_site import (
    DECLARED,
    choice_cookie,
    firewall,
    http,
    service,
)
from tests.unit.proportion import in_proportion
from tests.unit.small_site import KEY, Make, Site


def seen_by(site: Site, *headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The request's header fields as the app sees them."""
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await send(start([]))
        await send(body(b""))

    http(site, app, *headers)
    return seen


def test_refused_and_undeclared_cookies_are_hidden_from_the_app(declared: Site) -> None:
    mine = choice_cookie(declared)
    field = b"_ga=1; session=2; other=3; _ga_X=4; " + mine
    assert seen_by(declared, (b"cookie", field)) == [(b"cookie", b"session=2; " + mine)]


def test_granted_cookies_are_seen(declared: Site) -> None:
    field = b"_ga=1; session=2; _ga_X=4; _pixel=5; " + choice_cookie(declared, "statistics")
    shown = field.replace(b" _pixel=5;", b"")
    assert seen_by(declared, (b"cookie", field)) == [(b"cookie", shown)]


def test_where_undeclared_cookies_are_reported_they_are_seen(make_site: Make) -> None:
    site = make_site(toml=DECLARED + '[enforcement]\nundeclared = "report"\n')
    assert seen_by(site, (b"cookie", b"_ga=1; other=3")) == [(b"cookie", b"other=3")]
    # Names in a request are anybody's: nothing is told of them.
    assert site.consent.runtime.undeclared.counts == {}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ([b"_ga=1"], []),
        ([b"_ga=1", b"session=2"], [b"session=2"]),
        ([b"session=2", b"_ga=1; csrf=3"], [b"session=2", b"csrf=3"]),
        ([b"session=2;csrf=3 ;  _ga=1;app_x=4"], [b"session=2;csrf=3 ;app_x=4"]),
        ([b"_ga=1;  session=2"], [b"session=2"]),
        ([b" session=2;; csrf=3; "], [b" session=2;; csrf=3; "]),
        ([b"session=2; _ga =1; csrf=3"], [b"session=2; csrf=3"]),
        ([b"session=_ga=1; _ga"], [b"session=_ga=1"]),
        ([b"session=a b; csrf="], [b"session=a b; csrf="]),
        ([b"\xff=1; session=2"], [b"session=2"]),
    ],
)
def test_several_fields_and_odd_spacing_are_kept_otherwise(
    declared: Site, sent: list[bytes], seen: list[bytes]
) -> None:
    other = (b"accept", b"*/*")
    fields = [(b"cookie", value) for value in sent]
    assert seen_by(declared, *fields, other) == [*((b"cookie", v) for v in seen), other]
    # And when it comes again.
    assert seen_by(declared, *fields, other) == [*((b"cookie", v) for v in seen), other]


def test_a_request_of_which_nothing_is_hidden_is_not_copied(declared: Site) -> None:
    given: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.append(scope)
        await send(start([]))
        await send(body(b""))

    async def send(message: Any) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    scope["headers"] = [(b"cookie", b"session=1; app_x=2; " + choice_cookie(declared))]
    for _ in range(2):
        run(declared.consent.protect(app)(scope, None, send))  # type: ignore[arg-type]
    assert given[0] is given[1] is scope
    assert given[0]["headers"] is scope["headers"]


OURS = "__Host-choices"
NECESSARY = {"session", "csrf", "app_x", OURS}
OTHERS_NAMES = {"_ga", "_ga_X", "_pixel", "app_count_1", "other", "", " _ga", "_GA"}
NAMES = st.sampled_from(sorted(NECESSARY | OTHERS_NAMES))
VALUES = st.text("ab=_ga; ", max_size=8) | st.sampled_from(["a", f"{OURS}=b", f"a; {OURS}=a"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), st.sampled_from(["; ", ";", " ;", ";;"]))
def test_the_quick_look_hides_just_what_a_thorough_one_would(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], mark: str
) -> None:
    wall = a_firewall(tmp_path_factory)
    field = mark.join(f"{name}={value}" for name, value in pairs)
    parts = [part.strip() for part in field.split(";")]
    names = {part.partition("=")[0].strip() if "=" in part else "" for part in parts if part}
    hides = any(n not in NECESSARY and not re.fullmatch("app_(?!count_).*", n) for n in names)
    for _ in range(2):
        assert wall.hides(field.encode()) is hides
    # And finds the choice as a thorough one does.
    quick = wall._passing(field.encode())
    assert quick is None or quick[1] == find_in(field.encode(), f"{OURS}=".encode())


@pytest.mark.parametrize("pattern", ["__*", "__Host-*", "__Host-choices*", "*choices"])
def test_no_necessary_cookie_is_taken_for_the_choice(make_site: Make, pattern: str) -> None:
    site = make_site(toml=DECLARED + service("every", "necessary", pattern))
    granted = choice_cookie(site, "statistics")
    for field in (granted, b"session=1; " + granted, granted + b"; session=1"):
        for _ in range(3):
            plans, _, hides = site.consent.runtime.plans([(b"cookie", field)])
            assert plans.choice.allows("statistics")
            assert not hides


_made: list[Firewall] = []


def a_firewall(factory: pytest.TempPathFactory) -> Firewall:
    if not _made:
        folder = factory.mktemp("site")
        (folder / "notices" / "privacy").mkdir(parents=True)
        (folder / "consent.toml").write_text(DECLARED, encoding="utf-8")
        settings = load(folder / "consent.toml", {"CONSENT_SECRET_KEYS": KEY})
        names = Names(settings.declaration, Kind.COOKIE, ["www.example.fi"])
        known = Undeclared(settings.declaration, ["fi"])
        _made.append(Firewall(names, lambda _: False, OURS, known))
    return _made[0]


# -- what is remembered, and what hostile names cost --


def test_what_is_remembered_of_names_and_requests_stays_small(declared: Site) -> None:
    wall = firewall(declared)
    for number in range(5000):
        wall.hides(b"app_%d=1; session=2" % number)
        wall.verdict(b"x" * 1000 + b"%d" % number)
    assert len(wall._known) <= 1024
    assert max(map(len, wall._known)) <= 128
    for number in range(3000):
        declared.consent.runtime.plans([(b"cookie", b"app_%d=1" % number)])
        declared.consent.runtime.plans([(b"cookie", b"app_x=1" * 1000 + b"%d" % number)])
    fields = declared.consent.runtime._judged.by_field
    assert 0 < len(fields) <= 4096
    assert all(type(field) is int for field in fields), "what others keep is not kept here"


def test_hostile_names_take_time_by_their_length_alone(make_site: Make) -> None:
    toml = DECLARED + service("stars", "statistics", "a*b*c*d*e*f")
    wall = firewall(make_site(toml=toml))

    def make(length: int) -> bytes:
        return b"a" + b"bcde" * length + b"=1; " + b"; ".join(b"n%d=1" % n for n in range(length))

    def work(field: bytes) -> None:
        wall._known.clear()
        assert wall.hides(field)
        wall.hiding({"headers": [(b"cookie", field)]})

    assert in_proportion(make, work, 500, 8)
