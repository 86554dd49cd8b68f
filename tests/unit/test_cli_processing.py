"""`consent record-of-processing`: the seven fields of GDPR art. 30(1), none made up (R74)."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from consent.notice.facts import Facts
from consent.notice.processing import record_of_processing
from consent.settings import load, parse
from consent.texts import texts
from tests.unit.notice_reader import FICTITIOUS, JACKBOT, LANGUAGES, facts
from tests.unit.notice_samples import write_draft
from tests.unit.settings_samples import ENVIRON, full
from tests.unit.terminal import enter, publish, set_up, terminal

ROOT = Path(__file__).parents[2]
JACKBOT_SITE = ROOT / "examples" / "jackbot" / "consent.toml"
FIELDS = ("purpose", "basis", "data_subjects", "data", "recipients", "transfers", "period")
PERIOD = """
[consent_log]
retention = "consent"

[[retention]]
id = "consent"
duration = "{duration}"
"""


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    return terminal(capsys)


@pytest.fixture
def folder(run, tmp_path):
    return set_up(run, tmp_path)


def made(tables, lang="fi", settings=None):
    found = settings or load(JACKBOT_SITE, signing=False)
    return record_of_processing(found, Facts("privacy 1", False, tables), lang, date(2026, 11, 28))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_seven_fields_are_there_for_every_purpose_of_the_notice(lang):
    """Art. 30(1)(a) to (g)."""
    told = facts(JACKBOT)
    record = made(told, lang)
    assert record["controller"]["name"] == "Jackbot Oy"
    assert record["controller"]["officer"]["contact"] == "asiakaspalvelu@jackbot.fi"
    own, *others = record["activities"]
    assert len(record["activities"]) == len(told["purposes"])
    for activity in record["activities"]:
        assert all(activity[field] is not None for field in FIELDS), activity["id"]
    assert own["purpose"] in {each["name"][lang] for each in told["purposes"]}
    assert [each["purpose"] for each in others] == [
        each["name"][lang] for each in told["purposes"] if each["id"] != "consent-log"
    ]
    assert record["security"]["measures"]
    assert {each["id"] for each in record["services"]} > {"consent"}


def test_data_subjects_recipients_transfers_and_periods_follow_from_the_data(run):
    record = made(facts(JACKBOT), "en")
    found = {each["id"]: each for each in record["activities"]}
    newsletter = found["newsletter"]
    assert newsletter["basis"] == "Consent, 6(1)(a)"
    assert newsletter["data_subjects"] == ["newsletter subscribers"]
    assert newsletter["data"] == [
        "Newsletter data: e-mail address and the time of subscribing and ending the subscription"
    ]
    assert newsletter["recipients"] == ["Newsletter service provider"]
    assert newsletter["transfers"] == []
    assert newsletter["period"] == ["during the subscription and 3 years after it"]
    (transfer,) = found["targeting"]["transfers"]
    assert transfer["countries"] == ["United States"]
    assert "Data Privacy Framework" in transfer["mechanism"]
    assert "standard contractual clauses" in transfer["mechanism"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_controller_has_not_confirmed_is_marked(lang):
    """Whatever rests on a fact with confirm = true."""
    record = made(facts(JACKBOT), lang)
    found = {each["id"]: each["unconfirmed"] for each in record["activities"]}
    assert found["consent"] == ["recipients", "transfers"]
    assert {"purpose", "basis"} <= set(found["newsletter"])
    assert found["analytics"] == ["recipients", "transfers", "period"]
    assert record["controller"]["unconfirmed"] == ["officer"]
    assert record["security"]["unconfirmed"] == ["measures"]


def test_a_period_is_that_of_the_purpose_or_else_of_its_data():
    kept = [
        {"id": "named", "period": {"fi": "2 vuotta"}},
        {"id": "other", "data": ["orders"], "period": {"fi": "1 vuosi"}},
    ]
    sale = {"id": "sale", "data": ["orders"]}
    for purpose, told in (sale, "1 vuosi"), (sale | {"retention": ["named"]}, "2 vuotta"):
        _, found = made({"purposes": [purpose], "retention": kept})["activities"]
        assert found["period"] == [told]


def test_nobody_receives_data_only_where_every_recipient_says_which_it_receives():
    sale = {"id": "sale", "data": ["orders"]}
    for data, told in ({"data": ["letters"]}, []), ({}, None):
        host = {"id": "host", "name": {"fi": "Palvelin"}} | data
        _, found = made({"purposes": [sale], "recipients": [host]})["activities"]
        assert found["recipients"] == told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_facts_nothing_is_made_up(lang):
    """What is told then is how this program works, and what the settings say."""
    record = made({}, lang)
    (own,) = record["activities"]
    missing = [field for field in FIELDS if own[field] is None]
    assert missing == ["basis", "recipients", "transfers"]
    assert record["controller"]["officer"] is None
    assert record["security"]["measures"] is None
    for tables in ({"purposes": "none", "data": [1], "bases": 3}, {"purposes": [{"basis": 7}]}):
        assert all(each["recipients"] is None for each in made(tables, lang)["activities"])


def test_the_component_tells_of_its_log_by_the_settings(tmp_path):
    """R131: the period is the one that the job keeps to."""
    (tmp_path / "notices" / "privacy").mkdir(parents=True)
    table = full() | {"retention_months": 12}
    settings = parse(table, tmp_path / "consent.toml", ENVIRON)
    (own,) = made({}, "sv", settings)["activities"]
    (period,) = own["period"]
    assert "12 månader därefter" in period
    assert "samtycke 90 dagar, avvisande 395 dagar" in period
    told = tomllib.loads(PERIOD.format(duration="3 years"))
    *_, differs = made(told, "sv", settings)["activities"][0]["period"]
    assert "36 månader" in differs
    assert "12 månader" in differs


def test_a_fact_in_one_language_is_taken_and_one_without_the_language_is_missing():
    record = made(
        {"purposes": [{"id": "a", "name": "Plain"}, {"id": "b", "name": {"fi": "S"}}]}, "en"
    )
    _, plain, other = record["activities"]
    assert (plain["purpose"], other["purpose"]) == ("Plain", None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_printed_as_markdown_with_what_is_missing_to_be_filled_in(run, folder, lang):
    write_draft(folder / "notices" / "privacy", change="")
    code, out, err = run("record-of-processing", "--lang", lang)
    assert (code, err) == (0, "")
    t = texts(lang, "letters")
    assert out.startswith(f"# {t['processing']['title']}\n")
    assert f"privacy draft: {t['processing']['draft']}" in out
    for field in ("purpose", "basis", "subjects", "data", "recipients", "transfers", "period"):
        assert out.count(f"- {t['processing'][field]}: ") == 4, field
    assert f"- {t['processing']['name']}: Esimerkki Oy" in out
    missing = t["general"]["missing"].format(what=t["what"]["subjects"])
    assert f"{t['processing']['subjects']}: {missing}" in out
    assert f"- {t['processing']['basis']}: {t['bases']['contract']}" in out
    assert re.search(r"^\| .*Esimerkki|^\| [^-]", out, re.M)
    assert not re.search(r"\bNone\b|\[\]|[{}]", out)


def test_it_is_printed_as_json(run, folder):
    publish(run, folder)
    code, out, _ = run("record-of-processing", "--json", "--lang", "en")
    record = json.loads(out)
    assert code == 0
    assert record["source"] == {"version": "privacy 2026.1", "draft": False}
    assert record["article"] == "GDPR 30(1)"
    found = [each["id"] for each in record["activities"]]
    assert found == ["consent", "service", "statistics", "record"]


def test_a_site_without_a_notice_gets_its_record_too(run, folder):
    code, out, _ = run("record-of-processing")
    assert code == 0
    assert texts("fi", "letters")["processing"]["source_none"] in out


def test_the_fictitious_companys_facts_give_a_record_too():
    record = made(facts(FICTITIOUS / "2027.1"), "fi")
    found = {each["id"]: each for each in record["activities"]}
    assert found["orders"]["basis"] == "Sopimus (6 artiklan 1 kohdan b alakohta)"
    assert found["orders"]["transfers"] is None
    assert found["newsletter"]["recipients"] == []


# The log in the notice (R126, R127, R131)


def test_the_ready_made_notice_tells_of_the_log_and_of_the_server_log_apart():
    """R126, R131: purpose, basis, period and recipients of each."""
    told = facts(JACKBOT)
    found = Facts("", False, told)
    for name in ("consent_log", "server_log"):
        table = told[name]
        assert found.named("purposes", [table["purpose"]])
        assert found.named("retention", [table["retention"]])
        assert found.named("recipients", table["recipients"])
        assert table["basis"] in told["bases"]
    assert told["consent_log"]["retention"] != told["server_log"]["retention"]


@pytest.mark.parametrize("folder", [JACKBOT, *(FICTITIOUS / v for v in ("2026.1", "2027.1"))])
def test_the_notices_tell_the_period_that_the_job_keeps_to(folder):
    """R127, R131: keep equal to consent.toml."""
    settings = load(JACKBOT_SITE, signing=False)
    assert Facts("", False, facts(folder)).log_months() == settings.retention_months


@pytest.mark.parametrize(("duration", "code"), [("36 months", 0), ("3 years", 0), ("2 years", 1)])
def test_check_finds_a_notice_that_tells_of_another_period(run, folder, duration, code):
    """R127, R131."""
    facts, said = PERIOD.format(duration=duration), " (2 vuotta, 2 år, 2 years)"
    write_draft(folder / "notices" / "privacy", change="", facts=facts, more=said)
    words = ["notice", "publish", "notices/privacy/draft", "--number", "2026.1"]
    assert run(*words, "--effective", "2026-01-01", "--yes")[0] == 0
    found, out, _ = run("check")
    assert found == code
    assert ("retention_months: is 36, and the notice in force tells of 24 months" in out) == code
