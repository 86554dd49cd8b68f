"""`consent log` on a log in PostgreSQL: made by an administrator, used by others."""

from __future__ import annotations

import json
import os
from contextlib import closing
from zipfile import ZipFile

import pytest

from consent.log import open_log
from consent.signed_note import new_key
from tests.unit.log_engines import append, artifact, consent_id, grant, refusal
from tests.unit.terminal import enter, set_up, terminal


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


@pytest.fixture
def database(server, monkeypatch):
    """An empty database, whose administrator we are."""
    found = server.database()
    monkeypatch.setenv("CONSENT_LOG_URL", server.address(found))
    return found


@pytest.fixture
def used(run, folder, server, database, monkeypatch):
    """A log that the settings' own role uses, with some entries."""
    assert run("log", "create", "--application", "shop", "--maintenance", "keeper")[0] == 0
    address = server.address(database, "shop")
    monkeypatch.setenv("CONSENT_LOG_URL", address)
    with closing(open_log(address, writable=True)) as log:
        append(log, *map(grant, range(300)), *map(refusal, range(20)))
        log.put_artifacts(dict([artifact(b"text")]))
    return address


def test_create_says_who_may_do_what_and_works_once(run, folder, server, database):
    code, out, _ = run("log", "create", "--application", "shop", "--maintenance", "keeper")
    assert code == 0
    assert out.startswith("Made an empty log for www.example.fi.")
    assert "connects as shop" in out
    assert "removed as keeper" in out
    owner = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'consent'"
    owners = server.query(database, owner)
    assert owners == [("postgres",)]
    code, out, err = run("log", "create")
    assert (code, out) == (2, "")
    assert "exists" in err


def test_create_without_triggers_makes_none(run, folder, server, database):
    assert run("log", "create", "--without-triggers")[0] == 0
    assert server.query(database, "SELECT 1 FROM pg_trigger WHERE NOT tgisinternal") == []
    assert run("log", "verify")[0] == 0


def test_a_role_that_the_site_must_not_have_is_told_with_its_remedy(run, folder, database):
    code, _, err = run("log", "create", "--application", "postgres")
    assert code == 2
    assert "--application" in err


@pytest.mark.parametrize("name", ["verify", "show", "export"])
def test_reading_needs_a_log_and_never_makes_one(run, folder, server, database, name):
    code, out, err = run("log", name)
    assert (code, out) == (2, "")
    assert err.startswith("consent: there is no log in postgresql://")
    assert "consent log create" in err
    assert server.query(database, "SELECT 1 FROM pg_tables WHERE schemaname = 'consent'") == []


def test_a_server_that_is_down_is_one_line_with_its_remedy(run, folder, monkeypatch):
    monkeypatch.setenv("CONSENT_LOG_URL", "postgresql://me:private@127.0.0.1:1/consent")
    for command in ("create", "verify", "show"):
        code, _, err = run("log", command)
        assert code == 2
        assert err.startswith("consent: postgresql://127.0.0.1:1/consent: ")
        assert "private" not in err
        assert len(err.splitlines()) == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_verify_reads_the_whole_log(run, used, jobs):
    code, out, _ = run("log", "verify", "--jobs", jobs)
    assert code == 0
    assert "320 entries" in out


def test_what_is_shown_exported_and_proven_is_what_was_appended(run, used, tmp_path, monkeypatch):
    code, out, _ = run("log", "show", "--consent-id", consent_id(7))
    assert code == 0
    assert json.loads(out)["body"]["consent_id"] == consent_id(7)
    assert run("log", "export", "-o", tmp_path / "log.jsonl")[0] == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert sum('"seq":' in line for line in lines) == 320
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", new_key("www.example.fi"))
    assert run("log", "proof", consent_id(7), "-o", tmp_path / "proof.zip")[0] == 0
    with ZipFile(tmp_path / "proof.zip") as bundle:
        assert "verifier.py" in {os.path.basename(name) for name in bundle.namelist()}


def test_what_was_erased_is_in_no_file_once_the_owner_has_cleared_the_table(
    run, used, server, database
):
    """R128: a database marks what is deleted and leaves its bytes; the command says what to do."""
    ((oid,),) = server.query(
        "postgres", f"SELECT oid FROM pg_database WHERE datname = '{database}'"
    )

    def found() -> bool:
        server.query(database, "CHECKPOINT")
        files = (server.data / "base" / str(oid)).iterdir()
        return any(consent_id(7).encode() in file.read_bytes() for file in files)

    assert found()
    maintenance = server.address(database, "keeper")
    code, out, _ = run("log", "erase", consent_id(7), "--yes", "--log", maintenance)
    assert code == 0
    (statement,) = (line.strip() for line in out.splitlines() if "VACUUM" in line)
    server.query(database, statement)
    assert not found()
    assert run("log", "verify")[0] == 0


def test_a_checkpoint_is_kept_in_the_log(run, used, monkeypatch):
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", new_key("www.example.fi"))
    code, out, _ = run("log", "checkpoint", "--publish")
    assert code == 0, out
    with open_log(used, writable=False).snapshot() as snapshot:
        assert [size for size, _ in snapshot.checkpoints()] == [320]
    assert run("log", "verify")[0] == 0


def test_a_log_is_moved_here_from_a_file_for_roles_of_its_own(run, folder, server, database):
    address = server.address(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CONSENT_LOG_URL")
        assert run("log", "create")[0] == 0
    with closing(open_log("consent-log.sqlite3", writable=True)) as log:
        append(log, *map(grant, range(300)))
    names = ("--application", "mover", "--maintenance", "remover")
    for _ in range(2):
        code, out, err = run("log", "import", "consent-log.sqlite3", "--to", address, *names)
        assert (code, err) == (0, "")
        assert "has all 300 entries of www.example.fi" in out
    with closing(open_log(server.address(database, "mover"), writable=True)) as log:
        assert append(log, grant(300))[0].seq == 300
    assert run("log", "verify")[0] == 0
