"""The cookie table, lifetimes and dates in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.declaration import Item, Kind
from consent.notice.cookies import cookie_groups, cookie_hash, cookie_table, lifetime
from consent.texts.dates import date_in_words
from tests.unit.notice_samples import declaration, texts

LIFETIMES = [
    (None, "poistamiseen asti", "tills den tas bort", "until removed"),
    (0, "istunnon ajan", "under sessionen", "for the session"),
    (30 / 86_400, "30 sekuntia", "30 sekunder", "30 seconds"),
    (1 / 1_440, "1 minuutti", "1 minut", "1 minute"),
    (30 / 1_440, "30 minuuttia", "30 minuter", "30 minutes"),
    (1 / 24, "1 tunti", "1 timme", "1 hour"),
    (0.5, "12 tuntia", "12 timmar", "12 hours"),
    (1, "1 päivä", "1 dag", "1 day"),
    (7, "7 päivää", "7 dagar", "7 days"),
    (30, "1 kuukausi", "1 månad", "1 month"),
    (90, "3 kuukautta", "3 månader", "3 months"),
    (183, "6 kuukautta", "6 månader", "6 months"),
    (365, "1 vuosi", "1 år", "1 year"),
    (390, "13 kuukautta", "13 månader", "13 months"),
    (400, "400 päivää", "400 dagar", "400 days"),
    (730, "2 vuotta", "2 år", "2 years"),
    (730.5, "2 vuotta", "2 år", "2 years"),
]


@pytest.mark.parametrize(("days", "fi", "sv", "en"), LIFETIMES)
def test_a_lifetime_is_said_as_people_say_it(days, fi, sv, en):
    assert [lifetime(days, lang) for lang in ("fi", "sv", "en")] == [fi, sv, en]


@given(st.floats(1 / 86_400, 40_000), st.sampled_from(["fi", "sv", "en", "de"]))
def test_every_lifetime_has_a_whole_number_and_a_unit(days, lang):
    count, unit = lifetime(days, lang).split()
    assert int(count) >= 1
    assert unit


@pytest.mark.parametrize(
    ("day", "fi", "sv", "en"),
    [
        (date(2026, 12, 1), "1. joulukuuta 2026", "1 december 2026", "1 December 2026"),
        (date(2027, 1, 31), "31. tammikuuta 2027", "31 januari 2027", "31 January 2027"),
    ],
)
def test_a_day_is_written_in_words(day, fi, sv, en):
    assert [date_in_words(day, lang) for lang in ("fi", "sv", "en")] == [fi, sv, en]
    assert date_in_words(day, "de") == day.isoformat()


def test_every_month_has_a_name_in_every_language():
    for lang in ("fi", "sv", "en"):
        names = {date_in_words(date(2026, month, 1), lang) for month in range(1, 13)}
        assert len(names) == 12


def test_items_are_listed_by_category_with_every_field():
    """R8, R9: name, provider, purpose, lifetime, third-party access, and why it is necessary."""
    necessary, statistics = cookie_groups(declaration(), "sv", "2026.1")
    assert (necessary.category, necessary.name) == ("necessary", "Necessary (sv)")
    (own,) = necessary.rows
    assert own.purpose == "Keeps it (sv) Because (sv)"
    assert (own.lifetime, own.third_party, own.country) == ("under sessionen", "Nej", "Finland")
    count, seen = statistics.rows
    assert (count.name, count.kind, count.lifetime) == ("_count", "kaka", "2 år")
    assert count.country == "Irland; överföring: USA (ramen för dataskydd mellan EU och USA)"
    assert (seen.kind, seen.lifetime) == ("lokal lagring", "tills den tas bort")


def test_a_service_that_starts_with_a_later_version_is_not_in_the_table():
    """R81: until its notice version is in force, the service is not part of what is told."""
    assert "Map Inc" not in cookie_table(declaration(), "en", "2026.9")
    assert "Map Inc" in cookie_table(declaration(), "en", "2027.1")
    assert "Map Inc" in cookie_table(declaration(), "en", "2027.10")
    assert "Map Inc" in cookie_table(declaration(), "en")


def test_every_cell_carries_the_name_of_its_column():
    html = cookie_table(declaration(), "en")
    assert html.count("<td") == html.count("<td data-label=")
    assert 'data-label="Lifetime">2 years' in html


def test_texts_of_the_declaration_are_escaped():
    item = Item("<b>", Kind.COOKIE, 1, texts("<script>alert(1)</script>"))
    html = cookie_table(declaration(items=(item,), provider='"><img src=x>'), "en")
    assert "<script" not in html
    assert "<img" not in html
    assert "<code>&lt;b&gt;</code>" in html


def test_the_hash_follows_what_the_table_tells_and_nothing_else():
    same = cookie_hash(declaration(), "2026.1")
    assert same == cookie_hash(declaration(hosts=("cdn.example",)), "2026.1")
    assert same != cookie_hash(declaration(provider="Other Ltd"), "2026.1")
    assert same != cookie_hash(declaration(), "2027.1")
    # What the banner and the settings say of a category stands in no table.
    other = replace(
        declaration(),
        categories=tuple(
            replace(category, text=dict.fromkeys(category.text, "Other words"))
            for category in declaration().categories
        ),
    )
    assert cookie_table(other, "fi", "2026.1") == cookie_table(declaration(), "fi", "2026.1")
    assert same == cookie_hash(other, "2026.1")
    longer = (Item("_count", Kind.COOKIE, 731, texts("Counts visits")),)
    assert same != cookie_hash(declaration(items=longer), "2026.1")
