"""Time of letting a log expire, as a ratio to one SHA-256 per record, and what a site feels of it.

Of the records that are old enough every second one goes, a refusal, and the consent between them
stays a while: no part of the log goes as a whole, which is the slowest way. Meanwhile a process
appends one decision after another; its slowest are compared with those of the quiet log.

    python tests/benchmarks/bench_expire.py [--entries 200000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from consent.log import Log, Row, create_log, open_log
from consent.log.removal import Plan, carry_out, plan
from consent.log.tree import SALT_SIZE, leaf_hash
from consent.record import canonical

DECIDE_TARGET, REMOVE_TARGET = 60.0, 250.0
PART_TARGET = 60.0
MEMORY_TARGET = 64.0
TODAY = date(2026, 11, 28)
# 36 months before, and days ago: a consent of the first counts to 27 November 2023.
OVER, YOUNG = date(2023, 5, 28), date(2026, 1, 1)
SITE = """
import sys, time
from consent.log import Entry, open_log

log, times = open_log(sys.argv[1], writable=True), []
body = b'{"kind":"consent","time":"2026-11-28T12:00:00Z","what":"%s"}' % (b"x" * 600)
print("ready", flush=True)
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    begun = time.perf_counter()
    log.append_soon(Entry("consent", body)).result()
    times.append(time.perf_counter() - begun)
log.close()
print(*times)
"""
DECIDE = """
import resource, sys
from datetime import date
from consent.log import open_log
from consent.log.removal import plan

log = open_log(sys.argv[1], writable=False)
with log.snapshot() as snapshot:
    plan(snapshot, date.fromisoformat(sys.argv[2]), 36)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class Decided(NamedTuple):
    """What goes, and the seconds that it took to say so."""

    plan: Plan
    seconds: float


def row(number: int, day: date) -> Row:
    """Make a record: of two visitors one refuses and one grants."""
    refused, hashes = number % 2 == 0, [f"{number % 7:064x}"] * 4
    states = dict.fromkeys(("marketing", "statistics"), "denied" if refused else "granted")
    end = day + timedelta(days=365 if refused else 200)
    value: dict[str, object] = {
        "artifacts": hashes,
        "decided": dict.fromkeys(states, f"{day}"),
        "event": "refusal" if refused else "grant",
        "expires": dict.fromkeys(states, f"{end}"),
        "kind": "consent",
        "scopes": dict.fromkeys(states, hashes[0]),
        "states": states,
        "time": f"{day}" if refused else f"{day}T12:00:00Z",
    }
    consent_id = None if refused else f"{number * 0x9E3779B97F4A7C15 % 2**64:022d}"
    if consent_id is not None:
        value["consent_id"] = consent_id
    body, salt = canonical(value), bytes(SALT_SIZE)
    return Row(number, "consent", leaf_hash(body, salt), body, salt, consent_id)


def fill(address: str, count: int) -> None:
    """Make a log whose first half is old enough for its refusals to go."""
    create_log(address, "example.fi", like={"created": "2020-01-01T00:00:00+00:00"})
    log = open_log(address, writable=True)
    for start in range(0, count, 4096):
        numbers = range(start, min(start + 4096, count))
        log.adopt([row(number, OVER if number < count // 2 else YOUNG) for number in numbers])
    log.close()


def hashing() -> float:
    """Seconds for one SHA-256 of a record."""
    bodies = [row(number, OVER).body or b"" for number in range(5000)]
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for body in bodies:
            sha256(body).digest()
        best = min(best, time.perf_counter() - begun)
    return best / len(bodies)


def decide(log: Log) -> Decided:
    begun = time.perf_counter()
    with log.snapshot() as snapshot:
        decided = plan(snapshot, TODAY, 36)
    return Decided(decided, time.perf_counter() - begun)


def site(address: str, seconds: float) -> subprocess.Popen[str]:
    """Start a site that appends for so long."""
    command = [sys.executable, "-c", SITE, address, f"{seconds}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def slowest(process: subprocess.Popen[str]) -> float:
    """Milliseconds that only one append of a hundred took longer than."""
    return last_of_hundred(list(map(float, process.communicate()[0].split())))


def last_of_hundred(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] * 1000


def memory(address: str) -> float:
    """MiB that a process needs at most to decide."""
    command = [sys.executable, "-c", DECIDE, address, f"{TODAY}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def main() -> int:
    """Print the ratios; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    count = parser.parse_args().entries
    missed = 0

    def tell(what: str, value: float, target: float, unit: str = " x") -> None:
        nonlocal missed
        missed += value > target
        mark = "ok" if value <= target else "MISSED"
        print(f"{what:<54}{value:10.2f}{unit:<4} (<= {target:g}) {mark}", flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-expire-") as folder:
        address = str(Path(folder) / "log.sqlite3")
        fill(address, count)
        reference = hashing()
        print(f"{count} entries; one sha256 of a record: {reference * 1e6:.2f} µs")
        tell("memory to decide", memory(address), MEMORY_TARGET, " MiB")
        log = open_log(address, writable=True)
        decided = decide(log)
        tell("to decide, each entry", decided.seconds / count / reference, DECIDE_TARGET)
        quiet = slowest(site(address, 3))
        parts: list[float] = []
        expire = log.expire

        def timed(*given: object) -> object:
            begun = time.perf_counter()
            answer = expire(*given)  # type: ignore[arg-type]
            parts.append(time.perf_counter() - begun)
            return answer

        log.expire = timed  # type: ignore[method-assign, assignment]
        busy = site(address, 1 + 2 * decided.seconds)
        carry_out(log, decided.plan)
        meanwhile = slowest(busy)
        gone = sum(tally.count for tally in decided.plan.tallies.values())
        tell(f"to remove, each of {gone}", sum(parts) / gone / reference, REMOVE_TARGET)
        tell(f"of {len(parts)} parts, p99", last_of_hundred(parts), PART_TARGET, " ms")
        tell("a site's append meanwhile, p99", meanwhile, 2 * PART_TARGET, " ms")
        print(f"(on the quiet log: {quiet:.2f} ms)")
        again = decide(log)
        assert not again.plan.tallies
        ratio = again.seconds / count / reference
        tell("to find that nothing is due, each entry", ratio, DECIDE_TARGET)
        log.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"(this process: {peak:.0f} MiB)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
