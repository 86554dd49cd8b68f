"""Decisions as a flat table, one row each, for a spreadsheet or a data frame.

For whoever counts; what proves a consent is in the records themselves (`export`, `bundle`). What
was decided by somebody whose record has been removed since is in no row.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from itertools import islice
from typing import IO, NamedTuple

from consent.errors import Mendable
from consent.log import Row

GROUP = 8192
"""Decisions in a row group of Parquet, and so in memory."""

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes a cell for a formula by, when it begins so."""


class Decision(NamedTuple):
    """One row; the names of its fields are those of the columns.

    `seq` is the place in the log and `leaf` the hash there in hex; `day` the UTC day in ISO 8601
    and `time` the second, empty for a refusal, which has its day alone (R43). `granted`, `denied`
    and `unset` are the ids of categories as they stood after the decision. `notice` is the version
    of the notice, `shown`, `declaration` and `interface` the hashes of artifacts, `id` that of the
    record and `previous` the one that it follows.
    """

    seq: int
    day: str
    time: str
    event: str
    consent_id: str
    granted: Sequence[str]
    denied: Sequence[str]
    unset: Sequence[str]
    method: str
    layout: str
    language: str
    signal: str
    notice: str
    id: str
    previous: str
    shown: str
    declaration: str
    interface: str
    leaf: str


def decisions(rows: Iterable[Row]) -> Iterator[Decision]:
    """Give the decisions among entries, in their order."""
    for row in rows:
        if row.kind != "consent" or row.body is None:
            continue
        try:
            record = json.loads(row.body)
        except (ValueError, RecursionError):
            continue  # `verify` tells of it
        if isinstance(record, dict):
            yield _decision(row, record)


def _decision(row: Row, record: dict[str, object]) -> Decision:
    def text(name: str) -> str:
        value = record.get(name)
        return value if isinstance(value, str) else ""

    def having(state: str) -> list[str]:
        found = record.get("states")
        return [c for c, said in found.items() if said == state] if isinstance(found, dict) else []

    time, notice = text("time"), record.get("notice")
    return Decision(
        seq=row.seq,
        day=time[:10],
        time=time if "T" in time else "",
        event=text("event"),
        consent_id=row.consent_id or "",
        granted=having("granted"),
        denied=having("denied"),
        unset=having("unset"),
        method=text("method"),
        layout=text("layout"),
        language=text("language"),
        signal=text("signal"),
        notice=str(notice.get("version", "")) if isinstance(notice, dict) else "",
        id=text("id"),
        previous=text("previous"),
        shown=text("shown"),
        declaration=text("declaration"),
        interface=text("interface"),
        leaf=row.leaf.hex(),
    )


def write_csv(file: IO[bytes], rows: Iterable[Decision]) -> int:
    """Write CSV (RFC 4180, UTF-8) with a line of names; returns how many decisions.

    Categories are separated by spaces. A value that a spreadsheet would take for a formula, as a
    consent id may look like one, has an apostrophe in front.
    """
    text = TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(Decision._fields)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    text.detach()
    return count


def _cell(value: object) -> object:
    text = " ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def write_parquet(file: IO[bytes], rows: Iterable[Decision]) -> int:
    """Write Apache Parquet with types of its own; returns how many decisions.

    `day` is a date, `time` a timestamp in UTC or null, and the categories are lists. Raises
    `Mendable` where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise Mendable(
            "Parquet needs pyarrow, which is not installed",
            "install it with: pip install 'jackbot-consent[parquet]', or write --format csv",
        ) from None
    types = dict.fromkeys(Decision._fields, pa.string())
    types |= dict.fromkeys(("granted", "denied", "unset"), pa.list_(pa.string()))
    types |= {"seq": pa.int64(), "day": pa.date32(), "time": pa.timestamp("s", tz="UTC")}
    schema, count, left = pa.schema(list(types.items())), 0, iter(rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(left, GROUP)):
            columns = dict(zip(Decision._fields, map(list, zip(*group, strict=True)), strict=True))
            columns["day"] = [_parsed(date, day) for day in columns["day"]]
            columns["time"] = [_parsed(datetime, time) for time in columns["time"]]
            writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=schema))
            count += len(group)
    return count


def _parsed(kind: type[date], text: object) -> date | None:
    try:
        return kind.fromisoformat(str(text))
    except ValueError:
        return None
