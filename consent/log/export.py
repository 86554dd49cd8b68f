"""The log read out as lines of JSON, entry by entry, in constant memory.

The export of a whole log holds all that another log needs to be the same one (see `exported`): a
line about the log and its head, one for each entry, artifact, signed checkpoint and counter, and a
last one that says how many there are, without which it was cut off.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import NamedTuple

from consent.errors import LogCorrupt
from consent.log import Head, Row, Snapshot
from consent.log.tree import Edge, leaf_hash
from consent.log.verify_part import Findings

FORMAT = 1
"""The version of the lines."""


class Selection(NamedTuple):
    """Which entries are read out: of one kind, and of a period; "" is no limit.

    `first` and `last` are UTC days in ISO 8601. What counts is the day that an entry itself names
    as its time, so that one without content belongs to no period.
    """

    kind: str = ""
    first: str = ""
    last: str = ""

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not any(self)


EVERYTHING = Selection()


def selected(
    snapshot: Snapshot,
    selection: Selection = EVERYTHING,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Row]:
    """Give the entries of a selection, oldest first.

    Each is looked at, since times need not rise with places: clocks are set back, and what waited
    in the spool comes later. `progress` is called now and then with how many have been.
    """
    kind, first, last = selection
    at = 0
    for at, row in enumerate(snapshot.rows(), 1):
        if progress is not None and not at % 1000:
            progress(at)
        if kind and row.kind != kind:
            continue
        if first or last:
            day = day_of(row)
            if not day or day < first or (last and day > last):
                continue
        yield row
    if progress is not None:
        progress(at)


def day_of(row: Row) -> str:
    """Give the UTC day that an entry names as its time, or "" for none."""
    try:
        value = json.loads(row.body or b"null")
    except (ValueError, RecursionError):
        return ""
    time = value.get("time") if isinstance(value, dict) else None
    return time[:10] if isinstance(time, str) else ""


def value_of(body: bytes) -> object:
    """Give a body as a JSON value, or None when it cannot be made again from that value."""
    try:
        value = _decode(body.decode("utf-8"))
        return value if bytes_of(value) == body else None
    except (ValueError, RecursionError):
        return None


def bytes_of(value: object) -> bytes:
    """Give the bytes of which `value_of` gave the value.

    For what stands in a log these are the canonical ones (RFC 8785), in half of the time that it
    takes to see to that.
    """
    return _encode(value).encode("utf-8")


def _refuse(number: str) -> None:
    raise ValueError(f"{number} is not in a record: it has no floating-point numbers")


_decode = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def plain(row: Row) -> dict[str, object]:
    """Give one entry as a dictionary.

    Keys: `seq`, `kind`, `consent_id`, `leaf` and `salt` in hex, `body` as a JSON value; `salt` and
    `body` are None once the content has been removed. A body that is not canonical JSON is `raw`
    instead, in base64.
    """
    found: dict[str, object] = {
        "body": None if row.body is None else value_of(row.body),
        "consent_id": row.consent_id,
        "kind": row.kind,
        "leaf": row.leaf.hex(),
        "salt": None if row.salt is None else row.salt.hex(),
        "seq": row.seq,
    }
    if found["body"] is None and row.body is not None:
        found["raw"] = b64encode(row.body).decode("ascii")
    return found


def show(
    snapshot: Snapshot,
    *,
    consent_id: str | None = None,
    kind: str | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[dict[str, object]]:
    """Give entries as `plain` ones, oldest first.

    With `consent_id` the history of one consent (R44, R130), with `kind` only entries of that
    kind, and with `start` and `stop` those in start <= seq < stop.
    """
    for row in snapshot.rows(start, stop, consent_id):
        if kind is None or row.kind == kind:
            yield plain(row)


def export(
    snapshot: Snapshot,
    selection: Selection = EVERYTHING,
    progress: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Give the lines, each of them canonical JSON; of a selection the entries alone.

    Leaf, salt and the canonical form of the body suffice to compute the root again with the rules
    of RFC 9162: leaf = SHA-256(0x00 ‖ salt ‖ body). Of a whole log the last lines are missing where
    entries are damaged, so that nobody takes it for one: raises `LogCorrupt` then.
    """
    size, root = snapshot.head()
    first: dict[str, object] = {
        "export": FORMAT,
        "head": {"root": root.hex(), "size": size},
        "log": dict(snapshot.meta),
    }
    if not selection.everything:
        first["selection"] = selection._asdict()
    count = 0
    for line in _lines(snapshot, first, selection, progress):
        yield line
        count += 1
    yield _line({"end": {"lines": count, "root": root.hex(), "size": size}})


def _lines(
    snapshot: Snapshot,
    first: dict[str, object],
    selection: Selection,
    progress: Callable[[int], None] | None,
) -> Iterator[bytes]:
    yield _line(first)
    rows = selected(snapshot, selection, progress)
    for row in _sound(rows, snapshot.head()) if selection.everything else rows:
        yield _line(plain(row))
    if selection.everything:
        for name, media_type, body in snapshot.artifacts():
            content = b64encode(body).decode("ascii")
            yield _line({"artifact": name, "content": content, "media_type": media_type})
        for at, note in snapshot.checkpoints():
            yield _line({"checkpoint": at, "note": note})
        for counter in snapshot.counts():
            yield _line({"counter": counter.name, "day": counter.day, "n": counter.n})


def _sound(rows: Iterator[Row], head: Head) -> Iterator[Row]:
    """Pass all entries on, and see after the last that another log can be made of them."""
    edge, damaged = Edge(), Findings()
    for row in rows:
        if row.body is not None and leaf_hash(row.body, row.salt or b"") != row.leaf:
            damaged.note("leaf", row.seq, "the content is not the one that the leaf was made of")
        edge.extend([row.leaf])
        yield row
    if (edge.size, edge.root()) != head:
        damaged.note("root", None, "the entries do not give the root in the head")
    if damaged:
        raise LogCorrupt(list(map(str, damaged)))


def _line(value: dict[str, object]) -> bytes:
    return bytes_of(value) + b"\n"
