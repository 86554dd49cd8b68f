"""Who may do what to a log in PostgreSQL, and what is told of a server that is not as it should."""

from __future__ import annotations

import sys

import psycopg
import pytest

import consent.log
from consent.errors import LogError, LogMissing, LogUnavailable
from consent.log import Roles, create_log, open_log
from consent.log.expiry import expiry_entry
from consent.log.verify import verify
from tests.unit.log_engines import (
    APPLICATION,
    MAINTENANCE,
    append,
    artifact,
    check,
    fill,
    grant,
    opened,
)
from tests.unit.postgres_server import Server

TIME = "2026-11-28T05:00:00Z"


@pytest.fixture
def address(server: Server, database: str) -> str:
    return server.address(database, APPLICATION)


@pytest.fixture
def role() -> str:
    return APPLICATION


@pytest.fixture(scope="module")
def guarded(server: Server) -> str:
    """A database with something in every table, which no test can change."""
    database = server.database()
    server.used.remove(database)  # it stays as it is for the tests of this file
    address = server.address(database)
    create_log(address, "example.fi")
    log = opened(address, role=MAINTENANCE)
    fill(log)
    name, value = artifact(b"banner")
    log.put_artifacts({name: value})
    log.expire(expiry_entry([range(5, 7)], "retention", TIME, [name]), [range(5, 7)], [name])
    check(log)
    log.close()
    return database


TABLES = (
    *("meta", "head", "entries", "tiles", "contents", "artifacts", "checkpoints"),
    *("expired", "dropped", "counters"),
)
CHANGES = [
    "UPDATE consent.meta SET value = 'other'",
    "UPDATE consent.entries SET kind = 'other'",
    "UPDATE consent.tiles SET root = ''",
    "UPDATE consent.contents SET body = '{}'",
    "UPDATE consent.contents SET consent_id = NULL",
    "UPDATE consent.contents SET id_mark = 1",
    "UPDATE consent.artifacts SET body = ''",
    "UPDATE consent.checkpoints SET note = ''",
    "UPDATE consent.expired SET stop = 9",
    "UPDATE consent.dropped SET hash = ''",
    *(f"DELETE FROM consent.{table}" for table in TABLES),
    *(f"TRUNCATE consent.{table}" for table in TABLES),
    *(f"DROP TABLE consent.{table}" for table in TABLES),
    "INSERT INTO consent.head VALUES (2, 0, '', '')",
    "INSERT INTO consent.meta VALUES ('other', '')",
    "INSERT INTO consent.expired VALUES (0, 20, 20)",
    "ALTER TABLE consent.entries DISABLE TRIGGER ALL",
    "DROP TRIGGER contents_delete ON consent.contents",
    "CREATE TABLE consent.other (a INT)",
    "GRANT DELETE ON consent.contents TO PUBLIC",
    "SET session_replication_role = replica",
    "UPDATE consent.head SET size = 3",
    "UPDATE consent.head SET root = ''",
    "INSERT INTO consent.entries SELECT 20, kind, leaves FROM consent.entries LIMIT 1",
    "INSERT INTO consent.entries SELECT 2000, kind, leaves FROM consent.entries LIMIT 1",
]


def everything(server: Server, database: str) -> list:
    """Give all rows, and who may do what."""
    queries = [f"SELECT * FROM consent.{table} AS t ORDER BY t" for table in TABLES]
    queries.append("SELECT relname, relacl::text FROM pg_class WHERE relkind = 'r' ORDER BY 1")
    with psycopg.connect(server.address(database)) as connection:
        return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_site_can_neither_change_nor_remove_anything(server, guarded, statement):
    """R39: whatever a program can say that has the site's own access to the database."""
    before = everything(server, guarded)
    assert all(before)
    if statement.startswith("GRANT"):  # without the right to, it is a warning and does nothing
        server.query(guarded, statement, user=APPLICATION)
    else:
        with pytest.raises(psycopg.DatabaseError):
            server.query(guarded, statement, user=APPLICATION)
    assert everything(server, guarded) == before


@pytest.mark.parametrize("user", [MAINTENANCE, "postgres"])
@pytest.mark.parametrize(
    "statement",
    [
        *(each for each in CHANGES if each.startswith("UPDATE")),
        *(f"DELETE FROM consent.{table}" for table in TABLES if table != "counters"),
        *(f"TRUNCATE consent.{table}" for table in TABLES if table != "counters"),
        "DELETE FROM consent.contents WHERE seq = 3",
    ],
)
def test_triggers_refuse_what_others_have_the_right_to(server, guarded, statement, user):
    """R39: whoever maintains the log, and its owner too for as long as the triggers stand."""
    before = everything(server, guarded)
    with pytest.raises(psycopg.DatabaseError, match=r"append-only|permission denied|moves forward"):
        server.query(guarded, statement, user=user)
    assert everything(server, guarded) == before


def test_the_site_is_told_whose_it_is_to_remove_content(filled, server, database):
    """R128: content goes by the maintenance role alone, and nothing is left half done."""
    entry = expiry_entry([range(3)], "retention", TIME)
    with pytest.raises(LogError, match=r"permission denied.*who may do what"):
        filled.expire(entry, [range(3)])
    assert filled.head().size == 301
    check(filled)


FAULTS = {
    "DROP TRIGGER contents_delete ON consent.contents": "contents_delete on contents is missing",
    "ALTER TABLE consent.entries DISABLE TRIGGER entries_update": "was changed or switched off",
    "CREATE OR REPLACE FUNCTION consent.refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RETURN OLD; END'": "was changed or switched off",
    "CREATE TRIGGER other BEFORE INSERT ON consent.entries EXECUTE FUNCTION consent.refuse()": (
        "the trigger other on entries is none of the log's"
    ),
    "CREATE RULE quiet AS ON INSERT TO consent.contents DO INSTEAD NOTHING": "the rule quiet",
    f"GRANT DELETE ON consent.contents TO {APPLICATION}": "application may DELETE on contents",
    f"GRANT UPDATE (body) ON consent.contents TO {APPLICATION}": "application may UPDATE on",
    f"REVOKE INSERT ON consent.entries FROM {APPLICATION}": "application may not INSERT on entries",
    "GRANT INSERT ON consent.entries TO PUBLIC": "public may INSERT on entries",
    "GRANT DELETE ON consent.contents TO pg_monitor": "pg_monitor may DELETE on contents",
    "DROP INDEX consent.contents_keys": "the index contents_keys is missing",
    "INSERT INTO consent.contents VALUES (777, NULL, NULL, NULL, NULL, '0123456789abcdef', '{}')": (
        "contents: 777 belongs to no entry"
    ),
}


@pytest.mark.parametrize("statement", FAULTS)
def test_verify_names_what_guards_the_log_no_more(server, database, filled, statement):
    """R39, R40: triggers, grants and indexes that are missing, changed or too many; strays."""
    with filled.snapshot() as snapshot:
        assert verify(snapshot).findings == []
    server.query(database, statement)
    with filled.snapshot() as snapshot:
        found = " ".join(map(str, verify(snapshot).findings))
    assert FAULTS[statement] in found


def test_verify_says_when_the_server_does_not_wait_for_the_disk():
    careless = Server(fsync="off")
    try:
        address = careless.address(careless.database())
        create_log(address, "example.fi")
        with opened(address, writable=False).snapshot() as snapshot:
            assert list(snapshot.faults()) == [
                "server: fsync is off, so that a power cut can lose or tear what was acknowledged"
            ]
    finally:
        careless.close()


def test_every_commit_waits_for_the_disk_though_the_database_says_otherwise(server, database):
    """DESIGN 8: what was acknowledged outlives a power cut."""
    server.query(database, f"ALTER DATABASE {database} SET synchronous_commit = off")
    log = opened(server.address(database, APPLICATION))
    append(log, grant(1))
    session = log._writes._engine._session
    assert session.execute("SHOW synchronous_commit").fetchone() == ("on",)
    log.close()


@pytest.mark.parametrize("role", ["application", "maintenance"])
def test_a_role_that_could_do_anything_is_refused(server, role):
    """R39: the owner of the tables, and a superuser, could switch everything off."""
    database = server.database()
    with pytest.raises(LogError, match=r"postgres may .* neither a superuser"):
        create_log(server.address(database), "example.fi", roles=Roles(**{role: "postgres"}))
    with pytest.raises(LogMissing):
        open_log(server.address(database), writable=False)


def test_one_role_cannot_be_both(server):
    with pytest.raises(LogError, match="cannot be both"):
        create_log(
            server.address(server.database()), "example.fi", roles=Roles(maintenance=APPLICATION)
        )


def test_roles_that_are_there_already_are_given_their_rights(server):
    name = "shop of somebody"  # to be quoted
    server.query("postgres", f'CREATE ROLE "{name}" LOGIN')
    database = server.database()
    create_log(server.address(database), "example.fi", roles=Roles(application=name))
    log = open_log(server.address(database, "shop%20of%20somebody"), writable=True)
    append(log, grant(1))
    check(log)
    log.close()


def test_a_log_without_triggers_is_held_by_grants_alone(server):
    """For servers that have no triggers; `verify` expects none then, and says so of any."""
    database = server.database()
    create_log(server.address(database), "example.fi", roles=Roles(triggers=False))
    log = opened(server.address(database, APPLICATION))
    append(log, grant(1))
    check(log)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.query(database, "DELETE FROM consent.contents", user=APPLICATION)
    log.close()


@pytest.mark.parametrize("writable", [True, False])
def test_a_database_without_a_log_is_told_from_one_that_is_down(server, writable):
    address = server.address(server.database(), "postgres")
    with pytest.raises(LogMissing, match="consent log create"):
        open_log(address, writable=writable)
    with pytest.raises(LogUnavailable, match="does not exist"):
        open_log(server.address("nowhere"), writable=writable)


@pytest.mark.parametrize("writable", [True, False])
def test_a_schema_of_another_program_is_refused(server, writable):
    database = server.database()
    made = ("CREATE SCHEMA consent", "CREATE TABLE consent.meta (name TEXT, value TEXT)")
    server.query(database, *made)
    with pytest.raises(LogError, match="not a consent log"):
        open_log(server.address(database), writable=writable)
    with pytest.raises(LogError, match="exists"):
        create_log(server.address(database), "example.fi")


@pytest.mark.parametrize("writable", [True, False])
def test_a_log_of_another_version_is_refused(server, database, address, writable):
    server.query(
        database,
        "ALTER TABLE consent.meta DISABLE TRIGGER ALL",
        "UPDATE consent.meta SET value = '99' WHERE name = 'format'",
    )
    with pytest.raises(LogError, match="version 99"):
        opened(address, writable=writable)


def test_a_log_that_could_not_be_made_leaves_nothing(server):
    database = server.database()
    server.query("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with pytest.raises(LogUnavailable, match="takes no entries"):
        create_log(server.address(database), "example.fi")
    assert (
        server.query(database, "SELECT nspname FROM pg_namespace WHERE nspname = 'consent'") == []
    )


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:secret@[half/db", "postgresql://me:secret@host:port/db?no=such&thing"],
)
def test_an_address_that_is_none_is_refused_without_its_password(address):
    with pytest.raises(LogError, match="postgresql://USER@HOST/DATABASE") as raised:
        open_log(address, writable=True)
    assert "secret" not in str(raised.value)


def test_without_the_driver_the_remedy_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("consent.log.postgres")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(consent.log, name.rpartition(".")[2])
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for use in (
        lambda: open_log("postgresql://host/db", writable=True),
        lambda: create_log("postgresql://host/db", "example.fi"),
    ):
        with pytest.raises(LogError, match=r"pip install 'jackbot-consent\[postgresql\]'"):
            use()
