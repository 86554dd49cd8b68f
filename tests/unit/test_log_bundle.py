"""A bundle shows a consent to somebody with nothing but Python, who need not trust us (R40)."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from consent.errors import LogError
from consent.log import Entry, create_log, open_log
from consent.log.bundle import VERIFIER, write
from consent.record import canonical
from consent.signed_note import new_key, verifier_of
from tests.unit.log_engines import artifact, consent_id, grant, refusal

KEY = new_key("www.example.fi")
PUBLIC = str(verifier_of(KEY))
OURS = consent_id(7)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A log in which one consent was given, changed and withdrawn among six hundred others."""
    found = str(tmp_path_factory.mktemp("log") / "log.sqlite3")
    create_log(found, "www.example.fi")
    log = open_log(found, writable=True)
    banner, other = artifact(b"Saako evasteita kayttaa?"), artifact(b"not ours")
    log.put_artifacts(dict([banner, other]))
    for number in range(600):
        entry = refusal(number)
        if number in (20, 300, 590):
            event = {20: "grant", 300: "change", 590: "withdrawal"}[number]
            body = {"artifacts": [banner[0]], "consent_id": OURS, "event": event, "kind": "consent"}
            entry = Entry("consent", canonical(body), OURS)
        log.append_soon(entry).result(60)
    log.close()
    return found


def bundle(path: str, key: str = KEY, of: str = OURS) -> bytes:
    file = io.BytesIO()
    with open_log(path, writable=False).snapshot() as view:
        write(file, view, of, key)
    return file.getvalue()


@pytest.fixture
def folder(path: str, tmp_path: Path) -> Path:
    zipfile.ZipFile(io.BytesIO(bundle(path))).extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def verified(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the verifier of a bundle by a Python that sees no other package than its own."""
    command = [sys.executable, "-I", "-S", str(folder / "verifier.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_it_holds_the_whole_chain_its_artifacts_and_what_checks_them(folder: Path) -> None:
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    records = {f"records/{number:012}" for number in (20, 300, 590)}
    assert names == {
        *(f"{name}.json" for name in records),
        *(f"{name}.tlog-proof" for name in records),
        f"artifacts/{artifact(b'Saako evasteita kayttaa?')[0]}",
        *("key.txt", "verifier.py"),
    }


def test_it_is_verified_without_our_package_and_with_the_key_that_was_published(
    folder: Path,
) -> None:
    assert verified(folder) == (
        0,
        f"Proven: every record here is in the log whose key is {PUBLIC}\n",
    )
    assert verified(folder, PUBLIC)[0] == 0
    code, text = verified(folder, str(verifier_of(new_key("www.example.fi"))))
    assert code == 1
    assert "the key has not signed the checkpoint" in text


def test_the_verifier_is_short_and_imports_nothing_of_ours() -> None:
    text = VERIFIER.read_text("utf-8")
    assert len(text.splitlines()) < 100
    assert "consent." not in text.replace("of a consent", "")


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("outsider", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def refuses(verifier: ModuleType, folder: Path) -> Callable[[], bool]:
    def tried() -> bool:
        try:
            verifier.main(folder, "")
        except (SystemExit, ValueError, LookupError, TypeError, AttributeError):
            return True
        return False

    return tried


def test_one_other_byte_in_any_file_but_the_verifier_is_found(
    folder: Path, refuses: Callable[[], bool]
) -> None:
    assert not refuses()
    for file in sorted(folder.rglob("*")):
        if file.is_dir() or file.name == "verifier.py":
            continue
        whole = file.read_bytes()
        # Every byte of a file is of some line, and each line is read in another way.
        places = {*range(0, len(whole), 7), *range(len(whole) - 8, len(whole))}
        places |= {at for at, byte in enumerate(whole) if byte in b"\n +=/"}
        for at in sorted(places):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert refuses(), f"{file.name}, byte {at}"
        file.write_bytes(whole)


@pytest.mark.parametrize("what", ["record", "proof", "artifact", "another"])
def test_a_file_that_is_missing_or_too_much_is_found(
    folder: Path, refuses: Callable[[], bool], what: str
) -> None:
    if what == "another":
        (folder / "records" / "note.txt").write_text("x")
    elif what == "artifact":
        next((folder / "artifacts").iterdir()).unlink()
    else:
        (folder / f"records/{300:012}.{'json' if what == 'record' else 'tlog-proof'}").unlink()
    assert refuses()


def test_records_that_changed_their_proofs_are_found(
    folder: Path, refuses: Callable[[], bool]
) -> None:
    one, other = (folder / f"records/{number:012}.tlog-proof" for number in (20, 300))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert refuses()


def test_a_damaged_file_is_told_without_a_traceback(folder: Path) -> None:
    (folder / "key.txt").write_bytes(b"\xff")
    code, text = verified(folder)
    assert code == 1
    assert text.startswith("NOT PROVEN: ")
    assert "Traceback" not in text


def test_the_same_log_gives_the_same_bytes(path: str) -> None:
    assert bundle(path) == bundle(path)


def test_a_consent_of_which_only_a_record_without_texts_is_left_has_a_bundle(
    tmp_path: Path,
) -> None:
    """As a withdrawal by a form that nobody has a copy of."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    log.append_soon(grant(7)).result(60)
    log.close()
    names = zipfile.ZipFile(io.BytesIO(bundle(path))).namelist()
    assert len(names) == 4
    zipfile.ZipFile(io.BytesIO(bundle(path))).extractall(tmp_path / "bundle")
    assert verified(tmp_path / "bundle")[0] == 0


def test_of_an_id_that_is_not_there_is_no_bundle(path: str) -> None:
    with pytest.raises(LogError, match="holds nothing of the consent id"):
        bundle(path, of=consent_id(8))


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
