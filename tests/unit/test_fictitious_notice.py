"""The fictitious company's versions; test_jackbot_notice.py holds them to the common rules."""

from __future__ import annotations

import pytest

from consent.notice.allow import clean
from consent.notice.cookies import cookie_hash, cookie_table
from consent.notice.shelf import Shelf
from consent.settings import load
from tests.unit.notice_reader import FICTITIOUS, LANGUAGES, VERSIONS, facts, front, tables_of, whole


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    code: str = request.param
    return code


def test_the_fictitious_company_is_openly_one(lang: str) -> None:
    for version in VERSIONS:
        company = facts(FICTITIOUS / version)["controller"]
        assert company["business_id"] == "0000000-0"
        assert company["email"].endswith("@example.fi")
        assert "Esimerkki Oy" in whole(FICTITIOUS / version, lang)
        assert "Jackbot" not in whole(FICTITIOUS / version, lang)


def test_the_fictitious_versions_can_be_published() -> None:
    """No fact is open; the dates follow each other; the last one is material and says why."""
    dates = [facts(FICTITIOUS / version)["version"]["effective"] for version in VERSIONS]
    assert dates == ["2026-01-01", "2026-06-01", "2027-01-01"]
    for version in VERSIONS:
        told = facts(FICTITIOUS / version)
        assert not [path for path, table in tables_of(told) if "confirm" in table]
        assert told["version"]["reason"]
    assert facts(FICTITIOUS / "2027.1")["version"]["class"] == "material"


def test_the_last_fictitious_version_has_a_new_recipient() -> None:
    before, after = (
        {table["id"] for table in facts(FICTITIOUS / version)["recipients"]}
        for version in VERSIONS[1:]
    )
    assert len(after - before) == 1
    assert before < after


def test_only_the_first_fictitious_version_has_no_change_to_tell(lang: str) -> None:
    changes = [front(FICTITIOUS / version, lang)["change"] for version in VERSIONS]
    assert [bool(change) for change in changes] == [False, True, True]


def test_the_cookie_tables_of_the_fictitious_versions_tell_what_is_declared() -> None:
    """As `consent check` would have it: the same table has the same hash."""
    settings = load(FICTITIOUS.parents[1] / "consent.toml", {}, signing=False)
    for package in Shelf.load(FICTITIOUS.parent, FICTITIOUS.name).packages:
        for lang, text in package.renditions.items():
            table = clean(cookie_table(settings.declaration, lang, str(package.number)))
            assert table.strip() in text.body
        assert package.cookies == cookie_hash(settings.declaration, str(package.number))
