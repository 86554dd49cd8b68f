"""The group commit that every engine shares: one thread writes what waits in one transaction.

Requests that arrive together share one commit, so that durability costs one disk flush a group and
not one a visitor. The thread starts with the first entry and holds the only writing connection.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from logging import getLogger
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from weakref import WeakSet

from consent.errors import LogError, LogUnavailable
from consent.log import Appended, Entry, Health, Meter
from consent.log.committing import Commit, Committer, Engine
from consent.log.delivery import Waiting, again, deliver
from consent.log.spool import Spool
from consent.structured import event

logger = getLogger("consent.log")

GROUP = 512
"""The most entries in one transaction."""

IDLE = 2.0
"""Seconds after which counters are stored, and the spool tried, without an entry to go with."""

_REFUSED = event("spool-entry-refused")


_writers: WeakSet[Writer] = WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.begin_anew()


os.register_at_fork(after_in_child=_after_fork)


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
        self._meter: Meter | None = None
        self._closing = False
        self._bell: tuple[int, ...] = ()
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

    def append_soon(self, entry: Entry) -> Future[Appended]:
        """Queue an entry; see `Log.append_soon`."""
        future: Future[Appended] = Future()
        self._put((entry, None, future))
        return future

    def spool(self, entry: Entry) -> None:
        """Keep an entry in the spool; see `Log.spool`."""
        self._spool.add(entry)
        self._spooled = True
        self._nudge()

    def count(self, day: str, name: str, n: int = 1) -> None:
        """Add to a daily counter in memory; see `Log.count`."""
        if self._committer.count(day, name, n):
            self._nudge()

    def measure(self, meter: Meter) -> None:
        """Tell a meter of what is written; see `Log.measure`."""
        self._meter = self._committer.meter = meter

    def health(self) -> Health:
        """Tell how writing does; see `Log.health`."""
        return Health(self._queue.qsize(), self._spool.count(), not self._committer.failing)

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
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._committer = Committer(self._engine, self._meter)
        self._spooled = self._spool.waiting()
        self._thread: Thread | None = None
        self._rest = 0.0  # no housekeeping before this time
        self._under_way: deque[tuple[list[Waiting], Commit]] = deque()
        self._wanted = 0  # how many must wait for the thread to be woken by the bell
        self._silence()

    def _silence(self) -> None:
        """Let go of the bell; the parent of a forked child keeps its own."""
        bell, self._bell = self._bell, ()  # first: a fork in between must not close it once more
        for end in bell:
            os.close(end)

    def _put(self, waiting: Waiting) -> None:
        with self._lock:
            if self._closing:
                raise LogUnavailable("the log is closed")
            if self._queue.qsize() >= self._limit:
                if self._meter is not None:
                    self._meter.failed(1)
                raise LogUnavailable(f"{self._limit} entries wait for the log already")
            self._queue.put(waiting)
            if self._wanted and self._queue.qsize() >= self._wanted:
                self._wanted = 0
                os.write(self._bell[1], b"!")
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
        under_way = self._under_way
        while True:
            group = self._next() if under_way else self._take(self._patience(due))
            closing = self._closing
            late = due is not None and monotonic() >= due
            room = len(under_way) - 1
            if group:
                under_way.append((group, self._committer.begin([each[0] for each in group])))
                room = self._engine.depth - 1
            if closing or late or self._spooled:
                room = 0  # housekeeping is for when nothing is under way
            worked = False
            while len(under_way) > max(0, room):
                worked = self._finish()
            if not under_way:
                if closing or late:
                    due = None
                    self._guard(self._idle)
                elif worked and self._spooled:
                    self._guard(self._drain)
                elif (group is None and not worked) or (worked and self._engine.untidy() == 0):
                    tidied = self._guard(self._engine.tidy)
                    self._rest = 0.0 if tidied else monotonic() + IDLE
                if closing and self._queue.empty():
                    break
            if due is None and (self._committer.counting or self._spooled):
                due = monotonic() + IDLE
        self._engine.close()
        with self._lock:
            self._silence()

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

    def _take(self, seconds: float | None, most: int | None = None) -> list[Waiting] | None:
        """Wait for an entry or a nudge, then take what waits; None when nothing came.

        Where two groups may be under way a group is half of all, so that one is put together while
        the other is written.
        """
        group: list[Waiting] = []
        take = self._queue.get_nowait
        try:
            first = self._queue.get(timeout=seconds)
        except Empty:
            return None
        if first is not None:
            group.append(first)
        if most is None:
            most = GROUP
            if self._engine.depth > 1:
                everybody = sum(len(group) for group, _ in self._under_way) + self._queue.qsize()
                most = min(GROUP, everybody // 2 + 1)
        try:
            while len(group) < most:
                waiting = take()
                if waiting is not None:
                    group.append(waiting)
        except Empty:
            pass
        return group

    def _next(self) -> list[Waiting] | None:
        """Take another group once as many wait as are under way; None when those are done first."""
        wanted = len(self._under_way[-1][0])
        with self._lock:
            try:
                self._bell = self._bell or os.pipe()
            except OSError:  # no more files may be open: then without a bell
                return None
            self._wanted = 0 if self._queue.qsize() >= wanted else wanted
        if self._wanted:
            done = self._engine.answered(self._bell[0])
            with self._lock:
                rung, self._wanted = not self._wanted, 0
            if rung:
                os.read(self._bell[0], 1)
            if done:
                return None
        return self._take(0.0)

    def _finish(self) -> bool:
        """Answer the callers of the earliest group under way; returns whether the log works.

        When that fails nothing is left under way, so that what failed can be tried by parts.
        """
        failed: list[tuple[list[Waiting], Commit, BaseException]] = []
        while self._under_way:
            group, commit = self._under_way.popleft()
            try:
                appended = self._committer.finish(commit)
            except BaseException as error:  # whatever it is, nobody may be left waiting
                failed.append((group, commit, error))
                continue
            deliver(group, appended)
            if not failed:
                return True
        worked = True
        for group, commit, cause in failed:
            worked = self._retry(group, commit, cause) and worked
        return worked

    def _retry(self, group: list[Waiting], commit: Commit, error: BaseException) -> bool:
        """Answer the callers of a group that failed; returns whether the log works."""
        outcomes = self._committer.singly(commit.entries, error)
        failures = sum(isinstance(outcome, BaseException) for outcome in outcomes)
        failed = outcomes[-1]
        late: list[Waiting] = []
        if isinstance(failed, LogError):
            self._committer.note(failed)
            # Those who came while the log failed have waited their share too; they are taken out
            # before anybody is told, so that who comes afterwards is tried anew.
            late = self._take(0, self._limit) or []
        if failures and self._meter is not None:
            self._meter.failed(failures + len(late))
        deliver(group, outcomes)
        if isinstance(failed, LogError):
            deliver(late, [again(failed) for _ in late])
            return False
        return True

    def _idle(self) -> None:
        if self._committer.counting:
            self._committer.commit([])
        if self._spooled:
            self._drain()

    def _drain(self) -> None:
        self._spooled = not self._spool.drain(self._unspool)

    def _guard(self, work: Callable[[], None]) -> bool:
        """Do work that no caller waits for; returns False for what is to be tried again later."""
        try:
            work()
        except LogError as error:
            self._committer.note(error)
            return False
        except Exception:
            logger.exception("housekeeping of the log failed", extra=event("log-untidy"))
            return False
        return True

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
            self._committer.commit(revived)
        except LogError:
            raise
        except Exception as error:
            for entry, outcome in zip(revived, self._committer.singly(revived, error), strict=True):
                if isinstance(outcome, LogError):
                    raise outcome from error
                if isinstance(outcome, BaseException):
                    logger.error("a spooled entry fails", exc_info=outcome, extra=_REFUSED)
                    refused.append(entry)
        return refused
