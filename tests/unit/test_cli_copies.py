"""`consent log export`, `import` and `backup`, as a person uses them."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path

import pyarrow.parquet
import pytest

from consent.log import Entry, open_log
from consent.log.spool import append_durably, write_line
from consent.record import canonical
from consent.signed_note import new_key
from tests.unit.log_engines import ENGINES, MAINTENANCE, append, consent_id, opened
from tests.unit.log_outsider import change
from tests.unit.patience import until
from tests.unit.terminal import enter, set_up, terminal

ROOT = Path(__file__).parents[2]
KEY = new_key("www.example.fi")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


def add(path, *numbers):
    with closing(open_log(str(path), writable=True)) as log:
        add_to(log, *numbers)


def add_to(log, *numbers):
    """Append consents of 1 and 2 November, in turns."""
    for number in numbers:
        body = {
            "consent_id": consent_id(number),
            "event": "grant",
            "kind": "consent",
            "states": {"statistics": "granted"},
            "time": f"2026-11-0{1 + number % 2}T12:00:00Z",
        }
        append(log, Entry("consent", canonical(body), consent_id(number)))


@pytest.fixture
def log(run, folder):
    """The path of a log with thirty entries, and nothing beside it."""
    assert run("log", "create")[0] == 0
    path = folder / "consent-log.sqlite3"
    add(path, *range(30))
    return path


def head(run, *words):
    return re.search(r"^head \d+:[0-9a-f]{64}$", run("log", "verify", *words)[1], re.M)[0]


# -- export --


def test_a_part_of_the_log_is_exported_by_period_and_kind(run, log, folder):
    words = ("--from", "2026-11-02", "--until", "2026-11-30", "--kind", "consent")
    assert run("log", "export", *words, "-o", "part.jsonl") == (
        0,
        "Wrote 15 entries to part.jsonl.\n",
        "",
    )
    lines = (folder / "part.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["seq"] for line in lines[1:-1]] == list(range(1, 30, 2))
    assert run("log", "export", "--kind", "release")[1].count("\n") == 2


def test_decisions_are_exported_as_a_table(run, log, folder):
    words = ("--until", "2026-11-01")
    code, out, _ = run("log", "export", "--format", "csv", *words, "-o", "out.csv")
    assert (code, out) == (0, "Wrote 15 decisions to out.csv.\n")
    rows = list(csv.DictReader(io.StringIO((folder / "out.csv").read_text("utf-8"))))
    assert [row["consent_id"] for row in rows] == [consent_id(n) for n in range(0, 30, 2)]
    code, out, _ = run("log", "export", "--format", "parquet", *words, "-o", "out.parquet")
    assert (code, out) == (0, "Wrote 15 decisions to out.parquet.\n")
    table = pyarrow.parquet.read_table(folder / "out.parquet")
    assert table["consent_id"].to_pylist() == [row["consent_id"] for row in rows]
    for name in ("out.csv", "out.parquet"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    assert run("log", "export", "--format", "csv")[1].count("\n") == 31


def test_of_a_log_that_comes_into_use_while_it_is_read_no_file_is_left(
    run, log, folder, monkeypatch
):
    """What was read of it may be torn."""

    def disturbed(*_):
        yield b"{}\n"
        add(log, 31)

    monkeypatch.setattr("consent.log.export.export", disturbed)
    code, out, err = run("log", "export", "-o", "out.jsonl")
    assert (code, out) == (2, "")
    assert "was written to while it was read; try again" in err
    assert not (folder / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "1.11.2026"], "'1.11.2026' is not a day, as 2026-01-31"),
        (["--from", "20261101"], "'20261101' is not a day"),
        (["--until", "2026-02-30"], "'2026-02-30' is not a day"),
        (["--kind", "visit"], "invalid choice: 'visit'"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["--format", "parquet"], "name a file with -o FILE"),
        (["--format", "csv", "--kind", "expiry", "-o", "x"], "only decisions make a table"),
        (["--from", "2026-11-02", "--until", "2026-11-01"], "ends before it begins"),
    ],
)
def test_what_cannot_be_exported_is_told_and_leaves_no_file(run, log, folder, words, message):
    code, out, err = run("log", "export", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not (folder / "x").exists()


def test_of_a_damaged_log_there_is_no_whole_export_but_parts(run, log, folder):
    """Whoever keeps exports as backups is told now, and not when one is to be imported."""
    change(str(log), 7, body=b'{"kind":"consent"}')
    code, out, err = run("log", "export", "-o", "x.jsonl")
    assert (code, out) == (1, "")
    assert "leaf at entry 7: " in err
    assert not (folder / "x.jsonl").exists()
    code, out, _ = run("log", "export")
    assert (code, out.count('"seq":'), '"end":' in out) == (1, 30, False)
    assert run("log", "export", "--kind", "consent", "-o", "x.jsonl")[0] == 0


# -- import --


def test_a_whole_export_is_imported_into_the_log_of_the_settings(run, log, folder):
    """The same head, and with it every checkpoint that was ever made."""
    before = head(run)
    run("log", "export", "-o", "log.jsonl")
    log.unlink()
    code, out, err = run("log", "import", "log.jsonl")
    assert (code, err) == (0, "")
    assert out == f"{log} has all 30 entries of www.example.fi. The copy is whole:\n{before}\n"
    assert head(run) == before


def test_a_log_is_copied_to_another_place_and_again_for_what_came_since(run, log):
    code, out, _ = run("log", "import", log, "--to", "new.sqlite3")
    assert code == 0
    assert "new.sqlite3 has all 30 entries" in out
    assert head(run) == head(run, "--log", "new.sqlite3")
    add(log, 30, 31)
    code, out, _ = run("log", "import", log, "--to", "new.sqlite3")
    assert "has all 32 entries of www.example.fi, 30 were there already" in out
    assert head(run) == head(run, "--log", "new.sqlite3")


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_move_to_another_engine_is_one_command(run, log, engine, tmp_path):
    """Then the site goes on there, and what the old log got meanwhile would be a fork."""
    (tmp_path / "elsewhere").mkdir()
    to = engine.address(tmp_path / "elsewhere")
    assert run("log", "import", log, "--to", to)[0] == 0
    assert head(run) == head(run, "--log", to)
    with closing(opened(to)) as moved:
        add_to(moved, 7)
    assert head(run, "--log", to).startswith("head 31:")
    code, _, err = run("log", "import", log, "--to", to)
    assert code == 2
    assert "the log there has 31 entries, and 30 are to be brought" in err


def test_who_maintains_a_log_can_bring_what_came_since(run, log, tmp_path):
    """R39: the administrator is needed to make it, and not again."""
    to = dict(ENGINES)["postgresql"](tmp_path)
    assert run("log", "import", log, "--to", to)[0] == 0
    add(log, 30, 31)
    maintenance = to.replace("//postgres@", f"//{MAINTENANCE}@")
    assert run("log", "import", log, "--to", maintenance)[0] == 0
    assert head(run) == head(run, "--log", to)


def test_the_source_of_an_import_stays_as_it_is(run, log, folder):
    """Nothing is written, beside it neither."""
    before = log.read_bytes()
    run("log", "import", log, "--to", "new.sqlite3")
    assert log.read_bytes() == before
    assert not list(folder.glob("consent-log.sqlite3?*"))


def test_of_a_log_in_use_it_is_said_that_more_may_come(run, log):
    with closing(open_log(str(log), writable=True)) as used:
        assert used.head().size == 30
        code, out, _ = run("log", "import", log, "--to", "new.sqlite3")
    assert code == 0
    assert "once the site has stopped, import again for what came since" in out
    assert "import again" not in run("log", "import", log, "--to", "new.sqlite3")[1]


def test_a_log_is_not_copied_to_itself(run, log, folder):
    (folder / "link").symlink_to(log)
    for words in ([log], [folder / "link"], ["link", "--to", log]):
        code, out, err = run("log", "import", *words)
        assert (code, out) == (2, "")
        assert "is the log itself" in err
    assert head(run).startswith("head 30:")


@pytest.mark.parametrize("named", [False, True])
def test_refusals_that_wait_for_the_source_are_not_forgotten(run, log, folder, named):
    """R34: they would be in neither log; also where the settings name another place for them."""
    spool = folder / ("other.spool" if named else f"{log.name}.spool")
    if named:
        toml = folder / "consent.toml"
        toml.write_text(f'spool = "other.spool"\n{toml.read_text("utf-8")}', "utf-8")
    spool.write_text("waiting")
    code, out, err = run("log", "import", log.name, "--to", "new.sqlite3")
    assert (code, out) == (2, "")
    assert f"refusals wait in {spool}" in err
    assert "start the site with that log until the file is empty" in err
    assert not (folder / "new.sqlite3").exists()
    spool.write_text("")
    assert run("log", "import", log.name, "--to", folder / "new.sqlite3")[0] == 0


def test_refusals_that_wait_beside_the_copy_come_after_all_that_is_copied(run, log, folder):
    """R34: as where a damaged log is restored, and the site writes them when it starts."""
    entry = Entry("consent", b'{"event":"refusal","kind":"consent"}', once=b"token")
    new = folder / "new.sqlite3"
    append_durably(f"{new}.spool", write_line(entry))
    waiting = Path(f"{new}.spool").read_bytes()
    assert run("log", "import", log, "--to", new)[0] == 0
    assert head(run) == head(run, "--log", new)
    assert Path(f"{new}.spool").read_bytes() == waiting
    with closing(open_log(str(new), writable=True)) as copy:
        until(lambda: copy.head().size == 31)
        assert copy.last("consent") == entry.body


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"a text", "is not a consent log"),
        (b'{"export":1,"head":{"root":"', "log.jsonl, line 1: "),
        (b"{}\n", "log.jsonl, line 1: it has no 'export'"),
    ],
)
def test_what_is_no_log_is_not_imported(run, folder, content, message):
    if content is not None:
        (folder / "log.jsonl").write_bytes(content)
    code, out, err = run("log", "import", "log.jsonl")
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 2
    assert not (folder / "consent-log.sqlite3").exists()


def test_a_damaged_log_is_not_copied(run, log, folder):
    change(str(log), 7, body=b'{"kind":"consent"}')
    code, out, err = run("log", "import", log, "--to", "new.sqlite3")
    assert (code, out) == (1, "")
    assert "leaf at entry 7" in err


# -- backup --


def test_a_backup_is_made_and_comes_back_by_an_import(run, log, folder):
    before = head(run)
    with closing(open_log(str(log), writable=True)):
        code, out, err = run("log", "backup", "-o", "copy.sqlite3")
    assert (code, err) == (0, "")
    assert out == f"Wrote 30 entries to copy.sqlite3. The copy is whole:\n{before}\n"
    add(log, 30)
    log.rename(folder / "lost")
    assert run("log", "import", "copy.sqlite3")[0] == 0
    assert head(run) == before


def test_a_restored_older_log_is_told_by_a_checkpoint_kept_elsewhere(run, log, folder, monkeypatch):
    """R40: an older copy is whole in itself."""
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", KEY)
    run("log", "backup", "-o", "copy.sqlite3")
    assert run("log", "checkpoint", "-o", "before.txt")[0] == 0
    add(log, 30)
    assert run("log", "checkpoint", "-o", "after.txt")[0] == 0
    log.unlink()
    run("log", "import", "copy.sqlite3")
    assert run("log", "verify")[0] == 0
    assert run("log", "verify", "--checkpoint", "before.txt")[0] == 0
    code, _, err = run("log", "verify", "--checkpoint", "after.txt")
    assert code == 1
    assert "some are missing" in err


def test_a_file_that_is_there_is_not_written_over(run, log, folder):
    (folder / "copy").write_text("mine")
    code, out, err = run("log", "backup", "-o", "copy")
    assert (code, out) == (2, "")
    assert "copy is there already" in err
    assert (folder / "copy").read_text() == "mine"


def test_a_database_with_tools_of_its_own_is_backed_up_by_them(run, folder):
    code, out, err = run("log", "backup", "--log", "postgresql://me:secret@db/log", "-o", "copy")
    assert (code, out) == (2, "")
    assert "postgresql://db/log is backed up by its database's own tools" in err
    assert "consent log export -o FILE" in err
    assert "secret" not in err


# -- a person at a terminal --


def at_a_terminal(folder, *words):
    """Run a command with standard error on a terminal; returns what is seen there, and the rest."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    done = subprocess.run(
        [sys.executable, "-m", "consent", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.write(theirs, b"END")
    seen = b""
    while not seen.endswith(b"END"):
        seen += os.read(ours, 65_536)
    os.close(theirs)
    os.close(ours)
    return done.returncode, done.stdout, seen.decode().removesuffix("END")


@pytest.mark.parametrize(
    ("words", "bars"),
    [
        (["export", "-o", "out.jsonl"], ["export"]),
        (["export", "--format", "csv", "-o", "out.csv"], ["export"]),
        (["import", "consent-log.sqlite3", "--to", "new.sqlite3"], ["copy", "verify"]),
        (["backup", "-o", "copy.sqlite3"], ["copy", "verify"]),
        (["verify"], ["verify"]),
    ],
    ids=lambda value: value[0],
)
def test_who_waits_at_a_terminal_sees_how_far_it_is(log, folder, words, bars):
    """And afterwards nothing of it is left; somebody who does not see it gets nothing."""
    code, out, seen = at_a_terminal(folder, "log", *words)
    assert code == 0
    for bar in bars:
        assert re.search(rf"{bar}: +\d+%", seen), seen
    assert re.search(r"\r +\r$", seen)
    assert "%" not in out


def test_lines_on_a_terminal_have_no_bar_between_them(log, folder):
    code, out, seen = at_a_terminal(folder, "log", "export")
    assert (code, seen) == (0, "")
    assert out.count("\n") == 32


def test_of_a_log_that_comes_into_use_while_it_is_proved_no_file_is_left(
    run, log, folder, monkeypatch
):
    """A torn proof would look like a forged one."""

    def disturbed(*_, **__):
        add(log, 31)
        return 0

    monkeypatch.setattr("consent.proof.bundle.write", disturbed)
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", new_key("www.example.fi"))
    code, out, err = run("log", "proof", "0" * 22, "-o", "out.zip")
    assert (code, out) == (2, "")
    assert "was written to while it was read; try again" in err
    assert not (folder / "out.zip").exists()
