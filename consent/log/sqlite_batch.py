"""One group of entries inside its transaction in SQLite."""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby

from consent.errors import LogCorrupt
from consent.log import Appended, Entry, Row
from consent.log.batch import Group, keys_of
from consent.log.committing import Counts
from consent.log.runs import NO_ID, NO_KEY, RUN, pack
from consent.log.sqlite_runs import newest, put_run, row
from consent.log.sqlite_tail import Tail
from consent.log.tree import SALT_SIZE, Edge

# Walks i through 0 … ?1 - 1.
_EACH = """WITH RECURSIVE each (i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM each WHERE i + 1 < ?1)
"""
_FIND_ONCE = (
    _EACH
    + """SELECT i, once.seq FROM each CROSS JOIN once
    WHERE once.key = substr(?2, i * 16 + 1, 16)"""
)
_FIND_IDS = (
    _EACH
    + """SELECT i, max(ids.seq) FROM each CROSS JOIN ids
    WHERE ids.consent_id = CAST(substr(?2, i * 22 + 1, 22) AS TEXT) GROUP BY i"""
)
_PUT_COUNTS = """INSERT INTO counters (day, name, n) VALUES (?, ?, ?)
    ON CONFLICT (day, name) DO UPDATE SET n = n + excluded.n"""
_PUT_TILE = "INSERT INTO tiles (level, at, root) VALUES (?, ?, ?)"
_HEAD = "SELECT size, edge, upto FROM head JOIN indexed USING (one)"
_PUT_HEAD = "UPDATE head SET size = ?, root = ?, edge = ?"


def _old(row: Row | None) -> Appended | None:
    """Give an earlier entry as the answer to one that repeats it."""
    if row is None or row.body is None:
        return None
    return Appended(row.seq, row.leaf, row.body, False)


class Batch:
    """A group of entries: what of it is known already, what is new."""

    def __init__(self, cursor: sqlite3.Cursor, tail: Tail, entries: Sequence[Entry]) -> None:
        """Take a cursor inside a writing transaction; reads the head and catches up with it."""
        self.cursor = cursor
        self.tail = tail
        found = cursor.execute(_HEAD).fetchone()
        if found is None:
            raise LogCorrupt(["the log has no head"])
        self.first, edge, upto = found
        try:
            self.edge = Edge(self.first, edge)
        except (TypeError, ValueError) as error:
            raise LogCorrupt([f"head: {error}"]) from error
        tail.catch_up(cursor, upto, self.first)
        self.group = Group()
        # The places of what stood in the log before it.
        self.known_ids: dict[str, int] = {}
        self.known_once: dict[bytes, int] = {}
        self._look_up(entries)

    def _look_up(self, entries: Sequence[Entry]) -> None:
        """Find the consent ids and the idempotency keys of a group, all at once."""
        self.keys = keys_of(entries)
        recent_once = self.tail.once
        asked_once = []
        for key in self.keys:
            if key is not None:
                if key in recent_once:
                    self.known_once[key] = recent_once[key]
                else:
                    asked_once.append(key)
        if asked_once:
            rows = self.cursor.execute(_FIND_ONCE, (len(asked_once), b"".join(asked_once)))
            self.known_once.update([(asked_once[at], seq) for at, seq in rows])
        recent_ids = self.tail.ids
        asked_ids = []
        for entry in entries:
            consent_id = entry.consent_id
            if consent_id is not None and entry.revise is not None:
                if consent_id in recent_ids:
                    self.known_ids[consent_id] = recent_ids[consent_id]
                else:
                    asked_ids.append(consent_id)
        if asked_ids:
            packed = "".join(asked_ids).encode("ascii")
            rows = self.cursor.execute(_FIND_IDS, (len(asked_ids), packed))
            self.known_ids.update([(asked_ids[at], seq) for at, seq in rows])

    def add(self, entries: Sequence[Entry]) -> list[Appended]:
        """Take entries in order; for one that repeats an earlier one, give that."""
        self.group.add(entries, self.keys, self)
        return self.group.answers(self.first)

    def under_key(self, key: bytes) -> Appended | None:
        """Give an earlier entry; see `consent.log.batch.Known`."""
        known = self.known_once.get(key)
        return None if known is None else _old(row(self._query, known))

    def newest(self, entry: Entry) -> Appended | None:
        """Give the newest entry of a chain; see `consent.log.batch.Known`."""
        if entry.consent_id is None:
            return _old(newest(self._query, entry.kind))
        known = self.known_ids.get(entry.consent_id)
        return None if known is None else _old(row(self._query, known))

    def _query(self, query: str, *parameters: object) -> sqlite3.Cursor:
        return self.cursor.execute(query, parameters)

    def store(self, counts: Counts) -> int:
        """Write what is new; returns about how many bytes that is."""
        execute = self.cursor.execute
        group = self.group
        written = 0
        bodies, leaves = group.bodies, group.leaves
        if bodies:
            written = sum(map(len, bodies)) + 100 * len(bodies)
            ids = [each or NO_ID for each in group.consent_ids]
            keys = [each or NO_KEY for each in group.keys]
            for kind, start, stop in self._runs():
                run = slice(start, stop)
                salts = group.salts[start * SALT_SIZE : stop * SALT_SIZE]
                packed = pack(ids[run], keys[run], salts, bodies[run])
                put_run(execute, self.first + start, kind, b"".join(leaves[run]), packed)
            for tile in self.edge.extend(leaves):
                execute(_PUT_TILE, tile)
            execute(_PUT_HEAD, (self.edge.size, self.edge.root(), self.edge.pack()))
        for (day, name), n in counts.items():
            execute(_PUT_COUNTS, (day, name, n))
        return written

    def _runs(self) -> Iterator[tuple[str, int, int]]:
        """Cut what is new into runs of one kind."""
        at = 0
        for kind, same in groupby(self.group.kinds):
            stop = at + len(list(same))
            for start in range(at, stop, RUN):
                yield kind, start, min(start + RUN, stop)
            at = stop

    def remember(self) -> None:
        """Let later groups find what is new, once it is durable."""
        group = self.group
        seqs = range(self.first, self.edge.size)
        ids = [(each, seq) for each, seq in zip(group.consent_ids, seqs, strict=True) if each]
        once = [(key, self.first + at) for key, at in group.once.items()]
        self.tail.add(ids, once, self.edge.size)
