"""The SQLite engine: a log in one file, shared by the processes of one machine."""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import chain
from threading import Lock
from typing import Any

from consent.errors import LogCorrupt, LogError, LogUnavailable
from consent.log import Appended, Counter, Entry, Head, Row, Run, Snapshot
from consent.log import sqlite_runs as runs
from consent.log.appending import Appending, check_hashes, head_of
from consent.log.runs import ID_SIZE, NO_ID, RUN, split_ids
from consent.log.spool import Spool
from consent.log.sqlite_change import adopt, expire
from consent.log.sqlite_file import (
    PATIENCE,
    SCHEMA,
    open_writing,
    reading,
    recognise,
    replaced,
    translated,
)
from consent.log.sqlite_write import SqliteEngine, begin, inherited
from consent.log.writer import Writer

_HEAD = "SELECT size, root FROM head"
_TILES = "SELECT root FROM tiles WHERE level = ? AND at >= ? AND at < ? ORDER BY at"
_ARTIFACTS = "SELECT hash, media_type, body FROM artifacts ORDER BY id"
_STRAYS = "SELECT first FROM contents WHERE first NOT IN (SELECT first FROM entries) LIMIT 1"
_NOT_INDEXED = f"""WITH RECURSIVE each (i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM each WHERE i + 1 < {RUN})
SELECT first + i FROM contents CROSS JOIN each
    WHERE first < (SELECT upto FROM indexed) AND i < length(consent_ids) / {ID_SIZE}
    AND substr(consent_ids, i * {ID_SIZE} + 1, {ID_SIZE}) <> '{NO_ID}'
    AND (substr(consent_ids, i * {ID_SIZE} + 1, {ID_SIZE}), first + i) NOT IN
        (SELECT consent_id, seq FROM ids) ORDER BY first, i LIMIT 1"""


def _typed(rows: Iterator[tuple[Any, ...]], *kinds: type) -> Iterator[tuple[Any, ...]]:
    """Pass rows on; a column may hold anything once somebody has written to the file."""
    for row in rows:
        if tuple(map(type, row)) != kinds:
            raise LogCorrupt(["a value is of another kind than was written there"])
        yield row


class SqliteSnapshot:
    """One unchanging view of the file; see `consent.log.Snapshot`."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        """Take a connection inside a transaction, and the path for messages."""
        self._connection = connection
        self._path = path

    def _query(self, query: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        with translated(self._path):
            # Through `chain`, which has no `close`: who stops in the middle may come to it late,
            # when the connection is closed already.
            yield from chain(self._connection.execute(query, parameters))

    @property
    def meta(self) -> Mapping[str, str]:
        """Give what is written about the log itself."""
        return dict(_typed(self._query("SELECT name, value FROM meta"), str, str))

    def head(self) -> Head:
        """Give the head as stored."""
        return head_of(list(self._query(_HEAD)))

    def edge(self) -> bytes:
        """Give the edge as stored."""
        found = list(self._query("SELECT edge FROM head"))
        return found[0][0] if found else b""

    def rows(
        self, start: int = 0, stop: int | None = None, consent_id: str | None = None
    ) -> Iterator[Row]:
        """Give entries in order."""
        if stop is None:
            stop = 2**62
        if consent_id is None:
            yield from runs.rows(self._query, start, stop)
            return
        for seq in runs.places(self._query, consent_id):
            found = runs.row(self._query, seq) if start <= seq < stop else None
            if found is not None:
                yield found

    def runs(self, start: int = 0, stop: int | None = None) -> Iterator[Run]:
        """Give runs in order."""
        return runs.runs(self._query, start, 2**62 if stop is None else stop)

    def of_kind(self, kind: str) -> Iterator[Row]:
        """Give the entries of a kind in order."""
        return runs.all_of_kind(self._query, kind)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """Give leaves as stored."""
        return runs.leaves(self._query, start, stop)

    def tiles(self, level: int, start: int = 0, stop: int = 2**62) -> Iterator[bytes]:
        """Give the roots of tiles as stored."""
        return (root for (root,) in _typed(self._query(_TILES, level, start, stop), bytes))

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Give checkpoints by size."""
        query = "SELECT size, note FROM checkpoints ORDER BY size"
        yield from _typed(self._query(query), int, str)

    def artifacts(self) -> Iterator[tuple[str, str, bytes]]:
        """Give artifacts in the order they came."""
        yield from _typed(self._query(_ARTIFACTS), str, str, bytes)

    def counts(self) -> Iterator[Counter]:
        """Give counters by day and name."""
        query = "SELECT day, name, n FROM counters ORDER BY day, name"
        return (Counter(*row) for row in _typed(self._query(query), str, str, int))

    def faults(self) -> Iterator[str]:
        """Name bad pages, changed tables and triggers, strays and gaps in the indexes."""
        for (text,) in self._query("PRAGMA quick_check(1)"):
            if text != "ok":
                yield f"pages: {text}"
        found = {text for (text,) in self._query("SELECT sql FROM sqlite_schema")}
        for statement in SCHEMA:
            if statement not in found:
                yield f"schema: missing or changed: {' '.join(statement.split())[:60]}…"
        for (seq,) in self._query(_STRAYS):
            yield f"contents: {seq} belongs to no entry"
        indexed = "SELECT consent_id, seq FROM ids WHERE seq < (SELECT upto FROM indexed)"
        # Which one it is takes longer to find than that there is one.
        if sum(map(hash, self._query(indexed))) != sum(map(hash, self._filed())):
            for (seq,) in self._query(_NOT_INDEXED):
                yield f"ids: entry {seq} is not found by its consent id"
                return
            yield "ids: entries are found by consent ids that they do not have"

    def _filed(self) -> Iterator[tuple[str, int]]:
        """Give (consent id, place) of the entries that are indexed."""
        query = "SELECT first, consent_ids FROM contents WHERE first < (SELECT upto FROM indexed)"
        for first, ids in self._query(query):
            for seq, consent_id in enumerate(split_ids(ids), first):
                if consent_id != NO_ID:
                    yield consent_id, seq


class SqliteLog(Appending):
    """A log in a SQLite file; see `consent.log.Log`."""

    def __init__(
        self,
        path: str,
        *,
        writable: bool,
        revive: Callable[[Entry], Entry] | None = None,
        limit: int = 4096,
        spool: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file; parameters and errors as `consent.log.open_log`."""
        self.path = path
        self._clock = clock
        self._lock = Lock()
        self._reader: sqlite3.Connection | None = None
        self._replaced: Callable[[], bool] = bool
        self._expired = False
        self._pid = os.getpid()
        writer = None
        if writable:
            open_writing(path).close()
            engine = SqliteEngine(path, clock=clock)
            writer = Writer(engine, Spool(spool or path + ".spool"), limit=limit, revive=revive)
        else:
            recognise(path)
        super().__init__(path, writer)

    def put_artifacts(self, artifacts: Mapping[str, tuple[str, bytes]]) -> None:
        """Store artifacts; see `Log.put_artifacts`."""
        check_hashes(artifacts)
        with self._changing() as cursor:
            for name, (media_type, body) in artifacts.items():
                known = cursor.execute("SELECT 1 FROM artifacts WHERE hash = ?", (name,))
                if known.fetchone() is None:
                    cursor.execute(
                        "INSERT INTO artifacts (hash, media_type, body) VALUES (?, ?, ?)",
                        (name, media_type, body),
                    )

    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint; see `Log.put_checkpoint`."""
        with self._changing() as cursor:
            known = cursor.execute("SELECT 1 FROM checkpoints WHERE size = ?", (size,))
            if known.fetchone() is None:
                cursor.execute("INSERT INTO checkpoints (size, note) VALUES (?, ?)", (size, note))

    def expire(
        self, entry: Entry, seqs: Sequence[range], artifacts: Collection[str] = ()
    ) -> Appended:
        """Remove what an expiry entry names; see `Log.expire`."""
        with self._changing() as cursor:
            appended = expire(cursor, entry, seqs, artifacts, int(self._clock()) // 86400)
        self._expired = True
        return appended

    def adopt(self, rows: Sequence[Row]) -> Head:
        """Append entries of another log; see `Log.adopt`."""
        with self._changing() as cursor:
            return adopt(cursor, rows, int(self._clock()) // 86400)

    def artifact(self, hash_hex: str) -> tuple[str, bytes] | None:
        """Give an artifact; see `Log.artifact`."""
        found = self._rows("SELECT media_type, body FROM artifacts WHERE hash = ?", hash_hex)
        return (found[0][0], found[0][1]) if found else None

    def last(self, kind: str, consent_id: str | None = None) -> bytes | None:
        """Give the newest body; see `Log.last`."""
        if consent_id is None:
            found = runs.newest(self._rows, kind)
            return None if found is None else found.body
        for seq in reversed(runs.places(self._rows, consent_id)):
            found = runs.row(self._rows, seq)
            if found is not None and found.kind == kind and found.body is not None:
                return found.body
        return None

    def bodies(self, kind: str) -> Iterator[tuple[int, bytes]]:
        """Give all bodies of a kind; see `Log.bodies`."""
        # Some at a time: no view stays open while the caller thinks.
        for row in runs.all_of_kind(self._rows, kind):
            if row.body is not None:
                yield row.seq, row.body

    def head(self) -> Head:
        """Give size and root; see `Log.head`."""
        return head_of(self._rows(_HEAD))

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open one unchanging view; see `Log.snapshot`."""
        return self._view()

    def close(self) -> None:
        """Write what waits and let go of the file; see `Log.close`."""
        if self._writes is not None:
            self._writes.close()
        if self._expired:
            self._expired = False
            with suppress(LogError):  # in use: it will be overwritten
                self._truncate()
        with self._lock:
            if self._reader is not None and self._pid == os.getpid():
                self._reader.close()
            self._reader = None

    def _truncate(self) -> None:
        """Empty the write-ahead log, which holds what was removed until it is overwritten.

        Once, when all is removed: meanwhile it would cost a site that appends.
        """
        with translated(self.path), closing(open_writing(self.path)) as connection:
            connection.execute("PRAGMA busy_timeout = 200")
            connection.execute("PRAGMA wal_checkpoint (TRUNCATE)").fetchall()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Cursor]:
        """Give a cursor in a writing transaction of its own, durable once this is left."""
        assert self._writer
        with translated(self.path), closing(open_writing(self.path)) as connection:
            cursor = connection.cursor()
            if not begin(cursor, PATIENCE):
                raise LogUnavailable(f"{self.path} has been locked for {PATIENCE:g} seconds")
            yield cursor
            cursor.execute("COMMIT")

    @contextmanager
    def _view(self) -> Iterator[Snapshot]:
        if self._writes is None:
            with reading(self.path) as connection:
                yield SqliteSnapshot(connection, self.path)
        else:
            with translated(self.path), closing(open_writing(self.path)) as connection:
                connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")
                yield SqliteSnapshot(connection, self.path)

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Answer a short question: in a running site from a connection kept for that."""
        if self._writes is None:
            with reading(self.path) as connection:
                return connection.execute(query, parameters).fetchall()
        with self._lock, translated(self.path):
            if self._reader is not None and self._pid != os.getpid():
                inherited.append(self._reader)
                self._reader = None
            if self._reader is not None and self._replaced():
                self._reader.close()
                self._reader = None
            if self._reader is None:
                self._reader = open_writing(self.path)
                self._reader.execute("PRAGMA query_only = ON")
                self._replaced = replaced(self.path)
                self._pid = os.getpid()
            return self._reader.execute(query, parameters).fetchall()
