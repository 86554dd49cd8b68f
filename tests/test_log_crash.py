"""A process killed in the middle of appending loses nothing that it acknowledged (R42)."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from consent.log import create_log, open_log
from consent.log.copying import copy_log
from consent.log.verify import verify
from tests.unit.aged_log import CREATED, record
from tests.unit.log_engines import ENGINES, LogEngine, append, grant, opened

LINES = (150, 400, 1200, 3000, 9000)
"""Entries that a process may append before it is killed: indexing begins, groups are moved."""

WRITE = """
import asyncio, os, sys
from consent.log import open_log
from tests.unit.log_engines import grant, refusal

log = open_log(sys.argv[1], writable=True)
first = int(sys.argv[2])
numbers = iter(range(first, first + 1_000_000))

async def client():
    for number in numbers:
        entry = refusal(number) if number % 3 == 0 else grant(number)
        log.count("2026-11-23", "shown")
        appended = await log.append(entry)
        os.write(1, b"%d %d\\n" % (number, appended.seq))

async def main():
    await asyncio.gather(*[client() for _ in range(100)])

asyncio.run(main())
"""
SPOOL = """
import os, sys
from consent.log.spool import Spool
from tests.unit.log_engines import refusal

spool = Spool(sys.argv[1] + ".spool")
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 1_000_000):
    spool.add(refusal(number))
    os.write(1, b"%d\\n" % number)
"""
COPY = """
import os, sys
from consent.log import open_log
from consent.log.copying import copy_log

with open_log(sys.argv[1], writable=False).snapshot() as view:
    copy_log(view, sys.argv[2], copying=lambda done, total: os.write(1, b"%d\\n" % done))
"""
EXPIRE = """
import os, sys
from datetime import date
from consent.log import removal
from tests.unit.log_engines import MAINTENANCE, opened

removal.MOST = 32
log = opened(sys.argv[1], role=MAINTENANCE)
with log.snapshot() as snapshot:
    plan = removal.plan(snapshot, date(2026, 11, 28), 36)
os.write(1, b"%d\\n" % sum(tally.count for tally in plan.tallies.values()))
removal.carry_out(log, plan, progress=lambda done: os.write(1, b"%d\\n" % done))
while True:
    os.write(1, b"0\\n")
"""


def killed_after(lines: int, script: str, *arguments: str) -> list[list[int]]:
    """Run a script, kill it once it has printed so many lines; returns the whole lines."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        text = b"".join(process.stdout.readline() for _ in range(lines))
        process.kill()
        text += process.stdout.read()
    assert process.returncode == -9
    whole = text[: text.rfind(b"\n") + 1]
    return [[int(number) for number in line.split()] for line in whole.splitlines()]


@pytest.mark.parametrize("time", range(5))
def test_every_acknowledged_entry_outlives_kill_9(tmp_path: Path, time: int) -> None:
    """Five times on each of five logs: the longest run passes every place where one can be."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "example.fi")
    acknowledged: dict[int, int] = {}
    for run, lines in enumerate(LINES[time:] + LINES[:time]):
        acknowledged.update(killed_after(lines, WRITE, path, str(run * 1_000_000)))
        # Each time the log is read as the crash left it, then the next writer mends it.
        with open_log(path, writable=False).snapshot() as snapshot:
            report = verify(snapshot)
            assert report.findings == []
            rows = {row.seq: row.body for row in snapshot.rows()}
        assert report.size == len(rows)
        for number, seq in acknowledged.items():
            if number % 3:
                assert rows[seq] == grant(number).body
            else:
                assert f'"number":{number}}}'.encode() in rows[seq]
    assert len(set(acknowledged.values())) == len(acknowledged)


def test_every_spooled_entry_outlives_kill_9_and_comes_into_the_log(tmp_path: Path) -> None:
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "example.fi")
    kept: list[int] = []
    for run in range(3):
        kept += [number for (number,) in killed_after(50, SPOOL, path, str(run * 1_000_000))]
    log = open_log(path, writable=True)
    log.append_soon(grant(1)).result(60)
    log.close()
    with open_log(path, writable=False).snapshot() as snapshot:
        assert verify(snapshot).findings == []
        bodies = b"\n".join(row.body or b"" for row in snapshot.rows())
    for number in kept:
        assert f'"number":{number}}}'.encode() in bodies
    assert not Path(path + ".spool").read_bytes()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path, engine: LogEngine) -> None:
    """And no batch is there by half."""
    source, target = str(tmp_path / "source.sqlite3"), tmp_path / "new"
    target.mkdir()
    address = engine.address(target)
    create_log(source, "example.fi")
    log = open_log(source, writable=True)
    for start in range(0, 15_000, 3000):
        append(log, *map(grant, range(start, start + 3000)))
    log.close()
    sizes = []
    for lines in (3, 5, 7, 9):
        killed_after(lines, COPY, source, address)
        with open_log(address, writable=False).snapshot() as snapshot:
            assert verify(snapshot).findings == []
            sizes.append(snapshot.head().size)
    assert sizes == sorted(sizes)
    assert 0 < sizes[-1] < 15_000
    with open_log(source, writable=False).snapshot() as snapshot:
        assert copy_log(snapshot, address).added == 15_000 - sizes[-1]
        with open_log(address, writable=False).snapshot() as copy:
            assert list(copy.rows()) == list(snapshot.rows())


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_job_that_is_killed_leaves_a_log_that_verifies_and_the_next_run_goes_on(
    tmp_path: Path, engine: LogEngine
) -> None:
    """R128: between two parts and in the middle of one, while a site appends."""
    path = engine.address(tmp_path)
    create_log(path, "example.fi", like={"created": f"{CREATED}"})
    site = opened(path)
    old = [record("grant", date(2021, 1, 1), number) for number in range(1000)]
    append(site, *old)
    due = len(old)
    for run in count():
        new = [record("grant", date(2026, 1, 1), 5000 + 100 * run + more) for more in range(100)]
        appended = list(map(site.append_soon, new))
        lines = [line for (line,) in killed_after(2 + run * 2, EXPIRE, path)]
        assert all(future.result(60).new for future in appended)
        with site.snapshot() as snapshot:
            assert verify(snapshot).findings == []
            left = sum(row.body is not None for row in snapshot.rows(0, len(old)))
        assert lines[0] == due
        assert left <= due - lines[-1]
        if not left:
            break
        due = left
    site.close()
    assert run >= 3
