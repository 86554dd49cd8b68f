"""The connection to PostgreSQL: bounded in time, and its errors turned into the log's own."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import conninfo, generators, pq
from psycopg.abc import RV, PQGen

from consent.errors import LogCorrupt, LogError, LogMissing, LogUnavailable
from consent.log.postgres_packing import ARRAYS, Call, Fields, Statement, packed

PATIENCE = 5.0
"""Seconds that an answer may take in all before whoever waits is told that there is none."""

CONNECTING = 3
"""Seconds that one try to connect may take, unless the address says otherwise."""

FORMAT = "2"
"""The version of the tables, in `consent.meta`."""

# Rows are found one by one through indexes, in their order, whatever the statistics say of tables
# that were empty a moment ago; statements are planned once, and never compiled. A server that knows
# none of these words is not asked.
_OFF = (
    *("enable_seqscan", "enable_bitmapscan", "enable_mergejoin", "enable_hashjoin"),
    *("enable_material", "jit"),
)
_TUNED = dict.fromkeys(_OFF, "off") | {"plan_cache_mode": "force_generic_plan"}
_TUNE = """SELECT set_config(name, value, false)
    FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)
    WHERE name IN (SELECT name FROM pg_catalog.pg_settings)"""
# `on` or stricter: an answer means that the entry outlives a power cut.
_DURABLE = """SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'"""

_NO_TABLE = ("42P01", "3F000")
_DAMAGED = ("XX001", "XX002", "23502", "23505", "23514", "P0001")
_REMEDY = 'the role may not do that: see "PostgreSQL" in the README for who may do what'


inherited: list[Session] = []
"""Connections that came through a fork: to close one would end the parent's."""


class Session(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which nothing is waited for beyond the time `until`, where that is set."""

    until: float | None = None
    pid = 0
    prepared: frozenset[Statement] = frozenset()
    unanswered: tuple[tuple[Statement | None, ...], ...] = ()
    """What went out each time that `send` was called, until the answer is received.

    That is a statement to be prepared, or None for one to be carried out.
    """

    def send(self, *calls: Call) -> None:
        """Send statements in one go, without waiting for the answers to them or to earlier ones.

        Each time is a transaction of its own, unless one is begun explicitly. Nothing else may be
        asked before all answers are received. Raises `psycopg.Error`.
        """
        connection = self.pgconn
        # What cannot be packed is told before anything is on its way.
        packs = [(statement, list(map(packed, values))) for statement, values in calls]
        if not self.unanswered:
            connection.enter_pipeline_mode()
        commands: list[Statement | None] = []
        for statement, given in packs:
            if statement not in self.prepared:
                connection.send_prepare(statement.name, statement.text)
                self.prepared |= {statement}
                commands.append(statement)
            formats = [pq.Format.BINARY] * len(given)
            connection.send_query_prepared(statement.name, given, formats, pq.Format.BINARY)
            commands.append(None)
        connection.pipeline_sync()
        self.unanswered += (tuple(commands),)
        connection.flush()  # what does not go through now goes on while waiting

    def answered(self, bell: int) -> bool:
        """Wait for an answer to what was sent, or, then giving False, for a file to be readable."""
        connection = self.pgconn
        poll = select.poll()
        poll.register(bell, select.POLLIN)
        while connection.is_busy():
            unsent = select.POLLOUT if connection.flush() else 0
            poll.register(connection.socket, select.POLLIN | unsent)
            left = None if self.until is None else max(0.0, self.until - monotonic()) * 1000
            ready = dict(poll.poll(left))
            if connection.socket in ready:
                if ready[connection.socket] != select.POLLOUT:
                    connection.consume_input()
            elif ready:
                return False
            else:
                break  # late: whoever receives is told
        return True

    def receive(self) -> list[Fields]:
        """Wait for the answers to the earliest statements sent together: the rows of each.

        There is none for a statement that gives no rows.

        Raises the `psycopg.Error` of the first that failed; those after it were not carried out.
        """
        answers: list[Fields] = []
        failed: psycopg.Error | None = None
        done = 0
        self.wait(generators.send(self.pgconn))
        while True:
            for result in self.wait(generators.fetch_many(self.pgconn)):
                status = result.status
                if status == pq.ExecStatus.PIPELINE_SYNC:
                    commands, *rest = self.unanswered
                    self.unanswered = tuple(rest)
                    if not rest:
                        self.pgconn.exit_pipeline_mode()
                    if failed is not None:
                        # From the failure on nothing was prepared either.
                        self.prepared -= frozenset(filter(None, commands[done:]))
                        raise failed
                    return answers
                if status == pq.ExecStatus.TUPLES_OK:
                    columns = range(result.nfields)
                    answers.append(
                        [
                            tuple([result.get_value(row, column) for column in columns])
                            for row in range(result.ntuples)
                        ]
                    )
                elif status == pq.ExecStatus.FATAL_ERROR and failed is None:
                    failed = psycopg.errors.error_from_result(result)
            done += failed is None

    def ask_all(self, *calls: Call) -> list[Fields]:
        """Send statements and wait for the answers to those that give rows."""
        self.send(*calls)
        return self.receive()

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server; raises `psycopg.OperationalError` when it is late.

        The server's own limits are no help when it is the network that has failed.
        """
        if timeout is not None or self.until is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, max(0.0, self.until - monotonic()))
        except psycopg.OperationalError as error:
            if error.sqlstate is None and monotonic() >= self.until:
                raise psycopg.OperationalError("no answer in time") from None
            raise

    def ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Give the rows of a statement, which is prepared and answered in binary form."""
        return self.execute(query, parameters, prepare=True, binary=True).fetchall()

    def let_go(self) -> None:
        """Close the connection, or only forget it in a forked child, whose parent has it."""
        if self.pid == os.getpid():
            with suppress(psycopg.Error):
                self.close()
        else:
            inherited.append(self)


def shown(address: str) -> str:
    """Give an address without user and password, for messages."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def connect(address: str, patience: float | None = PATIENCE) -> Session:
    """Connect to the server; every statement waits for the disk, and ends in time.

    `patience` is in seconds, from now on; without it a statement may take as long as it takes.
    Raises `psycopg.Error`, and `LogError` for an address that is none.
    """
    until = None if patience is None else monotonic() + patience
    try:
        given = conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        # What is wrong with it is not shown: it may be in the password.
        form = "postgresql://USER@HOST/DATABASE"
        raise LogError(f"the log's address is not of the form {form}") from None
    options: dict[str, Any] = {
        "application_name": "consent",
        "client_encoding": "utf8",
        "connect_timeout": CONNECTING if patience is None else min(CONNECTING, int(patience) + 1),
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": int(PATIENCE * 1000),
    }
    session = Session.connect(**{**options, **given}, autocommit=True)
    session.pid = os.getpid()
    session.until = until
    for kind, dumper in ARRAYS.items():
        session.adapters.register_dumper(kind, dumper)
    try:
        limits = {}
        if patience is not None:
            milliseconds = int(patience * 1000)
            limits = {
                "statement_timeout": str(milliseconds),
                "lock_timeout": str(milliseconds * 4 // 5),
                "idle_in_transaction_session_timeout": str(milliseconds),
            }
        tuned = _TUNED | limits
        session.execute(_TUNE, [list(tuned), list(tuned.values())])
        session.execute(_DURABLE)
    except BaseException:
        session.let_go()
        raise
    return session


def recognise(session: Session, address: str) -> None:
    """Raise `LogMissing` or `LogError` unless there is a log of our version in the database."""
    try:
        found = session.ask("SELECT value FROM consent.meta WHERE name = 'format'")
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise LogMissing(
            f"there is no log in {shown(address)}; `consent log create` makes one"
        ) from None
    if not found:
        raise LogError(f"the schema consent in {shown(address)} is not a consent log")
    (version,) = found[0]
    if version != FORMAT:
        raise LogError(
            f"{shown(address)} is a log of version {version}; this program reads {FORMAT}"
        )


def open_session(address: str, patience: float | None = PATIENCE) -> Session:
    """Connect to a log that is there; raises the log's own errors."""
    with translated(address):
        session = connect(address, patience)
        try:
            recognise(session, address)
        except BaseException:
            session.let_go()
            raise
        return session


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turn what the driver raises into the log's own errors."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, address) from error


def translate(error: psycopg.Error, address: str) -> LogError:
    """Give the log's own error for one of the driver's."""
    code = error.sqlstate or ""
    # Without the server's DETAIL, which may show what stands in a row.
    place, text = shown(address), " ".join((error.diag.message_primary or str(error)).split())
    if code == "25006":
        return LogUnavailable(f"{place} takes no entries: it is a standby, or set to read only")
    if code == "55P03":
        return LogUnavailable(f"{place}: the log has been locked for too long: {text}")
    if code in _NO_TABLE:
        return LogMissing(f"there is no log in {place}; `consent log create` makes one")
    if code == "42501":
        return LogError(f"{place}: {text}; {_REMEDY}")
    if code in _DAMAGED:
        return LogCorrupt([f"{place}: {text}"])
    return LogUnavailable(f"{place}: {text or 'no answer'}")
