"""Canonical bytes are those of RFC 8785, and records hold what R35 asks for and R125 allows."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consent.choice import Memory, Rules, Stored
from consent.record import Shown, canonical, consent_record, day_of

LARGEST = 2**53 - 1
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
AT = datetime(2026, 11, 23, 13, 14, 15, 999_999, tzinfo=UTC)
RULES = Rules(
    optional=("statistics", "marketing"),
    accepted={"5" * 12: "statistics", "7" * 12: "marketing"},
    services={},
    always=frozenset(),
    denied_by={},
)
SHOWN = Shown(
    hash="a" * 64,
    language="fi",
    declaration="b" * 64,
    interface="c" * 64,
    notice_version="2026.1",
    notice_hash="d" * 64,
    scopes={"statistics": "5" * 64, "marketing": "7" * 64},
)


@given(VALUES)
def test_every_value_has_the_bytes_of_the_reference_library(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 8785 section 3.2.3: U+FB33 sorts after the surrogate pair of U+1F600.
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7},
            '{"\\r":2,"1":4,"\x80":6,"\xf6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}',
        ),
        # RFC 8785 section 3.2.2.2: what is escaped, and how.
        ('\u20ac$\x0f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\b\t\n\f\r\x1f\x7f", '"\\b\\t\\n\\f\\r\\u001f\x7f"'),
        ({"b": [1, (2, None)], "a": {}}, '{"a":{},"b":[1,[2,null]]}'),
        ([LARGEST, -LARGEST, True, False], f"[{LARGEST},-{LARGEST},true,false]"),
    ],
)
def test_the_vectors_of_the_standard_hold(value, expected):
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), b"bytes", {1, 2}, object(), {1: "a"}, {None: "a"}, ["ok", [0.5]], AT],
)
def test_what_has_no_form_of_its_own_is_refused(value):
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"\udfff": 1}, [10**400]])
def test_what_json_cannot_keep_exactly_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


def decided(granted, stored=None, at=AT, **extra):
    day = at.toordinal() - 719163
    scopes = {"statistics": "5" * 12, "marketing": "7" * 12}
    decision = RULES.decide(
        stored or Stored(), day, asked=RULES.optional, granted=granted, scopes=scopes
    )
    values = {
        "at": at,
        "optional": RULES.optional,
        "memory": Memory(),
        "consent_id": "i" * 22 if decision.grants() else "",
        "method": "banner",
        "layout": "left",
    }
    return consent_record(decision, SHOWN, **(values | extra))


def test_a_grant_names_what_was_shown_and_when():
    """R35: time, states, scopes, texts, notice, declaration, interface, method and expiry."""
    record = decided({"statistics"})
    assert len(record.pop("id")) == 32
    assert record == {
        "kind": "consent",
        "schema": 1,
        "event": "grant",
        "time": "2026-11-23T13:14:15Z",
        "states": {"statistics": "granted", "marketing": "denied"},
        "decided": {"statistics": "2026-11-23", "marketing": "2026-11-23"},
        "expires": {"statistics": "2027-05-25", "marketing": "2027-11-23"},
        "scopes": {"statistics": "5" * 64, "marketing": "7" * 64},
        "method": "banner",
        "layout": "left",
        "consent_id": "i" * 22,
        "language": "fi",
        "shown": "a" * 64,
        "declaration": "b" * 64,
        "interface": "c" * 64,
        "notice": {"version": "2026.1", "hash": "d" * 64},
        "artifacts": ["a" * 64, "b" * 64, "c" * 64, "d" * 64],
    }


def test_a_refusal_carries_the_day_alone():
    """R43: nobody is found by the second of refusing."""
    record = decided(set())
    assert record["event"] == "refusal"
    assert record["time"] == "2026-11-23"
    assert "consent_id" not in record
    assert "13:14" not in str(record)


def test_a_signal_and_a_predecessor_are_named_only_when_there_is_one():
    assert decided({"statistics"}, signal="gpc", previous="p")["signal"] == "gpc"
    assert decided({"statistics"}, signal="gpc", previous="p")["previous"] == "p"
    assert {"signal", "previous"}.isdisjoint(decided({"statistics"}))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))
def test_times_are_told_in_utc_whatever_zone_they_come_in(moment, hours):
    local = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert day_of(local) == (moment - timedelta(hours=hours)).date().isoformat()


@given(st.sets(st.sampled_from(RULES.optional)))
def test_every_record_has_a_canonical_form(granted):
    record = decided(granted)
    assert canonical(record) == rfc8785.dumps(record)
