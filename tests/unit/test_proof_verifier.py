"""The verifier of a bundle finds whatever was changed, left out or put into it (R38, R40)."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

from consent.log.checkpoint import Checkpoint
from consent.log.proofs import consistency, inclusion
from consent.log.tree import leaf_hash, root_of
from consent.proof.bundle import VERIFIER
from consent.signed_note import signed
from tests.unit.proof_samples import KEY, OLD_KEY, Story, bundle, names, unpacked


@pytest.fixture
def folder(zipped: bytes, tmp_path: Path) -> Path:
    return unpacked(zipped, tmp_path / "bundle")


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("outsider", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Fault = Callable[..., str]


@pytest.fixture
def fault(verifier: ModuleType, folder: Path) -> Fault:
    """What the verifier finds wrong in the folder; empty for nothing."""

    def tried(*keys: str) -> str:
        try:
            verifier.main(folder, *keys)
        except (SystemExit, ValueError, LookupError, TypeError, AttributeError) as error:
            return str(error) or "refused"
        return ""

    return tried


def sign_again(folder: Path) -> None:
    """Write the manifest anew, as only the site itself can."""
    head = (folder / "manifest").read_text("utf-8").partition("\n")[0]
    lines = [
        f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in sorted(names(folder) - {"manifest"})
    ]
    (folder / "manifest").write_text(signed(f"{head}\n{''.join(lines)}", [KEY]), "utf-8")


def forged(folder: Path, name: str, key: str, root: bytes) -> None:
    """Put a signed checkpoint with another root in the place of one."""
    origin, size, *_ = (folder / name).read_text("utf-8").split("\n")
    note = signed(str(Checkpoint(origin, int(size), root)), [key])
    (folder / name).write_text(note, "utf-8")


# -- what was changed since it was made --


def places(whole: bytes) -> set[int]:
    """Where a file is changed: its ends, some bytes between, and what separates its parts."""
    marks = [at for at, byte in enumerate(whole) if byte in b"\n +=/"]
    some = {*range(0, len(whole), max(1, len(whole) // 5)), *marks[:: max(1, len(marks) // 5)]}
    return {*some, *range(len(whole))[:3], *range(len(whole))[-3:]}


@pytest.mark.parametrize(
    "other", [lambda byte: byte ^ 1, lambda byte: 13 if byte != 13 else 10], ids=["bit", "return"]
)
def test_one_other_byte_in_any_file_is_found(
    folder: Path, fault: Fault, other: Callable[[int], int]
) -> None:
    """A line end of another kind is another byte too."""
    assert fault() == ""
    for name in sorted(names(folder) - {"verifier.py"}):
        whole = (folder / name).read_bytes()
        for at in sorted(places(whole)):
            changed = whole[:at] + bytes([other(whole[at])]) + whole[at + 1 :]
            (folder / name).write_bytes(changed)
            assert fault(), f"{name}, byte {at}"
        (folder / name).write_bytes(whole)
    assert fault() == ""


@pytest.mark.parametrize("name", ["manifest", "checkpoint"])
def test_every_byte_of_what_is_signed_counts(folder: Path, fault: Fault, name: str) -> None:
    whole = (folder / name).read_bytes()
    for at in range(max(0, len(whole) - 170), len(whole)):
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 2]) + whole[at + 1 :])
        assert fault(), f"byte {at}"


def test_a_file_removed_added_or_renamed_is_found(folder: Path, fault: Fault) -> None:
    for name in sorted(names(folder) - {"verifier.py"}):
        file = folder / name
        moved = file.rename(file.with_name("other"))
        assert fault(), f"{name} renamed"
        elsewhere = moved.rename(folder.parent / "elsewhere")
        assert fault(), f"{name} removed"
        elsewhere.rename(file)
    (folder / "records" / "note.txt").write_text("x")
    assert "records/note.txt" in fault()


# -- what the site signs itself is held against the log --


def test_a_changed_record_is_not_in_the_log(folder: Path, fault: Fault) -> None:
    record = next((folder / "records").glob("*.json"))
    record.write_text(record.read_text("utf-8").replace('"denied"', '"granted"'), "utf-8")
    sign_again(folder)
    assert fault() == f"NOT PROVEN: records/{record.name} is not in the log so"


def test_a_changed_release_is_not_in_the_log(folder: Path, fault: Fault) -> None:
    entry = next((folder / "entries").glob("*-release.json"))
    entry.write_text(entry.read_text("utf-8").replace("2026", "2025"), "utf-8")
    sign_again(folder)
    assert fault() == f"NOT PROVEN: entries/{entry.name} is not in the log so"


def test_a_record_left_out_of_the_middle_is_missed(folder: Path, fault: Fault) -> None:
    _, middle, last = sorted((folder / "records").glob("*.json"))
    middle.unlink()
    middle.with_suffix(".tlog-proof").unlink()
    sign_again(folder)
    assert fault() == f"NOT PROVEN: a record before records/{last.name} is missing"


def test_a_record_of_somebody_else_is_told(
    folder: Path, fault: Fault, story: Story, tmp_path: Path
) -> None:
    theirs = unpacked(bundle(story.log, story.others), tmp_path / "theirs")
    for file in (theirs / "records").iterdir():
        file.rename(folder / "records" / file.name)
    sign_again(folder)
    assert fault().endswith("is of another consent")


def test_what_a_record_names_is_missed(folder: Path, fault: Fault) -> None:
    next((folder / "shown").glob("sv-*")).unlink()
    sign_again(folder)
    assert re.fullmatch("NOT PROVEN: a part of records/.+json is missing", fault())


def test_records_that_changed_their_proofs_are_found(folder: Path, fault: Fault) -> None:
    one, other, _ = sorted((folder / "records").glob("*.tlog-proof"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    sign_again(folder)
    assert fault().endswith("is not in the log so")


def test_a_record_without_a_proof_is_found(folder: Path, fault: Fault) -> None:
    next((folder / "records").glob("*.tlog-proof")).unlink()
    sign_again(folder)
    assert fault()


@pytest.mark.parametrize("place", ["-1", "9999999"])
def test_a_place_outside_the_log_is_none(folder: Path, fault: Fault, place: str) -> None:
    file = next((folder / "records").glob("*.tlog-proof"))
    file.write_text(re.sub(r"index \d+", f"index {place}", file.read_text("utf-8")), "utf-8")
    sign_again(folder)
    assert fault().endswith("has no place in the log")


def test_a_log_written_anew_is_not_the_one_of_the_earlier_checkpoint(
    folder: Path, fault: Fault
) -> None:
    """What shows it is a checkpoint that somebody else has kept: here it is put in its place."""
    (older, newer) = sorted((folder / "checkpoints").glob("*.note"))
    assert older.read_text("utf-8").count("—") == 1
    assert newer.read_text("utf-8").count("—") == 2
    forged(folder, f"checkpoints/{older.name}", OLD_KEY, bytes(32))
    sign_again(folder)
    assert fault() == f"NOT PROVEN: checkpoints/{older.name} is not continued so"


def test_a_checkpoint_of_another_log_is_none(folder: Path, fault: Fault) -> None:
    older = min((folder / "checkpoints").glob("*.note"))
    _, size, root, *_ = older.read_text("utf-8").split("\n")
    older.write_text(signed(f"another/log\n{size}\n{root}\n", [OLD_KEY]), "utf-8")
    sign_again(folder)
    assert fault().endswith("is not continued so")


# -- what the verifier computes --


@pytest.mark.parametrize("size", range(1, 18))
def test_the_verifier_knows_every_proof_of_a_small_tree(verifier: ModuleType, size: int) -> None:
    """RFC 9162, 2.1.3 and 2.1.4; one hash more or less, or another, is no proof."""
    leaves = [leaf_hash(b"%d" % number, b"") for number in range(size)]

    def roots(start: int, stop: int) -> bytes:
        return root_of(leaves[start:stop])

    whole = roots(0, size)
    for place in range(size):
        path = inclusion(place, size, roots)
        found = verifier.roots_of(place, size, path, leaves[place], True)
        assert found[1] == whole
        for wrong in wrongly(path):
            assert differs(verifier, (place, size, wrong, leaves[place], True), whole)
    for old in range(1, size + 1):
        path, before = consistency(old, size, roots), roots(0, old)
        assert verifier.roots_of(old - 1, size, path, before, False) == (before, whole)
        for wrong in wrongly(path):
            assert differs(verifier, (old - 1, size, wrong, before, False), whole)


def wrongly(path: list[bytes]) -> Iterator[list[bytes]]:
    yield [*path, bytes(32)]
    yield [bytes(32), *path]
    if path:
        yield path[1:]
        yield path[:-1]
        yield [bytes(32), *path[1:]]


def differs(verifier: ModuleType, proof: tuple[object, ...], whole: bytes) -> bool:
    try:
        return bool(verifier.roots_of(*proof)[1] != whole)
    except ValueError:
        return True


@pytest.mark.parametrize("size", [0, 1, 100])
def test_the_verifier_knows_ed25519_as_the_standard_has_it(verifier: ModuleType, size: int) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    text = b"x" * size
    signature, public = private.sign(text), private.public_key().public_bytes_raw()
    assert verifier.is_signed(public, text, signature)
    assert not verifier.is_signed(public, text + b"y", signature)
    high = (int.from_bytes(signature[32:], "little") + verifier.Q).to_bytes(32, "little")
    assert not verifier.is_signed(public, text, signature[:32] + high)
    assert not verifier.is_signed(public, text, signature + b"0")
