"""What the SQLite engine refuses, survives and leaves alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import LogCorrupt, LogError, LogMissing, LogUnavailable
from consent.log import Entry, Log, create_log, open_log
from consent.log.export import export
from consent.log.sqlite import SqliteLog
from consent.log.sqlite_file import connect
from consent.log.verify import verify
from tests.unit.log_engines import artifact, consent_id, grant, refusal

DAY = 86400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "log.sqlite3"
    create_log(str(found), "example.fi")
    return found


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    found = SqliteLog(str(path), writable=True)
    yield found
    found.close()


def append(log: Log, *entries: Entry) -> list:
    futures = [log.append_soon(entry) for entry in entries]
    return [future.result(60) for future in futures]


def filled(path: Path, count: int = 20) -> None:
    log = open_log(str(path), writable=True)
    append(log, *map(grant, range(count)))
    log.put_artifacts(dict([artifact(b"text")]))
    log.close()


def tidied(log: SqliteLog) -> None:
    """Wait until there is nothing left to index or to forget."""
    while log._writes._engine.untidy() is not None:
        time.sleep(0.01)


def check(path: Path, size: int) -> None:
    with open_log(str(path), writable=False).snapshot() as snapshot:
        report = verify(snapshot)
    assert report.findings == []
    assert report.size == size


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder; only while no connection of this process is open (POSIX)."""
    return {found.name: found.read_bytes() for found in folder.iterdir()}


STATEMENTS = [
    "UPDATE entries SET leaves = zeroblob(640)",
    "UPDATE contents SET bodies = x'7b7d'",
    "UPDATE contents SET consent_ids = ''",
    "UPDATE artifacts SET body = x''",
    "UPDATE meta SET value = 'other'",
    "UPDATE head SET size = 3",
    "UPDATE head SET root = zeroblob(32)",
    "DELETE FROM entries",
    "DELETE FROM contents",
    "DELETE FROM artifacts",
    "DELETE FROM meta",
    "DELETE FROM head",
    "INSERT OR REPLACE INTO entries SELECT first, kind, zeroblob(32) FROM entries",
    "REPLACE INTO contents SELECT first, '', x'', salts, sizes, x'7b7d' FROM contents",
    "REPLACE INTO artifacts SELECT id, hash, media_type, x'' FROM artifacts",
    "REPLACE INTO meta SELECT name, 'other' FROM meta",
    "REPLACE INTO head SELECT one, 1, root, edge FROM head",
    "INSERT INTO head VALUES (2, 0, x'', x'')",
    "INSERT INTO entries VALUES (19, 'consent', zeroblob(32))",
    "INSERT INTO entries VALUES (21, 'consent', zeroblob(32))",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_trap_19_triggers_refuse_to_change_to_delete_and_to_replace(path, statement):
    """R39: also REPLACE, which would go past a trigger on DELETE without `recursive_triggers`."""
    filled(path)
    with closing(connect(str(path), "rw")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    check(path, 20)


@pytest.mark.parametrize(
    "statement",
    [
        "REPLACE INTO contents SELECT first, '', keys, salts, sizes, bodies FROM contents LIMIT 1",
        "REPLACE INTO artifacts SELECT id, hash, media_type, x'' FROM artifacts",
    ],
)
def test_trap_19_who_goes_past_the_triggers_is_found_out_by_the_tree(path, statement):
    """R40: without `recursive_triggers`, a connection's own affair, REPLACE fires no trigger."""
    filled(path)
    with closing(sqlite3.connect(path)) as outsider, outsider:
        assert outsider.execute(statement).rowcount == 1
    with open_log(str(path), writable=False).snapshot() as snapshot:
        assert verify(snapshot).findings != []


def test_nothing_but_hashes_stands_outside_the_contents(path):
    """R128: what is removed from `contents` and its indexes is gone from the log."""
    filled(path)
    with closing(connect(str(path), "rw")) as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info ({table})")]
            for table in ("entries", "head")
        }
    assert columns == {
        "entries": ["first", "kind", "leaves"],
        "head": ["one", "size", "root", "edge"],
    }


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(4080)])
def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path, content, writable):
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(LogError, match="not a consent log"):
        open_log(str(other), writable=writable)
    assert contents(tmp_path) == {"other": content}


@pytest.mark.parametrize("writable", [True, False])
def test_another_programs_database_is_refused(tmp_path, writable):
    with closing(sqlite3.connect(tmp_path / "other")) as connection:
        connection.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY)")
    before = contents(tmp_path)
    with pytest.raises(LogError, match="not a consent log"):
        open_log(str(tmp_path / "other"), writable=writable)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_log_of_another_version_is_refused(path, writable):
    with closing(connect(str(path), "rw")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LogError, match="version 99"):
        open_log(str(path), writable=writable)


def test_a_folder_is_not_a_log(tmp_path):
    with pytest.raises(LogMissing):
        open_log(str(tmp_path), writable=True)


def test_a_log_cannot_be_made_where_no_folder_is(tmp_path):
    with pytest.raises(LogUnavailable, match="No such file"):
        create_log(str(tmp_path / "missing" / "log"), "example.fi")


def test_the_file_is_its_owners_alone(path):
    assert path.stat().st_mode & 0o777 == 0o600


def read_all(path: Path) -> int:
    log = open_log(str(path), writable=False)
    assert log.last("consent") is not None
    assert log.artifact("0" * 64) is None
    with log.snapshot() as snapshot:
        assert verify(snapshot).findings == []
        entries = sum(b'"seq":' in line for line in export(snapshot))
    log.close()
    return entries


def test_reading_a_log_at_rest_writes_nothing(path):
    filled(path)
    before = contents(path.parent)
    assert read_all(path) == 20
    assert contents(path.parent) == before
    assert list(before) == [path.name]


CRASH = """
import os, sys
from consent.log import open_log
from tests.unit.log_engines import grant
log = open_log(sys.argv[1], writable=True)
for future in [log.append_soon(grant(number)) for number in range(20)]:
    future.result(60)
os._exit(0)
"""


@pytest.fixture
def crashed(path: Path) -> Path:
    """A log that was left without being closed."""
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=True)
    return path


def test_reading_a_crashed_log_writes_nothing(crashed):
    before = contents(crashed.parent)
    assert sorted(before) == ["log.sqlite3", "log.sqlite3-shm", "log.sqlite3-wal"]
    assert read_all(crashed) == 20
    assert contents(crashed.parent) == before


def test_reading_a_copy_without_its_index_writes_nothing(crashed, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{crashed}{end}", copy / f"log{end}")
    before = contents(copy)
    assert read_all(copy / "log") == 20
    assert contents(copy) == before


READ = "import sys; from tests.unit.test_log_sqlite import *; print(read_all(Path(sys.argv[1])))"


def test_reading_a_log_in_use_writes_nothing(log, path):
    append(log, *map(grant, range(20)))
    tidied(log)

    def state() -> dict[str, str]:
        # From outside: to close a file that SQLite has open here would let go of its locks.
        command = ["sha256sum", *sorted(map(str, path.parent.iterdir()))]
        return dict(
            reversed(line.split())
            for line in subprocess.check_output(command, text=True).splitlines()
        )

    before = state()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "20"
    assert state() == before
    append(log, grant(21))
    assert log.head().size == 21


def test_a_log_at_rest_that_comes_into_use_while_it_is_read_says_so(path):
    filled(path)
    view = open_log(str(path), writable=False).snapshot()
    assert view.__enter__().head().size == 20
    filled(path)
    with pytest.raises(LogUnavailable, match="try again"):
        view.__exit__(None, None, None)


def test_a_read_only_file_can_be_read_and_not_be_opened_for_writing(path, monkeypatch):
    filled(path)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(LogUnavailable, match="may not be written"):
        open_log(str(path), writable=True)
    assert read_all(path) == 20


def test_a_lock_held_too_long_is_an_answer_and_not_a_hang(log, path):
    log._writes._engine.patience = 0.05
    append(log, grant(1))
    with closing(connect(str(path), "rw")) as other:
        other.execute("BEGIN IMMEDIATE")
        futures = [log.append_soon(grant(number)) for number in range(2, 300)]
        errors = {str(future.exception(60)) for future in futures}
        other.execute("ROLLBACK")
    assert len(errors) == 1
    assert "locked for 0.05 seconds" in errors.pop()
    assert append(log, grant(2))[0].seq == 1


def test_a_full_disk_is_an_answer_and_the_log_works_again_with_room(log):
    append(log, grant(1))
    connection = log._writes._engine._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    future = log.append_soon(Entry("consent", b"x" * 100_000))
    assert "full" in str(future.exception(60))
    assert append(log, grant(2))[0].seq == 1


def test_a_deleted_log_takes_nothing_until_it_is_back(log, path):
    """Without a look at the names, entries would go to a file that nobody finds again."""
    append(log, grant(1))
    away = path.with_name("away")
    ends = ("", "-wal", "-shm")
    for end in ends:
        os.rename(f"{path}{end}", f"{away}{end}")
    with pytest.raises(LogMissing):
        append(log, grant(2))
    assert not path.exists()
    for end in ends:
        os.rename(f"{away}{end}", f"{path}{end}")
    append(log, grant(3))
    log.close()
    with open_log(str(path), writable=False).snapshot() as snapshot:
        assert snapshot.head().size >= 2
        assert verify(snapshot).findings == []


def test_a_log_put_back_from_an_older_copy_is_refused_while_running(log, path, tmp_path):
    log.close()
    shutil.copy(path, tmp_path / "old")
    running = open_log(str(path), writable=True)
    append(running, grant(1), grant(2))
    for end in ("-wal", "-shm"):
        os.unlink(f"{path}{end}")
    os.replace(tmp_path / "old", path)
    with pytest.raises(LogCorrupt, match="went back from 2 to 0 entries"):
        append(running, grant(3))
    running.close()


def test_damaged_pages_are_an_answer(path):
    filled(path, 200)
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    path.write_bytes(damaged)

    def use() -> None:
        with closing(open_log(str(path), writable=True)) as log:
            append(log, grant(1))

    with pytest.raises(LogError, match=str(path)):
        use()


def test_a_log_without_its_head_is_corrupt(log, path):
    with closing(connect(str(path), "rw")) as connection:
        connection.execute("DROP TRIGGER head_delete")
        connection.execute("DELETE FROM head")
    with pytest.raises(LogCorrupt, match="no head"):
        append(log, grant(1))
    with pytest.raises(LogCorrupt, match="no head"):
        log.head()


@pytest.mark.parametrize("size", [0, 1, 16])
def test_a_head_behind_its_entries_takes_nothing(path, size):
    filled(path)
    with closing(connect(str(path), "rw")) as connection:
        connection.execute("DROP TRIGGER head_update")
        edge = bytes(32 * size.bit_count())
        connection.execute("UPDATE head SET size = ?, edge = ?", (size, edge))
    log = open_log(str(path), writable=True)
    with pytest.raises(LogCorrupt):
        append(log, grant(1))
    log.close()


def test_old_idempotency_keys_are_forgotten_after_two_days(path):
    now = [100 * DAY]

    def again(count: int) -> list[bool]:
        log = SqliteLog(str(path), writable=True, clock=lambda: now[0])
        found = append(log, *map(refusal, range(count)))
        # Enough for the keys to pass into the index.
        for start in range(0, 9000, 3000):
            append(log, *[grant(number) for number in range(start, start + 3000)])
        tidied(log)
        log.close()
        return [each.new for each in found]

    assert again(30) == [True] * 30
    now[0] += 2 * DAY
    assert again(0) + again(30) == [False] * 30
    now[0] += DAY
    assert again(0) + again(30) == [True] * 30
    check(path, 60 + 5 * 9000)


def test_two_logs_in_one_process_share_the_tail(path):
    """Each takes in what the other appended and indexed."""
    first, second = (open_log(str(path), writable=True) for _ in range(2))
    for start in range(0, 12_000, 300):
        append(first, *map(refusal, range(start, start + 300)))
        found = append(second, *map(refusal, range(start, start + 300)))
        assert not any(each.new for each in found)
        append(second, grant(start))
        assert append(first, Entry("consent", b"{}", consent_id(start), revise=lambda last: None))
        if start % 4500 == 0:
            tidied(first if start % 9000 else second)
    first.close()
    second.close()
    check(path, 12_040)
