"""How the SQLite engine reads and writes runs (see `consent.log.runs`).

A run is one row in `entries` and one in `contents`. Everything that reads entries reads them here.
"""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from consent.log import Row, Run
from consent.log.runs import Packed, leaves_of, split_ids, unpack

Query = Callable[..., Iterable[tuple[Any, ...]]]
"""Runs a statement with its parameters and gives the rows."""

_RUN = """SELECT first, kind, leaves, consent_ids, salts, sizes, bodies
    FROM entries LEFT JOIN contents USING (first)"""
_RANGE = (
    " WHERE first >= coalesce((SELECT max(first) FROM entries WHERE first <= ?), 0)"
    " AND first < ? ORDER BY first"
)
_FROM = _RUN + _RANGE
_LEAVES = "SELECT first, leaves FROM entries" + _RANGE
_AT = _RUN + " WHERE first = (SELECT max(first) FROM entries WHERE first <= ?)"
_OF_ID = "SELECT seq FROM ids WHERE consent_id = ?"
# The newest entries are not in the index yet.
_NEWEST_OF_ID = """SELECT first, consent_ids FROM contents
    WHERE first >= (SELECT upto FROM indexed) AND instr(consent_ids, ?) > 0"""
_PUT_ENTRIES = "INSERT INTO entries (first, kind, leaves) VALUES (?, ?, ?)"
_PUT_CONTENTS = """INSERT INTO contents (first, consent_ids, keys, salts, sizes, bodies)
    VALUES (?, ?, ?, ?, ?, ?)"""


def put_run(
    execute: Callable[[str, tuple[object, ...]], object],
    first: int,
    kind: str,
    leaves: bytes,
    packed: Packed,
) -> None:
    """Write a run; `leaves` are joined."""
    execute(_PUT_ENTRIES, (first, kind, leaves))
    execute(_PUT_CONTENTS, (first, *packed))


def runs(query: Query, start: int = 0, stop: int = 2**62) -> Iterator[Run]:
    """Give the runs that entries with start <= seq < stop stand in."""
    return (Run(*record) for record in query(_FROM, start, stop))


def rows(query: Query, start: int = 0, stop: int = 2**62) -> Iterator[Row]:
    """Give the entries with start <= seq < stop in order, a run at a time."""
    for run in runs(query, start, stop):
        yield from unpack(run, start, stop)


def leaves(query: Query, start: int, stop: int) -> list[bytes]:
    """Give the leaves with start <= seq < stop."""
    return leaves_of(query(_LEAVES, start, stop), start, stop)


def row(query: Query, seq: int) -> Row | None:
    """Give one entry."""
    for record in query(_AT, seq):
        for found in unpack(Run(*record), seq, seq + 1):
            return found
    return None


def places(query: Query, consent_id: str) -> list[int]:
    """Give the places of the entries under a consent id in order."""
    found = {seq for (seq,) in query(_OF_ID, consent_id)}
    for first, ids in query(_NEWEST_OF_ID, consent_id):
        found.update(first + i for i, each in enumerate(split_ids(ids)) if each == consent_id)
    return sorted(found)


def of_kind(query: Query, kind: str, *, after: int = -1, limit: int = 1) -> list[Row]:
    """Give the entries in the first `limit` runs of a kind after a place."""
    records = query(
        f"{_RUN} {_where(kind)} AND first > ? ORDER BY first LIMIT ?", kind, after, limit
    )
    return [row for record in records for row in unpack(Run(*record), 0, 2**62)]


def all_of_kind(query: Query, kind: str) -> Iterator[Row]:
    """Give the entries of a kind in order, some runs at a time."""
    last = -1
    while page := of_kind(query, kind, after=last, limit=50):
        yield from page
        last = page[-1].seq


def newest(query: Query, kind: str) -> Row | None:
    """Give the newest entry of a kind that has its content."""
    before = 2**62
    statement = f"{_RUN} {_where(kind)} AND first < ? ORDER BY first DESC LIMIT 1"
    while records := list(query(statement, kind, before)):
        for found in reversed(list(unpack(Run(*records[0]), 0, before))):
            if found.body is not None:
                return found
        before = records[0][0]
    return None


def _where(kind: str) -> str:
    """Let a query use the index of the kinds that are few."""
    return "WHERE kind = ?" + ("" if kind == "consent" else " AND kind <> 'consent'")
