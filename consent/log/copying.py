"""A log copied into another one, entry by entry: the same tree, name and checkpoints.

So a log moves from one engine to another, and one that was exported or backed up comes back. What
is copied is seen to be whole on the way; what was copied before is not copied again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import NamedTuple

from consent.errors import CopyError, LogCorrupt, LogMissing, LogUnavailable
from consent.log import Log, Roles, Row, Snapshot, create_log, open_log
from consent.log.exported import Exported
from consent.log.tree import Edge, leaf_hash
from consent.log.verify import Report, verify

BATCH = 2048
"""Entries that are copied in one transaction."""

WEIGHT = 8 * 1024 * 1024
"""Bytes of artifacts from which on they are stored, before more are read."""

Progress = Callable[[int, int], None]
"""Takes how much is done, and how much there is."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""


Source = Snapshot | Exported
"""What a log is copied from; what it gives is asked for once, and in the order of its lines."""


class Copied(NamedTuple):
    """How many entries were copied now, and what was found in the whole copy."""

    added: int
    report: Report


def copy_log(
    source: Source,
    address: str,
    *,
    roles: Roles | None = None,
    copying: Progress = silent,
    verifying: Progress = silent,
) -> Copied:
    """Copy a log to an address, and verify it there.

    Where there is no log one is made. One that has the first entries already, and no others, gets
    the rest, so that a copy that was broken off goes on, and one of a site in use catches up.
    `roles` are those of `consent.log.create_log`.
    `copying` and `verifying` are called now and then with how many entries have been, and how many
    there are. Raises `CopyError` when another log is there, `LogCorrupt` when the source is
    damaged, and what `consent.log.create_log`, `open_log` and `adopt` raise.
    """
    head = source.head()
    with closing(_opened(address, source.meta, roles)) as log:
        added = _copy_entries(source, log, copying)
        _copy_artifacts(source, log)
        counted = _copy_rest(source, log)
    with closing(open_log(address, writable=False)) as log, log.snapshot() as view:
        report = verify(view, known=head, progress=lambda done: verifying(done, head.size))
        report.require()
        stored = {(counter.day, counter.name): counter.n for counter in view.counts()}
        if any(stored.get(key, 0) < n for key, n in counted.items()):
            raise LogUnavailable("the counters could not be stored; import once more")
    return Copied(added, report)


def _opened(address: str, meta: Mapping[str, str], roles: Roles | None) -> Log:
    """Open the log to copy to; make it where there is none.

    It takes nothing from a spool: what waits there is to come after what is copied.
    """
    try:
        log = open_log(address, writable=True, spool=os.devnull)
    except LogMissing:
        create_log(address, meta["site"], like=meta, roles=roles)
        log = open_log(address, writable=True, spool=os.devnull)
    with log.snapshot() as view:
        found = dict(view.meta)
    if any(found.get(name) != meta.get(name) for name in ("id", "site", "created")):
        log.close()
        raise CopyError(
            f"the log there is another one, of {found.get('site')} since {found.get('created')}",
            "name a place where there is none: an import makes the log itself",
        )
    return log


def _copy_entries(source: Source, log: Log, progress: Progress) -> int:
    head, begun = source.head(), log.head()
    if begun.size > head.size:
        raise CopyError(
            f"the log there has {begun.size} entries, and {head.size} are to be brought",
            "it goes on by itself already, and takes nothing from here any more",
        )
    edge, rows = Edge(), _sound(source.rows(), lambda done: progress(done, head.size))
    edge.extend(row.leaf for row in islice(rows, begun.size))
    if edge.root() != begun.root:
        raise CopyError(
            f"the {begun.size} entries of the log there are not the first ones of this log",
            "it went on by itself, or its source is damaged; name a place where there is none",
        )
    while batch := list(islice(rows, BATCH)):
        log.adopt(batch)
        edge.extend(row.leaf for row in batch)
    if (edge.size, edge.root()) != head:
        raise LogCorrupt([f"the entries brought are not those of the head of {head.size} entries"])
    return head.size - begun.size


def _sound(rows: Iterator[Row], progress: Callable[[int], None]) -> Iterator[Row]:
    """See each entry's content to be that of its leaf."""
    at = 0
    for at, row in enumerate(rows, 1):
        if row.body is not None and leaf_hash(row.body, row.salt or b"") != row.leaf:
            message = "the content is not the one that the leaf was made of"
            raise LogCorrupt([f"leaf at entry {row.seq}: {message}"])
        yield row
        if not at % 1000:
            progress(at)
    progress(at)


def _copy_artifacts(source: Source, log: Log) -> None:
    """After the entries: an expiry among these may remove one that came back later."""
    waiting: dict[str, tuple[str, bytes]] = {}
    for name, media_type, body in source.artifacts():
        waiting[name] = media_type, body
        if sum(len(each) for _, each in waiting.values()) >= WEIGHT:
            _put(log, waiting)
            waiting = {}
    _put(log, waiting)


def _put(log: Log, artifacts: Mapping[str, tuple[str, bytes]]) -> None:
    try:
        log.put_artifacts(artifacts)
    except ValueError as error:
        raise LogCorrupt([f"artifact: {error}"]) from None


def _copy_rest(source: Source, log: Log) -> dict[tuple[str, str], int]:
    """Copy checkpoints and counters; returns these."""
    with log.snapshot() as view:
        known = {size for size, _ in view.checkpoints()}
        before = {(counter.day, counter.name): counter.n for counter in view.counts()}
    for size, note in source.checkpoints():
        if size not in known:
            log.put_checkpoint(size, note)
    counted = {(counter.day, counter.name): counter.n for counter in source.counts()}
    for (day, name), n in counted.items():
        if n > before.get((day, name), 0):
            log.count(day, name, n - before.get((day, name), 0))
    return counted
