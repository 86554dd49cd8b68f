"""The append-only log of consents, declarations and publications.

This page is the contract that every engine meets: an entry is durable before `append` returns,
entries form one RFC 9162 Merkle tree without gaps or forks (R40, R42), and nothing is updated in
place (R39). Engines stand in files of their own and are imported when a log is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from consent.errors import LogError

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = [
    "Appended",
    "Counter",
    "Entry",
    "Head",
    "Health",
    "Log",
    "Meter",
    "Roles",
    "Row",
    "Run",
    "Snapshot",
    "create_log",
    "open_log",
]


def open_log(
    address: str,
    *,
    writable: bool,
    revive: Callable[[Entry], Entry] | None = None,
    limit: int = 4096,
    spool: str | None = None,
) -> Log:
    """Open the log at an address: the path of a SQLite file, or postgresql://… for a database.

    `writable=False` never writes, not even beside the file. `revive` gives an entry read back from
    the spool the `revise` that a file cannot carry. `limit` is how many entries may wait for the
    writer. `spool` is the path of the spool file; a SQLite file has it at its side, if not told
    otherwise, and a database has none.
    Raises `LogMissing` when there is no log there (a wrong path never makes one), `LogError` when
    what is there is something else or of another version, `LogUnavailable` when it cannot be read
    now.
    """
    if _in_postgres(address):
        with _driver():
            from consent.log.postgres import PostgresLog
        return PostgresLog(
            address, writable=writable, spool=spool or "", revive=revive, limit=limit
        )
    from consent.log.sqlite import SqliteLog

    return SqliteLog(address, writable=writable, revive=revive, limit=limit, spool=spool)


def create_log(
    address: str,
    site: str,
    *,
    like: Mapping[str, str] | None = None,
    roles: Roles | None = None,
) -> None:
    """Make an empty log for a site at an address where nothing is yet.

    `like` is the meta of a log that is to be moved here: its id and the time of its making stay,
    so that its checkpoints are this log's too. `roles` are those that use a log in PostgreSQL,
    where the address is an administrator's. Raises `LogError` when something is there already,
    `LogUnavailable` when the log cannot be made.
    """
    if _in_postgres(address):
        with _driver():
            from consent.log import postgres_schema
        postgres_schema.create(address, site, like or {}, roles or Roles())
    else:
        from consent.log import sqlite_file

        sqlite_file.create(address, site, like or {})


def _in_postgres(address: str) -> bool:
    scheme, mark, _ = address.partition("://")
    if mark and scheme not in ("postgresql", "postgres"):
        raise LogError(
            f"no log engine for {scheme}://; write the path of a SQLite file, or postgresql://…"
        )
    return bool(mark)


@contextmanager
def _driver() -> Iterator[None]:
    """Say what to install when the driver is missing."""
    try:
        yield
    except ImportError as error:
        if (error.name or "psycopg").partition(".")[0] != "psycopg":
            raise
        raise LogError(
            "the log is in PostgreSQL, and the driver for it cannot be loaded; install it with:"
            " pip install 'jackbot-consent[postgresql]'"
        ) from error


class Roles(NamedTuple):
    """The roles that use a log in PostgreSQL (R39), and whether triggers watch over them besides.

    The application's adds entries; the maintenance's may remove content that an expiry names.
    """

    application: str = "consent_application"
    maintenance: str = "consent_maintenance"
    triggers: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be appended.

    `kind` is "consent", "declaration", "publication", "release" or "expiry". `body` is canonical
    JSON (`consent.record.canonical`) and is stored as written. `consent_id` is 22 base64url
    characters, or None for a refusal, which has no id (R43). `once` makes appending idempotent:
    the same key again within two days gives the first entry back (R46).

    `revise` is called in the writer's transaction with the newest body under the consent id, or
    under the kind when there is no consent id, if there is one; it returns the body to store
    instead, or None when there is nothing new. It runs in the writer's thread and must be quick;
    what it raises reaches the caller of `append`.
    """

    kind: str
    body: bytes
    consent_id: str | None = None
    once: bytes | None = None
    revise: Callable[[bytes], bytes | None] | None = None


class Appended(NamedTuple):
    """An entry as it stands in the log: place from 0, leaf hash (32 bytes) and stored body.

    `new` is False when nothing was appended and the values are those of an earlier entry.
    """

    seq: int
    leaf: bytes
    body: bytes
    new: bool


class Head(NamedTuple):
    """The number of entries and the Merkle root (32 bytes) over them."""

    size: int
    root: bytes


class Row(NamedTuple):
    """One entry as stored; `body` and `salt` are None once its content has been removed."""

    seq: int
    kind: str
    leaf: bytes
    body: bytes | None
    salt: bytes | None
    consent_id: str | None


class Run(NamedTuple):
    """Entries of one kind as they stand packed in an engine, see `consent.log.runs`.

    `leaves`, `consent_ids`, `salts` and `bodies` are joined, `sizes` are those of the bodies as
    little-endian 32-bit numbers. All but the leaves are None when no content is left.
    """

    first: int
    kind: str
    leaves: bytes
    consent_ids: str | None
    salts: bytes | None
    sizes: bytes | None
    bodies: bytes | None


class Counter(NamedTuple):
    """How often something was counted on a day, an ISO 8601 date (R133)."""

    day: str
    name: str
    n: int


class Health(NamedTuple):
    """How writing does in one process: entries that wait in its queue, entries that wait in the
    spool, which processes share, and whether the log took what it was given last.
    """

    queued: int
    spooled: int
    works: bool


class Meter(Protocol):
    """What measures writing; it is told numbers by the writer's thread, and must be quick."""

    def committed(self, entries: int, seconds: float) -> None:
        """A group of entries became durable in one transaction that took so long."""

    def failed(self, entries: int) -> None:
        """So many entries could not be appended."""


class Snapshot(Protocol):
    """One unchanging view of a log, for verifying and exporting while others append."""

    @property
    def meta(self) -> Mapping[str, str]:
        """Format, site, random id and time of making."""
        ...

    def head(self) -> Head:
        """Give the size and root that the log itself claims."""
        ...

    def edge(self) -> bytes:
        """Give the stored right edge of the tree, see `consent.log.tree.Edge`."""
        ...

    def rows(
        self, start: int = 0, stop: int | None = None, consent_id: str | None = None
    ) -> Iterator[Row]:
        """Give the entries with start <= seq < stop in order, in constant memory."""
        ...

    def runs(self, start: int = 0, stop: int | None = None) -> Iterator[Run]:
        """Give the runs that entries with start <= seq < stop stand in, in constant memory."""
        ...

    def of_kind(self, kind: str) -> Iterator[Row]:
        """Give the entries of a kind in order, in constant memory."""
        ...

    def leaves(self, start: int, stop: int) -> Sequence[bytes]:
        """Give the leaf hashes with start <= seq < stop."""
        ...

    def tiles(self, level: int, start: int = 0, stop: int = 2**62) -> Iterator[bytes]:
        """Give the stored roots over 256 to the power of `level` leaves, with start <= at < stop.

        See `consent.log.tree.Tile`.
        """
        ...

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Give each stored checkpoint as (size, signed note), the smallest first."""
        ...

    def artifacts(self) -> Iterator[tuple[str, str, bytes]]:
        """Give each artifact as (hash in hex, media type, bytes)."""
        ...

    def counts(self) -> Iterator[Counter]:
        """Give the stored daily counters by day and name."""
        ...

    def faults(self) -> Iterator[str]:
        """Name what the engine itself finds wrong: bad pages, missing triggers, strays."""
        ...


class Log(Protocol):
    """An append-only log; safe to call from any thread, and after a fork."""

    async def append(self, entry: Entry) -> Appended:
        """Append an entry, durable before this returns (asyncio or trio).

        Raises `LogUnavailable` when the log is down or its queue is full, `LogCorrupt` when the
        log is damaged, and what `entry.revise` raised.
        """
        ...

    def append_soon(self, entry: Entry) -> Future[Appended]:
        """Queue an entry; the future resolves once it is durable. Raises as `append`."""
        ...

    def spool(self, entry: Entry) -> None:
        """Keep a refusal or a withdrawal durably until the log works again (R34).

        `entry.revise` is not kept, see `open_log`. Raises `LogUnavailable` when that cannot be
        done either.
        """
        ...

    def count(self, day: str, name: str, n: int = 1) -> None:
        """Add to a daily counter; stored with the next entries or about two seconds later."""
        ...

    def measure(self, meter: Meter) -> None:
        """Tell a meter of all that is written from now on, in this process."""
        ...

    def health(self) -> Health:
        """Tell how writing does."""
        ...

    def put_artifacts(self, artifacts: Mapping[str, tuple[str, bytes]]) -> None:
        """Store {SHA-256 in hex: (media type, bytes)}, durable on return; known ones are left.

        Raises `ValueError` when a hash is not that of its bytes, else as `append`.
        """
        ...

    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint of `size` entries; the first one of a size stays.

        Raises as `append`.
        """
        ...

    def expire(
        self, entry: Entry, seqs: Sequence[range], artifacts: Collection[str] = ()
    ) -> Appended:
        """Append an expiry entry and remove what it names, in one durable transaction (R128).

        `entry.body` names the places in `seqs` and the hashes in `artifacts`; of entries their
        content, salt, consent id and idempotency key go, the leaf stays. What is gone already stays
        so. For maintenance: the role of a running site may lack the right. Closing the log then
        clears what is left beside it. Raises `ValueError` for places that are not in the log, else
        as `append`.
        """
        ...

    def adopt(self, rows: Sequence[Row]) -> Head:
        """Append entries as they stand in another log, leaf, salt and all; gives the new head.

        For moving a log: `rows` continue it without a gap. What an expiry among them names is
        removed, if an earlier part was moved before it expired. Raises `LogError` when they do not
        continue it, else as `append`.
        """
        ...

    def artifact(self, hash_hex: str) -> tuple[str, bytes] | None:
        """Give (media type, bytes) of an artifact, or None."""
        ...

    def last(self, kind: str, consent_id: str | None = None) -> bytes | None:
        """Give the newest body of a kind, under a consent id if given, or None."""
        ...

    def bodies(self, kind: str) -> Iterator[tuple[int, bytes]]:
        """Give (seq, body) of every entry of a kind, oldest first, in constant memory."""
        ...

    def head(self) -> Head:
        """Give the number of entries and the root over them."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open one unchanging view of the log."""
        ...

    def close(self) -> None:
        """Write what waits, then let go of the files; calling it again does nothing."""
        ...
