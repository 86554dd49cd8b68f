"""What changes a log in PostgreSQL besides appending: expiry, and entries moved here from another.

Both are for maintenance from a terminal, while sites append to the same log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from consent.errors import LogError
from consent.log import Appended, Entry, Head, Row
from consent.log.batch import Group
from consent.log.postgres_batch import NOTHING, Asked, Columns, append, look, step
from consent.log.postgres_server import Session
from consent.log.postgres_write import columns

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
    group = Group(head.size)
    (appended,) = group.add([entry], [None], found)
    append(session, step(head, columns(group), {}, NOTHING))
    if seqs:
        starts, stops = [each.start for each in seqs], [each.stop for each in seqs]
        session.execute(_NAME, (appended.seq, starts, stops))
        for start, stop in zip(starts, stops, strict=True):
            session.execute(_REMOVE, (start, stop), prepare=True)
    if artifacts:
        session.execute(_DROP, (appended.seq, list(artifacts)))
        session.execute(_FORGET, (list(artifacts),))
    session.execute("COMMIT")
    return appended


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
        moving = step(head, new, {}, NOTHING)
        append(session, moving)
        head = moving.moved
    session.execute("COMMIT")
    return Head(head.size, head.root)
