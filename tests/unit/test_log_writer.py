"""The group-commit writer answers everybody, whatever the engine does."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from select import select
from threading import Event

import pytest

from consent.errors import LogUnavailable
from consent.log import Appended, Entry
from consent.log import writer as writing
from consent.log.committing import Counts
from consent.log.spool import Spool
from consent.log.writer import Writer
from tests.unit.patience import LONG, exit_code, until


class Engine:
    """An engine in memory that can be stopped and made to fail."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.counted: dict[tuple[str, str], int] = {}
        self.groups: list[int] = []
        self.closed = 0
        self.go = Event()
        self.go.set()
        self.fail: Callable[[Sequence[Entry]], BaseException | None] = lambda entries: None
        self.depth = 1

    def commit(self, entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        self.groups.append(len(entries))
        assert self.go.wait(LONG), "nobody lets the engine go on"
        error = self.fail(entries)
        if error is not None:
            raise error
        first = len(self.stored)
        self.stored += [entry.body for entry in entries]
        for key, n in counts.items():
            self.counted[key] = self.counted.get(key, 0) + n
        appended = [Appended(first + at, b"", each.body, True) for at, each in enumerate(entries)]
        return lambda: appended

    def answered(self, bell: int) -> bool:
        return True

    def untidy(self) -> float | None:
        return None

    def tidy(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def writer(engine: Engine, tmp_path: Path) -> Iterator[Writer]:
    found = Writer(engine, Spool(str(tmp_path / "spool")), limit=300)
    yield found
    engine.go.set()
    found.close()


def entry(number: int) -> Entry:
    return Entry("consent", b"%d" % number)


def stopped(engine: Engine, writer: Writer, count: int) -> list:
    """Let entries wait until the engine goes on; the first is with the engine already."""
    engine.go.clear()
    futures = [writer.append_soon(entry(0))]
    until(lambda: engine.groups)
    return futures + [writer.append_soon(entry(number)) for number in range(1, count)]


def test_what_waits_shares_commits(engine, writer):
    futures = stopped(engine, writer, 301)
    engine.go.set()
    assert [future.result(60).seq for future in futures] == list(range(301))
    assert engine.groups == [1, 300]


def test_a_full_queue_refuses_at_once_and_takes_entries_again_later(engine, writer):
    futures = stopped(engine, writer, 301)
    with pytest.raises(LogUnavailable, match="300 entries wait"):
        writer.append_soon(entry(301))
    with pytest.raises(LogUnavailable, match="300 entries wait"):
        asyncio.run(writer.append(entry(301)))
    engine.go.set()
    wait(futures, 60)
    assert writer.append_soon(entry(302)).result(60).seq == 301


def test_one_bad_entry_fails_alone(engine, writer):
    def fail(entries: Sequence[Entry]) -> BaseException | None:
        return ValueError("bad") if any(each.body == b"7" for each in entries) else None

    engine.fail = fail
    futures = stopped(engine, writer, 20)
    engine.go.set()
    wait(futures, 60)
    failed = [at for at, future in enumerate(futures) if future.exception()]
    assert failed == [7]
    assert len(engine.stored) == 19


def test_a_log_that_is_down_answers_all_who_wait_at_once(engine, writer):
    """In bounded time: nobody waits for the log to fail once for each who came before."""
    engine.fail = lambda entries: LogUnavailable("down")
    futures = stopped(engine, writer, 250)
    engine.go.set()
    wait(futures, 60)
    assert {str(future.exception()) for future in futures} == {"down"}
    assert len({id(future.exception()) for future in futures}) == 250
    assert engine.groups == [1]


def test_a_group_that_the_log_may_have_taken_is_not_sent_again(engine, writer):
    """Nobody knows whether it stands there; sent once more it would stand there twice."""
    futures = stopped(engine, writer, 20)
    engine.fail = lambda entries: LogUnavailable("no answer") if len(entries) > 1 else None
    engine.go.set()
    wait(futures, 60)
    assert [str(future.exception()) for future in futures[1:]] == ["no answer"] * 19
    assert engine.groups == [1, 19]


def test_who_comes_after_a_failure_was_told_is_tried_anew(engine, writer):
    engine.fail = lambda entries: None if engine.groups[1:] else LogUnavailable("down")
    after: list = []
    first = Future()
    first.add_done_callback(lambda failed: after.append(writer.append_soon(entry(1))))
    writer._put((entry(0), None, first))
    assert str(first.exception(60)) == "down"
    until(lambda: after)
    assert after[0].result(60).seq == 0


def test_the_log_works_again_when_the_engine_does(engine, writer, caplog):
    engine.fail = lambda entries: LogUnavailable("down")
    with caplog.at_level(logging.WARNING, "consent.log"):
        for number in range(3):
            with pytest.raises(LogUnavailable):
                asyncio.run(writer.append(entry(number)))
        engine.fail = lambda entries: None
        assert asyncio.run(writer.append(entry(9))).seq == 0
    assert [record.getMessage() for record in caplog.records] == [
        "the log does not work: down",
        "the log works again",
    ]


def test_the_operator_is_told_what_the_log_says_and_not_an_entry(engine, writer, caplog):
    """Of a bad entry, whose error may quote it, the log goes down while the others are tried."""
    futures = stopped(engine, writer, 3)
    outcomes = iter([None, ValueError("a bad entry"), LogUnavailable("down")])
    engine.fail = lambda entries: next(outcomes)
    with caplog.at_level(logging.WARNING, "consent.log"):
        engine.go.set()
        wait(futures, 60)
    assert [record.getMessage() for record in caplog.records] == ["the log does not work: down"]


def test_an_unexpected_error_reaches_the_caller(engine, writer):
    engine.fail = lambda entries: MemoryError()
    with pytest.raises(MemoryError):
        writer.append_soon(entry(1)).result(60)
    engine.fail = lambda entries: None
    assert writer.append_soon(entry(2)).result(60).seq == 0


def test_a_cancelled_future_and_a_closed_loop_stop_nobody(engine, writer):
    futures = stopped(engine, writer, 3)
    assert futures[1].cancel()

    async def leave() -> None:
        asyncio.get_running_loop().call_soon(asyncio.create_task, writer.append(entry(4)))
        await asyncio.sleep(0.01)

    asyncio.run(leave())
    engine.go.set()
    assert futures[2].result(60).seq == 2
    assert writer.append_soon(entry(5)).result(60).seq == 4


def test_counters_go_with_the_next_group_or_alone_when_nothing_comes(engine, writer, monkeypatch):
    monkeypatch.setattr(writing, "IDLE", 0.01)
    writer.count("2026-11-23", "shown")
    writer.count("2026-11-23", "shown")
    until(lambda: engine.counted)
    assert engine.counted == {("2026-11-23", "shown"): 2}
    writer.count("2026-11-23", "shown", 3)
    writer.append_soon(entry(1)).result(60)
    assert engine.counted == {("2026-11-23", "shown"): 5}


def test_counters_survive_a_log_that_is_down(engine, writer):
    engine.fail = lambda entries: LogUnavailable("down")
    writer.count("2026-11-23", "shown")
    with pytest.raises(LogUnavailable):
        writer.append_soon(entry(1)).result(60)
    engine.fail = lambda entries: None
    writer.append_soon(entry(1)).result(60)
    assert engine.counted == {("2026-11-23", "shown"): 1}


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.failures: list[int] = []

    def committed(self, entries: int, seconds: float) -> None:
        assert seconds >= 0
        self.groups.append(entries)

    def failed(self, entries: int) -> None:
        self.failures.append(entries)


def test_a_meter_is_told_of_every_group_that_became_durable(engine, writer):
    meter = Meter()
    writer.measure(meter)
    futures = stopped(engine, writer, 20)
    writer.count("2026-11-23", "shown")
    engine.go.set()
    wait(futures, 60)
    assert meter.groups == [1, 19]
    assert meter.failures == []


def test_a_meter_is_told_of_every_entry_that_could_not_be_appended(engine, writer):
    meter = Meter()
    writer.measure(meter)
    engine.fail = lambda entries: LogUnavailable("down")
    futures = stopped(engine, writer, 250)
    engine.go.set()
    wait(futures, 60)
    assert (meter.groups, sum(meter.failures)) == ([], 250)
    engine.fail = lambda entries: ValueError("bad") if entries[-1].body == b"7" else None
    with pytest.raises(ValueError, match="bad"):
        writer.append_soon(entry(7)).result(60)
    assert sum(meter.failures) == 251


def test_what_a_full_queue_refuses_is_a_failure_too(engine, writer):
    meter = Meter()
    writer.measure(meter)
    futures = stopped(engine, writer, 301)
    with pytest.raises(LogUnavailable):
        writer.append_soon(entry(301))
    assert meter.failures == [1]
    engine.go.set()
    wait(futures, 60)


def test_health_tells_what_waits_and_whether_the_log_works(engine, writer):
    futures = stopped(engine, writer, 6)
    assert writer.health() == (5, 0, True)
    engine.fail = lambda entries: LogUnavailable("down")
    engine.go.set()
    wait(futures, 60)
    until(lambda: not writer.health().works)
    engine.go.clear()
    for number in range(3):
        writer.spool(Entry("consent", b"%d" % number, once=b"%d" % number))
    assert writer.health().spooled == 3
    engine.fail = lambda entries: None
    engine.go.set()
    writer.append_soon(entry(9)).result(60)
    until(lambda: writer.health() == (0, 0, True))


def test_a_group_that_failed_is_answered_though_the_one_after_it_was_taken(engine, writer):
    engine.depth = 2
    futures = stopped(engine, writer, 2)
    engine.fail = lambda entries: ValueError("bad") if entries[0].body == b"0" else None
    engine.go.set()
    assert str(futures[0].exception(60)) == "bad"
    assert futures[1].result(60).seq == 0
    assert engine.groups == [1, 1]


def test_a_bell_that_was_heard_is_silent_until_it_is_rung_again(engine, writer, monkeypatch):
    """Else nobody would wait any more, and at last who rings would have to."""
    heard: list[bool] = []

    def answered(bell: int) -> bool:
        before = bool(select([bell], [], [], 0)[0])
        heard.append(before)
        if len(heard) == 4:
            return True
        writer.append_soon(entry(len(heard)))  # as many as are under way
        return not select([bell], [], [], 60)[0]

    monkeypatch.setattr(engine, "answered", answered)
    engine.depth = 2
    writer.append_soon(entry(0)).result(60)
    until(lambda: len(engine.stored) == 4)
    assert heard == [False] * 4


def test_the_spool_is_emptied_though_there_is_always_another_group(engine, writer):
    def more(entries: Sequence[Entry]) -> None:
        if writer.health().spooled:
            writer.append_soon(entry(1))

    engine.depth = 2
    futures = stopped(engine, writer, 1)
    engine.fail = more
    writer.spool(Entry("consent", b"2", once=b"2"))
    engine.go.set()
    until(lambda: not writer.health().spooled)
    wait(futures, 60)
    assert b"2" in engine.stored


def test_closing_writes_what_waits_and_closes_the_engine(engine, writer):
    futures = stopped(engine, writer, 290)
    writer.count("2026-11-23", "shown")
    engine.go.set()
    writer.close()
    writer.close()
    assert all(future.done() for future in futures)
    assert engine.counted == {("2026-11-23", "shown"): 1}
    assert engine.closed == 1
    with pytest.raises(LogUnavailable, match="closed"):
        writer.append_soon(entry(1))


def test_closing_a_writer_that_never_wrote_starts_nothing(engine, writer):
    writer.close()
    assert engine.groups == []


def test_who_may_open_no_more_files_writes_one_group_after_the_other(engine, writer, monkeypatch):
    def refuse() -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe", refuse)
    engine.depth = 2
    for number in range(3):
        assert writer.append_soon(entry(number)).result(60).seq == number


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_write_what_waits_in_its_parent(engine, writer):
    futures = stopped(engine, writer, 5)
    writer.count("2026-11-23", "shown")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            engine.go.set()
            writer.append_soon(entry(9)).result(60)
            status = 0 if (engine.stored, engine.counted) == ([b"9"], {}) else 2
        finally:
            os._exit(status)
    assert exit_code(pid) == 0
    engine.go.set()
    wait(futures, 60)
    assert len(engine.stored) == 5
