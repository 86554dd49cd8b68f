"""The strip that tells returning visitors of a change of the notice (R80-R83)."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import html5lib
import pytest
from starlette.testclient import TestClient

from consent.texts import texts
from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, TOLD_UNTIL, open_shop, set_clock
from tests.unit.small_site import Make, Site, decide

LANGUAGES = ("fi", "sv", "en")


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


@pytest.fixture
def returning(shop: Site) -> TestClient:
    """A visitor who chose before the change was announced."""
    client = shop.client()
    decide(client, "save", "statistics")
    set_clock(shop, ANNOUNCED)
    return client


def strip(html: str) -> str:
    """The announcement in a page; empty without one."""
    found = re.search(r'<section class="visitor-choice vc-strip".*?</section>', html, re.S)
    return unescape(found[0]) if found else ""


def stored(client: TestClient) -> list[str]:
    """The cookie's fields without its signature: schema, key, seen, id, answers."""
    return client.cookies["__Host-choices"].split(".")[:-1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_returning_visitor_is_told_what_changes_and_when(
    shop: Site, returning: TestClient, lang: str
) -> None:
    """R80: sentence, date, summary, link and one button, and nothing else."""
    shop.page = shop.page.replace('lang="fi"', f'lang="{lang}"')
    html = returning.get("/p").text
    html5lib.HTMLParser(strict=True).parse(html)
    package = shop.consent.runtime.shelf.version("2027.1")
    assert package is not None
    words = texts(lang)["announcement"]
    day = {"fi": "1. tammikuuta 2027", "sv": "den 1 januari 2027", "en": "1 January 2027"}[lang]
    told = strip(html)
    path = shop.consent.runtime.edition.notice_path(lang, "2027.1")
    visible = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", told)).strip()
    sentence = words["text"].format(date=day)
    if sentence not in visible:  # the day may stand without an article
        sentence = words["text"].format(date=day.removeprefix("den "))
    summary = " ".join(package.renditions[lang].change.split())
    assert visible == f"{sentence} {summary} {words['read']} {words['dismiss']}"
    assert f'<a href="{path}">' in told
    assert returning.get(path).status_code == 200
    assert 'id="visitor-choice"' not in html


def test_it_stands_from_the_announcement_until_two_weeks_after_effect(
    shop: Site, returning: TestClient
) -> None:
    """R80, R81: by the clock alone, to the second, whoever has it in memory."""
    assert strip(returning.get("/").text)
    set_clock(shop, EFFECTIVE, -1)
    assert "muuttuu" in strip(returning.get("/").text)
    set_clock(shop, EFFECTIVE)
    assert "muuttui" in strip(returning.get("/").text)
    set_clock(shop, TOLD_UNTIL, -1)
    assert strip(returning.get("/").text)
    set_clock(shop, TOLD_UNTIL)
    assert strip(returning.get("/").text) == ""


def test_nobody_is_told_before_the_announcement(shop: Site) -> None:
    client = shop.client()
    decide(client, "reject")
    set_clock(shop, ANNOUNCED, -1)
    assert strip(client.get("/").text) == ""
    set_clock(shop, ANNOUNCED)
    assert strip(client.get("/").text)


def test_a_new_visitor_is_not_told(shop: Site) -> None:
    """R83: neither before choosing nor afterwards."""
    set_clock(shop, ANNOUNCED)
    client = shop.client()
    assert strip(client.get("/").text) == ""
    decide(client, "reject")
    assert strip(client.get("/").text) == ""
    assert (
        strip(shop.client(cookie="__Host-choices=1.2026_2.-.d0000000000000000.x").get("/").text)
        == ""
    )


def test_who_answered_before_there_was_a_notice_is_told_of_the_first_change(
    tmp_path: Path, make_site: Make
) -> None:
    """R80: until it is dismissed; answering again is not reading it."""
    before = make_site()
    client = before.client()
    decide(client, "reject")
    assert stored(client)[2] == "-"
    (tmp_path / "notices" / "privacy").rmdir()
    (tmp_path / "notices").rmdir()
    before.close()
    shop = open_shop(tmp_path, make_site)
    returned = shop.client()
    returned.cookies.update(client.cookies)
    set_clock(shop, ANNOUNCED, -1)
    assert strip(returned.get("/").text) == ""
    set_clock(shop, ANNOUNCED)
    assert strip(returned.get("/").text)
    decide(returned, "accept")
    assert strip(returned.get("/").text)
    returned.post("/choices/dismiss", data={"version": "2027.1"})
    assert stored(returned)[2] == "2027_1"
    assert strip(returned.get("/").text) == ""


def test_it_is_dismissed_without_script(shop: Site, returning: TestClient) -> None:
    """Point 7: the form of the strip itself leads back to the page it stands on."""
    told = strip(returning.get("/p?a=1").text)
    action = re.search(r'action="([^"]*)"', told)
    assert action is not None
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', told))
    response = returning.post(action[1], data=form)
    assert (response.status_code, response.headers["location"]) == (303, "/p?a=1")
    assert response.headers["cache-control"] == "no-store"
    assert strip(returning.get("/").text) == ""


def test_it_is_dismissed_by_the_script(returning: TestClient) -> None:
    response = returning.post(
        "/choices/dismiss", data={"version": "2027.1"}, headers={"accept": "application/json"}
    )
    assert response.json() == {"dismissed": True}
    assert strip(returning.get("/").text) == ""


def test_dismissing_keeps_every_answer_and_day_and_sets_no_other_cookie(
    shop: Site, returning: TestClient
) -> None:
    """R82, R83: only what was seen changes in the cookie; nothing is recorded or allowed."""
    before, records = stored(returning), shop.log()
    allowed = returning.get("/choices/state").json()
    shop.clock.pass_days(3)
    response = returning.post("/choices/dismiss", data={"version": "2027.1"})
    cookies = response.headers.get_list("set-cookie")
    assert len(cookies) == 1
    assert cookies[0].startswith("__Host-choices=")
    after = stored(returning)
    assert (before[2], after[2]) == ("2026_2", "2027_1")
    assert before[:2] + before[3:] == after[:2] + after[3:]
    # From the refusals' day on, 365 days less those that have passed (R23).
    passed = int((shop.clock.now - 1_795_003_200 + 86_400) // 86_400)
    left = re.search(r"Max-Age=(\d+)", cookies[0])
    assert left is not None
    assert 365 - passed - 1 <= int(left[1]) / 86_400 <= 365 - passed + 1
    assert shop.log() == records
    assert returning.get("/choices/state").json() == allowed


@pytest.mark.parametrize(
    "data",
    [{"version": "2027.1"}, {"version": "2027.1", "statistics": "granted", "decision": "accept"}],
)
def test_dismissing_makes_no_choice_for_who_has_none(shop: Site, data: dict[str, str]) -> None:
    """R82."""
    set_clock(shop, ANNOUNCED)
    client = shop.client()
    response = client.post("/choices/dismiss", data=data)
    assert response.status_code == 303
    assert "set-cookie" not in response.headers
    assert shop.log() == []


@pytest.mark.parametrize("version", ["2026.1", "2099.1", "", "x", "2027.1\n"])
def test_dismissing_another_version_leaves_the_announcement(
    returning: TestClient, version: str
) -> None:
    """What was seen never goes back, and nothing that does not exist is seen."""
    assert returning.post("/choices/dismiss", data={"version": version}).status_code == 303
    assert strip(returning.get("/").text)
    assert stored(returning)[2] == "2026_2"


def test_a_version_that_is_not_announced_cannot_be_dismissed(shop: Site) -> None:
    client = shop.client()
    decide(client, "reject")
    client.post("/choices/dismiss", data={"version": "2027.1"})
    set_clock(shop, ANNOUNCED)
    assert strip(client.get("/").text)


def test_an_older_form_of_a_strip_does_not_bring_a_dismissed_one_back(
    returning: TestClient,
) -> None:
    returning.post("/choices/dismiss", data={"version": "2027.1"})
    returning.post("/choices/dismiss", data={"version": "2026.2"})
    assert stored(returning)[2] == "2027_1"


def test_a_dismissal_from_elsewhere_is_refused(returning: TestClient) -> None:
    """R118."""
    response = returning.post(
        "/choices/dismiss", data={"version": "2027.1"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert response.status_code == 403
    assert strip(returning.get("/").text)


def test_changing_a_choice_is_not_reading_the_announcement(returning: TestClient) -> None:
    """R80: it stands until it is dismissed."""
    decide(returning, "accept")
    assert strip(returning.get("/").text)


def test_dismissing_without_a_form_is_answered_in_json_to_the_script(
    returning: TestClient,
) -> None:
    response = returning.post(
        "/choices/dismiss",
        content=b"\xff",
        headers={"accept": "application/json", "content-type": "text/plain"},
    )
    assert (response.status_code, list(response.json())) == (400, ["error"])
