"""The writing side of the SQLite engine: one transaction a group.

WAL with `synchronous=FULL`: COMMIT returns when the entries are on disk. The head is read inside
the writing transaction, so processes that share the file continue one tree (R42).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from random import random
from threading import Thread

from consent.errors import LogCorrupt, LogError, LogUnavailable
from consent.log import Appended, Entry
from consent.log.sqlite_batch import Batch
from consent.log.sqlite_file import PATIENCE, open_writing, replaced, translate
from consent.log.sqlite_tail import SLICE, Tail, forget
from consent.log.writer import Counts

WAL_PAGES = (1500, 8000)
"""Pages in the write-ahead log from which a thread, or at last an append, moves them over."""

inherited: list[sqlite3.Connection] = []
"""Connections that came through a fork: to close one would let go of the parent's locks."""


def checkpoint(path: str) -> None:
    """Move what is in the write-ahead log over to the file, while others go on appending.

    It takes milliseconds, mostly of waiting for the disk, that no caller should wait for. Under
    load that never stops the log is emptied by an append that finds it very long; then most of the
    work is done already.
    """
    with suppress(LogError, sqlite3.Error), closing(open_writing(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


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
        self._mover: Thread | None = None
        self._tidied = 0

    def commit(self, entries: Sequence[Entry], counts: Counts) -> list[Appended]:
        """Append all or nothing; see `consent.log.writer.Engine`."""
        appended = self._transact(entries, counts)
        if self._replaced():
            # Written to files that are no longer there. The ones at the path may take it.
            self._let_go()
            appended = self._transact(entries, counts)
            if self._replaced():
                self._let_go()
                raise LogUnavailable(f"{self.path} was deleted or replaced while it was written")
        return appended

    def tidy(self) -> None:
        """Index some of the newest entries, and forget old keys once a day."""
        if self._pages > WAL_PAGES[0] and (self._mover is None or not self._mover.is_alive()):
            self._pages = 0
            self._mover = Thread(target=checkpoint, args=(self.path,), daemon=True)
            self._mover.start()
        today = int(self._clock()) // 86400
        if not self._tail.ripe and today == self._tidied:
            return
        forgotten = False
        try:
            with self._writing() as cursor:
                # What is written here can be derived again: it need not wait for the disk.
                cursor.execute("PRAGMA synchronous = NORMAL")
                if begin(cursor, 0.02):
                    if self._tail.ripe:
                        # As many keys as came with the last group, so that indexing keeps up.
                        count = max(SLICE, self._last)
                        self._tail.index(cursor, count, today)
                        self._pages += count // 2
                    forgotten = today == self._tidied or forget(cursor, today)
                    cursor.execute("COMMIT")
                    self._tail.indexed()
        except BaseException:
            self._tail.give_up()
            raise
        finally:
            self._careful()
        if forgotten:
            self._tidied = today

    def close(self) -> None:
        """Close the connection; the last one to the file also empties its write-ahead log."""
        mover, self._mover = self._mover, None
        if mover is not None and self._pid == os.getpid():
            mover.join()
        self._let_go()

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
        self._size = batch.edge.size
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
            self._replaced = replaced(self.path)
        except (OSError, sqlite3.Error) as error:
            connection.close()
            raise LogUnavailable(f"{self.path}: {error}") from error
        self._connection = connection
        self._cursor = connection.cursor()
