"""Every state of a version and every boundary between them, by a clock that is only looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consent.notice.lifecycle import (
    ANNOUNCED_AFTER_EFFECT,
    State,
    announcement,
    standing,
    state,
    unchanged,
)
from consent.notice.publish import midnight
from consent.notice.shelf import Shelf
from consent.notice.withdrawal import withdraw
from tests.unit.notice_samples import LANGUAGES, publish_as, write_draft
from tests.unit.shop_site import EFFECTIVE, PATHS, open_shop, set_clock
from tests.unit.small_site import TOML, decide
from tests.unit.test_announcement import strip
from tests.unit.test_scheduled import GATE, LATER

HELSINKI = ZoneInfo("Europe/Helsinki")
SECOND = timedelta(seconds=1)
BEFORE, SCHEDULED, FORCE = State.DRAFT, State.SCHEDULED, State.IN_FORCE
GONE, OLD = State.WITHDRAWN, State.SUPERSEDED
REASON = dict.fromkeys(LANGUAGES, "Not needed.")


def local(*parts):
    """A moment of the site's wall clock, in UTC."""
    return datetime(*parts, tzinfo=HELSINKI).astimezone(UTC)


@pytest.fixture
def document(tmp_path):
    """2026.1, in force from the beginning of 2026."""
    publish_as(
        write_draft(tmp_path / "privacy", change=""),
        "2026.1",
        date(2026, 1, 1),
        datetime(2025, 12, 1, tzinfo=UTC),
    )
    return tmp_path / "privacy"


def add(document, number, day, now, more, reason="A court order."):
    return publish_as(write_draft(document, more=more), number, day, now, reason=reason)


def states(document, moment):
    packages = Shelf.load(document.parent, "privacy").packages
    found = [state(package, packages, moment) for package in packages]
    # The states of the single versions and the standing of all say the same.
    stand = standing(packages, moment)
    assert found.count(FORCE) == (stand.in_force is not None)
    assert found.count(SCHEDULED) == len(stand.scheduled)
    assert found.count(OLD) == len(stand.superseded)
    assert found.count(GONE) == len(stand.withdrawn)
    since, until = unchanged(packages, moment)
    assert since <= moment.timestamp() < until
    return found


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        # Clocks go forward at three on 29 March, back at four on 25 October.
        (date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
        (date(2026, 3, 30), datetime(2026, 3, 29, 21, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 24, 21, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 25, 22, tzinfo=UTC)),
        # Midsummer, New Year, and a leap day.
        (date(2026, 6, 19), datetime(2026, 6, 18, 21, tzinfo=UTC)),
        (date(2027, 1, 1), datetime(2026, 12, 31, 22, tzinfo=UTC)),
        (date(2028, 2, 29), datetime(2028, 2, 28, 22, tzinfo=UTC)),
    ],
)
def test_a_version_takes_effect_at_midnight_on_the_site_to_the_second(document, day, begins):
    announced = datetime(2026, 1, 10, tzinfo=UTC)
    package = add(document, f"{day.year}.2", day, announced, " new")
    assert package.starts == begins == midnight(day, "Europe/Helsinki")
    assert states(document, announced - SECOND) == [FORCE, BEFORE]
    assert states(document, announced) == [FORCE, SCHEDULED]
    assert states(document, begins - SECOND) == [FORCE, SCHEDULED]
    assert states(document, begins) == [OLD, FORCE]


@pytest.mark.parametrize(("clock", "fold"), [("03:30", 0), ("03:30", 1), ("04:00", 0)])
def test_the_hour_that_comes_twice_changes_nothing(document, clock, fold):
    """On 25 October half past three comes twice; what is announced then is announced once."""
    hour, minute = map(int, clock.split(":"))
    now = datetime(2026, 10, 25, hour, minute, fold=fold, tzinfo=HELSINKI)
    package = add(document, "2026.2", date(2026, 10, 26), now, " new")
    assert package.announced_at == now.astimezone(UTC)
    assert states(document, now.astimezone(UTC) - SECOND) == [FORCE, BEFORE]
    assert states(document, now.astimezone(UTC)) == [FORCE, SCHEDULED]
    assert states(document, datetime(2026, 10, 25, 22, tzinfo=UTC)) == [OLD, FORCE]


def test_effective_in_one_minute(document):
    """Announced at 23:59 on New Year's Eve, with a reason."""
    now = local(2026, 12, 31, 23, 59)
    package = add(document, None, date(2027, 1, 1), now, " new")
    assert str(package.number) == "2027.1"
    assert states(document, now) == [FORCE, SCHEDULED]
    assert states(document, now + timedelta(seconds=59)) == [FORCE, SCHEDULED]
    assert states(document, now + timedelta(seconds=60)) == [OLD, FORCE]


def test_effective_since_one_minute(document):
    """Announced at 00:01 for the day that has begun: from when it can be read, not before."""
    now = local(2027, 1, 1, 0, 1)
    add(document, None, date(2027, 1, 1), now, " new")
    assert states(document, now - SECOND) == [FORCE, BEFORE]
    assert states(document, now) == [OLD, FORCE]


def test_two_scheduled_versions_take_effect_one_after_the_other(document):
    now = local(2026, 11, 1, 12)
    first = add(document, "2027.1", date(2027, 1, 1), now, " one")
    second = add(document, "2027.2", date(2027, 2, 1), now + timedelta(hours=1), " two")
    assert states(document, now) == [FORCE, SCHEDULED, BEFORE]
    assert states(document, second.announced_at) == [FORCE, SCHEDULED, SCHEDULED]
    assert states(document, first.starts) == [OLD, FORCE, SCHEDULED]
    assert states(document, second.starts - SECOND) == [OLD, FORCE, SCHEDULED]
    assert states(document, second.starts) == [OLD, OLD, FORCE]
    # R80: each is told once, the older first.
    packages = Shelf.load(document.parent, "privacy").packages
    assert announcement(packages, now, "2026.1") == first
    assert announcement(packages, second.announced_at, "2026.1") == first
    assert announcement(packages, second.announced_at, "2027.1") == second
    assert announcement(packages, second.announced_at, "2027.2") is None
    assert announcement(packages, first.starts + ANNOUNCED_AFTER_EFFECT, "2026.1") == second
    until = second.starts + ANNOUNCED_AFTER_EFFECT
    assert announcement(packages, until - SECOND, "2027.1") == second
    assert announcement(packages, until, "2027.1") is None


def test_two_versions_of_one_day_leave_the_higher_number_in_force(document):
    now = local(2026, 11, 1, 12)
    for number, more in (("2027.1", " one"), ("2027.2", " two")):
        add(document, number, date(2027, 1, 1), now, more)
    assert states(document, local(2027, 1, 1)) == [OLD, OLD, FORCE]


def test_withdrawn_on_the_day_before_the_other_scheduled_version_comes(document):
    now = local(2026, 11, 1, 12)
    add(document, "2027.1", date(2027, 2, 1), now, " one")
    first = add(document, "2027.2", date(2027, 1, 1), now, " two")
    gone, packages = local(2026, 12, 31, 8), Shelf.load(document.parent, "privacy").packages
    withdraw(first, document / "2027.2", REASON, packages=packages, now=gone)
    assert states(document, gone - SECOND) == [FORCE, SCHEDULED, SCHEDULED]
    assert states(document, gone) == [FORCE, SCHEDULED, GONE]
    assert states(document, first.starts) == [FORCE, SCHEDULED, GONE]
    assert states(document, local(2027, 2, 1)) == [OLD, FORCE, GONE]


def test_withdrawn_in_the_last_second(document):
    package = add(document, "2027.1", date(2027, 1, 1), local(2026, 11, 1), " one")
    now = package.starts - SECOND
    withdraw(package, document / "2027.1", REASON, packages=[package], now=now)
    assert states(document, package.starts) == [FORCE, GONE]


def test_a_clock_that_is_set_back_brings_every_state_back(document):
    """Nothing was done when it took effect, so nothing has to be undone."""
    package = add(document, "2027.1", date(2027, 1, 1), local(2026, 11, 1), " one")
    moments = [package.announced_at - SECOND, package.announced_at, package.starts]
    there = [states(document, moment) for moment in moments]
    assert there == [[FORCE, BEFORE], [FORCE, SCHEDULED], [OLD, FORCE]]
    assert [states(document, moment) for moment in reversed(moments)] == there[::-1]


def test_a_running_site_turns_with_the_clock(tmp_path, make_site):
    """The page, the strip and the gate of a service that waits turn in the same second."""
    site = open_shop(tmp_path, make_site, toml=TOML + LATER)
    site.page = site.page.replace("</body>", f"{GATE}</body>")
    client = site.client()
    decide(client, "accept")
    for seconds, version, verb, asked in (
        (-60, "2026.2", "muuttuu", []),
        (-1, "2026.2", "muuttuu", []),
        (0, "2027.1", "muuttui", ["statistics"]),
        (-1, "2026.2", "muuttuu", []),
    ):
        set_clock(site, EFFECTIVE, seconds)
        assert f"Versio {version}, " in client.get(PATHS["fi"]).text
        assert client.get("/choices/state").json()["asked"] == asked
        assert GATE in client.get("/p").text
        if not asked:  # the question comes before the news
            assert verb in strip(client.get("/p").text)


def test_a_service_whose_version_is_withdrawn_is_never_asked(tmp_path, make_site):
    """R81: it stays gated, outside the scope and unasked, and without a warning."""
    open_shop(tmp_path, make_site).close()
    folder = tmp_path / "notices/privacy/2027.1"
    shelf, now = Shelf.load(tmp_path / "notices", "privacy"), EFFECTIVE - timedelta(days=1)
    withdraw(shelf.version("2027.1"), folder, REASON, packages=shelf.packages, now=now)
    site = open_shop(tmp_path, make_site, toml=TOML + LATER)
    site.page = site.page.replace("</body>", f"{GATE}</body>")
    client = site.client()
    decide(client, "accept")
    for days in (-2, -1, 0, 1, 90):
        set_clock(site, EFFECTIVE, days * 86_400)
        assert client.get("/choices/state").json()["asked"] == []
        assert GATE in client.get("/").text
        assert "Versio 2026.2, " in client.get(PATHS["fi"]).text
        assert "Kuljetus" not in client.get("/choices/fi").text
