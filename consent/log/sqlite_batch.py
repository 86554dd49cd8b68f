"""One group of entries inside its transaction in SQLite."""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby

from consent.errors import LogCorrupt
from consent.log import Appended, Entry, Row
from consent.log.runs import ID_SIZE, KEY_SIZE, NO_ID, NO_KEY, RUN, pack
from consent.log.sqlite_runs import newest, put_run, row
from consent.log.sqlite_tail import Tail
from consent.log.tree import SALT_SIZE, Edge
from consent.log.writer import Counts

BODY_SIZE = 16 * 1024 * 1024
"""The most bytes in the body of an entry."""

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
        self.new: list[Appended] = []
        self.kinds: list[str] = []
        self.new_ids: list[str] = []
        self.new_keys: list[bytes] = []
        self.added_ids: list[tuple[str, int]] = []
        # The newest of this group, and the places of what stood in the log before it.
        self.ids: dict[str, Appended] = {}
        self.once: dict[bytes, Appended] = {}
        self.of_kind: dict[str, Appended] = {}
        self.known_ids: dict[str, int] = {}
        self.known_once: dict[bytes, int] = {}
        self._look_up(entries)

    def _look_up(self, entries: Sequence[Entry]) -> None:
        """Find the consent ids and the idempotency keys of a group, all at once."""
        self.keys = [
            None if entry.once is None else sha256(entry.once).digest()[:KEY_SIZE]
            for entry in entries
        ]
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
            if consent_id is not None:
                if len(consent_id) != ID_SIZE or not consent_id.isascii():
                    raise ValueError(f"a consent id has {ID_SIZE} base64url characters")
                if entry.revise is not None:
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
        salts = self.salts = os.urandom(SALT_SIZE * len(entries))
        new, kinds, new_ids, new_keys = self.new, self.kinds, self.new_ids, self.new_keys
        ids, once, known_once, added_ids = self.ids, self.once, self.known_once, self.added_ids
        first, at = self.first, 0
        answers: list[Appended] = []
        for entry, key in zip(entries, self.keys, strict=True):
            body = entry.body
            if key is not None and (key in once or key in known_once):
                known = self._known(key)
                if known is not None:
                    answers.append(known)
                    continue
            if entry.revise is not None:
                before = self._newest(entry)
                if before is not None:
                    revised = entry.revise(before.body)
                    if revised is None:
                        answers.append(before)
                        continue
                    body = revised
            # This is `tree.leaf_hash`.
            leaf = sha256(b"\x00" + salts[at * 16 : at * 16 + 16] + body).digest()
            appended = Appended(first + at, leaf, body, True)
            new.append(appended)
            kinds.append(entry.kind)
            answers.append(appended)
            if entry.consent_id is None:
                new_ids.append(NO_ID)
            else:
                new_ids.append(entry.consent_id)
                ids[entry.consent_id] = appended
                added_ids.append((entry.consent_id, first + at))
            if key is None:
                new_keys.append(NO_KEY)
            else:
                new_keys.append(key)
                once[key] = appended
            if entry.kind != "consent":
                self.of_kind[entry.kind] = appended
            at += 1
        return answers

    def _known(self, key: bytes) -> Appended | None:
        """Give the entry that was appended under an idempotency key."""
        if key in self.once:
            return self.once[key]._replace(new=False)
        return _old(row(self._query, self.known_once[key]))

    def _newest(self, entry: Entry) -> Appended | None:
        """Give the newest entry of the chain that an entry continues."""
        consent_id = entry.consent_id
        if consent_id is not None:
            if consent_id in self.ids:
                return self.ids[consent_id]._replace(new=False)
            known = self.known_ids.get(consent_id)
            return None if known is None else _old(row(self._query, known))
        if entry.kind == "consent":
            return None  # the newest one is somebody else's (R43)
        if entry.kind in self.of_kind:
            return self.of_kind[entry.kind]._replace(new=False)
        return _old(newest(self._query, entry.kind))

    def _query(self, query: str, *parameters: object) -> sqlite3.Cursor:
        return self.cursor.execute(query, parameters)

    def store(self, counts: Counts) -> int:
        """Write what is new; returns about how many bytes that is."""
        execute = self.cursor.execute
        count = len(self.new)
        written = 0
        if count:
            bodies = [appended.body for appended in self.new]
            sizes = list(map(len, bodies))
            written = sum(sizes) + 100 * count
            if min(sizes) == 0 or max(sizes) > BODY_SIZE:
                raise ValueError(f"the body of an entry has 1 to {BODY_SIZE} bytes")
            leaves = [appended.leaf for appended in self.new]
            for kind, start, stop in self._runs():
                run = slice(start, stop)
                salts = self.salts[start * SALT_SIZE : stop * SALT_SIZE]
                packed = pack(self.new_ids[run], self.new_keys[run], salts, bodies[run])
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
        for kind, same in groupby(self.kinds):
            stop = at + len(list(same))
            for start in range(at, stop, RUN):
                yield kind, start, min(start + RUN, stop)
            at = stop

    def remember(self) -> None:
        """Let later groups find what is new, once it is durable."""
        once = [(key, appended.seq) for key, appended in self.once.items()]
        self.tail.add(self.added_ids, once, self.edge.size)
