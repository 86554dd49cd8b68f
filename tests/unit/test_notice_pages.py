"""The notice on the site: what is in force, to come and superseded, its feed and its addresses."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path

import html5lib
import pytest
from starlette.testclient import TestClient

from consent.errors import NoticeError
from consent.log import create_log
from consent.notice.words import words
from examples.fictitious.app import create_app
from tests.unit.notice_samples import publish_as, write_draft
from tests.unit.shop_site import ANNOUNCED, EFFECTIVE, PATHS, open_shop, set_clock
from tests.unit.small_site import KEY, ORIGIN, TOML, Make, Site, decide

ATOM = "{http://www.w3.org/2005/Atom}"
LANGUAGES = ("fi", "sv", "en")
DRAFTS = TOML.replace('folder = "notices"', 'folder = "notices"\ndrafts = true')


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


def publications(site: Site) -> list[dict[str, object]]:
    return [json.loads(body) for _, body in site.consent.runtime.log.bodies("publication")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_version_in_force_is_read_at_its_path_in_each_language(shop: Site, lang: str) -> None:
    """Point 7: number and date at the top, contents, the text as frozen, and its hash."""
    html = shop.client().get(PATHS[lang]).text
    html5lib.HTMLParser(strict=True).parse(html)
    package = shop.consent.runtime.shelf.version("2026.2")
    assert package is not None
    frozen = package.renditions[lang]
    assert f'<html lang="{lang}">' in html
    assert words(lang)["version"].format(number="2026.2") in html
    assert '<time datetime="2026-06-01">' in html
    assert frozen.body in html
    assert sha256(frozen.body.encode()).hexdigest() == frozen.hash
    assert f"<code>{frozen.hash}</code>" in html
    for heading in frozen.toc:
        if heading.level == 2:
            assert f'<a href="#{heading.id}">' in html
    assert 'rel="canonical"' in html
    for other in LANGUAGES:
        assert (f'href="{PATHS[other]}" hreflang="{other}"' in html) == (other != lang)


def test_every_version_has_an_address_for_good(shop: Site) -> None:
    """R77: with the stored text and hash, in force or not."""
    set_clock(shop, EFFECTIVE)
    client = shop.client()
    for number in ("2026.1", "2026.2", "2027.1"):
        package = shop.consent.runtime.shelf.version(number)
        assert package is not None
        for lang, path in PATHS.items():
            response = client.get(f"{path}/{number}")
            assert response.status_code == 200
            assert package.renditions[lang].body in response.text
            assert package.renditions[lang].hash in response.text


def test_a_version_to_come_is_readable_from_its_announcement_on(shop: Site) -> None:
    """Point 7: with the day on which it takes effect; before, nobody knows of it."""
    client = shop.client()
    set_clock(shop, ANNOUNCED, -1)
    assert client.get("/tietosuojaseloste/2027.1").status_code == 404
    assert "2027.1" not in client.get("/tietosuojaseloste").text
    set_clock(shop, ANNOUNCED)
    html = client.get("/tietosuojaseloste/2027.1").text
    assert "Tämä versio tulee voimaan 1. tammikuuta 2027." in html
    assert "Versio 2026.2" in client.get("/tietosuojaseloste").text
    assert 'href="/tietosuojaseloste/2027.1"' in client.get("/tietosuojaseloste").text
    set_clock(shop, EFFECTIVE, -1)
    assert "Versio 2026.2, " in client.get("/tietosuojaseloste").text
    set_clock(shop, EFFECTIVE)
    assert "Versio 2027.1, " in client.get("/tietosuojaseloste").text


def test_a_superseded_version_says_so_and_leads_to_the_one_in_force(shop: Site) -> None:
    html = shop.client().get("/en/privacy/2026.1").text
    assert words("en")["superseded_line"].format(date="1 January 2026") in html
    assert '<a href="/en/privacy">' in html
    assert '<meta name="robots" content="noindex">' in html


@pytest.mark.parametrize("rest", ["2026.3", "2026.01", "draft", "2026.1/x", "feed"])
def test_what_is_no_version_is_not_found_in_the_language_of_its_path(shop: Site, rest: str) -> None:
    for lang, path in PATHS.items():
        response = shop.client(**{"accept-language": "de"}).get(f"{path}/{rest}")
        assert response.status_code == 404
        assert f'<html lang="{lang}">' in response.text


def test_links_lead_from_version_to_version(shop: Site) -> None:
    """RFC 5829, RFC 8288: in the header as in the page."""
    set_clock(shop, ANNOUNCED)
    response = shop.client().get("/tietosuojaseloste")
    links = re.findall(r'<([^>]+)>; rel="([a-z-]+)"', response.headers["link"])
    assert links[:4] == [
        ("/tietosuojaseloste", "canonical"),
        ("/tietosuojaseloste", "latest-version"),
        ("/tietosuojaseloste/2026.1", "predecessor-version"),
        ("/tietosuojaseloste/2027.1", "successor-version"),
    ]
    assert '</sv/dataskydd>; rel="alternate"; hreflang="sv"' in response.headers["link"]
    head = response.text[: response.text.index("</head>")]
    tags = [
        (href, rel)
        for rel, href in re.findall(r'<link rel="([a-z-]+)" href="([^"]+)"', head)
        if rel != "stylesheet"
    ]
    assert set(tags) <= set(links)
    older = shop.client().get("/tietosuojaseloste/2026.1").headers["link"]
    assert "canonical" not in older
    assert '</tietosuojaseloste>; rel="latest-version"' in older


@pytest.mark.parametrize("path", ["/tietosuojaseloste", "/sv/dataskydd/2026.1"])
def test_a_notice_that_the_browser_has_is_not_sent_again(shop: Site, path: str) -> None:
    """Point 7: for a new visitor, one who has chosen and one who is told of a change."""
    client = shop.client()
    etags = set()
    for step in ("new", "chosen", "told"):
        if step == "chosen":
            decide(client, "reject")
        if step == "told":
            set_clock(shop, ANNOUNCED)
        first = client.get(path, headers={"accept": "text/html"})
        etag = first.headers["etag"]
        assert first.headers["cache-control"].startswith("private")
        assert "Cookie" in first.headers["vary"]
        for field in (etag, f'"x", {etag}'):
            again = client.get(path, headers={"accept": "text/html", "if-none-match": field})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert again.headers["link"] == first.headers["link"]
        for older in etags:
            other = client.get(path, headers={"accept": "text/html", "if-none-match": older})
            assert other.status_code == 200
        etags.add(etag)
    assert len(etags) == 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_feed_is_a_valid_atom_feed_of_the_announced_versions(shop: Site, lang: str) -> None:
    """R84, RFC 4287."""
    client = shop.client()
    address = f"{PATHS[lang]}/feed.atom"
    before = client.get(address)
    set_clock(shop, ANNOUNCED)
    response = client.get(address)
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert "vary" not in response.headers
    assert response.headers["last-modified"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    feed = ET.fromstring(response.content)
    assert feed.tag == f"{ATOM}feed"
    own = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert own == {"self": ORIGIN + address, "alternate": ORIGIN + PATHS[lang]}
    entries = feed.findall(f"{ATOM}entry")
    numbers = [e.findtext(f"{ATOM}id", "").rpartition("/")[2] for e in entries]
    assert numbers == ["2027.1", "2026.2", "2026.1"]
    ids = [e.findtext(f"{ATOM}id") for e in (feed, *entries)]
    assert len(set(ids)) == 4
    for element in (feed, *entries):
        for name in ("title", "updated", "id"):
            assert element.findtext(f"{ATOM}{name}")
    links = [e.find(f"{ATOM}link[@hreflang='{lang}']") for e in entries]
    for link in links:
        assert link is not None
        assert client.get(str(link.get("href"))).status_code == 200
    assert before.headers["etag"] != response.headers["etag"]
    again = client.get(address, headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


def test_the_versions_are_told_to_programs_too(shop: Site) -> None:
    """R77."""
    set_clock(shop, ANNOUNCED)
    response = shop.client().get("/tietosuojaseloste/versions.json")
    assert response.headers["content-type"] == "application/json"
    versions = response.json()["versions"]
    assert [(v["number"], v["state"]) for v in versions] == [
        ("2027.1", "scheduled"),
        ("2026.2", "in-force"),
        ("2026.1", "superseded"),
    ]
    for version in versions:
        for lang, text in version["languages"].items():
            assert text["address"] == f"{ORIGIN}{PATHS[lang]}/{version['number']}"
            assert text["hash"] in shop.client().get(text["address"]).text


def test_the_banner_stands_in_the_flow_of_the_notice_alone(shop: Site) -> None:
    """R19: it never covers what is to be read before choosing."""
    client = shop.client()
    for path in ("/tietosuojaseloste", "/sv/dataskydd/2026.1"):
        banner = re.search(r'<section class="([^"]*)" id="visitor-choice"', client.get(path).text)
        assert banner is not None
        assert "vc-flow" in banner[1].split()
    assert "vc-flow" not in client.get("/").text.partition("<body")[2].partition("<h1>")[0]
    decide(client, "reject")
    html = unescape(client.get("/tietosuojaseloste").text)
    assert 'id="visitor-choice"' not in html
    assert '<a href="/choices/fi?return=/tietosuojaseloste">Evästeasetukset</a>' in html


def test_the_notice_has_a_style_for_print(shop: Site) -> None:
    client = shop.client()
    sheet = re.search(r'href="(/choices/notice\.css\?v=\w+)"', client.get("/en/privacy").text)
    assert sheet is not None
    css = client.get(sheet[1]).text
    assert "@media print{" in css
    assert "@page{" in css


# -- drafts --


def test_a_draft_is_shown_under_a_visible_line_where_drafts_may_be_shown(
    tmp_path: Path, make_site: Make
) -> None:
    """Point 8: "Luonnos", not indexed, not cached, and nothing of it is logged."""
    write_draft(tmp_path / "notices/privacy")
    site = make_site(toml=DRAFTS)
    for lang, line in (("fi", "Luonnos."), ("sv", "Utkast."), ("en", "Draft.")):
        response = site.client().get(PATHS[lang])
        assert response.status_code == 200
        html5lib.HTMLParser(strict=True).parse(response.text)
        assert f"<strong>{line}" in response.text
        assert response.headers["x-robots-tag"] == "noindex"
        assert "no-store" in response.headers["cache-control"]
    assert publications(site) == []
    decide(site.client(), "accept")
    assert site.log()[-1].get("notice") in (None, {}, {"version": "", "hash": ""})


def test_a_draft_is_not_found_where_drafts_may_not_be_shown(
    tmp_path: Path, make_site: Make
) -> None:
    write_draft(tmp_path / "notices/privacy")
    site = make_site()
    assert site.client().get("/tietosuojaseloste").status_code == 404
    assert site.client().get("/tietosuojaseloste/draft").status_code == 404


def test_a_draft_never_stands_in_for_a_published_version(tmp_path: Path, make_site: Make) -> None:
    open_shop(tmp_path, make_site).close()
    write_draft(tmp_path / "notices/privacy")
    site = make_site(toml=DRAFTS)
    assert "Versio 2026.2, " in site.client().get("/tietosuojaseloste").text


def test_raw_html_of_a_draft_never_reaches_the_page(tmp_path: Path, make_site: Make) -> None:
    """Point 7: nor does a link that is a script."""
    bad = (
        " <script>alert(1)</script><img src=x onerror=alert(2)><b onclick=x>b</b>"
        "\n\n[a](javascript:alert(3)) <a href='java&#115;cript:alert(4)'>b</a>"
        " [c](data:text/html,x) ![d](https://evil.example/p.gif)\n\n<iframe src='//evil.example'>"
    )
    write_draft(tmp_path / "notices/privacy", more=bad)
    html = make_site(toml=DRAFTS).client().get("/tietosuojaseloste")
    text = html.text
    body = text[text.index("<main>") : text.index("</main>")] if "<main>" in text else text
    assert not re.search(r"<(script|img|iframe)\b", body)
    assert not re.search(r"<[^>]*\s(on\w+|src|style)=", body)
    assert not re.search(r'(href|src)="?\s*(javascript|data):', unescape(body))


# -- what is published stays as it was --


def test_each_version_is_logged_once_with_its_files(shop: Site, make_site: Make) -> None:
    """R75: whoever starts how often; every file resolves to the bytes in the folder."""
    first = publications(shop)
    assert [entry["version"] for entry in first] == ["2026.1", "2026.2", "2027.1"]
    shop.close()
    again = make_site()
    assert publications(again) == first
    log = again.consent.runtime.log
    for entry in first:
        folder = again.folder / "notices/privacy" / str(entry["version"])
        files = {sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
        assert set(entry["artifacts"]) == files  # type: ignore[call-overload]
        assert entry["hash"] in files
        for digest in files:
            kept = log.artifact(digest)
            assert kept is not None
            assert sha256(kept[1]).hexdigest() == digest


@pytest.mark.parametrize("name", ["fi.html", "en.md", "facts.toml", "manifest.json"])
def test_a_version_that_was_touched_stops_the_start(
    tmp_path: Path, make_site: Make, name: str
) -> None:
    """R75: with the file and the remedy; a folder is never served half."""
    open_shop(tmp_path, make_site).close()
    file = tmp_path / "notices/privacy/2026.2" / name
    file.write_bytes(file.read_bytes().replace(b"Esimerkki Oy", b"Esimerkki Ab") + b" ")
    with pytest.raises(NoticeError) as caught:
        make_site()
    assert "2026.2" in str(caught.value)
    assert name in str(caught.value)


def test_a_number_that_was_logged_with_other_content_is_refused(
    tmp_path: Path, make_site: Make
) -> None:
    """DESIGN 9: the log is the witness of what was live when."""
    open_shop(tmp_path, make_site).close()
    folder = tmp_path / "notices/privacy"
    for file in (folder / "2026.1").iterdir():
        file.unlink()
    write_draft(folder, change="")
    (folder / "2026.1").rmdir()
    for number in ("2026.2", "2027.1"):
        (folder / number).rename(tmp_path / number)
    publish_as(folder / "draft", "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC))
    for number in ("2026.2", "2027.1"):
        (tmp_path / number).rename(folder / number)
    with pytest.raises(NoticeError, match=r"privacy/2026\.1.*was published with other content"):
        make_site()


def test_a_record_names_the_notice_that_was_in_force(shop: Site) -> None:
    """R35: its number and its hash, by the clock."""
    packages = {str(p.number): p for p in shop.consent.runtime.shelf.packages}
    decide(shop.client(), "accept")
    set_clock(shop, EFFECTIVE)
    decide(shop.client(), "accept")
    for record, number in zip(shop.log(), ("2026.2", "2027.1"), strict=True):
        assert record["notice"] == {"version": number, "hash": packages[number].hash}


def test_all_that_a_refusal_names_is_kept_though_it_is_the_first_after_a_change(
    shop: Site,
) -> None:
    """R37: what takes effect by the clock is stored before anybody answers it."""
    set_clock(shop, EFFECTIVE)
    decide(shop.client(), "reject")
    record = shop.log()[-1]
    log = shop.consent.runtime.log
    for digest in [record["shown"], *record["artifacts"]]:  # type: ignore[misc]
        assert log.artifact(str(digest)) is not None


def test_the_example_shop_serves_its_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its folder stands, with settings, packages and page."""
    log = str(tmp_path / "log.sqlite3")
    create_log(log, "shop")
    monkeypatch.setenv("CONSENT_LOG_URL", log)
    monkeypatch.setenv("CONSENT_SECRET_KEYS", KEY)
    shop = create_app(clock=EFFECTIVE.timestamp)
    with TestClient(shop, base_url="http://127.0.0.1:8000") as client:
        assert 'id="visitor-choice"' in client.get("/").text
        assert "Versio 2027.1, " in client.get("/tietosuojaseloste").text
        assert client.get("/en/privacy/2026.1").status_code == 200
