"""Every address of the notice: versions, their files, days, and what each says of itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import html5lib
import pytest

from consent.notice.addresses import Addresses
from consent.notice.history import on_day, read_day
from consent.notice.shelf import Shelf
from consent.notice.structured_data import linked_data
from tests.unit.notice_samples import line_of_three, publish_as, write_draft
from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, PATHS, open_shop, set_clock
from tests.unit.small_site import ORIGIN, Make, Site

LANGUAGES = ("fi", "sv", "en")
DAY = {"fi": "voimassa", "sv": "gallande", "en": "in-force"}
HISTORY = {"fi": "historia", "sv": "historik", "en": "history"}
CHANGES = {"fi": "muutokset", "sv": "andringar", "en": "changes"}
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


def status_line(html: str) -> str:
    match = re.search(r'<p class="vc-notice-status[^>]*>(.*?)</p>', html, re.DOTALL)
    return re.sub(r"<[^>]+>", "", match[1]).strip() if match else ""


# -- what was in force on a day --


@pytest.mark.parametrize(
    ("day", "number"),
    [
        ("2026-01-01", "2026.1"),
        ("2026-05-31", "2026.1"),
        ("2026-06-01", "2026.2"),
        ("2026-11-18", "2026.2"),
        ("2026-12-31", "2026.2"),
        ("2027-01-01", "2027.1"),
        ("2031-01-01", "2027.1"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_version_of_a_day_is_shown_and_names_the_day(
    shop: Site, lang: str, day: str, number: str
) -> None:
    set_clock(shop, ANNOUNCED)
    response = shop.client().get(f"{PATHS[lang]}/{DAY[lang]}/{day}")
    assert response.status_code == 200
    html5lib.HTMLParser(strict=True).parse(response.text)
    package = shop.consent.runtime.shelf.version(number)
    assert package is not None
    assert package.renditions[lang].body in response.text
    assert str(int(day[-2:])) in status_line(response.text)
    assert response.headers["content-location"] == f"{PATHS[lang]}/{number}"
    assert '<meta name="robots" content="noindex">' in response.text


def test_a_day_says_whether_it_is_past_today_or_to_come(shop: Site) -> None:
    client = shop.client()
    lines = {
        day: status_line(client.get(f"/tietosuojaseloste/voimassa/{day}").text)
        for day in ("2026-11-17", "2026-11-18", "2026-11-19")
    }
    assert lines["2026-11-17"] == "Tämä versio oli voimassa 17. marraskuuta 2026."
    assert lines["2026-11-18"] == "Tämä versio on voimassa tänään, 18. marraskuuta 2026."
    assert lines["2026-11-19"].startswith("Tämä versio on voimassa 19. marraskuuta 2026, jos")


def test_a_day_to_come_knows_nothing_of_what_is_not_announced(shop: Site) -> None:
    client = shop.client()
    set_clock(shop, ANNOUNCED, -1)
    assert "Versio 2026.2, " in client.get("/tietosuojaseloste/voimassa/2027-01-01").text
    set_clock(shop, ANNOUNCED)
    assert "Versio 2027.1, " in client.get("/tietosuojaseloste/voimassa/2027-01-01").text


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("2025-12-31", "Yksikään näistä versioista ei ollut voimassa 31. joulukuuta 2025."),
        ("2026-13-01", "Kirjoita se muodossa 2026-11-01."),
        ("2026-02-30", "Kirjoita se muodossa 2026-11-01."),
        ("20261101", "Kirjoita se muodossa 2026-11-01."),
        ("1.11.2026", "Kirjoita se muodossa 2026-11-01."),
        ("2026-11-01/x", "Kirjoita se muodossa 2026-11-01."),
        ("?day=x", "Kirjoita se muodossa 2026-11-01."),
    ],
)
def test_a_day_without_a_version_is_not_found_and_says_what_to_do(
    shop: Site, rest: str, told: str
) -> None:
    address = "/tietosuojaseloste/voimassa" + (rest if rest[0] == "?" else f"/{rest}")
    response = shop.client().get(address)
    assert response.status_code == 404
    assert told in response.text
    assert '<input type="date" name="day"' in response.text


def test_the_form_for_a_day_leads_to_the_address_of_the_day(shop: Site) -> None:
    client = shop.client()
    for lang, path in PATHS.items():
        base = f"{path}/{DAY[lang]}"
        assert client.get(f"{base}?day=2026-11-01").headers["location"] == f"{base}/2026-11-01"
        assert client.get(base).headers["location"] == f"{path}/{HISTORY[lang]}"


def test_a_slash_at_the_end_leads_to_the_history(shop: Site) -> None:
    for lang, path in PATHS.items():
        response = shop.client().get(f"{path}/{HISTORY[lang]}/")
        assert response.headers["location"] == f"{path}/{HISTORY[lang]}"


@pytest.mark.parametrize("text", ["2026-11-01 ", "2026-W44-7", "９026-11-01", "0001-01-01", ""])
def test_only_a_plain_day_is_read(text: str) -> None:
    assert read_day(text) is None


def test_the_last_of_days_is_a_day_too(shop: Site) -> None:
    assert read_day("2999-12-31") == date(2999, 12, 31)
    assert shop.client().get("/tietosuojaseloste/voimassa/2999-12-31").status_code == 200


def test_a_version_that_came_in_the_course_of_a_day_is_told_with_the_one_before(
    tmp_path: Path,
) -> None:
    """What is announced after its midnight begins with its announcement."""
    document = tmp_path / "privacy"
    write_draft(document, change="")
    first = publish_as(
        document / "draft", "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC)
    )
    write_draft(document, change_class="editorial", more=" oy")
    moment = datetime(2026, 6, 2, 9, tzinfo=UTC)
    second = publish_as(document / "draft", "2026.2", date(2026, 6, 2), moment)
    now = datetime(2026, 7, 1, tzinfo=UTC)
    both = (first, second)
    assert on_day(both, date(2026, 6, 1), HELSINKI, now) == (first, None)
    assert on_day(both, date(2026, 6, 2), HELSINKI, now) == (second, first)
    assert on_day(both, date(2026, 6, 3), HELSINKI, now) == (second, None)
    assert on_day(both, date(2025, 12, 31), HELSINKI, now) == (None, None)


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/Sao_Paulo", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("day", ["2027-03-28", "2026-10-25", "2026-12-31", "2027-01-01"])
def test_a_day_is_the_site_s_own_whatever_its_clocks_do(
    tmp_path: Path, zone: str, day: str
) -> None:
    """Daylight saving and New Year: the version of a day holds from its midnight on."""
    document = tmp_path / "privacy"
    write_draft(document, change="")
    publish_as(document / "draft", "2026.1", date(2026, 1, 1), timezone=zone)
    write_draft(document, more=" ab")
    of_day = date.fromisoformat(day)
    early = datetime(2026, 9, 1, tzinfo=UTC)
    second = publish_as(document / "draft", "2026.2", of_day, early, timezone=zone)
    packages = Shelf.load(tmp_path, "privacy").packages
    later = datetime(2028, 1, 1, tzinfo=UTC)
    place = ZoneInfo(zone)
    before = date.fromordinal(of_day.toordinal() - 1)
    assert on_day(packages, of_day, place, later).package == second
    assert on_day(packages, before, place, later).package != second


# -- the files of a version --


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_frozen_text_is_served_byte_for_byte_under_its_hash(shop: Site, lang: str) -> None:
    """R75, R77: whoever takes the SHA-256 of what is served finds it in the manifest."""
    client = shop.client()
    for number in ("2026.1", "2026.2"):
        package = shop.consent.runtime.shelf.version(number)
        assert package is not None
        manifest = json.loads(package.files["manifest.json"])["languages"][lang]
        for kind, media in (("md", "text/markdown"), ("html", "text/html")):
            response = client.get(f"{PATHS[lang]}/{number}.{kind}")
            assert response.status_code == 200
            assert response.headers["content-type"] == f"{media}; charset=utf-8"
            assert sha256(response.content).hexdigest() == manifest[kind]


def test_a_version_is_given_as_json_with_its_text_and_without_who_published_it(
    tmp_path: Path, make_site: Make
) -> None:
    document = tmp_path / "notices/privacy"
    write_draft(document, change="")
    package = publish_as(document / "draft", "2026.1", date(2026, 1, 1), author="Maija Meikäläinen")
    site = make_site()
    response = site.client().get("/en/privacy/2026.1.json")
    content = response.json()
    assert content["number"] == "2026.1"
    assert content["hash"] == package.hash
    assert content["effective_at"] == "2026-11-01T10:00:00Z"
    assert content["address"] == f"{ORIGIN}/en/privacy/2026.1"
    assert content["html"] == {
        "sha256": package.renditions["en"].hash,
        "text": package.renditions["en"].body,
    }
    assert [section["id"] for section in content["sections"]] == ["controller", "purposes"]
    assert "Maija" not in response.text


def test_a_version_s_json_is_the_same_for_good(shop: Site) -> None:
    client = shop.client()
    set_clock(shop, ANNOUNCED)
    before = client.get("/tietosuojaseloste/2027.1.json")
    set_clock(shop, EFFECTIVE, 90 * 86_400)
    after = client.get("/tietosuojaseloste/2027.1.json")
    assert before.content == after.content
    assert before.headers["etag"] == after.headers["etag"]


@pytest.mark.parametrize("kind", ["md", "html", "json"])
def test_a_version_s_file_may_be_kept_for_good_and_has_nothing_of_a_visitor(
    shop: Site, kind: str
) -> None:
    client = shop.client()
    response = client.get(f"/tietosuojaseloste/2026.1.{kind}")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "vary" not in response.headers
    assert b"visitor-choice" not in response.content
    again = client.get(
        f"/tietosuojaseloste/2026.1.{kind}", headers={"if-none-match": response.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_of_a_version_is_asked_for_anew(shop: Site) -> None:
    """It has the visitor's banner, and says what became of the version."""
    client = shop.client()
    for rest in ("", "/2026.1", "/historia", "/voimassa/2026-11-01"):
        response = client.get(f"/tietosuojaseloste{rest}")
        assert response.headers["cache-control"] == "private, no-cache"
        assert "Cookie" in response.headers["vary"]
        again = client.get(
            f"/tietosuojaseloste{rest}", headers={"if-none-match": response.headers["etag"]}
        )
        assert again.status_code == 304


@pytest.mark.parametrize("rest", ["2026.1.txt", "2026.9.md", "2026.1.md.md", ".md", "x.json", "md"])
def test_a_file_that_is_not_there_is_not_found(shop: Site, rest: str) -> None:
    assert shop.client().get(f"/tietosuojaseloste/{rest}").status_code == 404


def test_a_file_of_what_is_not_announced_is_not_found(shop: Site) -> None:
    client = shop.client()
    set_clock(shop, ANNOUNCED, -1)
    assert client.get("/tietosuojaseloste/2027.1.md").status_code == 404
    set_clock(shop, ANNOUNCED)
    assert client.get("/tietosuojaseloste/2027.1.md").status_code == 200


def test_no_address_that_was_given_out_ever_dies(shop: Site) -> None:
    """R77: what answers on one day answers on every later day."""
    client, given = shop.client(), set()
    for moment in (ANNOUNCED, EFFECTIVE, datetime(2035, 1, 1, tzinfo=UTC)):
        set_clock(shop, moment)
        for lang, path in PATHS.items():
            page = client.get(f"{path}/{HISTORY[lang]}").text
            given |= {unescape(a) for a in re.findall(r'href="(/[^"]*)"', page) if path in a}
        for address in sorted(given):
            assert client.get(address).status_code == 200, address
    assert {f"/sv/dataskydd/{n}.md" for n in ("2026.1", "2026.2", "2027.1")} <= given


# -- what a page says of itself --


@pytest.mark.parametrize(
    ("number", "began"),
    [
        ("2026.1", "Wed, 31 Dec 2025 22:00:00 GMT"),
        ("2026.2", "Sun, 31 May 2026 21:00:00 GMT"),
        ("2027.1", ""),
    ],
)
def test_a_version_says_since_when_it_has_been_the_notice(
    shop: Site, number: str, began: str
) -> None:
    """RFC 7089: what has not taken effect is no memento yet; the notice itself is the original."""
    client = shop.client()
    set_clock(shop, ANNOUNCED)
    for end in ("", ".md", ".json"):
        response = client.get(f"/tietosuojaseloste/{number}{end}")
        assert response.headers.get("memento-datetime", "") == began
    page = client.get(f"/tietosuojaseloste/{number}")
    assert '</tietosuojaseloste>; rel="original"' in page.headers["link"]
    assert '</tietosuojaseloste/historia>; rel="version-history"' in page.headers["link"]
    assert "memento-datetime" not in client.get("/tietosuojaseloste").headers


def linked(html: str) -> dict[str, object]:
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    found = json.loads(block[1])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_version_describes_itself_in_the_words_of_schema_org(shop: Site, lang: str) -> None:
    set_clock(shop, ANNOUNCED)
    page = linked(shop.client().get(PATHS[lang]).text)
    work = page["mainEntity"]
    assert isinstance(work, dict)
    here = f"{ORIGIN}{PATHS[lang]}/2026.2"
    assert (page["@context"], page["@type"], page["@id"]) == ("https://schema.org", "WebPage", here)
    assert work["version"] == "2026.2"
    assert work["inLanguage"] == lang
    assert work["temporalCoverage"] == "2026-06-01/2027-01-01"
    assert work["publisher"] == {
        "@type": "Organization",
        "name": "Esimerkki Oy",
        "email": "tietosuoja@example.fi",
    }
    others = [f"{ORIGIN}{PATHS[la]}/2026.2#notice" for la in LANGUAGES if la != lang]
    assert [each["@id"] for each in work["workTranslation"]] == others
    assert [each["contentUrl"] for each in work["encoding"]] == [f"{here}.md", f"{here}.json"]


def test_no_text_of_an_editor_s_ends_the_block_of_data(tmp_path: Path) -> None:
    packages = line_of_three(tmp_path / "privacy")
    data = linked_data(
        packages[2],
        "fi",
        packages,
        datetime(2026, 12, 1, tzinfo=UTC),
        address=Addresses(PATHS, ORIGIN),
        site_name="</script><!--",
        publisher={"name": "A & B <c>"},
    )
    assert not set("<>&") & set(data)
    found = json.loads(data)
    assert found["isPartOf"]["name"] == "</script><!--"
    assert found["mainEntity"]["description"] == "Uusi vastaanottaja & <toinen>."


# -- two versions --


def test_the_form_for_two_versions_leads_to_where_they_are_compared(shop: Site) -> None:
    client = shop.client()
    for lang, path in PATHS.items():
        base = f"{path}/{CHANGES[lang]}"
        wanted = f"{base}/2026.1..2026.2"
        assert client.get(f"{base}?from=2026.1&to=2026.2").headers["location"] == wanted
        assert client.get(f"{base}?from=2026.2&to=2026.1").headers["location"] == wanted
        for query in ("", "?from=2026.1", "?from=2026.1&to=2027.1", "?from=x&to=%FF"):
            location = client.get(f"{base}{query}").headers["location"]
            assert location == f"{path}/{HISTORY[lang]}"
