"""The writing side of the PostgreSQL engine: one statement a group, and what to do when it fails.

A group is sent as if all of it were new, and is taken if it is. Who comes second, or meets an entry
that is known already, takes the lock of the head's row, looks what stands there, and writes then. A
statement that was sent and never answered may have been carried out: after such a loss the log is
asked, under the lock, before anything is written again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from time import monotonic, sleep
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.errors import DeadlockDetected, SerializationFailure

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Appended, Entry
from consent.log.batch import Group, keys_of
from consent.log.postgres_batch import (
    NOTHING,
    Asked,
    Columns,
    Found,
    Stored,
    append,
    count,
    leaf_at,
    look,
    step,
)
from consent.log.postgres_server import PATIENCE, Session, open_session, shown, translate
from consent.log.tree import SALT_SIZE
from consent.log.writer import Counts

PAUSE = 0.05
"""Seconds between two tries to get a lost connection back."""

# To try once more would fail in the same way: no room, no lock, no answer in time.
_FINAL = ("53100", "53200", "55P03", "57014")


class Sent(NamedTuple):
    """What was sent and not answered yet: its first place and leaf, and the answers it gives."""

    first: int
    leaf: bytes
    answers: list[Appended]


class PostgresEngine:
    """The writing side, for `consent.log.writer.Writer`."""

    def __init__(self, address: str, *, patience: float = PATIENCE) -> None:
        """Take the address of a log and the seconds that a group may take."""
        self.address = address
        self.patience = patience
        self._session: Session | None = None
        self._head: Stored | None = None  # as this process left it, if it is connected
        self._size = 0  # the most entries that were acknowledged
        self._shared = False  # others append too
        self._repeated = False  # of the last group something was known
        self._sent: Sent | None = None

    def commit(self, entries: Sequence[Entry], counts: Counts) -> list[Appended]:
        """Append all or nothing; see `consent.log.writer.Engine`."""
        until = monotonic() + self.patience
        self._sent = None
        lost = False  # a connection that worked was lost: it may come back in time
        while True:
            try:
                session = self._connected(until)
            except LogUnavailable:
                if not lost or monotonic() + PAUSE > until:
                    raise
                sleep(PAUSE)
                continue
            try:
                return self._transact(session, entries, counts)
            except (SerializationFailure, DeadlockDetected) as error:
                self._shared = True
                if monotonic() > until:
                    raise translate(error, self.address) from error
            except psycopg.Error as error:
                self._let_go()
                lost = isinstance(error, psycopg.OperationalError)
                if not lost or error.sqlstate in _FINAL or monotonic() > until:
                    raise translate(error, self.address) from error

    def untidy(self) -> float | None:
        """Tell that there is no housekeeping: the indexes are the server's."""
        return None

    def tidy(self) -> None:
        """Do nothing; see `untidy`."""

    def close(self) -> None:
        """Let go of the connection."""
        self._let_go()

    def _connected(self, until: float) -> Session:
        if self._session is None or self._session.pid != os.getpid():
            self._let_go()
            self._session = open_session(self.address, max(1.0, until - monotonic()))
        self._session.until = until
        return self._session

    def _let_go(self) -> None:
        if self._session is not None:
            self._session.let_go()
        self._session = self._head = None

    def _transact(
        self, session: Session, entries: Sequence[Entry], counts: Counts
    ) -> list[Appended]:
        if not entries:
            count(session, counts)
            return []
        keys = keys_of(entries)
        asked = Asked.of(entries, keys)
        head = self._head
        if head is not None and not self._shared and self._sent is None:
            found, absent = Found(), asked
            if self._repeated or asked.kinds:
                _, found = look(session, asked)
                self._repeated, absent = bool(found), NOTHING
            group = Group(head.size)
            answers = group.add(entries, keys, found)
            if not group.new:
                if counts:
                    count(session, counts)
                return answers
            if self._append(session, head, group, answers, counts, absent):
                return answers
        try:
            return self._locked(session, entries, keys, asked, counts)
        except BaseException:
            self._roll_back(session)
            raise

    def _locked(
        self,
        session: Session,
        entries: Sequence[Entry],
        keys: Sequence[bytes | None],
        asked: Asked,
        counts: Counts,
    ) -> list[Appended]:
        """Append while nobody else does; first see whether that has been done already."""
        head, found = look(session, asked, lock=True)
        assert head is not None
        sent, self._sent = self._sent, None
        if sent is not None and leaf_at(session, sent.first) == sent.leaf:
            session.execute("ROLLBACK")
            self._acknowledge(head)
            return sent.answers
        if head.size < self._size:
            place = shown(self.address)
            raise LogCorrupt([f"{place} went back from {self._size} to {head.size} entries"])
        self._shared = self._head is not None and head != self._head
        self._repeated = bool(found)
        group = Group(head.size)
        answers = group.add(entries, keys, found)
        if group.new:
            appended = self._append(session, head, group, answers, counts, NOTHING, commit=True)
            assert appended, "the head moved under its lock"
        else:
            if counts:
                count(session, counts)
            session.execute("COMMIT")
            self._acknowledge(head)
        return answers

    def _append(
        self,
        session: Session,
        head: Stored,
        group: Group,
        answers: list[Appended],
        counts: Counts,
        absent: Asked,
        *,
        commit: bool = False,
    ) -> bool:
        next_step = step(head, columns(group), counts, absent)
        self._sent = Sent(group.first, group.new[0].leaf, answers)
        appended = append(session, next_step, commit=commit)
        self._sent = None
        if appended:
            self._acknowledge(next_step.moved)
        return appended

    def _acknowledge(self, head: Stored) -> None:
        self._head = head
        self._size = max(self._size, head.size)

    def _roll_back(self, session: Session) -> None:
        """End a transaction that failed on our side; a connection that cannot is let go of."""
        try:
            if session.info.transaction_status != pq.TransactionStatus.IDLE:
                session.execute("ROLLBACK")
        except psycopg.Error:
            self._let_go()


def columns(group: Group) -> Columns:
    """Put what is new in a group in columns."""
    count = len(group.new)
    salts = [group.salts[at : at + SALT_SIZE] for at in range(0, count * SALT_SIZE, SALT_SIZE)]
    leaves = [appended.leaf for appended in group.new]
    bodies = [appended.body for appended in group.new]
    return Columns(group.kinds, leaves, group.consent_ids, group.keys, salts, bodies)
