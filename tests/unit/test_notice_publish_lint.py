"""Publication holds a notice to the lint (R47), and a language may stand in for another (R48)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import html5lib
import pytest

from consent.errors import NoticeError
from consent.notice.package import FACTS
from tests.unit.notice_samples import publish_as, write_draft
from tests.unit.shop_site import PATHS
from tests.unit.small_site import TOML, Make, decide
from tests.unit.test_announcement import strip

DAY = date(2027, 1, 1)
STANDS_IN = '[fallback]\nsv = "fi"'
LINES = {
    "fi": "Tätä tekstiä ei ole suomeksi. Tässä se on ruotsiksi.",
    "sv": "Texten finns inte på svenska. Du läser den på finska.",
    "en": "This text is not available in English. You are reading it in Finnish.",
}


def refused(draft: Path, number: str = "2026.1") -> str:
    with pytest.raises(NoticeError) as caught:
        publish_as(draft, number, DAY)
    assert not (draft.parent / number).exists()
    return str(caught.value)


def change(draft: Path, name: str, old: str, new: str) -> None:
    text = (draft / name).read_text("utf-8")
    assert old in text
    (draft / name).write_text(text.replace(old, new), "utf-8")


def test_what_the_lint_calls_an_error_stops_publication_with_its_line(tmp_path):
    draft = write_draft(tmp_path / "privacy")
    change(draft, "en.md", "restrict the processing, ", "")
    told = refused(draft)
    assert "en.md: 7:4 N222: This right is not mentioned: restriction." in told
    assert "[[waivers]]" not in told


def test_a_warning_stops_it_until_the_facts_say_why_not(tmp_path):
    """The reason is stored in the facts, and so in the package."""
    draft = write_draft(tmp_path / "privacy")
    change(draft, "en.md", "within one month", "soon")
    told = refused(draft)
    assert "N238" in told
    assert "[[waivers]] in facts.toml with the rule and the reason" in told
    waiver = '[[waivers]]\nrule = "N238"\nreason = "The time stands on the form."\n\n[sections]'
    change(draft, FACTS, "[sections]", waiver)
    package = publish_as(draft, "2026.1", DAY)
    assert b"The time stands on the form." in package.files[FACTS]


def test_a_fault_that_rendering_refuses_is_told_once(tmp_path):
    draft = write_draft(tmp_path / "privacy", more=" [x](http://example.fi)")
    assert refused(draft).count("sv.md") == 1


def test_a_translation_that_lags_behind_the_version_before_stops_it(tmp_path):
    publish_as(write_draft(tmp_path / "privacy"), "2026.1", DAY)
    draft = write_draft(tmp_path / "privacy", change="Toinen.")
    change(draft, "fi.md", "Katso", "Lue")
    change(draft, "sv.md", "Se ", "Läs ")
    told = refused(draft, "2027.1")
    assert "en.md: 13:4 N608: The translation of the section #purposes is stale" in told
    assert "sv.md" not in told


def test_what_is_published_is_not_judged_again(tmp_path, monkeypatch):
    """A later release may know more; what was published stands as it is."""
    package = publish_as(write_draft(tmp_path / "privacy"), "2026.1", DAY)
    monkeypatch.setattr("consent.notice.publish.lint", None)
    assert publish_as(tmp_path / "privacy/2026.1", "2026.1", DAY) == package


def test_a_missing_language_may_be_shown_in_another(tmp_path, make_site: Make):
    """The reader is told so in the language that was asked for."""
    draft = write_draft(tmp_path / "notices/privacy", facts=STANDS_IN)
    (draft / "sv.md").unlink()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    package = publish_as(draft, "2026.1", date(2026, 1, 1), now)
    assert list(package.renditions) == ["fi", "en"]
    assert [package.shown(lang) for lang in ("fi", "sv", "en", "de")] == ["fi", "fi", "en", None]

    client = make_site().client()
    for path in (PATHS["sv"], f"{PATHS['sv']}/2026.1"):
        html = client.get(path).text
        html5lib.HTMLParser(strict=True).parse(html)
        assert f'lang="sv">{LINES["sv"]}</p>' in html
        assert package.renditions["fi"].body in html
        assert '<html lang="fi">' in html
        assert f'<link rel="canonical" href="{PATHS["fi"]}">' in html
    assert LINES["fi"][:20] not in client.get(PATHS["fi"]).text


def test_all_that_tells_of_a_version_gives_the_language_that_stands_in(tmp_path, make_site: Make):
    """R48: the strip, the day and the feed, and each says in which language it speaks."""
    document = tmp_path / "notices/privacy"
    publish_as(write_draft(document, change=""), "2026.1", DAY.replace(year=2026))
    draft = write_draft(document, more=" oy", facts='[fallback]\nsv = "en"')
    (draft / "sv.md").unlink()
    for lang, told in (("fi", "Uutta."), ("en", "News.")):
        change(draft, f"{lang}.md", "Jotain muuttui.", told)
    site = make_site()
    site.page = site.page.replace('lang="fi"', 'lang="sv"')
    client = site.client()
    decide(client, "reject")
    package = publish_as(draft, None, DAY)
    site.close()
    site = make_site()
    site.page = site.page.replace('lang="fi"', 'lang="sv"')
    site.clock.now = package.starts.timestamp()
    returned = site.client()
    returned.cookies.update(client.cookies)
    told = strip(returned.get("/").text)
    assert '<span lang="en">News.</span>' in told
    assert "Uutta." not in told
    day = returned.get(f"{PATHS['sv']}/gallande/2027-01-02")
    assert day.status_code == 200
    assert package.renditions["en"].body in day.text
    assert "<summary>News.</summary>" in returned.get(f"{PATHS['sv']}/feed.atom").text


def test_a_draft_may_lack_a_language_too(tmp_path, make_site: Make):
    draft = write_draft(tmp_path / "notices/privacy", facts='[fallback]\nen = "fi"')
    (draft / "en.md").unlink()
    drafts = TOML.replace('folder = "notices"', 'folder = "notices"\ndrafts = true')
    html = make_site(toml=drafts).client().get(PATHS["en"]).text
    assert LINES["en"] in html
    assert "Rekisterinpitäjä" in html


def test_what_stands_in_must_be_there(tmp_path):
    draft = write_draft(tmp_path / "privacy", facts='[fallback]\nsv = "de"')
    (draft / "sv.md").unlink()
    assert "facts.toml: fallback.sv: there is no text in de" in refused(draft)
