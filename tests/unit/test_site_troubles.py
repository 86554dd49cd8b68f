"""What visitors get while the log is locked, damaged or lost, or the clock wrong; what is left.

A full disk is in `tests/test_full_disk.py`, a killed server in `tests/test_crash.py`.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from consent.log import create_log, open_log
from consent.log.sqlite import SqliteLog
from consent.log.sqlite_file import connect
from consent.log.verify import verify
from tests.unit.log_engines import append, grant, refusal
from tests.unit.patience import until
from tests.unit.shop_site import EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import Make, Site, decide, fields

DAY = 86_400


def engine(site: Site) -> object:
    return site.consent.runtime.log._writes._engine  # type: ignore[attr-defined]


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Another program holds the log's write lock for longer than anybody waits."""
    engine(site).patience = 0.05  # type: ignore[attr-defined]
    with closing(connect(str(site.folder / "log.sqlite3"), "rw")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def damaged(site: Site) -> Iterator[None]:
    """All pages but the first are overwritten, as by a failing disk, and mended from a copy."""
    runtime = site.consent.runtime
    runtime.close()
    path = site.folder / "log.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    yield
    runtime.close()
    for leftover in site.folder.glob("log.sqlite3-*"):
        leftover.unlink()
    path.write_bytes(whole)


@contextmanager
def deleted(site: Site) -> Iterator[None]:
    """The files of the log are moved away under the running site, and back."""
    away = site.folder / "away"
    away.mkdir()
    names = [path.name for path in site.folder.glob("log.sqlite3*")]
    for name in names:
        os.rename(site.folder / name, away / name)
    yield
    for name in names:
        os.rename(away / name, site.folder / name)


@contextmanager
def crowded(site: Site) -> Iterator[None]:
    """More entries wait for the log already than may."""
    writer = site.consent.runtime.log._writes  # type: ignore[attr-defined]
    limit, writer._limit = writer._limit, 0
    yield
    writer._limit = limit


Trouble = Callable[[Site], object]
TROUBLES = {
    locked: "has been locked for 0.05 seconds",
    damaged: "database disk image is malformed",
    deleted: "there is no log at ",
    crowded: "0 entries wait for the log already",
}


def whole(site: Site) -> None:
    with open_log(str(site.folder / "log.sqlite3"), writable=False).snapshot() as snapshot:
        assert verify(snapshot).findings == []


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_in_every_trouble_nothing_is_allowed_and_everything_can_be_refused(
    site: Site, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    """R34: a grant is 503 and not in effect; what is refused or withdrawn is, and is kept."""
    granted, refusing, wishing, mixed = (site.client() for _ in range(4))
    assert decide(granted, "accept").status_code == 303
    assert decide(mixed, "save", "statistics").status_code == 303
    with trouble(site):  # type: ignore[attr-defined]
        assert decide(refusing, "reject").status_code == 200
        reply = decide(wishing, "accept")
        assert (reply.status_code, "set-cookie" in reply.headers) == (503, False)
        assert "mitään ei otettu käyttöön" in reply.text
        assert decide(wishing, "accept", json_reply=True).status_code == 503
        assert decide(mixed, "save", "marketing").status_code == 503
        assert granted.get("/choices/fi/receipt").status_code in (200, 503)
        assert decide(granted, "reject").status_code == 200
        for client in (granted, refusing, wishing, mixed):
            assert client.get("/api").json() == {"statistics": False}
            assert client.get("/").status_code == 200
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert any("the consent log is down" in text and TROUBLES[trouble] in text for text in said)
    # Whatever waited is written as soon as it works again.
    assert decide(site.client(), "accept").status_code == 303
    until(lambda: len(site.log()) == 6)
    events = sorted(str(record["event"]) for record in site.log())
    assert events == ["grant", "grant", "grant", "refusal", "withdrawal", "withdrawal"]
    # The spool is emptied only after its entries are durable, so a reader sees them first.
    until(lambda: os.path.getsize(site.folder / "log.sqlite3.spool") == 0)
    whole(site)


@pytest.mark.parametrize("trouble", [locked, damaged], ids=lambda trouble: trouble.__name__)
def test_a_site_starts_with_such_a_log_and_goes_on_when_it_is_mended(
    site: Site, make_site: Make, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    """A machine that starts again at night brings the site back, without consents (R34)."""
    for module in ("sqlite", "sqlite_file", "sqlite_write"):
        monkeypatch.setattr(f"consent.log.{module}.PATIENCE", 0.05)
    with trouble(site):  # type: ignore[attr-defined]
        started = make_site()
        assert decide(started.client(), "accept").status_code == 503
        assert decide(started.client(), "reject").status_code == 200
        assert started.client().get("/").status_code == 200
    until(lambda: decide(started.client(), "accept").status_code == 303)
    until(lambda: {str(r["event"]) for r in started.log()} == {"grant", "refusal"})
    whole(started)


# -- an older copy of the log --


def older(site: Site) -> None:
    """Put back the log as it was when the site began."""
    for leftover in site.folder.glob("log.sqlite3-*"):
        leftover.unlink()
    os.replace(site.folder / "copy", site.folder / "log.sqlite3")


@pytest.fixture
def copied(site: Site) -> Site:
    """A site whose log was copied before anybody decided."""
    site.consent.runtime.close()
    shutil.copy(site.folder / "log.sqlite3", site.folder / "copy")
    return site


def test_a_running_site_takes_no_older_copy_of_its_log(
    copied: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """R40: what it has acknowledged would be missing."""
    client = copied.client()
    decide(client, "accept")
    older(copied)
    assert decide(copied.client(), "accept").status_code == 503
    assert decide(client, "reject").status_code == 200
    assert client.get("/api").json() == {"statistics": False}
    assert copied.log() == []
    assert re.search(r"the log went back from \d+ to \d+ entries", caplog.text)


@pytest.mark.parametrize(
    ("decision", "granted", "event", "status"),
    [("save", ["marketing"], "change", 303), ("reject", [], "withdrawal", 200)],
)
def test_whose_consent_an_older_copy_does_not_know_begins_a_chain_anew(
    copied: Site, make_site: Make, decision: str, granted: list[str], event: str, status: int
) -> None:
    """R44: the cookie still holds; the next decision is recorded in full, with no previous one."""
    client = copied.client()
    decide(client, "save", "statistics")
    lost = copied.log()[0]
    copied.close()
    older(copied)
    site = make_site()
    client = site.client(cookie=f"__Host-choices={client.cookies['__Host-choices']}")
    assert client.get("/api").json() == {"statistics": True}
    assert client.get("/choices/fi/receipt").status_code == 404
    assert decide(client, decision, *granted).status_code == status
    (record,) = site.log()
    assert (record["consent_id"], record["event"]) == (lost["consent_id"], event)
    assert "previous" not in record
    assert record["states"] == {
        "preferences": "denied",
        "statistics": "denied",
        "marketing": "granted" if granted else "denied",
    }
    whole(site)


# -- clocks --


def test_a_clock_set_back_leaves_a_valid_log_and_chains_in_their_order(site: Site) -> None:
    """R44: records stand as they came, whatever their times say."""
    client = site.client()
    decide(client, "accept")
    site.clock.pass_days(-1)
    assert decide(client, "save", "marketing").status_code == 303
    decide(site.client(), "reject")
    site.clock.now -= 3600
    assert decide(client, "reject").status_code == 200
    records = [r for r in site.log() if "consent_id" in r]
    assert [r["event"] for r in records] == ["grant", "change", "withdrawal"]
    assert [r.get("previous") for r in records] == [None, records[0]["id"], records[1]["id"]]
    times = [str(r["time"]) for r in records]
    assert times == sorted(times, reverse=True)
    assert len(site.log()) == 4
    whole(site)


def test_who_decided_by_a_clock_that_was_ahead_is_asked_again(site: Site) -> None:
    """R32: a decision from the future is none, and allows nothing."""
    site.clock.pass_days(400)
    client = site.client()
    decide(client, "accept")
    assert client.get("/api").json() == {"statistics": True}
    site.clock.pass_days(-400)
    assert client.get("/api").json() == {"statistics": False}
    assert 'id="visitor-choice"' in client.get("/").text
    assert decide(client, "accept").status_code == 303
    assert client.get("/api").json() == {"statistics": True}
    first, second = site.log()
    assert first["consent_id"] != second["consent_id"]
    whole(site)


@pytest.mark.parametrize("back", [1, DAY, 300 * DAY])
def test_a_notice_is_not_in_force_any_more_when_the_clock_says_so(
    tmp_path: Path, make_site: Make, back: int
) -> None:
    """What is recorded as shown is what holds by the present clock."""
    shop = open_shop(tmp_path, make_site)
    for seconds in (0, -back, 0):
        set_clock(shop, EFFECTIVE, seconds)
        decide(shop.client(), "accept")
    versions = [record["notice"]["version"] for record in shop.log()]  # type: ignore[index]
    assert versions == ["2027.1", "2026.1" if back > 200 * DAY else "2026.2", "2027.1"]
    whole(shop)


def test_a_form_posted_twice_is_known_again_though_the_clock_goes_back(site: Site) -> None:
    """R46."""
    client = site.client()
    form = fields(client.get("/choices/fi").text)
    decide(client, "reject", form=form)
    site.clock.pass_days(-300)
    decide(client, "reject", form=form)
    assert len(site.log()) == 1


def test_what_a_clock_that_was_ahead_has_dated_is_forgotten_all_the_same(tmp_path: Path) -> None:
    """R46: a key tells forms from one another for two days, not for the years a clock was ahead."""
    path = tmp_path / "log.sqlite3"
    create_log(str(path), "example.fi")
    now = [1000.0 * DAY]

    def new() -> bool:
        """Post once more, after what a day's work does to the keys."""
        with closing(SqliteLog(str(path), writable=True, clock=lambda: now[0])) as log:
            for start in range(0, 6000, 3000):  # enough for them to pass into the index
                append(log, *[grant(number) for number in range(start, start + 3000)])
            until(lambda: log._writes._engine.untidy() is None)  # type: ignore[union-attr]
            return append(log, refusal(1))[0].new

    assert new()
    for passed in (0, -900, 2):
        now[0] += passed * DAY
        assert not new()
    now[0] += DAY
    assert new()
