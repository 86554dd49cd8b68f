"""A checkpoint is given out to everybody, and shows later what was done to the log since (R40)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from consent.errors import LogUnavailable
from consent.log import open_log
from consent.log.checkpoint import read
from consent.signed_note import new_key, signed, verifier_of
from tests.unit.log_engines import artifact, consent_id, grant, refusal
from tests.unit.log_outsider import changed, outsider
from tests.unit.small_site import TOML, Make, Site, decide
from tests.unit.terminal import enter, set_up, terminal

SIGNING = new_key("www.example.fi")
PUBLIC = str(verifier_of(SIGNING))


# -- at its address --


@pytest.fixture
def site(make_site: Make) -> Site:
    return make_site(checkpoint_keys=SIGNING)


def test_everybody_gets_one_that_is_not_older_than_a_minute(site: Site) -> None:
    client = site.client()
    first = client.get("/choices/checkpoint")
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    assert first.headers["cache-control"] == "public, max-age=60"
    before = read(first.text, [PUBLIC])
    assert before[1:] == site.consent.runtime.log.head()
    decide(client, "accept")
    site.clock.now += 59
    assert client.get("/choices/checkpoint").text == first.text
    site.clock.now += 1
    after = read(client.get("/choices/checkpoint").text, [PUBLIC])
    assert (after.origin, after.size) == (before.origin, before.size + 1)


def test_a_clock_that_goes_back_makes_a_new_one(site: Site) -> None:
    client = site.client()
    client.get("/choices/checkpoint")
    decide(client, "accept")
    site.clock.now -= 3600
    found = read(client.get("/choices/checkpoint").text, [PUBLIC])
    assert found[1:] == site.consent.runtime.log.head()


def test_without_a_key_there_is_none(make_site: Make) -> None:
    assert make_site().client().get("/choices/checkpoint").status_code == 404


def test_while_the_log_is_down_there_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise LogUnavailable("down")

    monkeypatch.setattr(site.consent.runtime.log, "snapshot", down)
    reply = site.client().get("/choices/checkpoint")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "60")
    assert reply.headers["cache-control"] == "no-store"


def test_of_a_log_that_does_not_continue_what_was_published_there_is_none(
    make_site: Make, tmp_path: Path
) -> None:
    """R41: whoever keeps what they fetch is told no other story than who gets it by mail."""
    file = tmp_path / "checkpoint.txt"
    toml = f'{TOML}\n[checkpoints]\nfile = "{file}"\n'
    site = make_site(toml=toml, checkpoint_keys=SIGNING)
    client = site.client()
    found = read(client.get("/choices/checkpoint").text, [PUBLIC])
    site.clock.now += 60
    file.write_text(signed(str(found._replace(root=bytes(32))), [SIGNING]))
    assert client.get("/choices/checkpoint").status_code == 503
    file.write_text(signed(str(found), [SIGNING]))
    assert client.get("/choices/checkpoint").status_code == 200


def test_nobody_can_send_one(site: Site) -> None:
    assert site.client().post("/choices/checkpoint").status_code == 405


# -- on the terminal --

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    enter(monkeypatch, tmp_path)
    found: Run = terminal(capsys)
    set_up(found, tmp_path)
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", SIGNING)
    return found


@pytest.fixture
def path(run: Run, tmp_path: Path) -> str:
    assert run("log", "create")[0] == 0
    found = str(next(tmp_path.rglob("consent-log.sqlite3")))
    grow(found, 0, 500)
    return found


def grow(path: str, start: int, stop: int) -> None:
    log = open_log(path, writable=True)
    for future in [log.append_soon(refusal(number)) for number in range(start, stop)]:
        future.result(60)
    log.close()


def test_a_new_key_is_printed_with_the_one_to_verify_with(run: Run) -> None:
    code, out, _ = run("log", "key")
    found = re.fullmatch(r"CONSENT_CHECKPOINT_KEYS=(\S+)\nto verify with: (\S+)\n", out)
    assert code == 0
    assert found is not None
    assert found[2] == str(verifier_of(found[1]))
    assert found[2].startswith("www.example.fi+")
    assert run("log", "key")[1] != out


def test_a_checkpoint_is_printed_or_written_in_place_of_an_older_one(
    run: Run, path: str, tmp_path: Path
) -> None:
    code, out, _ = run("log", "checkpoint")
    assert code == 0
    assert read(out, [PUBLIC]).size == 500
    file = tmp_path / "checkpoint.txt"
    file.write_text("old")
    assert run("log", "checkpoint", "-o", str(file))[0] == 0
    assert file.read_text() == out
    assert sorted(tmp_path.glob("checkpoint*")) == [file]


def test_without_a_key_the_remedy_is_told(
    run: Run, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CONSENT_CHECKPOINT_KEYS")
    code, _, err = run("log", "checkpoint")
    assert code == 2
    assert "consent log key" in err
    (tmp_path / "kept").write_text("x")
    code, _, err = run("log", "verify", "--checkpoint", "kept")
    assert code == 2
    assert "--key" in err
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", "short")
    code, _, err = run("log", "checkpoint")
    assert code == 2
    assert "environment: CONSENT_CHECKPOINT_KEYS: key 1" in err


@pytest.fixture
def kept(run: Run, path: str, tmp_path: Path) -> Path:
    """A checkpoint of 500 entries, after which 300 more came."""
    file = tmp_path / "kept.txt"
    assert run("log", "checkpoint", "-o", str(file))[0] == 0
    grow(path, 500, 800)
    return file


def test_a_log_that_went_on_continues_what_was_kept(
    run: Run, kept: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run("log", "verify", "--checkpoint", str(kept))
    assert code == 0
    assert "800 entries" in out
    assert "Checked against a head of 500 entries kept elsewhere" in out
    monkeypatch.delenv("CONSENT_CHECKPOINT_KEYS")
    assert run("log", "verify", "--checkpoint", str(kept), "--key", PUBLIC)[0] == 0
    code, _, err = run("log", "verify", "--checkpoint", str(kept), "--key", "garbage")
    assert code == 2
    assert err.startswith("consent: --key: it is not an Ed25519 key")
    elsewhere = ("--log", path, "--key", str(verifier_of(new_key("x"))), "--key", PUBLIC)
    assert run("log", "verify", "--checkpoint", str(kept), *elsewhere)[0] == 0


def test_on_demand_one_is_published_as_the_site_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enter(monkeypatch, tmp_path)
    run = terminal(capsys)
    folder = set_up(run, tmp_path)
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", SIGNING)
    toml = (folder / "consent.toml").read_text() + '\n[checkpoints]\nfile = "kept.txt"\n'
    (folder / "consent.toml").write_text(toml)
    assert run("log", "create")[0] == 0
    code, out, _ = run("log", "checkpoint", "--publish")
    assert code == 0
    assert read(out, [PUBLIC]).size == 0
    assert (folder / "kept.txt").read_text() == out
    assert run("log", "checkpoint", "--publish", "-o", "other.txt")[0] == 0
    assert (folder / "other.txt").read_text() == out
    with open_log(str(folder / "consent-log.sqlite3"), writable=False).snapshot() as view:
        assert [size for size, _ in view.checkpoints()] == [0]
    monkeypatch.delenv("CONSENT_CHECKPOINT_KEYS")
    code, _, err = run("log", "checkpoint", "--publish")
    assert code == 2
    assert "consent log key" in err


def as_mail(note: str, encoding: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Checkpoint"
    mail.set_content(f"Säilytä tämä.\n\n{note}\n-- \nEsimerkki Oy\n", cte=encoding)
    return mail.as_bytes(policy=SMTP)


@pytest.mark.parametrize(
    "saved",
    [
        lambda note: note.replace("\n", "\r\n").encode(),
        lambda note: f"The log on Friday:\n{note.rstrip()}".encode(),
        lambda note: as_mail(note, "8bit"),
        lambda note: as_mail(note, "quoted-printable"),
        lambda note: as_mail(note, "base64"),
    ],
    ids=["windows", "pasted", "8bit", "quoted-printable", "base64"],
)
def test_a_checkpoint_is_read_as_its_keeper_saved_it(
    run: Run, kept: Path, saved: Callable[[str], bytes]
) -> None:
    """R41: whoever kept it had a mailbox, and knows nothing of notes and line ends."""
    kept.write_bytes(saved(kept.read_text("utf-8")))
    code, out, err = run("log", "verify", "--checkpoint", str(kept))
    assert (code, err) == (0, "")
    assert "Checked against a head of 500 entries kept elsewhere" in out
    kept.write_text("Dear Sir,\n\nthe checkpoint is attached.\n")
    code, _, err = run("log", "verify", "--checkpoint", str(kept))
    assert (code, "there is no signed checkpoint in" in err) == (2, True)


def test_a_log_that_was_rewritten_with_a_tree_that_fits_is_found(
    run: Run, kept: Path, path: str
) -> None:
    """Whoever can write to the file makes another log under the same name."""
    with outsider(path) as connection:
        (name,) = connection.execute("SELECT value FROM meta WHERE name = 'id'").fetchone()
    Path(path).unlink()
    assert run("log", "create")[0] == 0
    grow(path, 1, 801)
    with outsider(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'id'", (name,))
    assert run("log", "verify")[0] == 0
    code, _, err = run("log", "verify", "--checkpoint", str(kept))
    assert code == 1
    assert "does not continue the head of 500 entries" in err


def test_a_log_that_was_rolled_back_or_cut_off_is_found(
    run: Run, kept: Path, path: str, tmp_path: Path
) -> None:
    Path(path).unlink()
    assert run("log", "create")[0] == 0
    with outsider(path) as connection:
        connection.execute(
            "UPDATE meta SET value = ? WHERE name = 'id'",
            (kept.read_text().split("\n")[0].partition("/")[2],),
        )
    grow(path, 0, 400)
    code, _, err = run("log", "verify", "--checkpoint", str(kept))
    assert code == 1
    assert "of the 500 entries of the head given some are missing" in err


def test_another_log_in_its_place_is_found(run: Run, kept: Path, path: str) -> None:
    Path(path).unlink()
    assert run("log", "create")[0] == 0
    grow(path, 0, 800)
    code, _, err = run("log", "verify", "--checkpoint", str(kept))
    assert code == 1
    assert "the checkpoint is of www.example.fi/" in err


def test_a_forged_checkpoint_is_found(run: Run, kept: Path) -> None:
    text = kept.read_text()
    for forged in (text.replace("\n500\n", "\n499\n"), text.rpartition("\n\n")[0], "", "x" * 99):
        kept.write_text(forged)
        code, out, err = run("log", "verify", "--checkpoint", str(kept))
        assert code != 0
        assert out == ""
        assert err.startswith("consent: ")
    code, _, err = run("log", "verify", "--checkpoint", "nowhere.txt")
    assert code == 2
    assert "nowhere.txt cannot be read" in err


def test_a_bundle_is_written_that_anybody_can_verify(
    run: Run, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(path, writable=True)
    name, value = artifact(b"banner")
    log.put_artifacts({name: value})
    log.append_soon(grant(7, artifacts=[name])).result(60)
    log.close()
    file = tmp_path / "bundle.zip"
    code, out, _ = run("log", "proof", consent_id(7), "-o", str(file))
    assert code == 0
    assert "python -I verifier.py KEY" in out
    folder = tmp_path / "bundle"
    zipfile.ZipFile(file).extractall(folder)
    command = [sys.executable, "-I", "-S", str(folder / "verifier.py"), PUBLIC]
    assert subprocess.run(command, capture_output=True, text=True).stdout.startswith("Proven: ")
    code, _, err = run("log", "proof", consent_id(7), "-o", str(file))
    assert (code, "is there already" in err) == (2, True)
    nobody = ("1" * 22, "-" + "c" * 21, "-o" + "1" * 20)  # two of them look like options
    for words in (*((each, "-o", "other.zip") for each in nobody), (consent_id(7), "-o", "no/a")):
        code, _, err = run("log", "proof", *words)
        assert code == 2
        assert err.startswith("consent: ")
    monkeypatch.delenv("CONSENT_CHECKPOINT_KEYS")
    assert run("log", "proof", consent_id(7), "-o", "other.zip")[0] == 2
    assert not list(tmp_path.rglob("other.zip"))


def test_whoever_kept_a_checkpoint_is_shown_by_a_bundle_that_the_log_only_grew(
    run: Run, kept: Path, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R41: an auditor without access to the server asks for a bundle that is made with theirs."""
    log = open_log(path, writable=True)
    log.append_soon(grant(7)).result(60)
    log.close()
    monkeypatch.setenv("CONSENT_CHECKPOINT_KEYS", new_key("www.example.fi"))
    words = ("log", "proof", consent_id(7), "--checkpoint", str(kept), "-o")
    code, _, err = run(*words, "other.zip")
    assert (code, "none of the keys given has signed it" in err) == (2, True)
    file = tmp_path / "bundle.zip"
    code, out, _ = run(*words, str(file), "--key", PUBLIC)
    assert code == 0
    assert "It shows that the log only grew since it had 500 entries." in out
    folder = tmp_path / "bundle"
    zipfile.ZipFile(file).extractall(folder)
    assert (folder / "checkpoints/000000000500.note").read_text() == kept.read_text()
    command = [sys.executable, "-I", "-S", str(folder / "verifier.py")]
    assert subprocess.run(command, capture_output=True, text=True).stdout.startswith("Proven: ")
    code, out, _ = run("log", "proof", consent_id(7), "-o", str(tmp_path / "without.zip"))
    assert "It has no older checkpoint" in out
    kept.write_text(kept.read_text().replace("500", "501"))
    code, _, err = run(*words, "other.zip", "--key", PUBLIC)
    assert (code, err.startswith("consent: ")) == (2, True)
    assert not list(tmp_path.rglob("other.zip"))


def test_a_changed_entry_is_named_by_its_place_with_a_checkpoint_too(
    run: Run, kept: Path, path: str, tmp_path: Path
) -> None:
    shutil.copy(path, tmp_path / "copy")
    with changed(path) as entries:
        entries[77]["body"] = entries[77]["body"].replace(b"77", b"78")
    code, _, err = run("log", "verify", "--checkpoint", str(kept))
    assert code == 1
    assert "leaf at entry 77: " in err
