"""The Merkle tree of RFC 6962 section 2.1 and RFC 9162 section 2.1, grown at its right edge."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

HASH_SIZE = 32
SALT_SIZE = 16
EMPTY_ROOT = sha256(b"").digest()
"""The root over nothing: the hash of the empty string."""


def leaf_hash(data: bytes, salt: bytes = b"") -> bytes:
    """Hash a leaf: SHA-256(0x00 ‖ salt ‖ data), which without salt is the RFC's own.

    The salt (16 random bytes) is part of the leaf's data, so RFC tools verify the tree unchanged;
    once it is deleted nobody can guess a choice from its leaf (R128).
    """
    return sha256(b"\x00" + salt + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Give the root over leaf hashes, in constant memory."""
    edge = Edge()
    edge.extend(leaves)
    return edge.root()


class Tile(NamedTuple):
    """The root over 256 to the power of `level` leaves, the ones from `at` times as many on."""

    level: int
    at: int
    root: bytes


class Edge:
    """The roots of the perfect subtrees that a tree of `size` leaves consists of, largest first.

    That is all that appending needs: one hash for each 1 in the binary form of the size.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        """Unpack `size` and the joined hashes; raises `ValueError` if they do not fit."""
        if size < 0 or len(packed) != HASH_SIZE * size.bit_count():
            raise ValueError(f"{len(packed)} bytes are not the edge of a tree of {size} leaves")
        self.size = size
        self.hashes = [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]

    def pack(self) -> bytes:
        """Give the hashes joined, as the constructor takes them."""
        return b"".join(self.hashes)

    def extend(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaf hashes on the right; give the tiles that are whole now."""
        hashes = self.hashes
        size = self.size
        tiles: list[Tile] = []
        for leaf in leaves:
            full, height = size, 0
            # Each low 1 is a full subtree as large as what is carried: the two become one.
            while full & 1:
                leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
                full >>= 1
                height += 1
                if not height & 7:
                    tiles.append(Tile(height >> 3, full, leaf))
            hashes.append(leaf)
            size += 1
        self.size = size
        return tiles

    def root(self) -> bytes:
        """Give the Merkle tree hash of all leaves so far."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, root = self.hashes
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return root
