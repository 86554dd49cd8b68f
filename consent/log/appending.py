"""What is alike in every engine: what a log leaves to its writer, and what it looks at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Any

from consent.errors import LogCorrupt, LogError
from consent.log import Appended, Entry, Head, Health, Meter
from consent.log.tree import HASH_SIZE
from consent.log.writer import Writer


class Appending:
    """A log as far as its writer goes; see `consent.log.Log`."""

    def __init__(self, place: str, writer: Writer | None) -> None:
        """Take the log's address, for messages, and its writer; without one it is only read."""
        self._place = place
        self._writes = writer
        if writer is not None:
            # Straight to the writer: every decision of every visitor passes here.
            self.append = writer.append  # type: ignore[method-assign]

    @property
    def _writer(self) -> Writer:
        if self._writes is None:
            raise LogError(f"{self._place} is open for reading only")
        return self._writes

    async def append(self, entry: Entry) -> Appended:
        """Append an entry; see `Log.append`."""
        return await self._writer.append(entry)

    def append_soon(self, entry: Entry) -> Future[Appended]:
        """Queue an entry; see `Log.append_soon`."""
        return self._writer.append_soon(entry)

    def spool(self, entry: Entry) -> None:
        """Keep an entry until the log works again; see `Log.spool`."""
        self._writer.spool(entry)

    def count(self, day: str, name: str, n: int = 1) -> None:
        """Add to a daily counter; see `Log.count`."""
        self._writer.count(day, name, n)

    def measure(self, meter: Meter) -> None:
        """Tell a meter of what is written; see `Log.measure`."""
        self._writer.measure(meter)

    def health(self) -> Health:
        """Tell how writing does; see `Log.health`."""
        return self._writer.health()


def check_hashes(artifacts: Mapping[str, tuple[str, bytes]]) -> None:
    """Raise `ValueError` for an artifact that does not stand under the SHA-256 of its bytes."""
    for name, (_, body) in artifacts.items():
        if sha256(body).hexdigest() != name:
            raise ValueError(f"{name} is not the SHA-256 of its {len(body)} bytes")


def head_of(rows: Sequence[tuple[Any, ...]]) -> Head:
    """Give the head that stands in the log; raises `LogCorrupt` for none, or one that is none."""
    if not rows:
        raise LogCorrupt(["the log has no head"])
    ((size, root),) = rows
    if type(size) is not int or size < 0 or type(root) is not bytes or len(root) != HASH_SIZE:
        raise LogCorrupt(["the log's head is no number of entries and no root"])
    return Head(size, root)
