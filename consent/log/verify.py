"""The check that a log is whole and unaltered (R40).

It trusts nothing but the bytes of the contents: every leaf, the root, the edge and the hashes of
artifacts are computed again. Whoever can write to the file can of course write another log, with a
tree that fits; only a head kept elsewhere shows that, and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from typing import TypeVar

from consent.errors import CheckpointError, LogCorrupt, LogError, LogUnavailable
from consent.log import Snapshot, open_log
from consent.log.checkpoint import unsigned
from consent.log.expiry import expired_by
from consent.log.runs import sizes_of
from consent.log.tree import EMPTY_ROOT, Edge
from consent.log.verify_part import PART, Findings, Part, check_part

PROVISO = (
    "Checked against itself only: that the whole log was rewritten, rolled back to an older copy or"
    " cut off at its end together with its head, a check without a head kept elsewhere cannot"
    " exclude."
)

T = TypeVar("T")

Known = tuple[int, bytes]
"""The size and the root (32 bytes) of a log at one time."""


@dataclass(slots=True)
class Report:
    """What was found; `size` and `root` are computed from the entries, not taken from the head.

    `expired` counts the entries whose content is gone by the reason that the log gives.
    `start` is the first entry that was read: those before it were only seen to give a root that was
    verified earlier.
    """

    size: int = 0
    root: bytes = b""
    artifacts: int = 0
    start: int = 0
    expired: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    proviso: str = PROVISO

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def require(self) -> None:
        """Raise `LogCorrupt` with the findings unless there are none.

        Raises `LogUnavailable` when all that was found is that the log cannot be read now.
        """
        if self.findings and all(finding.kind == "unavailable" for finding in self.findings):
            raise LogUnavailable("\n".join(finding.message for finding in self.findings))
        if self.findings:
            raise LogCorrupt(list(map(str, self.findings)))


def verify(
    snapshot: Snapshot,
    *,
    known: Known | None = None,
    resume: bool = False,
    progress: Callable[[int], None] | None = None,
    address: str = "",
    workers: int = 1,
) -> Report:
    """Check a log from its first entry to its last, in constant memory.

    `known` is a head that was kept elsewhere; the log must be a continuation of it. With `resume`
    entries before it, which were checked when it was made, are not read again: that they give its
    root is seen from the stored tiles. `progress` is called now and then with how many entries have
    been checked. More than one of `workers`, which are processes, open the log at `address`
    themselves. Damage is reported, never raised.
    """
    report = Report()
    checking = _Checking(snapshot, report, known)
    first = known[0] // PART if known is not None and resume else 0
    report.start = first * PART
    try:
        artifacts = _artifacts(snapshot, report)
        checking.skip(first)
        for part in _parts(snapshot, checking, first, progress, address, workers):
            checking.add(part, artifacts)
        if not checking.broken:
            checking.end()
        report.expired = expired_by(snapshot)
    except LogError as error:
        report.findings.broken_off(checking.stop, error)
    report.size, report.root = checking.count, checking.root()
    if known is not None:
        report.proviso = (
            f"Checked against a head of {known[0]} entries kept elsewhere: what was appended after"
            " it could have been rewritten or cut off."
        )
    return report


def _artifacts(snapshot: Snapshot, report: Report) -> set[str]:
    names = set()
    for name, _, body in snapshot.artifacts():
        names.add(name)
        report.artifacts += 1
        if sha256(body).hexdigest() != name:
            report.findings.note("artifact", None, f"the bytes stored as {name} are others")
    return names


def _parts(
    snapshot: Snapshot,
    checking: _Checking,
    first: int,
    progress: Callable[[int], None] | None,
    address: str,
    workers: int,
) -> Iterator[Part]:
    """Check part by part, for as long as there are entries: the head may say anything."""
    begin = told = first * PART

    def tell(more: int) -> None:
        nonlocal told
        told += more
        if progress is not None:
            progress(told)

    *others, last = _starts(snapshot, begin) if workers > 1 else [begin]
    if others:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            faults = pool.submit(_faults, address)
            jobs = [
                pool.submit(_elsewhere, address, start, checking.within(start)) for start in others
            ]
            # Others see the log as it is by then: the part that grows is looked at in our own view.
            marks = checking.within(last)
            newest = check_part(snapshot, last, last + PART, marks=marks, progress=tell)
            for job in jobs:
                part = _result(job)
                tell(part.count)
                yield part
                if checking.broken:
                    pool.shutdown(cancel_futures=True)
                    return
            yield newest
            checking.faults = _result(faults)
        return
    for start in _starts(snapshot, begin):
        if checking.broken:
            return
        marks = checking.within(start)
        yield check_part(snapshot, start, start + PART, marks=marks, progress=tell)


def _result(job: Future[T]) -> T:
    try:
        return job.result()
    except BrokenProcessPool:
        raise LogUnavailable("a process that was to check a part was ended") from None


def _starts(snapshot: Snapshot, at: int) -> Iterator[int]:
    """Give where each part begins: the first, from a place on, and all that have entries."""
    yield at
    while (place := _next(snapshot, at + PART)) is not None:
        at = place // PART * PART
        yield at


def _next(snapshot: Snapshot, at: int) -> int | None:
    """Give the place of the first entry from one on; of what is damaged that where it begins."""
    for run in snapshot.runs(at):
        try:
            stop = run.first + len(sizes_of(run))
        except LogCorrupt:
            stop = at + 1
        if stop > at:
            return max(at, run.first)
    return None


def _elsewhere(address: str, start: int, marks: list[int]) -> Part:
    """Check a part in a process of its own."""
    with open_log(address, writable=False).snapshot() as snapshot:
        return check_part(snapshot, start, start + PART, marks=marks)


def _faults(address: str) -> list[str]:
    """Ask the engine in a process of its own."""
    with open_log(address, writable=False).snapshot() as snapshot:
        return list(snapshot.faults())


class _Checking:
    """What the parts give together, and what it is compared with."""

    def __init__(self, snapshot: Snapshot, report: Report, known: Known | None) -> None:
        self.snapshot, self.report, self.known = snapshot, report, known
        self.note = report.findings.note
        self.whole = Edge()  # over the roots of whole parts
        self.rest: list[bytes] = []
        self.count = self.stop = 0
        self.broken = False
        self.faults: list[str] | None = None  # what the engine itself finds, once it was asked
        self.signed = self._signed()
        self.good = 0  # the largest size at which the root is the one that was signed
        self.bad = False

    def _signed(self) -> dict[int, bytes]:
        signed: dict[int, bytes] = {}
        try:
            for size, note in self.snapshot.checkpoints():
                try:
                    found = unsigned(note)
                    if found.size != size:
                        raise CheckpointError(f"it is one of {found.size} entries")
                    signed[size] = found.root
                except CheckpointError as error:
                    self.note("checkpoint", None, f"the one kept of {size} entries: {error}")
        except LogCorrupt as error:
            self.note("checkpoint", None, f"those kept cannot be read: {error}")
        return signed

    def within(self, start: int) -> list[int]:
        """Give the sizes in a part at which the root is to be compared."""
        sizes = {*self.signed, *([self.known[0]] if self.known else [])}
        return sorted(size for size in sizes if start < size <= start + PART)

    def skip(self, parts: int) -> None:
        """Take the roots of parts that were checked before from the stored tiles."""
        roots = list(self.snapshot.tiles(2, 0, parts))
        if len(roots) != parts:
            raise LogCorrupt(["roots that are stored for proofs are missing"])
        self.whole.extend(roots)
        self.count = self.stop = parts * PART

    def add(self, part: Part, artifacts: set[str]) -> None:
        """Take in the next part."""
        if part.count and part.start != self.stop:
            self.note("gap", self.stop, f"entry {part.start} stands in its place")
        for finding in part.findings:
            self.note(finding.kind, finding.seq, finding.message, finding.count)
        for name, seq in part.names.items():
            if name not in artifacts:
                self.note("reference", seq, f"the artifact {name} is not in the log")
        for size, hashes in part.marks.items():
            self._compare(size, self._root([*self.whole.hashes, *hashes], size))
        self.broken = part.broken
        self.count += part.count
        self.stop = max(self.stop, part.stop if part.count else 0)
        self.rest = part.hashes
        if part.count == PART and not part.broken:
            tiles = self.whole.extend(part.hashes)
            self._tile(2, self.whole.size - 1, part.hashes[0])
            for level, at, root in tiles:
                self._tile(level + 2, at, root)
            self.rest = []

    def _tile(self, level: int, at: int, root: bytes) -> None:
        if next(self.snapshot.tiles(level, at, at + 1), None) != root:
            message = "the root stored for proofs is not that of its entries"
            self.note("tile", at << 8 * level, message)

    def _compare(self, size: int, root: bytes) -> None:
        if self.known is not None and size == self.known[0] and root != self.known[1]:
            self._differs(size, "the log does not continue the head of {size} entries given")
        if size in self.signed:
            if root == self.signed[size]:
                self.good = max(self.good, size)
            else:
                self._differs(size, "what was signed of {size} entries was another log")

    def _differs(self, size: int, message: str) -> None:
        if not self.bad:  # what is wrong up to here is so in all that follows
            self.bad = True
            where = f"; the difference is in the entries from {self.good} to {size - 1}"
            self.note("checkpoint", None, message.format(size=size) + where)

    def end(self) -> None:
        """Compare the head that the log claims with the one that its entries give."""
        for fault in self.snapshot.faults() if self.faults is None else self.faults:
            self.note("engine", None, fault)
        size, root = self.snapshot.head()
        if size != self.count:
            self.note("head", None, f"the head counts {size} entries, the log has {self.count}")
        if root != self.root():
            self.note("root", None, "the entries do not give the root in the head")
        if self.snapshot.edge() != b"".join([*self.whole.hashes, *self.rest]):
            self.note("edge", None, "the entries do not give the edge that the next one grows from")
        for level in range(1, 8):
            stored = sum(1 for _ in self.snapshot.tiles(level, self.count >> 8 * level))
            if stored:
                message = f"there are more roots of level {level} than whole tiles"
                self.note("tile", None, message)
        later = [size for size in self.signed if size > self.count]
        if later:
            self._differs(min(later), "of {size} entries, which were signed, the last are missing")
        if self.known is not None and self.known[0] == 0 and self.known[1] != EMPTY_ROOT:
            self._differs(0, "the head of no entries given is of no log")
        if self.known is not None and self.known[0] > self.count:
            self._differs(self.known[0], "of the {size} entries of the head given some are missing")

    def root(self) -> bytes:
        """Give the root over all entries so far."""
        return self._root([*self.whole.hashes, *self.rest], self.count)

    def _root(self, hashes: list[bytes], size: int) -> bytes:
        edge = Edge()
        edge.size, edge.hashes = size, hashes
        return edge.root()
