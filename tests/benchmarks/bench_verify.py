"""Time of verifying a log and of its proofs, as a ratio to one SHA-256 per record in the same run.

The log is made anew, of records as they are, in groups as a busy site commits them; with --single
each stands in a row of its own, as on a quiet site. The reference hashes the same bytes, which lie
ready in memory. Memory is that of a process that does nothing else.

    python tests/benchmarks/bench_verify.py [--entries 1000000] [--rounds 3] [--single]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median

from consent.log import Log, Row, create_log, open_log, sqlite_change
from consent.log.proofs import included, inclusion, stored
from consent.log.tree import leaf_hash
from consent.log.verify import verify
from consent.record import canonical

VERIFY_TARGET = 7.0
WORKERS_TARGET = 0.75
PROOF_TARGET = 3000.0
PROOF_GROWTH = 2.5
MEMORY_TARGET = 200 * 1024 * 1024
SMALL = 50_000


TEXTS = [b"artifact %d" % number for number in range(12)]
NAMES = [sha256(text).hexdigest() for text in TEXTS]
CATEGORIES = ("marketing", "preferences", "statistics")


def row(number: int) -> Row:
    """Make a record: of two visitors one refuses, without an id, and one grants (R35, R43)."""
    refused, day = number % 2 == 0, date(2026, 1, 1) + timedelta(days=number // 2000)
    at = number // 200_000 % 3 * 4
    shown, declared, interface, notice = NAMES[at : at + 4]
    value: dict[str, object] = {
        "artifacts": [shown, declared, interface, notice],
        "decided": dict.fromkeys(CATEGORIES, f"{day}"),
        "declaration": declared,
        "event": "refusal" if refused else "grant",
        "expires": dict.fromkeys(CATEGORIES, f"{day + timedelta(days=365)}"),
        "id": f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}",
        "interface": interface,
        "kind": "consent",
        "language": ("fi", "sv", "en")[number % 3],
        "layout": "left",
        "method": "banner",
        "notice": {"hash": notice, "version": "2026.1"},
        "schema": 1,
        "scopes": dict.fromkeys(CATEGORIES, shown),
        "shown": shown,
        "states": dict.fromkeys(CATEGORIES, "denied" if refused else "granted"),
        "time": f"{day}",
    }
    consent_id = None
    if not refused:
        consent_id = f"{number * 0x9E3779B97F4A7C15 % 2**64:022d}"
        value["consent_id"] = consent_id
        value["time"] = f"{day}T{number // 60 % 24:02}:{number % 60:02}:00Z"
    body, salt = canonical(value), os.urandom(16)
    return Row(number, "consent", leaf_hash(body, salt), body, salt, consent_id)


def fill(address: str, entries: int, *, single: bool = False) -> None:
    """Make a log of so many decisions."""
    create_log(address, "example.fi")
    log = open_log(address, writable=True)
    log.put_artifacts({name: ("text/plain", text) for name, text in zip(NAMES, TEXTS, strict=True)})
    for start in range(0, entries, 8192):
        rows = [row(number) for number in range(start, min(start + 8192, entries))]
        adopt_singly(log, rows) if single else log.adopt(rows)
    log.close()


def adopt_singly(log: Log, rows: list[Row]) -> None:
    """Put each record in a row of its own."""
    before, sqlite_change.RUN = sqlite_change.RUN, 1
    try:
        log.adopt(rows)
    finally:
        sqlite_change.RUN = before


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def hashing(entries: int) -> float:
    """Seconds for one SHA-256 per record, of as many records as lie in memory well."""
    bodies = [row(number).body or b"" for number in range(min(entries, SMALL))]

    def work() -> None:
        for each in bodies:
            sha256(each).digest()

    return min(timed(work) for _ in range(5)) / len(bodies)


def check(address: str, workers: int) -> float:
    with open_log(address, writable=False).snapshot() as snapshot:
        begin = time.perf_counter()
        report = verify(snapshot, address=address, workers=workers)
        taken = time.perf_counter() - begin
    report.require()
    return taken


def proof(address: str, size: int) -> float:
    """Seconds to make one proof of inclusion and check it, each time from a fresh start."""
    chosen = random.Random(7)
    taken = []
    with open_log(address, writable=False).snapshot() as snapshot:
        root = snapshot.head().root
        for _ in range(200):
            seq = chosen.randrange(size)
            begin = time.perf_counter()
            path = inclusion(seq, size, stored(snapshot))
            assert included(snapshot.leaves(seq, seq + 1)[0], seq, size, path, root)
            taken.append(time.perf_counter() - begin)
    return median(taken)


def memory(address: str) -> int:
    """Bytes that a process needs at most to verify and to export the log."""
    code = (
        "import resource, sys; from consent.log import open_log;"
        " from consent.log.verify import verify; from consent.log.export import export;"
        " view = open_log(sys.argv[1], writable=False).snapshot(); snapshot = view.__enter__();"
        " verify(snapshot).require(); sum(map(len, export(snapshot)));"
        " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, address], check=True, capture_output=True, text=True
    )
    return int(done.stdout) * 1024


def main() -> int:
    """Print the ratios; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--single", action="store_true")
    options = parser.parse_args()
    missed = 0

    def tell(what: str, value: float, target: float, unit: str = " x") -> None:
        nonlocal missed
        missed += value > target
        mark = "ok" if value <= target else "MISSED"
        print(f"{what:<58}{value:10.2f}{unit:<3} (<= {target:g}) {mark}", flush=True)

    with tempfile.TemporaryDirectory(prefix="bench-verify-") as folder:
        address = str(Path(folder) / "log.sqlite3")
        fill(address, options.entries, single=options.single)
        size = os.path.getsize(address)
        print(f"{options.entries} entries, {size / options.entries:.0f} bytes each in the file")
        ratios, both, reference = [], [], 0.0
        for _ in range(options.rounds):
            reference = hashing(options.entries)
            one = check(address, 1)
            two = check(address, 2)
            ratios.append(one / options.entries / reference)
            both.append(two / one)
        print(f"one sha256 of a record: {reference * 1e6:.2f} µs")
        tell("verify, to one sha256 per record", median(ratios), VERIFY_TARGET)
        tell("two workers, to one", median(both), WORKERS_TARGET)
        small = str(Path(folder) / "small.sqlite3")
        fill(small, SMALL)
        large, less = proof(address, options.entries), proof(small, SMALL)
        tell(f"proof made and checked at {options.entries}", large / reference, PROOF_TARGET)
        tell(f"the same to that at {SMALL}", large / less, PROOF_GROWTH)
        tell("memory of verify and export", memory(address) / 2**20, MEMORY_TARGET / 2**20, " MiB")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"(this process: {peak:.0f} MiB)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
