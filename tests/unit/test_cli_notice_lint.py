"""`consent notice lint`: a draft, a folder, a file or a version, in three formats."""

import json

import pytest

from tests.unit.notice_samples import write_draft
from tests.unit.terminal import enter, publish, set_up, terminal


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def draft(run, tmp_path):
    return write_draft(set_up(run, tmp_path) / "notices" / "privacy")


def change(draft, name, old, new):
    text = (draft / name).read_text("utf-8")
    assert old in text
    (draft / name).write_text(text.replace(old, new), "utf-8")


def test_a_draft_with_faults_is_told_line_by_line_and_leaves_1(run, draft):
    change(draft, "sv.md", "begränsa behandlingen, ", "")
    code, out, err = run("notice", "lint", "--lang", "sv")
    assert (code, err) == (1, "")
    assert "notices/privacy/draft/sv.md:7:4: fel N222: Rättigheten nämns inte" in out
    assert "    ## Vem {#controller}\n       ^^^\n" in out
    assert out.endswith("Fel: 1, varningar: 3, anmärkningar: 0, undantag: 0.\n")


def test_a_draft_with_nothing_but_notices_leaves_0(run, draft):
    change(draft, "facts.toml", 'class = "material"', 'class = "material"\neffective = 2027-01-01')
    change(draft, "fi.md", "maksutta ", "")
    code, out, _ = run("notice", "lint", "notices/privacy/draft")
    assert code == 0
    assert "N239" in out
    assert "Errors: 0, warnings: 0, notices: 1, waived: 0." in out


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_programs_get_json_and_nothing_else(form, run, draft):
    code, out, err = run("notice", "lint", "--format", form)
    assert (code, err) == (1, "")
    body = json.loads(out)
    if form == "json":
        assert {one["rule"] for one in body["findings"]} == {"N242"}
        assert body["findings"][0]["file"] == "notices/privacy/draft/fi.md"
    else:
        (run_,) = body["runs"]
        locations = [r["locations"][0]["physicalLocation"] for r in run_["results"]]
        assert locations[0]["artifactLocation"]["uri"] == "notices/privacy/draft/fi.md"


def test_a_code_host_is_told_of_a_file_from_the_top_of_its_repository(
    run, draft, tmp_path, monkeypatch
):
    (draft.parents[2] / ".git").mkdir()
    monkeypatch.chdir(draft.parent)
    _, out, _ = run("notice", "lint", "draft", "--format", "sarif")
    (result, *_) = json.loads(out)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"].startswith("notices/privacy/draft/")


def test_a_version_is_named_by_its_number(run, draft):
    publish(run, draft.parents[2])
    assert run("notice", "lint", "2026.1") == (0, "Nothing found.\n", "")


def test_a_text_alone_is_judged_with_the_facts_beside_it(run, draft):
    (draft / "notice-fi.md").write_text((draft / "fi.md").read_text("utf-8"), "utf-8")
    change(draft, "notice-fi.md", "Ylläpitäjä käsittelee", "Joku käsittelee")
    code, out, _ = run("notice", "lint", "notices/privacy/draft/notice-fi.md")
    assert code == 1
    assert "N215" in out
    assert "N601" not in out


def test_without_settings_a_path_is_judged_but_for_the_services(run, tmp_path):
    draft = write_draft(tmp_path / "elsewhere")
    (draft / "en.md").unlink()
    code, out, err = run("notice", "lint", draft)
    assert code == 1
    assert "N242" in out
    assert "N601" not in out
    assert "consent.toml: not found, so services are not compared" in err


@pytest.mark.parametrize("what", ["nowhere", "2030.1"])
def test_what_is_not_there_is_told_with_its_remedy(what, run, draft):
    code, out, err = run("notice", "lint", what)
    assert (code, out) == (1, "")
    assert "there is no notice to check\n    → name a folder with fi.md" in err
    assert "or begin a draft with: consent notice new\n" in err


def test_a_draft_is_compared_with_the_version_before(run, draft):
    publish(run, draft.parents[2])
    write_draft(draft.parent, change="Toinen.")
    change(draft, "fi.md", "Katso", "Lue")
    code, out, _ = run("notice", "lint")
    assert code == 1
    assert out.count("N608") == 2


def test_a_translation_is_marked_as_up_to_date(run, draft):
    change(draft, "facts.toml", 'class = "material"', 'class = "material"\neffective = 2027-01-01')
    code, out, _ = run("notice", "lint", "--translated", "sv")
    assert (code, out) == (0, "sv.md: up to date with fi.md, section by section.\n")
    assert run("notice", "lint")[0] == 0
    change(draft, "fi.md", "Katso", "Lue")
    code, out, _ = run("notice", "lint")
    assert code == 1
    assert out.count("N608") == 1


@pytest.mark.parametrize("lang", ["fi", "de"])
def test_only_a_translation_can_be_marked(lang, run, draft):
    code, out, err = run("notice", "lint", "--translated", lang)
    assert (code, out) == (1, "")
    assert "is no translation here\n    → name one of sv, en" in err
