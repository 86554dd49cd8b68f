"""What the PostgreSQL engine says to the server to look up a group and to append it.

The appending statement moves the head on, provided that it is where this process knows it to be,
and adds the entries only if it did: compare and set, in one round trip. So any number of machines
continue one tree, without a gap or a fork (R42).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from consent.errors import LogCorrupt
from consent.log import Appended, Entry
from consent.log.committing import Counts
from consent.log.postgres_packing import (
    Blobs,
    Call,
    Marks,
    Numbers,
    Statement,
    Texts,
    Values,
    packed,
)
from consent.log.postgres_server import Session
from consent.log.runs import leaves_of
from consent.log.tree import Edge

_APPEND = """WITH moved AS (
    UPDATE consent.head SET size = %b::bigint, root = %b::bytea, edge = %b::bytea
    WHERE one = 1 AND size = %b::bigint AND root = %b::bytea
        AND NOT EXISTS (SELECT 1 FROM consent.contents
            WHERE key_mark IS NOT NULL AND key_mark = ANY (%b::bigint[]))
        AND NOT EXISTS (SELECT 1 FROM consent.contents
            WHERE id_mark IS NOT NULL AND id_mark = ANY (%b::bigint[]))
    RETURNING %b::bigint AS first),
hashes AS (INSERT INTO consent.entries (seq, kind, leaves)
    SELECT first + at, kind, leaves FROM moved CROSS JOIN
        unnest(%b::bigint[], %b::text[], %b::bytea[]) AS new (at, kind, leaves)),
texts AS (INSERT INTO consent.contents (seq, id_mark, key_mark, consent_id, key, salt, body)
    SELECT first + at - 1, id_mark, key_mark, consent_id, key, salt, body FROM moved CROSS JOIN
        unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bytea[], %b::bytea[], %b::bytea[])
        WITH ORDINALITY AS new (id_mark, key_mark, consent_id, key, salt, body, at)
    WHERE body IS NOT NULL)"""
_TILES = """,
roots AS (INSERT INTO consent.tiles (level, at, root)
    SELECT new.level::int, new.at, new.root FROM moved CROSS JOIN
        unnest(%b::bigint[], %b::bigint[], %b::bytea[]) AS new (level, at, root))"""
_COUNTS = """,
counted AS (INSERT INTO consent.counters (day, name, n)
    SELECT day, name, n FROM moved CROSS JOIN
        unnest(%b::text[], %b::text[], %b::bigint[]) AS new (day, name, n)
    ON CONFLICT (day, name) DO UPDATE SET n = counters.n + excluded.n)"""
_ADDED = " SELECT count(*) FROM moved"
# One for each of what a group may have: what is left out takes the server no time.
_APPENDS = {
    (False, False): Statement("consent_append", _APPEND + _ADDED),
    (True, False): Statement("consent_append_tiles", _APPEND + _TILES + _ADDED),
    (False, True): Statement("consent_append_counts", _APPEND + _COUNTS + _ADDED),
    (True, True): Statement("consent_append_all", _APPEND + _TILES + _COUNTS + _ADDED),
}
_COUNT = Statement(
    "consent_count",
    """INSERT INTO consent.counters (day, name, n)
    SELECT day, name, n FROM unnest(%b::text[], %b::text[], %b::bigint[]) AS new (day, name, n)
    ON CONFLICT (day, name) DO UPDATE SET n = counters.n + excluded.n""",
)
_BEGIN = Statement("consent_begin", "BEGIN ISOLATION LEVEL READ COMMITTED")
_COMMIT = Statement("consent_commit", "COMMIT")
_ROLLBACK = Statement("consent_rollback", "ROLLBACK")
_LOCK = Statement(
    "consent_lock", "SELECT size, root, edge FROM consent.head WHERE one = 1 FOR UPDATE"
)
RUN_OF = """CROSS JOIN LATERAL (SELECT seq, kind, leaves FROM consent.entries
        WHERE seq <= c.seq ORDER BY seq DESC LIMIT 1) AS e"""
"""Joins to contents `c` the run that each belongs to."""
LEAF_OF = "substring(e.leaves, ((c.seq - e.seq) * 32 + 1)::int, 32)"
_FOUND = f""" c.seq, {LEAF_OF}, c.body FROM consent.contents AS c {RUN_OF}"""
_BY_KEY = Statement(
    "consent_by_key",
    f"""SELECT c.key, {_FOUND} WHERE c.key_mark IS NOT NULL
        AND c.key_mark = ANY (%b::bigint[]) AND c.key = ANY (%b::bytea[])""",
)
_BY_ID = Statement(
    "consent_by_id",
    f"""SELECT DISTINCT ON (c.consent_id) c.consent_id, {_FOUND} WHERE c.id_mark IS NOT NULL
        AND c.id_mark = ANY (%b::bigint[]) AND c.consent_id = ANY (%b::text[])
    ORDER BY c.consent_id, c.seq DESC""",
)
_BY_KIND = Statement(
    "consent_by_kind",
    """SELECT e.kind, e.seq, e.leaves, c.body
    FROM consent.entries AS e JOIN consent.contents AS c ON c.seq = e.seq
    WHERE e.kind = %b AND e.kind <> 'consent' ORDER BY e.seq DESC LIMIT 1""",
)
_MOVED = [[((1).to_bytes(8),)]]
_LEAVES = Statement(
    "consent_leaves",
    """SELECT seq, leaves FROM consent.entries
    WHERE seq <= %b::bigint ORDER BY seq DESC LIMIT 1""",
)


MARK_SIZE = 8
"""Bytes of a `bigint`."""

RUN = 60
"""The most leaves in a row: as many as PostgreSQL keeps in it as they are, in one page."""


class Stored(NamedTuple):
    """The row of the head."""

    size: int
    root: bytes
    edge: bytes


def mark(consent_id: str | None) -> bytes | None:
    """Give the number that a consent id is found by, as the server has it.

    Ids and keys are looked up, and their places in an index found, for every entry: of all that the
    server does for one, that took it two fifths while the indexes were of texts. Two ids that have
    one mark are told apart by the id itself.
    """
    return None if consent_id is None else sha256(consent_id.encode()).digest()[:MARK_SIZE]


def key_mark(key: bytes | None) -> bytes | None:
    """Give the number that a key, which is a hash, is found by; see `mark`."""
    return None if key is None else key[:MARK_SIZE]


class New(NamedTuple):
    """New entries: their leaves, and what the statement is told of them."""

    leaves: Sequence[bytes]
    packed: Sequence[bytes]


class Columns(NamedTuple):
    """New entries by column; without a body there is no content."""

    kinds: Sequence[str]
    leaves: Sequence[bytes]
    consent_ids: Sequence[str | None]
    keys: Sequence[bytes | None]
    salts: Sequence[bytes | None]
    bodies: Sequence[bytes | None]

    def pack(self) -> New:
        """Give them as the statement takes them."""
        runs = list(self._runs())
        places, kinds = Numbers(at for at, _ in runs), Texts(self.kinds[at] for at, _ in runs)
        leaves = Blobs(b"".join(self.leaves[at:stop]) for at, stop in runs)
        blobs = Blobs(self.keys), Blobs(self.salts), Blobs(self.bodies)
        marks = Marks(map(mark, self.consent_ids)), Marks(map(key_mark, self.keys))
        columns = (places, kinds, leaves, *marks, Texts(self.consent_ids), *blobs)
        return New(self.leaves, [packed(column) for column in columns])

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Cut the leaves into runs: consents together, any other entry alone."""
        at = 0
        for kind, same in groupby(self.kinds):
            stop = at + len(list(same))
            length = RUN if kind == "consent" else 1
            for start in range(at, stop, length):
                yield start, min(start + length, stop)
            at = stop


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


def _old(seq: bytes, leaf: bytes, body: bytes) -> Appended:
    return Appended(int.from_bytes(seq, signed=True), leaf, body, False)


class Asked(NamedTuple):
    """What a group may repeat or continue: keys, consent ids, and kinds for want of an id."""

    keys: list[bytes]
    ids: list[str]
    kinds: list[str]

    @property
    def key_marks(self) -> Marks:
        """Give the numbers that the keys are found by."""
        return Marks(map(key_mark, self.keys))

    @property
    def id_marks(self) -> Marks:
        """Give the numbers that the ids are found by."""
        return Marks(map(mark, self.ids))

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
    calls: list[Call] = [(_BEGIN, ()), (_LOCK, ())] if lock else []
    if asked.keys:
        calls.append((_BY_KEY, [asked.key_marks, Blobs(asked.keys)]))
    if asked.ids:
        calls.append((_BY_ID, [asked.id_marks, Texts(asked.ids)]))
    calls += [(_BY_KIND, [kind]) for kind in asked.kinds]
    answers: Iterator[Any] = iter(session.ask_all(*calls))
    head = next(answers) if lock else None
    found = Found()
    if asked.keys:
        found.by_key = {key: _old(*row) for key, *row in next(answers)}
    if asked.ids:
        found.by_id = {each.decode(): _old(*row) for each, *row in next(answers)}
    found.by_kind = {kind.decode(): _old(*row) for rows in answers for kind, *row in rows}
    if head is None:
        return None, found
    if not head:
        raise LogCorrupt(["the log has no head"])
    ((size, root, edge),) = head
    return Stored(int.from_bytes(size, signed=True), root, edge), found


class Step(NamedTuple):
    """One move of the head: where it leads, and what the statement is told."""

    moved: Stored
    statement: Statement
    values: Values


def step(head: Stored, new: New, counts: Counts, absent: Asked) -> Step:
    """Put together what adds new entries after a head, unless something asked for is there."""
    try:
        edge = Edge(head.size, head.edge)
    except (TypeError, ValueError) as error:
        raise LogCorrupt([f"head: {error}"]) from error
    tiles = edge.extend(new.leaves)
    moved = Stored(edge.size, edge.root(), edge.pack())
    known = (head.size, head.root, absent.key_marks, absent.id_marks, head.size)
    values: list[Any] = [*moved, *known, *new.packed]
    if tiles:
        levels, places, roots = zip(*tiles, strict=True)
        values += [Numbers(levels), Numbers(places), Blobs(roots)]
    if counts:
        values += _columns(counts)
    return Step(moved, _APPENDS[bool(tiles), bool(counts)], values)


def send(session: Session, step: Step, *, commit: bool = False) -> None:
    """Send what adds the entries and moves the head on, if that is where it should be.

    `commit` ends the transaction that `look` has begun.
    """
    end: list[Call] = [(_COMMIT, ())] if commit else []
    session.send((step.statement, step.values), *end)


def appended(session: Session) -> bool:
    """Wait for the answer to `send`: False when the head was not where it should be."""
    return session.receive() == _MOVED


def commit(session: Session) -> None:
    """End the transaction that `look` has begun."""
    session.ask_all((_COMMIT, ()))


def roll_back(session: Session) -> None:
    """Take back the transaction that `look` has begun."""
    session.ask_all((_ROLLBACK, ()))


def count(session: Session, counts: Counts) -> None:
    """Store counters that no entry goes with."""
    session.ask_all((_COUNT, _columns(counts)))


def leaf_at(session: Session, seq: int) -> bytes | None:
    """Give the leaf that stands at a place."""
    (found,) = session.ask_all((_LEAVES, [seq]))
    leaves = leaves_of([(int.from_bytes(first or b""), run) for first, run in found], seq, seq + 1)
    return leaves[0] if leaves else None


def _columns(counts: Counts) -> tuple[Texts, Texts, Numbers]:
    """Put counters in columns, in one order for all, so that none waits for the other."""
    ordered = sorted(counts.items())
    days, names = Texts(day for (day, _), _ in ordered), Texts(name for (_, name), _ in ordered)
    return days, names, Numbers(n for _, n in ordered)
