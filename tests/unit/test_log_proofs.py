"""Proofs are those of RFC 9162, and show nothing that is not so (R41, R42)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import LogCorrupt
from consent.log import Snapshot, create_log, open_log
from consent.log.proofs import consistency, continues, included, inclusion, stored
from consent.log.sqlite_write import SqliteEngine
from consent.log.tree import EMPTY_ROOT, leaf_hash, root_of
from consent.log.verify import verify
from tests.unit.log_engines import refusal
from tests.unit.log_outsider import outsider
from tests.unit.test_log_tree import LEAVES, ROOTS

HASHES = [leaf_hash(leaf) for leaf in LEAVES]
# The reference proofs of the certificate-transparency project, over the same leaves.
INCLUDED = [
    (0, 1, []),
    (
        *(0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        *(5, 8),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        *(1, 5),
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONTINUED = [
    (1, 1, []),
    (
        *(1, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        *(6, 8),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        *(2, 5),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def roots(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda start, stop: root_of(leaves[start:stop])


@pytest.mark.parametrize(("seq", "size", "path"), INCLUDED)
def test_the_proofs_of_inclusion_are_the_published_ones(
    seq: int, size: int, path: list[str]
) -> None:
    found = inclusion(seq, size, roots(HASHES))
    assert [each.hex() for each in found] == path
    assert included(HASHES[seq], seq, size, found, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "path"), CONTINUED)
def test_the_proofs_of_consistency_are_the_published_ones(
    old: int, new: int, path: list[str]
) -> None:
    found = consistency(old, new, roots(HASHES))
    assert [each.hex() for each in found] == path
    before, after = (bytes.fromhex(ROOTS[size - 1]) for size in (old, new))
    assert continues(old, before, new, after, found)


MANY = [leaf_hash(b"%d" % number) for number in range(70)]
WHOLE = [root_of(MANY[:size]) for size in range(71)]
NUMBERS = st.integers(0, 70)


def test_every_entry_of_every_log_is_shown_to_be_in_it() -> None:
    for size in range(1, 71):
        for seq in range(size):
            path = inclusion(seq, size, roots(MANY))
            assert included(MANY[seq], seq, size, path, WHOLE[size])
            assert len(path) <= (size - 1).bit_length()


def test_every_log_is_shown_to_continue_every_shorter_one() -> None:
    for new in range(1, 71):
        assert continues(0, EMPTY_ROOT, new, WHOLE[new], [])
        for old in range(1, new + 1):
            path = consistency(old, new, roots(MANY))
            assert continues(old, WHOLE[old], new, WHOLE[new], path)
            assert len(path) <= (new - 1).bit_length() + 1


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.data())
def test_no_proof_shows_anything_else(
    seq: int, size: int, other_seq: int, other_size: int, data: st.DataObject
) -> None:
    """Another leaf, place, size, root or path, or one hash more or less or in another order."""
    if seq >= size:
        return
    path = inclusion(seq, size, roots(MANY))
    if (other_seq, other_size) != (seq, size) and other_size > 0:
        # Of a place at the right edge it may be true for both sizes, with the same hashes.
        true = MANY[seq : seq + 1] == MANY[other_seq : other_seq + 1]
        assert true or not included(MANY[seq], other_seq, other_size, path, WHOLE[other_size])
        assert not included(MANY[seq], seq, size, path, WHOLE[other_size]) or size == other_size
    changed = data.draw(st.lists(st.sampled_from([*path, *MANY[:3]]), max_size=8))
    if changed != path:
        assert not included(MANY[seq], seq, size, changed, WHOLE[size])


@given(NUMBERS, NUMBERS, NUMBERS, st.data())
def test_no_proof_shows_a_log_to_continue_another(
    old: int, new: int, other: int, data: st.DataObject
) -> None:
    if not 0 < old <= new:
        return
    path = consistency(old, new, roots(MANY))
    if other != old:
        assert not continues(old, WHOLE[other], new, WHOLE[new], path)
    if other != new:
        assert not continues(old, WHOLE[old], new, WHOLE[other], path)
    changed = data.draw(st.lists(st.sampled_from([*path, *MANY[:3]]), max_size=8))
    if changed != path:
        assert not continues(old, WHOLE[old], new, WHOLE[new], changed)


@pytest.mark.parametrize(("seq", "size"), [(-1, 5), (5, 5), (0, 0), (7, 3)])
def test_of_an_entry_that_is_not_there_is_no_proof(seq: int, size: int) -> None:
    with pytest.raises(ValueError, match="no entry"):
        inclusion(seq, size, roots(MANY))
    assert not included(MANY[0], seq, size, [], MANY[0])


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 3)])
def test_of_a_log_that_is_longer_or_empty_is_no_proof(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        consistency(old, new, roots(MANY))
    assert not continues(max(old, 1), MANY[0], min(new, 0), MANY[1], [MANY[2]])


# -- from what a log stores --

SIZE = 66_300
"""Over one tile of tiles, so that roots of both levels are stored, and a part of the next."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = str(tmp_path_factory.mktemp("log") / "log.sqlite3")
    create_log(found, "example.fi")
    engine = SqliteEngine(found)
    for start in range(0, SIZE, 700):
        engine.commit([refusal(number) for number in range(start, min(start + 700, SIZE))], {})()
    engine.close()
    return found


@pytest.fixture(scope="module")
def snapshot(path: str) -> Iterator[Snapshot]:
    with open_log(path, writable=False).snapshot() as found:
        yield found


def test_the_roots_of_whole_tiles_are_stored_with_the_entry_that_completes_them(
    snapshot: Snapshot,
) -> None:
    leaves = snapshot.leaves(0, SIZE)
    assert [len(list(snapshot.tiles(level))) for level in (1, 2, 3)] == [258, 1, 0]
    for at, root in enumerate(snapshot.tiles(1)):
        assert root == root_of(leaves[at * 256 : at * 256 + 256])
    assert list(snapshot.tiles(2)) == [root_of(leaves[:65_536])]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_535, 65_536, 65_537, SIZE])
def test_proofs_are_made_from_what_is_stored(snapshot: Snapshot, size: int) -> None:
    leaves = snapshot.leaves(0, size)
    whole = root_of(leaves)
    for seq in sorted({0, 1, size // 3, size - 2, size - 1, 255, 256} & set(range(size))):
        path = inclusion(seq, size, stored(snapshot))
        assert included(leaves[seq], seq, size, path, whole)
    for old in sorted({1, 2, size // 2, size - 1, size, 256, 300} & set(range(1, size + 1))):
        path = consistency(old, size, stored(snapshot))
        assert continues(old, root_of(leaves[:old]), size, whole, path)


def test_a_proof_reads_a_few_tiles_however_long_the_log_is(snapshot: Snapshot) -> None:
    class Counting:
        hashes = 0

        def leaves(self, start: int, stop: int) -> Sequence[bytes]:
            found = snapshot.leaves(start, stop)
            self.hashes += len(found)
            return found

        def tiles(self, level: int, start: int = 0, stop: int = 2**62) -> Iterator[bytes]:
            found = list(snapshot.tiles(level, start, stop))
            self.hashes += len(found)
            return iter(found)

    for seq in (0, 40_000, SIZE - 1):
        counting = Counting()
        inclusion(seq, SIZE, stored(counting))  # type: ignore[arg-type]
        assert counting.hashes <= 4 * 256


def test_a_proof_from_a_log_with_something_missing_is_refused(path: str, tmp_path: Path) -> None:
    damaged = str(tmp_path / "log.sqlite3")
    shutil.copy(path, damaged)
    with outsider(damaged) as connection:
        connection.execute("DELETE FROM tiles WHERE level = 1 AND at = 3")
    log = open_log(damaged, writable=False)
    with log.snapshot() as found, pytest.raises(LogCorrupt, match="are missing"):
        inclusion(0, SIZE, stored(found))
    with log.snapshot() as found:
        kinds = {each.kind: each.seq for each in verify(found).findings}
    assert kinds == {"tile": 3 * 256}
