"""How the benchmarks compare: arms take turns within one run, and only ratios are judged.

The arms of a round run in an order of their own, so that whatever else the machine does falls on
all of them alike; a ratio is taken within each round, and its median and quartiles over the rounds
are what is printed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Coroutine, Mapping, Sequence
from platform import python_implementation, python_version
from random import Random
from statistics import quantiles
from time import thread_time
from typing import Any, NamedTuple


class Ratio(NamedTuple):
    """The quartiles of one ratio over all rounds."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:6.3f} [{self.low:.3f}..{self.high:.3f}]"


def ratio(values: Sequence[float]) -> Ratio:
    """Give the quartiles of the ratios of single rounds."""
    return Ratio(*quantiles(values, n=4))


def interleaved(
    arms: Mapping[str, Callable[[], float]], rounds: int, seed: int = 1
) -> dict[str, list[float]]:
    """Run every arm once a round, in an order that changes; give each arm's figures by round."""
    random, figures = Random(seed), {name: [] for name in arms}
    for _ in range(rounds):
        order = list(arms)
        random.shuffle(order)
        for name in order:
            figures[name].append(arms[name]())
    return figures


def cpu_time(work: Coroutine[Any, Any, None]) -> float:
    """Give the seconds of this thread's CPU that a coroutine takes which never waits."""
    begin = thread_time()
    try:
        work.send(None)
    except StopIteration:
        return thread_time() - begin
    work.close()
    raise AssertionError("it waited for something")


class Verdicts:
    """Prints every figure beside its target and remembers whether one was missed."""

    def __init__(self, title: str) -> None:
        self.missed: list[str] = []
        print(f"{title}  ({python_implementation()} {python_version()})")

    def judge(self, name: str, value: Ratio | float, limit: float | None, unit: str = "") -> None:
        """Print one figure; `limit` is the most that its median may be, None for no target."""
        middle = value.middle if isinstance(value, Ratio) else value
        shown = str(value) if isinstance(value, Ratio) else f"{value:6g}"
        verdict = ""
        if limit is not None:
            good = middle <= limit
            verdict = f"  <= {limit:g}{unit}  {'ok' if good else 'MISSED'}"
            if not good:
                self.missed.append(name)
        print(f"  {name:58} {shown}{unit}{verdict}", flush=True)

    def exit_status(self) -> int:
        """Say which targets were missed, and give 1 then, else 0."""
        if self.missed:
            print(f"  missed: {', '.join(self.missed)}")
        return 1 if self.missed else 0


def rounds_wanted(doc: str | None, full: int, quick: int) -> int:
    """Read `--quick` and `--rounds` from the command line."""
    parser = ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--rounds", type=int, default=0)
    given = parser.parse_args(sys.argv[1:])
    rounds = given.rounds or (quick if given.quick else full)
    if rounds < 2:
        parser.error("at least 2 rounds")
    return int(rounds)
