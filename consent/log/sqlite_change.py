"""What changes a log in SQLite besides appending: expiry, and entries moved here from another log.

Both are for maintenance from a terminal, while sites append to the same file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import groupby

from consent.errors import LogCorrupt, LogError
from consent.log import Appended, Entry, Head, Row
from consent.log.expiry import named_by, removed_by
from consent.log.runs import NO_ID, NO_KEY, RUN, Packed, pack, split_ids, split_keys, without
from consent.log.sqlite_batch import Batch
from consent.log.sqlite_runs import put_run
from consent.log.sqlite_tail import Tail
from consent.log.tree import SALT_SIZE, Edge

SLICE = 64 * RUN
"""Entries whose contents are removed at a time."""

_CONTENTS = """SELECT first, consent_ids, keys, salts, sizes, bodies FROM contents
    WHERE first >= coalesce((SELECT max(first) FROM contents WHERE first <= ?), 0)
    AND first < ? ORDER BY first"""
_REPLACE = """UPDATE contents SET consent_ids = ?, keys = ?, salts = ?, sizes = ?, bodies = ?
    WHERE first = ?"""


def expire(
    cursor: sqlite3.Cursor,
    entry: Entry,
    seqs: Sequence[range],
    artifacts: Collection[str],
    today: int,
) -> Appended:
    """Append the entry and remove what it names, in a transaction; see `consent.log.Log.expire`."""
    tail = Tail()
    # Whoever has an entry in memory still, to be indexed later, learns that there is no need.
    tail.index_all(cursor, today)
    batch = Batch(cursor, tail, [entry])
    for each in seqs:
        if not 0 <= each.start < each.stop <= batch.first or each.step != 1:
            raise ValueError(f"{each} is no part of a log of {batch.first} entries")
    (appended,) = batch.add([entry])
    batch.store({})
    _remove_all(cursor, appended.seq, [(each.start, each.stop) for each in seqs], artifacts)
    return appended


def _remove_all(
    cursor: sqlite3.Cursor,
    seq: int,
    ranges: Sequence[tuple[int, int]],
    artifacts: Collection[str],
) -> None:
    """Remove what an expiry entry at a place names."""
    waiting: list[range] = []
    count = 0
    for start, stop in sorted(ranges):
        for at in range(start, stop, SLICE):
            waiting.append(range(at, min(at + SLICE, stop)))
            count += len(waiting[-1])
            if count >= SLICE:
                _remove(cursor, waiting, seq)
                waiting, count = [], 0
    _remove(cursor, waiting, seq)
    for name in artifacts:
        cursor.execute("INSERT OR IGNORE INTO dropped VALUES (?, ?)", (name, seq))
        cursor.execute("DELETE FROM artifacts WHERE hash = ?", (name,))


def _remove(cursor: sqlite3.Cursor, seqs: Sequence[range], by: int) -> None:
    """Remove contents, each run at one go, however many ranges there are in it."""
    gone = {seq for each in seqs for seq in each}
    done = 0
    for each in seqs:
        start = max(each.start, done)
        for first, *found in cursor.execute(_CONTENTS, (start, each.stop)).fetchall():
            packed = Packed(*found)
            stop = first + len(packed.sizes) // 4
            if stop <= done:
                continue
            done = stop
            left = without(first, packed, gone)
            if left == packed:
                continue
            cursor.execute("INSERT OR IGNORE INTO expired VALUES (?, ?)", (first, by))
            _forget(cursor, first, packed, gone)
            if left is None:
                cursor.execute("DELETE FROM contents WHERE first = ?", (first,))
            else:
                cursor.execute(_REPLACE, (*left, first))


def _forget(cursor: sqlite3.Cursor, first: int, packed: Packed, gone: Collection[int]) -> None:
    """Let nothing of a run be found any more by the ids and keys of what is removed."""
    pairs = zip(split_ids(packed.consent_ids), split_keys(packed.keys), strict=True)
    for seq, (consent_id, key) in enumerate(pairs, first):
        if seq in gone:
            cursor.execute("DELETE FROM ids WHERE consent_id = ? AND seq = ?", (consent_id, seq))
            cursor.execute("DELETE FROM once WHERE key = ? AND seq = ?", (key, seq))


def adopt(cursor: sqlite3.Cursor, rows: Sequence[Row], today: int) -> Head:
    """Append entries of another log, in a transaction; see `consent.log.Log.adopt`."""
    Tail().index_all(cursor, today)
    size, packed_edge = cursor.execute("SELECT size, edge FROM head").fetchone()
    if [row.seq for row in rows] != list(range(size, size + len(rows))):
        raise LogError(f"the entries given do not continue a log of {size} entries")
    try:
        edge = Edge(size, packed_edge)
    except (TypeError, ValueError) as error:
        raise LogCorrupt([f"head: {error}"]) from error
    for kind, same in groupby(rows, key=lambda row: row.kind):
        run = list(same)
        for at in range(0, len(run), RUN):
            _put(cursor, kind, run[at : at + RUN])
    for tile in edge.extend([row.leaf for row in rows]):
        cursor.execute("INSERT INTO tiles (level, at, root) VALUES (?, ?, ?)", tile)
    head = Head(edge.size, edge.root())
    if rows:
        cursor.execute("UPDATE head SET size = ?, root = ?, edge = ?", (*head, edge.pack()))
        ids = [(row.consent_id, row.seq) for row in rows if row.consent_id is not None]
        cursor.executemany("INSERT INTO ids (consent_id, seq) VALUES (?, ?)", sorted(ids))
        cursor.execute("UPDATE indexed SET upto = ?", (head.size,))
    for row in rows:
        if row.kind == "expiry":
            with suppress(ValueError, TypeError):  # what says so wrongly, verification tells
                named = named_by(row.seq, row.body)
                _remove_all(cursor, row.seq, named, removed_by(row.body))
    return head


def _put(cursor: sqlite3.Cursor, kind: str, rows: Sequence[Row]) -> None:
    ids = [row.consent_id or NO_ID for row in rows]
    salts = b"".join([row.salt or bytes(SALT_SIZE) for row in rows])
    packed = pack(ids, [NO_KEY] * len(rows), salts, [row.body or b"" for row in rows])
    put_run(cursor.execute, rows[0].seq, kind, b"".join([row.leaf for row in rows]), packed)
