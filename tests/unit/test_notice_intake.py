"""What the server takes in: versions whose folder is gone, and those that come late (R77, R81)."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import timedelta

import pytest

from consent.errors import LogUnavailable, NoticeError
from consent.log.sqlite import SqliteLog
from consent.notice.shelf import Shelf
from consent.notice.withdrawal import WITHDRAWN
from consent.pages.published import publications
from consent.record import canonical
from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, NOTICES, PATHS, open_shop, set_clock
from tests.unit.small_site import decide
from tests.unit.test_announcement import strip
from tests.unit.test_notice_withdrawal import REASON, take_back

NUMBERS = ("2026.1", "2026.2", "2027.1")
FILES = [f"{PATHS['sv']}/{number}.{kind}" for number in NUMBERS for kind in ("html", "md", "json")]


@pytest.fixture
def shop(tmp_path, make_site):
    """A site whose notices a log has seen; opened again with the folders of some gone."""
    open_shop(tmp_path, make_site).close()

    def open_without(*numbers):
        for number in numbers:
            shutil.rmtree(tmp_path / "notices/privacy" / number)
        site = make_site()
        set_clock(site, EFFECTIVE, -1)
        return site

    return open_without


def pages(site):
    client = site.client()
    return {path: client.get(path).content for path in FILES}


def test_every_file_of_a_lost_version_is_served_from_the_log(shop, caplog):
    site = shop()
    before = pages(site)
    site.close()
    site = shop(*NUMBERS)
    assert pages(site) == before
    for number in NUMBERS:
        assert site.client().get(f"{PATHS['fi']}/{number}").status_code == 200
    told = [line for line in caplog.records if getattr(line, "event", "") == "notice-from-log"]
    assert [line.levelno for line in told] == [logging.ERROR] * 3
    assert "restore the folder" in told[0].getMessage()


def test_what_was_in_force_stays_so_and_what_is_announced_comes(shop):
    """A version before it would say what is not true any more, and ask by another scope."""
    site = shop("2026.2", "2027.1")
    client = site.client()
    decide(client, "reject")
    assert "Versio 2026.2, " in client.get(PATHS["fi"]).text
    set_clock(site, EFFECTIVE)
    assert "Versio 2027.1, " in client.get(PATHS["fi"]).text
    assert "2027.1" in client.get(f"{PATHS['fi']}/feed.atom").text


def test_a_lost_version_that_was_withdrawn_does_not_come(tmp_path, shop):
    shop().close()
    take_back(tmp_path / "notices/privacy")
    shop().close()
    site = shop("2027.1")
    set_clock(site, EFFECTIVE)
    client = site.client()
    assert "Versio 2026.2, " in client.get(PATHS["fi"]).text
    assert REASON["fi"] in client.get(f"{PATHS['fi']}/2027.1").text


def test_the_log_is_told_nothing_twice(shop):
    site = shop()
    entries = list(site.consent.runtime.log.bodies("publication"))
    site.close()
    site = shop("2026.1")
    assert list(site.consent.runtime.log.bodies("publication")) == entries


@pytest.mark.parametrize("gone", ["manifest", "text", WITHDRAWN])
def test_what_the_log_has_not_either_stops_the_start(tmp_path, shop, monkeypatch, gone):
    """R75: half a version is served to nobody, and a withdrawal is never forgotten."""
    document = tmp_path / "notices/privacy"
    take_back(document)
    site = shop()
    log = site.consent.runtime.log
    entry = json.loads(list(log.bodies("publication"))[-1][1])
    lost = {
        "manifest": (document / "2027.1/manifest.json").read_bytes(),
        "text": (document / "2027.1/fi.md").read_bytes(),
        WITHDRAWN: (document / "2027.1" / WITHDRAWN).read_bytes(),
    }[gone]
    kept = type(log).artifact
    assert lost in [kept(log, digest)[1] for digest in entry["artifacts"]]
    site.close()

    def artifact(self, digest):
        found = kept(self, digest)
        return None if found and found[1] == lost else found

    monkeypatch.setattr(type(log), "artifact", artifact)
    with pytest.raises(NoticeError) as caught:
        shop("2027.1")
    (problem,) = caught.value.problems
    assert str(problem).startswith("privacy/2027.1: is in the log, and its folder is missing")


@pytest.mark.parametrize("file", ["manifest.json", WITHDRAWN])
def test_what_the_log_has_otherwise_than_it_was_stops_the_start(tmp_path, shop, monkeypatch, file):
    """R75: neither is named by a hash in another file."""
    document = tmp_path / "notices/privacy"
    take_back(document)
    shop().close()
    was = (document / "2027.1" / file).read_bytes()
    _change_in_the_log(monkeypatch, was, canonical(json.loads(was) | {"author": "Joku muu"}))
    with pytest.raises(NoticeError) as caught:
        shop("2027.1")
    (problem,) = caught.value.problems
    assert str(problem).startswith("privacy/2027.1: is in the log, and its folder is missing")


def test_a_log_that_comes_back_changed_is_not_served(tmp_path, shop, monkeypatch):
    """The rest can be read, the history too, which says that something cannot."""
    shop().close()
    was = (tmp_path / "notices/privacy/2027.1/manifest.json").read_bytes()
    with monkeypatch.context() as down:
        down.setattr("consent.pages.runtime.open_log", _refuse)
        site = shop("2027.1")
    _change_in_the_log(monkeypatch, was, canonical(json.loads(was) | {"author": "Joku muu"}))
    client = site.client()
    history = client.get(f"{PATHS['fi']}/historia")
    assert (history.status_code, history.headers["cache-control"]) == (200, "private, no-store")
    assert client.get(f"{PATHS['fi']}/2027.1").status_code == 404
    assert client.get(f"{PATHS['fi']}/2026.2").status_code == 200


def _change_in_the_log(monkeypatch, was, other):
    kept = SqliteLog.artifact

    def artifact(self, digest):
        found = kept(self, digest)
        return (found[0], other) if found and found[1] == was else found

    monkeypatch.setattr(SqliteLog, "artifact", artifact)


def test_a_log_that_was_down_at_the_start_gives_them_when_it_is_back(shop, monkeypatch):
    shop().close()
    with monkeypatch.context() as down:
        down.setattr("consent.pages.runtime.open_log", _refuse)
        site = shop("2027.1")
        assert site.client().get(f"{PATHS['fi']}/2027.1").status_code == 404
    client = site.client()
    decide(client, "reject")
    assert decide(client, "accept").status_code in (200, 303)
    assert site.client().get(f"{PATHS['fi']}/2027.1").status_code == 200
    assert strip(client.get("/").text) == ""


def _refuse(*_, **__):
    raise LogUnavailable("down")


@pytest.mark.parametrize(("days", "late"), [(0.5, False), (12, False), (13, True), (60, True)])
def test_a_version_that_lay_undeployed_is_warned_of(tmp_path, make_site, caplog, days, late):
    """R81: visitors are told from its deployment on, whenever it was published."""
    shutil.copytree(NOTICES, tmp_path / "notices", ignore=shutil.ignore_patterns("2027.1"))
    log = make_site().consent.runtime.log
    shelf = Shelf.load(NOTICES, "privacy")
    assert len(list(publications(log, shelf, ANNOUNCED + timedelta(days=days)))) == 1
    told = [line for line in caplog.records if line.event == "notice-announced-late"]
    assert [line.fields["version"] for line in told] == ["2027.1"] * late


def test_a_log_that_begins_with_old_versions_warns_of_none(tmp_path, make_site, caplog):
    """They may have been served otherwise before."""
    log = make_site().consent.runtime.log
    assert len(list(publications(log, Shelf.load(NOTICES, "privacy"), EFFECTIVE))) == 3
    assert not [line for line in caplog.records if line.event == "notice-announced-late"]
