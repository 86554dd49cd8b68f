"""The log read out as plain values, entry by entry, in constant memory."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

from consent.log import Row, Snapshot
from consent.record import canonical


def show(
    snapshot: Snapshot,
    *,
    consent_id: str | None = None,
    kind: str | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[dict[str, object]]:
    """Give entries as dictionaries, oldest first.

    With `consent_id` the history of one consent (R44, R130), with `kind` only entries of that
    kind, and with `start` and `stop` those in start <= seq < stop. Keys: `seq`, `kind`, `leaf` and
    `salt` in hex, `body` as a JSON value; `salt` and `body` are None once the content has been
    removed. A body that is not canonical JSON is `raw` instead, in base64.
    """
    for row in snapshot.rows(start, stop, consent_id):
        if kind is None or row.kind == kind:
            yield plain(row)


def plain(row: Row) -> dict[str, object]:
    """Give one entry as a dictionary; see `show`."""
    found: dict[str, object] = {
        "body": None,
        "kind": row.kind,
        "leaf": row.leaf.hex(),
        "salt": None if row.salt is None else row.salt.hex(),
        "seq": row.seq,
    }
    if row.body is not None:
        try:
            value = json.loads(row.body)
            exact = canonical(value) == row.body
        except (ValueError, TypeError, RecursionError):
            exact = False
        if exact:
            found["body"] = value
        else:
            found["raw"] = b64encode(row.body).decode("ascii")
    return found


def export(snapshot: Snapshot, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Give JSON Lines: one line about the log with its head, then one line an entry.

    Leaf, salt and the canonical form of the body suffice to compute the root again with the rules
    of RFC 9162: leaf = SHA-256(0x00 ‖ salt ‖ body).
    """
    size, root = snapshot.head()
    yield (
        canonical({"head": {"root": root.hex(), "size": size}, "log": dict(snapshot.meta)}) + b"\n"
    )
    for entry in show(snapshot, start=start, stop=stop):
        yield canonical(entry) + b"\n"
