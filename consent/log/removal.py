"""The job that removes what is kept no longer, from a log in use (R127-R129).

First it is decided, in one view of the log, what may go; then that goes, some at a time, each part
after an entry that names it. Broken off anywhere, and run twice or by two at once, it leaves a log
that verifies, and the next run goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from time import monotonic, time

from consent.errors import LogCorrupt
from consent.log import Log, Row, Run, Snapshot
from consent.log.expiry import expiry_entry
from consent.log.retention import (
    LONGEST,
    TELLING,
    Marks,
    Told,
    Written,
    day,
    ended,
    kept_until,
    ranges,
    told,
    value,
)
from consent.log.runs import unpack

LEAST, MOST = 16, 2048
"""Entries that are removed together: as many as take some 20 ms, in which nobody else appends."""

GOAL = 0.02
"""Seconds that removing some should take; of twice as many, fewer are taken together."""

# Whatever in a text looks like the name of an artifact counts as one.
_NAME = re.compile(rb'"([0-9a-f]{64})"')
_TIME = b'"time":"'


@dataclass(slots=True)
class Tally:
    """How much of a kind goes; `first` and `last` are the last days on which it was to be kept."""

    count: int = 0
    chains: int = 0
    first: date = date.max
    last: date = date.min

    def add(self, until: date, count: int = 1) -> None:
        """Count entries that were kept until a day."""
        self.count += count
        self.chains += 1
        self.first, self.last = min(self.first, until), max(self.last, until)


@dataclass(slots=True)
class Plan:
    """What goes of a log of `size` entries.

    `records` are places of consents and refusals, `telling` those of declarations and releases;
    `artifacts` maps each artifact that goes to the place of the last entry that names it, with
    which it goes. `tallies` counts all of it by kind: "consent", "refusal", "declaration",
    "release" and "artifact". Of what stays, the first is kept until `next`. `links` holds what
    artifacts name in turn.
    """

    size: int
    records: Marks
    telling: list[int] = field(default_factory=list)
    artifacts: dict[str, int] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    next: date | None = None
    links: Mapping[str, set[str]] = field(default_factory=dict)

    def count(self, kind: str, until: date, count: int = 1) -> None:
        """Note that entries of a kind go."""
        self.tallies.setdefault(kind, Tally()).add(until, count)

    def keep(self, until: date) -> None:
        """Note that something stays."""
        self.next = until if self.next is None else min(self.next, until)


def plan(snapshot: Snapshot, today: date, months: int) -> Plan:
    """Decide what goes on a day (UTC) of what is kept for some months after its end.

    Reads the part of the log that is old enough, and all of it only where something was declared
    or shown that may go. Takes one bit of memory for each entry.
    """
    size = snapshot.head().size
    if size and next(snapshot.rows(size - 1, size), None) is None:
        raise LogCorrupt([f"the head counts {size} entries, and the last is not there"])
    found = Plan(size, Marks(size))
    created = day(snapshot.meta.get("created")) or date.min
    written = Written(created, today)
    stop = _written(snapshot, written, size, today, months)
    if stop < size:
        found.keep(kept_until(written.latest, months))
    named = _records(snapshot, stop, written, today, months, found)
    _shown(snapshot, written, today, months, found, named)
    return found


def _written(snapshot: Snapshot, written: Written, size: int, today: date, months: int) -> int:
    """Learn when entries were written; gives the first that is not old enough for anything to go.

    What follows it is no older, so none of it has to be looked at, and counts as written then.
    """
    if kept_until(written.latest, months) >= today:
        return 0
    for row in _rows(snapshot.runs()):
        latest = written.latest
        written.add(row.seq, _day(row.body))
        if latest != written.latest and kept_until(written.latest, months) >= today:
            return row.seq
    return size


def _rows(runs: Iterable[Run], stop: int = 2**62) -> Iterator[Row]:
    """Give the entries of runs that have their content still."""
    for run in runs:
        if run.bodies is not None:
            yield from (row for row in unpack(run, 0, stop) if row.body is not None)


def _day(body: bytes | None) -> date | None:
    """The day that a body says of itself, without reading all of it."""
    assert body is not None
    at = body.rfind(_TIME) + len(_TIME)
    return day(body[at : at + 10].decode("ascii", "replace")) if at >= len(_TIME) else None


def _records(
    snapshot: Snapshot, stop: int, written: Written, today: date, months: int, found: Plan
) -> dict[str, int]:
    """Decide on consents and refusals; gives what those that go name, with the last to do so."""
    named: dict[str, int] = {}
    seen = Marks(found.size)
    for row in _rows(snapshot.runs(0, stop), stop):
        if row.kind != "consent" or row.seq in seen:
            continue
        until = kept_until(ended([value(row.body)], written(row.seq)), months)
        chain = [row]
        # A consent goes when the last of its records may, which is looked at as well: no other
        # that may stay by itself needs to be followed to it.
        if until < today and row.consent_id is not None:
            held = snapshot.rows(0, found.size, row.consent_id)
            chain = [each for each in held if each.body is not None] or chain
            for each in chain:
                seen.add(each.seq)
            values = [value(each.body) for each in chain]
            until = kept_until(ended(values, written(chain[-1].seq)), months)
        if until >= today:
            found.keep(until)
            continue
        found.count("refusal" if row.consent_id is None else "consent", until, len(chain))
        for each in chain:
            found.records.add(each.seq)
            for name in _names(each.body):
                named[name] = max(each.seq, named.get(name, 0))
    return named


def _names(body: bytes | None) -> set[str]:
    return {name.decode("ascii") for name in _NAME.findall(body or b"")}


def _shown(
    snapshot: Snapshot,
    written: Written,
    today: date,
    months: int,
    found: Plan,
    named: Mapping[str, int],
) -> None:
    """Decide on declarations, releases and artifacts; what is shown now stays."""
    telling = [each for kind in TELLING for each in told(_of_kind(snapshot, kind))]
    newest = [each for each in telling if each.next is None and each.kind == "declaration"]
    now = {name for each in newest for name in each.shown}
    old: dict[Told, date] = {}
    for each in telling:
        if each.next is not None and not each.shown & now:
            until = kept_until(written(each.next) + LONGEST, months)
            if until < today:
                old[each] = until
            else:
                found.keep(until)
    if not old and not named:
        return
    links = found.links = _links(snapshot)
    kept = _reached(_lasting(snapshot, {each.seq for each in old}), links)
    if not old and kept.issuperset(_reached(named, links)):
        return
    still = _named_still(snapshot, found.records)
    going = {each: until for each, until in old.items() if not each.shown & still}
    kept |= _reached(still, links) | _reached(_lasting(snapshot, {e.seq for e in going}), links)
    # An artifact goes with the last entry that names it: records first, then what tells of them.
    for each in sorted(going, reverse=True):
        found.telling.insert(0, each.seq)
        found.count(each.kind, going[each])
        (row,) = snapshot.rows(each.seq, each.seq + 1)
        for name in _reached(_names(row.body), links) - kept:
            found.artifacts.setdefault(name, each.seq)
    for name, seq in sorted(named.items(), key=lambda pair: -pair[1]):
        for each_name in _reached([name], links) - kept:
            found.artifacts.setdefault(each_name, seq)
    if found.artifacts:
        last = max(tally.last for tally in found.tallies.values())
        found.count("artifact", last, len(found.artifacts))


def _of_kind(snapshot: Snapshot, kind: str) -> Iterator[tuple[int, str, bytes | None]]:
    return ((row.seq, row.kind, row.body) for row in snapshot.of_kind(kind))


def _links(snapshot: Snapshot) -> dict[str, set[str]]:
    """Give each artifact with those that it names itself, as the interface does its files."""
    return {
        name: _names(body) if media_type == "application/json" else set()
        for name, media_type, body in snapshot.artifacts()
    }


def _reached(names: Iterable[str], links: Mapping[str, set[str]]) -> set[str]:
    """Give the artifacts that are named, directly or by another."""
    found: set[str] = set()
    left = [name for name in names if name in links]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [each for each in links[name] if each in links]
    return found


def _lasting(snapshot: Snapshot, without: set[int]) -> set[str]:
    """Give what entries name that are no consents, but for some of them."""
    return {
        name
        for kind in (*TELLING, "publication")
        for row in snapshot.of_kind(kind)
        if row.seq not in without
        for name in _names(row.body)
    }


def _named_still(snapshot: Snapshot, gone: Marks) -> set[str]:
    """Give what the records name that stay."""
    found: set[bytes] = set()
    for run in snapshot.runs():
        if run.kind == "consent" and run.bodies is not None:
            for row in unpack(run):
                if row.body is not None and row.seq not in gone:
                    found.update(_NAME.findall(row.body))
    return {name.decode("ascii") for name in found}


def carry_out(
    log: Log,
    decided: Plan,
    *,
    clock: Callable[[], float] = time,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Remove what was decided, some at a time; `progress` is called with how many entries so far.

    Entries go in their order, so that of a chain that is broken off the end stays to decide by.
    Raises as `Log.expire`; what is gone by then stays so.
    """
    by_place: dict[int, list[str]] = {}
    for name, seq in decided.artifacts.items():
        by_place.setdefault(seq, []).append(name)
    removing = _Removing(log, decided, clock)
    seqs, together, done = iter(decided.records), LEAST, 0
    while some := list(islice(seqs, together)):
        took = removing.remove(some, [name for seq in some for name in by_place.get(seq, ())])
        if took < GOAL:
            together = min(MOST, 2 * together)
        elif took > 2 * GOAL:
            together = max(LEAST, together // 2)
        done += len(some)
        if progress is not None:
            progress(done)
    for seq in decided.telling:
        removing.remove([seq], by_place.get(seq, []))
        done += 1
        if progress is not None:
            progress(done)


class _Removing:
    """Removes, and minds what sites append meanwhile."""

    def __init__(self, log: Log, decided: Plan, clock: Callable[[], float]) -> None:
        self.log, self.links, self.clock = log, decided.links, clock
        self.size = decided.size
        self.named: set[str] = set()

    def remove(self, seqs: list[int], artifacts: list[str]) -> float:
        """Remove entries and artifacts together; gives the seconds that it took."""
        kept: dict[str, tuple[str, bytes]] = {}
        if artifacts:
            self.learn()
            found = {name: self.log.artifact(name) for name in artifacts if name not in self.named}
            kept = {name: artifact for name, artifact in found.items() if artifact is not None}
        parts = ranges(seqs)
        now = datetime.fromtimestamp(self.clock(), UTC)
        entry = expiry_entry(parts, "retention", f"{now:%Y-%m-%dT%H:%M:%SZ}", kept)
        begun = monotonic()
        self.log.expire(entry, parts, kept)
        took = monotonic() - begun
        if kept:
            self.learn()
            if back := self.named.intersection(kept):
                self.log.put_artifacts({name: kept[name] for name in back})
        return took

    def learn(self) -> None:
        """Read what is named by entries that have come since it was decided what goes.

        A site that goes back to what it showed long ago finds all of it there, and then names it;
        what was removed between the two is put back.
        """
        with self.log.snapshot() as snapshot:
            size = snapshot.head().size
            for row in _rows(snapshot.runs(self.size, size), size):
                if row.seq >= self.size and row.kind != "expiry":
                    self.named |= _reached(_names(row.body), self.links)
            self.size = size
