"""Version numbers, and a version folder as its editor writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import NoticeError
from consent.notice.version import VersionNumber, load_source, unconfirmed
from tests.unit.notice_samples import FACTS, LANGUAGES, write_draft

ESCAPED = '[[recipients]]\nid = "x"\nname = { fi = "a\\u202Eb", sv = "a", en = "a" }'


def keys(error: NoticeError) -> set[tuple[str, str]]:
    return {(problem.file, problem.key) for problem in error.problems}


def test_numbers_are_compared_by_their_integers():
    numbers = [VersionNumber.parse(text) for text in ("2026.10", "2027.1", "2026.9", "2026.1")]
    assert [str(n) for n in sorted(numbers)] == ["2026.1", "2026.9", "2026.10", "2027.1"]


@pytest.mark.parametrize(
    "text", ["", "2026", "2026.0", "2026.01", "26.1", "2026.1.1", " 2026.1", "2026.1\n", "٢٠٢٦.1"]
)
def test_any_other_form_is_no_number(text):
    with pytest.raises(ValueError, match="is not a version number"):
        VersionNumber.parse(text)
    assert VersionNumber.read(text) is None


@given(st.integers(1000, 9999), st.integers(1, 9999))
def test_a_number_is_read_as_it_is_written(year, n):
    assert VersionNumber.parse(str(VersionNumber(year, n))) == VersionNumber(year, n)


def test_a_folder_is_read_with_its_front_matter(tmp_path):
    source = load_source(write_draft(tmp_path / "privacy"), LANGUAGES)
    assert source.document == "privacy"
    assert list(source.texts) == ["fi", "sv", "en"]
    text = source.texts["fi"]
    assert (text.title, text.short, text.change) == (
        "Tietosuojaseloste fi",
        "Lyhyesti.",
        "Jotain muuttui.",
    )
    assert text.markdown.lstrip().startswith("## Kuka")
    assert source.change_class == "material"
    assert source.effective is None


def test_yaml_makes_no_number_and_no_boolean_of_a_text(tmp_path):
    folder = write_draft(tmp_path / "privacy")
    text = "---\ntitle: 2026.10\nshort: no\nchange: 1e3\n---\n## A {#a}\n"
    (folder / "fi.md").write_text(text)
    read = load_source(folder, ["fi"]).texts["fi"]
    assert (read.title, read.short, read.change) == ("2026.10", "no", "1e3")


def test_lines_may_end_as_windows_writes_them(tmp_path):
    folder = write_draft(tmp_path / "privacy")
    raw = (folder / "fi.md").read_bytes().replace(b"\n", b"\r\n")
    (folder / "fi.md").write_bytes(raw)
    text = load_source(folder, LANGUAGES).texts["fi"]
    assert text.title == "Tietosuojaseloste fi"
    assert text.raw == raw


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    folder = write_draft(tmp_path / "privacy")
    (folder / "fi.md").write_text("# no front matter")
    long = f"short: {'word ' * 121}\nchange: {'x' * 401}"
    (folder / "sv.md").write_text(f"---\n{long}\nauthor: me\n---\ntext")
    (folder / "en.md").unlink()
    facts = (
        '[version]\nclass = "huge"\neffective = "soon"\n[[purposes]]\nid = "a"\nbasis = "and/or"'
    )
    (folder / "facts.toml").write_text(facts)
    with pytest.raises(NoticeError) as caught:
        load_source(folder, LANGUAGES)
    assert keys(caught.value) == {
        ("fi.md", ""),
        ("sv.md", "author"),
        ("en.md", ""),
        ("facts.toml", "version.class"),
        ("facts.toml", "version.effective"),
        ("facts.toml", "controller.name"),
        ("facts.toml", "purposes.a.basis"),
    }
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_summary_that_is_too_long_and_a_missing_title_are_faults(tmp_path):
    folder = write_draft(tmp_path / "privacy")
    (folder / "fi.md").write_text(
        f"---\nshort: {'word ' * 121}\nchange: {'x' * 401}\n---\n## A {{#a}}\n"
    )
    with pytest.raises(NoticeError) as caught:
        load_source(folder, LANGUAGES)
    assert keys(caught.value) == {("fi.md", "title"), ("fi.md", "short"), ("fi.md", "change")}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("fi.md", b"---\ntitle: \xff\n---\ntext"),
        ("fi.md", b"---\ntitle: [\n---\ntext"),
        ("fi.md", b"---\n- a\n---\ntext"),
        ("fi.md", b"---\ntitle: [a, b]\n---\ntext"),
        ("fi.md", b"---\ntitle: a\n---\n"),
        ("fi.md", "---\ntitle: a\u202eb\n---\ntext".encode()),
        ("fi.md", b"---\ntitle: a\n---\ntext\x1b[31m"),
        # Escapes of YAML and TOML, which the bytes of the file do not show.
        ("fi.md", b'---\ntitle: "a\\u202Eb"\n---\ntext'),
        ("fi.md", b'---\ntitle: a\nchange: "a\\x01b"\n---\ntext'),
        ("fi.md", b'---\ntitle: "a\\uD800"\n---\ntext'),
        ("fi.md", b'---\ntitle: "a\\uFFFF"\n---\ntext'),
        ("facts.toml", FACTS.format(change_class="material", more=ESCAPED).encode()),
        ("facts.toml", b"[version"),
        ("facts.toml", b"\xff"),
    ],
)
def test_a_damaged_file_is_one_fault_of_that_file(tmp_path, file, content):
    folder = write_draft(tmp_path / "privacy")
    (folder / file).write_bytes(content)
    with pytest.raises(NoticeError) as caught:
        load_source(folder, LANGUAGES)
    assert {problem.file for problem in caught.value.problems} == {file}


def test_a_legitimate_interest_is_named_and_texts_have_every_language(tmp_path):
    facts = '[[purposes]]\nid = "ads"\nbasis = "legitimate-interest"\nname = { fi = "Mainonta" }'
    folder = write_draft(tmp_path / "privacy", facts=facts)
    with pytest.raises(NoticeError) as caught:
        load_source(folder, LANGUAGES)
    assert keys(caught.value) == {
        ("facts.toml", "purposes.ads.interest"),
        ("facts.toml", "purposes.ads.name.sv"),
        ("facts.toml", "purposes.ads.name.en"),
    }


def test_unconfirmed_facts_are_listed_with_their_place_section_and_question(tmp_path):
    facts = """
[[retention]]
id = "orders"
period = "6 years"
confirm = true

[[recipients]]
name = "Host"

[[recipients]]
name = "Printer"
confirm = true
section = "who"
question = { fi = "Kuka?", sv = "Vem?", en = "Who?" }
"""
    source = load_source(write_draft(tmp_path / "privacy", facts=facts), LANGUAGES)
    orders, printer = unconfirmed(source)
    assert (orders.key, orders.section) == ("retention.orders", "purposes")
    assert orders.question["en"] == "Confirm or correct: retention.orders (period = 6 years)"
    assert printer == ("recipients[3]", "who", {"fi": "Kuka?", "sv": "Vem?", "en": "Who?"})


def test_confirm_is_true_or_false_and_nothing_else(tmp_path):
    facts = '[officer]\nconfirm = "yes"'
    with pytest.raises(NoticeError) as caught:
        load_source(write_draft(tmp_path / "privacy", facts=facts), LANGUAGES)
    assert keys(caught.value) == {("facts.toml", "officer.confirm")}


@given(st.binary(max_size=200))
def test_no_bytes_in_a_file_lead_to_another_exception(tmp_path_factory, raw):
    folder = write_draft(tmp_path_factory.mktemp("notice"))
    for name in ("fi.md", "facts.toml"):
        Path(folder / name).write_bytes(raw)
        with pytest.raises(NoticeError):
            load_source(folder, ["fi"])
