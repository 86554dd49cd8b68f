"""The PostgreSQL engine: a log in a database, shared by any number of machines.

Leaves stand joined in runs, contents one in a row: measured, to pack those too gains little here,
and so content is removed by its row, and found by indexes of its own.
"""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any

import psycopg

from consent.log import Appended, Counter, Entry, Head, Row, Run, Snapshot
from consent.log.appending import Appending, check_hashes, head_of
from consent.log.postgres_batch import LEAF_OF, RUN_OF, mark
from consent.log.postgres_change import adopt, expire
from consent.log.postgres_schema import faults
from consent.log.postgres_server import PATIENCE, Session, open_session, shown, translated
from consent.log.postgres_write import PostgresEngine
from consent.log.runs import NO_ID, NO_KEY, RUN, leaves_of, pack
from consent.log.spool import Spool
from consent.log.tree import SALT_SIZE
from consent.log.writer import Writer

PAGE = 500
"""Rows that come over the network at a time."""

_ENTRIES = """SELECT seq, {} FROM consent.entries
    WHERE seq >= coalesce((SELECT max(seq) FROM consent.entries WHERE seq <= %b::bigint), 0)
    AND seq < %b::bigint ORDER BY seq"""
_RUNS, _LEAVES = _ENTRIES.format("kind, leaves"), _ENTRIES.format("leaves")
_CONTENTS = """SELECT seq, body, salt, consent_id, id_mark FROM consent.contents
    WHERE seq >= %b::bigint AND seq < %b::bigint ORDER BY seq"""
_OF_ID = f"""SELECT c.seq, e.kind, {LEAF_OF}, c.body, c.salt, c.consent_id
    FROM consent.contents AS c {RUN_OF}
    WHERE c.id_mark IS NOT NULL AND c.id_mark = %b::bigint AND c.consent_id = %b
    AND c.seq >= %b::bigint AND c.seq < %b::bigint ORDER BY c.seq"""
# Entries that are not consents are few, and each is a run of its own.
_OF_KIND = """SELECT e.seq, e.kind, e.leaves, c.body, c.salt, c.consent_id
    FROM consent.entries AS e LEFT JOIN consent.contents AS c ON c.seq = e.seq
    WHERE e.kind = %b AND e.kind <> 'consent' AND e.seq > %b::bigint
    ORDER BY e.seq LIMIT %b::bigint"""
_CONSENTS = f"""SELECT c.seq, c.body FROM consent.contents AS c {RUN_OF}
    WHERE e.kind = %b AND c.seq > %b::bigint ORDER BY c.seq LIMIT %b::bigint"""
_LAST_OF_KIND = """SELECT c.body FROM consent.contents AS c
    JOIN consent.entries AS e ON e.seq = c.seq
    WHERE e.kind = %b AND e.kind <> 'consent' ORDER BY e.seq DESC LIMIT 1"""
_LAST = f"""SELECT c.body FROM consent.contents AS c {RUN_OF}
    WHERE e.kind = %b{{}} ORDER BY c.seq DESC LIMIT 1"""
_MINE = " AND c.id_mark IS NOT NULL AND c.id_mark = %b::bigint AND c.consent_id = %b"
_TILES = """SELECT root FROM consent.tiles
    WHERE level = %b::int AND at >= %b::bigint AND at < %b::bigint ORDER BY at"""
_HEAD = "SELECT size, root FROM consent.head"
_META = """SELECT name, value FROM consent.meta
    WHERE name NOT IN ('application', 'maintenance', 'triggers')"""
_STRAY = """SELECT c.seq FROM consent.contents AS c
    WHERE c.seq >= coalesce((SELECT e.seq + length(e.leaves) / 32 FROM consent.entries AS e
        WHERE e.seq <= c.seq ORDER BY e.seq DESC LIMIT 1), 0)
    ORDER BY c.seq LIMIT 1"""
_PUT_ARTIFACT = """INSERT INTO consent.artifacts (hash, media_type, body)
    VALUES (%b, %b, %b) ON CONFLICT (hash) DO NOTHING"""
_PUT_CHECKPOINT = """INSERT INTO consent.checkpoints (size, note)
    VALUES (%b::bigint, %b) ON CONFLICT (size) DO NOTHING"""
_ALL = 2**62


def _number(consent_id: str) -> int:
    return int.from_bytes(mark(consent_id) or b"", signed=True)


def _of_kind(ask: Callable[..., list[tuple[Any, ...]]], kind: str) -> Iterator[Row]:
    """Give the entries of a kind that is not "consent" in order, some at a time."""
    after = -1
    while page := ask(_OF_KIND, kind, after, PAGE // 10):
        yield from map(Row._make, page)
        after = page[-1][0]


class PostgresSnapshot:
    """One unchanging view of the database; see `consent.log.Snapshot`."""

    def __init__(self, session: Session, address: str) -> None:
        """Take a connection inside a transaction, and the address for messages."""
        self._session = session
        self._address = address
        self._names = count()

    def _ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with translated(self._address):
            return self._session.ask(query, *parameters)

    def _stream(self, query: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a query as they are wanted, through a cursor of the server's."""
        with translated(self._address), self._session.cursor(f"c{next(self._names)}") as cursor:
            cursor.itersize = PAGE
            yield from cursor.execute(query, parameters, binary=True)

    @property
    def meta(self) -> Mapping[str, str]:
        """Give what is written about the log itself."""
        return dict(self._ask(_META))

    def head(self) -> Head:
        """Give the head as stored."""
        return head_of(self._ask(_HEAD))

    def edge(self) -> bytes:
        """Give the edge as stored."""
        found = self._ask("SELECT edge FROM consent.head")
        return found[0][0] if found else b""

    def rows(
        self, start: int = 0, stop: int | None = None, consent_id: str | None = None
    ) -> Iterator[Row]:
        """Give entries in order."""
        stop = _ALL if stop is None else stop
        if consent_id is not None:
            # Few enough to come at once: whoever follows many consents asks for each.
            return map(Row._make, self._ask(_OF_ID, _number(consent_id), consent_id, start, stop))
        return self._rows(start, stop)

    def _rows(self, start: int, stop: int) -> Iterator[Row]:
        """Put together what stands in the two tables, both read in order."""
        contents = self._stream(_CONTENTS, start, stop)
        seq, *content = next(contents, (_ALL,))
        for first, kind, joined in self._stream(_RUNS, start, stop):
            for at, leaf in enumerate(leaves_of([(first, joined)], start, stop), max(first, start)):
                while seq < at:  # it belongs to no entry, see `faults`
                    seq, *content = next(contents, (_ALL,))
                if seq != at:
                    yield Row(at, kind, leaf, None, None, None)
                    continue
                body, salt, consent_id, number = content
                # An entry that its id does not lead to has none, as far as anybody can tell.
                lost = consent_id is not None and number != _number(consent_id)
                yield Row(at, kind, leaf, body, salt, None if lost else consent_id)

    def runs(self, start: int = 0, stop: int | None = None) -> Iterator[Run]:
        """Give entries in order, packed as far as they are of one kind and without a gap."""
        run: list[Row] = []
        for row in self.rows(start, stop):
            if run and (len(run) == RUN or (row.seq, row.kind) != (run[-1].seq + 1, run[-1].kind)):
                yield _packed(run)
                run = []
            run.append(row)
        if run:
            yield _packed(run)

    def of_kind(self, kind: str) -> Iterator[Row]:
        """Give the entries of a kind in order."""
        if kind == "consent":
            return (row for row in self.rows() if row.kind == kind)
        return _of_kind(self._ask, kind)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """Give leaves as stored."""
        return leaves_of(self._ask(_LEAVES, start, stop), start, stop)

    def tiles(self, level: int, start: int = 0, stop: int = _ALL) -> Iterator[bytes]:
        """Give the roots of tiles as stored."""
        return (root for (root,) in self._stream(_TILES, level, start, stop))

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Give checkpoints by size."""
        query = "SELECT size, note FROM consent.checkpoints ORDER BY size"
        return ((size, note) for size, note in self._stream(query))

    def artifacts(self) -> Iterator[tuple[str, str, bytes]]:
        """Give artifacts by hash."""
        query = "SELECT hash, media_type, body FROM consent.artifacts ORDER BY hash"
        return ((name, kind, body) for name, kind, body in self._stream(query))

    def counts(self) -> Iterator[Counter]:
        """Give counters by day and name."""
        query = "SELECT day, name, n FROM consent.counters ORDER BY day, name"
        return map(Counter._make, self._stream(query))

    def faults(self) -> Iterator[str]:
        """Name missing or changed indexes, triggers and grants, unsafe settings, and strays."""
        with translated(self._address):
            yield from faults(self._session)
        for (seq,) in self._ask(_STRAY):
            yield f"contents: {seq} belongs to no entry"


def _packed(rows: Sequence[Row]) -> Run:
    first, kind = rows[0].seq, rows[0].kind
    leaves = b"".join([row.leaf for row in rows])
    if all(row.body is None for row in rows):
        return Run(first, kind, leaves, None, None, None, None)
    ids = [row.consent_id or NO_ID for row in rows]
    salts = b"".join([row.salt or bytes(SALT_SIZE) for row in rows])
    packed = pack(ids, [NO_KEY] * len(rows), salts, [row.body or b"" for row in rows])
    return Run(first, kind, leaves, packed.consent_ids, packed.salts, packed.sizes, packed.bodies)


class PostgresLog(Appending):
    """A log in a PostgreSQL database; see `consent.log.Log`."""

    def __init__(
        self,
        address: str,
        *,
        writable: bool,
        spool: str = "",
        revive: Callable[[Entry], Entry] | None = None,
        limit: int = 4096,
        patience: float = PATIENCE,
    ) -> None:
        """Look at the log; parameters and errors as `consent.log.open_log`."""
        self.address = address
        self.patience = patience
        self._lock, self._changes = Lock(), Lock()
        self._reader: Session | None = None
        self._changer: Session | None = None
        open_session(address, patience).let_go()
        writer = None
        if writable:
            engine = PostgresEngine(address, patience=patience)
            writer = Writer(engine, Spool(spool), limit=limit, revive=revive)
        super().__init__(shown(address), writer)

    def put_artifacts(self, artifacts: Mapping[str, tuple[str, bytes]]) -> None:
        """Store artifacts; see `Log.put_artifacts`."""
        check_hashes(artifacts)
        with self._changing(self.patience) as session, session.transaction():
            # In one order for all, so that no two wait for each other.
            for name in sorted(artifacts):
                session.execute(_PUT_ARTIFACT, (name, *artifacts[name]), prepare=True)

    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint; see `Log.put_checkpoint`."""
        with self._changing(self.patience) as session:
            session.execute(_PUT_CHECKPOINT, (size, note))

    def expire(
        self, entry: Entry, seqs: Sequence[range], artifacts: Collection[str] = ()
    ) -> Appended:
        """Remove what an expiry entry names; see `Log.expire`."""
        with self._changing() as session:
            return expire(session, entry, seqs, artifacts)

    def adopt(self, rows: Sequence[Row]) -> Head:
        """Append entries of another log; see `Log.adopt`."""
        with self._changing() as session:
            return adopt(session, rows)

    def artifact(self, hash_hex: str) -> tuple[str, bytes] | None:
        """Give an artifact; see `Log.artifact`."""
        query = "SELECT media_type, body FROM consent.artifacts WHERE hash = %b"
        found = self._ask(query, hash_hex)
        return (found[0][0], found[0][1]) if found else None

    def last(self, kind: str, consent_id: str | None = None) -> bytes | None:
        """Give the newest body; see `Log.last`."""
        if consent_id is None:
            found = self._ask(_LAST.format("") if kind == "consent" else _LAST_OF_KIND, kind)
        else:
            found = self._ask(_LAST.format(_MINE), kind, _number(consent_id), consent_id)
        return found[0][0] if found else None

    def bodies(self, kind: str) -> Iterator[tuple[int, bytes]]:
        """Give all bodies of a kind; see `Log.bodies`."""
        # Some at a time: no view stays open while the caller thinks.
        if kind == "consent":
            after = -1
            while page := self._ask(_CONSENTS, kind, after, PAGE // 10):
                yield from page
                after = page[-1][0]
            return
        for row in _of_kind(self._ask, kind):
            if row.body is not None:
                yield row.seq, row.body

    def head(self) -> Head:
        """Give size and root; see `Log.head`."""
        return head_of(self._ask(_HEAD))

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open one unchanging view; see `Log.snapshot`."""
        return self._view()

    def close(self) -> None:
        """Write what waits and let go of the connections; see `Log.close`."""
        if self._writes is not None:
            self._writes.close()
        with self._lock, self._changes:
            for session in (self._reader, self._changer):
                if session is not None:
                    session.let_go()
            self._reader = self._changer = None

    @contextmanager
    def _changing(self, patience: float | None = None) -> Iterator[Session]:
        """Give a connection that is kept for changes, which may take their time unless told."""
        assert self._writer
        with self._changes, translated(self.address):
            if self._changer is None or self._changer.pid != os.getpid():
                self._changer = open_session(self.address, None)
            try:
                self._changer.until = None if patience is None else monotonic() + patience
                yield self._changer
            except BaseException:
                self._changer.let_go()
                self._changer = None
                raise

    @contextmanager
    def _view(self) -> Iterator[Snapshot]:
        with translated(self.address):
            session = open_session(self.address, None)
            try:
                session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield PostgresSnapshot(session, self.address)
            finally:
                session.let_go()

    def _ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Answer a short question: in a running site from a connection kept for that."""
        if self._writes is None:
            with translated(self.address), closing(open_session(self.address)) as session:
                return session.ask(query, *parameters)
        with self._lock, translated(self.address):
            until = monotonic() + self.patience
            if self._reader is not None and self._reader.pid == os.getpid():
                try:
                    self._reader.until = until
                    return self._reader.ask(query, *parameters)
                except psycopg.OperationalError:
                    if monotonic() > until:
                        raise
            # None yet, the parent's, or lost: a server that is back is asked once more.
            if self._reader is not None:
                self._reader.let_go()
                self._reader = None
            self._reader = open_session(self.address, max(1.0, until - monotonic()))
            return self._reader.ask(query, *parameters)
