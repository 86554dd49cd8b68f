"""The writing side of the SQLite engine: one transaction a group.

WAL with `synchronous=FULL`: COMMIT returns when the entries are on disk. The head is read inside
the writing transaction, so processes that share the file continue one tree (R42).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import random

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Appended, Entry
from consent.log.committing import Counts
from consent.log.sqlite_batch import Batch
from consent.log.sqlite_file import PATIENCE, open_writing, replaced, translate
from consent.log.sqlite_tail import SLICE, Tail, forget

WAL_PAGES = (1000, 8000)
"""Pages in the write-ahead log from which they are moved over when it is quiet, or else at once."""

QUIET = 0.02
"""Seconds without an entry after which housekeeping delays nobody."""

CACHE = 16_000
"""KiB of pages that the writer keeps in memory."""

WAL_ROOM = 4000 * 4096
"""Bytes that the write-ahead log has from the start."""

inherited: list[sqlite3.Connection] = []
"""Connections that came through a fork: to close one would let go of the parent's locks."""


def make_room(connection: sqlite3.Connection, path: str) -> None:
    """Let the write-ahead log have its full length at once.

    To overwrite a part of a file is durable sooner than to make the file longer: by a third for one
    visitor at a time. SQLite reuses the length that there is, so that a large transaction that is
    taken back leaves nothing but room.
    """
    if os.path.getsize(path + "-wal") < WAL_ROOM // 2:
        cursor = connection.cursor()
        cursor.execute("PRAGMA cache_size = 10")  # what does not fit in goes to the file
        if begin(cursor, 0.0):
            with suppress(sqlite3.OperationalError):  # no room; then appends will have to do
                cursor.execute("INSERT INTO counters VALUES ('', '', zeroblob(?))", (WAL_ROOM,))
            if connection.in_transaction:
                cursor.execute("ROLLBACK")
    connection.execute(f"PRAGMA cache_size = -{CACHE}")


def begin(cursor: sqlite3.Cursor, patience: float) -> bool:
    """Take the write lock; returns False when another holds it for `patience` seconds.

    SQLite's own waiting backs off to 100 ms, which is long for a lock held for one.
    """
    until = time.monotonic() + patience
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > until:
                return False
            time.sleep(0.0002 + 0.002 * random())  # noqa: S311, not a secret
        else:
            return True


class SqliteEngine:
    """The writing side, for `consent.log.writer.Writer`."""

    depth = 1

    def __init__(self, path: str, *, clock: Callable[[], float] = time.time) -> None:
        """Take the path of a log and a clock that gives seconds since 1970."""
        self.path = path
        self.patience = PATIENCE
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._replaced: Callable[[], bool] = bool
        self._pid = os.getpid()
        self._tail = Tail()
        self._size = 0
        self._last = 0
        self._pages = 0
        self._tidied = 0

    def commit(self, entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        """Append all or nothing, at once; see `consent.log.committing.Engine`."""
        appended = self._transact(entries, counts)
        if self._replaced():
            # Written to files that are no longer there. The ones at the path may take it.
            self._let_go()
            appended = self._transact(entries, counts)
            if self._replaced():
                self._let_go()
                raise LogUnavailable(f"{self.path} was deleted or replaced while it was written")
        self._size = self._tail.stop
        return lambda: appended

    def answered(self, bell: int) -> bool:
        """Tell that nothing is ever under way; see `Engine`."""
        return True

    def untidy(self) -> float | None:
        """Tell whether there is something to index, to forget or to move; see `Engine`."""
        if self._tail.overripe:
            return 0.0
        if self._tail.ripe or self._pages > WAL_PAGES[0] or self._today() != self._tidied:
            return QUIET
        return None

    def tidy(self) -> None:
        """Index some of the newest entries, forget old keys, shorten the write-ahead log."""
        today = self._today()
        try:
            with self._writing() as cursor:
                # What is written here can be derived again: it need not wait for the disk.
                cursor.execute("PRAGMA synchronous = NORMAL")
                if begin(cursor, 0.02):
                    if self._tail.ripe:
                        self._tail.index(cursor, max(SLICE, 2 * self._last), today)
                        self._pages += SLICE
                    if today != self._tidied and forget(cursor, today):
                        self._tidied = today
                    cursor.execute("COMMIT")
                    self._tail.indexed()
                # With more to index at once there are entries waiting.
                if self._pages > WAL_PAGES[0] and not self._tail.ripe:
                    self._pages = 0
                    cursor.execute("PRAGMA wal_checkpoint (PASSIVE)").fetchall()
        except BaseException:
            self._tail.give_up()
            raise
        finally:
            self._careful()

    def close(self) -> None:
        """Close the connection; the last one to the file also empties its write-ahead log."""
        self._let_go()

    def _today(self) -> int:
        return int(self._clock()) // 86400

    def _let_go(self) -> None:
        if self._connection is not None:
            if self._pid == os.getpid():
                with suppress(sqlite3.Error):
                    self._connection.close()
            else:
                inherited.append(self._connection)
        self._connection = None

    def _transact(self, entries: Sequence[Entry], counts: Counts) -> list[Appended]:
        with self._writing() as cursor:
            if not begin(cursor, self.patience):
                raise LogUnavailable(f"{self.path} has been locked for {self.patience:g} seconds")
            batch = Batch(cursor, self._tail, entries)
            if batch.first < self._size:
                raise LogCorrupt([f"the log went back from {self._size} to {batch.first} entries"])
            appended = batch.add(entries)
            self._pages += 4 + batch.store(counts) // 4096
            cursor.execute("COMMIT")
        batch.remember()
        self._last = len(entries)
        return appended

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        """Give a cursor; after an error nothing of the transaction is left."""
        if self._connection is None or self._pid != os.getpid():
            self._open()
        connection = self._connection
        assert connection is not None
        try:
            yield self._cursor
        except BaseException as error:
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._let_go()
            if not isinstance(error, sqlite3.Error):
                raise
            self._let_go()  # after a failed write or flush a connection is not to be trusted
            raise translate(error, self.path) from error

    def _careful(self) -> None:
        """Let every COMMIT wait for the disk (again)."""
        if self._connection is not None:
            try:
                self._connection.execute("PRAGMA synchronous = FULL")
            except sqlite3.Error:
                self._let_go()

    def _open(self) -> None:
        self._let_go()
        self._tail = Tail()
        self._pid = os.getpid()
        connection = open_writing(self.path)
        try:
            # `begin` waits; did SQLite too, the two patiences would add up.
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES[1]}")
            make_room(connection, self.path)
            self._replaced = replaced(self.path)
        except (OSError, sqlite3.Error) as error:
            connection.close()
            raise LogUnavailable(f"{self.path}: {error}") from error
        self._connection = connection
        self._cursor = connection.cursor()
