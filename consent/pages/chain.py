"""Joins records to the chain of their consent id, when the log takes them (R44, R46)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..choice import Event
from ..log import Entry
from ..record import canonical


def continuing(record: dict[str, object]) -> Callable[[bytes], bytes | None]:
    """Join a record to the chain of its consent id (R44), unless it says nothing new (R46)."""

    def revise(last: bytes) -> bytes | None:
        before = json.loads(last)
        same = before["states"] == record["states"] and before["scopes"] == record["scopes"]
        # To give again what had run out is a consent of its own, though it reads the same (R23).
        if same and str(record["time"])[:10] < min(before["expires"].values(), default=""):
            return None
        event = record["event"]
        # The second post of one form may come with the cookie of before the first.
        if event == Event.GRANT and "granted" in before["states"].values():
            event = Event.CHANGE.value
        return canonical({**record, "event": event, "previous": before["id"]})

    return revise


def revived(entry: Entry) -> Entry:
    """A record that waited in the spool, to be joined to its chain as if it came now."""
    if entry.kind != "consent" or entry.consent_id is None:
        return entry
    return replace(entry, revise=continuing(json.loads(entry.body)))


def unless_same(content: Mapping[str, object], body: bytes) -> Callable[[bytes], bytes | None]:
    """Make what appends `body` unless the entry before says the same as `content`."""
    same = canonical(content)

    def revise(last: bytes) -> bytes | None:
        before = json.loads(last)
        before.pop("time", None)
        return None if canonical(before) == same else body

    return revise
