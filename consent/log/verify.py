"""The check that a log is whole and unaltered (R40).

It trusts nothing but the bytes of the contents: every leaf, the root, the edge and the hashes of
artifacts are computed again. Whoever can write to the file can of course write another log, with a
tree that fits; only a head kept elsewhere shows that, and the report says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from consent.errors import LogCorrupt, LogError
from consent.log import Row, Snapshot
from consent.log.expiry import LASTING, Expired, expired, named_by
from consent.log.tree import HASH_SIZE, SALT_SIZE, Edge, leaf_hash
from consent.record import canonical

PROVISO = (
    "Checked against itself only: that the whole log was rewritten, rolled back to an older copy or"
    " cut off at its end together with its head, a check without a head kept elsewhere cannot"
    " exclude."
)


@dataclass(slots=True)
class Finding:
    """A kind of fault: its first place (`seq`, or None), what is wrong there, and how often.

    Kinds: "head", "root", "edge", "tile", "gap", "leaf", "salt", "content", "canonical", "kind",
    "consent-id", "expiry" (says it wrongly, or names content that stands still), "artifact" (bytes
    do not fit the hash), "reference" (a record names an artifact that is not there), "engine"
    (tables, triggers, pages) and "unreadable".
    """

    kind: str
    seq: int | None
    message: str
    count: int = 1

    def __str__(self) -> str:
        place = "" if self.seq is None else f" at entry {self.seq}"
        more = "" if self.count == 1 else f" (the first of {self.count})"
        return f"{self.kind}{place}: {self.message}{more}"


@dataclass(slots=True)
class Report:
    """What was found; `size` and `root` are computed from the entries, not taken from the head."""

    size: int = 0
    root: bytes = b""
    artifacts: int = 0
    findings: list[Finding] = field(default_factory=list)
    proviso: str = PROVISO

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, kind: str, seq: int | None, message: str) -> None:
        """Note a fault; of each kind the first place is kept and the others are counted."""
        for finding in self.findings:
            if finding.kind == kind:
                finding.count += 1
                return
        self.findings.append(Finding(kind, seq, message))

    def require(self) -> None:
        """Raise `LogCorrupt` with the findings unless there are none."""
        if self.findings:
            raise LogCorrupt(list(map(str, self.findings)))


def verify(
    snapshot: Snapshot,
    *,
    known: tuple[int, bytes] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Check a log from its first entry to its last, in constant memory.

    `known` is a (size, root) that was kept elsewhere; the log must be a continuation of it.
    `progress` is called with the number of entries checked, every thousand. Damage is reported,
    never raised.
    """
    report = Report()
    edge = Edge()
    try:
        artifacts = _check_artifacts(snapshot, report)
        prefix = _check_rows(snapshot, report, edge, artifacts, known, progress)
        for fault in snapshot.faults():
            report.add("engine", None, fault)
        _check_head(snapshot, report, edge)
        if known is not None and prefix != known[1]:
            report.add(
                "root", None, f"the log does not continue the head of {known[0]} entries given"
            )
    except LogError as error:
        report.add("unreadable", edge.size, str(error))
    report.size, report.root = edge.size, edge.root()
    if known is not None:
        report.proviso = (
            f"Checked against a head of {known[0]} entries kept elsewhere: what was appended after"
            " it could have been rewritten or cut off."
        )
    return report


def _check_artifacts(snapshot: Snapshot, report: Report) -> set[str]:
    names = set()
    for name, _, body in snapshot.artifacts():
        names.add(name)
        report.artifacts += 1
        if sha256(body).hexdigest() != name:
            report.add("artifact", None, f"the bytes stored as {name} are others")
    return names


def _check_rows(
    snapshot: Snapshot,
    report: Report,
    edge: Edge,
    artifacts: set[str],
    known: tuple[int, bytes] | None,
    progress: Callable[[int], None] | None,
) -> bytes | None:
    """Check each entry; returns the root over the entries that `known` covers."""
    prefix = edge.root() if known is not None and known[0] == 0 else None
    expected = 0
    gone = expired(snapshot)
    tiles = {level: snapshot.tiles(level) for level in range(1, 8)}
    for row in snapshot.rows():
        if row.seq != expected:
            report.add("gap", expected, f"entry {row.seq} stands in its place")
        expected = row.seq + 1
        leaf = _check_row(row, report, artifacts, gone)
        for tile in edge.extend([leaf]):
            if next(tiles[tile.level], None) != tile.root:
                place = tile.at << 8 * tile.level
                report.add("tile", place, "the root stored for proofs is not that of its entries")
        if known is not None and edge.size == known[0]:
            prefix = edge.root()
        if progress is not None and edge.size % 1000 == 0:
            progress(edge.size)
    for level, others in tiles.items():
        if next(others, None) is not None:
            report.add("tile", None, f"there are more roots of level {level} than whole tiles")
    return prefix


def _check_row(row: Row, report: Report, artifacts: set[str], gone: Expired) -> bytes:
    """Check one entry; returns the leaf that its content has, or else is said to have."""
    stored = row.leaf
    if not isinstance(stored, bytes) or len(stored) != HASH_SIZE:
        report.add("leaf", row.seq, "the stored leaf is not a hash")
        stored = bytes(HASH_SIZE)
    if row.body is None or row.salt is None:
        if row.kind in LASTING:
            report.add("content", row.seq, f"the content of a {row.kind} is missing, which lasts")
        elif row.seq not in gone:
            report.add("content", row.seq, "the content is missing and no entry says why")
        return stored
    if row.seq in gone and row.kind not in LASTING:
        report.add("expiry", row.seq, "an expiry entry names it, and its content is there still")
    if not isinstance(row.body, bytes) or not isinstance(row.salt, bytes):
        report.add("content", row.seq, "the content is not bytes")
        return stored
    if len(row.salt) != SALT_SIZE:
        report.add("salt", row.seq, f"the salt has {len(row.salt)} bytes, not {SALT_SIZE}")
    leaf = leaf_hash(row.body, row.salt)
    if leaf != stored:
        report.add("leaf", row.seq, "the content is not the one that the leaf was made of")
    _check_body(row, row.body, report, artifacts)
    return leaf


def _check_body(row: Row, body: bytes, report: Report, artifacts: set[str]) -> None:
    try:
        value = json.loads(body)
        whole = canonical(value) == body
    except (ValueError, TypeError, RecursionError):
        value, whole = None, False
    if not whole:
        report.add("canonical", row.seq, "the body is not canonical JSON")
    if not isinstance(value, dict):
        return
    if value.get("kind", row.kind) != row.kind:
        report.add("kind", row.seq, f"filed as {row.kind!r}, the body says {value['kind']!r}")
    if value.get("consent_id") != row.consent_id:
        report.add("consent-id", row.seq, "filed under another consent id than the body names")
    if row.kind == "expiry":
        try:
            named_by(row.seq, body)
        except (ValueError, TypeError) as error:
            report.add("expiry", row.seq, str(error))
    names = value.get("artifacts", [])
    for name in names if isinstance(names, list) else [names]:
        if name not in artifacts:
            report.add("reference", row.seq, f"the artifact {name} is not in the log")


def _check_head(snapshot: Snapshot, report: Report, edge: Edge) -> None:
    """Compare the head that the log claims with the one that its entries give."""
    size, root = snapshot.head()
    if size != edge.size:
        report.add("head", None, f"the head counts {size} entries, the log has {edge.size}")
    if root != edge.root():
        report.add("root", None, "the entries do not give the root in the head")
    if snapshot.edge() != edge.pack():
        report.add("edge", None, "the entries do not give the edge that the next one grows from")
