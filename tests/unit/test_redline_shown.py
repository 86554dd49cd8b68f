"""What a reader sees of a redline: as HTML, and in a terminal."""

from __future__ import annotations

import re
from html import unescape

import html5lib
import pytest
from hypothesis import given

from consent.notice.redline import Redline, compare
from consent.notice.redline_html import redline_html
from consent.notice.redline_terminal import redline_terminal
from consent.notice.words import words
from tests.unit.proportion import in_proportion
from tests.unit.redline_samples import HOSTILE, NEW, OLD, markdown

LANGUAGES = ("fi", "sv", "en")
TAGS = {
    *("html", "head", "body", "div", "dl", "dt", "dd", "nav", "ol", "ul", "li", "a", "span"),
    *("section", "details", "summary", "h2", "h3", "p", "blockquote", "br", "em", "strong"),
    *("code", "ins", "del", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"class", "id", "href", "aria-label", "aria-labelledby", "scope", "data-label"}


def html(old: str, new: str, lang: str = "fi") -> str:
    return redline_html(compare(old, new), lang)


def page(fragment: str) -> str:
    return f"<!DOCTYPE html><html><head><title>x</title></head><body>{fragment}</body></html>"


def seen(fragment: str) -> str:
    """The text of a fragment with its changes in brackets, as it is heard."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", fragment)).split())


@given(markdown, markdown)
def test_nothing_but_our_own_tags_stands_in_a_redline(old: str, new: str) -> None:
    """Hostile Markdown: no script, handler, image or link of the texts' own, and valid HTML."""
    shown = html(old, new)
    # Code points that no HTML may hold are none of ours to mend.
    clean = re.sub("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", "", shown)
    clean = "".join(c for c in clean if ord(c) & 0xFFFE != 0xFFFE and not 0xD800 <= ord(c) < 0xE000)
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page(clean))
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag != "title":
            assert element.tag in TAGS
            assert set(element.keys()) <= ATTRIBUTES
            assert element.get("href", "#vc-change-").startswith("#vc-change-")
            assert element.get("id", "vc-change-").startswith("vc-change-")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_is_text(text: str) -> None:
    shown = html("sana\n", f"sana {text}\n\n| {text} |\n|---|\n")
    assert not re.search(r"<(?:script|img)|<[^>]*\son\w+=|href=\"j", shown)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_changes_are_told_in_words_of_the_readers_language(lang: str) -> None:
    """Narrator and VoiceOver say nothing of ins and del; colour alone is no telling."""
    say = words(lang)
    shown = html("Jackbotin tain muiden", "Jackbotin tai muiden", lang)
    assert f"[{say['del']}: tain] [{say['ins']}: tai] muiden" in seen(shown)
    assert re.search(r"<del>.*?tain.*?</del><ins>.*?tai.*?</ins> muiden", shown)


def test_every_language_has_every_word() -> None:
    keys = {lang: set(words(lang)) for lang in LANGUAGES}
    assert keys["fi"] == keys["sv"] == keys["en"]


def test_counts_and_the_list_of_what_changed_stand_on_top() -> None:
    shown = html(OLD, NEW)
    counts = re.findall(r"<dt>(.*?)</dt><dd>(\d+)</dd>", shown)
    assert counts == [
        ("Muuttuneita kohtia", "4"),
        ("Uusia kohtia", "1"),
        ("Poistettuja kohtia", "1"),
        ("Siirrettyjä kohtia", "1"),
        ("Lisättyjä sanoja", "21"),
        ("Poistettuja sanoja", "14"),
    ]
    assert re.findall(r'<a href="#(.*?)">', shown) == re.findall(r' id="(vc-change-\d+)"', shown)
    assert "Kuinka kauan tietoja säilytetään?</a> <span>siirretty, muuttunut</span>" in shown
    assert "Siirretty. Ennen tämä oli kohdan ”Rekisterinpitäjä” jälkeen." in shown


def test_what_is_unchanged_is_folded_and_whole() -> None:
    shown = html(OLD, NEW)
    folded = re.findall(r"<details.*?</details>", shown, re.S)
    assert [seen(part) for part in folded] == [
        "Oikeudet ennallaan Sinulla on oikeus nähdä tietosi.",
        "Muutokset ennallaan Kerromme muutoksista sivustolla.",
    ]
    long = "".join(f"Kappale {n}.\n\n" for n in range(5))
    within = html(f"## A\n\n{long}Loppu vanha teksti.\n", f"## A\n\n{long}Loppu uusi teksti.\n")
    assert "<summary>Ennallaan (10 sanaa)</summary>" in within


def test_no_difference_is_said() -> None:
    assert "Teksteissä ei ole eroja." in html(OLD, OLD)
    assert redline_terminal(compare(OLD, OLD), "en", colour=True) == "There are no differences.\n"


def test_a_table_is_a_table_with_its_changes_in_the_cells() -> None:
    shown = html(OLD, NEW)
    table = shown[shown.index("<table>") : shown.index("</table>")]
    assert table.count("<tr") == 5
    assert '<th scope="col">Aika</th>' in table
    cell = re.search(r'<td data-label="Aika"><div>(.*?)</div></td>', table)
    assert cell is not None
    assert seen(cell[1]) == "[poistettu: 6] [lisätty: 10] vuotta"
    removed = re.search(r'<tr class="vc-redline-removed">(.*?)</tr>', table)
    assert removed is not None
    assert removed[1].count("<del>") == 3


BEFORE = "| Tieto | Aika |\n|---|---|\n| Viestit | 2 vuotta |\n| Uutiskirje | tilaus |\n"
AFTER = "| Tieto | Peruste | Aika |\n|---|---|---|\n"
AFTER += "| Viestit | etu | 2 vuotta |\n| Loki | laki | kuu |\n"


@pytest.mark.parametrize(
    ("old", "new", "rows"),
    [
        (
            BEFORE,
            AFTER,
            [
                "Tieto: Viestit, Peruste: [lisätty: etu], Aika: 2 vuotta",
                "Tieto: [poistettu: Uutiskirje], , Aika: [poistettu: tilaus]",
                "Tieto: [lisätty: Loki], Peruste: [lisätty: laki], Aika: [lisätty: kuu]",
            ],
        ),
        (
            AFTER,
            BEFORE,
            [
                "Tieto: Viestit, Peruste: [poistettu: etu], Aika: 2 vuotta",
                "Tieto: [poistettu: Loki], Peruste: [poistettu: laki], Aika: [poistettu: kuu]",
                "Tieto: [lisätty: Uutiskirje], , Aika: [lisätty: tilaus]",
            ],
        ),
    ],
    ids=["came", "went"],
)
def test_a_row_stands_under_its_own_columns_where_one_came_or_went(old, new, rows) -> None:
    """A period is not told as a basis."""
    found = re.findall(r'<tr class="vc-redline-\w+">(.*?)</tr>', html(old, new))
    told = [re.findall(r'<td data-label="(.*?)"><div>(.*?)</div></td>', row) for row in found]
    assert rows == [
        ", ".join(f"{label}: {seen(text)}" if text else label for label, text in row)
        for row in told
    ]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("[a@x.fi](mailto:a@x.fi)", "[a@x.fi](tel:1)", "a@x.fi [-(mailto:a@x.fi)-] [+(tel:1)+]"),
        ("Lue lisää.", "Lue [lisää](https://x.fi/).", "Lue lisää [+(https://x.fi/)+]."),
        ("[x.fi](https://x.fi) on", "[x.fi](https://x.fi) oli", "x.fi [-on-][+oli+]"),
        ("Tämä on tärkeää.", "Tämä on **tärkeää**.", "Tämä on [+**+]tärkeää[+**+]."),
        ("**Yksi:** kaksi kolme", "**Yksi:** kaksi neljä", "Yksi: kaksi [-kolme-][+neljä+]"),
        ("## A {#a}\n\nx\n", "## A {#a}\n\ny\n", "## A [-x-] [+y+]"),
        ("`_ga` on eväste", "`_gid` on eväste", "[-_ga-][+_gid+] on eväste"),
        ("kaksi\\*kolme", "kaksi\\*neljä", "kaksi*[-kolme-][+neljä+]"),
        ("- yksi\n", "  - yksi\n", "- yksi (level of the heading or list changed)"),
        ("## Ajat {#a}\n", "## Ajat {#b}\n", "## Ajat [-{#a}-][+{#b}+]"),
        ("yksi  \nkaksi vanha\n", "yksi  \nkaksi uusi\n", "yksi kaksi [-vanha-][+uusi+]"),
    ],
)  # fmt: skip
def test_marks_become_what_they_mean_and_no_change_is_unseen(
    old: str, new: str, wanted: str
) -> None:
    lines = redline_terminal(compare(old, new), "en", colour=False).splitlines()
    shown = " ".join(" ".join(lines[2:]).removeprefix("## Beginning").split())
    assert shown == wanted


def test_a_terminal_has_colours_or_marks() -> None:
    redline = compare("Jackbotin tain muiden", "Jackbotin tai muiden")
    assert "[-tain-][+tai+]" in redline_terminal(redline, "fi", colour=False)
    coloured = redline_terminal(redline, "fi", colour=True)
    assert "\x1b[31;9mtain\x1b[0m\x1b[32;4mtai\x1b[0m" in coloured


def test_a_text_does_not_command_the_terminal() -> None:
    redline = compare("sana", "sana \x1b[2J\x9b2J \u202e muu")
    shown = redline_terminal(redline, "fi", colour=False)
    assert not re.search("[\x1b\x9b\u202e]", shown)
    assert "\\x1b[2J" in shown


@given(markdown, markdown)
def test_every_changed_word_is_seen_in_a_terminal(old: str, new: str) -> None:
    redline = compare(old, new)
    shown = redline_terminal(redline, "sv", colour=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    for section in redline.sections:
        for block in section.blocks:
            for op, text in block.pieces:
                # Of a link that is its own label the scheme is left out, and ids of what is new.
                bare = re.sub(r"\]\([^()]*\)|\{[^{}]*\}|\[\[\w+\]\]", " ", text)
                words = re.findall(r"[a-zäö]{4,}", bare) if op != "same" else []
                assert [word for word in words if word not in shown] == []


def test_numbers_of_a_list_stay_as_they_are_written() -> None:
    shown = html("1. Posti\n2. Auto\n", "1. Posti\n2. Juna\n3. Auto\n")
    assert re.findall(r"<li>(\d\.)", shown) == ["1.", "2.", "3."]
    assert "<ol>" not in shown.partition("</nav>")[2]


def test_lists_are_nested_as_they_were() -> None:
    shown = html("x\n", "- yksi\n  - kaksi\n    - kolme\n- neljä\n")
    tree = html5lib.parse(page(shown), namespaceHTMLElements=False)
    depths = [len(item.findall(".//li")) for item in tree.iter("li") if item.find("a") is None]
    assert depths == [2, 1, 0, 0]


@pytest.mark.parametrize(
    "piece",
    ["# a\n", "- sana\n", "| a | b |\n", "[a](b) ", "**a** ", "*a", "{#a} ", "`a` ", "  \n"],
)
def test_the_time_of_showing_grows_with_the_length(piece: str) -> None:
    def both(redline: Redline) -> object:
        return redline_html(redline, "fi"), redline_terminal(redline, "fi", colour=True)

    assert in_proportion(lambda n: compare(piece * n, f"x {piece}" * n), both, 2_000)
