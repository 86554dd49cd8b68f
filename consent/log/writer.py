"""The group commit that every engine shares: one thread writes what waits in one transaction.

Requests that arrive together share one commit, so that durability costs one disk flush a group and
not one a visitor. The thread starts with the first entry and holds the only writing connection.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from logging import getLogger
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Protocol
from weakref import WeakSet

from consent.errors import LogError, LogUnavailable
from consent.log import Appended, Entry, Health, Meter
from consent.log.spool import Spool
from consent.structured import event

logger = getLogger("consent.log")

GROUP = 512
"""The most entries in one transaction."""

IDLE = 2.0
"""Seconds after which counters are stored, and the spool tried, without an entry to go with."""

Counts = Mapping[tuple[str, str], int]
"""What was counted: {(day, name): n}."""

_REFUSED = event("spool-entry-refused")

_Outcome = Appended | BaseException
_Answer = Future[Appended]
_Future = asyncio.Future[Appended] | _Answer
_Waiting = tuple[Entry, asyncio.AbstractEventLoop | None, _Future]


class Engine(Protocol):
    """What the writer asks of a database; called from the writer's thread only."""

    def commit(self, entries: Sequence[Entry], counts: Counts) -> list[Appended]:
        """Append all or nothing in one durable transaction, in bounded time.

        Raises `LogError` when the database is to blame, and what an entry's `revise` raised.
        """
        ...

    def untidy(self) -> float | None:
        """Tell after how many quiet seconds `tidy` should be called: 0 is now, None is never."""
        ...

    def tidy(self) -> None:
        """Do one short slice of housekeeping; raises `LogError`."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


_writers: WeakSet[Writer] = WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.begin_anew()


os.register_at_fork(after_in_child=_after_fork)


def _settle(pairs: Sequence[tuple[_Future, _Outcome]]) -> None:
    """Give each waiting request its answer, in its own event loop if it has one."""
    for future, outcome in pairs:
        try:
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        except (asyncio.InvalidStateError, InvalidStateError):
            pass  # cancelled; the entry stands in the log all the same


def _deliver(group: Sequence[_Waiting], outcomes: Sequence[_Outcome]) -> None:
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


def _again(error: BaseException) -> BaseException:
    """Copy an error that several callers get, so that their tracebacks do not pile up in one."""
    if isinstance(error, LogUnavailable):
        copy = LogUnavailable(*error.args)
        copy.__cause__ = error.__cause__
        return copy
    return error


class Writer:
    """The writer thread of one log in one process; a forked child gets a fresh one."""

    def __init__(
        self,
        engine: Engine,
        spool: Spool,
        *,
        limit: int = 4096,
        revive: Callable[[Entry], Entry] | None = None,
    ) -> None:
        """Take the engine, the spool beside the log, and how many entries may wait."""
        self._engine = engine
        self._spool = spool
        self._limit = limit
        self._revive = revive
        self.meter: Meter | None = None
        self._closing = False
        self._reset()
        _writers.add(self)
        if spool.waiting():
            self._nudge()

    async def append(self, entry: Entry) -> Appended:
        """Append an entry, durable before this returns; see `Log.append`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # trio: a thread waits in its stead
            from anyio import to_thread

            return await to_thread.run_sync(self.append_soon(entry).result, abandon_on_cancel=True)
        future: asyncio.Future[Appended] = loop.create_future()
        self._put((entry, loop, future))
        return await future

    def append_soon(self, entry: Entry) -> _Answer:
        """Queue an entry; see `Log.append_soon`."""
        future: _Answer = Future()
        self._put((entry, None, future))
        return future

    def spool(self, entry: Entry) -> None:
        """Keep an entry in the spool; see `Log.spool`."""
        self._spool.add(entry)
        self._spooled = True
        self._nudge()

    def count(self, day: str, name: str, n: int = 1) -> None:
        """Add to a daily counter in memory; see `Log.count`."""
        with self._lock:
            first = not self._counts
            self._counts[day, name] = self._counts.get((day, name), 0) + n
        if first:
            self._nudge()

    def health(self) -> Health:
        """Tell how writing does; see `Log.health`."""
        return Health(self._queue.qsize(), self._spool.count(), not self._failing)

    def close(self) -> None:
        """Write what waits and end the thread."""
        with self._lock:
            self._closing = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()
            atexit.unregister(self.close)

    def begin_anew(self) -> None:
        """Forget what waits, in a forked child: it is the parent's, and so is its thread."""
        self._reset()

    def _reset(self) -> None:
        self._lock = Lock()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._counts: dict[tuple[str, str], int] = {}
        self._spooled = self._spool.waiting()
        self._thread: Thread | None = None
        self._failing = False
        self._rest = 0.0  # no housekeeping before this time

    def _put(self, waiting: _Waiting) -> None:
        with self._lock:
            if self._closing:
                raise LogUnavailable("the log is closed")
            if self._queue.qsize() >= self._limit:
                if self.meter is not None:
                    self.meter.failed(1)
                raise LogUnavailable(f"{self._limit} entries wait for the log already")
            self._queue.put(waiting)
            if self._thread is None:
                self._start()

    def _nudge(self) -> None:
        """Wake the thread although there is no entry."""
        with self._lock:
            if not self._closing:
                self._queue.put(None)
                if self._thread is None:
                    self._start()

    def _start(self) -> None:
        self._thread = Thread(target=self._run, name="consent-log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _run(self) -> None:
        due: float | None = monotonic() if self._spooled else None
        while True:
            group = self._take(self._patience(due), GROUP)
            closing = self._closing
            worked = self._write(group) if group else False
            if closing or (due is not None and monotonic() >= due):
                due = None
                self._guard(self._idle)
            elif worked and self._spooled:
                self._guard(self._drain)
            elif group is None or (worked and self._engine.untidy() == 0):
                tidied = self._guard(self._engine.tidy)
                self._rest = 0.0 if tidied else monotonic() + IDLE
            if closing and self._queue.empty():
                break
            if due is None and (self._counts or self._spooled):
                due = monotonic() + IDLE
        self._engine.close()

    def _patience(self, due: float | None) -> float | None:
        """Give the seconds that the thread may wait for an entry, or None for ever."""
        if self._closing:
            return 0.0
        # The spool counts on keys that tidying forgets: it comes first.
        quiet = None if self._spooled else self._engine.untidy()
        if quiet is not None and self._rest:
            quiet = max(quiet, self._rest - monotonic())
        if due is None:
            return quiet
        left = max(0.0, due - monotonic())
        return left if quiet is None else min(left, quiet)

    def _take(self, seconds: float | None, most: int) -> list[_Waiting] | None:
        """Wait for an entry or a nudge, then take all that waits; None when nothing came."""
        group: list[_Waiting] = []
        take = self._queue.get_nowait
        try:
            first = self._queue.get(timeout=seconds)
        except Empty:
            return None
        if first is not None:
            group.append(first)
        try:
            while len(group) < most:
                waiting = take()
                if waiting is not None:
                    group.append(waiting)
        except Empty:
            pass
        return group

    def _write(self, group: list[_Waiting]) -> bool:
        """Commit a group and answer its callers; returns whether the log took it."""
        entries = [waiting[0] for waiting in group]
        outcomes: Sequence[_Outcome]
        failures = 0
        try:
            outcomes = self._commit(entries)
            worked = True
        except BaseException as error:  # whatever it is, nobody may be left waiting
            outcomes = self._singly(entries, error)
            failures = sum(isinstance(outcome, BaseException) for outcome in outcomes)
            worked = not isinstance(outcomes[-1], LogError)
            if not worked:
                self._note(error)
        late: list[_Waiting] = []
        if not worked:
            # Those who came while the log failed have waited their share too; they are taken out
            # before anybody is told, so that who comes afterwards is tried anew.
            late = self._take(0, self._limit) or []
        if failures and self.meter is not None:
            self.meter.failed(failures + len(late))
        _deliver(group, outcomes)
        if late:
            failed = outcomes[-1]
            assert isinstance(failed, LogError)
            _deliver(late, [_again(failed) for _ in late])
        return worked

    def _commit(self, entries: Sequence[Entry]) -> list[Appended]:
        counts: dict[tuple[str, str], int] = {}
        if self._counts:
            with self._lock:
                counts, self._counts = self._counts, counts
        begun = monotonic()
        try:
            appended = self._engine.commit(entries, counts)
        except BaseException:
            with self._lock:
                for key, n in counts.items():
                    self._counts[key] = self._counts.get(key, 0) + n
            raise
        if self._failing:
            self._note(None)
        if self.meter is not None and entries:
            self.meter.committed(len(entries), monotonic() - begun)
        return appended

    def _singly(self, entries: list[Entry], error: BaseException) -> list[_Outcome]:
        """Commit one by one what failed together, so that one bad entry spoils only itself.

        When the log itself fails, it would on the rest: they get that error at once. Then it may
        even have taken the group, without being able to say so.
        """
        if len(entries) == 1:
            return [error]
        if isinstance(error, LogUnavailable):
            return [_again(error) for _ in entries]
        outcomes: list[_Outcome] = []
        for entry in entries:
            try:
                outcomes += self._commit([entry])
            except LogError as failure:
                outcomes += [_again(failure) for _ in range(len(entries) - len(outcomes))]
                break
            except BaseException as own:
                outcomes.append(own)
        return outcomes

    def _idle(self) -> None:
        if self._counts:
            self._commit([])
        if self._spooled:
            self._drain()

    def _drain(self) -> None:
        self._spooled = not self._spool.drain(self._unspool)

    def _guard(self, work: Callable[[], None]) -> bool:
        """Do work that no caller waits for; returns False for what is to be tried again later."""
        try:
            work()
        except LogError as error:
            self._note(error)
            return False
        except Exception:
            logger.exception("housekeeping of the log failed", extra=event("log-untidy"))
            return False
        return True

    def _note(self, error: BaseException | None) -> None:
        """Tell the operator once when the log fails and once when it works again."""
        if error is not None and not self._failing:
            logger.error("the log does not work: %s", error, extra=event("log-down"))
        elif error is None and self._failing:
            logger.warning("the log works again", extra=event("log-up"))
        self._failing = error is not None

    def _unspool(self, entries: list[Entry]) -> list[Entry]:
        """Append entries from the spool; returns those that can never be appended."""
        revive = self._revive
        revived: list[Entry] = []
        refused: list[Entry] = []
        for entry in entries:
            try:
                revived.append(revive(entry) if revive else entry)
            except Exception:
                logger.exception("a spooled entry cannot be revived", extra=_REFUSED)
                refused.append(entry)
        if not revived:
            return refused
        try:
            self._commit(revived)
        except LogError:
            raise
        except Exception as error:
            for entry, outcome in zip(revived, self._singly(revived, error), strict=True):
                if isinstance(outcome, LogError):
                    raise outcome from error
                if isinstance(outcome, BaseException):
                    logger.error("a spooled entry fails", exc_info=outcome, extra=_REFUSED)
                    refused.append(entry)
        return refused
