"""The two indexes of a log in SQLite, and the newest entries, which they do not know yet.

Consent ids and idempotency keys are random: put into an index one by one, each would touch a page
of its own, and writing those pages would cost more than the entries. So the newest entries, the
*tail*, are found in memory, and indexed later: in the order of their keys, a slice at a time, when
it is quiet. All of it is derived from the table `contents`, and `upto` is how far the indexes are
complete.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from operator import itemgetter

from consent.log.runs import NO_ID, NO_KEY, split_ids, split_keys

TAIL = (4096, 32_768)
"""Entries in the tail from which it is indexed when it is quiet, or else at once."""

SLICE = 256
"""Keys indexed in one transaction."""

KEEP_ONCE = 2
"""Days that an idempotency key is remembered at least (R46)."""

FORGET = 500
"""Old idempotency keys forgotten in one transaction."""

# One statement for many keys, so that the interpreter's lock is let go of once and not once a row;
# each key has its fixed width in ?2, each seq twelve digits in ?3.
_PUT_IDS = """WITH RECURSIVE each (i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM each WHERE i + 1 < ?1)
INSERT OR IGNORE INTO ids (consent_id, seq)
    SELECT CAST(substr(?2, i * 22 + 1, 22) AS TEXT), CAST(substr(?3, i * 12 + 1, 12) AS INTEGER)
    FROM each"""
# A key whose first content was removed is free again, and then the newest entry under it counts.
_PUT_ONCE = """WITH RECURSIVE each (i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM each WHERE i + 1 < ?1)
INSERT INTO once (key, seq, day)
    SELECT substr(?2, i * 16 + 1, 16), CAST(substr(?3, i * 12 + 1, 12) AS INTEGER), ?4
    FROM each WHERE true
    ON CONFLICT (key) DO UPDATE SET seq = max(seq, excluded.seq)"""
_FORGET = "DELETE FROM once WHERE key IN (SELECT key FROM once WHERE day < ? LIMIT ?)"
# What a clock that was ahead has dated is no younger than today.
_REDATE = "UPDATE once SET day = ?1 WHERE day > ?1 + 1"


class Tail:
    """The entries from `start` to `stop` by consent id and by idempotency key.

    `ids` and `once` give the newest place of each; `added_ids` and `added_once` all of them, in
    the order they came.
    """

    def __init__(self, start: int = 0) -> None:
        self.clear(start)

    def clear(self, start: int) -> None:
        """Begin again with nothing known from `start` on."""
        self.start = start
        self.stop = start
        self.ids: dict[str, int] = {}
        self.once: dict[bytes, int] = {}
        self.added_ids: list[tuple[str, int]] = []
        self.added_once: list[tuple[bytes, int]] = []
        self.give_up()

    def add(self, ids: list[tuple[str, int]], once: list[tuple[bytes, int]], stop: int) -> None:
        """Take in entries up to `stop` that are durable now."""
        self.ids.update(ids)
        self.once.update(once)
        self.added_ids += ids
        self.added_once += once
        self.stop = stop

    def give_up(self) -> None:
        """Leave off indexing; the next time it begins again."""
        self._until: int | None = None
        self._new_ids: list[tuple[str, int]] = []
        self._new_once: list[tuple[bytes, int]] = []

    def catch_up(self, cursor: sqlite3.Cursor, start: int, stop: int) -> None:
        """Take in what other processes have appended and indexed meanwhile."""
        if start != self.start or stop < self.stop:
            self.clear(start)
        if self.stop < stop:
            query = "SELECT first, consent_ids, keys FROM contents WHERE first >= ? ORDER BY first"
            ids: list[tuple[str, int]] = []
            once: list[tuple[bytes, int]] = []
            for first, new_ids, new_keys in cursor.execute(query, (self.stop,)):
                ids += [(each, first + i) for i, each in enumerate(split_ids(new_ids))]
                once += [(each, first + i) for i, each in enumerate(split_keys(new_keys))]
            self.add(
                [pair for pair in ids if pair[0] != NO_ID],
                [pair for pair in once if pair[0] != NO_KEY],
                stop,
            )

    @property
    def ripe(self) -> bool:
        """Whether there is anything to index."""
        return self._until is not None or self.stop - self.start >= TAIL[0]

    @property
    def overripe(self) -> bool:
        """Whether indexing cannot wait for a quiet moment."""
        return self.stop - self.start >= TAIL[1]

    def index(self, cursor: sqlite3.Cursor, count: int, today: int) -> None:
        """Index the next keys, in a transaction; after the last ones `upto` moves forward.

        To be repeated from the start, by whatever process, does no harm.
        """
        query = "SELECT upto, size FROM indexed JOIN head USING (one)"
        self.catch_up(cursor, *cursor.execute(query).fetchone())
        if not self.ripe:
            return  # another process was faster
        if self._until is None:
            self._until = self.stop
            self._new_ids = sorted(self.added_ids, key=itemgetter(0))
            self._new_once = sorted(self.added_once, key=itemgetter(0))
        # From the end, where a list gives up its items without moving the others.
        elif self._new_ids:
            ids = self._new_ids[-count:]
            packed = "".join([key for key, _ in ids]).encode("ascii")
            cursor.execute(_PUT_IDS, (len(ids), packed, _digits(ids)))
            del self._new_ids[-count:]
        elif self._new_once:
            once = self._new_once[-count:]
            packed = b"".join([key for key, _ in once])
            cursor.execute(_PUT_ONCE, (len(once), packed, _digits(once), today))
            del self._new_once[-count:]
        if not self._new_ids and not self._new_once:
            cursor.execute("UPDATE indexed SET upto = ?", (self._until,))

    def index_all(self, cursor: sqlite3.Cursor, today: int) -> None:
        """Index everything that there is, in a transaction that nothing else waits for."""
        query = "SELECT upto, size FROM indexed JOIN head USING (one)"
        self.catch_up(cursor, *cursor.execute(query).fetchone())
        self._until = self.stop if self.stop > self.start else None
        self._new_ids = sorted(self.added_ids, key=itemgetter(0))
        self._new_once = sorted(self.added_once, key=itemgetter(0))
        while self._until is not None:
            self.index(cursor, SLICE, today)
            self.indexed()

    def indexed(self) -> None:
        """Forget what is indexed, once that transaction is through."""
        until = self._until
        if until is not None and not self._new_ids and not self._new_once:
            ids = [pair for pair in self.added_ids if pair[1] >= until]
            once = [pair for pair in self.added_once if pair[1] >= until]
            stop = self.stop
            self.clear(until)
            self.add(ids, once, stop)


def _digits(rows: Sequence[tuple[object, int]]) -> bytes:
    return b"".join([b"%12d" % seq for _, seq in rows])


def forget(cursor: sqlite3.Cursor, today: int) -> bool:
    """Delete some idempotency keys that are old enough; returns whether none are left."""
    found = cursor.execute(_FORGET, (today - KEEP_ONCE, FORGET)).rowcount
    if found == FORGET:
        return False
    cursor.execute(_REDATE, (today,))
    return True
