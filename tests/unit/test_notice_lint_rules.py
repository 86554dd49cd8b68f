"""Every rule of the lint finds what it is for, and nothing else is found in a sound notice."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from consent.notice.lint import Finding, Severity, lint, rules
from consent.notice.lint.words import vocabulary
from tests.unit.notice_samples import LANGUAGES, declaration, draft_files

FAULTS = tomllib.loads((Path(__file__).parent / "notices/faults.toml").read_text("utf-8"))["fault"]
DAY = date(2027, 1, 1)
# What is found by a missing file, by bytes, or only where something is not given.
OTHERWISE = {"N008", "N009", "N214", "N217", "N242", "N243", "N247", "N601"}


def found(files: dict[str, bytes], **more: object) -> list[Finding]:
    values: dict[str, object] = {"declaration": declaration(), "effective": DAY} | more
    return lint(files, LANGUAGES, **values)


def broken(fault: dict[str, str]) -> dict[str, bytes]:
    files = draft_files()
    text = files[fault["file"]].decode()
    assert fault["old"] in text
    files[fault["file"]] = text.replace(fault["old"], fault["new"]).encode()
    return files


def test_a_sound_notice_has_nothing_to_find():
    assert found(draft_files()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["rule"] for fault in FAULTS])
def test_a_rule_finds_what_breaks_it(fault):
    rule = rules()[fault["rule"]]
    ours = [one for one in found(broken(fault)) if one.rule is rule]
    assert ours
    for one in ours:
        for lang in LANGUAGES:
            assert not re.search(r"\{\w*\}", one.message(lang))
            assert one.message(lang).strip()
            assert one.remedy(lang).strip()
        assert one.blocking == (rule.severity is not Severity.NOTICE)


def test_every_rule_has_a_notice_that_breaks_it():
    assert set(rules()) == {fault["rule"] for fault in FAULTS} | OTHERWISE


def test_what_is_missing_altogether_is_found():
    files = draft_files()
    del files["facts.toml"], files["sv.md"]
    files["en.md"] = b"---\ntitle: T\nshort: S\nchange: C\n---\n"
    told = {(one.rule.id, one.place.file) for one in found(files)}
    assert told >= {("N008", "facts.toml"), ("N601", "sv.md"), ("N009", "en.md")}
    assert "N008" not in {one.rule.id for one in found(files, facts_wanted=False)}


def test_the_date_of_effect_may_come_from_the_one_who_publishes():
    """R76: the page shows it above the notice."""
    undated = [one.rule.id for one in found(draft_files(), effective=None)]
    assert undated == ["N242"] * 3


def test_a_text_alone_may_lack_its_recipients_and_the_country_of_a_transfer():
    text = draft_files()["en.md"].decode().replace("The hosting provider processes them. ", "")
    text = text.replace("to the United States", "outside the EU").replace("[[cookies]]", "")
    told = {one.rule.id for one in lint({"en.md": text.encode()}, ["en"], facts_wanted=False)}
    assert told >= {"N214", "N217"}


@pytest.mark.parametrize(
    ("lang", "text", "what"),
    [
        ("fi", "Luovutamme tietoja kumppaneille ja muille tahoille.", "kumppaneille"),
        ("fi", "Tietoja saavat vain palvelujen ylläpitoon osallistuvat tahot.", "tahot"),
        ("fi", "Tietoja annetaan kolmansille osapuolille, kuten tilitoimistolle.", None),
        ("fi", "Tietoja annetaan kumppanille, joka on Postikana Oy.", None),
        ("fi", "Tietoja ei luovuteta kolmansille osapuolille.", None),
        ("sv", "Vi delar uppgifter med våra samarbetspartner.", "samarbetspartner"),
        ("sv", "Uppgifter lämnas till tredje part, till exempel vår redovisningsbyrå.", None),
        ("en", "We share data with partners and other third parties.", "partners"),
        ("en", "We share data with third parties such as our accountant.", None),
        ("en", "We share data with the third parties listed above.", None),
    ],
)
def test_partners_alone_are_no_category_of_recipients(lang, text, what):
    """R53."""
    raw = f"---\ntitle: T\n---\n\n## A {{#recipients}}\n\n{text}\n".encode()
    found = lint({f"{lang}.md": raw}, [lang], facts_wanted=False)
    told = [one.values["what"] for one in found if one.rule.id == "N247"]
    assert told == ([what] if what else [])


def test_a_site_that_heeds_the_browsers_signal_says_so():
    """R91."""
    heeding = replace(
        declaration(category="marketing"),
        categories=tuple(replace(one, gpc=True) for one in declaration().categories),
    )
    told = [one.rule.id for one in found(draft_files(), declaration=heeding)]
    assert told == ["N243"] * 3


def test_a_name_in_another_word_tells_no_service():
    """R53: "metadata" does not name Meta."""
    files = draft_files()
    text = files["en.md"].decode()
    site = declaration(name="Pixel", provider="Meta Platforms Ireland Limited")

    def untold(words: str) -> list[str | object]:
        raw = text.replace("[[cookies]]\n", f"We use {words} cookies.\n").encode()
        found = lint({"en.md": raw}, ["en"], declaration=site)
        return [one.values["what"] for one in found if one.rule.id == "N501"]

    assert "Pixel" in untold("metadata")
    assert "Pixel" not in untold("Meta")


@pytest.mark.parametrize("name", ["Rekisteröidyltä itseltään", "Evästeistä", "From you"])
def test_who_gives_their_own_data_is_no_outside_source(name):
    """R62 asks of others whether they are public."""
    assert found(draft_files(facts=f'[[sources]]\nname = "{name}"')) == []


@pytest.mark.parametrize("rule", rules().values(), ids=rules())
def test_a_rule_is_whole_in_three_languages(rule):
    """A stable id, a severity, the law, the R number, and a message with its remedy."""
    assert re.fullmatch(r"N[0-7]\d\d", rule.id)
    assert rule.law
    assert all(re.fullmatch(r"R\d+", one) for one in rule.requirement)
    for texts in (rule.message, rule.remedy):
        assert list(texts) == list(LANGUAGES)
        holes = [sorted(re.findall(r"\{(\w+)\}", text)) for text in texts.values()]
        assert holes[0] == holes[1] == holes[2]
        assert all(text[0] not in " " and text[-1] not in " " for text in texts.values())


def test_the_rules_cover_the_requirements_on_content():
    """R47 to R72, but for R73 and R74, which no text can show."""
    covered = {int(one[1:]) for rule in rules().values() for one in rule.requirement}
    assert covered >= set(range(47, 73))


def test_the_languages_are_known_alike():
    """What is looked for in one language is looked for in all."""
    tables = [vocabulary(lang)._data for lang in LANGUAGES]
    keys = [{(table, key) for table in data for key in data[table]} for data in tables]
    assert keys[0] == keys[1] == keys[2]
    for lang in LANGUAGES:
        known = vocabulary(lang)
        for table in ("element", "right", "heading", "phrase", "kind", "retention", "complaint"):
            for key in known.names(table):
                assert known[f"{table}.{key}"]
