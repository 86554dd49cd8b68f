"""How entries stand in an engine: packed in runs, as they were committed together.

A run is one row with the leaves of all its entries, and one with what a person can be told from.
One row for each entry would take longer than all the rest of a commit.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from consent.errors import LogCorrupt
from consent.log import Row, Run
from consent.log.tree import HASH_SIZE, SALT_SIZE

RUN = 64
"""The most entries in a run: to read one entry is to read its run."""

ID_SIZE = 22
"""Characters of a consent id."""

KEY_SIZE = 16
"""Bytes of the hash that stands for an idempotency key."""

NO_ID = " " * ID_SIZE
NO_KEY = bytes(KEY_SIZE)


class Packed(NamedTuple):
    """The contents of a run joined: ids, hashed idempotency keys, salts, sizes and bodies."""

    consent_ids: str
    keys: bytes
    salts: bytes
    sizes: bytes
    bodies: bytes


def pack(
    ids: Sequence[str], keys: Sequence[bytes], salts: bytes, bodies: Sequence[bytes]
) -> Packed:
    """Join the contents of a run; `NO_ID`, `NO_KEY` and b"" stand for none."""
    sizes = struct.pack(f"<{len(bodies)}I", *map(len, bodies))
    return Packed("".join(ids), b"".join(keys), salts, sizes, b"".join(bodies))


def sizes_of(run: Run) -> tuple[int, ...]:
    """Give the bytes of each body of a run, 0 for one that has been removed.

    Raises `LogCorrupt` when the parts of the run do not fit one another.
    """
    first, kind, leaves, ids, salts, sizes, bodies = run
    try:
        count, rest = divmod(len(leaves), HASH_SIZE)
        lengths: tuple[int, ...] = (0,) * count
        if sizes is not None:
            lengths = struct.unpack(f"<{count}I", sizes)
            assert ids is not None
            assert salts is not None
            assert bodies is not None
            whole = (
                len(ids) == ID_SIZE * count
                and len(salts) == SALT_SIZE * count
                and len(bodies) == sum(lengths)
                and isinstance(ids, str)
                and isinstance(salts, bytes)
                and isinstance(bodies, bytes)
            )
            rest = rest or not whole
        if rest or not count or not isinstance(leaves, bytes) or not isinstance(kind, str):
            raise ValueError
    except (AssertionError, TypeError, ValueError, struct.error):
        raise LogCorrupt([f"what is stored of the entries from {first} does not fit"]) from None
    return lengths


def unpack(run: Run, start: int = 0, stop: int = 2**62) -> Iterator[Row]:
    """Give the entries of a run with start <= seq < stop; raises `LogCorrupt`."""
    first, kind, leaves, ids, salts, _, bodies = run
    at = 0
    for i, length in enumerate(sizes_of(run)):
        if start <= first + i < stop:
            leaf = leaves[i * HASH_SIZE : (i + 1) * HASH_SIZE]
            if length:
                assert ids is not None
                assert salts is not None
                assert bodies is not None
                salt = salts[i * SALT_SIZE : (i + 1) * SALT_SIZE]
                consent_id = ids[i * ID_SIZE : (i + 1) * ID_SIZE]
                known = None if consent_id == NO_ID else consent_id
                yield Row(first + i, kind, leaf, bodies[at : at + length], salt, known)
            else:
                yield Row(first + i, kind, leaf, None, None, None)
        at += length


def leaves_of(records: Iterable[tuple[int, object]], start: int, stop: int) -> list[bytes]:
    """Give the leaves with start <= seq < stop out of runs of leaves, each with its first place.

    Raises `LogCorrupt`.
    """
    out: list[bytes] = []
    for first, joined in records:
        if type(joined) is not bytes:
            raise LogCorrupt([f"what is stored of the entries from {first} does not fit"])
        cut = joined[max(0, start - first) * HASH_SIZE : max(0, stop - first) * HASH_SIZE]
        out += [cut[at : at + HASH_SIZE] for at in range(0, len(cut), HASH_SIZE)]
    return out


def without(first: int, packed: Packed, gone: Collection[int]) -> Packed | None:
    """Give the contents of a run without those of some entries, or None when none is left."""
    lengths = struct.unpack(f"<{len(packed.sizes) // 4}I", packed.sizes)
    ids, keys = split_ids(packed.consent_ids), split_keys(packed.keys)
    salts, bodies, at = bytearray(packed.salts), [], 0
    for i, length in enumerate(lengths):
        body = packed.bodies[at : at + length]
        at += length
        if first + i in gone:
            ids[i], keys[i], body = NO_ID, NO_KEY, b""
            salts[i * SALT_SIZE : (i + 1) * SALT_SIZE] = bytes(SALT_SIZE)
        bodies.append(body)
    return pack(ids, keys, bytes(salts), bodies) if any(bodies) else None


def split_ids(ids: str) -> list[str]:
    """Take the consent ids of a run apart."""
    return [ids[at : at + ID_SIZE] for at in range(0, len(ids), ID_SIZE)]


def split_keys(keys: bytes) -> list[bytes]:
    """Take the hashed idempotency keys of a run apart."""
    return [keys[at : at + KEY_SIZE] for at in range(0, len(keys), KEY_SIZE)]
