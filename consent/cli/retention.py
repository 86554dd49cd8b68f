"""`consent log expire`: removes what is kept no longer, from cron or by hand (R127-R129)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ..errors import ClockError
from .common import Commands, command, left_of_it, settings, table

if TYPE_CHECKING:
    from ..log import Snapshot
    from ..log.removal import Plan, Tally

# What goes, in the order of the table, and why it does.
_KINDS = {
    "consent": ("records of consents", "the consents ended {months} before"),
    "refusal": ("refusals", "made {months} before"),
    "declaration": ("declarations", "replaced; no record and no cookie names them any more"),
    "release": ("releases", "replaced; no record and no cookie names them any more"),
    "artifact": ("artifacts", "no entry that is kept names them"),
}


def add(log: Commands) -> None:
    """Add the command."""
    expire = command(
        log,
        "expire",
        "Remove the records whose time is over: retention_months after the consent ended, or after "
        "the refusal; then what nobody needs any more of what was shown. An entry names what goes "
        "and why; the hashes stay, and the log verifies as before. May run at any time, while "
        "sites append, and again after it was broken off; cron runs it daily.",
    )
    expire.add_argument(
        "--dry-run", action="store_true", help="only tell what would go; the log is only read"
    )
    expire.add_argument(
        "--yes",
        action="store_true",
        help="the clock is right, though the log knows of nothing for a long time before: without "
        "this nothing goes then",
    )
    expire.add_argument(
        "--log", metavar="PATH", help="a log elsewhere, such as a backup, by the same settings"
    )
    expire.set_defaults(run=_expire)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def _expire(arguments: argparse.Namespace) -> int:
    from ..log import open_log
    from ..log.removal import carry_out, plan
    from ..log.retention import leap

    found = settings(arguments)
    months, today = found.retention_months, now().date()
    log = open_log(arguments.log or found.log, writable=not arguments.dry_run)
    try:
        with log.snapshot() as view:
            decided = plan(view, today, months)
            odd = leap(_known(view), today)
        if not decided.tallies:
            print(f"Nothing is due on {today}.{_next(decided)}")
            return 0
        print(table(_rows(decided, months)))
        if arguments.dry_run:
            print("Nothing was removed, since --dry-run was given.")
            return 0
        if odd and not arguments.yes:
            before, after = odd
            raise ClockError(
                f"nothing was removed: the clock says {today}, and the log knows of nothing "
                f"between {before} and {after}",
                "set the clock right; if it is, run the command by hand with --yes",
            )
        total = sum(each.count for kind, each in decided.tallies.items() if kind != "artifact")
        carry_out(log, decided, progress=_progress(total))
    finally:
        log.close()
    print(f"Removed the content of {_number(total, 'entry', 'entries')}.{_next(decided)}")
    print("\n".join(left_of_it(arguments.log or found.log)))
    return 0


def _known(view: Snapshot) -> Iterator[date]:
    """The days on which something was counted, and those of the log's making and its end."""
    from ..log.retention import day, value

    size = view.head().size
    newest = [value(row.body).get("time") for row in view.rows(max(0, size - 1), size)]
    said = [view.meta.get("created"), *newest, *(counter.day for counter in view.counts())]
    return (found for each in dict.fromkeys(said) if (found := day(each)) is not None)


def _rows(decided: Plan, months: int) -> Iterator[list[str]]:
    yield ["what goes", "number", "was kept until", "why"]
    for kind, (name, why) in _KINDS.items():
        if (tally := decided.tallies.get(kind)) is not None:
            reason = why.format(months=_number(months, "month", "months"))
            yield [name, str(tally.count), _span(tally), reason]


def _span(tally: Tally) -> str:
    return f"{tally.first}" if tally.first == tally.last else f"{tally.first} … {tally.last}"


def _next(decided: Plan) -> str:
    """From when something may go of what stays."""
    if decided.next is None or decided.next == date.max:
        return ""
    return f" What stays is kept until {decided.next} at least."


def _number(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"


def _progress(total: int) -> Callable[[int], None] | None:
    """Count on a terminal, where somebody waits."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int) -> None:
        end = "\n" if done == total else ""
        print(f"\rremoved {done} of {total}", end=end, file=sys.stderr, flush=True)

    return tell
