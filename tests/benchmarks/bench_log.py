"""Time of a durable append to the log, as a ratio to a bare file in the same run.

The reference appends the same bytes, ready-made, to a file with one fdatasync per group of waiting
requests, in a thread of its own. Rounds are interleaved in random order; each ratio is the median
over rounds, so that whatever else the machine does falls on all sides alike. After each round what
was acknowledged is counted in the file.

    python tests/benchmarks/bench_log.py [--rounds 9] [--seconds 0.4] [--folder DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import median, quantiles
from typing import NamedTuple

from consent.log import Entry, create_log, open_log
from consent.record import canonical

TARGETS = {1: 1.8, 32: 1.7, 256: 1.7}
P99_TARGET = 3.0
RATE_TARGET = 8.0


class Slice(NamedTuple):
    """One arm's part of a round: seconds per append, 99th percentile of the latency, appends."""

    per_append: float
    p99: float
    count: int


Append = Callable[[int], Awaitable[object]]


def body(number: int) -> bytes:
    """Make a consent record as they are, of some 1,300 bytes (R35)."""
    shown, declared, interface, notice = (f"{number + more:064x}" for more in range(4))
    categories = ("marketing", "preferences", "statistics")
    return canonical(
        {
            "artifacts": [shown, declared, interface, notice],
            "consent_id": consent_id(number),
            "decided": dict.fromkeys(categories, "2026-11-23"),
            "declaration": declared,
            "event": "grant",
            "expires": dict.fromkeys(categories, "2027-05-25"),
            "id": f"{number:032x}",
            "interface": interface,
            "kind": "consent",
            "language": "fi",
            "layout": "left",
            "method": "banner",
            "notice": {"hash": notice, "version": "2026.1"},
            "schema": 1,
            "scopes": dict.fromkeys(categories, shown),
            "shown": shown,
            "states": dict.fromkeys(categories, "granted"),
            "time": "2026-11-23T12:00:00Z",
        }
    )


def decision(number: int) -> Entry:
    """Make what a visitor's answer appends: a grant under an id, or a refusal without one (R43)."""
    if number % 2:
        return Entry("consent", body(number), consent_id(number), revise=lambda before: None)
    return Entry("consent", body(number), once=number.to_bytes(32))


def consent_id(number: int) -> str:
    """Spread ids over the index as random ones are."""
    return f"{(number * 0x9E3779B97F4A7C15) % 2**64:022d}"


class RawGroup:
    """The reference: append ready-made bytes to a file, one fdatasync per waiting group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.queue: SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = SimpleQueue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    async def append(self, data: bytes) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.put((data, future))
        await future

    def run(self) -> None:
        while True:
            first = self.queue.get()
            if first is None:
                return
            group = [first]
            try:
                while len(group) < 512:
                    waiting = self.queue.get_nowait()
                    if waiting is None:
                        return
                    group.append(waiting)
            except Empty:
                pass
            os.write(self.file, b"\n".join([*[data for data, _ in group], b""]))
            os.fdatasync(self.file)
            group[0][1].get_loop().call_soon_threadsafe(
                lambda group=group: [future.set_result(None) for _, future in group]
            )

    def close(self) -> int:
        self.queue.put(None)
        self.thread.join()
        os.close(self.file)
        return self.path.read_bytes().count(b"\n")


class OneCommitEach:
    """The slow way: one SQLite commit per decision, in one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.queue: SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = SimpleQueue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    append = RawGroup.append

    def run(self) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, body BLOB)")
        while (waiting := self.queue.get()) is not None:
            connection.execute("INSERT INTO entries (body) VALUES (?)", waiting[:1])
            waiting[1].get_loop().call_soon_threadsafe(waiting[1].set_result, None)
        connection.close()

    def close(self) -> int:
        self.queue.put(None)
        self.thread.join()
        connection = sqlite3.connect(self.path)
        (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        connection.close()
        return count


class Numbers:
    """Hands out the next number, the same sequence to every client of an arm."""

    def __init__(self) -> None:
        self.next = 0

    def take(self) -> int:
        self.next += 1
        return self.next - 1


async def run_slice(append: Append, numbers: Numbers, clients: int, seconds: float) -> Slice:
    """Let so many clients append one after the other for so long."""
    latencies: list[float] = []
    clock = time.perf_counter
    until = clock() + seconds

    async def client() -> None:
        while (start := clock()) < until:
            await append(numbers.take())
            latencies.append(clock() - start)

    start = clock()
    await asyncio.gather(*[client() for _ in range(clients)])
    took = clock() - start
    return Slice(took / len(latencies), quantiles(latencies, n=100)[98], len(latencies))


async def compare(folder: Path, clients: int, rounds: int, seconds: float) -> bool:
    """Run one number of clients and print its line; returns whether the targets hold."""
    entries = list(map(decision, range(int(120_000 * seconds * (rounds + 1)))))
    amount = len(entries)
    raw = RawGroup(folder / f"raw-{clients}")
    path = str(folder / f"log-{clients}.sqlite3")
    create_log(path, "benchmark")
    log = open_log(path, writable=True)
    arms: dict[str, Append] = {
        "raw": lambda n: raw.append(entries[n % amount].body),
        "log": lambda n: log.append(entries[n]),
    }
    single = None
    if clients == 32:
        single = OneCommitEach(folder / "single.sqlite3")
        arms["single"] = lambda n: single.append(entries[n % amount].body)
    numbers = {name: Numbers() for name in arms}
    slices: dict[str, list[Slice]] = {name: [] for name in arms}
    gc.collect()
    gc.freeze()  # what was made ready above is no affair of either side
    for name, append in arms.items():  # warm up; a log makes itself room with its first entry
        await append(numbers[name].take())
        await run_slice(append, numbers[name], clients, seconds / 2)
    for _ in range(rounds):
        for name in random.sample(list(arms), len(arms)):
            slices[name].append(await run_slice(arms[name], numbers[name], clients, seconds))
    assert raw.close() == numbers["raw"].next
    assert log.head().size == numbers["log"].next
    log.close()

    def ratios(one: str, other: str, field: str) -> list[float]:
        pairs = zip(slices[one], slices[other], strict=True)
        return [getattr(a, field) / getattr(b, field) for a, b in pairs]

    times = ratios("log", "raw", "per_append")
    tails = ratios("log", "raw", "p99")
    low, middle, high = quantiles(times, n=4)
    micro = median(part.per_append for part in slices["log"]) * 1e6
    line = f"{clients:4} clients: time {middle:.2f} [{low:.2f}..{high:.2f}] x raw-group"
    line += f" (<= {TARGETS[clients]}), p99 {median(tails):.2f} x (<= {P99_TARGET})"
    line += f"; {micro:.0f} µs, p99 {median(part.p99 for part in slices['log']) * 1e3:.1f} ms"
    good = middle <= TARGETS[clients] and median(tails) <= P99_TARGET
    if single is not None:
        assert single.close() == numbers["single"].next
        rate = median(ratios("single", "log", "per_append"))
        line += f"; {rate:.1f} x the rate of one commit each (>= {RATE_TARGET})"
        good = good and rate >= RATE_TARGET
    print(line, "" if good else "  MISSED", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4, help="per arm and round")
    parser.add_argument("--folder", default=None, help="on the disk to measure")
    parser.add_argument("--clients", type=int, nargs="*", default=list(TARGETS))
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for clients in given.clients:
            measured = compare(Path(folder), clients, given.rounds, given.seconds)
            good &= asyncio.run(measured)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
