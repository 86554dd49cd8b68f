"""The SQLite file of a log: its tables, how it is made, recognised and read without a trace."""

# The statements are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from consent.errors import LogCorrupt, LogError, LogMissing, LogUnavailable
from consent.log.spool import flush_folder
from consent.log.tree import EMPTY_ROOT

APPLICATION = 0x436E7374
"""The `application_id` of the file: "Cnst"."""

FORMAT = 2
"""The version of the tables, in `user_version`."""

PATIENCE = 5.0
"""Seconds to wait for a lock that another process holds."""

_REFUSED = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
_NAMED = "EXISTS (SELECT 1 FROM expired WHERE first = OLD.first)"


def _append_only(table: str) -> list[str]:
    """Give the triggers that keep rows as first written (R39).

    REPLACE fires the one on DELETE because of `recursive_triggers`, which is each connection's own
    affair: what proves that nothing was changed is the tree, the triggers are the seat belt.
    """
    return [
        f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {_REFUSED}",
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {_REFUSED}",
    ]


SCHEMA = [
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The tree: its size, the root over it, and the right edge that the next entry grows from.
    """CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        size INTEGER NOT NULL, root BLOB NOT NULL, edge BLOB NOT NULL)""",
    # Hashes only: these rows stay for as long as the log does (R128). See `runs`.
    "CREATE TABLE entries (first INTEGER PRIMARY KEY, kind TEXT NOT NULL, leaves BLOB NOT NULL)",
    # Few entries are not consents; looking those up must not read through all that are.
    "CREATE INDEX entries_rare ON entries (kind) WHERE kind <> 'consent'",
    # The roots of whole tiles, so that a proof need not read what is in them. See `ranges`.
    """CREATE TABLE tiles (
        level INTEGER NOT NULL, at INTEGER NOT NULL, root BLOB NOT NULL,
        PRIMARY KEY (level, at)) WITHOUT ROWID""",
    # What a person can be told from: to be removed when its time has come.
    """CREATE TABLE contents (
        first INTEGER PRIMARY KEY, consent_ids TEXT NOT NULL, keys BLOB NOT NULL,
        salts BLOB NOT NULL, sizes BLOB NOT NULL, bodies BLOB NOT NULL)""",
    # Two indexes of the contents before `upto`, filled in bulk: see `sqlite_tail`.
    "CREATE TABLE indexed (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL)",
    """CREATE TABLE ids (
        consent_id TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (consent_id, seq)) WITHOUT ROWID""",
    "CREATE TABLE once (key BLOB PRIMARY KEY, seq INTEGER NOT NULL, day INTEGER NOT NULL)"
    " WITHOUT ROWID",
    """CREATE TABLE artifacts (
        id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE,
        media_type TEXT NOT NULL, body BLOB NOT NULL)""",
    "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
    # In which runs which expiry entries name something: only there can be removed.
    """CREATE TABLE expired (
        first INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (first, seq)) WITHOUT ROWID""",
    """CREATE TABLE dropped (
        hash TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hash, seq)) WITHOUT ROWID""",
    """CREATE TABLE counters (
        day TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (day, name)) WITHOUT ROWID""",
    *_append_only("entries"),
    *_append_only("tiles"),
    *_append_only("checkpoints"),
    *_append_only("expired"),
    *_append_only("dropped"),
    *_append_only("meta"),
    # Content goes after an entry that names it, and nothing is put in its place (R128).
    f"""CREATE TRIGGER contents_update BEFORE UPDATE ON contents WHEN NOT (
        NEW.first = OLD.first AND length(NEW.sizes) = length(OLD.sizes)
        AND length(NEW.bodies) < length(OLD.bodies) AND {_NAMED}) {_REFUSED}""",
    f"CREATE TRIGGER contents_delete BEFORE DELETE ON contents WHEN NOT ({_NAMED}) {_REFUSED}",
    f"CREATE TRIGGER artifacts_update BEFORE UPDATE ON artifacts {_REFUSED}",
    f"""CREATE TRIGGER artifacts_delete BEFORE DELETE ON artifacts
        WHEN NOT EXISTS (SELECT 1 FROM dropped WHERE hash = OLD.hash) {_REFUSED}""",
    # What a head that went back would let in twice, in runs that begin elsewhere.
    """CREATE TRIGGER entries_insert BEFORE INSERT ON entries WHEN NEW.first <> coalesce(
        (SELECT first + length(leaves) / 32 FROM entries ORDER BY first DESC LIMIT 1), 0)
        BEGIN SELECT RAISE(ABORT, 'entries follow one another'); END""",
    "CREATE TRIGGER head_update BEFORE UPDATE ON head WHEN NEW.size <= OLD.size"
    " BEGIN SELECT RAISE(ABORT, 'the head only moves forward'); END",
    f"CREATE TRIGGER head_delete BEFORE DELETE ON head {_REFUSED}",
]


def create(path: str, site: str, like: Mapping[str, str]) -> None:
    """Make an empty log; see `consent.log.create_log`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise LogError(f"{path} exists; a log is made at a free path only") from None
    except OSError as error:
        raise LogUnavailable(f"{path} cannot be made: {error.strerror}") from error
    try:
        with translated(path), closing(connect(path, "rw")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO head VALUES (1, 0, ?, x'')", (EMPTY_ROOT,))
            connection.execute("INSERT INTO indexed VALUES (1, 0)")
            meta = {
                "created": like.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
                "format": str(FORMAT),
                "id": like.get("id") or os.urandom(16).hex(),
                "site": site,
            }
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")
        flush_folder(path)
    except BaseException:
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(path + end)
        raise


def connect(path: str, mode: str) -> sqlite3.Connection:
    """Open the file, which must exist; `mode` is "rw", or the rest of a URI's query after it."""
    uri = Path(path).absolute().as_uri() + "?mode=" + mode
    connection = sqlite3.connect(
        uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_writing(path: str) -> sqlite3.Connection:
    """Open an existing log to append to it; raises the log's own errors."""
    _exists(path)
    if not os.access(path, os.W_OK):
        raise LogUnavailable(f"{path} may not be written to by this user")
    with translated(path):
        connection = connect(path, "rw")
        try:
            _check(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT 1 FROM head").fetchone()  # makes the files beside it
        except BaseException:
            connection.close()
            raise
    return connection


def recognise(path: str) -> None:
    """Raise `LogMissing` or `LogError` unless there is a log of our version at the path."""
    with reading(path):
        pass


def _exists(path: str) -> None:
    if not os.path.isfile(path):
        raise LogMissing(f"there is no log at {path}; `consent log create` makes one")


def _check(connection: sqlite3.Connection, path: str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise LogError(f"{path} is not a consent log, or the making of it was broken off")
    if version != FORMAT:
        raise LogError(f"{path} is a log of version {version}; this program reads {FORMAT}")


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn what SQLite raises into the log's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def translate(error: sqlite3.Error, path: str) -> LogError:
    """Give the log's own error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return LogError(f"{path} is not a consent log: {error}")
    # Of a log every table and column is there, whatever somebody has done to it.
    missing = str(error).startswith("no such ")
    if missing or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CONSTRAINT):
        return LogCorrupt([f"{path}: {error}"])
    return LogUnavailable(f"{path}: {error}")


@contextmanager
def reading(path: str) -> Iterator[sqlite3.Connection]:
    """Open one unchanging view of a log without writing anything, whoever else uses it.

    A log that nobody has open is read as an immutable file; when somebody begins to write to it
    meanwhile, leaving raises `LogUnavailable`, since what was read may be torn. One that is in
    use, or was left by a crash, is read through its write-ahead log; if its index is missing, from
    a copy.
    """
    _exists(path)
    if not os.path.exists(path + "-wal"):
        before = _stamp(path)
        with _view(path, "ro&immutable=1") as connection:
            yield connection
        if os.path.exists(path + "-wal") or _stamp(path) != before:
            raise LogUnavailable(f"{path} was written to while it was read; try again")
    elif os.path.exists(path + "-shm"):
        # With `readonly_shm` SQLite leaves the index as it is, and makes its own if it is stale.
        with _view(path, "ro&readonly_shm=1") as connection:
            yield connection
    else:
        with tempfile.TemporaryDirectory(prefix="consent-log-") as folder:
            copy = os.path.join(folder, "log")
            shutil.copyfile(path, copy)
            shutil.copyfile(path + "-wal", copy + "-wal")
            with _view(copy, "ro") as connection:
                yield connection


def _stamp(path: str) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _view(path: str, mode: str) -> Iterator[sqlite3.Connection]:
    with translated(path), closing(connect(path, mode)) as connection:
        connection.execute("BEGIN")
        _check(connection, path)
        yield connection


def replaced(path: str) -> Callable[[], bool]:
    """Give a test that tells whether the log's files at the path are other ones than now.

    A deleted file can still be written to by who has it open, and what is written there is lost.
    """

    def names() -> tuple[int, ...]:
        main = os.stat(path)
        wal = os.stat(path + "-wal")
        return main.st_dev, main.st_ino, wal.st_dev, wal.st_ino

    now = names()

    def test() -> bool:
        try:
            return names() != now
        except OSError:
            return True

    return test
