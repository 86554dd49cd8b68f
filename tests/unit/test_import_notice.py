"""An existing notice becomes a draft, and none of its text is lost (point 7)."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.errors import NoticeError
from consent.notice.importing import Imported, import_notice
from consent.notice.importing.blocks import Block, tidy
from consent.notice.importing.document import document, markdown
from consent.notice.importing.markup import read_markup
from consent.notice.importing.pasted import LEFTOVERS, read_pasted
from consent.notice.render import Page, render
from consent.notice.version import split_front_matter
from tests.unit.import_pages import PAGES
from tests.unit.import_samples import (
    EN_LONE,
    FI_BUILDER,
    FI_PLAIN,
    PASTED,
    SV_DASHES,
    SV_TABLE,
    imported,
)
from tests.unit.notice_samples import declaration
from tests.unit.word_file import paragraph, table, write_word


def outline(found: Imported) -> list[tuple[str, str]]:
    return [(s.key, s.heading.plain) for s in found.documents[0].sections]


def counted(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def page_of(text: str, lang: str = "fi") -> Page:
    body = split_front_matter(text)[1]
    return render(body, lang, declaration=declaration(), settings_address="/choices")


def shown(text: str, lang: str = "fi") -> str:
    """What readers see of a Markdown file: its title and its text."""
    title = re.search(r'^title: "(.*)"$', text, re.M)
    assert title is not None
    return f"{title[1]}\n{page_of(text, lang).text}"


@pytest.mark.parametrize("name", PASTED)
def test_every_word_of_a_pasted_notice_stands_in_the_draft(tmp_path, name):
    """But for the page's own lines, which are named."""
    found = imported(tmp_path, f"{name}.txt", PASTED[name])
    doc = found.documents[0]
    lost = counted(tidy(PASTED[name])) - counted(shown(found.files[f"{doc.lang}.md"], doc.lang))
    left_out = counted(" ".join(doc.reading.left_out))
    # Of a list the numbers are made anew.
    assert {word for word in lost - left_out if not word.isdigit()} <= {"o"}
    assert all(line.casefold() in LEFTOVERS for line in doc.reading.left_out)


@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_a_page_stands_in_the_draft(tmp_path, name):
    """But for what a page has around its notice, which is named."""
    found = imported(tmp_path, f"{name}.html", PAGES[name])
    doc = found.documents[0]
    unseen = r"(?is)<(script|style|title)\b.*?</\1>|<!--.*?-->|<!\[[^>]*>|<[^>]*>"
    seen = re.sub(unseen, " ", PAGES[name])
    lost = counted(tidy(unescape(seen))) - counted(shown(found.files[f"{doc.lang}.md"], doc.lang))
    left_out = counted(" ".join(doc.reading.left_out))
    assert set(lost - left_out) <= {"o", "e", "post", "skyddad"}  # a bullet; a hidden address


@pytest.mark.parametrize(
    ("name", "lang", "title", "keys"),
    [
        (
            "fi-builder", "fi", "Tietosuojaseloste",
            "controller purposes data retention rights changes",
        ),
        (
            "fi-numbered", "fi", "REKISTERISELOSTE",
            "controller yhteyshenkilo-rekisteria-koskevissa purposes data sources transfers "
            "security rights",
        ),
        (
            "sv-dashes", "sv", "Dataskyddsbeskrivning",
            "controller purposes data retention rights",
        ),
        ("sv-table", "sv", "Integritetspolicy", "controller purposes cookies complaint"),
        (
            "en-capitals", "en", "PRIVACY NOTICE",
            "controller purposes recipients transfers retention rights",
        ),
        ("en-lone", "en", "Privacy policy", "controller data cookies complaint"),
        ("fi-plain", "fi", "", ""),
        (
            "fi-run-in", "fi", "Rekisteriseloste",
            "controller asioita-hoitava-henkilo purposes retention",
        ),
        (
            "sv-numbered", "sv", "Registerbeskrivning",
            "about controller officer purposes bestallningar nyhetsbrev",
        ),
    ],
)  # fmt: skip
def test_language_title_and_sections_are_found(tmp_path, name, lang, title, keys):
    """Ids are roles where the heading is sure, else the heading in ASCII."""
    found = imported(tmp_path, f"{name}.txt", PASTED[name])
    doc = found.documents[0]
    assert (doc.lang, doc.reading.title) == (lang, title)
    assert [key for key, _ in outline(found) if key] == keys.split()


@pytest.mark.parametrize(
    ("name", "lang", "title", "keys"),
    [
        ("builder", "fi", "Tietosuojaseloste", "controller purposes cookies"),
        ("blog", "sv", "Dataskyddsbeskrivning", "controller purposes hur-fragar-man rights"),
        ("plain", "en", "PRIVACY POLICY", "controller data retention"),
        ("docs", "en", "Privacy notice", "purposes rights"),
        ("processor", "fi", "Tietosuojaseloste", "controller data retention"),
        ("saved", "sv", "Dataskyddsbeskrivning", "controller purposes"),
        ("widgets", "en", "Privacy Policy", "controller data rights"),
    ],
)
def test_a_page_keeps_its_structure(tmp_path, name, lang, title, keys):
    found = imported(tmp_path, f"{name}.html", PAGES[name])
    doc = found.documents[0]
    assert (doc.lang, doc.reading.title) == (lang, title)
    assert [key for key, _ in outline(found)] == keys.split()


def test_bullets_that_are_characters_become_nested_lists(tmp_path):
    text = imported(tmp_path, "a.txt", FI_BUILDER).files["fi.md"]
    assert (
        "- Tilausten toimittaminen\n"
        "  - Tietojen käsittely perustuu sopimukseen\n"
        "- Markkinointi, kuten uutuuksista kertominen\n"
        "  - Tietojen käsittely perustuu oikeutettuun etuun ja/tai suostumukseen\n"
        "- Lakisääteisten" in text
    )
    assert "<ul>\n<li>Tilausten toimittaminen<ul>" in page_of(text).body
    assert "(jäljempänä ”Lumikki”)" in text
    assert (
        "- Your name & address\n- What you" in imported(tmp_path, "b.txt", EN_LONE).files["en.md"]
    )
    assert (
        "- Bokföring: rättslig förpliktelse\n- Nyhetsbrev (grund: samtycke)\n"
        in (imported(tmp_path, "c.txt", SV_DASHES).files["sv.md"])
    )


def test_a_pasted_table_becomes_a_table(tmp_path):
    text = imported(tmp_path, "a.txt", SV_TABLE).files["sv.md"]
    assert "| Ändamål | Rättslig grund | Lagringstid |\n| --- | --- | --- |\n" in text
    assert page_of(text, "sv").body.count("<tr>") == 4


def test_broken_lines_are_joined_and_short_ones_stay(tmp_path):
    text = imported(tmp_path, "a.txt", PASTED["fi-numbered"]).files["fi.md"]
    assert "hoitamiseksi ja tilausten toimittamiseksi. Käsittely perustuu" in text
    assert "itse antanut tilauksen yhteydessä\n- tilaukset\n" in text
    assert "Kaarnan Puutyö Ky  \nSahatie 7, 40100 Jyväskylä  \npuh." in text


def test_marks_of_the_text_are_no_marks_of_markdown(tmp_path):
    """And no tag of it is one."""
    body = page_of(imported(tmp_path, "a.txt", EN_LONE).files["en.md"], "en").body
    assert "*maps* of [the sea]" in body
    assert "&lt;b&gt;some&lt;/b&gt; cookies; see `_ga` and the like # and more." in body
    assert "C:\\books" in body


def test_links_lead_where_they_led(tmp_path):
    """Within the page to the section's new id; where that is gone, the words stay."""
    text = imported(tmp_path, "a.html", PAGES["builder"]).files["fi.md"]
    assert "[rekisterinpitäjä](#controller), muu ja [tietosuojavaltuutettu](https://" in text
    text = imported(tmp_path, "b.html", PAGES["blog"]).files["sv.md"]
    assert "[batar@skargard.example](mailto:batar@skargard.example)" in text
    assert "click." in imported(tmp_path, "c.html", PAGES["plain"]).files["en.md"]


def test_what_a_page_has_around_its_notice_is_left_out_by_name(tmp_path):
    doc = imported(tmp_path, "a.html", PAGES["blog"]).documents[0]
    assert [part.partition(":")[0] for part in doc.reading.left_out] == [
        "a", "div", "header", "footer",
    ]  # fmt: skip
    doc = imported(tmp_path, "b.html", PAGES["builder"]).documents[0]
    assert doc.reading.left_out == (
        "header: Etusivu Kauppa",
        "image: kuva",
        "footer: © 2026 Lumikki",
    )


def test_a_notice_in_an_unlikely_place_is_not_left_out():
    """Better too much of the page than too little of the notice."""
    text = "<h2>Kuka</h2><p>Me olemme Lumikki Oy ja vastaamme tiedoista.</p>"
    for place in ("<aside>", "<header>", '<div class="site-footer">', '<div id="cookie-notice">'):
        reading = read_markup(f"<nav>Etusivu</nav>{place}{text}")
        assert [block.plain for block in reading.blocks][-1].startswith("Me olemme")
        assert reading.left_out == ("nav: Etusivu",)


HOSTILE = (
    *("<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=y>"),
    *("[[cookies]]", "{#vc-x}", "## x {#a}", "- x", "1. x", "> x", "| a | b |", "---", "===="),
    *("<!-- x -->", "&lt;", "***", "_x_", "`x`", "\\", ": x", "    x", "\t", "•", "• x", "o\tx"),
)
_lines = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), max_size=12)


@given(_lines.map("\n".join), st.sampled_from(("fi", "sv", "en")))
@example("top of page\n\nA\n\n• B", "en")
def test_any_pasted_text_is_kept_as_text(text: str, lang: str) -> None:
    """Whatever it holds, its words are read and nothing of it is a tag or a token."""
    reading = read_pasted(text, lang)
    page = page_of(markdown(document(reading, lang, "x")), lang)
    assert not re.search(r"<(?:script|img)|href=\"javascript:", page.body)
    assert [p for p in page.problems if "token" in p.message or "image" in p.message] == []
    kept = counted(f"{reading.title}\n{page.text}".casefold())
    found = [word for word in re.findall(r"[a-zäö]{2,}", tidy(text)) if word not in kept]
    left_out = " ".join(reading.left_out).casefold()
    assert [w for w in found if w.casefold() not in left_out and w not in " ".join(kept)] == []


@given(
    _lines.map("<br>".join), st.sampled_from(("<p>", "<ul><li>", "<table><td>", "<h2>", "<nav>"))
)
def test_any_page_can_be_read(text: str, tag: str) -> None:
    page = page_of(markdown(document(read_markup(f"{tag}{text}</p><b>x"), "sv", "x")), "sv")
    assert not re.search(r"<(?:script|img)|href=\"javascript:", page.body)


def test_a_word_document_is_read_with_its_lists_and_tables(tmp_path):
    file = write_word(
        tmp_path / "seloste.docx",
        paragraph("Tietosuojaseloste", "Title"),
        paragraph("Rekisterinpitäjä", "H1"),
        paragraph("Lumikki Oy vastaa siitä, että tiedot ovat oikein ja että ne ovat turvassa."),
        paragraph("Tarkoitukset ja perusteet", "H1"),
        paragraph("Tilaukset", level=0),
        paragraph("Perustuu sopimukseen", level=1),
        paragraph("Säilytysajat", "H1"),
        table(("Tieto", "Aika"), ("Tilaukset", "6 vuotta")),
    )
    found = import_notice([file])
    assert outline(found) == [
        ("controller", "Rekisterinpitäjä"),
        ("purposes", "Tarkoitukset ja perusteet"),
        ("retention", "Säilytysajat"),
    ]
    text = found.files["fi.md"]
    assert "- Tilaukset\n  - Perustuu sopimukseen\n" in text
    assert "| Tieto | Aika |\n| --- | --- |\n| Tilaukset | 6 vuotta |\n" in text
    facts = tomllib.loads(found.files["facts.toml"])
    assert facts["purposes"][0]["basis"] == "contract"
    assert facts["retention"][0]["period"] == {"fi": "6 vuotta"}


def test_a_word_document_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    file = write_word(tmp_path / "a.docx", paragraph("x"))
    monkeypatch.setitem(sys.modules, "mammoth", None)
    with pytest.raises(NoticeError, match=r"pip install 'jackbot-consent\[docx\]'"):
        import_notice([file])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.docx", b"no zip", "cannot be read as a Word document"),
        ("a.pdf", b"%PDF", ".pdf files are not read"),
        ("a.txt", b"", "its language is unsure"),
        ("a.txt", b"lorem ipsum dolor", "its language is unsure"),
        ("a.html", b"<html><body><script>x</script></body></html>", "there is no text in it"),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NoticeError) as caught:
        import_notice([tmp_path / name])
    assert told in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_files_are_read_in_the_encodings_that_people_save(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes(FI_PLAIN.encode(encoding))
    assert "keräämme jäsenistä" in import_notice([tmp_path / "a.txt"]).files["fi.md"]


def test_a_table_reads_as_its_cells() -> None:
    (block,) = read_markup("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>").blocks
    assert isinstance(block, Block)
    assert block.plain == "a\tb\nc\t"
