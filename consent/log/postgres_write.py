"""The writing side of the PostgreSQL engine: one statement a group, and what to do when it fails.

A group is sent as if all of it were new, to follow the head that the group before it will leave:
while the server writes one, the next is put together and sent. It is taken if it is all new and the
head stands there. Who comes second, or meets an entry that is known already, takes the lock of the
head's row, looks what stands there, and writes then; where another process appends too, the lock is
taken first. A statement that was sent and never answered may have been carried out: after such a
loss the log is asked, under the lock, before anything is written again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.errors import DeadlockDetected, SerializationFailure

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Appended, Entry
from consent.log.batch import Group, keys_of
from consent.log.committing import Counts
from consent.log.postgres_batch import (
    NOTHING,
    Asked,
    Columns,
    Found,
    New,
    Stored,
    appended,
    commit,
    count,
    leaf_at,
    look,
    roll_back,
    send,
    step,
)
from consent.log.postgres_server import PATIENCE, Session, open_session, shown, translate
from consent.log.tree import SALT_SIZE

PAUSE = 0.05
"""Seconds between two tries to get a lost connection back."""

SHARED = 32
"""Groups for which the lock is taken first after another process was seen to append."""

# To try once more would fail in the same way: no room, no lock, no answer in time.
_FINAL = ("53100", "53200", "55P03", "57014")


class Sent(NamedTuple):
    """What was sent and not answered yet, by its first place and leaf."""

    first: int
    leaf: bytes


class Built(NamedTuple):
    """A group that is put together: only its place is open."""

    group: Group
    new: New


class Flight:
    """A group on its way to the server: put together, sent and answered, or refused."""

    def __init__(self, entries: Sequence[Entry], counts: Counts, until: float) -> None:
        """Take what is to be written, and the time from which on nobody waits for it."""
        self.entries = entries
        self.counts = counts
        self.until = until
        self.keys = keys_of(entries)
        self.asked = Asked.of(entries, self.keys)
        self.all_new: Built | None = None  # as it is if nothing of it is known
        self.answers: list[Appended] = []
        self.moved: Stored | None = None  # where the head will be, while an answer is to come
        self.sent: Sent | None = None  # while nobody knows whether it was taken
        self.refused = False  # it was not: the head stood elsewhere, or something is known already

    def build(self) -> Built:
        """Put the group together as if nothing of it were known, which may be tried first."""
        if self.all_new is None:
            self.all_new = self.given(Found())
        return self.all_new

    def given(self, found: Found) -> Built:
        """Put the group together, when that is what is known of it."""
        if self.all_new is not None and not found:
            return self.all_new
        group = Group()
        group.add(self.entries, self.keys, found)
        return Built(group, pack(group))


class PostgresEngine:
    """The writing side, for `consent.log.writer.Writer`."""

    def __init__(self, address: str, *, patience: float = PATIENCE) -> None:
        """Take the address of a log and the seconds that a group may take."""
        self.address = address
        self.patience = patience
        self._session: Session | None = None
        self._head: Stored | None = None  # as this process left it, if it is connected
        self._size = 0  # the most entries that were acknowledged
        self._shared = 0  # others append too: for how many groups that is taken for granted
        self._repeated = False  # of the last group something was known
        self._flights: deque[Flight] = deque()
        self._pid = os.getpid()

    def commit(self, entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        """Append all or nothing; see `consent.log.committing.Engine`."""
        if self._pid != os.getpid():  # what is under way is the parent's
            self._pid = os.getpid()
            self._flights.clear()
        flight = Flight(entries, counts, monotonic() + self.patience)
        newest = self._flights[-1] if self._flights else None
        head = self._head if newest is None else newest.moved
        if entries and not self._repeated and not flight.asked.kinds:
            flight.build()
            if head is not None and not self._shared:
                self._send(flight, head)
        self._flights.append(flight)
        return lambda: self._finish(flight)

    @property
    def depth(self) -> int:
        """Two groups may be under way, unless others append: then each waits for its turn.

        What follows a group that could not be sent cannot be sent either: that one comes first.
        """
        stuck = bool(self._flights) and self._flights[-1].moved is None
        return 1 if self._shared or stuck else 2

    def answered(self, bell: int) -> bool:
        """Wait for the earliest group, or for a file to be readable; see `Engine`."""
        first, session = self._flights[0], self._session
        if session is None or first.moved is None:
            return True
        session.until = first.until
        try:
            return session.answered(bell)
        except psycopg.Error:
            return True  # which is told to whoever receives

    def untidy(self) -> float | None:
        """Tell that there is no housekeeping: the indexes are the server's."""
        return None

    def tidy(self) -> None:
        """Do nothing; see `untidy`."""

    def close(self) -> None:
        """Let go of the connection."""
        self._let_go()

    def _send(self, flight: Flight, head: Stored) -> None:
        """Send a group as if all of it were new, to follow a head that may be on its way itself."""
        session, (group, new) = self._session, flight.build()
        if session is None or session.pid != os.getpid():
            return
        next_step = step(head, new, flight.counts, flight.asked)
        flight.moved, flight.sent = next_step.moved, Sent(head.size, group.leaves[0])
        try:
            send(session, next_step)
        except psycopg.Error:
            self._let_go()
            flight.moved = None
        flight.answers = group.answers(head.size)

    def _finish(self, flight: Flight) -> list[Appended]:
        """Wait for the answer to a group, the earliest; write it anew if it was not taken."""
        first = self._flights.popleft()
        assert first is flight, "groups are finished in the order in which they began"
        # Whether a connection that worked was lost: it may come back in time.
        lost = flight.sent is not None and self._session is None
        if flight.moved is not None:
            try:
                if self._appended(flight):
                    return flight.answers
            except psycopg.Error as error:
                self._failed(error, flight.until)
                lost = True
        while True:
            try:
                session = self._connected(flight.until)
            except LogUnavailable:
                if not lost or monotonic() + PAUSE > flight.until:
                    raise
                sleep(PAUSE)
                continue
            try:
                return self._transact(session, flight)
            except (SerializationFailure, DeadlockDetected) as error:
                self._shared = SHARED
                if monotonic() > flight.until:
                    raise translate(error, self.address) from error
            except psycopg.Error as error:
                self._failed(error, flight.until)
                lost = True

    def _appended(self, flight: Flight) -> bool:
        """Wait for the answer to a group that was sent, and to those after it if it fails.

        They follow a head that is not there, and have done nothing either.
        """
        session = self._session
        assert session is not None
        session.until = flight.until
        for each in (flight, *self._flights):
            if each.moved is None:
                continue
            moved, each.moved = each.moved, None
            try:
                taken = appended(session)
            except (SerializationFailure, DeadlockDetected):
                taken, self._shared = False, SHARED
            each.sent = None
            if taken:
                assert each is flight, "a group was taken without the one before it"
                self._acknowledge(moved)
                return True
        flight.refused = True
        return False

    def _failed(self, error: psycopg.Error, until: float) -> None:
        """Let go of a connection; raises unless to try anew may help."""
        self._let_go()
        lost = isinstance(error, psycopg.OperationalError)
        if not lost or error.sqlstate in _FINAL or monotonic() > until:
            raise translate(error, self.address) from error

    def _connected(self, until: float) -> Session:
        if self._session is None or self._session.pid != os.getpid():
            self._let_go()
            self._session = open_session(self.address, max(1.0, until - monotonic()))
        self._session.until = until
        return self._session

    def _let_go(self) -> None:
        """Close the connection; what was sent and not answered may have been taken."""
        for flight in self._flights:
            flight.moved = None
        if self._session is not None:
            self._session.let_go()
        self._session = self._head = None

    def _transact(self, session: Session, flight: Flight) -> list[Appended]:
        """Write a group while nothing is under way that has not failed already."""
        if not flight.entries:
            count(session, flight.counts)
            return []
        head = self._head
        if head is not None and not (self._shared or flight.sent or flight.refused):
            built, absent = flight.all_new, flight.asked
            if built is None or self._repeated:
                _, found = look(session, flight.asked)
                self._repeated, absent = bool(found), NOTHING
                built = flight.given(found)
            if not built.new.leaves:
                if flight.counts:
                    count(session, flight.counts)
                return built.group.answers(head.size)
            if self._append(session, head, built, flight, absent):
                return flight.answers
        try:
            return self._locked(session, flight)
        except BaseException:
            self._roll_back(session)
            raise

    def _locked(self, session: Session, flight: Flight) -> list[Appended]:
        """Append while nobody else does; first see whether that has been done already."""
        # Where others append it matters how long this takes: what is known is asked for only after
        # the statement has found that something is.
        hopeful = self._shared and not self._repeated and flight.all_new is not None
        head, found = look(session, NOTHING if hopeful else flight.asked, lock=True)
        assert head is not None
        if flight.sent is not None:
            taken = leaf_at(session, flight.sent.first) == flight.sent.leaf
            flight.sent = None  # not before: this connection may be lost as well
            if taken:
                roll_back(session)
                self._acknowledge(head)
                return flight.answers
        if head.size < self._size:
            place = shown(self.address)
            raise LogCorrupt([f"{place} went back from {self._size} to {head.size} entries"])
        if self._head is not None and head != self._head:
            self._shared = SHARED
        elif self._shared:
            self._shared -= 1
        built = flight.given(found)
        if built.new.leaves:
            absent = flight.asked if hopeful else NOTHING
            if not self._append(session, head, built, flight, absent, commit=True):
                assert hopeful, "the head moved under its lock"
                self._repeated = True
                return self._locked(session, flight)
        else:
            if flight.counts:
                count(session, flight.counts)
            commit(session)
            self._acknowledge(head)
            flight.answers = built.group.answers(head.size)
        self._repeated = bool(found)
        return flight.answers

    def _append(
        self,
        session: Session,
        head: Stored,
        built: Built,
        flight: Flight,
        absent: Asked,
        *,
        commit: bool = False,
    ) -> bool:
        next_step = step(head, built.new, flight.counts, absent)
        flight.sent = Sent(head.size, built.new.leaves[0])
        flight.answers = built.group.answers(head.size)
        send(session, next_step, commit=commit)
        taken = appended(session)
        flight.sent = None
        if taken:
            self._acknowledge(next_step.moved)
        return taken

    def _acknowledge(self, head: Stored) -> None:
        self._head = head
        self._size = max(self._size, head.size)

    def _roll_back(self, session: Session) -> None:
        """End a transaction that failed on our side; a connection that cannot is let go of."""
        try:
            if session.info.transaction_status != pq.TransactionStatus.IDLE:
                roll_back(session)
        except psycopg.Error:
            self._let_go()


def pack(group: Group) -> New:
    """Put what is new in a group in columns."""
    ends = range(SALT_SIZE, (len(group.leaves) + 1) * SALT_SIZE, SALT_SIZE)
    salts = [group.salts[end - SALT_SIZE : end] for end in ends]
    columns = Columns(group.kinds, group.leaves, group.consent_ids, group.keys, salts, group.bodies)
    return columns.pack()
