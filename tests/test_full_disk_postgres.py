"""PostgreSQL on a disk that is full, in earnest: bounded answers, and nothing that stood is lost.

As in `test_full_disk` the disk is a small one in memory. The tables stand on it, or the server's
own write-ahead log, without which it stops. This file is the child too, which has the server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import LogUnavailable
from consent.log import Log, create_log
from tests.test_full_disk import ROOT, Load, full, sound
from tests.unit.log_engines import append, grant, opened, refusal
from tests.unit.patience import until
from tests.unit.postgres_server import Server

DISK = 80 * 1024 * 1024
ROOM = 32 * 1024 * 1024
"""Bytes of it that are taken from the start, and come free in the end."""


def on_tables(server: Server, disk: Path) -> str:
    """A database on the small disk; all else of the server stands elsewhere."""
    place = server.own(disk / "tables")
    server.query("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
    server.query("postgres", "CREATE DATABASE logs TABLESPACE small")
    return "logs"


def on_write_ahead_log(server: Server, disk: Path) -> str:
    """The server's write-ahead log on the small disk; the tables have room."""
    server.stop()
    place, before = server.own(disk / "wal"), server.data / "pg_wal"
    shutil.copytree(before, place, dirs_exist_ok=True)
    for each in place.rglob("*"):
        server.own(each)
    shutil.rmtree(before)
    before.symlink_to(place)
    server.start()
    server.query("postgres", "CREATE DATABASE logs")
    return "logs"


def takes_again(server: Server, log: Log, number: int) -> bool:
    """Whether a log takes an entry; a server that stopped for want of room is started again."""
    if server.process is not None and server.process.poll() is not None:
        server.start()
    try:
        return bool(append(log, grant(number)))
    except LogUnavailable:
        return False


def fill(server: Server, disk: Path, place: Callable[[Server, Path], str]) -> None:
    """R42, R34: what was acknowledged stands, a refusal waits, and with room all goes on."""
    address = server.address(place(server, disk))
    create_log(address, "example.fi")
    (disk / "filler").write_bytes(b"x" * ROOM)
    with closing(opened(address)) as log:
        load = Load(log)
        assert len(load.acknowledged) > 200
        full(disk)
        again = Load(log, load.number)
        log.spool(refusal(1))
        (disk / "filler").unlink()
        until(lambda: takes_again(server, log, again.number + 1))
        until(lambda: not log.health().spooled)
    rows = sound(address)
    written = list(rows.values())
    for tried in (load, again):
        for number, seq in tried.acknowledged.items():
            assert rows[seq] == grant(number, text="x" * 900).body
        # What it could not answer for may stand there, whole and once.
        for number in tried.refused:
            assert written.count(grant(number, text="x" * 900).body) <= 1
    assert refusal(1).body in written
    assert len(set(written)) == len(written)


PLACES = (on_tables, on_write_ahead_log)


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder for the small disk, which the server's own user may reach."""
    folder = Path(tempfile.mkdtemp(prefix="consent-full-"))
    folder.chmod(0o755)
    yield folder
    folder.rmdir()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_postgresql_on_a_disk_that_is_full(
    place: Callable[[Server, Path], str], disk: Path
) -> None:
    # Who is not root is so where the disk is mounted, and then no more: the server refuses root.
    user, group = os.geteuid(), os.getegid()
    apart = ["unshare", "--mount"] if not user else ["unshare", "-r", "--mount"]
    back = [] if not user else ["unshare", f"--map-user={user}", f"--map-group={group}"]
    mount = f'mount -t tmpfs -o size={DISK},mode=1777 tmpfs {disk} && exec "$@"'
    name = place.__name__
    child = [sys.executable, "-m", "tests.test_full_disk_postgres", name, str(disk)]
    done = subprocess.run(
        [*apart, "sh", "-c", mount, "sh", *back, *child], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{name}: done\n"


if __name__ == "__main__":
    with closing(Server(max_wal_size="32MB", min_wal_size="32MB", wal_recycle="off")) as own:
        fill(own, Path(sys.argv[2]), {each.__name__: each for each in PLACES}[sys.argv[1]])
    print(f"{sys.argv[1]}: done")
