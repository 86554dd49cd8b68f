"""A backup of a log in use is one moment of it, whole, and comes back as the log that it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from consent.errors import CopyError, LogCorrupt, LogMissing, LogUnavailable
from consent.log import Log, create_log, open_log, sqlite_backup
from consent.log.copying import copy_log
from consent.log.sqlite_backup import back_up
from consent.log.verify import verify
from tests.unit.log_engines import append, artifact, check, grant, refusal
from tests.unit.log_outsider import change
from tests.unit.patience import until


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "example.fi")
    return found


@pytest.fixture
def log(path: str) -> Iterator[Log]:
    with closing(open_log(path, writable=True)) as found:
        append(found, *map(grant, range(300)), *map(refusal, range(40)))
        found.put_artifacts(dict([artifact(b"banner")]))
        yield found


@contextmanager
def load(log: Log) -> Iterator[list[int]]:
    """Somebody appends all the time; gives the places that were acknowledged so far."""
    acknowledged: list[int] = []
    enough = Event()

    def work() -> None:
        number = 1000
        while not enough.is_set():
            acknowledged.extend(
                each.seq for each in append(log, *map(grant, range(number, number + 20)))
            )
            number += 20

    thread = Thread(target=work)
    thread.start()
    try:
        yield acknowledged
    finally:
        enough.set()
        thread.join()


def test_all_that_was_acknowledged_before_a_backup_began_is_in_it(path, log, tmp_path, monkeypatch):
    """R42: while others append, and without holding them up."""
    monkeypatch.setattr(sqlite_backup, "PAGES", 2)
    meanwhile: list[int] = []
    with load(log) as acknowledged:
        until(lambda: len(acknowledged) > 100)
        before = set(acknowledged)

        def copying(done: int, total: int) -> None:
            append(log, grant(10_000 + len(meanwhile)))
            meanwhile.append(len(acknowledged))

        report = back_up(path, str(tmp_path / "copy"), copying=copying)
    assert len(meanwhile) > 5
    assert meanwhile[-1] > meanwhile[0]
    with open_log(str(tmp_path / "copy"), writable=False).snapshot() as view:
        rows = {row.seq for row in view.rows()}
        assert before <= rows == set(range(report.size))
        assert len(view.meta["id"]) == 32
    assert report.size < log.head().size
    check(log)


def test_a_backup_comes_back_as_the_log_that_it_was(path, log, tmp_path):
    """Beside what is left of the one that was lost, and whichever way."""
    back_up(path, str(tmp_path / "copy"))
    kept = log.head()
    append(log, grant(5000))
    for end in ("", "-wal", "-shm"):
        os.rename(path + end, f"{tmp_path}/away{end}")
    # What is left of another log has nothing to do with this one.
    for end in ("-wal", "-shm"):
        Path(path + end).write_bytes(Path(f"{tmp_path}/away{end}").read_bytes())
    with open_log(str(tmp_path / "copy"), writable=False).snapshot() as view:
        report = copy_log(view, path).report
    assert (report.size, report.root) == kept
    with closing(open_log(path, writable=True)) as restored:
        assert append(restored, grant(1, again=1))[0].seq == kept.size
        check(restored)
    # A backup is a log itself.
    with closing(open_log(str(tmp_path / "copy"), writable=True)) as copy:
        assert append(copy, grant(1, again=1))[0].seq == kept.size
        check(copy)


def test_that_a_log_is_an_older_copy_is_shown_by_a_head_kept_elsewhere(path, log, tmp_path):
    """R40: nothing in an older copy itself tells that it is one."""
    back_up(path, str(tmp_path / "copy"))
    append(log, grant(5000))
    with open_log(str(tmp_path / "copy"), writable=False).snapshot() as view:
        assert verify(view).ok
        assert not verify(view, known=log.head()).ok


def test_a_backup_can_be_read_by_its_owner_alone_and_leaves_nothing_beside_it(path, log, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(path, str(folder / "copy"))
    assert [each.name for each in folder.iterdir()] == ["copy"]
    assert (folder / "copy").stat().st_mode & 0o077 == 0


def test_a_log_at_rest_and_one_left_by_a_crash_are_backed_up_too(path, log, tmp_path):
    log.close()
    assert back_up(path, str(tmp_path / "one")).size == 340
    with closing(sqlite3.connect(path)) as crashed:
        crashed.execute("SELECT 1 FROM head").fetchone()
        again = open_log(path, writable=True)
        append(again, grant(700))
        for end in ("", "-wal"):
            Path(f"{tmp_path}/crashed{end}").write_bytes(Path(path + end).read_bytes())
        again.close()
    assert back_up(str(tmp_path / "crashed"), str(tmp_path / "two")).size == 341


def test_no_file_is_written_over(path, log, tmp_path):
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(CopyError, match="is there already"):
        back_up(path, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_text() == "mine"
    (tmp_path / "other.partial").write_text("mine")
    with pytest.raises(CopyError, match="was broken off"):
        back_up(path, str(tmp_path / "other"))
    assert (tmp_path / "other.partial").read_text() == "mine"
    assert not (tmp_path / "other").exists()


def test_a_backup_that_is_not_whole_is_none(path, log, tmp_path):
    log.close()
    change(path, 7, body=b'{"kind":"consent"}')
    with pytest.raises(LogCorrupt, match="leaf at entry 7"):
        back_up(path, str(tmp_path / "copy"))
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_that_is_broken_off_leaves_nothing(path, log, tmp_path):
    def broken(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(path, str(tmp_path / "copy"), copying=broken)
    assert not list(tmp_path.glob("copy*"))
    append(log, grant(1))


def test_of_no_log_and_into_no_folder_there_is_no_backup(path, log, tmp_path):
    with pytest.raises(LogMissing):
        back_up(str(tmp_path / "nowhere"), str(tmp_path / "copy"))
    with pytest.raises(LogUnavailable, match="cannot be made"):
        back_up(path, str(tmp_path / "no" / "copy"))
    assert not list(tmp_path.glob("copy*"))
