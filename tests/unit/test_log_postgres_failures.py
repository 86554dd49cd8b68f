"""A server that is killed, cut off, locked, full or only following: an answer comes all the same.

And afterwards the tree is whole, with everything that was acknowledged, and nothing twice (R42).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from consent.errors import LogUnavailable
from consent.log import Log, create_log, open_log
from consent.log.postgres import PostgresLog
from consent.log.verify import verify
from tests.unit.log_engines import (
    APPLICATION,
    append,
    artifact,
    check,
    grant,
    opened,
    refusal,
)
from tests.unit.partition import Network
from tests.unit.patience import LONG, until
from tests.unit.postgres_server import Server
from tests.unit.small_site import TOML, Site, decide

SHORT = 0.5
"""Seconds of patience where the answer is known to be that there is none."""


@pytest.fixture
def direct(server: Server, database: str) -> Iterator[Log]:
    """The log by a way that is never cut."""
    found = opened(server.address(database, APPLICATION))
    yield found
    found.close()


@pytest.fixture
def log(network: Network, database: str, tmp_path: Path) -> Iterator[PostgresLog]:
    """The log by way of the network."""
    address = f"postgresql://{APPLICATION}@127.0.0.1:{network.port}/{database}"
    found = PostgresLog(address, writable=True, spool=str(tmp_path / "spool"), patience=LONG)
    yield found
    network.heal()
    found.close()


@contextmanager
def impatient(log: PostgresLog) -> Iterator[None]:
    """Let the log wait no longer than a moment for what will not come."""
    log.patience = log._writes._engine.patience = SHORT
    yield
    log.patience = log._writes._engine.patience = LONG


def size(log: Log) -> int:
    return log.head().size


def bodies(log: Log) -> Counter:
    return Counter(body for _, body in log.bodies("consent"))


KILL = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = '{}' AND usename = 'consent_application'"""


def test_killed_backends_lose_and_double_nothing(server, database, direct):
    """Whoever appends does not even notice."""
    futures, stop = [], Event()

    def load() -> None:
        for number in range(1_000_000):
            if stop.is_set():
                return
            futures.append(direct.append_soon(grant(number)))
            if len(futures) % 50 == 0:
                wait(futures[-1:], LONG)

    appending = Thread(target=load)
    appending.start()
    killed = 0
    while killed < 10:
        before = len(futures)
        until(lambda before=before: len(futures) > before + 100)
        killed += server.query(database, KILL.format(database))[0][0]
    stop.set()
    appending.join()
    places = [future.result(LONG).seq for future in futures]
    assert sorted(places) == list(range(len(futures)))
    assert set(bodies(direct).values()) == {1}
    check(direct)


def test_a_question_outlives_the_connection_it_was_asked_on(server, database, direct):
    append(direct, grant(1))
    assert direct.head().size == 1
    server.query(database, KILL.format(database))
    assert direct.head().size == 1
    assert direct.last("consent") == grant(1).body


def test_an_answer_that_was_lost_is_found_in_the_log(log, network, direct):
    """Appended, and the connection ended before the answer came: it stands there, once."""
    append(log, grant(1))
    network.cut(there=False)
    futures = [log.append_soon(grant(number)) for number in range(2, 10)]
    until(lambda: size(direct) > 1)
    network.drop()
    network.heal()
    assert sorted(future.result(LONG).seq for future in futures) == list(range(1, 9))
    assert bodies(direct) == Counter(grant(number).body for number in range(1, 10))
    check(log)


def test_a_statement_that_was_lost_is_sent_again(log, network, direct):
    """Cut off before it came to the server: it stands there, once."""
    append(log, grant(1))
    network.cut(back=False)
    future = log.append_soon(grant(2))
    until(lambda: [flight for flight in list(log._writes._engine._flights) if flight.sent])
    network.drop()
    network.heal()
    assert future.result(LONG).seq == 1
    assert bodies(direct) == Counter([grant(1).body, grant(2).body])
    check(log)


def test_a_network_that_was_cut_is_an_answer_and_what_was_sent_stands_there_once(
    log, network, direct
):
    """The visitor is told that it did not work, and sends the same form again."""
    append(log, refusal(1))
    network.cut(there=False)
    with impatient(log):
        futures = [log.append_soon(refusal(number)) for number in (2, 3)]
        assert {type(future.exception(LONG)) for future in futures} == {LogUnavailable}
    assert "no answer" in str(futures[0].exception())
    network.heal()
    until(lambda: size(direct) > 1)
    again = append(log, refusal(2), refusal(3))
    assert sorted(found.seq for found in again) == [1, 2]
    assert set(bodies(direct).values()) == {1}
    check(log)


def test_what_arrives_late_changes_nothing_any_more(log, network, direct):
    """The statement stays in the network until the visitor has sent the form again elsewhere."""
    append(log, refusal(1), grant(1))
    network.cut(back=False)
    with impatient(log):
        assert isinstance(log.append_soon(refusal(2)).exception(LONG), LogUnavailable)
    assert append(direct, refusal(2))[0].new
    network.heal()
    assert append(log, refusal(2))[0] == append(direct, refusal(2))[0]
    append(log, grant(2))
    assert size(direct) == 4
    assert set(bodies(direct).values()) == {1}
    check(log)


def test_what_arrives_late_is_what_the_visitor_finds_who_tries_again(log, network, direct):
    append(log, refusal(1))
    network.cut(back=False)
    with impatient(log):
        assert isinstance(log.append_soon(refusal(2)).exception(LONG), LogUnavailable)
    network.heal()
    until(lambda: size(direct) > 1)
    again = append(log, refusal(2))[0]
    assert (again.seq, again.new, size(direct)) == (1, False, 2)
    check(log)


def test_a_network_that_is_cut_both_ways_is_an_answer_to_every_question(log, network):
    append(log, grant(1))
    network.cut()
    with impatient(log):
        futures = [log.append_soon(grant(number)) for number in range(2, 300)]
        for ask in (log.head, lambda: log.last("consent")):
            with pytest.raises(LogUnavailable):
                ask()
        wait(futures, LONG)
        assert {type(future.exception()) for future in futures} == {LogUnavailable}
        with pytest.raises(LogUnavailable):
            PostgresLog(log.address, writable=True, patience=SHORT)
    network.heal()
    assert append(log, grant(2))[0].new
    assert size(log) >= 2
    check(log)


def test_a_lock_held_too_long_is_an_answer_and_a_full_queue_another(server, database, tmp_path):
    log = PostgresLog(
        server.address(database, APPLICATION),
        writable=True,
        spool=str(tmp_path / "spool"),
        limit=20,
        patience=3.0,
    )
    with psycopg.connect(server.address(database)) as other:
        other.execute("SELECT 1 FROM consent.head FOR UPDATE")
        futures = [log.append_soon(grant(2))]
        until(lambda: not log._writes._queue.qsize())
        # Not knowing where the head stands, it sends no second group.
        futures += [log.append_soon(grant(number)) for number in range(3, 23)]
        with pytest.raises(LogUnavailable, match="20 entries wait"):
            log.append_soon(grant(23))
        wait(futures, LONG)
    errors = {str(future.exception()) for future in futures}
    assert len(errors) == 1
    assert re.search("locked for too long|no answer in time", errors.pop())
    assert append(log, grant(2))[0].seq == 0
    check(log)
    log.close()


def test_a_server_that_only_reads_is_an_answer_until_it_writes_again(server, database, direct):
    append(direct, grant(1))
    name = f"ALTER DATABASE {database}"
    server.query("postgres", f"{name} SET default_transaction_read_only = on")
    server.query(database, KILL.format(database))
    error = direct.append_soon(grant(2)).exception(LONG)
    assert isinstance(error, LogUnavailable)
    assert "takes no entries: it is a standby, or set to read only" in str(error)
    assert size(direct) == 1
    server.query("postgres", f"{name} RESET default_transaction_read_only")
    assert append(direct, grant(2))[0].seq == 1
    check(direct)


def test_a_standby_is_read_and_takes_no_entries():
    server = Server()
    standby = None
    try:
        database = server.database()
        create_log(server.address(database), "example.fi")
        with closing(opened(server.address(database, APPLICATION))) as log:
            append(log, *map(grant, range(300)))
        standby = Server(follows=server)
        log = opened(standby.address(database, APPLICATION))
        until(lambda: size(log) == 300)
        check(log)
        for take in (
            lambda: append(log, grant(301)),
            lambda: log.put_artifacts(dict([artifact(b"text")])),
            lambda: log.put_checkpoint(1, "note"),
        ):
            with pytest.raises(LogUnavailable, match="it is a standby"):
                take()
        log.close()
    finally:
        if standby is not None:
            standby.close()
        server.close()


def test_a_wrong_password_is_told_and_not_shown(server, database):
    server.query(
        "postgres",
        "DROP ROLE IF EXISTS careful",
        "CREATE ROLE careful LOGIN PASSWORD 'right' IN ROLE consent_application",
    )
    address = server.address(database, "careful:{}")
    with closing(open_log(address.format("right"), writable=True)) as log:
        assert append(log, grant(1))[0].new
    with pytest.raises(LogUnavailable, match="password authentication failed") as raised:
        open_log(address.format("wrong"), writable=True)
    assert "wrong" not in str(raised.value)


def test_the_password_may_stand_in_the_environment(server, database, monkeypatch):
    server.query(
        "postgres",
        "DROP ROLE IF EXISTS careful",
        "CREATE ROLE careful LOGIN PASSWORD 'right' IN ROLE consent_application",
    )
    monkeypatch.setenv("PGPASSWORD", "right")
    with closing(open_log(server.address(database, "careful"), writable=True)) as log:
        assert append(log, grant(1))[0].new


def test_a_restarted_server_goes_on_where_it_was():
    server = Server()
    try:
        address = server.address(server.database())
        create_log(address, "example.fi")
        log = opened(address)
        append(log, grant(1))
        server.stop()
        with pytest.raises(LogUnavailable):
            log.head()
        server.start()
        assert append(log, grant(2))[0].seq == 1
        assert log.head().size == 2
        check(log)
        log.close()
    finally:
        server.close()


def test_a_site_starts_without_its_server_and_loses_no_refusal(tmp_path):
    """R34: it can be read, everything can be refused, and nothing be allowed."""
    server = Server()
    database = server.database()
    create_log(server.address(database), "example.fi")
    server.stop()
    address = server.address(database, APPLICATION)
    site = Site(tmp_path, toml=TOML.replace('log = "log.sqlite3"', f'log = "{address}"'))
    try:
        client = site.client()
        assert client.get("/").status_code == 200
        assert decide(client, "accept").status_code == 503
        assert decide(client, "reject").status_code == 200
        assert (tmp_path / "consent-log.spool").stat().st_size > 0
        server.start()
        assert decide(site.client(), "accept").status_code == 303
        with closing(opened(address, writable=False)) as log:
            until(lambda: len(bodies(log)) == 2)
        with opened(address, writable=False).snapshot() as snapshot:
            assert verify(snapshot).findings == []
    finally:
        site.close()
        server.close()
