"""A database killed in the middle of appending loses nothing that was acknowledged (R42)."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from consent.log import create_log
from consent.log.verify import verify
from tests.unit.log_engines import grant, opened
from tests.unit.patience import until
from tests.unit.postgres_server import Server

KILLS = 25

WRITE = """
import asyncio, os, sys
from consent.errors import LogUnavailable
from tests.unit.log_engines import grant, opened, refusal

log = opened(sys.argv[1])
first = int(sys.argv[2])
numbers = iter(range(first, first + 100_000_000))

async def client():
    for number in numbers:
        entry = refusal(number) if number % 3 == 0 else grant(number)
        log.count("2026-11-23", "shown")
        while True:
            try:
                appended = await log.append(entry)
            except LogUnavailable:
                if number % 3:
                    break  # a grant is not asked for again: it stands there once at most
                await asyncio.sleep(0.01)
            else:
                os.write(1, b"%d %d\\n" % (number, appended.seq))
                break

async def main():
    await asyncio.gather(*[client() for _ in range(50)])

asyncio.run(main())
"""


class Writer:
    """A process that appends until it is told to stop, and what it was told in answer."""

    def __init__(self, address: str, first: int) -> None:
        command = [sys.executable, "-c", WRITE, address, str(first)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.answers: list[tuple[int, int]] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            number, seq = map(int, line.split())
            self.answers.append((number, seq))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


def test_every_acknowledged_entry_outlives_kill_9_of_the_database(server: Server) -> None:
    """Two processes append all the while, and find the server again by themselves."""
    address = server.address(server.database())
    create_log(address, "example.fi")
    writers = [Writer(address, first) for first in (0, 500_000_000)]
    try:
        for _ in range(KILLS):
            before = [len(writer.answers) for writer in writers]
            until(
                lambda before=before: all(
                    len(writer.answers) > count + 300
                    for writer, count in zip(writers, before, strict=True)
                )
            )
            server.stop(signal.SIGKILL)
            server.start()
    finally:
        for writer in writers:
            writer.stop()
    with opened(address, writable=False).snapshot() as snapshot:
        report = verify(snapshot)
        assert report.findings == []
        rows = {row.seq: row.body for row in snapshot.rows()}
    assert report.size == len(rows)
    assert set(Counter(rows.values()).values()) == {1}
    for number, seq in [answer for writer in writers for answer in writer.answers]:
        if number % 3:
            assert rows[seq] == grant(number).body
        else:
            assert f'"number":{number}}}'.encode() in rows[seq]
