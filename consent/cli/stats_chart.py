"""Statistics as a chart for page and print, drawn by matplotlib (the extra `stats`).

A row of three small charts a language: decisions, how people answered, what they allowed. Lines are
told apart by the names at their ends, by dashes and by lightness, so that a print without colours
says as much.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import StatisticsError
from ..log.counters import BUTTONS
from ..log.statistics import Row, Statistics
from .stats_words import Words, cut

try:
    from matplotlib import rc_context
    from matplotlib.figure import Figure
except ImportError as error:
    raise StatisticsError(
        f"a chart needs matplotlib, which cannot be loaded: {error}",
        "install it with: pip install 'jackbot-consent[stats]'; the terminal and .csv need nothing",
    ) from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _FAINT, _RULE, _BAR = "#1f2933", "#5f6b76", "#dde2e7", "#a9b4bf"
# Colour, dashes and width: told apart in grey too; none is green or red.
_STYLES: tuple[tuple[str, Any, float], ...] = (
    ("#12405f", "-", 1.8),
    ("#c2570c", (0, (4.5, 1.4)), 1.8),
    ("#1d7f73", (0, (1.2, 1.0)), 1.8),
    ("#5f6b76", "-", 1.0),
    ("#6d4a8d", (0, (5, 1.2, 1.2, 1.2)), 1.4),
    ("#8a6800", (0, (8, 2)), 1.0),
)
_FONTS = ("Inter", "Source Sans 3", "Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")

# Inches; an A4 sheet on its side is as wide.
_WIDTH = 11.69
_LEFT, _HEAD, _FOOT, _ROW, _PLOT = 0.45, 1.35, 0.7, 1.95, 1.35
# Where each plot begins, and how wide it is; right of it stand the names of its lines.
_BARS, _ANSWERS, _GRANTED = (0.85, 1.75), (3.2, 2.5), (7.35, 2.1)
_NAME = 29
"""The letters of a name that have room beside a plot."""


class Line(NamedTuple):
    """One line of a chart: its name and what its shares are of."""

    name: str
    key: tuple[str, ...]


def draw(statistics: Statistics, words: Words, kind: str) -> bytes:
    """Draw statistics as the bytes of a file, `svg` or `png`; the same each time."""
    settings: Any = {
        "font.family": "sans-serif",
        "font.sans-serif": _FONTS,
        "font.size": 9,
        "svg.fonttype": "none",  # text stays text, to be searched and read aloud
        "svg.hashsalt": "consent",
        "text.color": _INK,
        "axes.edgecolor": _RULE,
        "xtick.color": _FAINT,
        "ytick.color": _FAINT,
    }
    file = BytesIO()
    with rc_context(settings):
        figure = _Sheet(statistics, words).figure
        about: Any = {"Date": None} if kind == "svg" else {"Title": _title(words)}
        figure.savefig(file, format=kind, dpi=160, metadata=about)
    return _described(file.getvalue(), statistics, words) if kind == "svg" else file.getvalue()


def _title(words: Words) -> str:
    return words.t["title"].format(site=words.site)


def _answers(statistics: Statistics, words: Words) -> list[Line]:
    keys = [("decision", b) for b in BUTTONS] + [("signal", s) for s in statistics.signals]
    return [Line(words.name(*key), key) for key in keys]


def _granted(statistics: Statistics, words: Words) -> list[Line]:
    return [
        Line(words.name("category", category), ("category", category, "granted"))
        for category in statistics.categories
    ]


class _Sheet:
    """The whole sheet; places are in inches from its left and its top."""

    def __init__(self, statistics: Statistics, words: Words) -> None:
        self.statistics = statistics
        self.words = words
        self.height = _HEAD + _ROW * max(1, len(statistics.rows)) + _FOOT
        self.figure = Figure(figsize=(_WIDTH, self.height), facecolor="white")
        span = words.span(statistics)
        when = f"{words.t['period'].format(**span)}, {span['period']}"
        self.write(_LEFT, 0.42, _title(words), size=15, weight="bold")
        self.write(_LEFT, 0.68, when, size=10, color=_FAINT)
        notes = [words.few(statistics)] if statistics.few else []
        lines = [line for n in (*notes, words.t["note"]) for line in textwrap.wrap(n, 205)]
        self.write(_LEFT, self.height - 0.22, "\n".join(lines), size=8, color=_FAINT)
        if not statistics.rows:
            self.write(_LEFT, _HEAD + 0.5, words.t["none"], size=11)
        for at, (language, rows) in enumerate(statistics.rows.items()):
            self.language(language, rows, _HEAD + _ROW * at, headed=at == 0)

    def write(self, x: float, y: float, text: str, **looks: Any) -> None:
        """Write a text, from its baseline up."""
        self.figure.text(x / _WIDTH, 1 - y / self.height, text, **looks)

    def axes(self, y: float, x: float, width: float) -> Axes:
        """A plot with rules and dates, and nothing else."""
        place = (x / _WIDTH, 1 - (y + _PLOT) / self.height, width / _WIDTH, _PLOT / self.height)
        axes = self.figure.add_axes(place)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, pad=4, labelsize=8)
        axes.grid(axis="y", color=_RULE, linewidth=0.6)
        axes.set_axisbelow(True)
        places, labels = self.dates()
        axes.set_xticks(places, labels)
        axes.set_xlim(-0.6, len(self.statistics.periods) - 0.4)
        return axes

    def dates(self) -> tuple[list[int], list[str]]:
        """Where dates stand on the axis: about four of them."""
        periods, words = self.statistics.periods, self.words
        step = max(1, -(-len(periods) // 4))
        places = list(range(0, len(periods), step))
        days = [periods[at].first for at in places]
        if self.statistics.by != "month":
            return places, [words.day(day, "short") for day in days]
        new = [at == 0 or day.year != days[at - 1].year for at, day in enumerate(days)]
        months = [words.month(day).split() for day in days]
        return places, ["\n".join(m if n else m[:1]) for m, n in zip(months, new, strict=True)]

    def language(self, language: str, rows: Sequence[Row], y: float, *, headed: bool) -> None:
        """Draw the row of one language."""
        statistics, words = self.statistics, self.words
        if headed:
            for (x, _), name in (
                (_BARS, "decisions"),
                (_ANSWERS, "answers"),
                (_GRANTED, "granted"),
            ):
                self.write(x, y - 0.2, words.t[name], size=9.5, color=_FAINT)
        if len(statistics.rows) > 1 or statistics.few:
            self.write(_LEFT, y + 0.08, words.language(language), size=10.5, weight="bold")
            y += 0.22
        self.bars(self.axes(y, *_BARS), rows)
        self.lines(self.axes(y, *_ANSWERS), rows, _answers(statistics, words))
        self.lines(self.axes(y, *_GRANTED), rows, _granted(statistics, words))

    def bars(self, axes: Axes, rows: Sequence[Row]) -> None:
        """How many decisions."""
        counts = [row.decisions or 0 for row in rows]
        axes.bar(range(len(rows)), counts, width=0.7, color=_BAR)
        most = max(counts, default=0) or 10
        half = _half(most)
        axes.set_yticks(
            [0, half, 2 * half], [self.words.number(n) if n else "0" for n in (0, half, 2 * half)]
        )
        axes.set_ylim(0, max(most, 2 * half) * 1.02)

    def lines(self, axes: Axes, rows: Sequence[Row], lines: Sequence[Line]) -> None:
        """Shares over time, each with its name and its last value at its end."""
        axes.set_ylim(0, 1.02)
        axes.set_yticks([0, 0.5, 1], [self.words.percent(n) for n in (0, 50, 100)])
        ends: list[tuple[float, str, str]] = []
        for at, line in enumerate(lines):
            colour, dashes, width = _STYLES[at % len(_STYLES)]
            shares = [row.share(*line.key) for row in rows]
            values = [float("nan") if share is None else share for share in shares]
            axes.plot(
                range(len(rows)),
                values,
                color=colour,
                linestyle=dashes,
                linewidth=width,
                marker="o",
                markersize=1.5 * width if len(rows) < 32 else 0,
                clip_on=False,
            )
            last = next((row for row in reversed(rows) if row.share(*line.key) is not None), None)
            if last is not None:
                share = last.share(*line.key) or 0.0
                ends.append(
                    (share, f"{self.words.share(last, *line.key)}  {cut(line.name, _NAME)}", colour)
                )
        for y, (_, text, colour) in _apart(ends):
            axes.annotate(
                text,
                (1, y),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                size=8.5,
                annotation_clip=False,
            )


def _half(most: int) -> int:
    """A round number of which two reach about the most."""
    power = 10 ** (len(str(most)) - 1)
    steps = [power * n // 10 for n in (5, 10, 15, 20, 25, 30, 40, 50)]
    return max((step for step in steps if 2 * step <= most * 1.1), default=most)


def _apart(
    ends: list[tuple[float, str, str]], gap: float = 0.125
) -> list[tuple[float, tuple[float, str, str]]]:
    """Where the names stand: beside the ends of their lines, but not on each other."""
    placed = sorted(ends)
    places = [end[0] for end in placed]
    for _ in range(100):
        for at in range(len(places) - 1):
            if (over := gap - (places[at + 1] - places[at])) > 0.001:
                places[at] -= over / 2
                places[at + 1] += over / 2
        lowest, highest = 0.02, 1.0
        for at, y in enumerate(places):
            places[at] = min(max(y, lowest + gap * at), highest - gap * (len(places) - 1 - at))
    return list(zip(places, placed, strict=True))


def _described(svg: bytes, statistics: Statistics, words: Words) -> bytes:
    """Give a drawing a title and its last figures in words, for who does not see it."""
    told = [words.t["description"].format(**words.span(statistics))]
    for language, rows in statistics.rows.items():
        last = next((row for row in reversed(rows) if row.tells), None)
        if last is not None:
            lines = [*_answers(statistics, words), *_granted(statistics, words)]
            shares = ", ".join(f"{line.name} {words.share(last, *line.key)}" for line in lines)
            told.append(f"{words.language(language)}: {shares}.")
    told.append(words.few(statistics) or words.t["note"])
    parts = (
        f'<title id="stats-title">{escape(_title(words))}</title>'
        f'<desc id="stats-desc">{escape(" ".join(told))}</desc>'
    )
    attributes = f' role="img" lang="{words.lang}" aria-labelledby="stats-title stats-desc">'
    opened = re.compile(rb"(<svg\b[^>]*)>")
    return opened.sub(lambda tag: tag[1] + f"{attributes}{parts}".encode(), svg, count=1)
