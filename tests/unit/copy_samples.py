"""A log with everything in it that can be in one, and the ways to copy it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from consent.errors import LogMissing
from consent.log import Entry, Log, Snapshot, open_log
from consent.log.checkpoint import checkpoint
from consent.log.copying import Copied, copy_log
from consent.log.expiry import expiry_entry
from consent.log.export import EVERYTHING, Selection, export
from consent.log.exported import Exported
from consent.signed_note import new_key
from tests.unit.log_engines import LogEngine, append, artifact, grant, refusal

KEY = new_key("example.fi")
TIME = "2026-11-28T05:00:00Z"


def fill(log: Log) -> None:
    """Put everything into a log that can be in one."""
    append(log, *map(grant, range(100)), *map(refusal, range(40)))
    texts = dict([artifact(b"banner"), artifact(b"gone"), artifact(bytes(range(256)))])
    log.put_artifacts(texts)
    gone = artifact(b"gone")[0]
    seqs = [range(20, 90), range(139, 140)]
    log.expire(expiry_entry(seqs, "retention", TIME, [gone]), seqs, [gone])
    append(log, Entry("publication", b'{"kind":"publication","text":"\xc3\xa4"}'))
    keep_checkpoint(log)
    append(log, grant(101))
    keep_checkpoint(log)
    for n, name in enumerate(("shown", "accept 0123", 'odd "name" ä'), 1):
        log.count("2026-11-27", name, n)


def keep_checkpoint(log: Log) -> None:
    with log.snapshot() as view:
        size, note = view.head().size, checkpoint(view, [KEY])
    log.put_checkpoint(size, note)


def elsewhere(engine: LogEngine, folder: Path) -> str:
    """The address of a log that is not made yet, beside the one of the test."""
    other = folder / "elsewhere"
    other.mkdir()
    return engine.address(other)


@contextmanager
def viewed(address: str) -> Iterator[Snapshot]:
    with closing(open_log(address, writable=False)) as log, log.snapshot() as view:
        yield view


def everything(view: Snapshot) -> tuple[object, ...]:
    names = ("id", "site", "created")
    return (
        [view.meta[name] for name in names],
        view.head(),
        view.edge(),
        list(view.rows()),
        sorted(view.artifacts()),
        list(view.checkpoints()),
        list(view.counts()),
    )


def copied(log: Log, address: str) -> Copied:
    with log.snapshot() as view:
        return copy_log(view, address)


def written(log: Log, path: Path, selection: Selection = EVERYTHING) -> Path:
    with log.snapshot() as view:
        path.write_bytes(b"".join(export(view, selection)))
    return path


def imported(path: Path, address: str) -> Copied:
    with path.open("rb") as file:
        return copy_log(Exported(file, str(path)), address)


def same(log: Log, address: str) -> None:
    with log.snapshot() as one, viewed(address) as other:
        assert everything(one) == everything(other)


def missing(address: str) -> bool:
    """Whether there is no log."""
    try:
        open_log(address, writable=False).close()
    except LogMissing:
        return True
    return False
