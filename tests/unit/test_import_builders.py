"""Pages as builders write them: headings are found, and no word is lost (point 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.notice.importing import import_notice
from consent.notice.importing.document import document, markdown
from consent.notice.importing.markup import read_markup
from consent.notice.importing.pasted import read_pasted
from tests.unit.word_file import NAMESPACE, paragraph, write_word

INTRO = "<h1>Tietosuojaseloste</h1><p>Tämä on seloste ja kertoo, mitä me tiedoilla teemme.</p>"
ACCORDIONS = {
    "Bootstrap": '<h2 class="accordion-header"><button class="accordion-button" type="button" '
    'aria-expanded="true">{0}</button></h2><div class="accordion-body"><p>{1}</p></div>',
    "details": "<details class='wp-block-details'><summary>{0}</summary><p>{1}</p></details>",
    "details with a heading": "<details><summary><h2>{0}</h2></summary><p>{1}</p></details>",
    "buttons alone": '<button class="accordion" aria-expanded="false" aria-controls="p">{0}'
    '</button><div id="p"><p>{1}</p></div>',
    "Elementor": '<div class="elementor-tab-title" role="button"><h3><a href="">{0}</a></h3></div>'
    '<div class="elementor-tab-content"><p>{1}</p></div>',
    "after an empty heading": "<h2>&nbsp;</h2><h2>{0}</h2><h3></h3><p>{1}</p>",
}
PARTS = (
    ("Rekisterinpitäjä", "Lumikki Oy vastaa tiedoista."),
    ("Mihin tietoja käytetään?", "Tilausten toimittamiseen."),
)


@pytest.mark.parametrize("name", ACCORDIONS)
def test_what_opens_a_part_of_the_notice_is_its_heading(name: str) -> None:
    html = INTRO + "".join(ACCORDIONS[name].format(*part) for part in PARTS)
    reading = read_markup(f"<main>{html}<button>Tulosta</button></main>")
    assert reading.title == "Tietosuojaseloste"
    assert [(b.kind, b.level, b.plain) for b in reading.blocks[1:]] == [
        made for head, text in PARTS for made in (("heading", 2, head), ("text", 0, text))
    ]
    assert reading.left_out == ("button: Tulosta",)


def test_a_list_that_begins_deep_is_a_list() -> None:
    """Not code, as what is indented more than a list above it allows."""
    html = "<p>x</p><ul><ul><ul><li>a</li></ul></ul></ul><p>y</p><ol><ul><li>b</li></ul></ol>"
    text = markdown(document(read_markup(html), "fi", "x"))
    assert text.endswith("\n\nx\n\n- a\n\ny\n\n- b\n")


def test_what_is_seen_or_heard_and_is_no_text_is_named() -> None:
    reading = read_markup(
        '<main><p>Osoite:<img src="a.png" alt="Katu 1, Turku"><img src="b.png" alt=""></p>'
        "<noscript>Salli JavaScript</noscript><nav><img alt='Alkuun'></nav></main>"
    )
    assert [block.plain for block in reading.blocks] == ["Osoite:"]
    assert reading.left_out == ("image: Katu 1, Turku", "noscript: Salli JavaScript", "nav: Alkuun")


BULLETS = (*"•▪●■►➢✓✔→❖◆☑🔹\uf0b7", "– ", "· ", "» ")
LIST = [("item", "nimi"), ("item", "osoite"), ("text", "loppu")]


@pytest.mark.parametrize("mark", [*BULLETS, "- ", "* "])
def test_an_odd_bullet_in_pasted_text_is_a_bullet(mark: str) -> None:
    reading = read_pasted(f"Me keräämme:\n\n{mark}nimi\n{mark} osoite\n\nloppu", "fi")
    assert [(block.kind, block.plain) for block in reading.blocks[-3:]] == LIST


@pytest.mark.parametrize("mark", BULLETS)
def test_an_odd_bullet_in_a_page_is_a_bullet(mark: str) -> None:
    reading = read_markup(f"<p>{mark}nimi<br>{mark} osoite</p><p>loppu</p>")
    assert [(block.kind, block.plain) for block in reading.blocks] == LIST


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://fi.example/Seloste_(laki)", "https://fi.example/Seloste_%28laki%29"),
        ("https://fi.example/a b", "https://fi.example/a%20b"),
        ("/tiedostot/seloste (1).pdf", "/tiedostot/seloste%20%281%29.pdf"),
    ],
)
def test_a_link_keeps_its_target_whatever_stands_in_it(address: str, written: str) -> None:
    (block,) = read_markup(f'<p>Katso <a href="{address}">tämä</a>.</p>').blocks
    assert block.words.markdown == f"Katso [tämä]({written})."


def test_a_word_document_s_head_and_foot_and_comments_are_named(tmp_path) -> None:
    """Word keeps them in files of their own; the same head of every page is named once."""
    ours = f"<w:comments {NAMESPACE}>{paragraph('Tarkista tämä')}</w:comments>"
    page = (
        f"<w:hdr {NAMESPACE}>{paragraph('Lumikki')}{paragraph('Luottamuksellinen & oma')}</w:hdr>"
    )
    file = write_word(
        tmp_path / "a.docx",
        paragraph("Me keräämme tietoja ja säilytämme ne, kun se on tarpeen."),
        others={
            "word/header1.xml": page,
            "word/header2.xml": page,
            "word/footer1.xml": f"<w:ftr {NAMESPACE}>{paragraph('Sivu 1')}<w:p/></w:ftr>",
            "word/comments.xml": ours,
            "word/footer2.xml": f"<w:ftr {NAMESPACE}><w:p/></w:ftr>",
        },
    )
    assert import_notice([file]).documents[0].reading.left_out == (
        "comments: Tarkista tämä",
        "footer: Sivu 1",
        "header: Lumikki Luottamuksellinen & oma",
    )


def test_no_text_of_a_word_document_is_lost_in_a_drawing_nor_a_level_in_a_style(tmp_path) -> None:
    """What is not known is named; a list may have its levels from styles alone."""
    box = (
        '<w:drawing><x:txbx xmlns:x="urn:x"><w:txbxContent>{}</w:txbxContent></x:txbx></w:drawing>'
    )
    file = write_word(
        tmp_path / "a.docx",
        paragraph("Me keräämme tietoja ja säilytämme ne, kun se on tarpeen.", level=0),
        paragraph("Myös osoite", "LB2"),
        f"<w:p><w:r>{box.format(paragraph('Vain kuvassa & muualla'))}</w:r></w:p>",
    )
    found = import_notice([file])
    assert "tarpeen.\n  - Myös osoite" in found.files["fi.md"]
    assert found.documents[0].reading.left_out == ("document: Vain kuvassa & muualla",)


def test_markdown_is_read_as_what_it_means(tmp_path) -> None:
    """Not as text whose marks are a part of it."""
    file = tmp_path / "PRIVACY.md"
    file.write_text(
        "---\ntitle: Privacy\n---\n# Privacy notice\n\n## Who we are\n\n"
        "We are **Harbour Books** and this is [our site](https://harbour.example).\n\n"
        "## How long we keep it\n\n- orders\n"
        "  - six years\n\n| Data | Time |\n|---|---|\n| Mail | 2 years |\n",
        "utf-8",
    )
    doc = import_notice([file]).documents[0]
    assert (doc.reading.title, doc.reading.left_out) == (
        "Privacy notice",
        ("front matter: title: Privacy",),
    )
    assert [section.key for section in doc.sections] == ["controller", "retention"]
    text = markdown(doc)
    assert "We are **Harbour Books** and this is [our site](https://harbour.example)." in text
    assert "- orders\n  - six years\n\n| Data | Time |\n| --- | --- |\n| Mail | 2 years |" in text


TAGS = (
    *("p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "td", "th"),
    *("h1", "h2", "h3", "h6", "details", "summary", "figure", "figcaption", "pre", "form", "label"),
    *("fieldset", "legend", "select", "option", "button", "textarea", "noscript", "address"),
    *(
        "strong",
        "b",
        "em",
        "i",
        "code",
        "a",
        "span",
        "font",
        "u",
        "sup",
        "center",
        "o:p",
        "marquee",
    ),
)
MARKS = ("", ' href="/a"', ' href="#"', ' class="cookie-banner"', ' role="banner"', ' id="a"',
         ' aria-expanded="false"', ' class="ql-indent-1"')  # fmt: skip
pages = st.recursive(
    st.sampled_from(
        ("@", "@ ", " @", "@<br>", "• @<br>", "**@**", "| @ |", "1. @", "<hr>@", "@ _@_")
    ),
    lambda inner: st.builds(
        lambda tag, mark, parts: f"<{tag}{mark}>{''.join(parts)}</{tag}>",
        st.sampled_from(TAGS),
        st.sampled_from(MARKS),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=25,
)


def numbered(html: str) -> tuple[str, list[str]]:
    """A page in which each @ is a word of its own, and those words."""
    numbers: Iterator[int] = count()
    words: list[str] = []

    def word(_: re.Match[str]) -> str:
        words.append(f"sana{next(numbers)}x")
        return words[-1]

    return re.sub("@", word, html), words


@settings(max_examples=500)
@given(st.lists(pages, min_size=1, max_size=4).map("".join))
def test_every_word_of_any_page_stands_in_the_draft_or_is_named(html: str) -> None:
    page, words = numbered(html)
    reading = read_markup(page)
    kept = markdown(document(reading, "fi", "x")) + " ".join(reading.left_out)
    assert [word for word in words if word not in kept] == []
