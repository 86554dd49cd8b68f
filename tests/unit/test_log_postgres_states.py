"""A log in PostgreSQL that is damaged, older than it was, long, or a copy."""

from __future__ import annotations

import re

import pytest

from consent.errors import LogCorrupt, LogError
from consent.log import postgres, postgres_batch
from consent.log.postgres_packing import Statement
from consent.log.postgres_server import connect
from consent.log.postgres_write import PostgresEngine
from consent.log.verify import verify
from tests.unit.log_engines import APPLICATION, append, check, consent_id, grant, opened
from tests.unit.postgres_server import Server


@pytest.fixture
def address(server: Server, database: str) -> str:
    return server.address(database, APPLICATION)


@pytest.fixture
def role() -> str:
    return APPLICATION


def test_a_head_behind_its_entries_takes_nothing(server, database, filled):
    server.query(
        database,
        "ALTER TABLE consent.head DISABLE TRIGGER ALL",
        "UPDATE consent.head SET size = 256, edge = substr(edge, 1, 32)",
    )
    log = opened(server.address(database, APPLICATION))
    with pytest.raises(LogCorrupt, match="_pkey"):
        append(log, grant(1000))
    log.close()


def test_a_log_put_back_from_an_older_copy_is_refused_while_running(server, database, filled):
    """As after a failover to a standby that had not got all that was acknowledged."""
    server.query(
        database,
        "ALTER TABLE consent.head DISABLE TRIGGER ALL",
        "ALTER TABLE consent.entries DISABLE TRIGGER ALL",
        "ALTER TABLE consent.contents DISABLE TRIGGER ALL",
        "DELETE FROM consent.contents WHERE seq >= 256",
        "DELETE FROM consent.entries WHERE seq >= 256",
        "UPDATE consent.head SET size = 256, edge = substr(edge, 1, 32)",
    )
    with pytest.raises(LogCorrupt, match="went back from 301 to 256 entries"):
        append(filled, grant(1000))


def test_a_log_without_its_head_is_corrupt(server, database, filled):
    server.query(
        database,
        "ALTER TABLE consent.head DISABLE TRIGGER ALL",
        "DELETE FROM consent.head",
    )
    with pytest.raises(LogCorrupt, match="no head"):
        append(filled, grant(1000))
    with pytest.raises(LogCorrupt, match="no head"):
        filled.head()


@pytest.mark.parametrize("change", ["size = -1", "root = '\\x00'"])
def test_a_head_that_is_none_is_corrupt(server, database, filled, change):
    """As a superuser may leave it, who alone can."""
    server.query(
        database,
        "ALTER TABLE consent.head DISABLE TRIGGER ALL",
        f"UPDATE consent.head SET {change}",
    )
    with pytest.raises(LogCorrupt, match="no number of entries and no root"):
        filled.head()


def test_what_stands_in_a_row_is_not_told_with_an_error(server, database, address):
    """R125: neither in what is logged nor to the operator."""
    server.query(database, "ALTER TABLE consent.contents ADD CHECK (length(body) > 9999)")
    log = opened(address)
    with pytest.raises(LogError) as caught:
        append(log, grant(7))
    log.close()
    assert "contents" in str(caught.value)
    assert consent_id(7) not in str(caught.value)


def test_a_snapshot_reads_a_long_log_a_little_at_a_time(log):
    """R40: what is checked does not have to fit into memory."""
    append(log, *map(grant, range(3000)))
    with log.snapshot() as snapshot:
        rows = snapshot.rows()
        assert [next(rows).seq for _ in range(3)] == [0, 1, 2]
        cursors = snapshot._ask("SELECT name FROM pg_cursors WHERE name LIKE 'c%%' ORDER BY 1")
        assert cursors == [("c0",), ("c1",)]
        assert verify(snapshot).findings == []
        assert [row.seq for row in rows] == list(range(3, 3000))


def test_a_dump_of_a_log_in_use_is_a_log(server, database, log, tmp_path):
    """What the README says of backups: a snapshot, whole, with all that guards it."""
    append(log, *map(grant, range(500)))
    futures = [log.append_soon(grant(number)) for number in range(500, 900)]
    dump = server.folder / f"{database}.sql"
    place = ("-h", str(server.folder), "-U", "postgres")
    server.run("pg_dump", *place, "-f", str(dump), database)
    [future.result(60) for future in futures]
    restored = server.database()
    server.run("psql", *place, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump), restored)
    again = opened(server.address(restored, APPLICATION))
    size = again.head().size
    assert 500 <= size <= 900
    assert append(again, grant(1000))[0].seq == size
    check(again)
    again.close()


def test_no_question_reads_through_the_log(server, database, filled):
    """However long it is, and though nobody has counted its rows for the planner yet."""
    numbers = ("bigint", "bigint")
    questions = [
        (postgres_batch._BY_KEY, ("bigint[]", "bytea[]")),
        (postgres_batch._BY_ID, ("bigint[]", "text[]")),
        (postgres_batch._BY_KIND, ("text",)),
        (postgres_batch._LEAVES, ("bigint",)),
        (postgres._RUNS, numbers),
        (postgres._CONTENTS, numbers),
        (postgres._OF_ID, ("bigint", "text", *numbers)),
        (postgres._OF_KIND, ("text", *numbers)),
        (postgres._CONSENTS, ("text", *numbers)),
        (postgres._LAST.format(""), ("text",)),
        (postgres._LAST.format(postgres._MINE), ("text", "bigint", "text")),
        (postgres._LAST_OF_KIND, ("text",)),
        (postgres._LEAVES, numbers),
        (postgres._STRAY, ()),
    ]
    session = connect(server.address(database, APPLICATION))
    for number, (question, types) in enumerate(questions):
        places = iter(range(1, 9))
        if isinstance(question, Statement):
            question = question.text.decode()
        statement = re.sub("%b", lambda match, places=places: f"${next(places)}", question)
        declared = f"({', '.join(types)})" if types else ""
        given = f"({', '.join(['NULL'] * len(types))})" if types else ""
        session.execute(f"PREPARE q{number} {declared} AS {statement}")
        plan = "\n".join(row for (row,) in session.execute(f"EXPLAIN EXECUTE q{number} {given}"))
        assert "Index" in plan, plan
        assert not re.search("Seq Scan|Bitmap|Materialize|Hash|Merge", plan), plan
        for mark, index in (("id_mark", "contents_ids"), ("key_mark", "contents_keys")):
            assert (f"{mark} = " in question) == (index in plan), plan
        if re.search("ORDER BY [ec].seq", question):
            assert "Sort" not in plan, plan
    session.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent.entries SET leaves = substring(leaves, 1, 320) WHERE seq = 60",
        "UPDATE consent.entries SET seq = 61 WHERE seq = 60",
        "DELETE FROM consent.entries WHERE seq = 60",
        "INSERT INTO consent.entries SELECT 70, kind, leaves FROM consent.entries WHERE seq = 60",
    ],
)
def test_runs_that_do_not_follow_one_another_are_found(server, database, log, statement):
    """R40, R42: whoever can switch the triggers off can write them."""
    engine = PostgresEngine(server.address(database, APPLICATION))
    engine.commit([*map(grant, range(300))], {})()
    engine.close()
    server.query(database, "ALTER TABLE consent.entries DISABLE TRIGGER ALL", statement)
    with log.snapshot() as snapshot:
        assert "gap" in {finding.kind for finding in verify(snapshot).findings}
