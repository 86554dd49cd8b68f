"""Jackbot's notice, and the rules it shares with the fictitious one: parity, language, facts."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from consent.settings import load
from tests.unit.notice_reader import (
    FICTITIOUS,
    JACKBOT,
    LANGUAGES,
    ROOT,
    VERSIONS,
    facts,
    front,
    notice,
    sentences,
    tables_of,
    whole,
)

FOLDERS = [JACKBOT, *(FICTITIOUS / version for version in VERSIONS)]

# The rights of R56 and what each language calls them, by the stem that the lint looks for.
RIGHTS = {
    "fi": ("tarkastaa", "oikais", "poista", "rajoit", "siirtää tiedot", "vastusta"),
    "sv": ("tillgång", "rätta", "radera", "begräns", "portabilitet", "invänd"),
    "en": ("access", "rectif", "eras", "restrict", "portab", "object"),
}
# Words that leave the reader in doubt (R67).
HEDGES = {
    "fi": r"\b(voi|voidaan|saatta\w*|saatetaan|tarvittaessa|lähtökohtaisesti|pääasia\w*"
    r"|pääsääntöi\w*|ensisijai\w*|mahdollise\w*|esimerkiksi|kuten|muun muassa)\b",
    "sv": r"\b(kan komma att|vid behov|till exempel|t\.ex\.|bland annat|i regel|eventuell\w*)\b",
    "en": r"\b(may|might|such as|where necessary|for example|if necessary|generally)\b",
}
HEDGES_PER_1000_WORDS = 10
FORBIDDEN = (
    "privacy shield",
    "safe harbo",
    "ja/tai",
    "och/eller",
    "and/or",
    "todo",
    "top of page",
    "bottom of page",
    "tietosuojalauseke",
    "tietosuojalausekkee",
    "rekisteriseloste",
    "niin kauan kuin on tarpee",
    "så länge det är nödvänd",
    "as long as necessary",
    "tutustua säännöllisesti",
    "regelbundet ta del",
    "regularly",
    "pidättää oikeuden",
    "förbehåller sig rätten",
    "reserve the right",
)
# Mean words per sentence (R68).
MEAN = {"fi": 15, "sv": 20, "en": 20}
LONGEST = 40


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    code: str = request.param
    return code


# --- What the three languages share (R48) ---


def test_the_languages_have_the_same_sections_in_the_same_order(folder: Path) -> None:
    first, *others = (list(notice(folder, lang)) for lang in LANGUAGES)
    assert len(first) > 8
    for other in others:
        assert other == first


def test_the_languages_have_the_same_table_shapes(folder: Path) -> None:
    for key in notice(folder, "fi"):
        shapes = [
            [[len(row) for row in table] for table in notice(folder, lang)[key].tables]
            for lang in LANGUAGES
        ]
        assert shapes[0] == shapes[1] == shapes[2], key
        assert all(columns <= 4 for columns in chain.from_iterable(chain(*shapes)))


def test_the_languages_have_the_same_lists(folder: Path) -> None:
    for key in notice(folder, "fi"):
        shapes = [
            [(e.tag, len(e)) for e in notice(folder, lang)[key].root if e.tag != "p"]
            for lang in LANGUAGES
        ]
        assert shapes[0] == shapes[1] == shapes[2], key


def test_the_languages_have_the_same_numbers_links_and_addresses(folder: Path) -> None:
    for key in notice(folder, "fi"):
        ours = [notice(folder, lang)[key] for lang in LANGUAGES]
        numbers = [sorted(re.findall(r"\d+", section.text)) for section in ours]
        assert numbers[0] == numbers[1] == numbers[2], key
        mails = [sorted(re.findall(r"[\w.-]+@[\w.-]+\w", section.text)) for section in ours]
        assert mails[0] == mails[1] == mails[2], key
        links = [section.links for section in ours]
        assert links[0] == links[1] == links[2], key


def test_the_languages_have_the_same_front_matter(folder: Path) -> None:
    for lang in LANGUAGES:
        values = front(folder, lang)
        assert list(values) == ["title", "short", "change"]
        assert bool(values["change"]) == bool(front(folder, "fi")["change"])


def test_the_cookie_table_and_the_settings_link_stand_in_their_sections(
    folder: Path, lang: str
) -> None:
    ours = notice(folder, lang)
    assert [key for key in ours if "[[cookies]]" in ours[key].blocks] == ["cookies"]
    assert "[[settings]]" in ours["cookies"].links
    assert "[[settings]]" in ours["withdrawal"].links


def test_the_notice_says_how_the_browsers_signal_is_treated(lang: str) -> None:
    """R91: in a section of its own, which names the signal."""
    section = notice(JACKBOT, lang)["gpc"]
    assert "Global Privacy Control" in section.blocks[0]


def test_every_link_leads_somewhere(folder: Path, lang: str) -> None:
    ours = notice(folder, lang)
    for link in chain.from_iterable(section.links for section in ours.values()):
        assert link == "[[settings]]" or link.startswith(("https://", "mailto:", "tel:", "#"))
        if link.startswith("#"):
            assert link[1:] in ours


# --- How the text is written ---


def test_the_summary_and_the_change_keep_their_length(folder: Path, lang: str) -> None:
    """A summary is at most 120 words (R69), a change at most 400 characters (R77)."""
    assert 0 < len(front(folder, lang)["short"].split()) <= 120
    assert len(front(folder, lang)["change"]) <= 400


def test_sentences_are_short(folder: Path, lang: str) -> None:
    """Sentences of prose have 15 words on average in Finnish, 20 in the others (R68)."""
    ours = notice(folder, lang).values()
    prose = [n for section in ours for text in section.prose for n in sentences(text)]
    every = [n for section in ours for text in section.blocks for n in sentences(text)]
    summary = sentences(front(folder, lang)["short"])
    assert sum(prose) / len(prose) <= MEAN[lang]
    assert sum(summary) / len(summary) <= MEAN[lang]
    assert max(every + summary + sentences(front(folder, lang)["change"])) <= LONGEST


def test_the_text_says_what_it_means(folder: Path, lang: str) -> None:
    """Hedges stay under 10 in 1,000 words (R67)."""
    text = whole(folder, lang)
    hedges = re.findall(HEDGES[lang], text, re.IGNORECASE)
    assert len(hedges) * 1000 <= HEDGES_PER_1000_WORDS * len(text.split()), hedges


def test_nothing_obsolete_or_left_over_stands_in_the_text(folder: Path, lang: str) -> None:
    """Void mechanisms, doubled bases, duties of the reader and leftovers (R51, R54, R72, R85)."""
    text = whole(folder, lang).lower()
    assert not [phrase for phrase in FORBIDDEN if phrase in text]
    assert not re.search(r"suostumu[^.]*selaime\w* asetu", text)


def test_finnish_calls_the_notice_by_one_name(folder: Path) -> None:
    """The word is tietosuojaseloste, and nothing else (R72)."""
    text = whole(folder, "fi").lower()
    assert "tietosuojaseloste" in text
    assert not re.search(r"tietosuoja(lausek|ilmoitu|käytän|politiik)|(?<!tietosuoja)selost", text)


def test_all_six_rights_are_named(folder: Path, lang: str) -> None:
    text = notice(folder, lang)["rights"].text.lower()
    assert not [stem for stem in RIGHTS[lang] if stem not in text]


# --- The facts ---


def test_the_facts_name_one_basis_a_purpose_and_every_interest(folder: Path) -> None:
    """One basis a purpose (R51), an interest where the basis is an interest (R52)."""
    for purpose in facts(folder)["purposes"]:
        assert purpose["basis"] in (
            "contract",
            "legal-obligation",
            "consent",
            "legitimate-interest",
        )
        assert ("interest" in purpose) == (purpose["basis"] == "legitimate-interest")


def test_the_facts_refer_to_what_they_hold(folder: Path) -> None:
    """Purposes, recipients, sources, transfers and periods name known kinds of data (R55, R63)."""
    data = {kind["id"] for kind in facts(folder)["data"]}
    periods = {period["id"]: set(period["data"]) for period in facts(folder)["retention"]}
    assert set(chain.from_iterable(periods.values())) == data
    for name in ("purposes", "recipients", "sources", "transfers"):
        for table in facts(folder).get(name, []):
            assert set(table["data"]) <= data, table["id"]
    for purpose in facts(folder)["purposes"]:
        assert purpose["data"]
        kept = set(chain.from_iterable(periods[key] for key in purpose["retention"]))
        assert set(purpose["data"]) <= kept, purpose["id"]
    used = chain.from_iterable(purpose["data"] for purpose in facts(folder)["purposes"])
    assert set(used) == data


def test_every_text_of_the_facts_has_all_languages(folder: Path) -> None:
    for path, table in tables_of(facts(folder)):
        if set(LANGUAGES) & table.keys():
            assert list(table) == list(LANGUAGES), path
            assert all(table.values()), path


def test_the_facts_stand_in_the_sections_they_name(folder: Path, lang: str) -> None:
    """Names, interests and periods of the facts are the words of the text (R47, R49-R55)."""
    ours, ids = notice(folder, lang), facts(folder)["sections"]
    assert set(ids.values()) <= set(ours)
    expected = {
        "purposes": ("name", "interest"),
        "data": ("name", "contains", "concerns"),
        "sources": ("name",),
        "recipients": ("name",),
        "retention": ("period",),
    }
    for name, keys in expected.items():
        text = ours[ids[name]].text
        for table, key in ((t, key) for t in facts(folder).get(name, []) for key in keys):
            if key in table:
                assert table[key][lang] in text, (name, table["id"])
    authority = ours[ids["authority"]].text
    for value in facts(folder)["authority"].values():
        told = value[lang] if isinstance(value, dict) else value.removeprefix("https://")
        assert told in authority
    company = facts(folder)["controller"]
    for key in ("name", "business_id", "street", "postcode", "city", "email"):
        value = company[key]
        told = value[lang] if isinstance(value, dict) else value
        assert told in ours[ids["controller"]].text


def test_both_authorities_stand_in_the_cookie_section(folder: Path, lang: str) -> None:
    """Traficom for the storing of cookies, the Ombudsman for personal data (R64)."""
    text = notice(folder, lang)["cookies"].text
    ombudsman = {"fi": "ietosuojavaltuutettu", "sv": "ataombudsmannen", "en": "Ombudsman"}
    assert "Traficom" in text
    assert ombudsman[lang] in text


def test_withdrawal_keeps_earlier_processing_lawful(folder: Path, lang: str) -> None:
    """Said within 300 characters of the withdrawal (R58)."""
    pattern = {
        "fi": r"peruut.{0,300}lainmukaisu",
        "sv": r"återkall.{0,300}laglig",
        "en": r"withdraw.{0,300}lawful",
    }
    text = notice(folder, lang)["withdrawal"].text
    assert re.search(pattern[lang], text, re.IGNORECASE | re.DOTALL)


# --- Jackbot's own ---


@pytest.mark.parametrize(
    "fact",
    [
        "Jackbot Oy",
        "2897597-7",
        "Ratinankatu 2 A 11",
        "33100 Tamp|33100 Tammerfors",
        "www.jackbot.fi",
        "asiakaspalvelu@jackbot.fi",
        "Fonecta",
        "LinkedIn",
        "00530 Hels",
        "00531 Hels",
        "029 566 6700",
        "tietosuoja.fi",
        "Global Privacy Control",
        "IP-osoite|IP-adress|IP address",
    ],
)
def test_a_hard_fact_stands_in_every_language(fact: str, lang: str) -> None:
    assert re.search(fact, whole(JACKBOT, lang))


def test_the_purposes_table_is_the_facts(lang: str) -> None:
    """The table has one row a purpose: its name, its one basis and its kinds of data (R51, R63)."""
    data = {kind["id"]: kind["name"][lang] for kind in facts(JACKBOT)["data"]}
    bases = facts(JACKBOT)["bases"]
    _, *rows = notice(JACKBOT, lang)["purposes"].tables[0]
    assert rows == [
        [
            purpose["name"][lang],
            bases[purpose["basis"]]["name"][lang],
            ", ".join(data[key] for key in purpose["data"]).capitalize(),
        ]
        for purpose in facts(JACKBOT)["purposes"]
    ]


def test_every_interest_has_its_row(lang: str) -> None:
    """Each purpose with a legitimate interest stands in the table of interests (R52)."""
    _, *rows = notice(JACKBOT, lang)["purposes"].tables[1]
    resting = [p for p in facts(JACKBOT)["purposes"] if p["basis"] == "legitimate-interest"]
    assert [row[1] for row in rows] == [purpose["interest"][lang] for purpose in resting]
    for row, purpose in zip(rows, resting, strict=True):
        assert purpose["name"][lang].startswith(row[0])


def test_the_recipients_table_is_the_facts(lang: str) -> None:
    """Each recipient has its row, with the kinds of data that it gets (R53)."""
    data = {kind["id"]: kind["name"][lang].lower() for kind in facts(JACKBOT)["data"]}
    _, *rows = notice(JACKBOT, lang)["recipients"].tables[0]
    told = facts(JACKBOT)["recipients"]
    assert [row[0] for row in rows] == [recipient["name"][lang] for recipient in told]
    for row, recipient in zip(rows, told, strict=True):
        for key in recipient["data"]:
            assert data[key] in row[1]


def test_the_retention_table_covers_every_kind_of_data(lang: str) -> None:
    """A period or a criterion for each kind of data (R55)."""
    _, *rows = notice(JACKBOT, lang)["retention"].tables[0]
    periods = [period["period"][lang] for period in facts(JACKBOT)["retention"]]
    assert sorted(row[1] for row in rows) == sorted(periods)
    told = " ".join(row[0] for row in rows).lower()
    for kind in facts(JACKBOT)["data"]:
        assert kind["name"][lang].lower() in told


def test_what_the_company_has_not_given_is_asked() -> None:
    """Each unconfirmed fact has a question in three languages and the section that tells it."""
    ours = notice(JACKBOT, "fi")
    open_facts = [
        (path, table) for path, table in tables_of(facts(JACKBOT)) if table.get("confirm")
    ]
    assert open_facts
    for path, table in open_facts:
        assert table["confirm"] is True, path
        assert table["section"] in ours, path
        assert list(table["question"]) == list(LANGUAGES), path
        assert all(text.rstrip().endswith(("?", ".")) for text in table["question"].values()), path
    unasked = [path for path, table in tables_of(facts(JACKBOT)) if "question" in table]
    assert unasked == [path for path, _ in open_facts]


def test_proposals_about_the_company_are_never_taken_for_facts() -> None:
    """Officer, periods and recipients were not given by the company, so all ask to be confirmed."""
    given_by_law = {"billing", "authorities"}
    unconfirmed = {"officer", "security", "automated", "changes", "roles"}
    assert all(facts(JACKBOT)[name]["confirm"] for name in unconfirmed)
    for name in ("recipients", "retention", "transfers", "sources"):
        for table in facts(JACKBOT)[name]:
            assert table.get("confirm") is True or table["id"] in given_by_law, table["id"]
    assert "effective" not in facts(JACKBOT)["version"]


def test_the_notice_calls_the_categories_as_the_banner_does(lang: str) -> None:
    """R7: what is agreed to in one place is found in the other by the same words."""
    section = notice(JACKBOT, lang)["cookies"]
    bold = [element.text for element in section.root.iter("strong")]
    site = load(ROOT / "examples/jackbot/consent.toml", signing=False)
    asked = [c for c in site.declaration.categories if not c.necessary]
    assert bold == [f"{category.name[lang]}:" for category in asked]


def test_direct_marketing_may_be_objected_to_without_reasons(lang: str) -> None:
    """The objection has a section of its own, direct marketing first (R57)."""
    section = notice(JACKBOT, lang)["objection"]
    stems = {"fi": "vastusta", "sv": "invänd", "en": "object"}
    unconditional = {"fi": "ilman perusteluja", "sv": "utan motivering", "en": "without giving"}
    assert stems[lang] in section.heading.lower()
    assert unconditional[lang] in section.blocks[0]
