"""The languages of a notice beside each other, and translations that lag behind (R48)."""

from __future__ import annotations

from datetime import date

import pytest

from consent.errors import NoticeError
from consent.notice.lint import Finding, lint, with_source
from tests.unit.notice_samples import LANGUAGES, declaration, draft_files


def found(files: dict[str, bytes], **more: object) -> list[Finding]:
    values: dict[str, object] = {"declaration": declaration(), "effective": date(2027, 1, 1)}
    return lint(files, LANGUAGES, **(values | more))


def pair(fi: str, sv: str) -> list[str]:
    """What is told of a Swedish section beside the Finnish one."""
    files = {
        f"{lang}.md": f"---\ntitle: T\nshort: s\n---\n\n## A {{#a}}\n\n{text}\n".encode()
        for lang, text in (("fi", fi), ("sv", sv))
    }
    findings = lint(files, ["fi", "sv"], facts_wanted=False)
    return [
        f"{one.rule.id} {one.values['what']}"
        for one in findings
        if one.place.file == "sv.md" and one.rule.id in ("N603", "N604", "N605", "N606", "N607")
    ]


@pytest.mark.parametrize(
    ("fi", "sv"),
    [
        ("Voimassa 1.12.2026.", "Gäller från den 1 december 2026."),
        ("Voimassa 1. joulukuuta 2026.", "Gäller från 1.12.2026."),
        ("Voimassa 2026-12-01.", "Gäller 1 december 2026."),
        ("Kahdessa vuodessa.", "Inom 2 år."),
        ("2 vuotta.", "Två år."),
        ("Vuoden ajan.", "I 1 år."),
        ("Soita 029 566 6700.", "Ring +358 29 566 6700."),
        ("Se maksaa 1 000 euroa.", "Det kostar 1000 euro."),
        ("Kello 8.30.", "Klockan 8.30."),
        ("[Ohje](https://tietosuoja.fi/ohje)", "[Anvisning](https://tietosuoja.fi/sv/anvisning)"),
        ("[Ohje](https://www.example.fi)", "[Anvisning](https://example.fi)"),
        ("[Kirjoita](mailto:a@example.fi)", "Skriv: a@example.fi"),
        ("Laki 917/2014, 205 §.", "Lag 917/2014, 205 §."),
        ("| a | b |\n| --- | --- |\n| c | d |", "| e | f |\n| --- | --- |\n| g | h |"),
    ],
)
def test_the_same_said_as_each_language_says_it_is_no_difference(fi, sv):
    assert pair(fi, sv) == []


@pytest.mark.parametrize(
    ("fi", "sv", "told"),
    [
        ("3 vuotta.", "4 år.", "N604 −3, +4"),
        ("Voimassa 1.12.2026.", "Gäller 1.12.2025.", "N605 −2026-12-01, +2025-12-01"),
        ("[o](https://a.example)", "[o](https://b.example)", "N606 −a.example, +b.example"),
        ("[o](#a)", "Ingenting.", "N606 −#a"),
        ("a@example.fi", "b@example.fi", "N607 −a@example.fi, +b@example.fi"),
        ("| a |\n| --- |\n| b |\n| c |", "| a |\n| --- |\n| b |", "N603 2×1 ≠ 3×1"),
        ("Kolmekymmentä.", "30 dagar.", "N604 +30"),
    ],
)
def test_a_difference_is_told_by_section_with_both_sides(fi, sv, told):
    assert pair(fi, sv) == [told]


def test_a_translation_is_up_to_date_until_its_source_changes():
    """By the hash of the source section that is stored in the translation's front matter."""
    files = draft_files()
    files["sv.md"] = with_source(files, "fi", "sv")
    assert b"  controller: " in files["sv.md"]
    assert files["sv.md"].endswith(draft_files()["sv.md"].split(b"---\n", 2)[2])
    assert found(files) == []
    assert with_source(files, "fi", "sv") == files["sv.md"]

    files["fi.md"] = files["fi.md"].replace(b"Katso", b"Katsothan")
    (stale,) = found(files)
    assert (stale.rule.id, stale.place.file, stale.place.section) == ("N608", "sv.md", "purposes")
    assert stale.message("sv").startswith("Översättningen av avsnittet #purposes är föråldrad")
    files["sv.md"] = with_source(files, "fi", "sv")
    assert found(files) == []


def test_where_nothing_is_stored_the_version_before_is_the_witness():
    before = draft_files()
    files = dict(before)
    for lang in ("fi", "en"):
        files[f"{lang}.md"] = files[f"{lang}.md"].replace(b"oma@example.fi.", b"oma@example.fi!")
    (stale,) = found(files, before=before)
    assert (stale.rule.id, stale.place.file, stale.place.section) == ("N608", "sv.md", "controller")
    assert found(files) == []


def test_blank_space_makes_no_translation_stale():
    before = draft_files()
    files = before | {"fi.md": before["fi.md"].replace(b"## Miksi", b"\n\n## Miksi")}
    assert found(files, before=before) == []


def test_a_summary_that_changed_is_stale_by_itself():
    before = draft_files()
    files = before | {"fi.md": before["fi.md"].replace(b"Lyhyesti.", b"Lyhyesti taas.")}
    told = [(one.rule.id, one.place.file) for one in found(files, before=before)]
    assert told == [("N608", "sv.md"), ("N608", "en.md")]


def test_a_language_may_be_shown_in_another_if_the_facts_say_so():
    files = draft_files(facts='[fallback]\nsv = "fi"')
    del files["sv.md"]
    assert found(files) == []
    del files["en.md"]
    assert [(one.rule.id, one.place.file) for one in found(files)] == [("N601", "en.md")]


def test_a_file_that_is_no_notice_cannot_be_marked():
    with pytest.raises(NoticeError, match="front matter"):
        with_source(draft_files() | {"sv.md": b"text"}, "fi", "sv")
