"""How long a record is kept: decided from days alone, and at every boundary (R127)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log.retention import Marks, Written, ended, kept_until, leap, ranges, told, value
from tests.unit.aged_log import record

DAY = timedelta(days=1)
MADE = date(2023, 5, 28)


def chain(*entries):
    return [value(entry.body) for entry in entries]


@pytest.mark.parametrize(
    ("end", "months", "last"),
    [
        ("2023-11-28", 36, "2026-11-28"),
        ("2023-11-28", 1, "2023-12-28"),
        ("2023-12-01", 1, "2024-01-01"),
        ("2023-12-31", 2, "2024-02-29"),
        ("2024-02-29", 36, "2027-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        ("9998-01-01", 36, "9999-12-31"),
    ],
)
def test_the_last_day_is_the_same_day_of_a_month_to_come(end, months, last):
    assert kept_until(date.fromisoformat(end), months) == date.fromisoformat(last)


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(1, 36))
def test_a_later_end_is_never_kept_for_less(end, months):
    assert kept_until(end, months) > end
    assert kept_until(end + DAY, months) >= kept_until(end, months)
    assert kept_until(end, months) >= end + timedelta(days=28 * months)
    assert kept_until(end, months) <= end + timedelta(days=31 * months)


def test_a_consent_ends_when_nothing_that_it_grants_counts_any_more():
    """R127: the longest grant decides, and no denial, which is remembered for longer."""
    grant = record("grant", MADE, 1)
    assert ended(chain(grant), MADE) == MADE + timedelta(days=183)
    more = record(
        "grant",
        MADE,
        1,
        states={"marketing": "granted", "preferences": "granted", "statistics": "denied"},
        expires={
            "marketing": "2023-07-01",
            "preferences": "2023-09-01",
            "statistics": "2024-05-27",
        },
    )
    assert ended(chain(more), MADE) == date(2023, 9, 1)


def test_a_withdrawal_ends_the_consent_on_its_day():
    """R44: it is the end of the chain that counts, whatever was granted before."""
    grant = record("grant", MADE, 1)
    withdrawal = record("withdrawal", MADE + 10 * DAY, 1)
    assert ended(chain(grant, withdrawal), MADE + 10 * DAY) == MADE + 10 * DAY


def test_a_change_goes_on_for_as_long_as_what_it_grants():
    grant, change = record("grant", MADE, 1), record("change", MADE + 100 * DAY, 1)
    assert ended(chain(grant, change), MADE + 100 * DAY) == MADE + 283 * DAY


def test_a_refusal_ends_on_its_own_day():
    assert ended(chain(record("refusal", MADE)), MADE) == MADE


@pytest.mark.parametrize(
    "body", [b"{}", b"[", b"[1]", b'{"time":7,"states":[],"expires":""}', None]
)
def test_a_record_that_does_not_say_when_counts_from_the_day_it_was_written(body):
    assert ended([value(body)], MADE) == MADE


@pytest.mark.parametrize("time", ["2023-05-28", "9999-12-31T00:00:00Z"])
def test_no_answer_counts_for_longer_than_a_cookie_can_live(time):
    damaged = record("grant", MADE, 1, time=time, expires={"statistics": "9999-12-31"})
    said = date.fromisoformat(time[:10])
    expected = min(said, date.max - timedelta(days=395)) + timedelta(days=395)
    assert ended(chain(damaged), MADE) == max(said, expected)


def test_an_entry_is_no_older_than_those_before_it():
    """R127: what was written while the clock had gone back is not removed before its time."""
    written = Written(date(2020, 1, 1), date(2026, 11, 28))
    for seq, day in enumerate(["2019-12-31", "2023-05-01", "1970-01-01", "2023-06-01"]):
        written.add(seq, date.fromisoformat(day))
    written.add(4, None)
    assert [str(written(seq)) for seq in range(5)] == [
        *("2020-01-01", "2023-05-01", "2023-05-01", "2023-06-01", "2023-06-01")
    ]


def test_a_day_to_come_says_nothing_of_the_entries_after_it():
    """A clock that was ahead for one entry keeps no other one for ever."""
    written = Written(date(2020, 1, 1), date(2026, 11, 28))
    written.add(0, date(2026, 11, 29))
    written.add(1, date(2023, 1, 1))
    assert (str(written(0)), str(written(1))) == ("2020-01-01", "2023-01-01")


D = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ([], None),
        ([0, 1], None),
        ([60], None),
        ([61], (61, 0)),
        ([400, 6], (400, 6)),
        ([400, 7], None),
        ([400, 200, 6, 3], (200, 6)),
        ([400, 200, 20, 3], None),
        ([-30, 61], (61, 0)),
    ],
)
def test_a_long_time_without_anything_is_told_for_a_week(ago, expected):
    """A day that is still to come is no witness of what the clock says."""
    found = leap((D - timedelta(days=each) for each in ago), D)
    assert found == (expected and tuple(D - timedelta(days=each) for each in expected))


@given(st.sets(st.integers(0, 200)))
def test_marks_are_a_set_of_places_in_order(seqs):
    marks = Marks(201)
    for seq in seqs:
        marks.add(seq)
    assert list(marks) == sorted(seqs)
    assert all((seq in marks) == (seq in seqs) for seq in range(201))
    joined = ranges(marks)
    assert [seq for each in joined for seq in each] == sorted(seqs)
    assert all(one.stop < other.start for one, other in pairwise(joined))


def test_what_is_shown_ends_with_the_next_that_is():
    entries = [(3, b'{"shown":{"fi":"a","sv":"b"}}'), (5, None), (8, b"damaged"), (9, b"{}")]
    found = list(told((seq, "declaration", body) for seq, body in entries))
    assert [(each.seq, each.next, sorted(each.shown)) for each in found] == [
        *((3, 8, ["a", "b"]), (8, 9, []), (9, None, []))
    ]
