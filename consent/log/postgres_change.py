"""What changes a log in PostgreSQL besides appending: expiry, and entries moved here from another.

Both are for maintenance from a terminal, while sites append to the same log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from consent.errors import LogError
from consent.log import Appended, Entry, Head, Row
from consent.log.batch import Group
from consent.log.expiry import named_by, removed_by
from consent.log.postgres_batch import NOTHING, Asked, Columns, appended, commit, look, send, step
from consent.log.postgres_packing import Numbers, Texts
from consent.log.postgres_server import Session
from consent.log.postgres_write import pack

_NAME = """INSERT INTO consent.expired (start, stop, seq)
    SELECT start, stop, %s FROM unnest(%s::bigint[], %s::bigint[]) AS named (start, stop)
    ON CONFLICT (start, stop) DO NOTHING"""
_REMOVE = "DELETE FROM consent.contents WHERE seq >= %s AND seq < %s"
_DROP = (
    "INSERT INTO consent.dropped (hash, seq) SELECT hash, %s FROM unnest(%s::text[]) AS d (hash)"
)
_FORGET = "DELETE FROM consent.artifacts WHERE hash = ANY (%s::text[])"


def expire(
    session: Session, entry: Entry, seqs: Sequence[range], artifacts: Collection[str]
) -> Appended:
    """Append the entry and remove what it names; see `consent.log.Log.expire`."""
    head, found = look(session, Asked.of([entry], [None]), lock=True)
    assert head is not None
    for each in seqs:
        if not 0 <= each.start < each.stop <= head.size or each.step != 1:
            raise ValueError(f"{each} is no part of a log of {head.size} entries")
    group = Group()
    group.add([entry], [None], found)
    send(session, step(head, pack(group), {}, NOTHING))
    (added,) = group.answers(head.size)
    appended(session)
    _remove(session, added.seq, [(each.start, each.stop) for each in seqs], artifacts)
    commit(session)
    return added


def _remove(
    session: Session, seq: int, ranges: Sequence[tuple[int, int]], artifacts: Collection[str]
) -> None:
    """Remove what an expiry entry at a place names."""
    if ranges:
        starts, stops = zip(*ranges, strict=True)
        session.execute(_NAME, (seq, Numbers(starts), Numbers(stops)))
        for each in ranges:
            session.execute(_REMOVE, each, prepare=True)
    if artifacts:
        session.execute(_DROP, (seq, Texts(artifacts)))
        session.execute(_FORGET, (Texts(artifacts),))


def adopt(session: Session, rows: Sequence[Row]) -> Head:
    """Append entries of another log; see `consent.log.Log.adopt`."""
    head, _ = look(session, NOTHING, lock=True)
    assert head is not None
    if [row.seq for row in rows] != list(range(head.size, head.size + len(rows))):
        raise LogError(f"the entries given do not continue a log of {head.size} entries")
    if rows:
        new = Columns(
            [row.kind for row in rows],
            [row.leaf for row in rows],
            [row.consent_id for row in rows],
            [None] * len(rows),
            [row.salt for row in rows],
            [row.body for row in rows],
        )
        moving = step(head, new.pack(), {}, NOTHING)
        send(session, moving)
        appended(session)
        head = moving.moved
    for row in rows:
        if row.kind == "expiry":
            with suppress(ValueError, TypeError):  # what says so wrongly, verification tells
                named = named_by(row.seq, row.body)
                _remove(session, row.seq, named, removed_by(row.body))
    commit(session)
    return Head(head.size, head.root)
