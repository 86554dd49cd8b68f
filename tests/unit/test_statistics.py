"""Statistics show counts of ten or more, and give away no smaller one (R133)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.log.counters import Count
from consent.log.statistics import ALL, Period, Row, Statistics, rounded, statistics

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))


def count(key: str, n: int, day: str = "2026-03-10", language: str = "fi") -> Count:
    kind, *what = key.split()
    return Count(day, kind, language, "0123456789abcdef", tuple(what), n)


def of(counts: list[Count], by: str = "month", **more: object) -> Statistics:
    return statistics(counts, YEAR, by, **more)  # type: ignore[arg-type]


def march(counts: list[Count], language: str = "fi") -> Row:
    rows = of(counts).rows
    return rows[language][2] if language in rows else Row(YEAR, {})


BUTTONS = ("accept", "reject", "save")


def decisions(*n: int, language: str = "fi", day: str = "2026-03-10") -> list[Count]:
    named = zip(BUTTONS, n, strict=True)
    return [count(f"decision {button}", each, day, language) for button, each in named]


@pytest.mark.parametrize(
    ("n", "shown"),
    [(0, None), (1, None), (9, None), (10, 10), (14, 10), (15, 20), (24, 20), (1234, 1230)],
)
def test_a_count_is_shown_in_tens_and_not_below_ten(n: int, shown: int | None) -> None:
    assert march(decisions(n, 100, 100)).figure("decision", "accept") == shown


def test_counts_are_summed_over_days_and_texts_before_they_are_rounded() -> None:
    counts = [count("decision accept", 4, f"2026-03-{day:02}") for day in range(1, 32)]
    counts += [each._replace(text="another") for each in counts]
    assert march(counts).figure("decision", "accept") == 250


def test_no_small_count_can_be_computed_from_what_is_shown() -> None:
    """R133: by subtraction or otherwise. All tables of up to so many decisions, and one category.

    Who allows all allows it, who refuses all denies it, and who chooses does the one or the other.
    """
    most = 52
    figures = [rounded(n) for n in range(most + 1)]
    readings: dict[tuple[int | None, ...], list[set[int]]] = {}
    for accept, reject, save in product(range(most + 1), repeat=3):
        for granting in range(save + 1) if accept + reject + save <= most else ():
            counts = (accept, reject, save, accept + granting, reject + save - granting)
            shown = tuple([figures[n] for n in counts])
            found = readings.setdefault(shown, [set() for _ in counts])
            for values, n in zip(found, counts, strict=True):
                values.add(n)
    hidden = 0
    for shown, found in readings.items():
        bounds = [9 if figure is None else figure + 4 for figure in shown]
        if min(sum(bounds[:3]), sum(bounds[3:])) <= most:  # there is no reading beyond these tables
            small = [values for figure, values in zip(shown, found, strict=True) if figure is None]
            assert all(len(values) >= 3 for values in small), shown
            hidden += len(small)
    assert hidden > 300


@given(st.data())
def test_all_that_is_shown_follows_from_the_figures(data: st.DataObject) -> None:
    """Two logs whose figures are the same have the same statistics, whatever hides in them."""
    keys = ["decision accept", "decision reject", "decision save", "signal gpc", "shown"]
    keys += ["category ads granted", "category ads denied"]
    places = [(key, day, lang) for key in keys for day in (10, 20) for lang in ("fi", "sv")]
    one, other = [], []
    for key, day, lang in places:
        figure = data.draw(st.sampled_from([0, 10, 20, 30, 500]))
        within = st.integers(max(figure - 5, 10 if figure else 0), figure + (4 if figure else 9))
        for counts in (one, other):
            counts.append(count(key, data.draw(within), f"2026-{day // 10:02}-05", lang))
    # The order of the languages is that of their decisions, and is no figure.
    assert dict(of(one).rows) == dict(of(other).rows)
    assert set(of(one).few) == set(of(other).few)


def test_all_languages_together_are_what_each_of_them_shows() -> None:
    """A language with too few is left out of the sum too: a difference would give it away."""
    counts = decisions(100, 60, 40) + decisions(20, 30, 9, language="sv")
    counts += decisions(9, 9, 9, language="en")
    found = of(counts)
    assert list(found.rows) == [ALL, "fi", "sv"]
    assert found.few == ("en",)
    together = found.rows[ALL][2]
    assert together.figure("decision", "accept") == 120
    assert together.figure("decision", "save") == 50  # 40, and 5 for what may be 0 to 9
    assert found.rows[ALL][3].figures == {}


def test_one_language_stands_alone() -> None:
    counts = decisions(100, 60, 40) + decisions(20, 30, 9, language="sv")
    assert list(of(counts, languages=["sv"]).rows) == ["sv"]


def test_shares_are_of_what_is_shown() -> None:
    row = march(decisions(120, 60, 20))
    assert [row.share("decision", button) for button in BUTTONS] == [0.6, 0.3, 0.1]
    assert row.decisions == 200


def test_a_share_that_is_not_shown_is_told_as_a_small_one() -> None:
    """Otherwise where nearly everybody answers alike nothing would be seen of it."""
    row = march([count("category ads granted", 3), count("category ads denied", 295)])
    assert row.figure("category", "ads", "granted") is None
    assert row.share("category", "ads", "granted") == pytest.approx(5 / 305)
    assert row.share("category", "ads", "denied") == pytest.approx(300 / 305)


def test_of_few_decisions_no_share_is_given() -> None:
    assert march(decisions(34, 9, 9)).share("decision", "accept") is None
    assert march(decisions(35, 9, 9)).share("decision", "accept") == pytest.approx(40 / 50)
    assert march(decisions(9, 9, 9)).decisions is None


def test_a_signal_is_a_part_of_the_decisions_and_never_more() -> None:
    assert march([*decisions(100, 50, 50), count("signal gpc", 20)]).share("signal", "gpc") == 0.1
    row = march([*decisions(34, 14, 14), count("signal gpc", 62)])
    assert (row.figure("signal", "gpc"), row.share("signal", "gpc")) == (60, 1.0)


@pytest.mark.parametrize(
    ("by", "number", "second"),
    [
        ("day", 365, Period(date(2026, 1, 2), date(2026, 1, 2))),
        ("week", 53, Period(date(2026, 1, 5), date(2026, 1, 11))),
        ("month", 12, Period(date(2026, 2, 1), date(2026, 2, 28))),
    ],
)
def test_periods_follow_each_other_without_a_gap(by: str, number: int, second: Period) -> None:
    periods = of([], by).periods
    assert len(periods) == number
    assert periods[1] == second
    assert (periods[0].first, periods[-1].last) == YEAR
    after = [each.last + timedelta(days=1) for each in periods[:-1]]
    assert after == [each.first for each in periods[1:]]


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_every_day_is_counted_in_its_period_and_in_no_other(by: str) -> None:
    days = [date(2026, 2, 10) + timedelta(days=n) for n in range(60)]
    wanted = Period(date(2026, 2, 18), date(2026, 3, 20))
    counts = [count("decision accept", 100, day.isoformat()) for day in days]
    found = statistics(counts, wanted, by)
    for row in found.rows["fi"]:
        length = (row.period.last - row.period.first).days + 1
        assert row.figure("decision", "accept") == 100 * length


def test_a_log_without_decisions_has_no_rows() -> None:
    found = of([])
    assert (found.rows, found.few, found.categories) == ({}, (), ())


def test_categories_are_those_asked_for_or_all_that_were_counted() -> None:
    counts = [count(f"category {name} granted", 10) for name in ("video", "ads")]
    assert of(counts).categories == ("ads", "video")
    assert of(counts, categories=["video"]).categories == ("video",)
