"""The page round a notice's text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import html5lib
import jinja2
import pytest

from consent.notice.preview import preview
from consent.notice.shell import draft_context, notice_context, relations
from consent.notice.words import words
from tests.unit.notice_samples import LANGUAGES, SETTINGS, declaration, line_of_three, write_draft

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    return line_of_three(tmp_path_factory.mktemp("notices") / "privacy")


def address(package, lang):
    return f"/{lang}" if package is None else f"/{lang}/{package.number}"


def page(context: dict[str, object]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "consent/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("notice.html").render(context)


def shown(package, line, lang="fi", now=NOW):
    return page(
        notice_context(
            package,
            lang,
            line,
            now,
            address=address,
            site_name="Esimerkki",
            back="/",
            stylesheet="/choices/notice.css",
            feed="/muutokset.atom",
        )
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_version_is_a_valid_page_without_inline_style_or_script(line, place, lang):
    html = shown(line[place], line, lang)
    html5lib.HTMLParser(strict=True).parse(html)
    assert f'<html lang="{lang}">' in html
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)
    assert line[place].renditions[lang].body in html
    assert line[place].renditions[lang].hash in html
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_version_in_force_has_number_and_date_at_its_top(line):
    """R76."""
    html = shown(line[1], line)
    assert 'Versio 2026.2, <time datetime="2026-06-02">voimassa 2. kesäkuuta 2026 alkaen' in html
    assert '<link rel="canonical" href="/fi">' in html
    assert "vc-notice-status" not in html


def test_a_scheduled_version_says_when_and_where_the_present_one_is(line):
    html = shown(line[2], line)
    assert "Tämä versio tulee voimaan 1. tammikuuta 2027." in html
    assert '<a href="/fi">Lue voimassa oleva versio</a>' in html
    assert "Mitä muuttuu" in html
    assert "Uusi vastaanottaja &amp; &lt;toinen&gt;." in html
    assert 'rel="canonical"' not in html


def test_a_superseded_version_says_so(line):
    html = shown(line[0], line, "sv")
    assert "gäller inte längre. Den började gälla den 1 januari 2026." in html
    assert '<a href="/sv">' in html


@pytest.mark.parametrize(
    ("lang", "since"), [("fi", "voimassa"), ("sv", "gäller från"), ("en", "in force since")]
)
def test_only_the_version_in_force_is_said_to_be(line, lang, since):
    """R76: not under the title of a version that another has superseded, or that is to come."""
    for package, said in zip(line, (False, True, False), strict=True):
        (told,) = re.findall(r'vc-notice-meta">[^<]*<time[^>]*>([^<]+)', shown(package, line, lang))
        assert told.startswith(since) == said


def test_all_versions_are_listed_newest_first_with_what_changed(line):
    """R77."""
    html = shown(line[1], line, "en")
    listed = re.findall(r'<a href="(/en/[^"]+)"([^>]*)>Version', html)
    assert listed == [
        ("/en/2027.1", ""),
        ("/en/2026.2", ' aria-current="page"'),
        ("/en/2026.1", ""),
    ]
    assert "takes effect on 1 January 2027" in html
    assert "First version." in html


def test_links_name_the_neighbours_the_languages_and_the_feed(line):
    """RFC 5829: latest, predecessor, successor and history."""
    links = relations(line[1], "fi", line, NOW, address=address, feed="/feed")
    assert links == [
        {"rel": "canonical", "href": "/fi"},
        {"rel": "latest-version", "href": "/fi"},
        {"rel": "predecessor-version", "href": "/fi/2026.1"},
        {"rel": "successor-version", "href": "/fi/2027.1"},
        {"rel": "alternate", "hreflang": "fi", "href": "/fi"},
        {"rel": "alternate", "hreflang": "sv", "href": "/sv"},
        {"rel": "alternate", "hreflang": "en", "href": "/en"},
        {"rel": "original", "href": "/fi"},
        {"rel": "alternate", "type": "application/atom+xml", "href": "/feed"},
        {"rel": "version-history", "href": "/feed"},
    ]
    before = datetime(2026, 11, 20, 8, tzinfo=UTC)
    rels = [link["rel"] for link in relations(line[1], "fi", line, before, address=address)]
    assert "successor-version" not in rels
    third = relations(line[2], "fi", line, NOW, address=address)
    assert {"rel": "predecessor-version", "href": "/fi/2026.2"} in third
    first = [link["rel"] for link in relations(line[0], "fi", line, NOW, address=address)]
    assert "predecessor-version" not in first
    other = relations(line[0], "sv", line, NOW, address=address)
    assert {"rel": "alternate", "hreflang": "en", "href": "/en/2026.1"} in other


def test_a_draft_stands_under_a_visible_line_with_what_is_to_be_confirmed(tmp_path):
    facts = '[officer]\nconfirm = true\nquestion = { fi = "Kuka?", sv = "Vem?", en = "Who?" }'
    draft = preview(
        write_draft(tmp_path / "privacy", facts=facts),
        languages=LANGUAGES,
        declaration=declaration(),
        settings_addresses=SETTINGS,
    )
    context = draft_context(
        draft, "fi", address=address, site_name="Esimerkki", back="/", stylesheet="/n.css"
    )
    html = page(context)
    html5lib.HTMLParser(strict=True).parse(html)
    assert "<strong>Luonnos." in html
    assert '<a href="#controller">Kuka?</a>' in html
    assert '<meta name="robots" content="noindex">' in html
    assert 'rel="canonical"' not in html


def test_a_site_overrides_one_block(line):
    templates = {
        "site.html": '{% extends "notice.html" %}{% block after %}<p>foot</p>{% endblock %}'
    }
    loader = jinja2.ChoiceLoader(
        [jinja2.DictLoader(templates), jinja2.FileSystemLoader(ROOT / "consent/templates")]
    )
    environment = jinja2.Environment(loader=loader, autoescape=True)
    context = notice_context(
        line[1], "fi", line, NOW, address=address, site_name="E", back="/", stylesheet="/n.css"
    )
    assert "<p>foot</p>" in environment.get_template("site.html").render(context)


def test_the_words_are_the_same_in_every_language():
    assert words("fi").keys() == words("sv").keys() == words("en").keys()
    assert words("de") is words("en")
