"""A log is checked in parts, by one process or several, with one result (R40)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from consent.errors import LogCorrupt, LogUnavailable
from consent.log import Row, Run, create_log, open_log
from consent.log.checkpoint import checkpoint
from consent.log.tree import leaf_hash, root_of
from consent.log.verify import Report, verify
from consent.log.verify_part import PART, check_part
from consent.record import canonical
from consent.signed_note import new_key
from tests.unit.log_engines import append, consent_id, grant
from tests.unit.log_memory import MemorySnapshot
from tests.unit.log_outsider import outsider

SIZE = 2 * PART + 1000
RESUME = PART + 500
KEY = new_key("example.fi")


def small(seq: int) -> Row:
    body, salt = b'{"kind":"consent","n":%d}' % seq, b"%016d" % seq
    return Row(seq, "consent", leaf_hash(body, salt), body, salt, None)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with two whole parts and a third, and with checkpoints kept."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite3"
    create_log(str(path), "example.fi")
    log = open_log(str(path), writable=True)
    for start in range(0, SIZE, 8192):
        log.adopt([small(seq) for seq in range(start, min(start + 8192, SIZE))])
        with log.snapshot() as snapshot:
            log.put_checkpoint(snapshot.head().size, checkpoint(snapshot, [KEY]))
    log.close()
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> str:
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(filled.read_bytes())
    return str(copy)


def checked(path: str, *, workers: int = 1, **options: object) -> Report:
    with open_log(path, writable=False).snapshot() as snapshot:
        return verify(snapshot, address=path, workers=workers, **options)


def damage(path: str, seq: int) -> None:
    """Change a digit of one body; doing so again takes it back."""
    with outsider(path) as connection:
        query = "SELECT first, bodies FROM contents WHERE first <= ? ORDER BY first DESC LIMIT 1"
        first, bodies = connection.execute(query, (seq,)).fetchone()
        at = sum(len(small(each).body or b"") for each in range(first, seq + 1)) - 2
        changed = bodies[:at] + bytes([bodies[at] ^ 1]) + bodies[at + 1 :]
        connection.execute("UPDATE contents SET bodies = ? WHERE first = ?", (changed, first))


def kinds(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.kind, finding.seq) for finding in report.findings]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_of_several_parts_is_whole(filled, workers):
    told: list[int] = []
    report = checked(str(filled), workers=workers, progress=told.append)
    assert report.findings == []
    assert (report.size, report.root) == open_log(str(filled), writable=False).head()
    assert report.root == root_of(small(seq).leaf for seq in range(SIZE))
    assert told == sorted(told)
    assert told[-1] == SIZE


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seq", [3, PART - 1, PART, 2 * PART, SIZE - 1])
def test_a_fault_in_any_part_is_found_by_one_process_and_by_two(path, seq, workers):
    damage(path, seq)
    report = checked(path, workers=workers)
    assert ("leaf", seq) in kinds(report)
    assert "root" in dict(kinds(report))


def test_a_log_that_sites_append_to_meanwhile_is_whole(path):
    """R42: whoever helps to check opens it later, when there is more in it."""
    log = open_log(path, writable=True)
    append(log, grant(1))
    with log.snapshot() as snapshot:
        head = snapshot.head()
        append(log, grant(2), grant(3))
        report = verify(snapshot, address=path, workers=2)
        assert report.findings == []
        assert (report.size, report.root) == head
    assert log.head().size == SIZE + 3
    log.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_engine_finds_is_told_by_one_process_and_by_two(path, workers):
    with outsider(path) as connection:
        connection.execute("INSERT INTO contents VALUES (999999, '', x'', x'', x'', x'')")
        connection.execute("UPDATE tiles SET root = zeroblob(32) WHERE level = 2 AND at = 1")
    report = checked(path, workers=workers)
    assert kinds(report) == [("tile", PART), ("engine", None)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_keeps_the_engine_from_looking_is_told_in_the_same_words(path, workers):
    with outsider(path) as connection:
        connection.execute("DROP TABLE ids")
    *_, last = checked(path, workers=workers).findings
    assert str(last) == f"unreadable at entry {SIZE}: {path}: no such table: ids"


def test_a_part_that_is_missing_is_a_gap(path):
    with outsider(path) as connection:
        connection.execute("DELETE FROM entries WHERE first >= ? AND first < ?", (PART, 2 * PART))
    report = checked(path)
    assert ("gap", PART) in kinds(report)
    assert report.size == SIZE - PART


def test_a_head_that_counts_without_end_does_not_keep_a_check_from_ending(path):
    with outsider(path) as connection:
        connection.execute("UPDATE head SET size = 1 << 62")
    report = checked(path)
    assert report.size == SIZE
    assert kinds(report)[0] == ("head", None)


def test_a_head_that_knows_of_fewer_parts_does_not_hide_the_rest(path):
    with outsider(path) as connection:
        connection.execute("UPDATE head SET size = 5")
    report = checked(path)
    assert report.size == SIZE
    assert "head" in dict(kinds(report))


@pytest.mark.parametrize("workers", [1, 2])
def test_with_a_checkpoint_what_it_covers_is_not_read_again(path, workers):
    """Verification is taken up where an earlier one ended."""
    known = (RESUME, root_of(small(seq).leaf for seq in range(RESUME)))
    damage(path, 7)
    damage(path, SIZE - 5)
    report = checked(path, known=known, resume=True, workers=workers)
    assert report.start == PART
    assert ("leaf", SIZE - 5) in kinds(report)
    assert ("leaf", 7) not in kinds(report)
    assert "gap" not in dict(kinds(report))
    damage(path, SIZE - 5)
    assert checked(path, known=known, resume=True, workers=workers).ok


def test_what_is_not_read_again_must_still_give_the_root_of_the_checkpoint(path):
    wrong = checked(path, known=(RESUME, bytes(32)), resume=True)
    assert "checkpoint" in dict(kinds(wrong))
    known = (RESUME, root_of(small(seq).leaf for seq in range(RESUME)))
    with outsider(path) as connection:
        connection.execute("UPDATE tiles SET root = zeroblob(32) WHERE level = 2 AND at = 0")
    assert "checkpoint" in dict(kinds(checked(path, known=known, resume=True)))
    with outsider(path) as connection:
        connection.execute("DELETE FROM tiles WHERE level = 2 AND at = 0")
    assert "unreadable" in dict(kinds(checked(path, known=known, resume=True)))


@pytest.mark.parametrize("ended", ["_elsewhere", "_faults"])
def test_a_process_that_is_ended_is_no_verdict(filled, monkeypatch, ended):
    """A worker that the system ends for want of memory says nothing about the log."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    from consent.log import verify as module

    class Pool:
        def __init__(self, *arguments: object) -> None: ...

        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *arguments: object) -> None: ...

        def submit(self, job: Callable[..., object], *arguments: object) -> Future[object]:
            future: Future[object] = Future()
            if job.__name__ == ended:
                future.set_exception(BrokenProcessPool("ended"))
            else:
                future.set_result(job(*arguments))
            return future

    monkeypatch.setattr(module, "ProcessPoolExecutor", Pool)
    report = checked(str(filled), workers=2)
    assert [finding.kind for finding in report.findings] == ["unavailable"]
    with pytest.raises(LogUnavailable, match="was ended"):
        report.require()


class Lost(MemorySnapshot):
    """A log whose database goes away in the middle of reading."""

    lost = False

    def runs(self, start: int = 0, stop: int | None = None) -> Iterator[Run]:
        yield from islice(super().runs(start, stop), 1)
        self.lost = True
        raise LogUnavailable("the server is gone")

    def tiles(self, level: int, start: int = 0, stop: int = 2**62) -> Iterator[bytes]:
        for root in super().tiles(level, start, stop):
            if self.lost:
                raise LogUnavailable("the server is gone")
            yield root


def test_a_log_that_cannot_be_read_to_its_end_now_is_not_called_damaged():
    """Whoever is told by night that it is altered stops the site; but what was found is told."""
    rows = [small(seq) for seq in range(3000)]
    with pytest.raises(LogUnavailable, match="the server is gone"):
        verify(Lost(rows)).require()
    rows[7] = rows[7]._replace(salt=bytes(16))
    with pytest.raises(LogCorrupt, match="leaf at entry 7"):
        verify(Lost(rows)).require()


def record(seq: int, **more: object) -> dict[str, object]:
    return {
        "artifacts": ["a" * 64],
        "consent_id": consent_id(seq),
        "decided": {"statistics": "2026-11-28"},
        "id": f"{seq:032x}",
        "kind": "consent",
        "previous": f"{seq + 7:032x}",
        "states": {"statistics": "granted"},
        "time": f"2026-11-28T05:00:{seq:02}Z",
        **more,
    }


def rows_of(*bodies: bytes, ids: list[str | None]) -> list[Row]:
    pairs = enumerate(zip(bodies, ids, strict=True))
    salt = b"s" * 16
    return [
        Row(seq, "consent", leaf_hash(body, salt), body, salt, consent_id)
        for seq, (body, consent_id) in pairs
    ]


def found(rows: list[Row]) -> list[str]:
    part = check_part(MemorySnapshot(rows), 0, PART)
    return [f"{finding.kind} {finding.seq}" for finding in part.findings]


def variants(body: bytes) -> Iterator[bytes]:
    """A record with another byte at each position."""
    for at in range(len(body)):
        for other in b'x"{,':
            if other != body[at]:
                yield body[:at] + bytes([other]) + body[at + 1 :]


@pytest.mark.parametrize("refused", [False, True])
def test_a_record_is_judged_alike_whatever_was_looked_at_before(refused):
    """What is remembered of other records hides no fault of this one."""
    value = record(2, time="2026-11-28") if refused else record(2)
    first, second = record(1), record(2)
    if refused:
        for each in (first, second, value):
            del each["consent_id"], each["previous"]
            each["time"] = "2026-11-28"
    good, body = canonical(first), canonical(value)
    ids = [None, None] if refused else [consent_id(1), consent_id(2)]
    assert found(rows_of(good, body, ids=ids)) == []
    for other in variants(body):
        alone = found(rows_of(other, other, ids=[ids[1], ids[1]]))
        expected = [each.replace(" 0", " 1") for each in alone]
        assert found(rows_of(good, other, ids=ids)) == expected, other
    if not refused:
        assert found(rows_of(good, body, ids=[consent_id(1), consent_id(3)])) == ["consent-id 1"]
        assert found(rows_of(good, body, ids=[consent_id(1), None])) == ["consent-id 1"]


def test_an_id_in_another_place_than_its_own_is_not_taken_for_it():
    """A record cannot bring along what lets the next one be filed under somebody else."""
    trap = json.loads(canonical(record(1)))
    trap["artifacts"] = ["a", ["b", "c"]]
    trap["decided"] = {"consent_id": "x"}
    first = canonical(trap)
    second = first.replace(consent_id(1).encode(), consent_id(2).encode())
    assert found(rows_of(first, second, ids=[consent_id(1), consent_id(1)])) == ["consent-id 1"]


def test_artifacts_of_records_that_look_alike_are_looked_for():
    name = sha256(b"text").hexdigest()
    rows = rows_of(
        canonical(record(1, artifacts=[name])),
        canonical(record(2, artifacts=["b" * 64])),
        canonical(record(3, artifacts=["b" * 64])),
        ids=[consent_id(1), consent_id(2), consent_id(3)],
    )
    (finding,) = verify(MemorySnapshot(rows, [(name, "text/plain", b"text")])).findings
    assert (finding.kind, finding.seq) == ("reference", 1)
