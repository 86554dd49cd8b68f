"""Whatever is changed in a log is found and named (R40)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import LogCorrupt
from consent.log import Entry, create_log, open_log
from consent.log.checkpoint import Checkpoint
from consent.log.export import export, show
from consent.log.tree import leaf_hash, root_of
from consent.log.verify import Report, verify
from consent.record import canonical
from consent.signed_note import new_key, signed
from tests.unit.log_engines import artifact, consent_id, grant, refusal
from tests.unit.log_outsider import change, changed, outsider

SIZE = 40
NOTE = signed(str(Checkpoint("example.fi/1", 7, bytes(32))), [new_key("example.fi")])


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A log of every kind of entry, closed."""
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "example.fi")
    log = open_log(found, writable=True)
    name, value = artifact(b"banner")
    log.put_artifacts({name: value})
    declaration = canonical({"artifacts": [name], "kind": "declaration"})
    entries = [Entry("declaration", declaration), *map(refusal, range(9))]
    entries += [grant(number % 20, artifacts=[name]) for number in range(30)]
    for future in [log.append_soon(entry) for entry in entries]:
        future.result(60)
    log.close()
    return found


def checked(path: str, **options: object) -> Report:
    with open_log(path, writable=False).snapshot() as snapshot:
        return verify(snapshot, **options)


def found(path: str) -> dict[str, int | None]:
    return {finding.kind: finding.seq for finding in checked(path).findings}


def test_a_whole_log_has_no_findings_and_the_report_says_what_it_cannot_know(path):
    report = checked(path)
    assert report.ok
    assert (report.size, report.artifacts) == (SIZE, 1)
    assert (report.size, report.root) == open_log(path, writable=False).head()
    assert "cannot exclude" in report.proviso
    report.require()


@pytest.mark.parametrize("seq", range(SIZE))
def test_one_changed_byte_is_found_wherever_it_is(path, seq):
    with changed(path) as entries:
        body = entries[seq]["body"]
        at = seq % len(body)
        entries[seq]["body"] = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    report = checked(path)
    assert ("leaf", seq) in {(finding.kind, finding.seq) for finding in report.findings}
    with pytest.raises(LogCorrupt, match=f"leaf at entry {seq}: "):
        report.require()


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_dropped_entry_is_found_wherever_it_was(path, seq):
    with changed(path) as entries:
        del entries[seq]
    kinds = found(path)
    assert kinds["head"] is None
    assert kinds["root"] is None
    if seq < SIZE - 1:
        assert kinds["gap"] == seq


def test_an_entry_that_stands_twice_is_found(path):
    with changed(path) as entries:
        entries.append(entries[20])
    assert found(path)["gap"] == 21


@pytest.mark.parametrize(("one", "other"), [(0, 39), (3, 4), (20, 21), (38, 39)])
def test_two_entries_that_changed_places_are_found(path, one, other):
    with changed(path) as entries:
        entries[one]["seq"], entries[other]["seq"] = other, one
    assert found(path)["root"] is None


def test_a_removed_content_is_found_since_no_entry_names_it(path):
    """R128: content goes only after an entry that says so."""
    with changed(path) as entries:
        entries[5]["body"] = entries[7]["body"] = b""
    report = checked(path)
    assert [(each.kind, each.seq, each.count) for each in report.findings] == [("content", 5, 2)]
    assert str(report.findings[0]).startswith("content at entry 5:")
    assert "the first of 2" in str(report.findings[0])


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE artifacts SET body = x'00'", {"artifact": None}),
        ("DELETE FROM artifacts", {"reference": 0}),
        ("UPDATE head SET root = zeroblob(32)", {"root": None}),
        ("UPDATE head SET edge = zeroblob(64)", {"edge": None}),
        ("UPDATE head SET size = 39", {"head": None}),
        ("DELETE FROM head", {"unreadable": 40}),
        ("UPDATE head SET size = 'text'", {"unreadable": 40}),
        ("UPDATE head SET root = 'text'", {"unreadable": 40}),
        ("INSERT INTO checkpoints VALUES (7, x'00')", {"checkpoint": None}),
        (f"INSERT INTO checkpoints VALUES (-1, '{NOTE}')", {"checkpoint": None}),
        ("UPDATE entries SET kind = x'00'", {"unreadable": 0}),
        ("UPDATE contents SET consent_ids = CAST(consent_ids AS BLOB)", {"unreadable": 0}),
        ("UPDATE artifacts SET body = 'text'", {"unreadable": 0}),
        ("DROP TABLE contents", {"unreadable": 0}),
        ("DELETE FROM contents", {"content": 0}),
        ("INSERT INTO entries VALUES (40, 'consent', zeroblob(32))", {"content": 40, "head": None}),
        ("INSERT INTO entries SELECT 41, kind, leaves FROM entries LIMIT 1", {"gap": 40}),
        ("UPDATE entries SET leaves = x''", {"unreadable": 0}),
        ("UPDATE entries SET leaves = substr(leaves, 2)", {"unreadable": 0}),
        ("UPDATE entries SET leaves = 'text'", {"unreadable": 0}),
        ("UPDATE contents SET consent_ids = substr(consent_ids, 2)", {"unreadable": 0}),
        ("UPDATE contents SET salts = substr(salts, 2)", {"unreadable": 0}),
        ("UPDATE contents SET salts = 1", {"unreadable": 0}),
        ("UPDATE contents SET sizes = substr(sizes, 2)", {"unreadable": 0}),
        ("UPDATE contents SET bodies = substr(bodies, 2)", {"unreadable": 0}),
        ("UPDATE contents SET bodies = CAST(bodies AS TEXT)", {"unreadable": 0}),
        ("INSERT INTO contents VALUES (99, '', x'', x'', x'', x'')", {"engine": None}),
        ("DROP TABLE ids", {"engine": None}),
        ("UPDATE indexed SET upto = 40", {"engine": None}),
    ],
)
def test_a_change_is_named(path, statement, expected):
    with outsider(path) as connection:
        connection.execute(statement)
    kinds = found(path)
    assert {kind: kinds.get(kind, "not found") for kind in expected} == expected


@pytest.mark.parametrize(
    ("seq", "values", "expected"),
    [
        (6, {"leaf": bytes(32)}, {"leaf": 6}),
        (6, {"salt": bytes(16)}, {"leaf": 6, "root": None}),
        (6, {"kind": "expiry"}, {"kind": 6}),
        (12, {"consent_id": " " * 22}, {"consent-id": 12}),
        (5, {"consent_id": consent_id(1)}, {"consent-id": 5}),
    ],
)
def test_a_changed_entry_is_named(path, seq, values, expected):
    change(path, seq, **values)
    kinds = found(path)
    assert {kind: kinds.get(kind, "not found") for kind in expected} == expected


def test_a_missing_trigger_is_named(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entries_update")
    assert "entries_update" in checked(path).findings[0].message


def test_a_record_that_names_what_is_not_there_is_found(path):
    log = open_log(path, writable=True)
    log.append_soon(grant(1, artifacts=["0" * 64])).result(60)
    log.close()
    assert found(path) == {"reference": SIZE}


@pytest.mark.parametrize("body", [b"{ }", b'{"b":1,"a":2}', b'{"a":1.5}', b"\xff", b"[" * 9999])
def test_a_body_that_is_not_canonical_is_found_and_exported_as_it_is(path, body):
    log = open_log(path, writable=True)
    log.append_soon(Entry("release", body)).result(60)
    log.close()
    assert found(path) == {"canonical": SIZE}
    with open_log(path, writable=False).snapshot() as snapshot:
        (last,) = show(snapshot, kind="release")
    assert last["body"] is None
    assert isinstance(last["raw"], str)


def test_the_entries_kept_elsewhere_show_a_rewritten_log(path):
    """A tree that fits again is told from the true one by a head from before."""
    known = open_log(path, writable=False).head()
    log = open_log(path, writable=True)
    log.append_soon(grant(50)).result(60)
    log.close()
    assert checked(path, known=known).ok
    assert "appended after" in checked(path, known=known).proviso
    assert checked(path, known=(0, root_of([]))).ok
    for wrong in ((known.size, bytes(32)), (known.size - 1, known.root), (1000, known.root)):
        assert [each.kind for each in checked(path, known=wrong).findings] == ["checkpoint"]


def test_progress_is_told(path):
    log = open_log(path, writable=True)
    for start in range(0, 3000, 1000):
        futures = [log.append_soon(grant(number)) for number in range(start, start + 1000)]
        futures[-1].result(60)
    log.close()
    told: list[int] = []
    assert checked(path, progress=told.append).size == SIZE + 3000
    assert told == sorted(told)
    assert (len(told) > 2, told[-1]) == (True, SIZE + 3000)


def test_an_export_gives_the_root_again(path):
    """Whoever has the lines needs no program of ours: R41."""
    with open_log(path, writable=False).snapshot() as snapshot:
        head, *entries = map(json.loads, export(snapshot))
    entries = [entry for entry in entries if "seq" in entry]
    leaves = []
    for at, entry in enumerate(entries):
        assert entry["seq"] == at
        leaf = leaf_hash(canonical(entry["body"]), bytes.fromhex(entry["salt"]))
        assert leaf.hex() == entry["leaf"]
        leaves.append(leaf)
    assert root_of(leaves).hex() == head["head"]["root"]
    assert head["head"]["size"] == len(entries) == SIZE
    assert head["log"]["site"] == "example.fi"


def test_one_consents_history_is_shown_in_order(path):
    with open_log(path, writable=False).snapshot() as snapshot:
        history = list(show(snapshot, consent_id=consent_id(3)))
        part = list(show(snapshot, start=10, stop=12))
    assert [entry["seq"] for entry in history] == [13, 33]
    assert [entry["seq"] for entry in part] == [10, 11]
    assert history[0]["body"]["consent_id"] == consent_id(3)


def test_removed_content_is_shown_as_none(path):
    change(path, 11, body=b"")
    with open_log(path, writable=False).snapshot() as snapshot:
        (entry,) = show(snapshot, start=11, stop=12)
    assert entry["body"] is None
    assert entry["salt"] is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM ids WHERE seq = 12", "entry 12 is not found by its consent id"),
        (
            "INSERT INTO ids VALUES ('somebody else 00000000', 12)",
            "found by consent ids that they do not have",
        ),
    ],
)
def test_an_index_that_leads_elsewhere_is_found(path, statement, message):
    """R130: who asks by a consent id gets what is filed under it, all of it."""
    with outsider(path) as connection:
        log = connection.execute("SELECT consent_ids, first FROM contents").fetchall()
        rows = [
            (ids[at : at + 22], first + at // 22)
            for ids, first in log
            for at in range(0, len(ids), 22)
            if ids[at] != " "
        ]
        connection.executemany("INSERT INTO ids VALUES (?, ?)", rows)
        connection.execute(f"UPDATE indexed SET upto = {SIZE}")
    assert checked(path).ok
    with outsider(path) as connection:
        connection.execute(statement)
    (finding,) = checked(path).findings
    assert finding.kind == "engine"
    assert message in finding.message
