"""`consent notice new`, `preview`, `verify` and `export`."""

from __future__ import annotations

import json
import re
import shutil

import html5lib
import pytest

from tests.unit.notice_samples import write_draft
from tests.unit.shop_site import NOTICES, open_shop
from tests.unit.small_site import TOML
from tests.unit.terminal import enter, publish, set_up, terminal
from tests.unit.test_scheduled import LATER


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def document(run, tmp_path):
    """The shop's versions, and no log."""
    (tmp_path / "consent.toml").write_text(TOML, "utf-8")
    shutil.copytree(NOTICES, tmp_path / "notices")
    return tmp_path / "notices/privacy"


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


@pytest.fixture
def logged(document, make_site, tmp_path):
    """The same, with the log of a site that has served them."""
    open_shop(tmp_path, make_site).close()
    return document


def test_new_begins_from_the_version_in_force(run, document):
    """Of what is scheduled it says that it is left out: on any day of the clock."""
    for number in ("2026.2", "2027.1"):
        shutil.rmtree(document / number)
    code, out, _ = run("notice", "new")
    assert (code, out) == (0, f"Wrote {document / 'draft'}, begun from privacy 2026.1.\n")


def test_new_says_what_a_scheduled_version_would_add(run, folder):
    publish(run, folder)
    write_draft(folder / "notices/privacy", more=" oy")
    run("notice", "publish", "--effective", "2099-01-01", "--yes")
    _, out, _ = run("notice", "new")
    assert "begun from privacy 2026.1.\n2099.1 takes effect 2099-01-01; what it changes" in out
    assert "--from 2099.1" in out


def test_new_begins_from_the_version_that_is_named(run, document):
    code, out, err = run("notice", "new", "--from", "2027.1")
    assert (code, err) == (0, "")
    assert out.startswith(f"Wrote {document / 'draft'}, begun from privacy 2027.1.\n")
    assert (document / "draft/sv.md").is_file()
    code, _, err = run("notice", "new", "--from", "2027.1")
    assert code == 1
    assert "there is a draft already" in err
    assert "the versions are: 2026.1, 2026.2, 2027.1" in run("notice", "new", "--from", "x")[2]


def test_new_before_anything_is_in_force_names_what_there_is(run, folder):
    write_draft(folder / "notices/privacy", change="")
    run("notice", "publish", "--effective", "2099-01-01", "--yes")
    shutil.rmtree(folder / "notices/privacy/draft", ignore_errors=True)
    code, _, err = run("notice", "new")
    assert code == 1
    assert "no version is in force" in err
    assert "--from with the version to begin from, of 2099.1" in err


def test_preview_writes_a_page_for_every_language(run, document, tmp_path):
    run("notice", "new", "--from", "2026.2")
    code, out, err = run("notice", "preview", "-o", "pages")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"Wrote pages/{lang}.html" for lang in ("fi", "sv", "en")]
    for lang, line in (("fi", "Luonnos."), ("sv", "Utkast."), ("en", "Draft.")):
        html = (tmp_path / f"pages/{lang}.html").read_text("utf-8")
        html5lib.HTMLParser(strict=True).parse(html)
        assert line in html
        assert '<link rel="stylesheet" href="notice.css">' in html
    assert (tmp_path / "pages/notice.css").stat().st_size > 0
    assert not (document / "draft/manifest.json").exists()


def test_preview_tells_what_is_to_be_confirmed(run, document):
    run("notice", "new", "--from", "2026.2")
    facts = document / "draft/facts.toml"
    text = facts.read_text("utf-8").replace("[[recipients]]", "[[recipients]]\nconfirm = true", 1)
    facts.write_text(text, "utf-8")
    assert re.search(r"^To confirm: recipients\.", run("notice", "preview", "-o", "p")[1], re.M)


@pytest.mark.parametrize("words", [("preview", "-o", "pages"), ("publish",)])
def test_without_a_draft_it_is_said_how_one_is_begun(run, document, words):
    shutil.rmtree(document / "draft", ignore_errors=True)
    code, out, err = run("notice", *words)
    assert (code, out) == (1, "")
    assert err == (
        "privacy/draft: there is none\n    → begin one with: consent notice new, or name a folder\n"
    )


def test_verify_without_a_log_holds_versions_against_their_manifests(run, document):
    code, out, _ = run("notice", "verify")
    assert code == 0
    assert out.startswith("There is no log yet")
    assert len(re.findall(r"^20\S+  [0-9a-f]{64}  not in the log yet$", out, re.M)) == 3


def test_verify_holds_versions_against_the_log(run, logged):
    code, out, err = run("notice", "verify")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^20\S+  [0-9a-f]{64}  as logged$", out, re.M)) == 3


def test_verify_finds_what_is_changed_rewritten_and_missing(run, logged):
    """R75, R77: each with its place, all at once."""
    (logged / "2026.1/fi.html").write_text("other")
    manifest = logged / "2026.2/manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"author":"', b'"author":"x'))
    shutil.rmtree(logged / "2027.1")
    code, out, err = run("notice", "verify")
    assert (code, err) == (1, "3 problems\n")
    assert "2026.1/fi.html: the file is not the one that was published" in out
    assert "privacy/2026.2: was published with other content, as the log shows" in out
    assert "privacy/2027.1: is in the log, and its folder is missing" in out
    assert len(re.findall(r"  differs$", out, re.M)) == 3


def test_check_finds_what_the_log_tells_otherwise(run, logged):
    """R75, R77: in the words with which the site would refuse to start."""
    manifest = logged / "2026.2/manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"author":"', b'"author":"x'))
    shutil.rmtree(logged / "2027.1")
    code, out, _ = run("check")
    assert code == 1
    assert "privacy/2026.2: was published with other content, as the log shows" in out
    assert "privacy/2027.1: is in the log, and its folder is missing" in out


def test_verify_of_a_log_that_is_named_wants_it(run, document):
    code, _, err = run("notice", "verify", "--log", "nowhere.sqlite")
    assert code != 0
    assert "nowhere.sqlite" in err


def test_export_gives_the_mail_in_every_language(run, document, tmp_path):
    code, out, err = run("notice", "export", "2027.1")
    assert (code, err) == (0, "")
    fi, sv, en = out.split("\n* * *\n\n")
    assert fi.startswith("Tietosuojaseloste muuttuu 1. tammikuuta 2027 – ")
    assert "https://www.example.fi/sv/dataskydd/2027.1" in sv
    assert en == run("notice", "export", "2027.1", "--lang", "en")[1]
    run("notice", "export", "2027.1", "-o", "mail.txt")
    assert (tmp_path / "mail.txt").read_text("utf-8") == out


def test_export_gives_the_date_and_the_versions(run, document):
    code, out, _ = run("notice", "export", "2027.1", "--format", "ics")
    assert code == 0
    assert "UID:notice-privacy-2027.1@www.example.fi\r\n" in out
    versions = json.loads(run("notice", "export", "--format", "json")[1])["versions"]
    assert versions[-1]["number"] == "2026.1"
    assert versions[-1]["languages"]["en"]["address"] == "https://www.example.fi/en/privacy/2026.1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["2031.1"], "the versions are: 2026.1, 2026.2, 2027.1"),
        (["2027.1", "--lang", "de"], "take one of fi, sv, en"),
    ],
)
def test_export_tells_what_there_is(run, document, words, message):
    code, out, err = run("notice", "export", *words)
    assert (code, out) == (1, "")
    assert message in err


@pytest.mark.parametrize("words", [[], ["--format", "ics"], ["--format", "json"]])
def test_export_without_the_path_of_a_language_says_that_it_is_missing(
    run, document, tmp_path, words
):
    """R77: as check does; the site would not start."""
    toml = TOML.replace('["fi", "sv", "en"]', '["fi", "en"]').replace(' sv = "/sv/dataskydd",', "")
    (tmp_path / "consent.toml").write_text(toml, "utf-8")
    code, out, err = run("notice", "export", "2026.1", *words)
    assert (code, out) == (1, "")
    assert "notices.paths.sv: is missing, and privacy 2026.1 was published in it" in err


def test_check_finds_a_service_that_waits_for_a_version_that_was_withdrawn(run, folder):
    """R81: it would wait for good."""
    publish(run, folder)
    write_draft(folder / "notices/privacy", more=" oy")
    run("notice", "publish", "--effective", "2099-01-01", "--yes")
    reasons = [f"--reason={la}=Ei tule." for la in ("fi", "sv", "en")]
    assert run("notice", "withdraw", "2099.1", *reasons)[0] == 0
    file = folder / "consent.toml"
    file.write_text(file.read_text("utf-8") + LATER.replace("2027.1", "2099.1"), "utf-8")
    code, out, _ = run("check")
    assert code == 1
    assert "services.carrier.from: it waits for the notice 2099.1, which was withdrawn" in out


def test_check_finds_a_service_that_waits_for_a_version_that_will_never_be(run, folder):
    """R81: a number below the newest, which nobody published, is given to no version any more."""
    publish(run, folder)
    file = folder / "consent.toml"
    settings = file.read_text("utf-8")
    file.write_text(settings + LATER.replace("2027.1", "2025.3"), "utf-8")
    code, out, _ = run("check")
    assert code == 1
    assert "services.carrier.from: it waits for the notice 2025.3, which is not there" in out
    file.write_text(settings + LATER.replace("2027.1", "2026.2"), "utf-8")
    assert "services.carrier.from" not in run("check")[1]


def test_check_warns_of_a_service_that_is_in_use_before_it_is_told(run, folder):
    """R81: the scheduled version covers it, and until then nothing does."""
    publish(run, folder)
    file = folder / "consent.toml"
    settings = file.read_text("utf-8")
    waiting = LATER.replace("2027.1", "2099.1")
    file.write_text(settings + waiting, "utf-8")
    write_draft(folder / "notices/privacy", more=" oy")
    assert run("notice", "publish", "--effective", "2099-01-01", "--yes")[0] == 0
    code, out, _ = run("check")
    assert (code, "warning: what is declared" in out) == (0, False)
    file.write_text(settings + waiting.replace('from = "2099.1"', ""), "utf-8")
    code, out, _ = run("check")
    assert code == 0
    assert "warning: what is declared is in use now, and told from 2099-01-01 on" in out
    assert 'what is new waits with from = "2099.1"' in out


def test_check_warns_of_a_version_that_undoes_another(run, folder):
    """Two editors, two numbers, one merge without a conflict; or one editor who was told so."""
    publish(run, folder)
    document = folder / "notices/privacy"
    for number, month in (("2099.1", "02"), ("2099.2", "01")):
        write_draft(document, more=f" {month}")
        words = ("--number", number, "--effective", f"2099-{month}-01", "--yes")
        assert run("notice", "publish", *words)[0] == 0
    code, out, _ = run("check")
    assert code == 0
    assert "warning: 2099.1 takes the place of 2099.2 without what that changes" in out
    assert out.count("takes the place of") == 1


def test_check_finds_a_version_that_builds_on_a_withdrawn_one(run, folder):
    """R80: withdrawn by one editor, built on by another, and merged without a conflict."""
    publish(run, folder)
    document = folder / "notices/privacy"
    write_draft(document, more=" oy")
    run("notice", "publish", "--effective", "2099-01-01", "--yes")
    write_draft(document, change_class="editorial", more=" ab")
    run("notice", "publish", "--effective", "2099-02-01", "--yes")
    aside = (document / "2099.2").rename(folder / "2099.2")
    reasons = [f"--reason={la}=Ei tule." for la in ("fi", "sv", "en")]
    assert run("notice", "withdraw", "2099.1", *reasons)[0] == 0
    aside.rename(document / "2099.2")
    code, out, _ = run("check")
    assert code == 1
    assert "privacy/2099.2: predecessor: it builds on 2099.1, which was withdrawn" in out
