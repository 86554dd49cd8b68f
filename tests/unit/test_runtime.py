"""Starting and running while the log is missing, down, and back again."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consent.component import Consent
from consent.errors import LogError, LogMissing, LogUnavailable
from consent.log import open_log
from consent.pages import runtime as module
from consent.settings import load
from tests.unit.shop_site import EFFECTIVE, open_shop, set_clock
from tests.unit.small_site import Make, Site, decide, fields


@contextmanager
def unreachable(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log that cannot be opened, as on a disk that is not mounted."""

    def refuse(address: str, **_: object) -> None:
        raise LogUnavailable(f"{address}: disk I/O error")

    with patch.context() as inner:
        inner.setattr(module, "open_log", refuse)
        yield


@pytest.fixture
def down(make_site: Make, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that started while its log was down; the log is there again now."""
    with unreachable(monkeypatch):
        return make_site()


def test_without_a_log_nothing_starts_and_the_message_says_how_to_make_one(site: Site) -> None:
    """Point 4: a wrong path never makes a new log."""
    site.close()
    file = site.folder / "consent.toml"
    file.write_text(file.read_text("utf-8").replace("log.sqlite3", "other.sqlite3"), "utf-8")
    with pytest.raises(LogMissing, match=r"other\.sqlite3; `consent log create` makes one"):
        Consent(load(file, site.environ))
    assert not list(site.folder.glob("other*"))


def test_a_file_that_is_no_log_stops_the_start(site: Site) -> None:
    site.close()
    for leftover in site.folder.glob("log.sqlite3*"):
        leftover.unlink()
    (site.folder / "log.sqlite3").write_bytes(b"a text, and no database at all" * 40)
    with pytest.raises(LogError, match="not a consent log"):
        Consent(load(site.folder / "consent.toml", site.environ))


def test_with_the_log_down_the_site_starts_and_says_so(
    make_site: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R34: pages, banner, settings and notice are served."""
    with unreachable(monkeypatch):
        site = make_site()
        client = site.client()
        assert 'id="visitor-choice"' in client.get("/").text
        assert client.get("/choices/fi").status_code == 200
    assert "nobody can allow anything" in caplog.text


def test_with_the_log_down_from_the_start_refusing_works_and_is_written_later(
    make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R34: in effect at once, kept on the disk, in the log when it is back."""
    with unreachable(monkeypatch):
        site = make_site()
        client = site.client()
        assert decide(client, "reject").status_code == 200
        assert 'id="visitor-choice"' not in client.get("/").text
    assert (site.folder / "log.sqlite3.spool").stat().st_size > 0
    site.close()
    again = make_site()
    assert decide(again.client(), "accept").status_code == 303
    again.close()
    assert sorted(str(record["event"]) for record in again.log()) == ["grant", "refusal"]


def test_with_the_log_down_from_the_start_a_grant_is_answered_503(
    make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R34: and in effect when the log is back, without a restart."""
    with unreachable(monkeypatch):
        site = make_site()
        client = site.client()
        response = decide(client, "accept")
        assert response.status_code == 503
        assert "set-cookie" not in response.headers
        assert client.get("/api").json() == {"statistics": False}
    assert decide(client, "accept").status_code == 303
    assert client.get("/api").json() == {"statistics": True}
    assert [record["event"] for record in site.log()] == ["grant"]


def test_a_log_that_is_back_knows_all_that_its_first_record_names(down: Site) -> None:
    """R37: the declaration is logged before the grant."""
    decide(down.client(), "accept")
    log = down.consent.runtime.log
    assert len(list(log.bodies("declaration"))) == 1
    for digest in down.log()[0]["artifacts"]:  # type: ignore[attr-defined]
        assert log.artifact(digest) is not None


def test_a_log_that_stays_down_is_not_tried_for_every_visitor(
    make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try may take seconds, and refusing must not wait for them."""
    tries = []

    def refuse(address: str, **_: object) -> None:
        tries.append(address)
        raise LogUnavailable("locked")

    monkeypatch.setattr(module, "open_log", refuse)
    site = make_site()
    for _ in range(30):
        assert decide(site.client(), "reject").status_code == 200
    assert len(tries) < 15


def test_a_locked_log_is_no_reason_to_stop(
    site: Site, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R34: another process holds the lock; who refuses is served, who allows is told to wait."""
    site.close()
    for part in ("sqlite", "sqlite_file", "sqlite_write"):
        monkeypatch.setattr(f"consent.log.{part}.PATIENCE", 0.05)
    holder = sqlite3.connect(site.folder / "log.sqlite3", isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        started = make_site()
        client = started.client()
        assert decide(client, "reject").status_code == 200
        assert decide(started.client(), "accept").status_code == 503
    finally:
        holder.close()


def test_a_log_that_may_not_be_written_is_down(
    site: Site, make_site: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another user than root, who may write everywhere, finds it."""
    site.close()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda p, m: m != os.W_OK and allowed(p, m))
    started = make_site()
    assert decide(started.client(), "accept").status_code == 503
    assert decide(started.client(), "reject").status_code == 200


def test_a_withdrawal_while_the_log_is_down_joins_its_chain_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R44: it points to the consent that it ends, though it waited in the spool."""
    client = site.client()
    decide(client, "accept")

    async def broken(entry: object) -> None:
        raise LogUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(site.consent.runtime.log, "append", broken)
        assert decide(client, "reject").status_code == 200
        assert client.get("/api").json() == {"statistics": False}
    site.close()
    # The next one to open the log writes what waits.
    log = open_log(str(site.folder / "log.sqlite3"), writable=True, revive=module.revived)
    log.close()
    grant, withdrawal = site.log()
    assert withdrawal["event"] == "withdrawal"
    assert withdrawal["previous"] == grant["id"]
    assert withdrawal["consent_id"] == grant["consent_id"]


def test_two_forms_of_one_visitor_in_the_spool_are_one_chain(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R46: the same withdrawal posted twice is one record, in the spool too."""
    client = site.client()
    decide(client, "accept")
    cookie = {"cookie": f"__Host-choices={client.cookies['__Host-choices']}"}
    form = fields(client.get("/choices/fi").text)

    async def broken(entry: object) -> None:
        raise LogUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(site.consent.runtime.log, "append", broken)
        for _ in range(2):
            assert decide(site.client(**cookie), "reject", form=form).status_code == 200
    site.close()
    open_log(str(site.folder / "log.sqlite3"), writable=True, revive=module.revived).close()
    assert [record["event"] for record in site.log()] == ["grant", "withdrawal"]


def test_the_first_visit_of_a_day_and_of_a_new_notice_needs_no_restart(
    tmp_path: Path, make_site: Make
) -> None:
    """DESIGN 9: computed, no scheduler."""
    shop = open_shop(tmp_path, make_site)
    client = shop.client()
    decide(client, "reject")
    before = shop.consent.runtime.edition
    set_clock(shop, EFFECTIVE)
    client.get("/")
    assert shop.consent.runtime.edition.notice[0] == "2027.1"
    assert before.notice[0] == "2026.2"


def test_nothing_of_a_visitor_reaches_the_programs_own_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """R125: warnings and errors name no address, agent or page."""
    client = site.client(**{"user-agent": "SECRETAGENT"})
    with caplog.at_level(logging.DEBUG, "consent"):
        decide(client, "accept")
        client.get("/SECRETPAGE")
        client.post("/choices/decide", content=b"\xff")
    assert not re.search("SECRET|testclient|__Host-", caplog.text)


def test_a_log_that_was_let_go_of_is_opened_again(site: Site) -> None:
    """In one process a site may be started anew, as tests do with their app."""
    site.close()
    decide(site.client(), "accept")
    assert len(site.log()) == 1
