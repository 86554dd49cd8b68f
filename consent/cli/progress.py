"""How far a command is, for a person who waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

Progress = Callable[[int, int], None]
"""Takes how much is done, and how much there is."""


@contextmanager
def progress(what: str, unit: str = "entries", *, shown: bool = True) -> Iterator[Progress]:
    """Show a bar on standard error, if that is a terminal, from the first call on.

    It goes when the block ends.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda done, total: None
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread for a bar
    with ExitStack() as stack:
        bars: list[tqdm] = []

        def show(done: int, total: int) -> None:
            if not bars:
                bar = tqdm(desc=what, unit=f" {unit}", total=total, leave=False, dynamic_ncols=True)
                bars.append(stack.enter_context(bar))
            bars[0].total = total
            bars[0].update(done - bars[0].n)

        yield show
