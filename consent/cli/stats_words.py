"""The words and numbers of `consent stats` in Finnish, Swedish and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import ceil
from pathlib import Path

from ..log.statistics import ALL, LEAST, Figure, Period, Row, Statistics
from ..signal import titles
from ..texts import texts

BELOW = f"<{LEAST}"
"""What stands where a figure is too small to be shown."""

_FINE = 200


@dataclass(frozen=True)
class Words:
    """How statistics are told in one language; `names` are those of categories, by id."""

    lang: str
    site: str
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def t(self) -> Mapping[str, str]:
        """The texts by their names in stats.toml."""
        file = Path(__file__).parent / "stats.toml"
        found: Mapping[str, str] = tomllib.loads(file.read_text("utf-8"))[self.lang]
        return found

    def language(self, code: str) -> str:
        """A language's own name."""
        if code == ALL:
            return self.t["all"]
        return (
            texts(code)["general"]["language"] if code in ("fi", "sv", "en") else self.t["unknown"]
        )

    def name(self, *key: str) -> str:
        """What a figure is of."""
        kind, *subject = key
        if kind == "category":
            return self.names.get(subject[0], subject[0])
        if kind == "signal":
            return self.t["signal"].format(signal=titles(subject[0]) or subject[0])
        return self.t[subject[0] if subject else kind]

    def number(self, figure: Figure) -> str:
        """A figure; one that is not shown as less than the least."""
        return BELOW if figure is None else f"{figure:,}".replace(",", self.t["thousands"])

    def share(self, row: Row, *key: str) -> str:
        """A share of a row: as less than its bound where the figure is not shown, or a dash."""
        share, whole = row.share(*key), row.whole(*key)
        if share is None:
            return "–"
        if row.figure(*key) is None:
            return f"<{self.percent(ceil(100 * LEAST / whole))}"
        # Tens of a small number are coarse, and their shares no finer.
        step = 1 if whole >= _FINE else 5
        return self.percent(step * round(100 * share / step))

    def percent(self, n: int) -> str:
        """A number of percents."""
        return self.t["percent"].format(n=n)

    def day(self, day: date, form: str = "date") -> str:
        """A day as people write it; `form` is that, or `short` without the year."""
        name = self.t["months"].split()[day.month - 1]
        return self.t[form].format(day=day.day, month=day.month, name=name, year=day.year)

    def month(self, day: date) -> str:
        """The month of a day, and the year."""
        return f"{self.t['months'].split()[day.month - 1]} {day.year}"

    def period(self, period: Period, by: str) -> str:
        """A period: the month, or else its first day."""
        return self.month(period.first) if by == "month" else self.day(period.first)

    def span(self, statistics: Statistics) -> dict[str, str]:
        """From which day to which, and by what, for the texts that say so."""
        first, last = statistics.periods[0].first, statistics.periods[-1].last
        return {
            "first": self.day(first),
            "last": self.day(last),
            "period": self.t[statistics.by],
        }

    def few(self, statistics: Statistics) -> str:
        """Of which languages there are too few decisions; empty for none."""
        if not statistics.few:
            return ""
        return self.t["few"].format(languages=", ".join(map(self.language, statistics.few)))


def cut(name: str, most: int) -> str:
    """A name in so many letters at the most."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"
