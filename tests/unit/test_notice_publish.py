"""A draft becomes a package, or nothing changes and every reason is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from consent.errors import NoticeError
from consent.notice import files
from consent.notice.number import VersionNumber, next_number
from consent.notice.package import MANIFEST, artifacts, verify_package
from consent.notice.preview import preview
from consent.notice.shelf import Shelf
from consent.record import canonical
from tests.unit.notice_samples import (
    LANGUAGES,
    SETTINGS,
    declaration,
    line_of_three,
    publish_as,
    refused,
    write_draft,
)

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_a_package_holds_all_that_was_published(tmp_path):
    """R75: number, effective date, a hash of each language, and who released it."""
    draft = write_draft(tmp_path / "privacy")
    sources = {file.name: file.read_bytes() for file in draft.iterdir()}
    package = publish_as(draft, "2026.1", date(2027, 1, 1))

    folder = tmp_path / "privacy/2026.1"
    assert {path.name for path in (tmp_path / "privacy").iterdir()} == {"2026.1"}
    assert {path.name for path in folder.iterdir()} == {
        *sources,
        *(f"{lang}.html" for lang in LANGUAGES),
        MANIFEST,
    }
    assert {name: (folder / name).read_bytes() for name in sources} == sources
    raw = (folder / MANIFEST).read_bytes()
    manifest = json.loads(raw)
    assert raw == canonical(manifest)
    assert package.hash == sha256(raw).hexdigest()
    assert {
        key: manifest[key] for key in ("number", "document", "class", "author", "effective")
    } == {
        "number": "2026.1",
        "document": "privacy",
        "class": "material",
        "author": "Editor",
        "effective": "2027-01-01",
    }
    assert manifest["announced_at"] == "2026-11-01T10:00:00Z"
    assert manifest["effective_at"] == "2026-12-31T22:00:00Z"
    assert manifest["declaration"] == declaration().hash
    assert manifest["facts"] == sha256(sources["facts.toml"]).hexdigest()
    fi = manifest["languages"]["fi"]
    assert fi["title"] == "Tietosuojaseloste fi"
    assert fi["md"] == sha256(sources["fi.md"]).hexdigest()
    assert fi["html"] == sha256((folder / "fi.html").read_bytes()).hexdigest()
    assert package == verify_package(folder)
    assert list(package.renditions) == list(LANGUAGES)
    assert [heading.id for heading in package.renditions["sv"].toc] == ["controller", "purposes"]


def test_every_file_of_a_package_is_an_artifact_under_its_hash(tmp_path):
    package = publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    kept = artifacts(package)
    assert len(kept) == 8
    assert all(sha256(body).hexdigest() == key for key, (_, body) in kept.items())
    assert kept[package.hash][0] == "application/json"


def test_what_an_editor_keeps_beside_the_draft_stays(tmp_path):
    draft = write_draft(tmp_path / "privacy")
    (draft / "notes.txt").write_text("ask the lawyer")
    publish_as(draft, "2026.1", date(2027, 1, 1))
    assert [path.name for path in draft.iterdir()] == ["notes.txt"]
    assert Shelf.load(tmp_path, "privacy").draft is None


def test_publishing_the_same_again_gives_the_same_package(tmp_path):
    first = publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    later = NOW + timedelta(days=400)
    again = publish_as(
        write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1), later, author="Other"
    )
    assert again == first
    in_place = publish_as(tmp_path / "privacy/2026.1", "2026.1", date(2027, 1, 1), later)
    assert in_place == first


@pytest.mark.parametrize(
    ("draft", "effective", "changes"),
    [
        ({"more": " other"}, date(2027, 1, 1), {}),
        ({"change": "Other."}, date(2027, 1, 1), {}),
        ({"change_class": "editorial"}, date(2027, 1, 1), {}),
        ({}, date(2027, 1, 2), {}),
        ({}, date(2027, 1, 1), {"declaration": declaration(provider="Other Ltd")}),
        ({}, date(2027, 1, 1), {"timezone": "Europe/Stockholm"}),
    ],
)
def test_other_content_under_a_number_that_is_taken_is_refused(tmp_path, draft, effective, changes):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    folder = write_draft(tmp_path / "privacy", **draft)
    assert "publish as 2026.2" in refused(folder, "2026.1", effective, **changes)


def test_a_folder_that_has_its_number_already_is_published_in_place(tmp_path):
    folder = write_draft(tmp_path / "privacy", name="2026.1")
    write_draft(tmp_path / "privacy", name="2026.2", more=" two")
    with pytest.raises(NoticeError, match="not published"):
        verify_package(folder)
    package = publish_as(folder, "2026.1", date(2027, 1, 1))
    assert package == verify_package(folder)


@pytest.mark.parametrize("step", range(8))
def test_a_draft_outlives_its_publication_in_place_that_is_cut_short(tmp_path, monkeypatch, step):
    """R75: whichever file is being written then; published again, it leaves nothing else."""
    folder = write_draft(tmp_path / "privacy", name="2026.1")
    draft = {file.name: file.read_bytes() for file in folder.iterdir()}
    bodies = []

    def cut(path, body):
        path.write_bytes(body if len(bodies) < step else b"")
        if len(bodies) == step:
            raise KeyboardInterrupt
        bodies.append(body)

    monkeypatch.setattr(files, "_durable", cut)
    with pytest.raises(KeyboardInterrupt):
        publish_as(folder, "2026.1", date(2027, 1, 1))
    assert {name: (folder / name).read_bytes() for name in draft} == draft
    monkeypatch.undo()
    package = publish_as(folder, "2026.1", date(2027, 1, 1))
    assert {file.name for file in folder.iterdir()} == package.files.keys()


def test_a_fact_that_is_not_confirmed_stops_publication_and_not_the_preview(tmp_path):
    """R47: the version stays a draft."""
    facts = '[[retention]]\nid = "orders"\nperiod = "6 years"\nconfirm = true'
    draft = write_draft(tmp_path / "privacy", facts=facts)
    assert "facts.toml: retention.orders" in refused(draft, "2026.1", date(2027, 1, 1))
    seen = preview(
        draft, languages=LANGUAGES, declaration=declaration(), settings_addresses=SETTINGS
    )
    assert [fact.key for fact in seen.open_facts] == ["retention.orders"]
    assert seen.problems == ()
    assert '<h2 id="controller">' in seen.renditions["en"].body


def test_a_missing_language_a_bad_link_and_a_missing_date_stop_publication(tmp_path):
    draft = write_draft(tmp_path / "privacy", more=" [x](javascript:alert(1))")
    told = refused(draft, "2026.1", None)
    assert told.count("the link is not kept") == 3
    assert "no effective date" in told
    (draft / "sv.md").unlink()
    assert "sv.md" in refused(draft, "2026.1", date(2027, 1, 1))


def test_the_date_may_stand_in_the_facts_but_not_differ(tmp_path):
    draft = write_draft(tmp_path / "privacy")
    text = (draft / "facts.toml").read_text("utf-8")
    dated = text.replace('class = "material"', 'class = "material"\neffective = 2027-01-01')
    (draft / "facts.toml").write_text(dated, "utf-8")
    assert "2027-01-02" in refused(draft, "2026.1", date(2027, 1, 2))
    assert publish_as(draft, "2026.1", None).effective == date(2027, 1, 1)


def test_numbers_only_rise(tmp_path):
    line_of_three(tmp_path / "privacy")
    draft = write_draft(tmp_path / "privacy", more=" more")
    for number in ("2026.3", "2025.1"):
        assert "numbers only rise" in refused(draft, number, date(2027, 6, 1))
    assert publish_as(draft, "2027.2", date(2027, 6, 1)).number == VersionNumber(2027, 2)


@pytest.mark.parametrize("number", ["2028.1", "2072.1", "9999.9999"])
def test_no_number_is_of_a_year_after_its_effect(tmp_path, number):
    """It could not be taken back, and every later version would have to follow it."""
    line_of_three(tmp_path / "privacy")
    draft = write_draft(tmp_path / "privacy", more=" new")
    told = refused(draft, number, date(2027, 6, 1))
    assert f"it is a number of {number[:4]}, and it takes effect in 2027" in told
    assert "publish as 2027.2" in told


@pytest.mark.parametrize(
    ("taken", "year", "free"),
    [
        ([], 2026, "2026.1"),
        (["2026.9"], 2026, "2026.10"),
        (["2026.9"], 2027, "2027.1"),
        (["2027.1"], 2026, "2027.2"),
    ],
)
def test_the_next_number_is_above_every_other(taken, year, free):
    assert str(next_number([VersionNumber.parse(text) for text in taken], year)) == free


@pytest.mark.parametrize("name", ["fi.md", "sv.html", "facts.toml"])
def test_a_changed_file_is_refused(tmp_path, name):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    file = tmp_path / "privacy/2026.1" / name
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(NoticeError) as caught:
        verify_package(file.parent)
    assert [problem.file for problem in caught.value.problems] == [f"2026.1/{name}"]
    with pytest.raises(NoticeError):
        Shelf.load(tmp_path, "privacy")


def test_a_rewritten_manifest_is_another_version_hash(tmp_path):
    """The folder cannot tell by itself; who keeps the hash of what was published can."""
    package = publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    file = tmp_path / "privacy/2026.1" / MANIFEST
    file.write_bytes(canonical(json.loads(file.read_bytes()) | {"author": "Nobody"}))
    rewritten = verify_package(file.parent)
    assert rewritten.hash != package.hash
    assert rewritten != package


def test_every_missing_file_is_told(tmp_path):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    folder = tmp_path / "privacy/2026.1"
    (folder / "fi.html").unlink()
    (folder / "facts.toml").unlink()
    with pytest.raises(NoticeError) as caught:
        verify_package(folder)
    assert len(caught.value.problems) == 2


def test_a_package_under_another_number_is_refused(tmp_path):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    moved = (tmp_path / "privacy/2026.1").rename(tmp_path / "privacy/2026.2")
    with pytest.raises(NoticeError, match=r"it is of version 2026\.1"):
        verify_package(moved)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"class": "huge"},
        {"number": 1},
        {"announced_at": "yesterday"},
        {"effective": None},
        {"order": []},
        {"order": ["fi", "../fi", "sv"]},
        {"languages": {}},
        {"languages": {"fi": [], "sv": {}, "en": {}}},
        {"facts": 1},
    ],
)
def test_a_damaged_manifest_is_refused(tmp_path, change):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", date(2027, 1, 1))
    file = tmp_path / "privacy/2026.1" / MANIFEST
    file.write_bytes(canonical(json.loads(file.read_bytes()) | change))
    with pytest.raises(NoticeError, match="the manifest is damaged"):
        verify_package(file.parent)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"null", b'{"schema": 1}', b"\xff", b"[" * 9999]
)
def test_what_is_no_manifest_is_refused(tmp_path, raw):
    folder = tmp_path / "2026.1"
    folder.mkdir()
    (folder / MANIFEST).write_bytes(raw)
    with pytest.raises(NoticeError, match="the manifest is damaged"):
        verify_package(folder)


def test_now_carries_its_time_zone(tmp_path):
    draft = write_draft(tmp_path / "privacy")
    with pytest.raises(ValueError, match="time zone"):
        publish_as(draft, "2026.1", date(2027, 1, 1), datetime(2026, 1, 1))
