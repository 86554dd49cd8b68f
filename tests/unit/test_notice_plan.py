"""What a publication does is told before it is done, and nothing else is done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from consent.errors import NoticeError
from consent.notice.lifecycle import announcement
from consent.notice.plan import plan
from consent.notice.publish import freeze, prepare
from consent.notice.withdrawal import withdraw
from tests.unit.notice_samples import (
    LANGUAGES,
    SETTINGS,
    declaration,
    line_of_three,
    publish_as,
    write_draft,
)
from tests.unit.test_notice_publish import refused

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
REASON = dict.fromkeys(LANGUAGES, "Not needed.")
CARRIER = '[[recipients]]\nid = "carrier"\nname = { fi = "Posti", sv = "Posti", en = "Posti" }'


def prepared(draft, number=None, effective=None, now=NOW, **changes):
    values = {
        "languages": LANGUAGES,
        "declaration": declaration(),
        "settings_addresses": SETTINGS,
        "timezone": "Europe/Helsinki",
        "now": now,
    }
    return prepare(draft, number, effective, **(values | changes))


@pytest.fixture
def document(tmp_path):
    """2026.1, in force."""
    document = tmp_path / "privacy"
    publish_as(
        write_draft(document, change=""),
        "2026.1",
        date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    return document


def test_preparing_writes_nothing_and_what_is_written_is_what_was_prepared(document):
    draft = write_draft(document, more=" new")
    before = {path: path.stat().st_mtime_ns for path in document.rglob("*")}
    ready = prepared(draft, "2027.1", date(2027, 1, 1))
    assert {path: path.stat().st_mtime_ns for path in document.rglob("*")} == before
    package = freeze(ready)
    assert (package, package.hash) == (ready.package, ready.package.hash)
    assert package.renditions == ready.package.renditions


@pytest.mark.parametrize("name", ["draft", "2027.1"])
def test_what_is_written_in_the_draft_meanwhile_is_not_lost(document, name):
    """It is neither taken away with the draft nor left out of what is published unseen."""
    draft = write_draft(document, name=name, more=" new")
    ready = prepared(draft, "2027.1", date(2027, 1, 1))
    newer = (draft / "sv.md").read_bytes() + b"\nMera.\n"
    (draft / "sv.md").write_bytes(newer)
    with pytest.raises(NoticeError, match=r"sv\.md: it was changed after it was prepared"):
        freeze(ready)
    assert (draft / "sv.md").read_bytes() == newer
    assert not (document / "2027.1/manifest.json").exists()
    assert b"Mera" in freeze(prepared(draft, "2027.1", date(2027, 1, 1))).files["sv.md"]


@pytest.mark.parametrize(
    ("effective", "number"),
    [(date(2026, 12, 31), "2026.2"), (date(2027, 1, 1), "2027.1"), (date(2028, 2, 29), "2028.1")],
)
def test_a_number_is_given_when_a_version_is_scheduled(document, effective, number):
    """R75: the next of the year in which it takes effect, so that drafts leave no gaps."""
    draft = write_draft(document, more=" new")
    assert str(prepared(draft, None, effective).package.number) == number


def test_a_number_that_was_withdrawn_is_not_given_again(document):
    package = publish_as(write_draft(document, more=" new"), None, date(2027, 1, 1), NOW)
    withdraw(package, document / "2027.1", REASON, packages=[package], now=NOW)
    again = prepared(write_draft(document, more=" new"), None, date(2027, 1, 1))
    assert str(again.package.number) == "2027.2"
    assert str(again.before.number) == "2026.1"


def test_a_material_change_has_a_strip_until_two_weeks_after_effect(document):
    """R80: as the site will show it."""
    ready = prepared(write_draft(document, more=" new"), None, date(2027, 1, 1))
    since, until = plan(ready, declaration()).strip
    assert (since, until) == (NOW, datetime(2027, 1, 14, 22, tzinfo=UTC))
    packages = [ready.before, ready.package]
    for moment, told in ((since, True), (until - timedelta(seconds=1), True), (until, False)):
        assert (announcement(packages, moment, "2026.1") is not None) == told


@pytest.mark.parametrize(("change_class", "feed"), [("clarifying", True), ("editorial", False)])
def test_a_small_change_has_none(document, change_class, feed):
    draft = write_draft(document, more=" new", change_class=change_class)
    told = plan(prepared(draft, None, date(2026, 11, 2)), declaration())
    assert (told.strip, told.feed) == (None, feed)


def test_the_first_version_tells_nobody_of_a_change(tmp_path):
    ready = prepared(write_draft(tmp_path / "privacy"), None, date(2026, 11, 1))
    assert plan(ready, declaration()).strip is None
    assert ready.before is None


def test_who_is_asked_again_follows_from_what_waits_for_the_version(document):
    """R24, R81: the map of the samples is declared from 2027.1 on."""
    draft = write_draft(document, more=" new")
    (widening,) = plan(prepared(draft, "2027.1", date(2027, 1, 1)), declaration()).asked[
        "statistics"
    ]
    assert (widening.kind, widening.service) == ("service", "map")
    assert plan(prepared(draft, "2026.2", date(2027, 1, 1)), declaration()).asked == {}


def test_a_category_that_had_no_service_is_asked_as_a_whole(document):
    declared = declaration(since="2027.1")
    ready = prepared(write_draft(document, more=" new"), None, date(2027, 1, 1))
    assert plan(ready, declared).asked == {"statistics": None}


def test_a_version_that_another_will_overtake_is_named(tmp_path):
    """Of two scheduled versions the later takes effect without what the earlier changes."""
    document = tmp_path / "privacy"
    line = line_of_three(document)
    draft, now = write_draft(document, more=" typo"), datetime(2026, 11, 25, tzinfo=UTC)
    ready = prepared(draft, None, date(2026, 12, 1), now, reason="A court order.")
    assert str(ready.package.number) == "2027.2"
    assert ready.before == line[1]
    assert plan(ready, declaration()).overtaken == line[2]
    later = prepared(draft, None, date(2027, 1, 2), now, reason="A court order.")
    assert later.before == line[2]
    assert plan(later, declaration()).overtaken is None


def test_the_facts_decide_how_much_a_change_is(document):
    """R78, R79: raised freely, lowered with a stored reason only."""
    draft = write_draft(document, change_class="clarifying", facts=CARRIER, more=" (Posti)")
    told = refused(draft, "2026.2", date(2027, 1, 1))
    assert "the change is material, since 2026.1: recipients.carrier is new (R78)" in told
    for change_class in ("material", "clarifying"):
        draft = write_draft(document, change_class=change_class, more=" new")
        assert prepared(draft, "2026.2", date(2027, 1, 1)).differences == ()


def test_a_service_that_waits_for_the_version_makes_it_material(document):
    """R78, R81: a new recipient, whether or not the facts tell of it beside the table."""
    draft = write_draft(document, change_class="editorial", more=" new")
    told = refused(draft, "2027.1", date(2027, 1, 1))
    assert "the change is material, since 2026.1: services.map is new (R78)" in told
    publish_as(write_draft(document, more=" new"), "2027.1", date(2027, 1, 1))
    draft = write_draft(document, change_class="editorial", more=" newer")
    assert prepared(draft, "2027.2", date(2027, 2, 1)).differences == ()


def test_another_table_of_services_is_material_unless_a_reason_says_less(document):
    """R78, R79: a lifetime, a country, or a service less; the version before has but the hash."""
    declared = declaration(provider="Other Ltd")
    draft = write_draft(document, change_class="clarifying", more=" new")
    with pytest.raises(NoticeError, match=r"since 2026\.1: the table of services is another"):
        prepared(draft, "2026.2", date(2027, 1, 1), declaration=declared)
    reasoned(draft, "The company has a new name.")
    assert prepared(draft, "2026.2", date(2027, 1, 1), declaration=declared).package


def test_a_lower_class_needs_a_reason_of_its_own(document):
    """R79: one that was copied with the facts says nothing of this change."""
    draft = write_draft(document, change_class="clarifying", facts=CARRIER, more=" (Posti)")
    reasoned(draft, "The carrier had been named in the text before.")
    assert publish_as(draft, "2026.2", date(2026, 11, 2)).change_class == "clarifying"
    more = (
        CARRIER
        + '\n[[recipients]]\nid = "bank"\nname = { fi = "Pankki", sv = "Pankki", en = "Pankki" }'
    )
    draft = write_draft(
        document, change_class="clarifying", facts=more, change="Pankki.", more=" (Posti, Pankki)"
    )
    reasoned(draft, "The carrier had been named in the text before.")
    assert "recipients.bank is new" in refused(draft, "2026.3", date(2026, 11, 3))


def reasoned(draft, reason):
    file = draft / "facts.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[version]\n", f'[version]\nreason = "{reason}"\n'), "utf-8")


def test_the_lead_that_the_notice_promises_is_kept(tmp_path):
    """R81: at least 30 days, and more where readers were told of more."""
    document = tmp_path / "privacy"
    for days, first in ((60, "2027-01-01"), (14, "2026-12-02"), (10**9, "2036-11-09")):
        folder = document / str(days)
        promise = f"[changes]\nnotice_days = {days}"
        publish_as(write_draft(folder, change="", facts=promise), "2026.1", date(2026, 1, 1))
        draft = write_draft(folder, more=" new", facts=promise)
        told = refused(draft, "2026.2", date(2026, 12, 1))
        assert f"take {first} or later" in told


def test_the_lead_counts_whole_days_over_a_change_of_the_clocks(document):
    """R81: 25 October 2026 has 25 hours in Helsinki, 28 March 2027 has 23."""
    for now, first in (
        (datetime(2026, 10, 5, 20, 59, 59, tzinfo=UTC), date(2026, 11, 5)),
        (datetime(2026, 10, 5, 21, tzinfo=UTC), date(2026, 11, 5)),
        (datetime(2026, 10, 5, 21, 0, 1, tzinfo=UTC), date(2026, 11, 6)),
        (datetime(2027, 3, 1, 21, 59, 59, tzinfo=UTC), date(2027, 4, 1)),
        (datetime(2027, 3, 1, 22, tzinfo=UTC), date(2027, 4, 1)),
        (datetime(2027, 3, 1, 22, 0, 1, tzinfo=UTC), date(2027, 4, 2)),
    ):
        draft = write_draft(document, more=" new")
        assert prepared(draft, "2026.9", first, now).package.effective == first
        early = first - timedelta(days=1)
        assert f"take {first} or later" in refused(draft, "2026.9", early, now=now)
