"""The engines that the log's contract is tested on, and small makers of entries."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from consent.log import Entry, Log, Roles, open_log
from consent.log.checkpoint import checkpoint
from consent.log.verify import verify
from consent.record import canonical
from consent.signed_note import new_key


class LogEngine(NamedTuple):
    """A kind of log: `address` names one, not yet made, that belongs to a test's own folder.

    In PostgreSQL it is that of an administrator, who may do anything but what triggers refuse.
    """

    name: str
    address: Callable[[Path], str]


def _database(folder: Path) -> str:
    from tests.unit.postgres_server import shared

    server = shared()
    return server.address(server.database())


ENGINES = [
    LogEngine("sqlite", lambda folder: str(folder / "log.sqlite3")),
    LogEngine("postgresql", _database),
]
APPLICATION, MAINTENANCE = Roles()[:2]


def opened(
    address: str, *, writable: bool = True, role: str = APPLICATION, **options: object
) -> Log:
    """Open a log as a site does, or in PostgreSQL in another role."""
    if "://" in address:
        parts = urlsplit(address)
        address = address.replace("//postgres@", f"//{role}@")
        # Beside the server's socket, if the test does not say otherwise.
        for folder in parse_qs(parts.query).get("host", []):
            options.setdefault("spool", f"{folder}{parts.path}.spool")
    return open_log(address, writable=writable, **options)


def consent_id(number: int) -> str:
    return f"id{number:020d}"


def grant(number: int, **more: object) -> Entry:
    """Make a consent under an id of its own."""
    value = {"consent_id": consent_id(number), "event": "grant", "kind": "consent", **more}
    return Entry("consent", canonical(value), consent_id(number))


def refusal(number: int) -> Entry:
    """Make a refusal, which has no id but a form token behind it."""
    body = canonical({"event": "refusal", "kind": "consent", "number": number})
    return Entry("consent", body, once=b"token %d" % number)


def artifact(text: bytes) -> tuple[str, tuple[str, bytes]]:
    return sha256(text).hexdigest(), ("text/plain", text)


def append(log: Log, *entries: Entry) -> list:
    futures = [log.append_soon(entry) for entry in entries]
    return [future.result(60) for future in futures]


def check(log: Log) -> None:
    """See that a log is whole, and that its head is that of its entries."""
    with log.snapshot() as snapshot:
        report = verify(snapshot)
    assert report.findings == []
    assert (report.size, report.root) == log.head()


def fill(log: Log) -> None:
    """Put in entries enough for a tile, an artifact, a checkpoint and a counter."""
    append(log, *map(grant, range(280)), *map(refusal, range(20)))
    log.put_artifacts(dict([artifact(b"text")]))
    with log.snapshot() as snapshot:
        note = checkpoint(snapshot, [new_key("example.fi")])
    log.put_checkpoint(300, note)
    log.count("2026-11-23", "shown")
    append(log, grant(999))
