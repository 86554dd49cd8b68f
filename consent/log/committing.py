"""What hands groups of entries to an engine, with what was counted, and tells how that goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from logging import getLogger
from threading import Lock
from time import monotonic
from typing import NamedTuple, Protocol

from consent.errors import LogError, LogUnavailable
from consent.log import Appended, Entry, Meter
from consent.log.delivery import Outcome, again
from consent.structured import event

logger = getLogger("consent.log")

Counts = Mapping[tuple[str, str], int]
"""What was counted: {(day, name): n}."""


class Engine(Protocol):
    """What the writer asks of a database; called from the writer's thread only."""

    @property
    def depth(self) -> int:
        """How many groups may be under way at a time, one or more."""
        ...

    def commit(self, entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        """Append all or nothing in one durable transaction, in bounded time.

        What is given back waits for it, and is called for one group after the other. Either raises
        `LogError` when the database is to blame, and what an entry's `revise` raised.
        """
        ...

    def answered(self, bell: int) -> bool:
        """Wait until the earliest group under way is done; False if a file can be read before."""
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


class Commit(NamedTuple):
    """Entries on their way, what waits for them, the counters with them, and since when.

    `finish` is what `Engine.commit` gave; the time is that of `monotonic`.
    """

    entries: Sequence[Entry]
    finish: Callable[[], list[Appended]]
    counts: Counts
    begun: float


class Committer:
    """Commits entries with the counters that wait; all but `count` is the writer's thread's."""

    def __init__(self, engine: Engine, meter: Meter | None = None) -> None:
        """Take the engine, and what measures it."""
        self._engine = engine
        self.meter = meter
        self.failing = False
        self._lock = Lock()
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, day: str, name: str, n: int) -> bool:
        """Add to a daily counter in memory; returns whether it is the first that waits."""
        with self._lock:
            first = not self._counts
            self._counts[day, name] = self._counts.get((day, name), 0) + n
        return first

    @property
    def counting(self) -> bool:
        """Tell whether a counter waits to be stored."""
        return bool(self._counts)

    def begin(self, entries: Sequence[Entry]) -> Commit:
        """Hand entries to the engine; what goes wrong is told when their turn comes to finish."""
        counts: dict[tuple[str, str], int] = {}
        if self._counts:
            with self._lock:
                counts, self._counts = self._counts, counts
        begun = monotonic()
        try:
            finish = self._engine.commit(entries, counts)
        except BaseException as error:
            finish = partial(_fail, error)
        return Commit(entries, finish, counts, begun)

    def finish(self, commit: Commit) -> list[Appended]:
        """Wait for the earliest that began; raises what `Engine.commit` does."""
        try:
            appended = commit.finish()
        except BaseException:
            with self._lock:
                for key, n in commit.counts.items():
                    self._counts[key] = self._counts.get(key, 0) + n
            raise
        self.note(None)
        if self.meter is not None and commit.entries:
            self.meter.committed(len(commit.entries), monotonic() - commit.begun)
        return appended

    def commit(self, entries: Sequence[Entry]) -> list[Appended]:
        """Commit entries, or only counters, while nothing else is being committed."""
        return self.finish(self.begin(entries))

    def singly(self, entries: Sequence[Entry], error: BaseException) -> list[Outcome]:
        """Commit one by one what failed together, so that one bad entry spoils only itself.

        When the log itself fails, it would on the rest: they get that error at once. Then it may
        even have taken the group, without being able to say so.
        """
        if len(entries) == 1:
            return [error]
        if isinstance(error, LogUnavailable):
            return [again(error) for _ in entries]
        outcomes: list[Outcome] = []
        for entry in entries:
            try:
                outcomes += self.commit([entry])
            except LogError as failure:
                outcomes += [again(failure) for _ in range(len(entries) - len(outcomes))]
                break
            except BaseException as own:
                outcomes.append(own)
        return outcomes

    def note(self, error: BaseException | None) -> None:
        """Tell the operator once when the log fails and once when it works again."""
        if error is not None and not self.failing:
            logger.error("the log does not work: %s", error, extra=event("log-down"))
        elif error is None and self.failing:
            logger.warning("the log works again", extra=event("log-up"))
        self.failing = error is not None


def _fail(error: BaseException) -> list[Appended]:
    raise error
