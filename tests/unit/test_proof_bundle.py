"""A bundle shows a consent to somebody with nothing but Python, who need not trust us (R38)."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import venv
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from consent.errors import CheckpointError, LogCorrupt, LogError
from consent.log import create_log, open_log
from consent.log.checkpoint import Checkpoint, origin
from consent.log.tree import root_of
from consent.proof.bundle import VERIFIER, verifier_hash
from consent.record import canonical
from consent.signed_note import new_key, signed, verifier_of
from tests.unit.log_engines import append, artifact, consent_id, grant
from tests.unit.log_outsider import changed
from tests.unit.proof_samples import KEY, OLD_KEY, PUBLIC, Story, bundle, names, unpacked


@pytest.fixture
def folder(zipped: bytes, tmp_path: Path) -> Path:
    return unpacked(zipped, tmp_path / "bundle")


# -- what is in it --


def test_it_holds_the_chain_and_all_that_it_rests_on(folder: Path) -> None:
    """R38: records, what was declared, published and released, texts, notice, pictures."""
    found = names(folder)
    entries = sorted(name for name in found if name.startswith(("entries/", "records/")))
    kinds = [name.rpartition("-")[2] for name in entries if name.endswith(".json")]
    assert kinds == [
        f"{kind}.json"
        for kind in (
            *("publication", "publication", "declaration", "release", "declaration"),
            *("consent", "consent", "consent"),
        )
    ]
    assert {f"{name[:-4]}tlog-proof" for name in entries if name.endswith("json")} < found
    counts = {"shown": 3, "declarations": 1, "scopes": 3, "notices": 16, "screenshots": 16}
    for inside, count in counts.items():
        assert len([name for name in found if name.startswith(f"{inside}/")]) == count
    assert len([name for name in found if name.startswith("interface/")]) > 20
    assert not [name for name in found if name.startswith("artifacts/")]
    assert {"manifest", "checkpoint", "key.txt", "verifier.py"} < found
    assert {f"report.{lang}.html" for lang in ("fi", "sv", "en")} < found


def test_every_hash_that_an_entry_names_is_of_a_file(folder: Path) -> None:
    """R37, but for what belongs to other languages of a declaration or a release."""
    hashes = {sha256((folder / name).read_bytes()).hexdigest() for name in names(folder)}
    for record in (folder / "records").glob("*.json"):
        said = json.loads(record.read_bytes())
        assert {*said["artifacts"], *said["scopes"].values()} <= hashes
        shown = json.loads(file_of(folder, said["shown"]))
        assert {shown["declaration"], shown["interface"], shown["notice"]["hash"]} <= hashes
        interface = json.loads(file_of(folder, shown["interface"]))
        assert set(interface["files"].values()) <= hashes


def file_of(folder: Path, digest: str) -> bytes:
    found = [
        b
        for name in names(folder)
        if sha256(b := (folder / name).read_bytes()).hexdigest() == digest
    ]
    return found[0]


def test_the_manifest_is_what_sha256sum_checks(folder: Path) -> None:
    lines = (folder / "manifest").read_text("utf-8").partition("\n\n")[0].split("\n")[1:]
    assert {line[66:] for line in lines} == names(folder) - {"manifest"}
    for line in lines:
        assert line[:64] == sha256((folder / line[66:]).read_bytes()).hexdigest()


def test_the_same_log_gives_the_same_bytes(story: Story) -> None:
    assert bundle(story.log, story.consent_id) == bundle(story.log, story.consent_id)


def test_of_an_id_that_is_not_there_is_no_bundle(story: Story) -> None:
    with pytest.raises(LogError, match="holds nothing of the consent id"):
        bundle(story.log, consent_id(8))


def test_a_consent_of_which_only_a_record_without_texts_is_left_has_a_bundle(
    tmp_path: Path,
) -> None:
    """As a withdrawal by a form that nobody has a copy of."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    log.append_soon(grant(7)).result(60)
    log.close()
    folder = unpacked(bundle(path, consent_id(7)), tmp_path / "bundle")
    assert len(names(folder)) == 9
    assert ran(Path(sys.executable), folder, PUBLIC)[0] == 0


def test_a_record_whose_artifact_is_missing_has_none(tmp_path: Path) -> None:
    """What could not be verified is not handed out as if it could."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    log.append_soon(grant(7, artifacts=["0" * 64])).result(60)
    log.close()
    with pytest.raises(LogCorrupt, match="entry 0 names the artifact 0000"):
        bundle(path, consent_id(7))


def test_of_a_record_that_was_changed_in_the_log_is_no_bundle(tmp_path: Path) -> None:
    """R40: whoever makes it learns of that, and not the reader to whom it was sent."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    with closing(open_log(path, writable=True)) as log:
        append(log, *(grant(number, states={"statistics": "denied"}) for number in range(9)))
    with changed(path) as entries:
        entries[7]["body"] = entries[7]["body"].replace(b"denied", b"agreed")
    assert bundle(path, consent_id(6))
    with pytest.raises(LogCorrupt, match="entry 7 is not the one that the log's root is made of"):
        bundle(path, consent_id(7))


def test_files_of_a_site_with_odd_names_are_kept_under_their_hashes(tmp_path: Path) -> None:
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    odd = {name: artifact(name.encode()) for name in ("../x", "a b.html", "A.html", "a.html")}
    files = {name: digest for name, (digest, _) in odd.items()}
    body = canonical({"type": "interface", "files": files})
    interface = sha256(body).hexdigest()
    log.put_artifacts({**dict(odd.values()), interface: ("application/json", body)})
    log.append_soon(grant(7, artifacts=[interface])).result(60)
    log.close()
    folder = unpacked(bundle(path, consent_id(7)), tmp_path / "bundle")
    inside = {name.rpartition("/")[2] for name in names(folder) if name.startswith("interface/")}
    assert inside == {"manifest.json", "A.html"}
    kept = {name for name in names(folder) if name.startswith("artifacts/")}
    assert kept == {f"artifacts/{files[name]}" for name in ("../x", "a b.html", "a.html")}


# -- who verifies it --


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of a virtual environment with nothing in it."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return folder / "bin/python"


def ran(python: Path, folder: Path, *keys: str) -> tuple[int, str]:
    command = [str(python), "-I", str(folder / "verifier.py"), *keys]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    return done.returncode, done.stdout + done.stderr


def test_a_clean_environment_verifies_it_with_the_published_key(
    folder: Path, bare_python: Path
) -> None:
    """R38: offline, without our package or any other."""
    without = [str(bare_python), "-I", "-c", "import consent"]
    assert subprocess.run(without, capture_output=True).returncode == 1
    log = (folder / "checkpoint").read_text("utf-8").partition("\n")[0]
    for keys in ([], [PUBLIC, str(verifier_of(OLD_KEY))]):
        code, text = ran(bare_python, folder, *keys)
        assert code == 0, text
        assert text.startswith(f"Proven: every record here is in the log {log}; key believed: ")
        assert PUBLIC in text
    code, text = ran(bare_python, folder, str(verifier_of(new_key("www.example.fi"))))
    assert code == 1
    assert text.startswith("NOT PROVEN: the key has not signed")


def test_a_checkpoint_that_somebody_else_has_kept_is_in_it_with_its_proof(
    story: Story, bare_python: Path, tmp_path: Path
) -> None:
    """R41: whoever kept one finds it there, of whatever size, and the verifier sees to the rest."""
    with open_log(story.log, writable=False).snapshot() as view:
        head = Checkpoint(origin(view), *view.head())
        leaves = view.leaves(0, head.size)
    for size in (1, 9, head.size):
        root = root_of(leaves[:size])
        note = signed(str(head._replace(size=size, root=root)), [OLD_KEY])
        kept = bundle(story.log, story.consent_id, kept=[note])
        folder = unpacked(kept, tmp_path / str(size))
        assert (folder / f"checkpoints/{size:012}.note").read_text("utf-8") == note
        code, text = ran(bare_python, folder, PUBLIC, str(verifier_of(OLD_KEY)))
        assert (code, text[:7]) == (0, "Proven:"), text


@pytest.mark.parametrize(
    ("size", "by", "error"),
    [
        (9, OLD_KEY, "the log does not continue the checkpoint of 9 entries"),
        (999, OLD_KEY, "of 999 entries, which were signed, the log has "),
        (9, new_key("www.example.fi"), "no key that is known has signed it"),
        (0, OLD_KEY, "a checkpoint of no entries shows nothing"),
    ],
    ids=["rewritten", "cut off", "unknown key", "empty"],
)
def test_of_a_log_that_does_not_continue_what_somebody_kept_is_no_bundle(
    story: Story, size: int, by: str, error: str
) -> None:
    with open_log(story.log, writable=False).snapshot() as view:
        note = signed(str(Checkpoint(origin(view), size, bytes(32))), [by])
    with pytest.raises((LogCorrupt, CheckpointError), match=error):
        bundle(story.log, story.consent_id, kept=[note])


def test_of_two_that_tell_of_one_size_differently_no_bundle_hides_one(story: Story) -> None:
    """R41: who kept the first would read that the log only grew since, without their own in it."""
    with open_log(story.log, writable=False).snapshot() as view:
        name, roots = origin(view), (bytes(32), root_of(view.leaves(0, 9)))
    notes = [signed(str(Checkpoint(name, 9, root)), [OLD_KEY]) for root in roots]
    assert bundle(story.log, story.consent_id, kept=notes[1:] * 2)
    for kept in (notes, notes[::-1]):
        with pytest.raises(LogCorrupt, match="does not continue the checkpoint of 9 entries"):
            bundle(story.log, story.consent_id, kept=kept)


def test_what_a_former_key_has_signed_is_in_it_once_that_key_is_named(
    story: Story, bare_python: Path, tmp_path: Path
) -> None:
    """Keys are changed, and the secret one that was is thrown away."""
    former = str(verifier_of(OLD_KEY))
    older = {"without": 1, "with": 2}
    for name, count in older.items():
        keys = [former] if count == 2 else []
        folder = unpacked(bundle(story.log, story.consent_id, [KEY], former=keys), tmp_path / name)
        assert len(list(folder.glob("checkpoints/*.note"))) == count
        code, text = ran(bare_python, folder, PUBLIC, *keys)
        assert (code, text[:7]) == (0, "Proven:"), text


def test_a_damaged_file_is_told_without_a_traceback(folder: Path, bare_python: Path) -> None:
    (folder / "manifest").write_bytes(b"\xff")
    code, text = ran(bare_python, folder)
    assert code == 1
    assert text.startswith("NOT PROVEN: ")
    assert "Traceback" not in text


def test_the_verifier_is_short_and_needs_nothing_but_python_39() -> None:
    text = VERIFIER.read_text("utf-8")
    assert len(text.splitlines()) < 100
    assert max(map(len, text.splitlines())) <= 100
    imported = {
        alias.name
        for node in ast.walk(ast.parse(text, feature_version=(3, 9)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names


def test_the_hash_of_the_verifier_is_published() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert verifier_hash() == sha256(VERIFIER.read_bytes()).hexdigest()
    assert verifier_hash() in readme, "README has the hash of another verifier.py"
