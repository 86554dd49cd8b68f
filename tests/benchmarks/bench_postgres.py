"""Time of a durable append to a log in PostgreSQL, as a ratio to a bare file on the same disk.

The reference and its rounds are those of `bench_log`. The server is one of the benchmark's own, on
the loopback address, with fsync on; its data and the reference's file stand in one folder. It has
the files of its write-ahead log from the start, as a server has that has run for a day: a new one
makes and fills one for every 16 MB, and whoever comes then waits for that. Then two
processes append to one log, and take turns with one alone that appends to another.

    python tests/benchmarks/bench_postgres.py [--rounds 9] [--seconds 0.4] [--clients 1 32 256]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench_log import Append, Numbers, RawGroup, Slice, decision, run_slice
from psycopg import connect

from consent.log import Log, create_log
from consent.log.verify import verify
from tests.unit.log_engines import opened
from tests.unit.postgres_server import Server

TARGET = 2.5
P99_TARGET = 4.0
TWO_TARGET = 0.9
WAL_FILES = 96
"""Files of 16 MB, as many as all rounds together fill."""


@contextmanager
def served() -> Iterator[Server]:
    """Start a server on a free port."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(
        port=port, shared_buffers="256MB", max_wal_size="4GB", min_wal_size=f"{WAL_FILES * 16}MB"
    )
    try:
        with connect(server.address("postgres"), autocommit=True) as connection:
            for _ in range(WAL_FILES):
                connection.execute("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()")
            connection.execute("CHECKPOINT")
        yield server
    finally:
        server.close()


def empty_log(server: Server) -> str:
    """Make a log and give its address."""
    address = server.address(server.database())
    create_log(address, "example.fi")
    return address


def opened_log(address: str, folder: Path) -> Log:
    return opened(address, spool=str(folder / "spool"))


async def compare(server: Server, folder: Path, clients: int, rounds: int, seconds: float) -> bool:
    """Run one number of clients and print its line; returns whether the targets hold."""
    entries = list(map(decision, range(int(120_000 * seconds * (rounds + 1)))))
    amount = len(entries)
    # Beside the server's data: on the same disk.
    raw = RawGroup(server.folder / f"raw-{clients}")
    log = opened_log(empty_log(server), folder)
    arms: dict[str, Append] = {
        "raw": lambda n: raw.append(entries[n % amount].body),
        "log": lambda n: log.append(entries[n]),
    }
    numbers = {name: Numbers() for name in arms}
    slices: dict[str, list[Slice]] = {name: [] for name in arms}
    gc.collect()
    gc.freeze()
    for name, append in arms.items():
        await append(numbers[name].take())
        await run_slice(append, numbers[name], clients, seconds / 2)
    for _ in range(rounds):
        for name in random.sample(list(arms), len(arms)):
            slices[name].append(await run_slice(arms[name], numbers[name], clients, seconds))
    assert raw.close() == numbers["raw"].next
    assert log.head().size == numbers["log"].next
    log.close()

    def ratios(field: str) -> list[float]:
        pairs = zip(slices["log"], slices["raw"], strict=True)
        return [getattr(one, field) / getattr(other, field) for one, other in pairs]

    low, middle, high = quantiles(ratios("per_append"), n=4)
    tail = median(ratios("p99"))
    micro = median(part.per_append for part in slices["log"]) * 1e6
    p99 = median(part.p99 for part in slices["log"]) * 1e3
    good = middle <= TARGET and tail <= P99_TARGET
    print(
        f"{clients:4} clients: time {middle:.2f} [{low:.2f}..{high:.2f}] x raw-group (<= {TARGET}),"
        f" p99 {tail:.2f} x (<= {P99_TARGET}); {micro:.0f} µs, p99 {p99:.1f} ms",
        "" if good else "  MISSED",
        flush=True,
    )
    return good


APPEND = """
import asyncio, sys, time
sys.path.insert(0, sys.argv[1])
from bench_log import decision
from pathlib import Path
from bench_postgres import opened_log
first, clients, seconds = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
log = opened_log(sys.argv[2], Path(sys.argv[6]))
numbers = iter(range(first, first + 10**9))
done = 0

async def client(until):
    global done
    while time.perf_counter() < until:
        await log.append(decision(next(numbers)))
        done += 1

async def main():
    await log.append(decision(next(numbers)))
    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*[client(time.perf_counter() + seconds) for _ in range(clients)])

asyncio.run(main())
log.close()
print(done, flush=True)
"""


def together(address: str, folder: Path, firsts: list[int], clients: int, seconds: float) -> float:
    """Let a process for each of `firsts` append to one log; gives entries per second in all."""
    here = os.path.dirname(os.path.abspath(__file__))
    settings = [str(clients), str(seconds), str(folder)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, here, address, str(first), *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in firsts
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in processes]
    return sum(map(int, outputs)) / seconds


def compare_two(server: Server, folder: Path, clients: int, rounds: int, seconds: float) -> bool:
    """Compare two processes on one log with one alone; returns whether the target holds."""
    alone, shared = empty_log(server), empty_log(server)
    ratios = []
    for number in range(rounds):
        first = number * 10**8
        one = together(alone, folder, [first], clients, seconds)
        two = together(shared, folder, [first, first + 5 * 10**7], clients, seconds)
        ratios.append(two / one)
    with opened(shared, writable=False).snapshot() as snapshot:
        # The tree is whole; what the records say was made up.
        assert {each.kind for each in verify(snapshot).findings} <= {"consent-id", "reference"}
    low, middle, high = quantiles(ratios, n=4)
    good = middle >= TWO_TARGET
    print(
        f"{clients:4} clients each: two processes {middle:.2f} [{low:.2f}..{high:.2f}] x the rate"
        f" of one (>= {TWO_TARGET})",
        "" if good else "  MISSED",
        flush=True,
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4, help="per arm and round")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 32, 256])
    given = parser.parse_args()
    good = True
    with served() as server, TemporaryDirectory() as name:
        folder = Path(name)
        for clients in given.clients:
            good &= asyncio.run(compare(server, folder, clients, given.rounds, given.seconds))
        for clients in given.clients:
            good &= compare_two(server, folder, clients, max(3, given.rounds // 3), 1.0)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
