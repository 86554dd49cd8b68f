"""Entries that were committed together stand in one row and are read one by one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from consent.log import Entry, Log, create_log, open_log
from consent.log.verify import verify
from tests.unit.log_engines import consent_id, grant
from tests.unit.log_outsider import change


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "log.sqlite3")
    create_log(found, "example.fi")
    return found


def append(log: Log, *entries: Entry) -> list:
    futures = [log.append_soon(entry) for entry in entries]
    return [future.result(60) for future in futures]


def test_a_removed_content_is_passed_over(path):
    """R128: one content can go alone, and what stands beside it in the run stays."""
    with closing(open_log(path, writable=True)) as log:
        append(log, *map(grant, range(20)))
    change(path, 19, body=b"")
    log = open_log(path, writable=True)
    assert log.last("consent") == grant(18).body
    assert log.last("consent", consent_id(19)) is None
    assert [body for _, body in log.bodies("consent")] == [grant(at).body for at in range(19)]
    seen: list[bytes] = []
    entry = replace(grant(19), revise=lambda before: seen.append(before))
    assert append(log, entry)[0].seq == 20
    assert seen == []
    log.close()


def test_a_group_of_many_kinds_reads_as_it_was_written(path):
    """Runs end where the kind changes and when they are full."""
    log = open_log(path, writable=True)
    entries = [
        grant(at) if at % 90 else Entry("publication", b'{"kind":"publication"}')
        for at in range(400)
    ]
    append(log, *entries)
    with log.snapshot() as snapshot:
        rows = list(snapshot.rows())
        assert verify(snapshot).findings == []
        assert [row.body for row in rows] == [entry.body for entry in entries]
        assert [row for at in range(400) for row in snapshot.rows(at, at + 1)] == rows
        assert list(snapshot.rows(100, 300)) == rows[100:300]
        assert list(snapshot.rows(consent_id=consent_id(133))) == [rows[133]]
    assert [seq for seq, _ in log.bodies("publication")] == [0, 90, 180, 270, 360]
    assert log.last("consent") == entries[399].body
    log.close()
