"""`consent stats`: how often visitors were asked, and what they decided (R133)."""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StatisticsError
from .common import Commands, command, settings

if TYPE_CHECKING:
    from ..log.statistics import Period, Statistics
    from .stats_words import Words

_CHARTS = (".svg", ".png")


def add(commands: Commands) -> None:
    """Add the command."""
    stats = command(
        commands,
        "stats",
        "Show how visitors answered over time, in each language and category: how many accepted "
        "all, rejected all or chose themselves, and how many browsers sent Global Privacy Control. "
        "Figures are counts in tens, those below ten are not shown, and none is of a person. They "
        "are for showing that the question is fair, not for getting more people to consent. The "
        "log is only read.",
    )
    stats.add_argument(
        "--log", metavar="PATH", help="a log elsewhere, such as a backup, without the settings"
    )
    stats.add_argument(
        "--from",
        dest="first",
        metavar="DAY",
        type=_day,
        help="the first day, as 2026-01-01 (default: 12 months, 26 weeks or 31 days back)",
    )
    stats.add_argument(
        "--until", dest="last", metavar="DAY", type=_day, help="the last day (default: today, UTC)"
    )
    stats.add_argument(
        "--by",
        metavar="PERIOD",
        choices=("day", "week", "month"),
        default="month",
        help="day, week or month (default: month)",
    )
    stats.add_argument(
        "--language",
        metavar="CODE",
        choices=("fi", "sv", "en"),
        action="append",
        default=[],
        help="only decisions in this language, fi, sv or en; may be repeated (default: all, and "
        "each by itself)",
    )
    stats.add_argument(
        "--category",
        metavar="ID",
        action="append",
        default=[],
        help="only this category; may be repeated (default: all)",
    )
    stats.add_argument(
        "--lang",
        metavar="CODE",
        choices=("fi", "sv", "en"),
        default="en",
        help="the language to tell it in: fi, sv or en (default: en)",
    )
    stats.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="a file to write, in place of an older one: .csv, or .svg and .png with the extra "
        "jackbot-consent[stats]; or - for the terminal (default: -)",
    )
    stats.set_defaults(run=_stats)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as 2026-01-01") from None


def _stats(arguments: argparse.Namespace) -> int:
    kind = "" if arguments.output == "-" else Path(arguments.output).suffix.lower()
    if arguments.output != "-" and kind not in (".csv", *_CHARTS):
        raise StatisticsError(
            f"{arguments.output} would be a file of no kind known here",
            "name one that ends in .csv, .svg or .png",
        )
    from ..log import publishing

    if kind in _CHARTS:
        from . import stats_chart  # before the log is read: what it needs may be missing
    found, words = _read(arguments)
    if not kind:
        return _print(found, words)
    if kind == ".csv":
        content = _csv(found).encode()
    else:
        content = stats_chart.draw(found, words, kind.lstrip("."))
    publishing.put(Path(arguments.output), content)
    print(f"Wrote {arguments.output}.")
    return 0


def _read(arguments: argparse.Namespace) -> tuple[Statistics, Words]:
    from ..log import counters, open_log
    from ..log.statistics import statistics
    from .stats_words import Words

    site = None if arguments.log else settings(arguments)
    log = open_log(site.log if site else arguments.log, writable=False)
    with closing(log), log.snapshot() as view:
        host = view.meta.get("site", "")
        counts = list(counters.read(view.counts()))
    period = _period(arguments, date.fromisoformat(counts[0].day) if counts else None)
    declared = site.declaration.categories if site else ()
    names = {c.id: c.name.get(arguments.lang, c.id) for c in declared}
    counted = {count.what[0] for count in counts if count.kind == "category"}
    known = [c for c in names if c in counted] + sorted(counted.difference(names))
    if unknown := [c for c in arguments.category if c not in (*known, *names)]:
        raise StatisticsError(
            f"nothing was decided about {', '.join(unknown)}",
            f"choose from: {', '.join(known)}" if known else "leave --category out",
        )
    wanted = arguments.category or known
    found = statistics(
        counts, period, arguments.by, languages=arguments.language, categories=wanted
    )
    return found, Words(arguments.lang, host, names)


def _period(arguments: argparse.Namespace, counted: date | None) -> Period:
    """The days asked for; without `--from` not more than are told of, from the first counted."""
    from ..log.statistics import Period

    last = arguments.last or datetime.now(UTC).date()
    months = 12 * last.year + last.month - 12
    back = {
        "day": last - timedelta(days=30),
        "week": last - timedelta(days=last.weekday() + 25 * 7),
        "month": date(months // 12, months % 12 + 1, 1),
    }
    first = arguments.first or min(last, max(back[arguments.by], counted or last))
    if first > last:
        raise StatisticsError(f"{first} is after {last}", "give --from a day before --until")
    return Period(first, last)


def _print(found: Statistics, words: Words) -> int:
    from .stats_table import lines

    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "█▒░▏".encode(encoding)
        blocks = True
    except UnicodeEncodeError:
        blocks = False
    # https://no-color.org: set to anything but an empty text.
    colour = (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    width = shutil.get_terminal_size((80, 24)).columns
    for line in lines(found, words, width, blocks=blocks, colour=colour):
        print(line)
    return 0


def _csv(found: Statistics) -> str:
    """One line a figure, for programs: names as in counters, percent without a sign."""
    from ..log.statistics import ALL
    from .stats_words import BELOW

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["from", "until", "language", "figure", "name", "about", "percent"])
    keys = [("shown",), *(("decision", b) for b in ("accept", "reject", "save"))]
    keys += [("signal", signal) for signal in found.signals]
    keys += [("category", c, state) for c in found.categories for state in ("granted", "denied")]
    for language, rows in found.rows.items():
        for row in rows:
            for key in keys:
                figure, share = row.figure(*key), row.share(*key) if len(key) > 1 else None
                known = figure is not None and share is not None
                writer.writerow(
                    [
                        *row.period,
                        "all" if language == ALL else language,
                        key[0],
                        " ".join(key[1:]),
                        BELOW if figure is None else figure,
                        round(100 * share) if known and share is not None else "",
                    ]
                )
    return buffer.getvalue()
