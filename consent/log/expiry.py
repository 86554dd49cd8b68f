"""What an expiry entry says: which entries lost their content, and why (R127, R128).

Its body is `{"kind": "expiry", "leaves": [[first, last], …], "reason": …, "time": …}` with the
places of the first and the last entry of each range, and `"removed"` with the hashes of artifacts
that went because no record names them any more (R129).
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from consent.log import Entry, Snapshot
from consent.record import canonical

REASONS = ("retention", "erasure")
"""Why content goes: its time was over (R127), or a person asked for it (R130)."""

LASTING = frozenset({"publication", "expiry"})
"""The kinds of entries that are kept for as long as the log is."""


def expiry_entry(
    seqs: Sequence[range], reason: str, time: str, artifacts: Collection[str] = ()
) -> Entry:
    """Make the entry that names what is to go; `time` is the server's, as ISO 8601 in UTC."""
    assert reason in REASONS
    body: dict[str, object] = {
        "kind": "expiry",
        "leaves": [[each.start, each.stop - 1] for each in seqs],
        "reason": reason,
        "time": time,
    }
    if artifacts:
        body["removed"] = sorted(artifacts)
    return Entry("expiry", canonical(body))


class Expired:
    """The places whose content may be missing, since entries of the log say so."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Take (start, stop) of each range, in any order."""
        self._starts: list[int] = []
        self._stops: list[int] = []
        for start, stop in sorted(ranges):
            if self._stops and start <= self._stops[-1]:
                self._stops[-1] = max(self._stops[-1], stop)
            else:
                self._starts.append(start)
                self._stops.append(stop)

    def __contains__(self, seq: object) -> bool:
        assert isinstance(seq, int)
        at = bisect_right(self._starts, seq) - 1
        return at >= 0 and seq < self._stops[at]

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __len__(self) -> int:
        return sum(self._stops) - sum(self._starts)


def named_by(seq: int, body: bytes | None) -> list[tuple[int, int]]:
    """Give (start, stop) of each range that an expiry entry at a place names.

    Raises `ValueError` when it is not of the form above or names what comes after it.
    """
    found = json.loads(body or b"null")
    if not isinstance(found, dict) or found.get("reason") not in REASONS:
        raise ValueError("an expiry says what goes and why")
    ranges = []
    for each in found.get("leaves", []):
        first, last = each
        if type(first) is not int or type(last) is not int or not 0 <= first <= last < seq:
            raise ValueError(f"{each} names no entries before it")
        ranges.append((first, last + 1))
    return ranges


def removed_by(body: bytes | None) -> list[str]:
    """Give the hashes of the artifacts that an expiry entry names."""
    found = json.loads(body or b"null")
    removed = found.get("removed", []) if isinstance(found, dict) else []
    return [name for name in removed if isinstance(name, str)] if isinstance(removed, list) else []


def expired(snapshot: Snapshot) -> Expired:
    """Read from a log which of its entries have expired; what says so wrongly is passed over."""
    return Expired(each for _, ranges in _named(snapshot) for each in ranges)


def expired_by(snapshot: Snapshot) -> dict[str, int]:
    """Count the entries that have expired for each reason."""
    found: dict[str, list[tuple[int, int]]] = {}
    for reason, ranges in _named(snapshot):
        found.setdefault(reason, []).extend(ranges)
    return {reason: len(Expired(ranges)) for reason, ranges in sorted(found.items())}


def _named(snapshot: Snapshot) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    for row in snapshot.of_kind("expiry"):
        try:
            ranges = named_by(row.seq, row.body)
        except (ValueError, TypeError, RecursionError):
            continue
        yield json.loads(row.body or b"")["reason"], ranges
