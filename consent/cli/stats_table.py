"""Statistics as text for a terminal: one line a period, with a bar and its shares."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from ..log.counters import BUTTONS
from ..log.statistics import LEAST, Row, Statistics
from ..signal import titles
from .stats_words import Words, cut

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SHADES = "█▒░"
_PLAIN = "#=-"
# Blue, the terminal's own colour, and a faint one: none of the three says that it is better.
_COLOURS = ("\x1b[34m", "", "\x1b[2m")
_BOLD, _FAINT, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_CELL = 18
"""The fewest columns of a category."""


def lines(
    statistics: Statistics, words: Words, width: int, *, blocks: bool, colour: bool
) -> Iterator[str]:
    """Draw statistics within so many columns.

    `blocks` tells whether the terminal has block characters, `colour` whether to use colours.
    """
    drawn = _Drawn(statistics, words, max(60, min(width, 110)), blocks, colour)
    yield drawn.bold(words.t["title"].format(site=words.site))
    span = words.span(statistics)
    yield f"{words.t['period'].format(**span)}, {span['period']}"
    for language, rows in statistics.rows.items():
        yield ""
        if len(statistics.rows) > 1 or statistics.few:
            yield drawn.bold(words.language(language))
        yield from drawn.answers(rows)
        yield from drawn.granted(rows)
    if not statistics.rows:
        yield ""
        yield words.t["none"]
    elif statistics.few:
        yield ""
        yield words.few(statistics)
    yield ""
    for note in ("note_shown", "note") if statistics.rows else ("note",):
        for line in textwrap.wrap(words.t[note], drawn.width):
            yield drawn.faint(line)


class _Drawn:
    def __init__(
        self, statistics: Statistics, words: Words, width: int, blocks: bool, colour: bool
    ) -> None:
        self.statistics = statistics
        self.words = words
        self.width = width
        self.blocks = blocks
        self.colour = colour
        self.shades = _SHADES if blocks else _PLAIN
        self.labels = [words.period(each, statistics.by) for each in statistics.periods]
        self.first = max(map(len, self.labels), default=0)

    def bold(self, text: str) -> str:
        return f"{_BOLD}{text}{_OFF}" if self.colour else text

    def faint(self, text: str) -> str:
        return f"{_FAINT}{text}{_OFF}" if self.colour else text

    def painted(self, at: int, text: str) -> str:
        """A text in the colour of an answer."""
        code = _COLOURS[at] if self.colour and text else ""
        return f"{code}{text}{_OFF}" if code else text

    def answers(self, rows: Sequence[Row]) -> Iterator[str]:
        """How people answered: decisions, a bar of the three answers, and shares."""
        words, signals = self.words, self.statistics.signals
        named = [words.name("shown"), words.name("decisions")]
        counts = [
            [words.number(row.figure("shown")) for row in rows],
            [self._decisions(row) for row in rows],
        ]
        shares = [("decision", button) for button in BUTTONS]
        shares += [("signal", signal) for signal in signals]
        heads = [*self.shades, *(titles(signal) or signal for signal in signals)]
        columns = [[words.share(row, *key) for row in rows] for key in shares]
        left = _widths(named, counts)
        right = _widths(heads, columns)
        taken = [self.first, *left, *right]
        bar = max(10, self.width - sum(taken) - 2 * len(taken))
        head = [" " * self.first, *_right(named, left), " " * bar, *_right(heads, right)]
        yield self._legend(self.first + sum(left) + 6)
        yield "  ".join(head).rstrip()
        for at, row in enumerate(rows):
            cells = _right([column[at] for column in counts], left)
            ends = _right([column[at] for column in columns], right)
            drawn = self._stacked(row, bar)
            yield "  ".join([self.labels[at].ljust(self.first), *cells, drawn, *ends]).rstrip()

    def granted(self, rows: Sequence[Row]) -> Iterator[str]:
        """What people allowed: a bar and a share for each category, as many as fit in a row."""
        categories = self.statistics.categories
        room = self.width - self.first
        fitting = max(1, min(len(categories), room // (_CELL + 2)))
        cell = min(32, room // fitting - 2)
        for begin in range(0, len(categories), fitting):
            some = categories[begin : begin + fitting]
            yield ""
            names = [cut(self.words.name("category", category), cell) for category in some]
            heads = "  ".join([" " * self.first, *(name.ljust(cell) for name in names)])
            yield heads.rstrip()
            for at, row in enumerate(rows):
                cells = [self._granted(row, category, cell) for category in some]
                yield "  ".join([self.labels[at].ljust(self.first), *cells]).rstrip()

    def _legend(self, place: int) -> str:
        """What the shades mean, over the bars as far as there is room."""
        names = [self.words.name("decision", button) for button in BUTTONS]
        length = sum(len(name) + 4 for name in names) - 2
        shaded = [
            f"{self.painted(at, shade)} {name}"
            for at, (shade, name) in enumerate(zip(self.shades, names, strict=True))
        ]
        return " " * max(0, min(place, self.width - length)) + "  ".join(shaded)

    def _decisions(self, row: Row) -> str:
        # Of each answer there are fewer than the least.
        return self.words.number(row.decisions) if row.decisions else f"<{LEAST * len(BUTTONS)}"

    def _stacked(self, row: Row, width: int) -> str:
        shares = [row.share("decision", button) for button in BUTTONS]
        if None in shares:
            return " " * width
        known = [share or 0.0 for share in shares]
        # Where one answer ends the next begins, so that the bar is always as long.
        ends = [round(width * sum(known[: at + 1]) / sum(known)) for at in range(len(known))]
        lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        shaded = zip(self.shades, lengths, strict=True)
        return "".join(self.painted(at, shade * n) for at, (shade, n) in enumerate(shaded))

    def _granted(self, row: Row, category: str, cell: int) -> str:
        share = row.share("category", category, "granted")
        told = self.words.share(row, "category", category, "granted").rjust(6)
        width = cell - len(told) - 1
        if share is None:
            return f"{' ' * width} {told}"
        eighths = round(8 * width * share)
        bar = _EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        if not self.blocks:
            bar = _PLAIN[0] * round(width * share)
        return f"{self.painted(0, bar)}{' ' * (width - len(bar))} {told}"


def _widths(heads: Sequence[str], columns: Sequence[Sequence[str]]) -> list[int]:
    named = zip(heads, columns, strict=True)
    return [max(len(head), *map(len, column)) for head, column in named]


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
