"""The Atom feed and the list of versions for programs."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest

from consent.notice.export import calendar
from consent.notice.feed import atom, feed_updated, versions_json
from consent.notice.shelf import Shelf
from tests.unit.notice_samples import line_of_three, publish_as, write_draft

ATOM = "{http://www.w3.org/2005/Atom}"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
# RFC 4151 section 2.1: tag:authority,date:specific
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}-\d{2}-\d{2}:[a-z0-9/.-]+")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    return line_of_three(tmp_path_factory.mktemp("notices") / "privacy")


def address(package, lang):
    return f"https://www.example.fi/tietosuoja/{package.number}/{lang}?a=1&b=2"


def feed(packages, now=NOW, **changes):
    values = {
        "lang": "fi",
        "title": "Tietosuojaseloste & <muutokset>",
        "author": "Esimerkki Oy",
        "feed_address": "https://www.example.fi/muutokset.atom",
        "notice_address": "https://www.example.fi/tietosuoja",
        "address": address,
        "domain": "www.example.fi",
    }
    return atom(packages, now, **(values | changes))


def test_the_feed_has_what_rfc_4287_demands(line):
    root = ET.fromstring(feed(line))
    assert root.tag == f"{ATOM}feed"
    elements = [root, *root.findall(f"{ATOM}entry")]
    assert len(elements) == 3
    for element in elements:
        for name in ("id", "title", "updated"):
            (found,) = element.findall(f"{ATOM}{name}")
            assert found.text
        assert TAG.fullmatch(element.findtext(f"{ATOM}id"))
        assert TIME.fullmatch(element.findtext(f"{ATOM}updated"))
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Esimerkki Oy"
    assert root.findtext(f"{ATOM}title") == "Tietosuojaseloste & <muutokset>"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {
        "self": "https://www.example.fi/muutokset.atom",
        "alternate": "https://www.example.fi/tietosuoja",
    }
    ids = [element.findtext(f"{ATOM}id") for element in elements]
    assert len(set(ids)) == 3


def test_an_id_outlives_the_domain_that_it_was_made_in(tmp_path):
    """RFC 4287, 4.2.6: a site that moves gives its readers no old news again."""
    document = tmp_path / "privacy"
    publish_as(write_draft(document), "2026.1", date(2026, 1, 1), domain="vanha.example")
    packages = Shelf.load(tmp_path, "privacy").packages
    found = [key.text for key in ET.fromstring(feed(packages)).iter(f"{ATOM}id")]
    assert found == [
        "tag:vanha.example,2026-11-01:notice/privacy/fi",
        "tag:vanha.example,2026-11-01:notice/privacy/fi/2026.1",
    ]
    made = calendar(packages, "fi", domain="uusi.example", site_name="S", address=address)
    assert b"UID:notice-privacy-2026.1@vanha.example\r\n" in made


def test_two_languages_are_two_feeds_with_entries_of_their_own(line):
    """RFC 4287, 4.2.6: an id names one feed or entry, or a reader shows one language of two."""
    ids = [
        [found.text for found in ET.fromstring(feed(line, lang=lang)).iter(f"{ATOM}id")]
        for lang in ("fi", "sv", "de")
    ]
    assert len({key for keys in ids for key in keys}) == 9


def test_an_entry_tells_the_change_the_day_and_every_language(line):
    entry = ET.fromstring(feed(line)).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "tag:www.example.fi,2026-11-20:notice/privacy/fi/2027.1"
    title = "Tietosuojaseloste fi 2027.1, tulee voimaan 1. tammikuuta 2027"
    assert entry.findtext(f"{ATOM}title") == title
    assert entry.findtext(f"{ATOM}summary") == "Uusi vastaanottaja & <toinen>."
    assert entry.findtext(f"{ATOM}published") == "2026-11-20T09:00:00Z"
    assert entry.find(f"{ATOM}category").get("term") == "material"
    links = entry.findall(f"{ATOM}link")
    assert [(link.get("rel"), link.get("hreflang")) for link in links] == [
        ("alternate", "fi"),
        ("alternate", "sv"),
        ("alternate", "en"),
    ]
    assert links[1].get("href") == "https://www.example.fi/tietosuoja/2027.1/sv?a=1&b=2"


def test_a_version_enters_the_feed_when_announced_and_its_effect_changes_nothing(line):
    before = feed(line, datetime(2026, 11, 20, 8, 59, 59, tzinfo=UTC))
    assert b"2027.1" not in before
    assert feed(line, NOW) == feed(line, datetime(2027, 6, 1, tzinfo=UTC))
    assert feed_updated(line, NOW) == NOW


def test_editorial_versions_are_left_out_unless_asked_for(line):
    assert b"2026.2" not in feed(line)
    assert b"privacy/fi/2026.2" in feed(line, editorial=True)


def test_an_empty_feed_is_valid_and_stays_the_same():
    empty = feed([])
    assert empty == feed([], datetime(2030, 1, 1, tzinfo=UTC))
    root = ET.fromstring(empty)
    assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert root.findtext(f"{ATOM}id") == "https://www.example.fi/muutokset.atom"
    assert feed_updated([], NOW) is None


def test_a_language_that_a_version_lacks_is_shown_in_another(line):
    root = ET.fromstring(feed(line, lang="de"))
    entry = root.find(f"{ATOM}entry")
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "fi"


def test_programs_get_every_announced_version_with_its_hashes(line):
    versions = json.loads(versions_json(line, NOW, address=address))["versions"]
    assert [(version["number"], version["state"]) for version in versions] == [
        ("2027.1", "scheduled"),
        ("2026.2", "in-force"),
        ("2026.1", "superseded"),
    ]
    assert versions[0]["hash"] == line[2].hash
    assert versions[0]["effective_at"] == "2026-12-31T22:00:00Z"
    assert versions[0]["languages"]["sv"]["hash"] == line[2].renditions["sv"].hash
