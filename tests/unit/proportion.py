"""Whether work grows no faster than what it is done on, on a machine that others use too."""

from __future__ import annotations

import gc
import math
import time
from bisect import insort
from collections.abc import Callable
from typing import TypeVar

Data = TypeVar("Data")

TRIES = 30
"""Work that grows by the square does so each time; what others take of the machine does not."""


def in_proportion(
    make: Callable[[int], Data], work: Callable[[Data], object], small: int, factor: int = 4
) -> bool:
    """Whether `factor` times the size takes at most 2.5 times the time for each doubling of it.

    `make` gives what the work is done on, of a size; only the time of `work` in its own thread
    counts. The two sizes are measured in turns, and a low time of each is compared, so that a
    disturbance is met by the next try; not the lowest, since a clock that jumps once would give one
    that no other comes near. Work too short to be measured is given more at a time.
    """
    limit = 2.5 ** math.log2(factor)
    little = make(small)
    while _seconds(work, little) < 0.0001 and small < 1_000_000:
        small *= 2
        little = make(small)
    much = make(factor * small)
    short: list[float] = []
    long: list[float] = []
    for _ in range(TRIES):
        insort(short, _seconds(work, little))
        insort(long, _seconds(work, much))
        low = len(short) // 4
        if long[low] <= limit * short[low]:
            return True
    return False


def _seconds(work: Callable[[Data], object], data: Data) -> float:
    # What the collector takes grows with all that the tests before have left in memory.
    collects = gc.isenabled()
    gc.disable()
    try:
        begun = time.thread_time()
        work(data)
        return time.thread_time() - begun
    finally:
        if collects:
            gc.enable()
