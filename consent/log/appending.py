"""The half of a log that its writer answers, alike in every engine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from hashlib import sha256

from consent.errors import LogError
from consent.log import Appended, Entry, Health, Meter
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
        self._writer.meter = meter

    def health(self) -> Health:
        """Tell how writing does; see `Log.health`."""
        return self._writer.health()


def check_hashes(artifacts: Mapping[str, tuple[str, bytes]]) -> None:
    """Raise `ValueError` for an artifact that does not stand under the SHA-256 of its bytes."""
    for name, (_, body) in artifacts.items():
        if sha256(body).hexdigest() != name:
            raise ValueError(f"{name} is not the SHA-256 of its {len(body)} bytes")
