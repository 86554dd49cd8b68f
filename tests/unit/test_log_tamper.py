"""Whoever may do everything to a log is found out by a checkpoint that was kept elsewhere (R40)."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from consent.errors import CheckpointError, LogError
from consent.log import Row, counters, create_log, open_log
from consent.log.checkpoint import checkpoint, origin, read
from consent.log.export import export
from consent.log.removal import plan
from consent.log.tree import leaf_hash
from consent.log.verify import Report, verify
from consent.proof.bundle import files
from consent.record import canonical
from consent.signed_note import new_key, signed, verifier_of
from tests.unit.log_engines import append, artifact, consent_id, grant
from tests.unit.log_memory import MemorySnapshot
from tests.unit.log_outsider import changed, outsider

SIZE = 1000
EVERY = 100
KEY = new_key("example.fi")
NAME, ARTIFACT = artifact(b"banner")
ARTIFACTS = [(NAME, *ARTIFACT)]


def row(seq: int, **more: object) -> Row:
    """An entry as its writer makes it, here with a salt that tests can do again."""
    value = {
        "artifacts": [NAME],
        "consent_id": consent_id(seq),
        "decided": {"statistics": "2026-11-28"},
        "id": f"{seq:032x}",
        "kind": "consent",
        "states": {"statistics": "granted"},
        "time": "2026-11-28T05:00:00Z",
        **more,
    }
    body, salt = canonical(value), sha256(b"%d" % seq).digest()[:16]
    return Row(seq, "consent", leaf_hash(body, salt), body, salt, consent_id(seq))


ROWS = [row(seq) for seq in range(SIZE)]


def note(rows: list[Row]) -> str:
    return checkpoint(MemorySnapshot(rows), [KEY])


KEPT = [(size, note(ROWS[:size])) for size in range(EVERY, SIZE + 1, EVERY)]
ELSEWHERE = read(KEPT[-1][1], [str(verifier_of(KEY))])


def checked(
    rows: list[Row], *, kept: list[tuple[int, str]] = KEPT, elsewhere: bool = True
) -> Report:
    """Verify a log that somebody made to fit, with the checkpoint of all thousand entries."""
    known = (ELSEWHERE.size, ELSEWHERE.root) if elsewhere else None
    return verify(MemorySnapshot(rows, ARTIFACTS, kept), known=known)


def changed_at(seq: int) -> list[Row]:
    return [*ROWS[:seq], row(seq, states={"statistics": "denied"}), *ROWS[seq + 1 :]]


def deleted_at(seq: int) -> list[Row]:
    return [*ROWS[:seq], *(row._replace(seq=row.seq - 1) for row in ROWS[seq + 1 :])]


def inserted_at(seq: int) -> list[Row]:
    new = row(seq, id="f" * 32)
    return [*ROWS[:seq], new, *(row._replace(seq=row.seq + 1) for row in ROWS[seq:])]


def reordered_at(seq: int) -> list[Row]:
    if seq == SIZE - 1:
        seq -= 1
    one, other = ROWS[seq], ROWS[seq + 1]
    return [*ROWS[:seq], other._replace(seq=seq), one._replace(seq=seq + 1), *ROWS[seq + 2 :]]


def cut_off_at(seq: int) -> list[Row]:
    return ROWS[:seq]


def emptied_at(seq: int) -> list[Row]:
    """The content is gone, and the entry in the last place says that it was to go."""
    from consent.log.expiry import expiry_entry

    entry = expiry_entry([range(seq, seq + 1)], "erasure", "2026-11-28T05:00:00Z")
    last = Row(SIZE, "expiry", leaf_hash(entry.body, b"s" * 16), entry.body, b"s" * 16, None)
    gone = ROWS[seq]._replace(body=None, salt=None, consent_id=None)
    return [*ROWS[:seq], gone, *ROWS[seq + 1 :], last]


@pytest.mark.parametrize("attack", [changed_at, deleted_at, inserted_at, reordered_at])
def test_a_rewritten_log_is_found_and_the_report_names_the_range(attack):
    """At every position, with leaves, tree and head made to fit what was written."""
    for seq in range(SIZE):
        report = checked(attack(seq))
        (finding,) = (each for each in report.findings if each.kind == "checkpoint")
        first = seq // EVERY * EVERY
        if attack is reordered_at and seq in (SIZE - 1, first + EVERY - 1):
            # Two that stand on both sides of a checkpoint, or the two last ones.
            first = min(seq, SIZE - 2) // EVERY * EVERY
        assert f"in the entries from {first} to {first + EVERY - 1}" in finding.message, seq


@pytest.mark.parametrize("attack", [changed_at, deleted_at, inserted_at, reordered_at])
def test_when_the_kept_checkpoints_are_gone_too_it_is_found_all_the_same(attack):
    for seq in range(0, SIZE, 7):
        (finding,) = checked(attack(seq), kept=[]).findings
        assert finding.kind == "checkpoint"
        assert "in the entries from 0 to 999" in finding.message


def test_a_log_that_was_cut_off_or_rolled_back_is_found():
    """An older copy of the whole file is the same as one whose end was cut off."""
    for seq in range(SIZE):
        older = [each for each in KEPT if each[0] <= seq]
        for kept in (KEPT, older):
            (finding,) = checked(cut_off_at(seq), kept=kept).findings
            assert finding.kind == "checkpoint"
            first = seq // EVERY * EVERY
            assert f"in the entries from {first} to " in finding.message
            assert "missing" in finding.message


def test_what_was_removed_by_the_rules_is_not_called_forged():
    for seq in range(0, SIZE, 7):
        assert checked(emptied_at(seq)).ok


def test_without_a_checkpoint_elsewhere_the_report_says_what_it_cannot_exclude():
    for attack in (changed_at, deleted_at, inserted_at, reordered_at, cut_off_at):
        report = checked(attack(500), kept=[], elsewhere=False)
        assert report.ok
        assert "rewritten, rolled back to an older copy or cut off" in report.proviso
        assert "cannot exclude" in report.proviso


def test_a_swapped_artifact_is_found_wherever_it_is_named():
    other = b"another banner"
    report = verify(MemorySnapshot(ROWS, [(NAME, "text/plain", other)]))
    assert [each.kind for each in report.findings] == ["artifact"]
    name = sha256(other).hexdigest()
    for seq in range(0, SIZE, 7):
        rows = [*ROWS[:seq], row(seq, artifacts=[name]), *ROWS[seq + 1 :]]
        report = verify(
            MemorySnapshot(rows, [*ARTIFACTS, (name, "text/plain", other)]),
            known=(ELSEWHERE.size, ELSEWHERE.root),
        )
        assert [each.kind for each in report.findings] == ["checkpoint"]
        assert not verify(MemorySnapshot(rows, ARTIFACTS)).ok


def test_a_forged_checkpoint_is_not_believed():
    """At every size: another root under the old signature, or another signature."""
    keys = [str(verifier_of(KEY))]
    stranger = new_key("example.fi")
    for seq in range(SIZE):
        forged = note(changed_at(seq)[: seq + 1])
        text, _, _ = forged.partition("\n\n")
        _, _, signature = note(ROWS[: seq + 1]).partition("\n\n")
        with pytest.raises(CheckpointError):
            read(f"{text}\n\n{signature}", keys)
        if seq % 100 == 0:
            with pytest.raises(CheckpointError):
                read(signed(f"{text}\n", [stranger]), keys)


def test_a_kept_checkpoint_that_says_nothing_is_told():
    report = checked(ROWS, kept=[(7, "no checkpoint"), *KEPT])
    assert [each.kind for each in report.findings] == ["checkpoint"]
    assert "of 7 entries" in str(report.findings[0])


def test_a_log_of_another_site_with_the_same_entries_has_another_name():
    snapshot = MemorySnapshot(ROWS, meta={"id": "11" * 16, "site": "example.fi"})
    assert origin(snapshot) != ELSEWHERE.origin


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a thousand entries."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite3"
    create_log(str(path), "example.fi")
    log = open_log(str(path), writable=True)
    log.put_artifacts({NAME: ARTIFACT})
    append(log, *(grant(seq, artifacts=[NAME]) for seq in range(SIZE)))
    log.close()
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> str:
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(filled.read_bytes())
    return str(copy)


def _change(entries: list[dict], seq: int) -> None:
    value = json.loads(entries[seq]["body"]) | {"event": "refusal"}
    entries[seq]["body"] = canonical(value)


def _delete(entries: list[dict], seq: int) -> None:
    del entries[seq]


def _insert(entries: list[dict], seq: int) -> None:
    for each in entries[seq:]:
        each["seq"] += 1
    entries.insert(seq, {**entries[seq], "seq": seq})


def _reorder(entries: list[dict], seq: int) -> None:
    seq = min(seq, SIZE - 2)
    one, other = entries[seq], entries[seq + 1]
    one["seq"], other["seq"] = other["seq"], one["seq"]


def _truncate(entries: list[dict], seq: int) -> None:
    del entries[max(seq, 1) :]


@pytest.mark.parametrize("attack", [_change, _delete, _insert, _reorder, _truncate])
@pytest.mark.parametrize("seq", range(0, SIZE, 111))
def test_a_file_that_somebody_changed_is_found_by_itself(
    path: str, attack: Callable[[list[dict], int], None], seq: int
):
    """Who changes the file alone, without making the tree fit, needs no checkpoint to be found."""
    with changed(path) as entries:
        attack(entries, seq)
    with open_log(path, writable=False).snapshot() as snapshot:
        report = verify(snapshot)
    assert not report.ok
    kinds = {finding.kind for finding in report.findings}
    places = [finding.seq for finding in report.findings if finding.seq is not None]
    if places:  # the first bad entry, or the tile that it is in
        assert min(places) // 256 == min(seq, SIZE - 2) // 256
    else:  # it is after the last whole tile, whose root alone is stored
        assert seq > 767 or attack is _truncate
        assert "root" in kinds


def test_an_older_copy_of_the_file_is_found_by_a_checkpoint(path: str, tmp_path: Path):
    """Nothing in an older copy is wrong; it is only not the newest."""
    older = tmp_path / "older.sqlite3"
    older.write_bytes(Path(path).read_bytes())
    log = open_log(path, writable=True)
    append(log, replace(grant(1), body=b'{"kind":"consent"}', consent_id=None))
    known = log.head()
    log.close()
    with open_log(str(older), writable=False).snapshot() as snapshot:
        assert verify(snapshot).ok
        (finding,) = verify(snapshot, known=known).findings
        assert "some are missing" in finding.message
    with outsider(str(older)) as connection:
        connection.execute("UPDATE head SET size = 1001")
    with open_log(str(older), writable=False).snapshot() as snapshot:
        assert not verify(snapshot).ok


def columns(path: str) -> list[tuple[str, str]]:
    with outsider(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            (table, name)
            for (table,) in tables.fetchall()
            for _, name, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall()
        ]


def used(path: str) -> int:
    """Do all that is done by those who check a log, take it away or clear it; how much worked."""
    worked = 0
    with open_log(path, writable=False).snapshot() as view:
        for step in (
            lambda: verify(view),
            lambda: deque(export(view), 0),
            lambda: plan(view, date(2026, 11, 28), 36),
            lambda: deque(counters.read(view.counts()), 0),
            lambda: files(view, consent_id(7), [KEY]),
        ):
            with suppress(LogError):
                step()
                worked += 1
    return worked


@pytest.mark.parametrize("value", [b"\x00\xff", "text", -1, 2**62], ids=repr)
def test_whatever_stands_in_a_column_is_an_error_of_the_log_if_it_is_one(
    path: str, tmp_path: Path, value: object
) -> None:
    """No traceback, and nothing that goes on without end: an auditor gets a file from anybody."""
    whole = Path(path).read_bytes()
    assert used(path) == 5
    tried = 0
    for table, column in columns(path):
        Path(path).write_bytes(whole)
        with outsider(path) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            change = f"UPDATE {table} SET {column} = ?"
            for rows in ("", f" WHERE rowid = (SELECT max(rowid) FROM {table})"):  # all, or one
                with suppress(sqlite3.Error):
                    tried += connection.execute(change + rows, (value,)).rowcount > 0
                    break
        with suppress(LogError):
            used(path)
    assert tried > 12
