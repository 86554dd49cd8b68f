"""`consent log`: made once, read without a trace, and checked from its first entry on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from consent.log import Entry, open_log
from consent.record import canonical
from tests.unit.log_outsider import change
from tests.unit.terminal import enter, set_up, terminal


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


def entry(number, **more):
    body = {
        "type": "consent",
        "event": "grant",
        "time": f"2026-11-23T12:00:{number:02}Z",
        "states": {"statistics": "granted", "marketing": "denied"},
        "consent_id": f"{number:022}",
        "name": "Päivi",
    }
    return Entry("consent", canonical(body | more), consent_id=f"{number:022}")


@pytest.fixture
def log(run, folder):
    """The path of a log with thirty entries, and nothing beside it."""
    assert run("log", "create")[0] == 0
    path = folder / "consent-log.sqlite3"
    opened = open_log(str(path), writable=True)
    for number in range(30):
        opened.append_soon(entry(number)).result(30)
    opened.close()
    return path


def test_create_makes_a_log_once(run, folder):
    code, out, _ = run("log", "create")
    assert code == 0
    assert out.startswith("Made an empty log for www.example.fi.")
    before = (folder / "consent-log.sqlite3").read_bytes()
    code, out, err = run("log", "create")
    assert (code, out) == (2, "")
    assert err.startswith("consent: ")
    assert "    → if it is this site's log, nothing is left to do" in err
    assert (folder / "consent-log.sqlite3").read_bytes() == before


def test_check_finds_the_log_that_is_there(run, log):
    assert re.search(r"^log +\S+consent-log.sqlite3$", run("check")[1], re.M)


@pytest.mark.parametrize("name", ["verify", "show", "export"])
def test_reading_needs_a_log_and_never_makes_one(name, run, folder):
    """A wrong path is told as one line with its remedy."""
    before = sorted(folder.iterdir())
    for words in ([], ["--log", "nowhere.sqlite3"]):
        code, out, err = run("log", name, *words)
        assert (code, out) == (2, "")
        assert err.startswith("consent: there is no log at")
        assert "consent log create" in err
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "words", [["verify"], ["show"], ["show", "--consent-id", "0" * 22], ["export"]]
)
def test_reading_never_writes(words, run, log, folder, monkeypatch):
    """Neither to the log nor beside it; and it needs neither keys nor settings."""

    def state():
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    before = state()
    monkeypatch.delenv("CONSENT_SECRET_KEYS")
    code, out, err = run("log", *words)
    assert (code, err) == (0, "")
    assert out
    monkeypatch.chdir(folder.parent)
    assert run("log", *words, "--log", log) == (0, out, "")
    assert state() == before


def test_verify_prints_a_head_that_a_later_check_can_start_from(run, log):
    code, out, _ = run("log", "verify")
    assert code == 0
    assert "whole: 30 entries" in out
    (head,) = re.findall(r"^head (30:[0-9a-f]{64})$", out, re.M)
    assert run("log", "verify", "--known", head)[0] == 0
    other = head[:-1] + ("0" if head[-1] != "0" else "1")
    code, out, err = run("log", "verify", "--known", other)
    assert (code, out) == (1, "")
    assert "does not continue the head of 30 entries" in err
    assert run("log", "verify", "--known", "30")[0] == 2


def test_verify_reports_a_changed_entry(run, log):
    """R40: what was changed behind the triggers' back is found and told."""
    change(str(log), 7, body=entry(7, event="denial").body)
    code, out, err = run("log", "verify")
    assert (code, out) == (1, "")
    assert "leaf at entry 7" in err
    assert "compare it with a backup" in err


def test_a_file_that_is_no_log_is_told_in_one_line(run, folder):
    (folder / "other.sqlite3").write_bytes(b"not a database, but long enough to be looked at" * 100)
    for name in ("verify", "show", "export"):
        code, out, err = run("log", name, "--log", "other.sqlite3")
        assert (code, out) == (2, "")
        assert "is not a consent log" in err
        assert len(err.splitlines()) == 2


def test_show_lists_the_newest_entries(run, log):
    code, out, _ = run("log", "show")
    assert code == 0
    assert out.startswith("30 entries for www.example.fi since 20")
    lines = out.splitlines()[1:]
    assert len(lines) == 20
    assert re.fullmatch(
        r"29 +consent +2026-11-23T12:00:29Z +grant marketing=denied statistics=granted +0{20}29",
        lines[-1],
    )
    assert len(run("log", "show", "--last", "3")[1].splitlines()) == 4


def test_show_gives_all_of_one_consent(run, log):
    """R44, R130: by the id that the data subject has."""
    code, out, _ = run("log", "show", "--consent-id", f"{7:022}")
    assert code == 0
    shown = json.loads(out)
    assert shown["seq"] == 7
    assert shown["body"]["name"] == "Päivi"
    code, out, err = run("log", "show", "--consent-id", "unknown")
    assert (code, out, err) == (1, "", "consent: no entry has this consent id\n")


def test_export_writes_lines_of_json_to_a_new_file(run, log, folder):
    code, out, _ = run("log", "export", "-o", "out.jsonl")
    assert (code, out) == (0, "Wrote 30 entries to out.jsonl.\n")
    file = folder / "out.jsonl"
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert lines[0]["head"]["size"] == 30
    assert [line["seq"] for line in lines[1:-1]] == list(range(30))
    assert file.stat().st_mode & 0o077 == 0
    code, out, err = run("log", "export", "-o", "out.jsonl")
    assert (code, out) == (2, "")
    assert "out.jsonl is there already" in err
    assert run("log", "export", "-o", "-")[1].encode() == file.read_bytes()


def test_an_export_that_is_broken_off_leaves_no_file(run, log, folder, monkeypatch):
    def broken(*_):
        yield b"{}\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("consent.log.export.export", broken)
    code, _, err = run("log", "export", "-o", "out.jsonl")
    assert code == 2
    assert "No space left" in err
    assert not (folder / "out.jsonl").exists()


def test_a_reader_that_has_read_enough_is_no_error(log):
    """`consent log export | head -1` ends quietly."""
    command = f"{sys.executable} -m consent log export | head -1"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["head"]["size"] == 30


def test_verify_goes_on_where_an_earlier_one_ended(run, log):
    """R40: with a head that was verified, what it covers is only seen to give its root."""
    head = run("log", "verify")[1].split("head ")[1].split()[0]
    opened = open_log(str(log), writable=True)
    opened.append_soon(entry(31)).result(30)
    opened.close()
    assert run("log", "verify", "--known", head, "--resume", "--jobs", "2")[0] == 0
    code, _, err = run("log", "verify", "--resume")
    assert code == 2
    assert "--checkpoint FILE" in err
    for wrong in ("0", "-1", "many"):
        assert run("log", "verify", "--jobs", wrong)[0] == 2
