"""`consent log expire`: what goes and why, in a table; run by cron at any time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from consent.cli import retention
from consent.log import create_log, open_log
from consent.log.verify import verify
from tests.unit.aged_log import CREATED, kept, record, telling
from tests.unit.log_engines import append
from tests.unit.terminal import enter, set_up, terminal

TODAY = datetime(2026, 11, 28, 3, 17, tzinfo=UTC)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    monkeypatch.setattr(retention, "now", lambda: TODAY)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


@pytest.fixture
def path(folder):
    """The log of the settings, with some of everything that goes and of what stays."""
    found = str(folder / "consent-log.sqlite3")
    create_log(found, "www.example.fi", like={"created": f"{CREATED}"})
    log = open_log(found, writable=True)
    text, artifact = kept("text")
    log.put_artifacts({text: artifact})
    append(
        log,
        telling("declaration", date(2021, 1, 1), text, [text]),
        record("grant", date(2021, 1, 1), 1, shown=text),
        record("withdrawal", date(2021, 2, 1), 1, shown=text),
        record("refusal", date(2021, 3, 1), shown=text),
        record("grant", date(2021, 4, 1), 2, shown=text),
        telling("declaration", date(2021, 5, 1), "0" * 64, []),
        record("grant", date(2025, 11, 20), 3),
    )
    for month in range(12):  # there were visitors all the time
        log.count(f"{date(2025, 12, 1) + month * timedelta(days=30)}", "shown")
    log.close()
    return found


def left(path):
    log = open_log(path, writable=False)
    with log.snapshot() as snapshot:
        assert verify(snapshot).findings == []
        found = [row.seq for row in snapshot.rows() if row.body is not None]
    log.close()
    return found


def test_expire_tells_in_a_table_what_goes_and_why(run, path):
    """R127: with the days that it was kept until."""
    code, out, err = run("log", "expire")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "what goes            number  was kept until           why",
        "records of consents  3       2024-02-01 … 2024-10-01  the consents ended 36 months before",
        "refusals             1       2024-03-01               made 36 months before",
        "declarations         1       2025-05-31               replaced; no record and no cookie "
        "names them any more",
        "artifacts            1       2025-05-31               no entry that is kept names them",
        "Removed the content of 5 entries. What stays is kept until 2028-11-20 at least.",
        "Backups from before hold it still: give each of them an end of its own.",
    ]
    assert left(path)[:2] == [5, 6]


def test_the_next_run_finds_nothing_and_says_from_when_something_may_go(run, path):
    run("log", "expire")
    before = left(path)
    code, out, _ = run("log", "expire")
    assert code == 0
    assert out == "Nothing is due on 2026-11-28. What stays is kept until 2028-11-20 at least.\n"
    assert left(path) == before


def test_a_dry_run_tells_the_same_and_only_reads(run, path, folder):
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    code, out, _ = run("log", "expire", "--dry-run")
    assert code == 0
    assert out.endswith("Nothing was removed, since --dry-run was given.\n")
    assert {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()} == before
    assert out.splitlines()[:5] == run("log", "expire")[1].splitlines()[:5]


def test_the_settings_say_for_how_many_months(run, path, folder):
    file = folder / "consent.toml"
    file.write_text("retention_months = 1\n" + file.read_text("utf-8"), "utf-8")
    assert "1 month before" in run("log", "expire")[1]
    # A grant of 20 November 2025 counts until 22 May 2026.
    assert 6 not in left(path)


def test_a_backup_expires_by_the_same_settings(run, path, folder):
    backup = folder / "backup.sqlite3"
    backup.write_bytes((folder / "consent-log.sqlite3").read_bytes())
    assert run("log", "expire", "--log", "backup.sqlite3")[0] == 0
    assert left(path) == list(range(7))
    assert left(str(backup))[:2] == [5, 6]


AHEAD = datetime(2031, 3, 1, 3, 17, tzinfo=UTC)


def test_a_clock_that_is_far_ahead_removes_nothing_before_somebody_says_that_it_is_right(
    run, path, monkeypatch
):
    """R127: no record is removed early because a machine has started with a wrong clock."""
    before = left(path)
    monkeypatch.setattr(retention, "now", lambda: AHEAD)
    code, out, err = run("log", "expire")
    assert (code, out.count("consents ended")) == (2, 1)
    assert err == (
        "consent: nothing was removed: the clock says 2031-03-01, and the log knows of nothing "
        "between 2026-10-27 and 2031-03-01\n"
        "    → set the clock right; if it is, run the command by hand with --yes\n"
    )
    assert left(path) == before
    assert run("log", "expire", "--dry-run")[0] == 0
    assert run("log", "expire", "--yes")[0] == 0
    assert left(path) != before


def test_a_clock_that_visitors_were_counted_by_is_asked_about_for_a_week(run, path, monkeypatch):
    """The site has run by it for some days, before the job does."""
    log = open_log(path, writable=True)
    log.count("2031-02-27", "shown")
    append(log, record("refusal", date(2031, 2, 28)))
    log.close()
    before = left(path)
    monkeypatch.setattr(retention, "now", lambda: AHEAD)
    code, _, err = run("log", "expire")
    assert (code, "between 2026-10-27 and 2031-02-27" in err) == (2, True)
    assert left(path) == before
    monkeypatch.setattr(retention, "now", lambda: AHEAD + timedelta(days=5))
    assert run("log", "expire")[0] == 0
    assert left(path) != before


def test_a_log_that_is_not_there_is_told_and_not_made(run, folder):
    for more in ([], ["--dry-run"], ["--log", "nowhere.sqlite3"]):
        code, out, err = run("log", "expire", *more)
        assert (code, out) == (2, "")
        assert "there is no log at" in err
    assert not list(folder.glob("*.sqlite3*"))


def test_somebody_who_waits_at_a_terminal_sees_how_far_it_is(run, path, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    _, _, err = run("log", "expire")
    assert err.splitlines()[-1].endswith("removed 5 of 5")


def test_what_was_removed_is_in_no_file_beside_the_log(run, path, folder):
    """R128: nor in the write-ahead log, nor in pages that are free."""
    secret = b"id%020d" % 2
    assert secret in (folder / "consent-log.sqlite3").read_bytes()
    site = open_log(path, writable=True)
    append(site, record("refusal", date(2026, 11, 28)))
    assert run("log", "expire")[0] == 0
    found = {file.name: file.read_bytes() for file in folder.iterdir() if "sqlite3" in file.name}
    assert len(found) == 3
    assert not [name for name, body in found.items() if secret in body]
    site.close()
