"""A version is withdrawn before its effect only; it stays listed, and its number is spent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from math import inf
from xml.etree import ElementTree as ET

import pytest

from consent.errors import NoticeError
from consent.notice.addresses import word
from consent.notice.feed import feed_updated, versions_json
from consent.notice.lifecycle import State, announcement, standing, state, unchanged
from consent.notice.package import artifacts, verify_package
from consent.notice.shelf import Shelf
from consent.notice.withdrawal import WITHDRAWN, withdraw
from consent.pages.published import publications
from consent.record import canonical
from consent.texts import texts
from tests.unit.notice_samples import line_of_three, publish_as, write_draft
from tests.unit.shop_site import EFFECTIVE, PATHS, open_shop, set_clock
from tests.unit.small_site import decide
from tests.unit.test_announcement import strip
from tests.unit.test_notice_feed import ATOM, address, feed

REASON = {
    "fi": "Vastaanottajaa ei oteta käyttöön.",
    "sv": "Mottagaren tas inte i bruk.",
    "en": "The recipient will not be used.",
}
DAY_BEFORE = datetime(2026, 12, 30, 22, tzinfo=UTC)  # 31 December begins in Helsinki
NEW_YEAR = datetime(2026, 12, 31, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def document(tmp_path):
    line_of_three(tmp_path / "privacy")
    return tmp_path / "privacy"


@pytest.fixture
def line(document):
    """2026.1 superseded, 2026.2 in force, 2027.1 withdrawn on the day before its effect."""
    take_back(document)
    return Shelf.load(document.parent, "privacy").packages


def take_back(document, now=DAY_BEFORE, reason=REASON, number="2027.1"):
    folder, packages = document / number, Shelf.load(document.parent, "privacy").packages
    package = verify_package(folder)
    return withdraw(package, folder, reason, packages=packages, now=now, author="Editor")


def test_withdrawn_on_the_day_before_it_never_takes_effect(line):
    for now in (DAY_BEFORE, NEW_YEAR, NEW_YEAR + timedelta(days=900)):
        stand = standing(line, now)
        assert str(stand.in_force.number) == "2026.2"
        assert (stand.scheduled, stand.withdrawn) == ((), (line[2],))
        assert state(line[2], line, now) is State.WITHDRAWN
        assert state(line[1], line, now) is State.IN_FORCE


def test_until_it_is_withdrawn_it_is_scheduled(line):
    """A clock that is set back finds it announced."""
    before = standing(line, DAY_BEFORE - SECOND)
    assert (before.scheduled, before.withdrawn) == ((line[2],), ())
    assert announcement(line, DAY_BEFORE - SECOND, "2026.2") is line[2]


def test_what_is_withdrawn_is_announced_to_nobody(line):
    """R80."""
    assert announcement(line, DAY_BEFORE, "2026.2") is None
    assert announcement(line, NEW_YEAR, "") is None


def test_the_withdrawal_is_the_last_moment_at_which_it_changes_anything(line):
    assert unchanged(line, DAY_BEFORE) == (DAY_BEFORE.timestamp(), inf)
    assert unchanged(line, DAY_BEFORE - SECOND)[1] == DAY_BEFORE.timestamp()


def test_a_first_version_that_was_withdrawn_makes_the_next_the_first(tmp_path):
    document = tmp_path / "privacy"
    now = datetime(2026, 11, 1, tzinfo=UTC)
    publish_as(write_draft(document), "2026.1", date(2027, 1, 1), now)
    take_back(document, now + timedelta(days=1), number="2026.1")
    draft = write_draft(document, more=" new")
    second = publish_as(draft, "2026.2", date(2027, 1, 1), now + timedelta(days=2))
    packages = Shelf.load(tmp_path, "privacy").packages
    assert standing(packages, second.starts).in_force == second
    assert announcement(packages, second.starts, "2026.1") is None


def test_the_package_stays_as_it_was_published(document):
    """R75: the withdrawal lies beside it, and names the content that it withdraws."""
    before = verify_package(document / "2027.1")
    gone = take_back(document)
    after = verify_package(document / "2027.1")
    assert (after.hash, after.withdrawal) == (before.hash, gone)
    body = json.loads((document / "2027.1" / WITHDRAWN).read_bytes())
    assert body == {
        "schema": 1,
        "document": "privacy",
        "number": "2027.1",
        "hash": before.hash,
        "withdrawn_at": "2026-12-30T22:00:00Z",
        "reason": REASON,
        "author": "Editor",
    }
    assert list(gone.reason) == ["fi", "sv", "en"]
    assert len(artifacts(after)) == len(artifacts(before)) + 1


def test_withdrawing_again_changes_nothing(document):
    first = take_back(document)
    again = take_back(document, NEW_YEAR, dict.fromkeys(REASON, "Other."))
    assert again == first


@pytest.mark.parametrize("now", [NEW_YEAR, NEW_YEAR + timedelta(days=1)])
def test_what_took_effect_is_not_withdrawn(document, now):
    with pytest.raises(NoticeError, match="only before that"):
        take_back(document, now)
    assert take_back(document, NEW_YEAR - SECOND).at == NEW_YEAR - SECOND


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ({}, ["fi", "sv", "en"]),
        (REASON | {"sv": "  "}, ["sv"]),
        (REASON | {"en": "x" * 401}, ["en"]),
        (REASON | {"de": "Nein."}, ["de"]),
        (REASON | {"fi": "Ei \u202etule."}, ["fi"]),
        (REASON | {"sv": "Inte \udce4n."}, ["sv"]),  # a byte that is not UTF-8, from a terminal
    ],
)
def test_readers_get_the_reason_in_every_language(document, reason, told):
    with pytest.raises(NoticeError) as caught:
        take_back(document, reason=reason)
    assert [problem.key for problem in caught.value.problems] == [f"reason.{la}" for la in told]
    assert not (document / "2027.1" / WITHDRAWN).exists()


def test_a_version_that_another_builds_on_is_not_withdrawn_alone(document):
    """R78, R80: the other told of no more than its own change, and would bring both."""
    draft = write_draft(document, change_class="editorial", more=" ab", change="Piste lisättiin.")
    (draft / "fi.md").write_bytes((draft / "fi.md").read_bytes().replace(b"Lyhyesti.", b"Nyt."))
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert str(publish_as(draft, "2027.2", date(2027, 2, 1), now).predecessor) == "2027.1"
    with pytest.raises(NoticeError) as caught:
        take_back(document)
    (problem,) = caught.value.problems
    assert problem.message.startswith("2027.2 builds on it")
    assert "withdraw 2027.2 first" in problem.remedy
    assert not (document / "2027.1" / WITHDRAWN).exists()
    take_back(document, number="2027.2")
    assert take_back(document).at == DAY_BEFORE


def test_a_number_that_was_withdrawn_is_spent(document):
    """R75: nothing else is ever published under it, the same text included."""
    files = {file.name: file.read_bytes() for file in (document / "2027.1").glob("*.md")}
    take_back(document)
    draft = write_draft(document, more=" ab", change="Uusi vastaanottaja & <toinen>.")
    assert {file.name: file.read_bytes() for file in draft.glob("*.md")} == files
    with pytest.raises(NoticeError, match=r"number is spent\n +→ publish as 2027\.2"):
        publish_as(draft, "2027.1", date(2027, 1, 1), datetime(2026, 11, 20, 9, tzinfo=UTC))
    after = publish_as(draft, "2027.2", date(2027, 3, 1), DAY_BEFORE + timedelta(days=1))
    assert str(after.number) == "2027.2"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hash": "0" * 64}, "of other content"),
        ({"number": "2026.2"}, "of another version"),
        ({"reason": {}}, "it gives no reason"),
        ({"reason": {"fi": ""}}, "it gives no reason"),
        ({"reason": "no"}, "damaged"),
        ({"schema": 2}, "schema 2"),
        ({"author": None}, "author is not text"),
        ({"withdrawn_at": "today"}, "damaged"),
        ({"withdrawn_at": "2026-12-31T22:00:00Z"}, "after it took effect"),
    ],
)
def test_a_withdrawal_that_was_tampered_with_is_refused(document, change, told):
    take_back(document)
    file = document / "2027.1" / WITHDRAWN
    file.write_bytes(canonical(json.loads(file.read_bytes()) | change))
    with pytest.raises(NoticeError, match=told) as caught:
        verify_package(document / "2027.1")
    assert [problem.file for problem in caught.value.problems] == [f"2027.1/{WITHDRAWN}"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff", b"[" * 9999, b'{ "schema": 1 }'])
def test_what_is_no_withdrawal_is_refused(document, raw):
    (document / "2027.1" / WITHDRAWN).write_bytes(raw)
    with pytest.raises(NoticeError, match="the withdrawal is damaged"):
        verify_package(document / "2027.1")


def test_who_follows_the_feed_is_told_that_it_does_not_come(line):
    """R84: the entry of the announcement says so, and is new again."""
    entry = ET.fromstring(feed(line, DAY_BEFORE)).find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "tag:www.example.fi,2026-11-20:notice/privacy/fi/2027.1"
    title = "Tietosuojaseloste fi 2027.1, peruttu 31. joulukuuta 2026, ei tullut voimaan"
    assert entry.findtext(f"{ATOM}title") == title
    assert entry.findtext(f"{ATOM}summary") == REASON["fi"]
    assert entry.findtext(f"{ATOM}published") == "2026-11-20T09:00:00Z"
    assert entry.findtext(f"{ATOM}updated") == "2026-12-30T22:00:00Z"
    assert feed_updated(line, DAY_BEFORE) == DAY_BEFORE
    assert feed(line, DAY_BEFORE) == feed(line, NEW_YEAR + timedelta(days=99))
    assert b"peruttu" not in feed(line, DAY_BEFORE - SECOND)


def test_programs_read_when_and_why(line):
    newest = json.loads(versions_json(line, NEW_YEAR, address=address))["versions"][0]
    assert (newest["number"], newest["state"]) == ("2027.1", "withdrawn")
    assert newest["withdrawn_at"] == "2026-12-30T22:00:00Z"
    assert newest["withdrawn_because"] == REASON
    before = json.loads(versions_json(line, DAY_BEFORE - SECOND, address=address))["versions"][0]
    assert "withdrawn_at" not in before


@pytest.fixture
def shop(tmp_path, make_site):
    open_shop(tmp_path, make_site).close()
    folder = tmp_path / "notices/privacy"
    take_back(folder, DAY_BEFORE)
    return lambda: open_shop(tmp_path, make_site)


def test_it_stays_listed_and_readable_with_its_reason(shop):
    site = shop()
    set_clock(site, EFFECTIVE, 60)
    client = site.client()
    for lang, day, title in (
        ("fi", "31. joulukuuta 2026", "Mitä olisi muuttunut"),
        ("sv", "31 december 2026", "Vad som skulle ha ändrats"),
        ("en", "31 December 2026", "What would have changed"),
    ):
        page = client.get(f"{PATHS[lang]}/2027.1")
        assert page.status_code == 200
        assert page.text.count(REASON[lang]) == 2  # at the top and in the list
        assert "memento-datetime" not in page.headers  # it was the notice at no time
        assert day in page.text
        assert title in page.text
        assert '<meta name="robots" content="noindex">' in page.text
        assert f'<a href="{PATHS[lang]}">' in page.text
        assert REASON[lang] in client.get(PATHS[lang]).text
        assert "successor-version" not in client.get(PATHS[lang]).headers["link"]


def test_the_strip_goes_with_the_version(shop):
    """R80, R83."""
    site = shop()
    client = site.client()
    decide(client, "reject")
    set_clock(site, DAY_BEFORE, -1)
    assert strip(client.get("/").text)
    set_clock(site, DAY_BEFORE)
    assert strip(client.get("/").text) == ""


def test_the_log_holds_the_withdrawal(shop):
    site = shop()
    entries = [json.loads(body) for _, body in site.consent.runtime.log.bodies("publication")]
    told = [(entry["version"], entry.get("withdrawn")) for entry in entries]
    # The site ran before it was withdrawn, and knew the version then.
    assert told[-2:] == [("2027.1", None), ("2027.1", "2026-12-30T22:00:00Z")]
    assert all(site.consent.runtime.log.artifact(digest) for digest in entries[-1]["artifacts"])
    site.close()
    again = shop()
    assert len(list(again.consent.runtime.log.bodies("publication"))) == len(entries)


def test_a_withdrawal_that_is_taken_away_again_is_refused(shop, tmp_path):
    """The log is the witness of what was told."""
    shop().close()
    (tmp_path / "notices/privacy/2027.1" / WITHDRAWN).unlink()
    with pytest.raises(NoticeError, match="was withdrawn 2026-12-30T22:00:00Z, as the log shows"):
        shop()


def test_a_withdrawal_that_comes_after_the_effect_is_refused(tmp_path, make_site):
    """Visitors have read it as in force; no file can undo that."""
    site = open_shop(tmp_path, make_site)
    set_clock(site, EFFECTIVE)
    assert "2027.1" in site.client().get(PATHS["fi"]).text
    take_back(tmp_path / "notices/privacy", DAY_BEFORE)
    runtime = site.consent.runtime
    shelf = Shelf.load(tmp_path / "notices", "privacy")
    with pytest.raises(NoticeError, match="took effect here before its withdrawal came"):
        list(publications(runtime.log, shelf, runtime.now()))
    assert list(publications(runtime.log, shelf, EFFECTIVE - SECOND))


@pytest.mark.parametrize("lang", REASON)
def test_the_history_tells_of_a_withdrawal_on_its_day_with_its_reason(tmp_path, make_site, lang):
    """Of a version that never held no day is told, to programs neither."""
    site = open_shop(tmp_path, make_site)
    take_back(tmp_path / "notices/privacy")
    site.close()
    site = make_site()
    set_clock(site, EFFECTIVE)
    say, path = texts(lang, "history")["history"], PATHS[lang]
    html = site.client().get(f"{path}/{word('history', lang)}").text
    item = html[html.index(f'href="{path}/2027.1"') :].partition("</li>")[0]
    assert say["withdrawn"].format(number="2027.1") in item
    assert '<time datetime="2026-12-31">' in item
    assert REASON[lang] in item
    page = site.client().get(f"{path}/2027.1").text
    assert '"version": "2027.1"' in page
    assert "temporalCoverage" not in page
    assert "temporalCoverage" in site.client().get(path).text
