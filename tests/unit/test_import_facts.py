"""What an import reads of the facts, and what it asks the company for (R47)."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from consent.errors import NoticeError
from consent.notice.importing import import_notice, write
from consent.notice.importing.document import document, markdown
from consent.notice.importing.facts import read_facts
from consent.notice.importing.language import language
from consent.notice.importing.markup import read_markup
from consent.notice.importing.pasted import read_pasted
from consent.notice.importing.reading import (
    address,
    bases,
    business_ids,
    company,
    dated,
    first_mail,
    periods,
)
from consent.notice.importing.roles import role, slug
from consent.notice.importing.toml import written
from consent.notice.render import render_version
from consent.notice.version import load_source, unconfirmed
from tests.unit.import_pages import PAGES
from tests.unit.import_samples import FI_BUILDER, PASTED, SV_DASHES, imported
from tests.unit.notice_samples import declaration
from tests.unit.proportion import in_proportion
from tests.unit.terminal import terminal


def test_facts_are_read_where_they_are_sure(tmp_path):
    found = imported(tmp_path, "a.txt", FI_BUILDER)
    facts = tomllib.loads(found.files["facts.toml"])
    assert facts["controller"] == {
        "name": "Leipomo Lumikki Oy",
        "business_id": "1234567-1",
        "street": "Jauhokuja 4 B 12",
        "postcode": "20100",
        "city": "Turku",
        "email": "leivat@lumikki.example",
        "website": "https://www.lumikki.example",
    }
    purposes = [(p["name"]["fi"], p.get("basis"), p.get("confirm")) for p in facts["purposes"]]
    assert purposes == [
        ("Tilausten toimittaminen", "contract", None),
        ("Markkinointi, kuten uutuuksista kertominen", None, True),
        (
            "Lakisääteisten velvollisuuksien noudattaminen, kuten lakiin perustuvat tietopyynnöt",
            None,
            True,
        ),
    ]
    assert "suostumus, oikeutettu etu" in facts["purposes"][1]["question"]["fi"]
    assert facts["retention"][0]["period"] == {"fi": "6 vuotta"}
    assert facts["rights"]["names"] == ["access", "rectification", "erasure"]
    assert facts["sections"]["retention"] == "retention"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sv-dashes", [("Uthyrning av båtar", "contract"), ("Bokföring", "legal-obligation"),
                       ("Nyhetsbrev", "consent")]),
        ("sv-table", [("Leverans av beställningar", "contract"), ("Bokföring", "legal-obligation"),
                      ("Utskick", "legitimate-interest")]),
        ("en-capitals", [("Delivering your orders", "contract"),
                         ("Sending the newsletter", "consent"),
                         ("Improving our shop", "legitimate-interest")]),
        ("fi-numbered", [(None, None)]),
        ("sv-numbered", [("Beställningar", "contract"), ("Nyhetsbrev", "consent")]),
    ],
)  # fmt: skip
def test_purposes_are_read_with_their_bases(tmp_path, name, wanted):
    """From lists of two levels, lists of one, and tables; what is prose is asked for."""
    found = imported(tmp_path, f"{name}.txt", PASTED[name])
    lang = found.documents[0].lang
    facts = tomllib.loads(found.files["facts.toml"])
    told = [(p.get("name", {}).get(lang), p.get("basis")) for p in facts["purposes"]]
    assert told == wanted


def test_a_wrong_check_digit_is_asked_about(tmp_path):
    facts = tomllib.loads(imported(tmp_path, "a.txt", SV_DASHES).files["facts.toml"])
    assert "business_id" not in facts["controller"]
    assert facts["controller"]["confirm"]
    assert "2345678-3" in facts["controller"]["question"]["sv"]
    right = SV_DASHES.replace("2345678-3", "2345678-0")
    facts = tomllib.loads(imported(tmp_path, "b.txt", right).files["facts.toml"])
    assert facts["controller"]["business_id"] == "2345678-0"


def test_the_address_of_the_authority_is_not_taken_for_the_controllers(tmp_path):
    text = (
        "Tietosuojaseloste\n\nTietoja käsitellään vain tilauksia varten, ja ne ovat meillä.\n\n"
        "1. Rekisterinpitäjä\n\nLattia Oy\nY-tunnus: 1234567-1\n\n"
        "2. Valitusoikeus\n\nTietosuojavaltuutetun toimisto\n\n"
        "Lintulahdenkuja 4, 00530 Helsinki\n\ntietosuoja@om.fi, www.tietosuoja.fi\n"
    )
    controller = tomllib.loads(imported(tmp_path, "a.txt", text).files["facts.toml"])["controller"]
    assert not controller.keys() & {"street", "postcode", "email", "website"}
    assert "street, email" in controller["question"]["en"]


def test_rights_are_read_from_every_section_about_them_and_from_no_other(tmp_path):
    text = (
        "Tietosuojaseloste\n\nTietoja käsitellään vain tilauksia varten, ja ne ovat meillä.\n\n"
        "1. Tietojen luovutus ja siirto\n\nTietoja ei luovuteta.\n\n"
        "2. Rekisteröidyn oikeudet\n\nVoit kysyä, mitä tietoja sinusta on, ja korjata ne.\n\n"
        "3. Muut oikeudet\n\nVoit pyytää tietojen poistamista.\n"
    )
    facts = tomllib.loads(imported(tmp_path, "a.txt", text).files["facts.toml"])
    assert facts["rights"]["names"] == ["access", "rectification", "erasure"]


def test_dates_authority_officer_and_old_mechanisms_are_told(tmp_path):
    read = {
        name: tomllib.loads(imported(tmp_path, f"{name}.txt", text).files["facts.toml"])
        for name, text in PASTED.items()
    }
    assert read["sv-dashes"]["version"]["effective"] == "2024-02-01"
    assert read["en-capitals"]["version"]["effective"] == "2018-05-25"
    assert "effective" not in read["fi-numbered"]["version"]
    assert "2018-05-25" in read["fi-numbered"]["version"]["reason"]
    assert read["en-capitals"]["authority"]["website"] == "https://tietosuoja.fi"
    assert read["sv-table"]["authority"]["website"] == "https://www.imy.se"
    assert read["fi-builder"]["authority"]["confirm"]
    assert read["en-lone"]["officer"]["appointed"]
    assert "Privacy Shield" in read["en-capitals"]["transfers"][0]["question"]["en"]
    assert read["en-capitals"]["controller"]["business_id"] == "1234567-1"
    assert read["en-capitals"]["controller"]["phone"] == "+358 40 123 4567"
    assert read["fi-plain"]["controller"]["name"] == "Kivijalka ry"
    assert read["fi-run-in"]["controller"]["name"] == "2 Veljestä Oy"
    assert "2023-04-11" in read["fi-run-in"]["version"]["reason"]
    assert read["sv-numbered"]["officer"]["contact"] == "ombud@hamnen.example"


@pytest.mark.parametrize("name", [*PASTED, *PAGES])
def test_a_draft_that_was_imported_can_be_previewed_and_not_published(tmp_path, name):
    """R47: what is missing carries a question in three languages."""
    suffix, text = (".txt", PASTED[name]) if name in PASTED else (".html", PAGES[name])
    found = imported(tmp_path, name + suffix, text)
    lang = found.documents[0].lang
    write(found, tmp_path / "privacy/draft")
    source = load_source(tmp_path / "privacy/draft", [lang])
    pages = render_version(source, declaration=declaration(), settings_addresses={lang: "/x"})
    assert pages[lang].problems == ()
    missing = unconfirmed(source)
    assert [fact.key for fact in missing] == list(found.missing)
    assert missing
    assert {"fi", "sv", "en"} == set().union(*(fact.question for fact in missing))


def test_languages_of_one_notice_share_ids_and_facts(tmp_path):
    """R48: what a heading does not tell has the id of the first language."""
    texts = {
        "fi.txt": "Tietosuojaseloste\n\nRekisterinpitäjä\n\nLumikki Oy on tietojen "
        "rekisterinpitäjä ja vastaa siitä, että ne ovat oikein.\n\nMukavaa luettavaa?\n\n"
        "Tämä ja tuo on kaikki.\n\nTarkoitukset\n\n- Tilaukset: sopimus\n- Uutiskirje: suostumus\n",
        "sv.txt": "Dataskyddsbeskrivning\n\nPersonuppgiftsansvarig\n\nLumikki Oy är ansvarig för "
        "uppgifterna och för att de är rätt.\n\nNågot trevligt att läsa?\n\nDet är allt som vi har."
        "\n\nÄndamål\n\n- Beställningar: avtal\n- Nyhetsbrev: samtycke\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = import_notice([tmp_path / name for name in texts])
    keys = [[s.key for s in doc.sections] for doc in found.documents]
    assert keys[0] == keys[1] == ["controller", "mukavaa-luettavaa", "purposes"]
    facts = tomllib.loads(found.files["facts.toml"])
    assert facts["purposes"][1] == {
        "id": "uutiskirje",
        "name": {"fi": "Uutiskirje", "sv": "Nyhetsbrev"},
        "basis": "consent",
    }
    (tmp_path / "again.txt").write_text(texts["fi.txt"], "utf-8")
    with pytest.raises(NoticeError, match="another file is in fi"):
        import_notice([tmp_path / "fi.txt", tmp_path / "again.txt"])


def test_import_writes_a_draft_once_and_says_what_it_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = terminal(capsys)
    Path("vanha.txt").write_text(FI_BUILDER, "utf-8")
    code, out, err = run("notice", "import", "vanha.txt")
    assert (code, err) == (0, "")
    assert "vanha.txt: fi, 6 sections, 0 tables\n" in out
    assert "left out, as no part of the notice: top of page\n" in out
    assert "controller.business_id: 1234567-1\n" in out
    assert re.search(r"^missing or unsure: \d+, asked in facts.toml$", out, re.M)
    before = {path: path.read_bytes() for path in Path("notices").rglob("*.*")}
    assert {path.name for path in before} == {"fi.md", "facts.toml"}

    code, out, err = run("notice", "import", "vanha.txt", "--lang", "fi")
    assert (code, out) == (1, "")
    assert "facts.toml: it is there already, and is not overwritten" in err
    assert {path: path.read_bytes() for path in Path("notices").rglob("*.*")} == before
    assert run("notice", "import", "vanha.txt", "--into", "other")[0] == 0
    assert run("notice", "import", "missing.txt")[0] == 2
    assert run("notice", "import", "vanha.txt", "vanha.txt", "--lang", "fi")[0] == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Y-tunnus 1234567-1", [("1234567-1", True)]),
        ("Y-tunnus: 1234567-2.", [("1234567-2", False)]),
        ("VAT FI12345671 and FO-nummer 2345678-0", [("1234567-1", True), ("2345678-0", True)]),
        ("Y-tunnus 1234567‑1, FO-nummer 2345678–0", [("1234567-1", True), ("2345678-0", True)]),
        ("puh. 123-4567, 12345678-1, 1234567-12", []),
    ],
)
def test_business_ids_are_told_with_their_check_digit(text, found):
    assert business_ids(text) == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Käsittely perustuu oikeutettuun etuun ja/tai sopimukseen",
            "contract legitimate-interest",
        ),
        ("Grunden är den registrerades samtycke", "consent"),
        ("to comply with a legal obligation", "legal-obligation"),
        ("Kirjanpitolaki vaatii", "legal-obligation"),
        ("yleinen etu tai elintärkeä etu", "vital-interests public-task"),
        ("Asiakassuhde", ""),
    ],
)
def test_bases_are_known_in_three_languages(text, names):
    assert bases(text) == names.split()


@pytest.mark.parametrize(
    ("line", "effective", "updated"),
    [
        ("Voimassa 1.1.2027 alkaen", date(2027, 1, 1), None),
        ("Tulee voimaan 2. toukokuuta 2026", date(2026, 5, 2), None),
        ("Gäller från den 3 mars 2025", date(2025, 3, 3), None),
        ("Effective date: May 25, 2018", date(2018, 5, 25), None),
        ("Päivitetty 31.12.2020", None, date(2020, 12, 31)),
        ("Last updated 1st of June 2024", None, date(2024, 6, 1)),
        ("Uppdaterad 2024-02-29", None, date(2024, 2, 29)),
        ("Päivitetty 31.2.2020", None, None),
        ("Laki on annettu 5.12.2018", None, None),
    ],
)
def test_days_are_read_in_three_languages(line, effective, updated):
    assert dated([line]) == (effective, updated)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rekisterinpitäjä on Leipomo Lumikki Oy (jäljempänä ”Lumikki”).", "Leipomo Lumikki Oy"),
        ("Oy Meri & Ranta Ab", "Oy Meri"),
        ("Jackbot Oy:n sivut", "Jackbot Oy"),
        ("Vi, Skärgårdens Båtar Ab, är ansvariga", "Skärgårdens Båtar Ab"),
        ("ei yritystä", ""),
    ],
)
def test_companies_are_known_by_their_form(text, name):
    assert company([text]).startswith(name)


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        ("Kirjoita: tietosuoja@esimerkki.fi.", "tietosuoja@esimerkki.fi"),
        ("tietosuoja(at)esimerkki.fi", "tietosuoja@esimerkki.fi"),
        ("skriv till info [ät] exempel.fi", "info@exempel.fi"),
        ("etunimi.sukunimi (at) esimerkki.co.uk", "etunimi.sukunimi@esimerkki.co.uk"),
        ("at home (at the sea)", ""),
    ],
)
def test_a_mail_address_is_read_where_it_is_hidden_too(text, mail):
    assert first_mail([text]) == mail


def test_addresses_are_read_in_one_line_and_in_two():
    assert address("Jauhokuja 4 B 12\n20100 Turku") == ("Jauhokuja 4 B 12", "20100", "Turku")
    assert address("Osoite: PL 12, 00101 Helsinki") == ("PL 12", "00101", "Helsinki")
    assert address("Kanelgatan 2, 903 22 Umeå") == ("Kanelgatan 2", "903 22", "Umeå")
    assert address("ei osoitetta") == ("", "", "")


def test_periods_are_read_in_figures_and_words():
    assert periods("6 vuotta, 24 månader or six (6) years; 30 päivän ajan") == [
        "6 vuotta", "24 månader", "six (6) years", "30 päivän",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "lang", "told"),
    [
        ("Käytetäänkö verkkosivuilla evästeitä ja mitä ne ovat?", "fi", "cookies"),
        ("Miten henkilötietoja säilytetään ja suojataan?", "fi", "security"),
        ("Siirretäänkö tietoja EU:n ulkopuolelle?", "fi", "transfers"),
        ("Rekisteröidyn oikeudet", "fi", "rights"),
        ("Hur länge sparas uppgifterna?", "sv", "retention"),
        ("Mottagare av personuppgifter", "sv", "recipients"),
        ("Who do we share your data with?", "en", "recipients"),
        ("Changes to this notice", "en", "changes"),
        ("Jotain muuta", "fi", ""),
        ("Något annat", "sv", ""),
        ("Poems", "en", ""),
    ],
)
def test_headings_tell_roles_where_they_are_sure(heading, lang, told):
    assert role(heading, lang) == told


def test_ids_are_ascii_words_of_a_bounded_length():
    assert slug("Mitä henkilötietoja keräämme ja käsittelemme yleensä?") == (
        "mita-henkilotietoja-keraamme-ja"
    )
    assert slug("1. vc-Åland & Öar") == "aland-oar"
    assert slug("Ж") == ""
    assert slug("Clarity") == "about-clarity"


def test_languages_are_told_by_small_words():
    assert language("Me keräämme tietoja ja säilytämme ne, kun se on tarpeen") == "fi"
    assert language("Vi samlar in uppgifter och sparar dem som det är tänkt") == "sv"
    assert language("We collect the data that you give to us") == "en"
    assert language("Lorem ipsum dolor sit amet") == ""


def test_facts_are_written_as_toml_whatever_they_hold():
    value = 'a "b" \\ \n\t\x7f ä'
    text = written([("x", {"a": value, "b": [value], "c": {"fi": value, "x.y": value}, "d": True})],
                   several=frozenset())  # fmt: skip
    assert tomllib.loads(text) == {
        "x": {"a": value, "b": [value], "c": {"fi": value, "x.y": value}, "d": True}
    }


HOSTILE = (
    "A.A-",
    "Aa 1 ",
    "a@",
    "[](#",
    "1 2 ",
    "&a",
    "{#",
    "{",
    "**a",
    "perustuu ",
    "\n• a",
    "\n\nA 1",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_of_an_import_grows_with_the_length(piece):
    def work(text):
        doc = document(read_pasted(text, "fi"), "fi", "x")
        return markdown(doc), read_facts([doc])

    assert in_proportion(lambda size: f"Rekisterinpitäjä\n\n{piece * size}", work, 2_000)


@pytest.mark.parametrize(
    "piece", ["<table><td>a", "<p>a", "<b>a", "<ul><li>a", "<header>", "a<br>"]
)
def test_the_time_of_reading_a_page_grows_with_the_length(piece):
    # Of elements nested some thousands deep the sanitiser itself takes the square.
    assert in_proportion(lambda size: piece * size, read_markup, 250, factor=2)
