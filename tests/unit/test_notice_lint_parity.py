"""The languages of a notice beside each other, and translations that lag behind (R48)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.errors import NoticeError
from consent.notice.lint import Finding, lint, with_source
from consent.notice.lint.quantities import quantities
from consent.notice.lint.words import vocabulary
from tests.unit.notice_samples import LANGUAGES, declaration, draft_files
from tests.unit.proportion import in_proportion


def found(files: dict[str, bytes], **more: object) -> list[Finding]:
    values: dict[str, object] = {"declaration": declaration(), "effective": date(2027, 1, 1)}
    return lint(files, LANGUAGES, **(values | more))


def beside(texts: dict[str, str]) -> list[str]:
    """What is told of each language of a section beside the first."""
    files = {
        f"{lang}.md": f"---\ntitle: T\nshort: s\n---\n\n## A {{#a}}\n\n{text}\n".encode()
        for lang, text in texts.items()
    }
    told = []
    for one in lint(files, list(texts), facts_wanted=False):
        if one.rule.id in ("N603", "N604", "N605", "N606", "N607"):
            what = one.values["what"]
            told.append(f"{one.rule.id} {what if isinstance(what, str) else what['fi']}")
    return told


TABLE = "| {} | {} |\n| --- | --- |\n| {} | {} |\n| {} | {} |"
SAME = [
    ("Voimassa 1.12.2026.", "Gäller från den 1 december 2026.", "In force since December 1, 2026."),
    ("Voimassa 1. joulukuuta 2026.", "Gäller från 1.12.2026.", "In force since 1/12/2026."),
    ("Voimassa 2026-12-01.", "Gäller 1 dec. 2026.", "In force on the 1st of December 2026."),
    ("joulukuun 1. päivänä 2026", "den 1:a december 2026", "December 1st, 2026"),
    ("joulukuussa 2026", "i december 2026", "in December 2026"),
    ("1.6.–31.8.", "1 juni–31 augusti", "1 June–31 August"),
    ("1.–31.12.2026", "1–31 december 2026", "1–31 December 2026"),
    ("30 kertaa toukokuussa 2026", "30 gånger i maj 2026", "30 times in May 2026, which may 30"),
    ("Kahdessa vuodessa.", "Inom 2 år.", "In two years."),
    ("2 vuotta.", "Två år.", "24 months."),
    ("Vuoden ajan.", "I 1 år.", "For a year."),
    ("12 kuukautta.", "Ett år.", "Twelve months."),
    ("Puolen vuoden ajan.", "Ett halvår.", "For six months."),
    ("Kuukauden kuluessa.", "Inom en månad.", "Within 1 month."),
    ("14 vuorokautta.", "Två veckor.", "14 days."),
    ("48 tuntia.", "Två dygn.", "48 hours."),
    ("Kolmenkymmenen päivän kuluessa.", "Inom 30 dagar.", "Within thirty (30) days."),
    ("kahtena vuonna", "under två år", "in two years"),
    ("Soita 029 566 6700.", "Ring +358 29 566 6700.", "Call +358 (0)29 566 6700."),
    ("040 123 4567", "+358401234567", "00358 40 123 4567"),
    ("Se maksaa 1 000 euroa.", "Det kostar 1000 euro.", "It costs €1,000."),
    ("1 234,50 € (alv 25,5 %)", "1.234,50 euro (moms 25,5 %)", "€1,234.50 (VAT 25.5%)"),
    ("1\u00a0234,50 €", "1\u202f234,50 €", "EUR 1,234.50"),
    ("10,00 € kuussa", "10 euro i månaden", "€10.00 monthly"),
    ("Maksamme 100 SEK.", "Vi betalar 100 SEK.", "We pay SEK 100."),
    ("Kello 8.30.", "Klockan 8.30.", "At 8:30 a.m."),
    ("Avoinna klo 8.30–16.00.", "Öppet kl. 8.30–16.", "Open from 8.30 to 4 p.m."),
    ("klo 9.10", "kl 9.10", "9:10 am"),
    ("6 artiklan 1 kohdan f alakohta", "artikel 6.1 f", "Article 6(1)(f)"),
    ("Laki 917/2014, 205 §.", "Lag 917/2014, 205 §.", "Act 917/2014, section 205."),
    ("kolmannet osapuolet", "tredje parter", "third parties"),
    ("Versio 2026.1", "Version 2026.1", "Version 2026.1"),
    ("a(at)example.fi", "a@example.fi", "a [at] example.fi"),
    ("[Kirjoita](mailto:a@example.fi)", "Skriv: a@example.fi", "Write to a@example.fi"),
    ("[o](https://tietosuoja.fi/o)", "[a](https://tietosuoja.fi/sv/a)", "[h](https://tietosuoja.fi/en)"),
    ("[o](https://www.example.fi)", "[a](https://example.fi)", "[h](https://example.fi/en)"),
    (
        TABLE.format("Tieto", "Aika", "Laskut", "6 vuotta", "Viestit", "2 kk"),
        TABLE.format("Uppgift", "Tid", "Fakturor", "sex år", "Meddelanden", "två månader"),
        TABLE.format("Data", "Time", "Invoices", "6 years", "Messages", "two months"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("texts", SAME, ids=range(len(SAME)))
def test_the_same_said_as_each_language_says_it_is_no_difference(texts):
    assert beside(dict(zip(LANGUAGES, texts, strict=True))) == []


@pytest.mark.parametrize(
    ("fi", "sv", "told"),
    [
        ("3 vuotta.", "4 år.", ["N604 −3 vuotta, +4 vuotta"]),
        ("3 vuotta.", "3 månader.", ["N604 −3 vuotta, +3 kuukautta"]),
        ("kolme vuotta", "fyra år", ["N604 −3 vuotta, +4 vuotta"]),
        ("24 kuukautta", "tre år", ["N604 −2 vuotta, +3 vuotta"]),
        ("Kohta 6 (a) 3 vuotta", "Punkt 6 (a) 4 år", ["N604 −3 vuotta, +4 vuotta"]),
        ("1 234,50 €", "1.243,50 €", ["N604 −1234.50, +1243.50"]),
        ("25,5 %", "24 %", ["N604 −25.5, +24"]),
        ("klo 8.30", "kl. 20.30", ["N604 −8.30, +20.30"]),
        ("029 566 6700", "+358 29 566 6701", ["N604 −295666700, +295666701"]),
        ("Voimassa 1.12.2026.", "Gäller 1.12.2025.", ["N605 −2026-12-01, +2025-12-01"]),
        ("Voimassa 1.12.2026.", "Gäller 12 januari 2026.", ["N605 −2026-12-01, +2026-01-12"]),
        ("joulukuussa 2026", "i november 2026", ["N605 −2026-12, +2026-11"]),
        ("[o](https://a.example)", "[o](https://b.example)", ["N606 −a.example, +b.example"]),
        ("[o](#a)", "Ingenting.", ["N606 −#a"]),
        ("a@example.fi", "b@example.fi", ["N607 −a@example.fi, +b@example.fi"]),
        ("| a |\n| --- |\n| b |\n| c |", "| a |\n| --- |\n| b |", ["N603 2×1 ≠ 3×1"]),
    ],
)  # fmt: skip
def test_a_difference_is_told_by_section_with_both_sides(fi, sv, told):
    assert beside({"fi": fi, "sv": sv}) == told


@pytest.mark.parametrize(
    ("fi", "sv"),
    [
        ("- Laskut 6 vuotta\n- Viestit 2 vuotta", "- Fakturor 2 år\n- Meddelanden 6 år"),
        (
            TABLE.format("Tieto", "Aika", "Laskut", "6 vuotta", "Viestit", "2 vuotta"),
            TABLE.format("Uppgift", "Tid", "Fakturor", "2 år", "Meddelanden", "6 år"),
        ),
    ],
)
def test_what_has_changed_places_in_a_list_or_a_table_is_told_where_it_stands(fi, sv):
    told = beside({"fi": fi, "sv": sv})
    assert told == ["N604 −6 vuotta, +2 vuotta", "N604 −2 vuotta, +6 vuotta"]


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


PIECES = [*"0123456789 .,:/-–+()§€%@'’", "vuotta ", "kolme ", "klo ", "1" * 5_000]
WORDS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=200, deadline=None)
@given(WORDS | st.text())
def test_what_any_text_counts_can_be_read(text):
    """Nothing raises, whatever the digits, and no number is longer than its text."""
    known = vocabulary("fi")
    once = quantities(text, known)
    assert all(len(number) <= len(text) for number in once.numbers)


@pytest.mark.parametrize(
    "piece",
    ["## A {{#a{n}}}\n\n- {n} vuotta\n- 1.{n}.2026\n\n", "| {n} € | 9 h |\n", "0 ", "9" * 50],
)
def test_the_work_grows_as_the_notice_does(piece):
    def make(size: int) -> dict[str, bytes]:
        head = "---\ntitle: T\n---\n\n## Alku {#start}\n\n| a | b |\n| --- | --- |\n"
        text = (head + "".join(piece.format(n=n) for n in range(size))).encode()
        return {"fi.md": text, "sv.md": text}

    assert in_proportion(make, lambda files: lint(files, ["fi", "sv"]), 120)
