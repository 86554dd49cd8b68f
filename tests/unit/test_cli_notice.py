"""`consent notice`: publishing a version, and where the versions stand."""

import json
import re
import subprocess

import pytest

from tests.unit.notice_samples import write_draft
from tests.unit.terminal import enter, publish, set_up, terminal
from tests.unit.test_scheduled import LATER as SERVICE


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


def test_publish_freezes_the_draft_and_says_what_to_commit(run, folder):
    code, out, err = publish(run, folder, "--author", "Editor")
    assert (code, err) == (0, "")
    assert "\nPublished privacy 2026.1, in force from 2026-01-01.\n" in out
    assert "Commit the folder notices/privacy/2026.1 as it is." in out
    assert (folder / "notices" / "privacy" / "2026.1" / "manifest.json").is_file()
    assert not (folder / "notices" / "privacy" / "draft").exists()


def test_publish_tells_every_reason_why_not(run, folder):
    facts = '[[retention]]\nid = "invoices"\nyears = 6\nconfirm = true\n'
    write_draft(folder / "notices" / "privacy", facts=facts)
    code, out, err = run("notice", "publish", "notices/privacy/draft", "--number", "2026.1")
    assert (code, out) == (1, "")
    assert "retention.invoices: the controller has not confirmed it" in err
    assert "version.effective: no effective date" in err
    assert not (folder / "notices" / "privacy" / "2026.1").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--number", "2026.01"], "is not a version number"),
        (["--number", "2026.1", "--effective", "1.1.2027"], "is not a date like 2027-01-01"),
    ],
)
def test_publish_with_wrong_words_changes_nothing(words, message, run, folder):
    write_draft(folder / "notices" / "privacy")
    code, _, err = run("notice", "publish", "notices/privacy/draft", *words)
    assert code == 2
    assert message in err
    assert [path.name for path in (folder / "notices" / "privacy").iterdir()] == ["draft"]


def test_status_lists_versions_and_the_draft(run, folder):
    assert run("notice", "status") == (0, "privacy: no version yet\n", "")
    publish(run, folder)
    write_draft(folder / "notices" / "privacy")
    code, out, _ = run("notice", "status")
    assert code == 0
    assert re.search(
        r"^2026\.1 +in-force +\S{10} +2026-01-01 +material +[0-9a-f]{12} +somebody", out, re.M
    )
    assert re.search(r"^draft +nothing left to confirm$", out, re.M)


FAR = ("--effective", "2099-01-01", "--number", "2099.1")


@pytest.fixture
def second(run, folder):
    """2026.1 published, and a draft that changes it materially."""
    publish(run, folder)
    write_draft(folder / "notices" / "privacy", more=" (Posti)", facts=CARRIER)
    return folder / "notices" / "privacy"


CARRIER = '[[recipients]]\nid = "carrier"\nname = { fi = "Posti", sv = "Posti", en = "Posti" }'


def test_publish_shows_what_it_does_and_without_a_terminal_waits_for_yes(run, second):
    code, out, err = run("notice", "publish", *FAR)
    assert code == 2
    assert "nothing is published yet\n    → give the same command with --yes" in err
    assert not (second / "2099.1").exists()
    assert out.splitlines()[:5] == [
        "privacy 2099.1, replaces 2026.1",
        "  effective: 2099-01-01 00:00 Europe/Helsinki",
        "  published by: somebody unnamed, approved by nobody else",
        "  change: material",
        "    recipients.carrier is new (material)",
    ]
    assert "    Jotain muuttui.\n" in out
    assert re.search(r"announcement: to returning visitors .* until 2099-01-15 00:00, or", out)
    assert "  feed: an entry\n" in out
    assert "  asks again when it takes effect: nobody\n" in out
    code, more, _ = run("notice", "publish", *FAR, "--yes")
    assert code == 0
    assert (second / "2099.1" / "manifest.json").is_file()
    assert "Published privacy 2099.1" in more


@pytest.mark.parametrize(("typed", "code"), [("2099.1", 0), ("yes", 2), ("", 2)])
def test_at_a_terminal_the_number_is_typed(run, second, monkeypatch, typed, code):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: typed)
    assert run("notice", "publish", *FAR)[0] == code
    assert (second / "2099.1").exists() == (code == 0)


def manifest(folder):
    return json.loads((folder / "notices/privacy/2026.1/manifest.json").read_bytes())


def test_who_publishes_and_who_approves_is_stored_and_listed(run, folder):
    """R75: in the frozen package, which nobody changes afterwards."""
    _, out, _ = publish(run, folder, "--author", "Maija", "--approved-by", "Ville")
    assert "  published by: Maija, approved by Ville\n" in out
    assert (manifest(folder)["author"], manifest(folder)["approver"]) == ("Maija", "Ville")
    assert manifest(folder)["domain"] == "www.example.fi"
    _, out, _ = run("notice", "status")
    assert re.search(r"^2026\.1 +in-force .* Maija, approved by Ville$", out, re.M)


def test_without_a_name_it_is_that_of_version_control(run, folder):
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "config", "user.name", "Åsa"], check=True)
    publish(run, folder)
    assert manifest(folder)["author"] == "Åsa"
    assert "approver" not in manifest(folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--author", "Maija"], "approver: nobody has approved it"),
        (["--author", "Maija", "--approved-by", " maija"], "approves nothing of their own"),
        (["--author", "\u00c5sa", "--approved-by", "A\u030asa"], "approves nothing of their own"),
        (["--author", "Maija", "--approved-by", "Mai\u200bja"], "approves nothing of their own"),
        (["--author", "Maija", "--approved-by", " "], "approver: it cannot be read as text"),
        (["--author", "Maija", "--approved-by", "\u200b"], "approver: it cannot be read as text"),
        (["--approved-by", "Ville"], "author: it is not said who publishes it"),
    ],
)
def test_with_approval_somebody_else_has_to_approve(run, folder, words, message):
    """A company of one leaves the setting alone, and its versions say so."""
    file = folder / "consent.toml"
    assert file.read_text("utf-8").count("\n# approval = true\n") == 1
    file.write_text(file.read_text("utf-8").replace("# approval", "approval"), "utf-8")
    code, _, err = publish(run, folder, *words)
    assert code == 1
    assert message in err
    assert not (folder / "notices/privacy/2026.1").exists()
    assert publish(run, folder, "--author", "Maija", "--approved-by", "Ville")[0] == 0


@pytest.mark.parametrize("option", ["--author", "--approved-by", "--reason"])
def test_a_name_that_is_no_text_is_refused(run, folder, option):
    """Bytes of a terminal in another encoding, or colours; the manifest could not hold them."""
    for name in ("Åsa \udcff", "\x1b[31mMaija"):
        code, _, err = publish(run, folder, option, name)
        assert code == 1
        assert "it cannot be read as text" in err
        assert not (folder / "notices/privacy/2026.1").exists()


def test_a_draft_that_has_its_number_is_published_by_it(run, folder):
    """As the server says that finds it: publish it with consent notice publish 2026.1."""
    write_draft(folder / "notices/privacy", name="2026.1", change="")
    code, out, err = run("notice", "publish", "2026.1", "--effective", "2026-01-01", "--yes")
    assert (code, err) == (0, "")
    assert "Published privacy 2026.1" in out


def test_publish_tells_who_is_asked_again(run, folder):
    """R24, R81."""
    publish(run, folder)
    file = folder / "consent.toml"
    service = SERVICE.replace("2027.1", "2099.1")
    file.write_text(file.read_text("utf-8") + service, "utf-8")
    write_draft(folder / "notices" / "privacy", more=" oy")
    _, out, _ = run("notice", "publish", *FAR)
    assert "  asks again when it takes effect: statistics, since it is new\n" in out


def test_withdraw_writes_what_is_committed_and_status_lists_it(run, second):
    run("notice", "publish", *FAR, "--yes")
    reasons = [f"--reason={la}=Ei tule." for la in ("fi", "sv", "en")]
    code, out, err = run("notice", "withdraw", "2099.1", *reasons, "--author", "Editor")
    assert (code, err) == (0, "")
    file = second / "2099.1" / "withdrawn.json"
    assert f"Commit {file}, and deploy it before 2098-12-31 22:00 UTC." in out
    assert file.is_file()
    _, out, _ = run("notice", "status")
    assert re.search(r"^2026\.1 +in-force ", out, re.M)
    assert re.search(r"^2099\.1 +withdrawn .* withdrawn \S{10} by Editor: Ei tule\.$", out, re.M)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["2026.1", "--reason", "fi=Ei"], 1, "withdrawn only before that"),
        (["2026.7", "--reason", "fi=Ei"], 1, "the versions are: 2026.1"),
        (["2026.1", "--reason", "Ei"], 2, "is not like fi="),
        (["2026.1"], 2, "--reason"),
    ],
)
def test_withdraw_tells_what_cannot_be(run, second, words, code, message):
    found, _, err = run("notice", "withdraw", *words)
    assert found == code
    assert message in err
    assert not list(second.rglob("withdrawn.json"))


def test_status_lists_a_draft_that_cannot_be_read(run, second):
    (second / "draft" / "sv.md").unlink()
    _, out, _ = run("notice", "status")
    assert re.search(r"^draft +1 fault; consent check tells them$", out, re.M)
