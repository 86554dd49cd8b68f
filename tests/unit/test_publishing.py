"""Checkpoints are made by themselves, kept in the log, and handed on (R41)."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import pytest

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Log, create_log, open_log, publishing
from consent.log.checkpoint import Checkpoint, origin, read
from consent.log.publishing import Publisher, publish, put
from consent.log.spool import locked
from consent.log.tree import root_of
from consent.log.verify import verify
from consent.signed_note import new_key, signed, verifier_of
from tests.unit.log_engines import append, grant
from tests.unit.log_outsider import outsider
from tests.unit.small_site import Make, decide

KEY = new_key("www.example.fi")
KEYS = [str(verifier_of(KEY))]
SOON = 0.01
"""Seconds after which a checkpoint is due here."""
FAR = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "www.example.fi")
    return found


@pytest.fixture
def log(path: str) -> Iterator[Log]:
    opened = open_log(path, writable=True)
    yield opened
    opened.close()


def kept(log: Log) -> list[int]:
    with log.snapshot() as snapshot:
        pairs = list(snapshot.checkpoints())
        assert [read(note, KEYS).size for _, note in pairs] == [size for size, _ in pairs]
        assert verify(snapshot).ok
    return [size for size, _ in pairs]


def script(folder: Path, code: str) -> tuple[str, ...]:
    file = folder / "hook.py"
    file.write_text(code)
    return (sys.executable, "-I", str(file))


class Noted(logging.Handler):
    """Sets an event at a log line."""

    def __init__(self) -> None:
        super().__init__()
        self.event, self.lines = Event(), []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.event.set()


@pytest.fixture
def told() -> Iterator[Noted]:
    handler = Noted()
    logger = logging.getLogger("consent.log")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_one_goes_into_the_log_the_file_and_the_hook(log, tmp_path, monkeypatch):
    """Secrets do not go along."""
    monkeypatch.setenv("CONSENT_SECRET_KEYS", "a secret")
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", "another")
    append(log, grant(1), grant(2))
    out, file = tmp_path / "out", tmp_path / "checkpoint.txt"
    hook = script(
        tmp_path,
        f"import sys, os; open({str(out)!r}, 'w').write(sys.stdin.read() + "
        "str('CONSENT_SECRET_KEYS' in os.environ or 'CONSENT_CHECKPOINT_KEYS' in os.environ))",
    )
    file.write_text("an older one")
    note = publish(log, [KEY], file, hook)
    assert kept(log) == [2]
    assert file.read_text() == note
    assert out.read_text() == f"{note}False"
    assert not list(tmp_path.glob("*.new"))


def test_a_site_makes_one_a_while_after_something_was_appended(log, monkeypatch):
    """R41: by whomever; what another program removes, or the spool brings, is covered as well."""
    made: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(publishing, "_run", lambda hook, note: made.put(note))
    publisher = Publisher(lambda: log, [KEY], SOON, None, ["hook"])
    publisher.appended()
    for size in (1, 2):
        append(log, grant(size))
        assert read(made.get(timeout=60), KEYS).size == size
    publisher.close()
    assert kept(log) == [1, 2]


def test_as_many_decisions_as_come_meanwhile_share_one(log):
    publisher = Publisher(lambda: log, [KEY], FAR)
    for number in range(3):
        append(log, grant(number))
        publisher.appended()
    publisher.close()
    assert kept(log) == [3]


def test_what_another_process_has_covered_needs_no_second_one(log):
    publisher = Publisher(lambda: log, [KEY], FAR)
    append(log, grant(1))
    publisher.appended()
    publish(log, [KEY])
    publisher.close()
    assert kept(log) == [1]


def test_of_two_processes_that_are_due_at_once_one_publishes(log, tmp_path, monkeypatch):
    """R41: they were started together; the file goes on, and nobody gets two mails."""
    made: list[str] = []

    def run(hook: object, note: str) -> None:
        made.append(note)
        if len(made) == 1:
            meanwhile.start()
            meanwhile.join(0.3)

    monkeypatch.setattr(publishing, "_run", run)
    one, other = (
        Publisher(lambda: log, [KEY], FAR, tmp_path / "checkpoint.txt", ["hook"]) for _ in range(2)
    )
    meanwhile = Thread(target=other.close)
    append(log, grant(1))
    one.appended()
    other.appended()
    one.close()
    meanwhile.join(60)
    assert made == [(tmp_path / "checkpoint.txt").read_text()]


def test_who_holds_the_folder_for_long_keeps_none_back(log, tmp_path, monkeypatch):
    """Where everybody may read it, everybody may hold it."""
    monkeypatch.setattr(publishing, "PATIENCE", 0.2)
    append(log, grant(1))
    with locked(str(tmp_path), os.O_RDONLY):
        publish(log, [KEY], tmp_path / "checkpoint.txt")
    assert kept(log) == [1]


def test_closing_publishes_what_was_not_yet_and_without_news_nothing(log):
    publisher = Publisher(lambda: log, [KEY], FAR)
    publisher.close()
    assert kept(log) == []
    append(log, grant(1))
    publisher.appended()
    publisher.close()
    publisher.close()
    assert kept(log) == [1]


@pytest.mark.parametrize(("keys", "every"), [([], FAR), ([KEY], 0)])
def test_without_a_key_or_an_interval_there_is_none(log, keys, every):
    publisher = Publisher(lambda: log, keys, every)
    append(log, grant(1))
    publisher.appended()
    publisher.close()
    assert kept(log) == []


def test_a_log_that_is_down_is_tried_again(log, told):
    calls = iter([LogUnavailable("down"), None])
    done = Event()

    def opened() -> Log:
        fault = next(calls, None)
        if fault is not None:
            raise fault
        done.set()
        return log

    publisher = Publisher(opened, [KEY], SOON)
    append(log, grant(1))
    publisher.appended()
    assert told.event.wait(60)
    assert done.wait(60)
    publisher.close()
    assert told.lines == ["no checkpoint could be made: down"]
    assert kept(log) == [1]


def test_one_that_was_broken_off_is_handed_on_by_the_next(log, tmp_path, monkeypatch):
    """R41: a machine may stop between any two steps, and the mail is what convinces."""
    append(log, grant(1))
    out = tmp_path / "out"
    hook = script(tmp_path, f"open({str(out)!r}, 'w').write('called')")

    def broken(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_run", broken)
        with pytest.raises(KeyboardInterrupt):
            publish(log, [KEY], None, hook)
    publisher = Publisher(lambda: log, [KEY], FAR, None, hook)
    publisher.appended()  # as a site does when it starts
    publisher.close()
    assert out.read_text() == "called"
    assert kept(log) == [1]


def test_closing_waits_for_one_that_is_being_made(log):
    """R41: who closes it closes the log next."""
    begun, go_on, closed = Event(), Event(), Event()

    def opened() -> Log:
        begun.set()
        assert go_on.wait(60)
        return log

    publisher = Publisher(opened, [KEY], SOON)
    append(log, grant(1))
    publisher.appended()
    assert begun.wait(60)
    closing = Thread(target=lambda: (publisher.close(), closed.set()))
    closing.start()
    assert not closed.wait(0.1)
    go_on.set()
    closing.join(60)
    assert kept(log) == [1]


def test_after_it_was_closed_a_log_that_is_down_is_tried_no_more(told):
    tried: list[None] = []

    def opened() -> Log:
        tried.append(None)
        raise LogUnavailable("down")

    publisher = Publisher(opened, [KEY], FAR)
    publisher.appended()
    publisher.close()
    publisher.close()
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("raise SystemExit(3)", "the hook for checkpoints ended with code 3"),
        (None, "the hook for checkpoints failed: "),
    ],
)
def test_a_hook_that_fails_is_told_and_the_checkpoint_stands(log, told, tmp_path, code, line):
    append(log, grant(1))
    hook = script(tmp_path, code) if code else (str(tmp_path / "nothing"),)
    publish(log, [KEY], None, hook)
    assert told.lines[0].startswith(line)
    assert kept(log) == [1]


def test_a_log_that_was_put_back_or_rewritten_is_not_vouched_for(log, told, tmp_path):
    """R41: what was published stays for whoever fetches it, and the operator is told."""
    file = tmp_path / "checkpoint.txt"
    append(log, *map(grant, range(5)))
    for before in (None, 3):
        if before:
            file.write_text(signed_of(log, before))  # an older one is continued
        assert publish(log, [KEY], file) == file.read_text()
    with log.snapshot() as view:
        name = origin(view)
    for text in (signed_of(log, 5, bytes(32)), signed_of(log, 6)):
        file.write_text(text)
        with pytest.raises(LogCorrupt, match=r"does not continue the [56] entries signed in"):
            publish(log, [KEY], file)
        assert file.read_text() == text
    publisher = Publisher(lambda: log, [KEY], FAR, file)
    append(log, grant(9))
    publisher.appended()
    publisher.close()
    assert told.lines[0].startswith("no checkpoint could be made: the log does not continue")
    file.write_text(file.read_text().replace(name, "another/log"))
    assert publish(log, [KEY], file) == file.read_text()


def test_over_a_checkpoint_that_cannot_be_read_none_is_made(log, tmp_path):
    """Else a log that does not continue it would take its place (R41)."""
    append(log, grant(1))
    with pytest.raises(LogUnavailable, match="cannot be read: Is a directory"):
        publish(log, [KEY], tmp_path)
    assert kept(log) == []


def signed_of(log, size, root=None):
    """A checkpoint of the first entries of a log; of more than there are, of anything."""
    with log.snapshot() as view:
        leaves = view.leaves(0, size)
        return signed(str(Checkpoint(origin(view), size, root or root_of(leaves))), [KEY])


def test_two_processes_that_write_one_at_once_leave_a_whole_one(tmp_path, monkeypatch):
    """R41: whoever fetches it finds one or the other, and nothing is left beside it."""
    file = tmp_path / "checkpoint.txt"
    replace = Path.replace

    def meanwhile(self, target):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            patch.setattr(os, "getpid", lambda: 1)
            put(file, b"another\n")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    put(file, b"one\n")
    assert file.read_bytes() == b"one\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_is_told_and_the_hook_still_called(log, told, tmp_path):
    append(log, grant(1))
    out = tmp_path / "out"
    hook = script(tmp_path, f"open({str(out)!r}, 'w').write('called')")
    publish(log, [KEY], tmp_path / "no folder" / "file", hook)
    assert "cannot be written" in told.lines[0]
    assert out.read_text() == "called"


def test_after_a_fork_the_child_sees_to_its_own_entries(log, path):
    publisher = Publisher(lambda: open_log(path, writable=True), [KEY], FAR)
    append(log, grant(1))
    publisher.appended()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = open_log(path, writable=True)
            append(own, grant(2))
            publisher.appended()
            publisher.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert kept(log) == [2]
    publisher.close()
    assert kept(log) == [2]


def test_a_site_publishes_when_it_is_closed(make_site: Make):
    """R41: what was decided since the last one is covered."""
    site = make_site(checkpoint_keys=KEY)
    decide(site.client(), "accept")
    size = site.consent.runtime.log.head().size
    address = site.consent.settings.log
    site.consent.close()
    assert kept(open_log(address, writable=False)) == [size]


def test_a_checkpoint_that_is_kept_cannot_be_changed_or_deleted(log, path):
    publish(log, [KEY])
    for statement in ("UPDATE checkpoints SET note = ''", "DELETE FROM checkpoints"):
        with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
        connection.close()
    with outsider(path) as connection:
        connection.execute("DELETE FROM checkpoints")
    assert kept(log) == []
