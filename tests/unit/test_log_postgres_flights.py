"""Two groups on their way to PostgreSQL at a time: each stands there once, in order (R42, R46)."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.errors import LogUnavailable
from consent.log import Appended, Entry, Log, postgres_batch, postgres_write
from consent.log.postgres_write import PostgresEngine
from tests.unit.log_engines import APPLICATION, check, grant, opened, refusal
from tests.unit.partition import Network
from tests.unit.patience import LONG, exit_code, until
from tests.unit.postgres_server import Server

Commit = Callable[[], list[Appended]]


@pytest.fixture
def direct(server: Server, database: str) -> Iterator[Log]:
    """The log by a way of its own."""
    found = opened(server.address(database, APPLICATION), writable=False)
    yield found
    found.close()


@pytest.fixture
def engine(network: Network, database: str) -> Iterator[PostgresEngine]:
    """The writing side, connected: what is committed now is sent without waiting for anything."""
    address = f"postgresql://{APPLICATION}@127.0.0.1:{network.port}/{database}"
    found = PostgresEngine(address, patience=LONG)
    found.commit([grant(0)], {})()
    yield found
    network.heal()
    found.close()


@pytest.fixture
def other(server: Server, database: str) -> Iterator[PostgresEngine]:
    """The writing side of another process."""
    found = PostgresEngine(server.address(database, APPLICATION), patience=LONG)
    yield found
    found.close()


def counted(number: int) -> Entry:
    """Make an entry that continues the chain under its id: each counts on from the one before."""

    def revise(before: bytes) -> bytes:
        return grant(number, link=json.loads(before)["link"] + 1).body

    return dataclasses.replace(grant(number, link=1), revise=revise)


def link(answer: Appended) -> int:
    found: int = json.loads(answer.body)["link"]
    return found


def places(answers: list[Appended]) -> list[int]:
    return [answer.seq for answer in answers]


def bodies(log: Log) -> list[bytes]:
    return [body for _, body in log.bodies("consent")]


def test_a_group_follows_one_that_nobody_has_answered_for_yet(engine, direct):
    first, second = (engine.commit([*map(grant, numbers)], {}) for numbers in ((1, 2), (3, 4)))
    until(lambda: direct.head().size == 5)
    assert (places(first()), places(second())) == ([1, 2], [3, 4])
    check(direct)


def test_counters_go_once_with_the_group_that_they_were_given_to(engine, server, database):
    day = {("2026-11-23", "shown"): 2}
    for commit in [engine.commit([grant(number)], day) for number in (1, 2)]:
        commit()
    engine.commit([], day)()
    assert server.query(database, "SELECT n FROM consent.counters") == [(6,)]


def test_counters_are_stored_once_with_a_group_of_which_all_is_known(engine, server, database):
    engine.commit([refusal(1)], {})()
    for _ in range(3):  # the first time that is a surprise
        engine.commit([refusal(1)], {("2026-11-23", "shown"): 2})()
    assert server.query(database, "SELECT n FROM consent.counters") == [(6,)]


def test_a_group_is_written_though_the_one_before_it_was_known_already(engine, direct):
    engine.commit([refusal(1)], {})()
    first, second = engine.commit([refusal(1)], {}), engine.commit([grant(2)], {})
    (again,) = first()
    assert (again.seq, again.new) == (1, False)
    assert places(second()) == [2]
    check(direct)


def test_what_two_groups_on_their_way_have_in_common_stands_there_once(engine, direct):
    """R46: a form that is sent twice at once."""
    first = engine.commit([refusal(1), counted(2)], {})
    second = engine.commit([refusal(1), counted(2)], {})
    assert [(each.seq, each.new) for each in first()] == [(1, True), (2, True)]
    repeated, continued = second()
    assert (repeated.seq, repeated.new) == (1, False)
    assert (continued.seq, link(continued)) == (3, 2)
    check(direct)


def test_an_entry_that_continues_its_kind_sees_the_one_on_its_way(engine, direct):
    commits = [
        engine.commit([Entry("release", b"1", revise=lambda body: body + b"1")], {})
        for _ in range(3)
    ]
    assert [answer.body for commit in commits for answer in commit()] == [b"1", b"11", b"111"]
    check(direct)


def test_two_groups_are_written_though_another_process_came_before_them(engine, other, direct):
    (appended,) = other.commit([grant(1)], {})()
    first, second = engine.commit([grant(2)], {}), engine.commit([grant(3)], {})
    assert [appended.seq, *places(first()), *places(second())] == [1, 2, 3]
    assert places(other.commit([grant(4)], {})()) == [4]
    check(direct)


def test_who_shares_a_log_waits_for_a_turn_until_the_other_is_gone(engine, other, direct):
    """Then nothing goes out before the lock is held, and two groups would only be smaller ones."""
    assert engine.depth == 2
    for number in range(1, 20, 2):
        engine.commit([grant(number)], {})()
        other.commit([grant(number + 1)], {})()
    assert engine.depth == other.depth == 1
    alone = 0
    while engine.depth == 1:
        alone += 1
        engine.commit([grant(20 + alone)], {})()
    assert alone > 1
    assert direct.head().size == 21 + alone
    check(direct)


def test_what_is_known_is_found_while_others_append_too(engine, other, direct):
    engine.commit([refusal(1), counted(2)], {})()
    other.commit([refusal(3)], {})()
    for _ in range(2):  # the second time it is expected
        assert places(other.commit([refusal(1)], {})()) == [1]
        assert places(engine.commit([refusal(3), grant(4)], {})())[0] == 3
    assert link(other.commit([counted(2)], {})()[0]) == 2
    check(direct)


@pytest.mark.parametrize("arrived", [0, 1, 2])
def test_a_lost_connection_loses_and_doubles_neither_of_two_groups(
    engine, network, direct, arrived
):
    """However many of them the server took, without being able to say so."""
    network.cut(there=arrived == 0)
    commits = [engine.commit([grant(1), grant(2)], {})]
    if arrived:
        until(lambda: direct.head().size == 3)
        network.cut(there=arrived == 1)
    commits.append(engine.commit([grant(3)], {}))
    if arrived == 2:
        until(lambda: direct.head().size == 4)
    network.drop()
    network.heal()
    assert [places(commit()) for commit in commits] == [[1, 2], [3]]
    assert Counter(bodies(direct)) == Counter(grant(number).body for number in range(4))
    check(direct)


def test_a_connection_lost_again_while_the_log_is_asked_doubles_nothing(
    engine, network, direct, monkeypatch
):
    """Whether the group was taken is an open question until it has been answered."""
    network.cut(there=False)
    commit = engine.commit([grant(1)], {})
    until(lambda: direct.head().size == 2)
    network.drop()
    network.heal()
    lost = []

    def leaf_at(session, seq):
        if not lost:
            lost.append(seq)
            network.drop()
        return postgres_batch.leaf_at(session, seq)

    monkeypatch.setattr(postgres_write, "leaf_at", leaf_at)
    assert places(commit()) == [1]
    assert lost == [1]
    assert direct.head().size == 2


def test_a_group_that_arrived_though_sending_it_failed_is_answered(
    engine, other, direct, monkeypatch
):
    other.commit([grant(1)], {})()
    engine.commit([grant(2)], {})()

    def send(session, step, *, commit=False):
        monkeypatch.undo()
        postgres_batch.send(session, step, commit=commit)
        until(lambda: direct.head().size == 4)
        raise psycopg.OperationalError("lost")

    monkeypatch.setattr(postgres_write, "send", send)
    assert places(engine.commit([grant(3)], {})()) == [3]
    assert direct.head().size == 4


def test_two_groups_are_under_way_again_after_a_lost_connection(engine, network, direct):
    """Though there is always another group to follow: one that was not sent is waited for."""
    network.drop()
    under_way: list[Commit] = []
    for number in range(1, 6):  # as the writer does
        under_way.append(engine.commit([grant(number)], {}))
        while len(under_way) > engine.depth - 1:
            under_way.pop(0)()
    assert len(under_way) == 1
    until(lambda: direct.head().size == 6)
    assert places(under_way.pop()()) == [5]


def test_what_an_error_kept_from_being_prepared_is_prepared_the_next_time(
    server, database, other, direct
):
    """A deadlock with somebody's own transaction, in the first group on a connection."""
    day = {("2026-11-23", "shown"): 1}
    other.commit([], day)()
    other.close()
    with psycopg.connect(server.address(database)) as locked:
        locked.execute("SET deadlock_timeout = '60s'")  # it is the log's statement that fails
        locked.execute("UPDATE consent.counters SET n = n")
        with ThreadPoolExecutor(1) as pool:
            commit = pool.submit(other.commit([grant(1)], day))
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            until(lambda: server.query(database, waiting) == [(1,)])
            locked.execute("SELECT 1 FROM consent.head FOR UPDATE")
            locked.rollback()
            assert places(commit.result(LONG)) == [0]
    assert server.query(database, "SELECT n FROM consent.counters") == [(2,)]
    check(direct)


def test_two_groups_whose_answers_do_not_come_are_told_so(engine, network, direct):
    engine.patience = 0.3
    network.cut(there=False)
    commits = [engine.commit([grant(number)], {}) for number in (1, 2)]
    for commit in commits:
        with pytest.raises(LogUnavailable):
            commit()
    engine.patience = LONG
    network.heal()
    until(lambda: direct.head().size == 3)
    assert places(engine.commit([grant(3)], {})()) == [3]
    check(direct)


def test_two_groups_outlive_a_backend_that_is_killed(engine, server, database, direct):
    with psycopg.connect(server.address(database)) as locked:
        locked.execute("SELECT 1 FROM consent.head FOR UPDATE")
        commits = [engine.commit([grant(number)], {}) for number in (1, 2)]
        kill = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE usename = %s AND wait_event_type = 'Lock'"""
        until(lambda: locked.execute(kill, [APPLICATION]).fetchall() == [(1,)])
    assert [places(commit()) for commit in commits] == [[1], [2]]
    check(direct)


def test_a_group_longer_than_what_the_network_holds_is_waited_for(engine, direct):
    """Of such a one the end is sent while its answer is waited for."""
    long = [Entry("consent", b"%d" % number * 400_000) for number in range(1, 9)]
    commits = [engine.commit(long[:4], {}), engine.commit(long[4:], {})]
    bell, ringing = os.pipe()
    assert engine.answered(bell)
    assert [places(commit()) for commit in commits] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    os.close(bell)
    os.close(ringing)
    assert bodies(direct)[1:] == [entry.body for entry in long]


def test_a_bell_is_heard_while_an_answer_is_waited_for(engine, network):
    bell, ringing = os.pipe()
    network.cut(there=False)
    commit = engine.commit([grant(1)], {})
    os.write(ringing, b"!")
    assert not engine.answered(bell)
    os.read(bell, 1)
    network.heal()
    assert engine.answered(bell)
    assert places(commit()) == [1]
    os.close(bell)
    os.close(ringing)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_is_under_way_stays_the_parents(engine, direct):
    commits = [engine.commit([grant(number)], {}) for number in (1, 2)]
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if places(engine.commit([grant(3)], {})()) in ([1], [2], [3]) else 2
            engine.close()
        finally:
            os._exit(status)
    assert exit_code(pid) == 0
    assert sorted([place for commit in commits for place in places(commit())]) in (
        [1, 2],
        [1, 3],
        [2, 3],
    )
    check(direct)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_sends_nothing_on_its_parents_connection(engine, direct):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            engine.commit([grant(2)], {})
            status = 0
        finally:
            os._exit(status)
    assert exit_code(pid) == 0
    assert places(engine.commit([grant(1)], {})()) == [1]
    assert bodies(direct) == [grant(0).body, grant(1).body]


OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 1),  # which process
        st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(OPERATIONS)
def test_whatever_two_processes_commit_makes_one_tree(server, database, direct, operations):
    """Each refusal once, each chain counted on without a gap, each answer what stands there."""
    before = direct.head().size
    address = server.address(database, APPLICATION)
    engines = [PostgresEngine(address, patience=LONG) for _ in range(2)]
    under_way: list[list[Commit]] = [[], []]
    answers: list[Appended] = []
    for which, wanted in operations:
        # Of numbers that no example before this one had.
        entries = [(refusal if once else counted)(10 * before + n) for once, n in wanted]
        if len(under_way[which]) >= engines[which].depth:
            answers += under_way[which].pop(0)()
        under_way[which].append(engines[which].commit(entries, {}))
    answers += [answer for commits in under_way for commit in commits for answer in commit()]
    for engine in engines:
        engine.close()
    check(direct)
    with direct.snapshot() as snapshot:
        stored = {row.seq: row.body for row in snapshot.rows(before)}
    assert {answer.seq: answer.body for answer in answers} == stored
    assert sorted(answer.seq for answer in answers if answer.new) == sorted(stored)
    records = [json.loads(body) for _, body in sorted(stored.items())]
    refused = [record["number"] for record in records if record["event"] == "refusal"]
    assert len(refused) == len(set(refused))
    for name in {record.get("consent_id") for record in records} - {None}:
        links = [record["link"] for record in records if record.get("consent_id") == name]
        assert links == list(range(1, len(links) + 1))
