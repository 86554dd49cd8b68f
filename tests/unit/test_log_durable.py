"""What was acknowledged has been flushed to the disk: no kill of a process could show that."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consent.log import create_log
from consent.log.spool import Spool
from consent.log.sqlite import SqliteLog
from consent.log.sqlite_tail import TAIL
from tests.unit.log_engines import grant, refusal

FULL = "PRAGMA synchronous = FULL"


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "example.fi")
    return found


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every file and folder that is flushed from here on, by its inode."""
    inodes: list[int] = []

    def noting(flush: Callable[[int], None]) -> Callable[[int], None]:
        def note(file: int) -> None:
            inodes.append(os.fstat(file).st_ino)
            flush(file)

        return note

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    return inodes


def test_every_commit_of_entries_waits_for_the_disk(path: str) -> None:
    """DESIGN 8: WAL with FULL, also after housekeeping, which does not wait."""
    log = SqliteLog(path, writable=True)
    log.append_soon(grant(0)).result(60)  # the connection is made by the first
    connection = log._writes._engine._connection
    assert connection is not None
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    (waits,) = connection.execute("PRAGMA synchronous").fetchone()
    said: list[str] = []
    connection.set_trace_callback(said.append)
    for future in [log.append_soon(grant(number)) for number in range(1, TAIL[0] + 50)]:
        future.result(60)
    while log._writes._engine.untidy() is not None:
        time.sleep(0.01)
    log.append_soon(grant(TAIL[0] + 50)).result(60)
    log.close()
    assert (mode, waits) == ("wal", 2)
    full, inside, commits, relaxed = True, False, 0, 0
    for statement in said:
        if statement.startswith("PRAGMA synchronous"):
            full = statement == FULL
            relaxed += not full
        elif statement.startswith("INSERT INTO entries"):
            inside = True
        elif statement == "COMMIT":
            assert full or not inside
            commits += inside
            inside = False
    assert commits > 1
    assert relaxed, "there was no housekeeping"


def test_a_spooled_entry_is_flushed_before_it_counts_as_kept(path: str, flushed: list[int]) -> None:
    """R34: the file's bytes, and for a new file its name too."""
    spool = Spool(path + ".spool")
    spool.add(refusal(1))
    file, folder = os.stat(spool.path).st_ino, os.stat(os.path.dirname(path)).st_ino
    assert flushed == [file, folder]
    spool.add(refusal(2))
    assert flushed == [file, folder, file]


def test_a_new_log_is_there_for_good(tmp_path: Path, flushed: list[int]) -> None:
    """Its name in the folder is flushed by us, its bytes by SQLite."""
    create_log(str(tmp_path / "new.sqlite3"), "example.fi")
    assert flushed == [tmp_path.stat().st_ino]
