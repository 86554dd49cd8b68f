"""The report tells a consent to people who were not there, in three languages (R38)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest

from consent.proof.bundle import verifier_hash
from consent.proof.wording import LANGUAGES, day, moment, words
from consent.texts import texts
from tests.unit.proof_samples import PUBLIC, bundle, unpacked
from tests.unit.small_site import Make, decide


@pytest.fixture(scope="module")
def folder(zipped: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(zipped, tmp_path_factory.mktemp("bundle"))


def text_of(html: str) -> str:
    """The words of a page, without its styles."""
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def report(folder: Path, lang: str) -> str:
    return (folder / f"report.{lang}.html").read_text("utf-8")


class Addresses(HTMLParser):
    """What a page links to, and its ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "data", "action", "poster"):
                self.loads.append(value or "")
            elif name == "id":
                self.ids.append(value or "")


def sections(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from sections(inner, f"{place}.{key}")
    else:
        yield place, str(value)


# -- the words --


def test_the_languages_have_the_same_words_with_the_same_places() -> None:
    every = {lang: dict(sections(dict(words(lang)))) for lang in LANGUAGES}
    first = every["fi"]
    for table in every.values():
        assert list(table) == list(first)
        assert all(table.values())
        for key, text in table.items():
            named = {name for _, name, *_ in Formatter().parse(text) if name}
            assert named == {n for _, n, *_ in Formatter().parse(first[key]) if n}, key


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("fi", "1. helmikuuta 2027 klo 09.05.00 (UTC)"),
        ("sv", "1 februari 2027 kl. 09.05.00 (UTC)"),
        ("en", "1 February 2027 at 09:05:00 (UTC)"),
    ],
)
def test_times_are_in_words_and_say_what_clock_they_are_of(lang: str, expected: str) -> None:
    assert moment("2027-02-01T09:05:00Z", lang) == expected
    assert (
        moment("2027-02-01", lang)
        == day("2027-02-01", lang)
        == expected.split(" k")[0].split(" at")[0]
    )
    assert moment("", lang) == ""


# -- what it tells --


EVENTS = {
    "fi": ["Suostumus annettiin", "Suostumusta muutettiin", "Suostumus peruutettiin"],
    "sv": ["Samtycke gavs", "Samtycket ändrades", "Samtycket återkallades"],
    "en": ["Consent was given", "Consent was changed", "Consent was withdrawn"],
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_tells_what_happened_in_order_by_which_method_and_when(folder: Path, lang: str) -> None:
    html = report(folder, lang)
    assert re.findall(r"<h3>([^<]+)</h3>\n<p class=\"meta\"><time", html) == EVENTS[lang]
    times = re.findall(r'<time datetime="([^"]+)">([^<]+)', html)
    assert times == sorted(times)
    assert all(shown == moment(iso, lang) for iso, shown in times)
    w = words(lang)
    banner, settings = w["methods"]["banner"], w["methods"]["settings"]
    text = text_of(html)
    assert banner.format(layout=w["layouts"]["left"]) in text
    assert text.count(settings) == 2
    assert w["summary"]["nothing"] in text


def test_it_names_the_language_of_a_text_in_its_own(folder: Path) -> None:
    """The second text was shown in Swedish, the others in Finnish."""
    for lang, names in {
        "fi": ["suomi", "ruotsi", "suomi"],
        "sv": ["finska", "svenska", "finska"],
        "en": ["Finnish", "Swedish", "Finnish"],
    }.items():
        said = words(lang)["shown"]["used"].rpartition(".")[0].rpartition(". ")[2]
        told = re.findall(said.format(language="(\\w+)"), text_of(report(folder, lang)))
        assert told == names


def test_it_tells_of_each_category_what_was_answered_and_for_how_long(folder: Path) -> None:
    """Until the last day on which it counts, as the receipt of the visitor says."""
    tables = re.findall(r"<tbody>(.*?)</tbody>", report(folder, "en"), re.S)[:3]
    given, changed, withdrawn = (
        [text_of(row) for row in re.findall("<tr.*?</tr>", table, re.S)] for table in tables
    )
    assert given == [
        "Marketing Rejected –",
        "Embedded content and preferences Rejected –",
        "Statistics Allowed until 19 May 2027",
    ]
    assert changed == [
        "Marketing Allowed Rejected until 1 July 2027",
        "Embedded content and preferences Rejected Rejected –",
        "Statistics Allowed Allowed until 19 May 2027",
    ]
    assert withdrawn[2] == "Statistics Rejected Allowed –"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_text_is_word_for_word_the_one_that_was_shown(folder: Path, lang: str) -> None:
    """R38: in its own language, whatever that of the report is."""
    html = report(folder, lang)
    for file in (folder / "shown").iterdir():
        says = json.loads(file.read_bytes())
        own = says["language"]
        quotes = re.findall(rf'<blockquote lang="{own}">(.*?)</blockquote>', html, re.S)
        quoted = text_of(" ".join(quotes))
        banner = texts(own)["banner"]
        for part in (banner["heading"], says["sentence"], *(row["text"] for row in says["rows"])):
            assert " ".join(part.split()) in quoted
        buttons = re.findall(rf'class="button" lang="{own}">([^<]+)', html)
        assert [banner[name] for name in ("save", "accept", "reject")] == buttons[:3]
    sv = texts("sv")["settings"]
    assert sv["intro"] in text_of(html)


def test_a_text_that_is_worded_as_an_earlier_one_is_not_told_again(folder: Path) -> None:
    """Under another version of the notice, the banner says the same."""
    html = report(folder, "en")
    assert html.count(texts("fi")["banner"]["heading"]) == 1
    assert words("en")["shown"]["same"].format(number=1) in text_of(html)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_tells_what_each_service_was_for_and_what_it_stored(folder: Path, lang: str) -> None:
    text = text_of(report(folder, lang))
    for name in ("Laskuri", "Laskuri Oy", "_count", "Mainos", "Video Oy"):
        assert name in text
    assert {"fi": "1 vuosi", "sv": "1 år", "en": "1 year"}[lang] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_notices_are_beside_it_to_be_read_in_full(folder: Path, lang: str) -> None:
    for version in ("2026.2", "2027.1"):
        page = (folder / f"notice-{version}.{lang}.html").read_text("utf-8")
        published = (folder / f"notices/privacy-{version}/{lang}.html").read_text("utf-8")
        assert published in page
        assert version in text_of(report(folder, lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_is_proven_by_what_and_what_is_not(folder: Path, lang: str) -> None:
    w, text = words(lang), text_of(report(folder, lang))
    for section in ("proven", "limits"):
        for name, sentence in w[section].items():
            assert sentence.partition("{")[0] in text, name
    assert " ".join((folder / "checkpoint").read_text("utf-8").split()) in text
    assert PUBLIC in text
    assert verifier_hash() in text
    assert f"python3 -I verifier.py {PUBLIC}" in text


def test_every_link_leads_to_a_file_of_the_bundle_and_nothing_comes_from_elsewhere(
    folder: Path,
) -> None:
    for file in folder.glob("*.html"):
        page = Addresses(file.read_text("utf-8"))
        assert len(page.ids) == len(set(page.ids)), file.name
        # A notice stands as it was published, with links into the site.
        for link in page.links if file.name.startswith("report") else page.links[:1]:
            path, _, place = link.partition("#")
            assert (folder / path).is_file() or (not path and place in page.ids), link
        assert all((folder / address).is_file() for address in page.loads)
        assert not re.search(r"<(script|iframe|object|embed|link)\b", file.read_text("utf-8"))
        assert "url(" not in file.read_text("utf-8")


def test_pictures_stand_with_the_text_that_they_show(folder: Path) -> None:
    html = report(folder, "en")
    first = html.partition('id="text-2"')[0]
    assert len(re.findall("<img ", first)) == len(re.findall("<img ", html)) == 16
    for picture in re.findall(r'<img src="([^"]+)" alt="([^"]+)"', html):
        assert all(picture)
    assert words("en")["shown"]["no_pictures"] in html.partition('id="text-2"')[2]


def test_a_chain_that_begins_later_says_so(tmp_path: Path, make_site: Make) -> None:
    """R127: what was removed is told, since nobody can show it any more."""
    site = make_site()
    visitor = site.client()
    decide(visitor, "save", "statistics")
    decide(visitor, "accept")
    log, consent_id = site.consent.runtime.log, str(site.log()[0]["consent_id"])
    before = words("en")["summary"]["before"]
    site.consent.runtime.log.count("2026-11-18", "x")
    path = str(site.folder / "log.sqlite3")
    whole = unpacked(bundle(path, consent_id), tmp_path / "whole")
    assert before not in text_of(report(whole, "en"))
    from consent.log.expiry import expiry_entry

    seq = log.head().size - 2
    gone = [range(seq, seq + 1)]
    log.expire(expiry_entry(gone, "retention", "2026-11-18T12:00:00Z"), gone)
    cut = unpacked(bundle(path, consent_id), tmp_path / "cut")
    assert before in text_of(report(cut, "en"))
    assert len(list((cut / "records").glob("*.json"))) == 1


def test_names_from_the_settings_are_text_and_never_markup(tmp_path: Path, make_site: Make) -> None:
    from tests.unit.small_site import TOML

    toml = TOML.replace('name = "Laskuri"', 'name = "<b>Laskuri</b> & co"')
    site = make_site(toml=toml.replace('"Esimerkki Oy"', '"<i>Oy</i>"'))
    decide(site.client(), "accept")
    consent_id = str(site.log()[0]["consent_id"])
    site.close()
    html = report(
        unpacked(bundle(str(site.folder / "log.sqlite3"), consent_id), tmp_path / "b"), "fi"
    )
    assert "&lt;b&gt;Laskuri&lt;/b&gt; &amp; co" in html
    assert "<b>Laskuri</b>" not in html
    assert "<i>Oy" not in html
