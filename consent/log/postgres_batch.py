"""What the PostgreSQL engine says to the server to look up a group and to append it.

The appending statement moves the head on, provided that it is where this process knows it to be,
and adds the entries only if it did: compare and set, in one round trip. So any number of machines
continue one tree, without a gap or a fork (R42).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from consent.errors import LogCorrupt
from consent.log import Appended, Entry
from consent.log.postgres_server import Blobs, Numbers, Session, Texts
from consent.log.tree import Edge
from consent.log.writer import Counts

_APPEND = """WITH moved AS (
    UPDATE consent.head SET size = %b::bigint, root = %b::bytea, edge = %b::bytea
    WHERE one = 1 AND size = %b::bigint AND root = %b::bytea
        AND NOT EXISTS (SELECT 1 FROM consent.contents
            WHERE key IS NOT NULL AND key = ANY (%b::bytea[]))
        AND NOT EXISTS (SELECT 1 FROM consent.contents
            WHERE consent_id IS NOT NULL AND consent_id = ANY (%b::text[]))
    RETURNING %b::bigint AS first),
hashes AS (INSERT INTO consent.entries (seq, kind, leaf)
    SELECT first + at - 1, kind, leaf FROM moved CROSS JOIN
        unnest(%b::text[], %b::bytea[]) WITH ORDINALITY AS new (kind, leaf, at)),
texts AS (INSERT INTO consent.contents (seq, consent_id, key, salt, body)
    SELECT first + at - 1, consent_id, key, salt, body FROM moved CROSS JOIN
        unnest(%b::text[], %b::bytea[], %b::bytea[], %b::bytea[]) WITH ORDINALITY
        AS new (consent_id, key, salt, body, at)
    WHERE body IS NOT NULL),
roots AS (INSERT INTO consent.tiles (level, at, root)
    SELECT new.level::int, new.at, new.root FROM moved CROSS JOIN
        unnest(%b::bigint[], %b::bigint[], %b::bytea[]) AS new (level, at, root)),
counted AS (INSERT INTO consent.counters (day, name, n)
    SELECT day, name, n FROM moved CROSS JOIN
        unnest(%b::text[], %b::text[], %b::bigint[]) AS new (day, name, n)
    ON CONFLICT (day, name) DO UPDATE SET n = counters.n + excluded.n)
SELECT count(*) FROM moved"""
_COUNT = """INSERT INTO consent.counters (day, name, n)
    SELECT day, name, n FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS new (day, name, n)
    ON CONFLICT (day, name) DO UPDATE SET n = counters.n + excluded.n RETURNING 1"""
_LOCK = "SELECT size, root, edge FROM consent.head WHERE one = 1 FOR UPDATE"
_FOUND = """ c.seq, e.leaf, c.body
    FROM consent.contents AS c JOIN consent.entries AS e ON e.seq = c.seq"""
_BY_KEY = f"SELECT c.key, {_FOUND} WHERE c.key IS NOT NULL AND c.key = ANY (%b::bytea[])"
_BY_ID = f"""SELECT DISTINCT ON (c.consent_id) c.consent_id, {_FOUND}
    WHERE c.consent_id IS NOT NULL AND c.consent_id = ANY (%b::text[])
    ORDER BY c.consent_id, c.seq DESC"""
_BY_KIND = f"""SELECT e.kind, {_FOUND} WHERE e.kind = %b AND e.kind <> 'consent'
    ORDER BY e.seq DESC LIMIT 1"""
_LEAF = "SELECT leaf FROM consent.entries WHERE seq = %b::bigint"


class Stored(NamedTuple):
    """The row of the head."""

    size: int
    root: bytes
    edge: bytes


class Columns(NamedTuple):
    """New entries by column; without a body there is no content."""

    kinds: Sequence[str]
    leaves: Sequence[bytes]
    consent_ids: Sequence[str | None]
    keys: Sequence[bytes | None]
    salts: Sequence[bytes | None]
    bodies: Sequence[bytes | None]

    def parameters(self) -> tuple[object, ...]:
        """Give them as the statement takes them."""
        blobs = Blobs(self.keys), Blobs(self.salts), Blobs(self.bodies)
        return (Texts(self.kinds), Blobs(self.leaves), Texts(self.consent_ids), *blobs)


class Found:
    """What stands in the log of what a group asks for; see `consent.log.batch.Known`."""

    def __init__(self) -> None:
        self.by_key: dict[bytes, Appended] = {}
        self.by_id: dict[str, Appended] = {}
        self.by_kind: dict[str, Appended] = {}

    def __bool__(self) -> bool:
        return bool(self.by_key or self.by_id)

    def under_key(self, key: bytes) -> Appended | None:
        """Give the entry under a key."""
        return self.by_key.get(key)

    def newest(self, entry: Entry) -> Appended | None:
        """Give the newest entry of a chain."""
        if entry.consent_id is None:
            return self.by_kind.get(entry.kind)
        return self.by_id.get(entry.consent_id)


def _old(seq: int, leaf: bytes, body: bytes) -> Appended:
    return Appended(seq, leaf, body, False)


class Asked(NamedTuple):
    """What a group may repeat or continue: keys, consent ids, and kinds for want of an id."""

    keys: list[bytes]
    ids: list[str]
    kinds: list[str]

    @classmethod
    def of(cls, entries: Sequence[Entry], keys: Sequence[bytes | None]) -> Asked:
        """Give what a group with these hashed keys asks."""
        ids, kinds = [], set()
        for entry in entries:
            if entry.revise is not None:
                if entry.consent_id is not None:
                    ids.append(entry.consent_id)
                elif entry.kind != "consent":
                    kinds.add(entry.kind)
        return cls([key for key in keys if key is not None], ids, sorted(kinds))


NOTHING = Asked([], [], [])


def look(session: Session, asked: Asked, *, lock: bool = False) -> tuple[Stored | None, Found]:
    """Look for what a group asks, in one round trip; with `lock` begin a transaction.

    Gives the head, locked, or None without `lock`. Raises `LogCorrupt` when there is none.
    """
    ask = session.execute
    with session.pipeline():
        if lock:
            ask("BEGIN ISOLATION LEVEL READ COMMITTED", prepare=True)
            head = ask(_LOCK, prepare=True, binary=True)
        if asked.keys:
            by_key = ask(_BY_KEY, [Blobs(asked.keys)], prepare=True, binary=True)
        if asked.ids:
            by_id = ask(_BY_ID, [Texts(asked.ids)], prepare=True, binary=True)
        by_kind = [ask(_BY_KIND, [kind], prepare=True, binary=True) for kind in asked.kinds]
    found = Found()
    if asked.keys:
        found.by_key = {key: _old(*row) for key, *row in by_key}
    if asked.ids:
        found.by_id = {each: _old(*row) for each, *row in by_id}
    found.by_kind = {kind: _old(*row) for rows in by_kind for kind, *row in rows}
    if not lock:
        return None, found
    stored = head.fetchone()
    if stored is None:
        raise LogCorrupt(["the log has no head"])
    return Stored(*stored), found


class Step(NamedTuple):
    """One move of the head: where it leads, and what the statement is told."""

    moved: Stored
    parameters: tuple[object, ...]


def step(head: Stored, new: Columns, counts: Counts, absent: Asked) -> Step:
    """Put together what adds new entries after a head, unless something asked for is there."""
    try:
        edge = Edge(head.size, head.edge)
    except (TypeError, ValueError) as error:
        raise LogCorrupt([f"head: {error}"]) from error
    tiles = edge.extend(new.leaves)
    moved = Stored(edge.size, edge.root(), edge.pack())
    known = (head.size, head.root, Blobs(absent.keys), Texts(absent.ids), head.size)
    levels, places = Numbers(tile.level for tile in tiles), Numbers(tile.at for tile in tiles)
    roots = Blobs(tile.root for tile in tiles)
    parameters = (*moved, *known, *new.parameters(), levels, places, roots, *_columns(counts))
    return Step(moved, parameters)


def append(session: Session, step: Step, *, commit: bool = False) -> bool:
    """Add the entries and move the head on; returns False when it was not where it should be.

    `commit` ends the transaction that `look` has begun.
    """
    if not commit:
        return session.ask(_APPEND, *step.parameters) == [(1,)]
    with session.pipeline():
        done = session.execute(_APPEND, step.parameters, prepare=True, binary=True)
        session.execute("COMMIT", prepare=True)
    return done.fetchall() == [(1,)]


def count(session: Session, counts: Counts) -> None:
    """Store counters that no entry goes with."""
    session.ask(_COUNT, *_columns(counts))


def leaf_at(session: Session, seq: int) -> bytes | None:
    """Give the leaf that stands at a place."""
    for (leaf,) in session.ask(_LEAF, seq):
        return bytes(leaf)
    return None


def _columns(counts: Counts) -> tuple[Texts, Texts, Numbers]:
    """Put counters in columns, in one order for all, so that none waits for the other."""
    ordered = sorted(counts.items())
    days, names = Texts(day for (day, _), _ in ordered), Texts(name for (_, name), _ in ordered)
    return days, names, Numbers(n for _, n in ordered)
