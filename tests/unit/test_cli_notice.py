"""`consent notice`: publishing a version, and where the versions stand."""

import re

import pytest

from tests.unit.notice_samples import write_draft
from tests.unit.terminal import enter, publish, set_up, terminal


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
    assert out.startswith("Published privacy 2026.1, in force from 2026-01-01.\n")
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
        ([], "--number"),
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
    assert re.search(r"^2026\.1 +in-force +2026-01-01 +material +[0-9a-f]{12}$", out, re.M)
    assert re.search(r"^draft +ready to publish$", out, re.M)
