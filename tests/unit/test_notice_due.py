"""When a version may take effect at the earliest, and how much it changes (R78, R81, R86)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.notice.due import earliest
from consent.notice.publish import midnight
from tests.unit.notice_samples import (
    line_of_three,
    publish_as,
    refused,
    write_draft,
)

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_a_later_version_tells_what_changes(tmp_path):
    line_of_three(tmp_path / "privacy")
    draft = write_draft(tmp_path / "privacy", change="", change_class="editorial")
    assert "sv.md: change" in refused(draft, "2027.2", date(2027, 6, 1))


def test_a_new_purpose_is_a_material_change(tmp_path):
    """R86: told before the processing starts."""
    line_of_three(tmp_path / "privacy")
    purpose = '[[purposes]]\nid = "ads"\nbasis = "consent"\ndata = ["contact"]'
    draft = write_draft(tmp_path / "privacy", change_class="clarifying", facts=purpose)
    assert "ads is new since 2027.1" in refused(draft, "2027.2", date(2027, 6, 1))
    write_draft(tmp_path / "privacy", facts=purpose)
    assert publish_as(draft, "2027.2", date(2027, 6, 1)).material


def test_a_new_purpose_without_an_id_is_one_too(tmp_path):
    """R86: neither a reason for its class nor one for the time lets it start untold."""
    line_of_three(tmp_path / "privacy")
    purpose = '[[purposes]]\nbasis = "consent"\ndata = ["contact"]'
    draft = write_draft(tmp_path / "privacy", facts=purpose)
    today = NOW.date()
    assert "4 is new, and people are told" in refused(draft, "2027.2", today, reason="Hurry.")
    facts = (draft / "facts.toml").read_text("utf-8")
    lower = 'class = "clarifying"\nreason = "Small."'
    (draft / "facts.toml").write_text(facts.replace('class = "material"', lower), "utf-8")
    assert "4 is new since 2027.1" in refused(draft, "2027.2", date(2027, 6, 1))


@pytest.mark.parametrize(
    ("now", "first"),
    [
        # The announcement's day does not count unless it is announced at its very start.
        (datetime(2026, 11, 1, 10, tzinfo=UTC), date(2026, 12, 2)),
        (datetime(2026, 10, 31, 22, tzinfo=UTC), date(2026, 12, 1)),
        # 23:30 UTC is the next day in Helsinki; the lead crosses the change to winter time.
        (datetime(2026, 10, 1, 23, 30, tzinfo=UTC), date(2026, 11, 2)),
        # It crosses the turn of the year.
        (datetime(2026, 12, 31, 21, 59, tzinfo=UTC), date(2027, 1, 31)),
    ],
)
def test_a_material_change_is_announced_thirty_days_before(tmp_path, now, first):
    """R81: full days by the site's calendar."""
    document = tmp_path / "privacy"
    publish_as(write_draft(document), "2026.1", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC))
    draft = write_draft(document, more=" new")
    day_before = first - timedelta(days=1)
    assert f"take {first} or later" in refused(draft, "2026.2", day_before, now=now)
    assert publish_as(draft, "2026.2", first, now).announced_at == now


def test_a_stored_reason_shortens_the_lead_but_never_turns_it_back(tmp_path):
    document = tmp_path / "privacy"
    publish_as(write_draft(document), "2026.1", date(2026, 1, 1))
    draft = write_draft(document, more=" new")
    assert "too early" in refused(draft, "2026.2", date(2026, 10, 31), reason="A court order")
    package = publish_as(draft, "2026.2", date(2026, 11, 1), reason="A court order")
    assert package.reason == "A court order"
    # Its midnight has passed: it takes effect when it can be read.
    assert package.starts == package.announced_at == NOW


def test_a_new_purpose_never_starts_on_the_day_it_is_told(tmp_path):
    """R86: before the processing starts, whatever the reason for the haste."""
    document = tmp_path / "privacy"
    publish_as(write_draft(document, change=""), "2026.1", date(2026, 1, 1))
    purpose = '[[purposes]]\nid = "ads"\nbasis = "consent"\ndata = ["contact"]'
    draft = write_draft(document, facts=purpose)
    told = refused(draft, "2026.2", date(2026, 11, 1), reason="A court order")
    assert "ads is new, and people are told of a new purpose before it starts" in told
    assert "take 2026-11-02 or later" in told
    assert publish_as(draft, "2026.2", date(2026, 11, 2), reason="A court order").material


def test_the_first_version_and_small_changes_need_no_lead(tmp_path):
    document = tmp_path / "privacy"
    publish_as(write_draft(document), "2026.1", date(2020, 1, 1))
    draft = write_draft(document, change_class="editorial", more=" typo")
    assert publish_as(draft, "2026.2", date(2026, 11, 1)).effective == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("day", "timezone", "instant"),
    [
        (date(2027, 1, 1), "Europe/Helsinki", "2026-12-31T22:00:00"),
        (date(2026, 7, 1), "Europe/Helsinki", "2026-06-30T21:00:00"),
        (date(2026, 3, 29), "Europe/Helsinki", "2026-03-28T22:00:00"),
        (date(2026, 3, 30), "Europe/Helsinki", "2026-03-29T21:00:00"),
        (date(2026, 10, 25), "Europe/Helsinki", "2026-10-24T21:00:00"),
        (date(2026, 10, 26), "Europe/Helsinki", "2026-10-25T22:00:00"),
        (date(2027, 1, 1), "Europe/Stockholm", "2026-12-31T23:00:00"),
        (date(2027, 1, 1), "UTC", "2027-01-01T00:00:00"),
        # Clocks went from 00:00 to 01:00 here: the day began with the skip.
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00"),
    ],
)
def test_a_version_takes_effect_as_the_day_begins_on_the_site(day, timezone, instant):
    assert midnight(day, timezone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 90),
)
def test_the_earliest_day_leaves_the_full_lead(now, lead):
    local = now.astimezone(ZoneInfo("Europe/Helsinki"))
    begins = midnight(earliest(local, lead), "Europe/Helsinki")
    # Within the hour that a change of the clocks adds or takes.
    assert timedelta(days=lead, hours=-1) <= begins - now <= timedelta(days=lead + 1, hours=1)
