"""Waiting for other threads and processes: however slow they are, but not for ever."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

LONG = 120.0
"""Seconds after which what has not come will not come; nothing here takes one of them."""


def until(holds: Callable[[], object], pause: float = 0.01) -> None:
    """Wait until something holds that another thread or process brings about."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end, "it has not come and will not come"
        time.sleep(pause)


def exit_code(pid: int) -> int:
    """Wait for a child to end; one that does not is killed, so that it outlives no test."""
    status: list[int] = []

    def ended() -> bool:
        found, code = os.waitpid(pid, os.WNOHANG)
        status.append(code)
        return found == pid

    try:
        until(ended)
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    return os.waitstatus_to_exitcode(status[-1])
