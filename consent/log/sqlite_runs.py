"""How entries stand in a log in SQLite: in runs, as they were committed together.

A run is one row in `entries` with the leaves of all its entries, and one in `contents` with what a
person can be told from. One row for each entry would take longer than all the rest of a commit.
Everything that reads entries reads them here.
"""

# The queries are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from consent.errors import LogCorrupt
from consent.log import Row
from consent.log.tree import HASH_SIZE, SALT_SIZE

RUN = 64
"""The most entries in a run: to read one entry is to read its run."""

ID_SIZE = 22
"""Characters of a consent id."""

KEY_SIZE = 16
"""Bytes of the hash that stands for an idempotency key."""

NO_ID = " " * ID_SIZE
NO_KEY = bytes(KEY_SIZE)

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
    leaves: Sequence[bytes],
    ids: Sequence[str],
    keys: Sequence[bytes],
    salts: bytes,
    bodies: Sequence[bytes],
) -> None:
    """Write a run; `NO_ID` and `NO_KEY` stand for none."""
    sizes = struct.pack(f"<{len(bodies)}I", *map(len, bodies))
    execute(_PUT_ENTRIES, (first, kind, b"".join(leaves)))
    packed = ("".join(ids), b"".join(keys), salts, sizes, b"".join(bodies))
    execute(_PUT_CONTENTS, (first, *packed))


def _unpack(record: tuple[Any, ...], start: int, stop: int) -> Iterator[Row]:
    """Give the entries of a run with start <= seq < stop; raises `LogCorrupt`.

    A size of 0 stands for a content that has been removed.
    """
    first, kind, leaves, ids, salts, sizes, bodies = record
    try:
        count, rest = divmod(len(leaves), HASH_SIZE)
        if sizes is None:
            lengths: tuple[int, ...] = (0,) * count
        else:
            lengths = struct.unpack(f"<{count}I", sizes)
            whole = (
                len(ids) == ID_SIZE * count
                and len(salts) == SALT_SIZE * count
                and len(bodies) == sum(lengths)
                and isinstance(ids, str)
                and isinstance(salts, bytes)
                and isinstance(bodies, bytes)
            )
            rest = rest or not whole
        if rest or not count or not isinstance(leaves, bytes):
            raise ValueError
    except (TypeError, ValueError, struct.error):
        raise LogCorrupt([f"what is stored of the entries from {first} does not fit"]) from None
    at = 0
    for i, length in enumerate(lengths):
        if start <= first + i < stop:
            leaf = leaves[i * HASH_SIZE : (i + 1) * HASH_SIZE]
            if length:
                salt = salts[i * SALT_SIZE : (i + 1) * SALT_SIZE]
                consent_id = ids[i * ID_SIZE : (i + 1) * ID_SIZE]
                known = None if consent_id == NO_ID else consent_id
                yield Row(first + i, kind, leaf, bodies[at : at + length], salt, known)
            else:
                yield Row(first + i, kind, leaf, None, None, None)
        at += length


def rows(query: Query, start: int = 0, stop: int = 2**62) -> Iterator[Row]:
    """Give the entries with start <= seq < stop in order, a run at a time."""
    for record in query(_FROM, start, stop):
        yield from _unpack(record, start, stop)


def leaves(query: Query, start: int, stop: int) -> list[bytes]:
    """Give the leaves with start <= seq < stop."""
    out: list[bytes] = []
    for first, packed in query(_LEAVES, start, stop):
        cut = packed[max(0, start - first) * HASH_SIZE : (stop - first) * HASH_SIZE]
        out += [cut[at : at + HASH_SIZE] for at in range(0, len(cut), HASH_SIZE)]
    return out


def row(query: Query, seq: int) -> Row | None:
    """Give one entry."""
    for record in query(_AT, seq):
        for found in _unpack(record, seq, seq + 1):
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
    return [row for record in records for row in _unpack(record, 0, 2**62)]


def newest(query: Query, kind: str) -> Row | None:
    """Give the newest entry of a kind that has its content."""
    before = 2**62
    statement = f"{_RUN} {_where(kind)} AND first < ? ORDER BY first DESC LIMIT 1"
    while records := list(query(statement, kind, before)):
        for found in reversed(list(_unpack(records[0], 0, before))):
            if found.body is not None:
                return found
        before = records[0][0]
    return None


def _where(kind: str) -> str:
    """Let a query use the index of the kinds that are few."""
    return "WHERE kind = ?" + ("" if kind == "consent" else " AND kind <> 'consent'")


def split_ids(ids: str) -> list[str]:
    """Take the consent ids of a run apart."""
    return [ids[at : at + ID_SIZE] for at in range(0, len(ids), ID_SIZE)]


def split_keys(keys: bytes) -> list[bytes]:
    """Take the hashed idempotency keys of a run apart."""
    return [keys[at : at + KEY_SIZE] for at in range(0, len(keys), KEY_SIZE)]
