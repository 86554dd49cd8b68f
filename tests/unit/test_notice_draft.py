"""A new draft begins from a version, without what that one tells of its own change."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from consent.errors import NoticeError
from consent.notice.draft import new_draft
from consent.notice.package import verify_package
from consent.notice.shelf import Shelf
from consent.notice.version import load_source, split_front_matter
from tests.unit.notice_reader import FICTITIOUS
from tests.unit.notice_samples import LANGUAGES, publish_as, write_draft


@pytest.fixture
def package():
    return verify_package(FICTITIOUS / "2027.1")


def test_the_texts_and_facts_are_those_of_the_version(package, tmp_path):
    draft = new_draft(package, tmp_path / "privacy")
    assert Shelf.load(tmp_path, "privacy").draft == draft
    source = load_source(draft, LANGUAGES)
    for lang, text in source.texts.items():
        before = package.files[f"{lang}.md"].decode()
        assert text.markdown == split_front_matter(before)[1]
        assert (text.title, text.short) == (
            package.renditions[lang].title,
            package.renditions[lang].short,
        )
    facts = tomllib.loads(package.files["facts.toml"].decode())
    assert {k: v for k, v in source.facts.items() if k != "version"} == {
        k: v for k, v in facts.items() if k != "version"
    }


def test_what_it_told_of_its_change_is_left_out(package, tmp_path):
    source = load_source(new_draft(package, tmp_path / "privacy"), LANGUAGES)
    assert all(text.change == "" for text in source.texts.values())
    assert source.facts["version"] == {"class": "editorial"}
    assert (source.effective, source.reason) == (None, "")


def test_comments_and_order_stay(package, tmp_path):
    raw = (new_draft(package, tmp_path / "privacy") / "facts.toml").read_text("utf-8")
    before = package.files["facts.toml"].decode()
    gone = [line for line in before.splitlines() if line not in raw.splitlines()]
    assert all(line.split(" ")[0] in ("class", "reason", "effective") for line in gone)
    assert len(raw.splitlines()) == len(before.splitlines()) - 2


@pytest.mark.parametrize(
    "version",
    [
        'class = "material"\nreason = """\nclass = "x"\nfor long"""\n',
        'class = "material"\nnotes = """\nreason = none\n"""\n',
        '"class" = "material"\n',
    ],
)
def test_facts_that_are_written_in_another_way_stay_as_they_are(tmp_path, version):
    """Whatever is cut out of a text could be a part of something else."""
    draft = write_draft(tmp_path / "privacy", change="")
    file = draft / "facts.toml"
    text = file.read_text("utf-8").replace('class = "material"\n', version)
    file.write_text(text, "utf-8")
    package = publish_as(draft, "2026.1", date(2026, 1, 1))
    again = new_draft(package, tmp_path / "privacy")
    assert (again / "facts.toml").read_text("utf-8") == text


@pytest.mark.parametrize("name", ["fi.md", "facts.toml"])
def test_a_draft_that_is_there_is_not_written_over(package, tmp_path, name):
    draft = tmp_path / "privacy/draft"
    draft.mkdir(parents=True)
    (draft / name).write_text("half done")
    with pytest.raises(NoticeError, match=f"there is a draft already\n.*move {name} away"):
        new_draft(package, tmp_path / "privacy")
    assert {path.name: path.read_text() for path in draft.iterdir()} == {name: "half done"}


def test_notes_beside_it_stay(package, tmp_path):
    (tmp_path / "privacy/draft").mkdir(parents=True)
    (tmp_path / "privacy/draft/notes.txt").write_text("ask")
    assert new_draft(package, tmp_path / "privacy").joinpath("notes.txt").read_text() == "ask"
