"""Two versions compared: frozen with the later one, served, and on the command line (R77)."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import html5lib
import pytest

from consent.errors import NoticeError
from consent.notice.comparison import redline_between, text_of, text_of_file, whole_text
from consent.notice.package import MANIFEST, Package, artifacts, verify_package
from consent.notice.redline import compare
from tests.unit.notice_samples import (
    LANGUAGES,
    declaration,
    line_of_three,
    publish_as,
    write_draft,
)
from tests.unit.shop_site import ANNOUNCED, PATHS, open_shop, set_clock
from tests.unit.small_site import Make, Site
from tests.unit.terminal import enter, filled, terminal

CHANGES = {"fi": "muutokset", "sv": "andringar", "en": "changes"}
LATER = datetime(2027, 2, 1, 9, tzinfo=UTC)


@pytest.fixture
def line(tmp_path: Path) -> list[Package]:
    return line_of_three(tmp_path / "privacy")


@pytest.fixture
def shop(tmp_path: Path, make_site: Make) -> Site:
    return open_shop(tmp_path, make_site)


def test_a_package_holds_its_redline_against_the_version_before(line, tmp_path):
    """Its hash stands in the manifest, and its bytes are an artifact like all others."""
    first, second, third = line
    assert (first.predecessor, second.predecessor, third.predecessor) == (
        None,
        first.number,
        second.number,
    )
    assert {text.redline for text in first.renditions.values()} == {""}
    for lang in LANGUAGES:
        body = (tmp_path / f"privacy/2026.2/{lang}.redline.html").read_bytes()
        assert body.decode() == second.renditions[lang].redline
        assert ">oy<" in re.sub(r"<span.*?</span>", "", body.decode())
        digest = sha256(body).hexdigest()
        assert json.loads(second.files[MANIFEST])["languages"][lang]["redline"] == digest
        assert artifacts(second)[digest] == ("text/html; charset=utf-8", body)
    assert verify_package(tmp_path / "privacy/2026.2") == second


def test_a_redline_that_was_changed_is_refused(line, tmp_path):
    (tmp_path / "privacy/2026.2/sv.redline.html").write_text("<p>Ingenting.</p>")
    with pytest.raises(NoticeError, match=r"2026\.2/sv\.redline\.html: .*not the one"):
        verify_package(tmp_path / "privacy/2026.2")


def test_a_version_published_again_keeps_its_redline(line, tmp_path, monkeypatch):
    """Even where a later release of ours would write it otherwise."""
    monkeypatch.setattr("consent.notice.comparison.redline_html", lambda *_: "<p>other</p>")
    write_draft(
        tmp_path / "privacy", change_class="editorial", more=" oy", change="Kirjoitusvirhe."
    )
    again = publish_as(tmp_path / "privacy/draft", "2026.2", date(2026, 6, 2), LATER)
    assert again == line[1]


def test_what_the_declaration_changes_is_seen_in_the_redline(tmp_path):
    """The cookie table is compared as it was frozen, row by row."""
    document = tmp_path / "privacy"
    write_draft(document, change="")
    publish_as(document / "draft", "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC))
    write_draft(document)
    changed = declaration(provider="Other & Sons")
    package = publish_as(document / "draft", "2026.2", date(2027, 6, 1), LATER, declaration=changed)
    shown = re.sub(r'<span class="vc-spoken">.*?</span>', "", package.renditions["fi"].redline)
    assert "Counter, <del>Counter Ltd</del><ins>Other &amp; Sons</ins>" in shown
    text = text_of(package.renditions["fi"], package.files["fi.md"])
    assert "### Statistics (fi) {#items-statistics}" in text
    assert "[[cookies]]" not in text


def test_comments_are_not_shown_and_the_summary_of_the_change_is_not_compared(tmp_path):
    file = tmp_path / "fi.md"
    file.write_text("---\ntitle: T\nshort: S\nchange: C\n---\n\n<!-- ask -->\n## A {#a}\n\nx\n")
    assert text_of_file(file) == "# T\n\nS\n\n## A {#a}\n\nx\n"
    file.write_text("x\n")
    assert text_of_file(file) == whole_text("", "", "x")
    file.write_bytes(b"\xff")
    with pytest.raises(NoticeError, match="not UTF-8"):
        text_of_file(file)


def test_any_two_versions_can_be_compared_in_any_order(line):
    first, _, third = line
    there, back = (redline_between(*pair, "sv") for pair in ((first, third), (third, first)))
    assert "<ins>" in there
    assert there.count("<ins>") == back.count("<del>")
    assert redline_between(line[1], third, "sv") == third.renditions["sv"].redline


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_comparison_has_an_address(shop: Site, lang: str) -> None:
    """R77: a valid page, without inline style or handler, in the language of its path."""
    address = f"{PATHS[lang]}/{CHANGES[lang]}/2026.1..2026.2"
    response = shop.client().get(address)
    assert response.status_code == 200
    html5lib.HTMLParser(strict=True).parse(response.text)
    assert f'<html lang="{lang}">' in response.text
    assert not re.search(r"\sstyle=|\son\w+=", response.text)
    assert re.findall(r'<link rel="stylesheet" href="/choices/(\w+)\.css', response.text)[:2] == [
        "notice",
        "redline",
    ]
    for number in ("2026.1", "2026.2"):
        assert f'<a href="{PATHS[lang]}/{number}">' in response.text
    again = shop.client().get(address, headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


def test_a_version_that_is_not_announced_is_not_compared(shop: Site) -> None:
    client = shop.client()
    paths = ["2026.2..2027.1", "2026.1..2026.3", "2026.1", "2026.1..2026.2..2026.2", "...", "x"]
    set_clock(shop, ANNOUNCED, -1)
    for rest in paths:
        assert client.get(f"/tietosuojaseloste/muutokset/{rest}").status_code == 404
    set_clock(shop, ANNOUNCED)
    assert client.get("/tietosuojaseloste/muutokset/2026.2..2027.1").status_code == 200
    assert client.get("/tietosuojaseloste/changes/2026.2..2027.1").status_code == 404


def test_what_changed_leads_to_the_redline(tmp_path: Path, make_site: Make) -> None:
    """LOOK: the box in the notice's head has the redline behind it."""
    line_of_three(tmp_path / "notices/privacy")
    site = make_site()
    set_clock(site, datetime(2026, 7, 1, tzinfo=UTC))
    page = site.client().get("/tietosuojaseloste").text
    (link,) = re.findall(r'<a href="(/tietosuojaseloste/muutokset/[^"]+)">', page)
    assert link.endswith("/2026.1..2026.2")
    assert "Kirjoitusvirhe." in site.client().get(link).text
    assert "muutokset" not in site.client().get("/tietosuojaseloste/2026.1").text


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    enter(monkeypatch, tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    run = terminal(capsys)
    assert run("init")[0] == 0
    file = tmp_path / "consent.toml"
    file.write_text(filled(file.read_text("utf-8")), "utf-8")
    return run


def test_diff_compares_versions_and_the_draft(run, tmp_path):
    line_of_three(tmp_path / "notices/privacy")
    code, out, err = run("notice", "diff", "2026.1", "2026.2")
    assert (code, err) == (0, "")
    assert out.startswith("Versio 2026.1 → Versio 2026.2\nMuuttuneita kohtia: 1")
    assert "[+oy+]" in out
    write_draft(tmp_path / "notices/privacy", more=" luonnos")
    code, out, _ = run("notice", "diff", "2027.1", "draft", "--lang", "sv")
    assert out.startswith("Version 2027.1 → Utkast\n")
    assert "[-ab-][+luonnos+]" in out


def test_diff_compares_files_without_a_site(run, tmp_path):
    (tmp_path / "consent.toml").unlink()
    for folder, text in (("a", "## A {#a}\n\nEtt ord.\n"), ("b", "## A {#a}\n\nTvå ord.\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sv.md").write_text(text, "utf-8")
    code, out, _ = run("notice", "diff", "a/sv.md", "b/sv.md")
    assert (code, out.splitlines()[1]) == (
        0,
        "Ändrade avsnitt: 1 · Tillagda ord: 1 · Borttagna ord: 1",
    )
    code, out, _ = run("notice", "diff", "a", "b", "--lang", "sv")
    assert "[-Ett-][+Två+] ord." in out


def test_a_page_of_diff_needs_nothing_else(run, tmp_path):
    """Under its own policy, which lets in no style but its own, and no script at all."""
    line_of_three(tmp_path / "notices/privacy")
    code, out, _ = run(
        *("notice", "diff", "2026.1", "2027.1", "--lang", "en", "--format", "html", "-o", "r.html")
    )
    assert (code, out) == (0, "")
    page = (tmp_path / "r.html").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert not re.search(r"<script|\sstyle=|<link|src=", page)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "Uusi vastaanottaja &amp; &lt;toinen&gt;." in page


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["2026.1", "2029.1"], 1, "the versions are: 2026.1, 2026.2, 2027.1"),
        (["2026.1", "2026.2", "--lang", "de"], 1, "take one of fi, sv, en"),
        (["2026.1", "draft"], 1, "there is no draft"),
        (["2026.1", "missing.md"], 1, "missing.md"),
    ],
)
def test_diff_tells_what_it_cannot_compare(words, code, told, run, tmp_path):
    line_of_three(tmp_path / "notices/privacy")
    got, out, err = run("notice", "diff", *words)
    assert (got, out) == (code, "")
    assert told in err
    assert "→" in err


@pytest.mark.parametrize(
    ("environment", "tty", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
    ids=["terminal", "pipe", "no colour", "dumb"],
)
def test_colour_is_for_terminals_that_want_it(
    environment, tty, coloured, run, monkeypatch, tmp_path
):
    line_of_three(tmp_path / "notices/privacy")
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("consent.cli.notice_diff.sys.stdout.isatty", lambda: tty)
    out = run("notice", "diff", "2026.1", "2026.2")[1]
    assert ("\x1b[32;4moy\x1b[0m" in out) == coloured
    assert ("[+oy+]" in out) != coloured


def test_the_same_texts_are_said_to_be_the_same(line):
    text = text_of(line[0].renditions["fi"], line[0].files["fi.md"])
    assert all(section.status == "same" for section in compare(text, text).sections)
