"""The tree's hashes are those of RFC 6962 and RFC 9162."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.log.tree import EMPTY_ROOT, Edge, leaf_hash, node_hash, root_of

# The reference leaves and roots of the certificate-transparency project.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def by_definition(leaves: list[bytes]) -> bytes:
    """Compute the root as RFC 9162 section 2.1.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_published_ones(size):
    assert root_of(map(leaf_hash, LEAVES[:size])).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]) == EMPTY_ROOT == bytes.fromhex(empty)


def test_a_salt_is_the_beginning_of_the_leafs_data():
    assert leaf_hash(b"body", b"s" * 16) == leaf_hash(b"s" * 16 + b"body")


def test_leaves_and_nodes_are_told_apart():
    assert leaf_hash(b"ab") != node_hash(b"a", b"b") == sha256(b"\x01ab").digest()


@settings(deadline=None)
@given(hashes)
def test_the_edge_gives_the_root_of_the_definition(leaves):
    assert root_of(leaves) == by_definition(leaves)


@settings(deadline=None)
@given(hashes, st.data())
def test_a_tree_that_was_put_down_and_taken_up_again_is_the_same(leaves, data):
    cut = data.draw(st.integers(0, len(leaves)))
    first = Edge()
    first.extend(leaves[:cut])
    assert first.root() == by_definition(leaves[:cut])
    second = Edge(first.size, first.pack())
    second.extend(leaves[cut:])
    assert (second.size, second.root()) == (len(leaves), by_definition(leaves))
    assert len(second.pack()) == 32 * len(leaves).bit_count()


@pytest.mark.parametrize(("size", "length"), [(1, 0), (0, 32), (3, 32), (2, 33), (-1, 0)])
def test_an_edge_that_does_not_fit_its_size_is_refused(size, length):
    with pytest.raises(ValueError, match="edge"):
        Edge(size, bytes(length))
