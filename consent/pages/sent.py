"""How often the banner was sent: a number in memory, which the log counts when it is at it (R133).

Nobody has a row for having been shown something, and no page waits for a count. What the log has
not counted before a process ends, by being killed say, is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..log import counters
from ..record import Shown, date_of

if TYPE_CHECKING:
    from ..log import Log


class Sent:
    """How often a banner text was sent; None for what is put into pages and is no banner."""

    __slots__ = ("n", "text")

    def __init__(self, text: Shown | None = None) -> None:
        self.text = text
        self.n = 0


def count(log: Log | None, day: int, sent: Iterable[Sent]) -> None:
    """Put into the log's counters, if there is a log, what was sent since it was done last.

    `day` is in days since 1970-01-01 UTC.
    """
    if log is None:
        return
    for one in sent:
        if one.n and one.text:
            n, one.n = one.n, 0
            log.count(date_of(day), counters.shown(one.text), n)
