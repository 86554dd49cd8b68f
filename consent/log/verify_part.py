"""The check of a part of a log: up to 65,536 entries that one process looks at by itself.

A part that is whole is one tile of level 2, so parts can be looked at in any order and by several
processes, and their roots joined afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from consent.errors import LogError, LogUnavailable
from consent.log import Row, Run, Snapshot
from consent.log.expiry import LASTING, Expired, expired, named_by
from consent.log.runs import ID_SIZE, NO_ID, sizes_of
from consent.log.tree import HASH_SIZE, SALT_SIZE, Edge
from consent.record import canonical

PART = 1 << 16
"""The entries in a part, but for the last."""

KNOWN = 4096
"""How many forms of records are remembered as looked at."""


@dataclass(slots=True)
class Finding:
    """A kind of fault: its first place (`seq`, or None), what is wrong there, and how often.

    Kinds: "head", "root", "edge", "tile", "gap", "leaf", "content", "canonical", "kind",
    "consent-id", "expiry" (says it wrongly, or names content that stands still), "artifact" (bytes
    do not fit the hash), "reference" (a record names an artifact that is not there), "checkpoint"
    (another log was signed), "engine" (tables, triggers, pages), "unreadable", and "unavailable",
    which is no fault of the log: it could not be read to its end now.
    """

    kind: str
    seq: int | None
    message: str
    count: int = 1

    def __str__(self) -> str:
        place = "" if self.seq is None else f" at entry {self.seq}"
        more = "" if self.count == 1 else f" (the first of {self.count})"
        return f"{self.kind}{place}: {self.message}{more}"


class Findings(list[Finding]):
    """Of each kind of fault the first place; the others are counted."""

    def note(self, kind: str, seq: int | None, message: str, count: int = 1) -> None:
        """Note a fault."""
        for finding in self:
            if finding.kind == kind:
                finding.count += count
                return
        self.append(Finding(kind, seq, message, count))

    def broken_off(self, seq: int, error: LogError) -> None:
        """Note what ended the reading at a place."""
        unavailable = isinstance(error, LogUnavailable)
        self.note("unavailable" if unavailable else "unreadable", seq, str(error))


@dataclass(slots=True)
class Part:
    """What was found in a part.

    `count` entries were seen, the last just before `stop`; `hashes` is the edge of the tree over
    them alone, `marks` the edge at each size that was asked for, and `names` the artifacts that
    they name, each with the first place. `broken` tells that the rest could not be read.
    """

    start: int
    stop: int
    count: int = 0
    hashes: list[bytes] = field(default_factory=list)
    marks: dict[int, list[bytes]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    broken: bool = False


def check_part(
    snapshot: Snapshot,
    start: int,
    stop: int,
    *,
    marks: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
) -> Part:
    """Check the entries with start <= seq < stop; `start` is a multiple of `PART`.

    `marks` are sizes of the whole log at which its root will be asked for; `progress` is called
    with how many entries were checked since the last call. Damage is reported, never raised.
    """
    found = Part(start, start)
    check = _Check(snapshot, found, stop, [mark - start for mark in marks if start < mark <= stop])
    told = 0
    try:
        for run in snapshot.runs(start, stop):
            check.run(run)
            if progress is not None and found.count - told >= 1000:
                progress(found.count - told)
                told = found.count
        if next(check.tiles, None) is not None:
            found.findings.note("tile", None, "there are more roots of level 1 than whole tiles")
    except LogError as error:
        found.findings.broken_off(found.stop, error)
        found.broken = True
    if progress is not None and found.count > told:
        progress(found.count - told)
    found.hashes = check.edge.hashes
    return found


class _Check:
    """The state of one pass over a part."""

    def __init__(self, snapshot: Snapshot, found: Part, stop: int, marks: Sequence[int]) -> None:
        self.found, self.note, self.stop = found, found.findings.note, stop
        self.edge = Edge()
        self.gone: Expired = expired(snapshot)
        self.marks = sorted(marks)
        self.tiles = snapshot.tiles(1, found.start >> 8, stop >> 8)
        self.known: set[bytes] = set()

    def run(self, run: Run) -> None:
        """Check the entries of a run that belong to the part."""
        first, kind, leaves, ids, salts, _, bodies = run
        lengths = sizes_of(run)
        leaves_made: list[bytes] = []
        hash_of, simple = sha256, kind == "consent"
        packed_ids = ids.encode("utf-8", "replace") if ids is not None else b""
        if len(packed_ids) != len(ids or ""):
            simple = False
        gone = self.gone if self.gone else ()
        start, stop = self.found.start, self.stop
        at = 0
        if max(first, start) != self.found.stop:
            self.note("gap", self.found.stop, f"entry {first} stands in its place")
        for i, length in enumerate(lengths):
            seq = first + i
            if not start <= seq < stop:
                at += length
                continue
            leaf = leaves[i * HASH_SIZE : (i + 1) * HASH_SIZE]
            if not length:
                self._missing(seq, kind)
                leaves_made.append(leaf)
                continue
            assert salts is not None
            assert bodies is not None
            assert ids is not None
            body = bodies[at : at + length]
            at += length
            # This is `tree.leaf_hash`.
            made = hash_of(b"\0" + salts[i * SALT_SIZE : (i + 1) * SALT_SIZE] + body).digest()
            if made != leaf:
                self.note("leaf", seq, "the content is not the one that the leaf was made of")
            leaves_made.append(made)
            if gone and seq in gone and kind not in LASTING:
                self.note("expiry", seq, "an expiry entry names it, and its content stands still")
            if not (simple and self._is_known(body, packed_ids[i * ID_SIZE : (i + 1) * ID_SIZE])):
                consent_id = ids[i * ID_SIZE : (i + 1) * ID_SIZE]
                known = None if consent_id == NO_ID else consent_id
                self._look_at(Row(seq, kind, leaf, body, None, known))
        self.found.stop = max(start, min(stop, first + len(lengths)))
        self.found.count += len(leaves_made)
        self._extend(leaves_made)

    def _extend(self, leaves: list[bytes]) -> None:
        at = 0
        while self.marks and self.marks[0] <= self.edge.size + len(leaves) - at:
            mark = self.marks.pop(0)
            until = at + mark - self.edge.size
            self._grow(leaves[at:until])
            self.found.marks[self.found.start + mark] = list(self.edge.hashes)
            at = until
        self._grow(leaves[at:] if at else leaves)

    def _grow(self, leaves: list[bytes]) -> None:
        for level, at, root in self.edge.extend(leaves):
            if level == 1 and next(self.tiles, None) != root:
                place = self.found.start + (at << 8)
                message = "the root stored for proofs is not that of its entries"
                self.note("tile", place, message)

    def _missing(self, seq: int, kind: str) -> None:
        if kind in LASTING:
            self.note("content", seq, f"the content of a {kind} is missing, which never expires")
        elif seq not in self.gone:
            self.note("content", seq, "the content is missing and no entry says why")

    def _is_known(self, body: bytes, consent_id: bytes) -> bool:
        """Whether a record is like one that was looked at, but for its ids and its time of day.

        Parsing each of a million records would take longer than all the rest.
        """
        form = _form(body, consent_id)
        return form is not None and form in self.known

    def _look_at(self, row: Row) -> None:
        """Check what a body says of itself; `row.salt` is not looked at."""
        body = row.body
        assert body is not None
        try:
            value = json.loads(body)
            whole = canonical(value) == body
        except (ValueError, TypeError, RecursionError):
            value, whole = None, False
        if not whole:
            self.note("canonical", row.seq, "the body is not canonical JSON")
        if not isinstance(value, dict):
            return
        sound = whole
        if value.get("kind", row.kind) != row.kind:
            sound = False
            message = f"filed as {row.kind!r}, the body says {value['kind']!r}"
            self.note("kind", row.seq, message)
        if value.get("consent_id") != row.consent_id:
            sound = False
            message = "filed under another consent id than the body names"
            self.note("consent-id", row.seq, message)
        if row.kind == "expiry":
            try:
                named_by(row.seq, body)
            except (ValueError, TypeError) as error:
                self.note("expiry", row.seq, str(error))
        names = value.get("artifacts", [])
        for name in names if isinstance(names, list) else [names]:
            self.found.names.setdefault(str(name), row.seq)
        form = _form(body, (row.consent_id or NO_ID).encode()) if sound else None
        # Only where what stands for an id can be nothing else.
        if form is not None and b'"consent_id"' not in form and form.count(b'"id"') == 1:
            if len(self.known) >= KNOWN:
                self.known.clear()
            self.known.add(form)


def _form(body: bytes, consent_id: bytes) -> bytes | None:
    """What a consent record has in common with others: all but ids and time of day.

    None for one that is written in another way, or whose consent id is not the one given.
    """
    after = body.find(b"],") + 2
    if body.startswith(b'"consent_id":"', after):
        own = after + 14
        if body[own : own + ID_SIZE] != consent_id or body[own + ID_SIZE : own + 23] != b'"':
            return None
        head, rest = body[:after], own + 23
    elif consent_id.strip():
        return None
    else:
        head, rest = body[:after], after
    at = body.find(b',"id":"', rest) + 7
    if at < 7 or not body[at : at + 32].isalnum() or body[at + 32 : at + 33] != b'"':
        return None
    end = len(body)
    if body.endswith(b'Z"}'):
        if not body[-11:-3].replace(b":", b"").isdigit():
            return None
        end -= 11
    before = body.find(b',"previous":"', at)
    if before < 0:
        return head + body[rest:at] + body[at + 32 : end]
    before += 13
    if not body[before : before + 32].isalnum() or body[before + 32 : before + 33] != b'"':
        return None
    return head + body[rest:at] + body[at + 32 : before] + body[before + 32 : end]
