"""Refusals and withdrawals outlast a log that is down (R34)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.errors import LogUnavailable
from consent.log import Entry, Log, create_log, open_log
from consent.log.spool import Spool, read_line, write_line
from consent.log.sqlite_file import connect
from consent.log.verify import verify
from consent.record import canonical
from tests.unit.log_engines import consent_id, grant, refusal
from tests.unit.patience import until


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "example.fi")
    return found


def bodies(log: Log) -> list[bytes]:
    return [body for _, body in log.bodies("consent")]


def drained(path: str, **options: object) -> list[bytes]:
    """Open the log until the spool beside it is empty; returns what is in the log then."""
    log = open_log(path, writable=True, **options)
    until(lambda: not Spool(path + ".spool").waiting())
    log.close()
    with open_log(path, writable=False).snapshot() as snapshot:
        assert verify(snapshot).findings == []
        return [row.body for row in snapshot.rows()]


@settings(deadline=None)
@given(st.text(), st.one_of(st.none(), st.text("abcXYZ-_0", min_size=22, max_size=22)), st.binary())
def test_an_entry_comes_back_from_its_line(text, some_id, once):
    entry = Entry("consent", text.encode("utf-8", "ignore"), some_id, once)
    line = write_line(entry)
    assert line.count(b"\n") == 1
    assert read_line(line[:-1]) == entry


@settings(deadline=None)
@given(st.integers(0), st.integers(1, 255))
def test_a_line_with_a_changed_byte_is_no_entry(at, change):
    line = bytearray(write_line(grant(1))[:-1])
    line[at % len(line)] ^= change
    assert read_line(bytes(line)) is None


@settings(deadline=None)
@given(st.integers(0, 60))
def test_a_torn_line_is_no_entry(length):
    assert read_line(write_line(grant(1))[:length]) is None


def test_spooled_entries_are_appended_when_the_log_is_opened_again(path):
    spool = Spool(path + ".spool")
    entries = [refusal(number) for number in range(600)]
    for entry in entries:
        spool.add(entry)
    assert drained(path) == [entry.body for entry in entries]


def test_spooled_entries_are_appended_once_the_log_works_again(path):
    log = open_log(path, writable=True)
    log.append_soon(grant(1)).result(60)
    log._writes._engine.patience = 0.01
    with closing(connect(path, "rw")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable):
            log.append_soon(refusal(2)).result(60)
        log.spool(refusal(2))
        assert Spool(path + ".spool").waiting()
        other.execute("ROLLBACK")
    log.append_soon(grant(3)).result(60)
    until(lambda: not Spool(path + ".spool").waiting())
    assert sorted(bodies(log)) == sorted([grant(1).body, refusal(2).body, grant(3).body])
    log.close()


def test_a_crash_between_appending_and_emptying_appends_nothing_twice(path):
    """Entries without a key of their own get one in the spool."""
    spool = Spool(path + ".spool")
    for entry in (refusal(1), replace(refusal(2), once=None), grant(3)):
        spool.add(entry)
    kept = Path(spool.path).read_bytes()
    first = drained(path)
    assert len(first) == 3
    Path(spool.path).write_bytes(kept)
    assert drained(path) == first


def test_damaged_lines_are_put_aside_and_the_others_appended(path):
    spool = Spool(path + ".spool")
    spool.add(refusal(1))
    file = Path(spool.path)
    damaged = bytearray(file.read_bytes())
    damaged[40] ^= 1
    file.write_bytes(bytes(damaged))
    spool.add(refusal(2))
    file.write_bytes(file.read_bytes() + write_line(refusal(3))[:50])
    spool.add(refusal(4))
    assert drained(path) == [refusal(2).body, refusal(4).body]
    aside = Path(spool.path + ".damaged").read_bytes()
    assert aside == bytes(damaged) + write_line(refusal(3))[:50] + b"\n"


def test_an_entry_that_can_never_be_appended_is_put_aside(path):
    spool = Spool(path + ".spool")
    spool.add(refusal(1))
    spool.add(Entry("consent", b"{}", "an id of other length", once=b"k"))
    spool.add(refusal(2))
    assert drained(path) == [refusal(1).body, refusal(2).body]
    lines = Path(spool.path + ".damaged").read_bytes().splitlines()
    assert [read_line(line).consent_id for line in lines] == ["an id of other length"]


def test_a_spooled_entry_can_be_given_its_revision_again(path):
    """A withdrawal names the record that it ends, which is known only when it is appended (R44)."""
    log = open_log(path, writable=True)
    log.append_soon(grant(1)).result(60)
    log.close()
    Spool(path + ".spool").add(Entry("consent", b"{}", consent_id(1)))

    def ending(consent_id: str, last: bytes) -> bytes:
        return canonical({"consent_id": consent_id, "ends": sha256(last).hexdigest()})

    def revive(entry: Entry) -> Entry:
        return replace(entry, revise=partial(ending, entry.consent_id))

    assert drained(path, revive=revive) == [grant(1).body, ending(consent_id(1), grant(1).body)]


def test_an_entry_that_cannot_be_revived_is_put_aside(path):
    Spool(path + ".spool").add(refusal(1))

    def revive(entry: Entry) -> Entry:
        raise KeyError(entry.kind)

    assert drained(path, revive=revive) == []
    assert Path(path + ".spool.damaged").read_bytes() == write_line(refusal(1))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_while_it_is_drained_holds_it_up_no_longer(tmp_path):
    """R34: a server that starts its processes just then; else every refusal would wait for ever."""
    spool = Spool(str(tmp_path / "spool"))
    spool.add(refusal(1))
    children = []

    def append(entries):
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
        return []

    try:
        assert spool.drain(append)
        assert spool.drain(lambda entries: [])
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_full_spool_refuses(tmp_path):
    spool = Spool(str(tmp_path / "spool"), limit=1000)
    for number in range(5):
        spool.add(refusal(number))
    before = Path(spool.path).read_bytes()
    with pytest.raises(LogUnavailable, match="1000 bytes"):
        spool.add(Entry("consent", b"x" * 500))
    assert Path(spool.path).read_bytes() == before


def test_a_spool_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(LogUnavailable, match="No such file"):
        Spool(str(tmp_path / "missing" / "spool")).add(refusal(1))


def test_a_spool_that_fails_keeps_what_it_had(tmp_path):
    spool = Spool(str(tmp_path / "spool"))
    spool.add(refusal(1))
    spool.add(refusal(2))

    def down(entries: list[Entry]) -> list[Entry]:
        raise LogUnavailable("still down")

    before = Path(spool.path).read_bytes()
    with pytest.raises(LogUnavailable, match="still down"):
        spool.drain(down)
    assert Path(spool.path).read_bytes() == before
    kept: list[Entry] = []
    assert spool.drain(lambda entries: kept.extend(entries) or [])
    assert kept == [refusal(1), refusal(2)]
    assert not spool.waiting()
    assert spool.drain(down)


ADD = """
import sys
from consent.log.spool import Spool
from tests.unit.log_engines import refusal
spool = Spool(sys.argv[1])
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 200):
    spool.add(refusal(number))
"""


def test_several_processes_add_while_the_spool_is_drained(tmp_path):
    spool = Spool(str(tmp_path / "spool"))
    command = [sys.executable, "-c", ADD, spool.path]
    adding = [subprocess.Popen([*command, str(first)]) for first in (0, 1000)]
    found: list[Entry] = []

    def all_drained() -> bool:
        alive = any(process.poll() is None for process in adding)
        spool.drain(lambda entries: found.extend(entries) or [])
        return not (alive or spool.waiting())

    until(all_drained, pause=0)
    assert [process.returncode for process in adding] == [0, 0]
    numbers = [*range(200), *range(1000, 1200)]
    assert sorted(entry.body for entry in found) == sorted(refusal(each).body for each in numbers)
    assert not Path(spool.path + ".damaged").exists()
