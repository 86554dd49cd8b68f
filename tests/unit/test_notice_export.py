"""The announcement outside the site: e-mail text in three languages, and the date (R84)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consent.notice.export import calendar, mail
from consent.notice.package import verify_package
from consent.notice.withdrawal import withdraw
from tests.unit.notice_reader import FICTITIOUS, LANGUAGES
from tests.unit.notice_samples import line_of_three
from tests.unit.test_notice_withdrawal import REASON

DAYS = {"fi": "1. tammikuuta 2027", "sv": "1 januari 2027", "en": "1 January 2027"}


def address(package, lang):
    return f"https://www.example.fi/{lang}/privacy/{package.number}"


@pytest.fixture(scope="module")
def package():
    return verify_package(FICTITIOUS / "2027.1")


@pytest.fixture(scope="module")
def gone(tmp_path_factory):
    document = tmp_path_factory.mktemp("notices") / "privacy"
    line_of_three(document)
    folder = document / "2027.1"
    package, now = verify_package(folder), datetime(2026, 12, 30, 8, 15, tzinfo=UTC)
    withdraw(package, folder, REASON, packages=[package], now=now)
    return verify_package(folder)


def written(package, lang, now=datetime(2026, 12, 1, tzinfo=UTC)):
    return mail(package, lang, now, site_name="Esimerkki Oy", address=address)


def entry(package, lang="fi"):
    """The lines of the calendar, unfolded."""
    raw = calendar(
        [package], lang, domain="www.example.fi", site_name="Esimerkki Oy; kauppa", address=address
    )
    lines = raw.decode().removesuffix("\r\n").split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert not any(character in line for line in lines for character in "\r\n")
    unfolded = "\r\n".join(lines).replace("\r\n ", "").split("\r\n")
    assert unfolded[0] == "BEGIN:VCALENDAR"
    assert unfolded[-1] == "END:VCALENDAR"
    return dict(line.split(":", 1) for line in unfolded[1:-1])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_mail_tells_what_changes_when_and_where_to_read_it(package, lang):
    """R80, R84: in the reader's language, and nothing else."""
    subject, blank, first, *rest = written(package, lang).split("\n")
    text = package.renditions[lang]
    assert blank == ""
    assert text.title in subject
    assert DAYS[lang] in subject
    assert "2027.1" in first
    assert DAYS[lang] in first
    assert rest[:3] == ["", " ".join(text.change.split()), ""]
    assert rest[3].endswith(f" {address(package, lang)}")
    assert rest[4:] == [""]
    assert "{" not in "".join(rest)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_mail_of_a_version_that_is_in_force_tells_what_has_changed(package, lang):
    subject, _, first, *_ = written(package, lang, package.starts).split("\n")
    assert {"fi": "muuttui", "sv": "ändrades", "en": "changed"}[lang] in subject
    assert {"fi": "tuli voimaan", "sv": "började gälla", "en": "took effect"}[lang] in first
    ahead = written(package, lang, package.starts - timedelta(seconds=1))
    assert ahead == written(package, lang) != written(package, lang, package.starts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_mail_of_a_withdrawn_version_tells_that_it_does_not_come(gone, lang):
    subject, _, first, _, reason, *_ = written(gone, lang).split("\n")
    assert DAYS[lang] not in subject
    assert {"fi": "peruttu", "sv": "återkallad", "en": "withdrawn"}[lang] in first
    assert reason == REASON[lang]


def test_a_language_that_a_version_lacks_gets_another_text(package):
    assert package.renditions["fi"].change.split()[0] in written(package, "de")


def test_the_calendar_has_one_event_on_the_day_of_effect(package):
    """RFC 5545: what it requires, and a whole day on the site's calendar."""
    told = entry(package)
    assert told["VERSION"] == "2.0"
    assert told["PRODID"]
    assert told["UID"] == "notice-privacy-2027.1@www.example.fi"
    assert re.fullmatch(r"\d{8}T\d{6}Z", told["DTSTAMP"])
    assert told["DTSTAMP"] == "20261120T100000Z"
    assert told["DTSTART;VALUE=DATE"] == "20270101"
    assert told["DTEND;VALUE=DATE"] == "20270102"
    assert told["STATUS"] == "CONFIRMED"
    assert told["URL"] == "https://www.example.fi/fi/privacy/2027.1"
    title = "Tietosuojaseloste\\, versio 2027.1\\, tulee voimaan (Esimerkki Oy\\; kauppa)"
    assert told["SUMMARY;LANGUAGE=fi"] == title
    description = told["DESCRIPTION;LANGUAGE=fi"]
    assert "\\nLue koko teksti: https://www.example.fi/fi/privacy/2027.1" in description
    assert not re.search(r"(?<!\\)[,;]", description)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_no_text_ends_a_line_of_the_calendar(package, end):
    """RFC 5545, 3.3.11: nor begins another property."""
    text = replace(package.renditions["fi"], change=f"Yksi.{end}ATTENDEE:x")
    told = entry(replace(package, renditions={"fi": text}))
    assert told["DESCRIPTION;LANGUAGE=fi"].startswith("Yksi.\\nATTENDEE:x\\nLue ")
    assert "ATTENDEE" not in told


def test_the_event_keeps_its_uid_for_good(package, gone):
    """Made again on any day or in another language it replaces itself."""
    assert len({entry(package, lang)["UID"] for lang in LANGUAGES}) == 1
    assert entry(gone)["UID"] == entry(package)["UID"]


def test_a_withdrawn_version_cancels_its_event(gone):
    told = entry(gone)
    assert (told["STATUS"], told["SEQUENCE"]) == ("CANCELLED", "1")
    assert told["DTSTAMP"] == "20261230T081500Z"
    assert told["DESCRIPTION;LANGUAGE=fi"].startswith(REASON["fi"])
