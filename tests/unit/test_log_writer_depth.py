"""A writer whose engine may have two groups under way answers everybody, in order."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path

import pytest

from consent.errors import LogUnavailable
from consent.log import Appended, Entry
from consent.log.committing import Counts
from consent.log.spool import Spool
from consent.log.writer import Writer
from tests.unit.patience import LONG, exit_code, until
from tests.unit.test_log_writer import Engine, entry


class Deep(Engine):
    """One that may have two groups under way, and writes each when its turn comes."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []
        self.under_way: list[int] = []
        self.depth = 2
        self.go.clear()

    def commit(self, entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        assert len(self.under_way) < self.depth
        self.begun.append(len(entries))
        turn = len(self.begun)
        self.under_way.append(turn)

        def finish() -> list[Appended]:
            assert turn == self.under_way[0], "it is another's turn"
            assert self.go.wait(LONG), "nobody lets the engine go on"
            self.under_way.pop(0)
            return super(Deep, self).commit(entries, counts)()

        return finish

    def answered(self, bell: int) -> bool:
        while not self.go.is_set():
            if select.select([bell], [], [], 0.01)[0]:
                return False
        return True

    def tidy(self) -> None:
        assert not self.under_way, "housekeeping is for when nothing is under way"

    def close(self) -> None:
        assert not self.under_way


@pytest.fixture
def engine() -> Deep:
    return Deep()


@pytest.fixture
def writer(engine: Deep, tmp_path: Path) -> Iterator[Writer]:
    found = Writer(engine, Spool(str(tmp_path / "spool")), limit=300)
    yield found
    engine.go.set()
    found.close()


def waiting(engine: Deep, writer: Writer, count: int) -> list[Future[Appended]]:
    """Let two groups of one entry be under way, and the others wait."""
    futures = [writer.append_soon(entry(0))]
    until(lambda: engine.begun == [1])
    futures.append(writer.append_soon(entry(1)))
    until(lambda: engine.begun == [1, 1])
    return futures + [writer.append_soon(entry(number)) for number in range(2, count)]


def test_a_second_group_begins_when_as_many_wait_as_are_under_way_and_no_third(engine, writer):
    futures = waiting(engine, writer, 100)
    assert writer.health().queued == 98
    assert engine.begun == [1, 1]
    engine.go.set()
    assert [future.result(60).seq for future in futures] == list(range(100))


def test_a_group_is_no_more_than_half_of_all_who_wait(engine, writer):
    """So that one can be put together while the other is written."""
    futures = waiting(engine, writer, 200)
    engine.go.set()
    wait(futures, 60)
    assert sum(engine.begun) == 200
    assert max(engine.begun) <= 101


def test_one_bad_entry_fails_alone_whatever_is_under_way(engine, writer):
    engine.fail = lambda entries: (
        ValueError("bad") if any(each.body in (b"0", b"50") for each in entries) else None
    )
    futures = waiting(engine, writer, 100)
    engine.go.set()
    wait(futures, 60)
    failed = [at for at, future in enumerate(futures) if future.exception()]
    assert failed == [0, 50]
    assert sorted(map(int, engine.stored)) == [at for at in range(100) if at not in failed]


def test_what_failed_is_tried_by_parts_when_nothing_else_is_under_way(engine, writer):
    engine.fail = lambda entries: (
        ValueError("bad") if any(each.body == b"1" for each in entries) else None
    )
    futures: list[Future[Appended]] = [Future() for _ in range(3)]
    for number, future in enumerate(futures):
        writer._queue.put((entry(number), None, future))
    writer._nudge()
    until(lambda: engine.begun == [2, 1])
    engine.go.set()
    wait(futures, 60)
    assert engine.stored == [b"2", b"0"]
    assert [type(future.exception()) for future in futures] == [type(None), ValueError, type(None)]


def test_an_error_at_the_start_of_a_group_waits_for_the_one_before_it(engine, writer):
    begin = engine.commit

    def commit(entries: Sequence[Entry], counts: Counts) -> Callable[[], list[Appended]]:
        if entries and entries[0].body == b"1":
            engine.begun.append(1)
            raise ZeroDivisionError
        return begin(entries, counts)

    engine.commit = commit
    first = writer.append_soon(entry(0))
    until(lambda: engine.begun == [1])
    second = writer.append_soon(entry(1))
    until(lambda: engine.begun == [1, 1])
    assert not second.done()
    engine.go.set()
    assert first.result(60).seq == 0
    with pytest.raises(ZeroDivisionError):
        second.result(60)


def test_a_log_that_is_down_answers_all_who_wait_at_once(engine, writer):
    engine.fail = lambda entries: LogUnavailable("down")
    futures = waiting(engine, writer, 250)
    engine.go.set()
    wait(futures, 60)
    assert {str(future.exception()) for future in futures} == {"down"}
    assert engine.begun == [1, 1]
    assert not writer.health().works
    engine.fail = lambda entries: None
    assert writer.append_soon(entry(300)).result(60).seq == 0
    until(lambda: writer.health().works)


def test_counters_of_a_group_that_failed_go_with_a_later_one(engine, writer):
    writer.count("2026-11-23", "shown")
    until(lambda: writer.health().queued == 0)
    engine.fail = lambda entries: LogUnavailable("down") if entries else None
    futures = waiting(engine, writer, 10)
    writer.count("2026-11-23", "shown")
    engine.go.set()
    wait(futures, 60)
    engine.fail = lambda entries: None
    writer.append_soon(entry(300)).result(60)
    assert engine.counted == {("2026-11-23", "shown"): 2}


def test_the_spool_is_emptied_although_entries_never_stop_coming(engine, writer):
    futures = waiting(engine, writer, 10)
    writer.spool(Entry("consent", b"300", once=b"300"))
    engine.go.set()
    number = 10
    while b"300" not in engine.stored:
        futures.append(writer.append_soon(entry(number)))
        number += 1
        until(lambda: writer.health().queued < 20)
    wait(futures, 60)
    assert writer.health().spooled == 0


def test_closing_answers_what_is_under_way_and_what_waits(engine, writer):
    futures = waiting(engine, writer, 200)
    writer.count("2026-11-23", "shown")
    engine.go.set()
    writer.close()
    assert all(future.done() for future in futures)
    assert engine.counted == {("2026-11-23", "shown"): 1}


def test_an_engine_may_change_how_much_it_takes_at_a_time(engine, writer):
    """As one does that meets another process at the same log, and then no more."""
    futures = waiting(engine, writer, 50)
    engine.depth = 1
    engine.go.set()
    wait(futures, 60)
    engine.depth = 2
    engine.go.clear()
    engine.begun.clear()
    futures = waiting(engine, writer, 50)
    engine.go.set()
    assert [future.result(60).seq for future in futures] == list(range(50, 100))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_what_is_under_way_to_its_parent(engine, writer):
    """And wakes its own thread, not the parent's."""
    futures = waiting(engine, writer, 5)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            engine.begun, engine.under_way = [], []
            mine = waiting(engine, writer, 20)
            engine.go.set()
            wait(mine, 60)
            status = 0 if sorted(map(int, engine.stored)) == list(range(20)) else 2
        finally:
            os._exit(status)
    assert exit_code(pid) == 0
    assert not any(future.done() for future in futures)
    engine.go.set()
    assert [future.result(60).seq for future in futures] == list(range(5))
