"""Exporting, importing and backing up take no more memory for more entries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.bench_verify import fill

SMALL, LARGE = 16_000, 64_000
MOST = 200
"""MiB that any of them may take, whatever the size of the log."""

MEASURED = """
import sys
from consent.cli import main

assert main(sys.argv[1:]) == 0
# Of this program alone: what `getrusage` tells is also that of the one which started it.
(line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(line.split()[1]) / 1024)
"""
COMMANDS = {
    "jsonl": ["export", "-o", "out.jsonl", "--log"],
    "csv": ["export", "--format", "csv", "-o", "out.csv", "--log"],
    "parquet": ["export", "--format", "parquet", "-o", "out.parquet", "--log"],
    "backup": ["backup", "-o", "copy.sqlite3", "--log"],
    "import of a log": ["import", "--to", "moved.sqlite3"],
    "import of an export": ["import", "--to", "again.sqlite3"],
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A log of each size, and what it was exported to."""
    found = {}
    for size in (SMALL, LARGE):
        found[size] = tmp_path_factory.mktemp(f"of-{size}")
        fill(str(found[size] / "log.sqlite3"), size)
        peak(found[size], "export", "-o", "log.jsonl", "--log", "log.sqlite3")
    return found


def peak(folder: Path, *words: str) -> float:
    command = [sys.executable, "-c", MEASURED, "log", *words]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", COMMANDS)
def test_memory_does_not_grow_with_the_log(folders: dict[int, Path], name: str) -> None:
    """48,000 entries more, which are 60 MiB, take less than a fifth of that."""
    source = "log.jsonl" if name == "import of an export" else "log.sqlite3"
    small, large = (peak(folders[size], *COMMANDS[name], source) for size in (SMALL, LARGE))
    assert large < MOST
    assert large - small < 12, (small, large)
