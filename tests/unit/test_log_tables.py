"""Parts of a log by period and kind, and its decisions as a table."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, date, datetime

import pyarrow.parquet
import pytest

from consent.errors import Mendable
from consent.log import Entry, Log
from consent.log.decisions import Decision, decisions, write_csv, write_parquet
from consent.log.expiry import expiry_entry
from consent.log.export import EVERYTHING, Selection, export, selected
from consent.record import canonical
from tests.unit.log_engines import append, consent_id

DAYS = ["2026-01-31T23:59:59Z", "2026-02-01", "2026-02-28T10:00:00Z", "2026-01-31", "2026-03-01"]
DASHED = "-" + consent_id(7)[1:]


def record(number: int, time: str, **more: object) -> Entry:
    """A record as they are: with a second under an id, of a refusal with its day alone."""
    own = consent_id(number) if "T" in time else None
    body = {
        "kind": "consent",
        "id": f"{number:032x}",
        "event": "grant" if own else "refusal",
        "time": time,
        "states": {
            "preferences": "unset",
            "statistics": "granted" if own else "denied",
            "marketing": "granted" if own else "denied",
        },
        "method": "banner",
        "layout": "left",
        "language": "fi",
        "notice": {"version": "2026.1", "hash": "ab" * 32},
        "shown": "cd" * 32,
        **({"consent_id": own} if own else {}),
        **more,
    }
    return Entry("consent", canonical(body), own)


@pytest.fixture
def filled(log: Log) -> Log:
    """Times that go back, an entry of another kind, one of no time, and one that has expired."""
    append(log, *[record(number, time) for number, time in enumerate(DAYS)])
    append(log, Entry("publication", b'{"kind":"publication","time":"2026-02-15T00:00:00Z"}'))
    append(log, Entry("consent", b'{"kind":"consent"}'), record(6, "2026-02-02T00:00:00Z"))
    log.expire(expiry_entry([range(7, 8)], "erasure", "2026-02-28T12:00:00Z"), [range(7, 8)])
    return log


def places(log: Log, *selection: str) -> list[int]:
    with log.snapshot() as view:
        return [row.seq for row in selected(view, Selection(*selection))]


@pytest.mark.parametrize(
    ("kind", "first", "last", "found"),
    [
        ("", "", "", list(range(9))),
        ("", "2026-02-01", "2026-02-28", [1, 2, 5, 8]),
        ("", "2026-02-01", "", [1, 2, 4, 5, 8]),
        ("", "", "2026-01-31", [0, 3]),
        ("", "2026-01-31", "2026-01-31", [0, 3]),
        ("", "2027-01-01", "", []),
        ("consent", "", "", [0, 1, 2, 3, 4, 6, 7]),
        ("consent", "2026-02-01", "2026-02-28", [1, 2]),
        ("publication", "", "2026-12-31", [5]),
    ],
)
def test_a_period_is_by_the_days_that_entries_say_themselves(filled, kind, first, last, found):
    """Both ends are in it; whatever order they came in; what has no content belongs to none."""
    assert places(filled, kind, first, last) == found


def test_a_part_says_what_it_is_a_part_of(filled):
    with filled.snapshot() as view:
        chosen = Selection("consent", "2026-02-01", "2026-02-28")
        first, *entries, last = map(json.loads, export(view, chosen))
    assert first["selection"] == {"kind": "consent", "first": "2026-02-01", "last": "2026-02-28"}
    assert [entry["seq"] for entry in entries] == [1, 2]
    assert last == {"end": {"lines": 3, "root": first["head"]["root"], "size": 9}}


def test_progress_counts_every_entry_that_is_looked_at(log):
    append(log, *[record(number, DAYS[0]) for number in range(2500)])
    said: list[int] = []
    with log.snapshot() as view:
        assert list(selected(view, Selection("release"), said.append)) == []
    assert said == [1000, 2000, 2500]


def table(log: Log) -> list[Decision]:
    with log.snapshot() as view:
        return list(decisions(selected(view, EVERYTHING)))


def test_a_decision_is_one_row(filled):
    """R43, R125: a refusal has its day alone, and nobody's address is in any column."""
    rows = table(filled)
    assert [row.seq for row in rows] == [0, 1, 2, 3, 4, 6]
    assert rows[0]._replace(leaf="") == Decision(
        seq=0,
        day="2026-01-31",
        time="2026-01-31T23:59:59Z",
        event="grant",
        consent_id=consent_id(0),
        granted=["marketing", "statistics"],
        denied=[],
        unset=["preferences"],
        method="banner",
        layout="left",
        language="fi",
        signal="",
        notice="2026.1",
        id="0" * 32,
        previous="",
        shown="cd" * 32,
        declaration="",
        interface="",
        leaf="",
    )
    assert (rows[1].day, rows[1].time, rows[1].consent_id) == ("2026-02-01", "", "")
    assert rows[5][1:-1] == ("", "", "", "", [], [], [], *[""] * 10)


def test_csv_has_a_line_of_names_and_one_for_each_decision(filled):
    file = io.BytesIO()
    assert write_csv(file, table(filled)) == 6
    text = file.getvalue().decode("utf-8")
    assert text.count("\r\n") == 7
    names, first, *_ = csv.reader(io.StringIO(text, newline=""))
    assert names == list(Decision._fields)
    found = dict(zip(names, first, strict=True))
    assert (found["seq"], found["granted"]) == ("0", "marketing statistics")
    assert found["leaf"] == table(filled)[0].leaf


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"]
)
def test_no_cell_is_a_formula(log, value):
    """A spreadsheet would work it out, and could be told to send it away."""
    states = {value: "granted", "b": "denied"}
    append(log, record(1, DAYS[0], method=value, language=value, states=states))
    file = io.BytesIO()
    write_csv(file, table(log))
    names, row = csv.reader(io.StringIO(file.getvalue().decode("utf-8"), newline=""))
    found = dict(zip(names, row, strict=True))
    assert found["method"] == found["language"] == found["granted"] == f"'{value}"
    assert found["denied"] == "b"


def test_a_consent_id_that_looks_like_a_formula_is_none_in_csv_and_is_itself_in_parquet(log):
    body = canonical({"kind": "consent", "consent_id": DASHED})
    append(log, Entry("consent", body, DASHED))
    file = io.BytesIO()
    write_csv(file, table(log))
    assert f",'{DASHED}," in file.getvalue().decode()
    file = io.BytesIO()
    write_parquet(file, table(log))
    assert pyarrow.parquet.read_table(file)["consent_id"].to_pylist() == [DASHED]


def test_parquet_has_days_times_and_lists(filled, monkeypatch):
    monkeypatch.setattr("consent.log.decisions.GROUP", 4)
    file = io.BytesIO()
    assert write_parquet(file, table(filled)) == 6
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 2
    rows = pyarrow.parquet.read_table(file).to_pylist()
    assert list(rows[0]) == list(Decision._fields)
    assert rows[0] == {
        **table(filled)[0]._asdict(),
        "day": date(2026, 1, 31),
        "time": datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC),
    }
    assert (rows[1]["day"], rows[1]["time"]) == (date(2026, 2, 1), None)
    assert (rows[5]["day"], rows[5]["granted"]) == (None, [])


def test_an_empty_table_has_its_columns():
    file = io.BytesIO()
    assert write_parquet(file, []) == 0
    assert pyarrow.parquet.read_table(file).column_names == list(Decision._fields)
    file = io.BytesIO()
    assert write_csv(file, []) == 0
    assert file.getvalue().decode().strip() == ",".join(Decision._fields)


def test_without_pyarrow_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Mendable) as caught:
        write_parquet(io.BytesIO(), [])
    assert "pip install 'jackbot-consent[parquet]'" in caught.value.remedy
