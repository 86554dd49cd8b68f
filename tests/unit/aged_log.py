"""A log with years behind it, and makers of what stands in one: records, declarations, releases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from consent.log import Entry, Log, create_log
from consent.log.removal import Plan, carry_out, plan
from consent.record import canonical
from tests.unit.log_engines import LogEngine, consent_id

CREATED = date(2020, 1, 1)
GRANT, REFUSAL = timedelta(days=183), timedelta(days=365)


def made(engine: LogEngine, folder: Path) -> str:
    """The address of an empty log that was made in 2020."""
    address = engine.address(folder)
    create_log(address, "example.fi", like={"created": f"{CREATED}T00:00:00+00:00"})
    return address


def record(event: str, day: date, number: int | None = None, **more: object) -> Entry:
    """A record that grants statistics and denies marketing, or denies both."""
    state = "granted" if event in ("grant", "change") else "denied"
    body: dict[str, object] = {
        "artifacts": [],
        "event": event,
        "expires": {
            "marketing": f"{day + REFUSAL}",
            "statistics": f"{day + (GRANT if state == 'granted' else REFUSAL)}",
        },
        "kind": "consent",
        "states": {"marketing": "denied", "statistics": state},
        "time": f"{day}",
    }
    if number is not None:
        body |= {"consent_id": consent_id(number), "time": f"{day}T12:00:00Z"}
    if shown := more.get("shown"):
        body["artifacts"] = [shown]
    return Entry("consent", canonical(body | more), None if number is None else consent_id(number))


def telling(
    kind: str, day: date, shown: str, artifacts: Mapping[str, object], **more: str
) -> Entry:
    """A declaration or a release, by which records that name `shown` say what it was."""
    body = {
        "artifacts": sorted(artifacts),
        "kind": kind,
        "shown": {"fi": shown, **more},
        "time": f"{day}T08:00:00Z",
    }
    return Entry(kind, canonical(body))


def kept(text: str, names: list[str] | None = None) -> tuple[str, tuple[str, bytes]]:
    """An artifact (its name and what is stored) that may name others."""
    body = canonical({"text": text, "files": names or []})
    return sha256(body).hexdigest(), ("application/json", body)


def planned(log: Log, today: date, months: int = 36) -> Plan:
    with log.snapshot() as snapshot:
        return plan(snapshot, today, months)


def expired(log: Log, today: date, months: int = 36) -> Plan:
    """Run the job as on a day."""
    decided = planned(log, today, months)
    carry_out(log, decided)
    return decided


def left(log: Log) -> set[int]:
    """The places of entries that have their content still."""
    with log.snapshot() as snapshot:
        return {row.seq for row in snapshot.rows() if row.body is not None}


def artifacts(log: Log) -> set[str]:
    with log.snapshot() as snapshot:
        return {name for name, _, _ in snapshot.artifacts()}
