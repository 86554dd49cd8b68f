"""Several processes on one log make one tree (R42)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from consent.log import Log
from consent.log.verify import verify
from tests.unit.log_engines import grant, opened
from tests.unit.patience import exit_code


def append(log: Log, number: int) -> int:
    return log.append_soon(grant(number)).result(60).seq


def check(log: Log) -> None:
    with log.snapshot() as snapshot:
        assert verify(snapshot).findings == []
    log.close()


WRITE = """
import sys
from concurrent.futures import wait
from tests.unit.log_engines import grant, opened, refusal
log = opened(sys.argv[1])
first = int(sys.argv[2])
for start in range(first, first + 1500, 25):
    futures = [log.append_soon(grant(number)) for number in range(start, start + 25)]
    futures.append(log.append_soon(refusal(start % 10_000)))
    print(*[future.result(60).seq for future in futures])
log.close()
"""


def test_two_processes_append_to_one_tree_without_forks(address):
    """Both also send the same refusals, of which one of each is kept (R42, R46)."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, address, str(first)], stdout=subprocess.PIPE, text=True
        )
        for first in (0, 10_000)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    lines = [[int(seq) for seq in line.split()] for text in outputs for line in text.splitlines()]
    grants = [seq for line in lines for seq in line[:-1]]
    refusals = [line[-1] for line in lines]
    assert len(set(grants)) == 3000
    assert len(set(refusals)) == 60
    assert sorted({*grants, *refusals}) == list(range(3060))
    check(opened(address, writable=False))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_appends_too(address):
    """Threads and connections stay in the parent; the child begins its own."""
    log = opened(address)
    append(log, 1)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if append(log, 2) == 1 and log.head().size == 2 else 2
            log.close()
        finally:
            os._exit(status)
    assert exit_code(pid) == 0
    assert append(log, 3) == 2
    check(log)
