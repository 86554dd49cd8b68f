"""How long a record is kept, and what may go on a day: decided from values alone (R127, R129).

A consent is kept, with every record of its chain (R44), while it is valid and for some months after
the day on which it ended: that of its withdrawal, or the first on which nothing that its last
record grants counts any more. A refusal ends on its own day. What was declared and how it looked
is kept for as long as a record names it. Days are those of UTC.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

LONGEST = timedelta(days=395)
"""The longest that a visitor's cookie names what was shown to them: more no site can set."""

FAR = timedelta(days=60)
"""Between two days on which a log knows of anything: more is odd enough to ask about the clock."""

SOON = timedelta(days=7)
"""How long a clock that went on so far is asked about; then the log has gone on with it."""

TELLING = ("declaration", "release")
"""The kinds of entries that tell what is shown."""


def kept_until(end: date, months: int) -> date:
    """The last day on which is kept what ended on a day: the same day of a month to come.

    Where that month is too short it is the month's last day (Act 150/1930, section 3).
    """
    years, month = divmod(end.month - 1 + months, 12)
    year = end.year + years
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(end.day, monthrange(year, month + 1)[1]))


def value(body: bytes | None) -> Mapping[str, object]:
    """What a body says; nothing, if it is damaged."""
    try:
        found = json.loads(body or b"null")
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def day(text: object) -> date | None:
    """The day of a time or a day as records have it; None for anything else."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def ended(chain: Sequence[Mapping[str, object]], written: date) -> date:
    """The day on which a consent ended or will end, or a refusal was made.

    `chain` are its records, oldest first, and `written` is the day on which the last of them was
    written at the earliest. A record that does not say when counts from that day.
    """
    last = chain[-1]
    states, expires = last.get("states"), last.get("expires")
    states = states if isinstance(states, Mapping) else {}
    expires = expires if isinstance(expires, Mapping) else {}
    granted = [day(expires.get(category)) for category in states if states[category] == "granted"]
    said = day(last.get("time")) or written
    # No answer counts for longer, whatever a damaged record says.
    latest = date.max if said > date.max - LONGEST else said + LONGEST
    return max(written, said, *(min(end, latest) for end in granted if end is not None))


def leap(days: Iterable[date], today: date) -> tuple[date, date] | None:
    """The days before and after a long time of which a log knows nothing, if that ended lately.

    `days` are those on which something was written or counted. A clock that is far ahead makes one,
    today or with the first that it was asked for.
    """
    known = sorted({each for each in days if each <= today} | {today})
    found = [pair for pair in pairwise(known) if pair[1] - pair[0] > FAR]
    return found[-1] if found and today - found[-1][1] < SOON else None


class Written:
    """The day on which each entry was written, at the earliest.

    An entry is no older than those before it, nor than the log: one that was written while the
    clock had gone back is not removed before its time. A day that is still to come, as a clock gave
    it that was ahead, says nothing of the entries after it.
    """

    def __init__(self, created: date, today: date) -> None:
        """Take the day on which the log was made, and the day now."""
        self.latest = created
        self._today = today
        self._seqs = [-1]
        self._days = [created]

    def add(self, seq: int, said: date | None) -> None:
        """Take in the next entry, with the day that it says of itself."""
        if said is not None and self.latest < said <= self._today:
            self.latest = said
            self._seqs.append(seq)
            self._days.append(said)

    def __call__(self, seq: int) -> date:
        """Give the day of an entry that was taken in."""
        return self._days[bisect_right(self._seqs, seq) - 1]


class Marks:
    """A set of places in a log, one bit for each entry that there is."""

    def __init__(self, size: int) -> None:
        """Take the number of entries."""
        self._bits = bytearray(size // 8 + 1)

    def add(self, seq: int) -> None:
        """Mark a place."""
        self._bits[seq >> 3] |= 1 << (seq & 7)

    def __contains__(self, seq: int) -> bool:
        return bool(self._bits[seq >> 3] >> (seq & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        for at, byte in enumerate(self._bits):
            if byte:
                yield from (at * 8 + bit for bit in range(8) if byte >> bit & 1)


def ranges(seqs: Iterable[int]) -> list[range]:
    """Join places in order to ranges."""
    found: list[range] = []
    for seq in seqs:
        if found and found[-1].stop == seq:
            found[-1] = range(found[-1].start, seq + 1)
        else:
            found.append(range(seq, seq + 1))
    return found


class Told(NamedTuple):
    """An entry that tells what is shown, until the entry at `next` took its place.

    `shown` are the hashes that records name it by; `next` is None for the newest of its kind.
    """

    seq: int
    kind: str
    shown: frozenset[str]
    next: int | None


def told(entries: Iterable[tuple[int, str, bytes | None]]) -> Iterator[Told]:
    """Read entries (seq, kind, body) of one kind, oldest first; those removed are passed over."""
    before: Told | None = None
    for seq, kind, body in entries:
        if body is None:
            continue
        if before is not None:
            yield before._replace(next=seq)
        shown = value(body).get("shown")
        hashes = frozenset(map(str, shown.values())) if isinstance(shown, Mapping) else frozenset()
        before = Told(seq, kind, hashes, None)
    if before is not None:
        yield before
