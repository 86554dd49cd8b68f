"""Proofs that an entry is in a log, and that a log continues an older one (RFC 9162, 2.1.3, 2.1.4).

A proof is a few hashes, about as many as the number of entries has binary digits. Making one takes
the roots over some ranges of leaves; checking one takes nothing but the proof (R41, R42).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from consent.errors import LogCorrupt
from consent.log import Snapshot
from consent.log.tree import EMPTY_ROOT, node_hash, root_of

Roots = Callable[[int, int], bytes]
"""Gives the root over the leaves with start <= seq < stop."""


def _split(count: int) -> int:
    """The largest power of two that is less than a number of leaves, at least two."""
    return 1 << (count - 1).bit_length() - 1


def inclusion(seq: int, size: int, roots: Roots) -> list[bytes]:
    """The hashes that lead from a leaf to the root over `size` leaves, the nearest first.

    Raises `ValueError` where there is no such leaf.
    """
    if not 0 <= seq < size:
        raise ValueError(f"no entry {seq} is among the first {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if seq < middle:
            path.append(roots(middle, stop))
            stop = middle
        else:
            path.append(roots(start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, roots: Roots) -> list[bytes]:
    """The hashes that show a tree of `new` leaves to begin with one of `old`.

    Raises `ValueError` unless 0 < old <= new: of nothing everything is a continuation.
    """
    if not 0 < old <= new:
        raise ValueError(f"a log of {new} entries cannot be shown to continue one of {old}")
    path: list[bytes] = []
    start, stop, whole = 0, new, True
    while old < stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(roots(middle, stop))
            stop = middle
        else:
            path.append(roots(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(roots(start, stop))
    return path[::-1]


def included(leaf: bytes, seq: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows a leaf to be at a place under a root over `size` leaves."""
    if not 0 <= seq < size:
        return False
    place, last = seq, size - 1
    found = leaf
    for other in path:
        if not last:
            return False
        if place & 1 or place == last:
            found = node_hash(other, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, other)
        place, last = place >> 1, last >> 1
    return not last and found == root


def continues(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows the log under one root to continue the one under another."""
    if old == 0:
        return old_root == EMPTY_ROOT and not path
    if old == new:
        return old_root == new_root and not path
    if not 0 < old < new or not path:
        return False
    hashes = list(path)
    if not old & (old - 1):  # the old tree is a subtree of the new one, and its own proof
        hashes.insert(0, old_root)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for other in hashes[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, other)
        place, last = place >> 1, last >> 1
    return not last and before == old_root and after == new_root


def stored(snapshot: Snapshot) -> Roots:
    """The roots over ranges of a log's leaves, from the tiles that it stores.

    Of each level of tiles not more than two are read. Raises `LogCorrupt` where something is
    missing.
    """

    @lru_cache(maxsize=32)
    def block(level: int, at: int) -> Sequence[bytes]:
        start, stop = at * 256, at * 256 + 256
        if level == 0:
            return snapshot.leaves(start, stop)
        return list(snapshot.tiles(level, start, stop))

    def whole(start: int, count: int) -> bytes:
        level = (count.bit_length() - 1) // 8
        at, number = start >> 8 * level, count >> 8 * level
        hashes = block(level, at >> 8)[at & 255 : (at & 255) + number]
        if len(hashes) != number:
            raise LogCorrupt([f"hashes of the entries from {start} on are missing"])
        return root_of(hashes)

    def roots(start: int, stop: int) -> bytes:
        parts: list[bytes] = []
        while start < stop:
            count = 1 << (stop - start).bit_length() - 1
            parts.append(whole(start, count))
            start += count
        found = parts.pop()
        while parts:
            found = node_hash(parts.pop(), found)
        return found

    return roots
