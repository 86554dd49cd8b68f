"""Daily counters as figures that may be shown: how often it was decided, and what (R133).

Nobody may be told of by a figure, nor by the difference of two. So the figures of one language in
one period are rounded to tens, each by itself, and one below ten is not shown at all; whatever is
said besides (sums, shares, all languages together) is computed from these and not from the
counters. Whoever subtracts what is shown from a total that is shown has a range and never a number,
and two reports that differ by one decision say the same, or differ by ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from consent.log.counters import BUTTONS, STATES, Count

LEAST = 10
"""The smallest figure that is shown."""

LEAST_FOR_SHARES = 50
"""The fewest decisions of which shares are given: rounding alone would move those of fewer."""

PERIODS = ("day", "week", "month")

ALL = ""
"""What stands for all languages together."""

Figure = int | None
"""A count in tens; None for one below `LEAST`."""

Key = tuple[str, ...]
"""What a figure is of, as counters name it: kind, then words; `("decision", "accept")`."""

# In a sum, a figure that is not shown counts as the middle of what it may be.
_HIDDEN = LEAST // 2


def rounded(n: int) -> Figure:
    """Round a count as it may be shown."""
    return (n + 5) // 10 * 10 if n >= LEAST else None


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one period in one language; of what is not in them there are too few."""

    period: Period
    figures: Mapping[Key, Figure]

    def figure(self, *key: str) -> Figure:
        """Give a figure."""
        return self.figures.get(key)

    @property
    def decisions(self) -> Figure:
        """How many decisions, by whatever button."""
        return rounded(_sum(self._of_buttons))

    def share(self, *key: str) -> float | None:
        """Which part of the decisions, or of the answers to its category, a figure is (0 to 1).

        None where there are too few. One that is not shown counts as half of the least.
        """
        whole = self.whole(*key)
        return min(1.0, (self.figure(*key) or _HIDDEN) / whole) if whole else None

    def whole(self, *key: str) -> int:
        """What a figure is a part of, about; 0 where that is too few for shares."""
        kind, subject = key[:2]
        answers = [self.figure(kind, subject, state) for state in STATES]
        whole = _sum(answers if kind == "category" else self._of_buttons)
        return whole if (rounded(whole) or 0) >= LEAST_FOR_SHARES else 0

    @property
    def tells(self) -> bool:
        """Whether there are enough decisions for anything."""
        return any(kind != "shown" for kind, *_ in self.figures)

    @property
    def _of_buttons(self) -> list[Figure]:
        return [self.figure("decision", button) for button in BUTTONS]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures in rows, one a period without a gap.

    `rows` is by language, all together first under `ALL` if there are several; `few` are the
    languages that have decisions, but nowhere enough to be shown. `categories` are in the order
    asked for, `signals` by name.
    """

    by: str
    periods: tuple[Period, ...]
    categories: tuple[str, ...]
    signals: tuple[str, ...]
    rows: Mapping[str, tuple[Row, ...]]
    few: tuple[str, ...]


def statistics(
    counts: Iterable[Count],
    period: Period,
    by: str = "month",
    *,
    languages: Collection[str] = (),
    categories: Sequence[str] = (),
) -> Statistics:
    """Sum counters up over periods: `by` is one of `PERIODS`, a week begins on Monday.

    `languages` and `categories` are those wanted; without any, all that were counted.
    """
    periods = tuple(_periods(period, by))
    sums: dict[str, dict[date, Counter[Key]]] = {}
    for count in counts:
        day = date.fromisoformat(count.day)
        if period.first <= day <= period.last and (not languages or count.language in languages):
            begun = max(_begin(day, by), period.first)
            by_period = sums.setdefault(count.language, {each.first: Counter() for each in periods})
            by_period[begun][count.kind, *count.what] += count.n
    found = {key for days in sums.values() for day in days.values() for key in day}
    rows = {
        language: tuple(Row(each, _figures(days[each.first])) for each in periods)
        for language, days in sorted(sums.items(), key=lambda item: -_decided(item[1]))
    }
    few = tuple(language for language, each in rows.items() if not any(r.tells for r in each))
    rows = {language: each for language, each in rows.items() if language not in few}
    if len(rows) > 1:
        rows = {ALL: tuple(map(_together, zip(*rows.values(), strict=True))), **rows}
    return Statistics(
        by,
        periods,
        tuple(categories) or tuple(sorted({key[1] for key in found if key[0] == "category"})),
        tuple(sorted({key[1] for key in found if key[0] == "signal"})),
        rows,
        few,
    )


def _figures(counter: Counter[Key]) -> dict[Key, Figure]:
    return {key: rounded(n) for key, n in counter.items() if n >= LEAST}


def _sum(figures: Sequence[Figure]) -> int:
    """Add up what is a whole together; nothing where not one of it is shown."""
    if not any(figures):
        return 0
    return sum(_HIDDEN if figure is None else figure for figure in figures)


def _together(rows: Sequence[Row]) -> Row:
    """The rows of one period in several languages, from what they show."""
    sums: dict[Key, Figure] = {}
    for key in {key for row in rows for key in row.figures}:
        # Of a language that shows nothing of the kind there may be nothing: it adds nothing.
        telling = [row for row in rows if any(k[:-1] == key[:-1] for k in row.figures)]
        sums[key] = rounded(_sum([row.figure(*key) for row in telling]))
    return Row(rows[0].period, sums)


def _decided(days: Mapping[date, Counter[Key]]) -> int:
    return sum(n for day in days.values() for key, n in day.items() if key[0] == "decision")


def _begin(day: date, by: str) -> date:
    """The first day of the period that a day is in."""
    if by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if by == "week" else day


def _periods(whole: Period, by: str) -> Iterator[Period]:
    """Cut a period into days, weeks or months; the first and the last may be shorter."""
    longest = timedelta(days={"day": 1, "week": 7}.get(by, 31))
    first = whole.first
    while first <= whole.last:
        following = _begin(_begin(first, by) + longest, by)
        yield Period(first, min(whole.last, following - timedelta(days=1)))
        first = following
