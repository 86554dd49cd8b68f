"""How whoever waits for the log gets the answer: in its own event loop, or in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from consent.errors import LogUnavailable
from consent.log import Appended, Entry

Outcome = Appended | BaseException
AnyFuture = asyncio.Future[Appended] | Future[Appended]
Waiting = tuple[Entry, asyncio.AbstractEventLoop | None, AnyFuture]
"""An entry, and who waits for it: a future of that event loop, or without one a thread's."""


def _settle(pairs: Sequence[tuple[AnyFuture, Outcome]]) -> None:
    """Give each waiting request its answer, in its own event loop if it has one."""
    for future, outcome in pairs:
        try:
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        except (asyncio.InvalidStateError, InvalidStateError):
            pass  # cancelled; the entry stands in the log all the same


def deliver(group: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    """Answer a group with one wake-up per event loop."""
    for loop in {waiting[1] for waiting in group}:
        pairs = [
            (future, outcome)
            for (_, own, future), outcome in zip(group, outcomes, strict=True)
            if own is loop
        ]
        if loop is None:
            _settle(pairs)
        else:
            with suppress(RuntimeError):  # the loop has closed and nobody waits there any more
                loop.call_soon_threadsafe(_settle, pairs)


def again(error: BaseException) -> BaseException:
    """Copy an error that several callers get, so that their tracebacks do not pile up in one."""
    if isinstance(error, LogUnavailable):
        copy = LogUnavailable(*error.args)
        copy.__cause__ = error.__cause__
        return copy
    return error
