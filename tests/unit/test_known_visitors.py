"""What is remembered of visitors says the same as reading their cookies anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consent.choice import Answer, Stored
from consent.cookie import find, find_in
from tests.unit.small_site import Site

NAME = b"__Host-choices"
PIECES = st.sampled_from(
    [
        NAME,
        b"=",
        b";",
        b"; ",
        b" ",
        b"\t",
        b"a",
        b"x__Host-choices=",
        b'"',
        b"b=c",
        b"",
        b",",
        NAME + b"=",
    ]
)
FIELDS = st.lists(PIECES, max_size=12).map(b"".join)


@given(FIELDS)
@example(b"__Host-choices=a; __Host-choices=a")
@example(b"a=__Host-choices=b; __Host-choices=c")
@example(b"a=b;\t__Host-choices=c \t; d=e")
@example(b"; __Host-choices=")
def test_one_cookie_field_is_searched_as_several_are(field: bytes) -> None:
    assert find_in(field, NAME + b"=") == find([(b"cookie", field)], NAME)


def cookies(site: Site) -> list[bytes]:
    """Values that count, that count no longer or not yet, and that were never signed here."""
    runtime = site.consent.runtime
    scopes = list(runtime.edition.declaration.scopes.values())
    today = runtime.today
    stored = [
        Stored(tuple(Answer(granted, day, scope.short) for scope in scopes), seen, "i" * 22)
        for granted in (True, False)
        for day in (today, today - 200, today - 400, today + 1, today + 2)
        for seen in ("", "2026.1")
    ]
    widened = tuple(Answer(True, today, "0" * 12) for _ in scopes)
    stored.append(Stored(widened, "", "i" * 22))
    stored.append(replace(stored[0], answers=stored[0].answers[:1]))
    values = [runtime.cookie.value(one).encode() for one in stored]
    forged = [values[0][:-4] + b"AAAA", values[0].replace(b"1.", b"2.", 1), b"", b"1.-.-"]
    return [*values, *forged]


def test_pages_are_made_by_what_the_cookie_says_whether_or_not_it_is_remembered(
    site: Site,
) -> None:
    """R31, R32, R87: for every cookie, with the signal and without, in one field and in two."""
    values = cookies(site)
    runtime = site.consent.runtime

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.sampled_from(values), max_size=2),
        st.sampled_from([(), ((b"sec-gpc", b"1"),), ((b"sec-gpc", b"0"),)]),
        st.booleans(),
    )
    def same(chosen: list[bytes], signal: tuple[tuple[bytes, bytes], ...], split: bool) -> None:
        pairs = [b"a=b", *(NAME + b"=" + value for value in chosen)]
        fields = pairs if split else [b"; ".join(pairs)]
        headers = [(b"host", b"x"), *((b"cookie", field) for field in fields), *signal]
        for _ in range(2):
            plans, _, _ = runtime.plans(headers)
            choice = runtime.state(headers).choice
            assert plans.choice.states == choice.states
            assert plans.choice.allowed == choice.allowed
            assert plans.choice.asked == choice.asked
            assert plans.choice.signalled == choice.signalled

    same()
    site.clock.pass_days(1)
    same()
    site.clock.pass_days(-3)
    same()


def test_what_visitors_share_holds_no_id_of_any_of_them(site: Site) -> None:
    """R43."""
    runtime = site.consent.runtime
    for value in cookies(site):
        plans, _, _ = runtime.plans([(b"cookie", NAME + b"=" + value)])
        assert plans.choice.stored.consent_id == ""


def test_cookies_that_were_not_signed_here_are_not_remembered(site: Site) -> None:
    runtime = site.consent.runtime
    for number in range(5_000):
        runtime.plans([(b"cookie", NAME + b"=1.-.-.g512c%012d.forged" % number)])
    assert set(runtime._judged.by_cookie[""]) <= {None}


def test_a_flood_of_signed_cookies_keeps_the_memory_bounded(site: Site) -> None:
    runtime = site.consent.runtime
    scope = next(iter(runtime.edition.declaration.scopes.values())).short
    one = Stored((Answer(True, runtime.today, scope),))
    for number in range(4_200):
        value = runtime.cookie.value(replace(one, consent_id=f"{number:022d}")).encode()
        runtime.plans([(b"cookie", NAME + b"=" + value)])
        assert len(runtime._judged.by_cookie[""]) <= 4096
