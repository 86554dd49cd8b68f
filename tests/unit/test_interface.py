"""What visitors see: texts, templates, styles and script, and the markup made ready from them."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from html import unescape
from pathlib import Path
from string import Formatter

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.browser.interface import Interface, static_folder
from consent.browser.ready import EXTRA, QUERY, RETURN, TOKEN, Ready, way_back
from consent.texts import texts
from tests.unit.small_site import TOML, Make, Site, decide

LANGUAGES = ("fi", "sv", "en")
PAGE = '<!DOCTYPE html><html lang="{lang}"><title>x</title><body><p>x</p></body></html>'
NAMES = (
    r"(cookie-|gdpr|cc-|consent-(banner|panel|dialog|popup|bar|wrapper|container|message|layer)"
    r"|privacy-(banner|notice)|evasteseloste|evaste-container|tietosuojabox)"
)
PATHS = (
    r"(cookieconsent\.|cookie-banner|cookie-consent/|consent-manager\.|consent-dialog\."
    r"|consent/message\.|consent/manager/)"
)


# -- texts --


def test_the_languages_have_the_same_texts_with_the_same_places() -> None:
    """R15: no text is missing, so that none is ever borrowed from another language."""
    every = {
        lang: {(s, k): v for s, t in texts(lang).items() for k, v in t.items()}
        for lang in LANGUAGES
    }
    first = every["fi"]
    for table in every.values():
        assert list(table) == list(first)
        assert all(text.strip() for text in table.values())
        for key, text in table.items():
            named = {name for _, name, *_ in Formatter().parse(text) if name}
            assert named == {name for _, name, *_ in Formatter().parse(first[key]) if name}, key


def test_the_buttons_say_what_they_do() -> None:
    """R14: the allow-list of labels, and no other button in the banner."""
    labels = {
        lang: tuple(texts(lang)["banner"][k] for k in ("accept", "reject", "save"))
        for lang in LANGUAGES
    }
    assert labels == {
        "fi": ("Hyväksy kaikki", "Hylkää kaikki", "Tallenna valinnat"),
        "sv": ("Godkänn alla", "Avvisa alla", "Spara valen"),
        "en": ("Accept all", "Reject all", "Save choices"),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_banner_has_these_buttons_and_no_other(site: Site, lang: str) -> None:
    """R2, R14, R16."""
    site.page = site.page.replace('lang="fi"', f'lang="{lang}"')
    html = unescape(site.client().get("/").text)
    banner = re.search(r'<section class="visitor-choice vc-banner.*?</section>', html, re.S)
    assert banner is not None
    words = texts(lang)["banner"]
    found = re.findall(r"<button[^>]*>([^<]*)</button>", banner[0])
    assert found == [words["save"], words["accept"], words["reject"]]
    # The two main buttons stand side by side, the same markup but for value and words (R3).
    main = re.search(r'(<button [^>]*"accept">)[^<]*</button>(<button [^>]*>)', banner[0])
    assert main is not None
    assert main[1].replace('"accept"', '"reject"') == main[2]


def test_swedish_says_kakor() -> None:
    """R15: as the authority does, and nowhere "cookies"."""
    words = " ".join(text for table in texts("sv").values() for text in table.values()).lower()
    assert "cookie" not in words
    assert "kakor" in words


def test_finnish_and_english_keep_to_their_own_word_too() -> None:
    finnish = " ".join(text for table in texts("fi").values() for text in table.values()).lower()
    english = " ".join(text for table in texts("en").values() for text in table.values()).lower()
    assert "eväst" in finnish
    assert "cookie" not in finnish
    assert "cookies" in english


# -- names --


def test_no_name_of_ours_is_one_that_filter_lists_hide(site: Site) -> None:
    """Point 6: classes, ids and paths that block lists know are avoided everywhere."""
    client = site.client()
    folder = Path(__file__).parents[2]
    sources = [
        *(folder / "static").glob("*.[cj]s*"),
        *(folder / "consent/templates").glob("*.html"),
    ]
    pages = [client.get(path).text for path in ("/", "/choices/fi", "/tietosuojaseloste")]
    html = "\n".join(
        [*pages, *(file.read_text("utf-8") for file in sources if file.suffix != ".png")]
    )
    for names in re.findall(r'(?:class|id)="([^"]*)"', html):
        assert not [n for n in names.split() if re.match(NAMES, n)]
    sheets = "\n".join(file.read_text("utf-8") for file in sources if file.suffix == ".css")
    assert not re.search(r"[.#]" + NAMES, sheets)
    assert not re.search(r'(?:href|src|action)="[^"]*' + PATHS, html)


def test_the_hooks_for_agents_do_not_depend_on_the_language(site: Site) -> None:
    """Point 6: root, checkboxes and buttons are the same in every language, and documented."""
    found = []
    for lang in LANGUAGES:
        site.page = (
            f'<!DOCTYPE html><html lang="{lang}"><title>x</title><body><p>x</p></body></html>'
        )
        html = site.client().get("/").text
        assert html.count('id="visitor-choice"') == 1
        found.append(
            (
                re.findall(r'<input type="checkbox" name="(\w+)" value="granted">', html),
                re.findall(r'<button class="[\w -]+" name="(\w+)" value="(\w+)">', html),
                re.findall(r'<form method="post" action="([^"]*)">', html),
            )
        )
    assert found[0] == found[1] == found[2]
    assert found[0] == (
        ["preferences", "statistics", "marketing"],
        [("decision", "save"), ("decision", "accept"), ("decision", "reject")],
        ["/choices/decide"],
    )
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    for hook in ("#visitor-choice", "name=decision", "`accept`, `reject`, `save`", "`granted`"):
        assert hook in readme


# -- the banner --


def test_the_first_layer_says_who_asks_for_what_and_where_to_change_it(site: Site) -> None:
    """R7, in each language; that embedded content is asked for stands in its sentence."""
    embedded = {"fi": "upotettu sisältö", "sv": "inbäddat innehåll", "en": "embedded content"}
    for lang in LANGUAGES:
        site.page = (
            f'<!DOCTYPE html><html lang="{lang}"><title>x</title><body><p>x</p></body></html>'
        )
        html = unescape(site.client().get("/p").text)
        banner = html[html.index('id="visitor-choice"') : html.index("</section>")]
        categories = site.consent.settings.declaration.categories
        assert "Esimerkki Oy" in banner
        for category in categories:
            assert category.name[lang].lower() in banner.lower()
        assert embedded[lang] in banner[: banner.index("<details>")]
        assert f'href="/choices/{lang}?return=/p#vc-services"' in banner
        assert f'href="/choices/{lang}?return=/p"' in banner
        assert f'href="{site.consent.runtime.edition.notice_path(lang)}"' in banner
        for service in ("Laskuri", "Mainos", "Video"):
            assert service in banner


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_banner_says_nothing_besides(site: Site, lang: str) -> None:
    """R16: no offer and no other subject, only texts that are known, each in its slot."""
    site.page = PAGE.format(lang=lang)
    html = site.client().get("/p").text
    banner = re.search(r'<section class="visitor-choice vc-banner.*?</section>', html, re.S)
    assert banner is not None
    assert "<section" not in banner[0][1:]
    assert " data-nosnippet>" in banner[0].partition("\n")[0]  # no result of a search quotes it
    words, edition = texts(lang)["banner"], site.consent.runtime.edition
    rows: list[str] = []
    for category in edition.declaration.categories:
        services = [s.name for s in edition.declaration.services if s.category == category.id]
        used = words["used"].format(services=", ".join(services))
        if category.necessary:  # of ours alone, which is no service that takes part
            rows += [category.name[lang], words["always"], category.text[lang]]
        else:
            rows += [category.name[lang], category.text[lang], used]
    expected = [
        words["heading"],
        str(edition.sentence(lang, edition.rules.choice_of_nobody()).striptags()),
        words["notice"],
        words["choose"],
        *rows,
        *(words[button] for button in ("save", "accept", "reject")),
    ]
    said = re.sub(r"<[^>]*>", " ", unescape(banner[0]))
    assert "".join(said.split()) == "".join("".join(expected).split())


def test_a_page_in_another_language_gets_the_first_of_the_site(site: Site) -> None:
    """R15: whole, and marked as such, since we do not speak the page's own."""
    site.page = PAGE.format(lang="de")
    html = site.client().get("/").text
    assert re.search(r'id="visitor-choice" lang="fi"', html)


def test_a_page_with_the_banner_is_valid_html(site: Site) -> None:
    client = site.client(**{"sec-gpc": "1"})
    html5lib.HTMLParser(strict=True).parse(client.get("/").text)
    decide(client, "save", "statistics")
    html5lib.HTMLParser(strict=True).parse(client.get("/").text)


def test_what_a_form_showed_is_kept_word_for_word(site: Site) -> None:
    """R35, R37: the presentation holds every text and names declaration, interface and scopes."""
    edition = site.consent.runtime.edition
    for lang in LANGUAGES:
        shown, body = edition.presentations[lang]
        assert shown.hash == sha256(body).hexdigest()
        kept = json.loads(body)
        assert kept["texts"] == {name: dict(table) for name, table in texts(lang).items()}
        assert kept["declaration"] == edition.declaration.hash
        assert kept["interface"] == edition.interface.hash
        assert kept["scopes"] == {c: s.hash for c, s in edition.declaration.scopes.items()}
    assert len({shown.hash for shown, _ in edition.presentations.values()}) == 3


def test_every_hash_of_the_interface_stands_for_kept_bytes(site: Site) -> None:
    """R37, R129: style, script, theme and each template."""
    kept = site.consent.runtime.interface.artifacts()
    for digest, (_, body) in kept.items():
        assert sha256(body).hexdigest() == digest
    manifest = json.loads(kept[site.consent.runtime.interface.hash][1])["files"]
    assert set(manifest.values()) <= set(kept)
    assert {"style.css", "script.js", "templates/banner.html", "theme.css"} <= set(manifest)


# -- templates and files --


def test_a_site_replaces_one_block_of_one_template(make_site: Make, tmp_path: Path) -> None:
    """DESIGN: its folder first, then ours; `original/…` is always ours."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "banner.html").write_text(
        '{% extends "original/banner.html" %}'
        "{% block text %}{{ super() }}<p>Meiltä.</p>{% endblock %}",
        "utf-8",
    )
    plain = make_site()
    site = make_site(toml='templates = "own"\n' + TOML)
    html = unescape(site.client().get("/").text)
    assert "<p>Meiltä.</p>" in html
    assert texts("fi")["banner"]["accept"] in html
    assert "Evästeasetukset" in site.client().get("/choices/fi").text
    # Records name what was shown, so another template is another interface (R37).
    assert site.consent.runtime.interface.hash != plain.consent.runtime.interface.hash


def test_the_address_of_an_asset_changes_with_its_content() -> None:
    plain = Interface(None, "")
    coloured = Interface(None, ".visitor-choice{--consent-accent:#123456}")
    assert coloured.versions["style.css"] != plain.versions["style.css"]
    assert coloured.versions["script.js"] == plain.versions["script.js"]
    assert coloured.hash != plain.hash
    assert coloured.assets["style.css"][1].endswith(b"--consent-accent:#123456}")
    assert coloured.critical.endswith("--consent-accent:#123456}")


def test_minified_styles_keep_every_selector_and_declaration() -> None:
    """What the server sends is what static/style.css says, without space and comments."""

    def bare(css: str) -> str:
        return re.sub(r"\s|/\*.*?\*/", "", css, flags=re.S).replace(";}", "}")

    sent = Interface(None, "").assets
    for name in ("style.css", "notice.css", "redline.css"):
        sheet = (static_folder() / name).read_text("utf-8")
        assert bare(sent[name][1].decode()) == bare(sheet)
        # A space between two words, or round an operator of calc(), means something.
        for part in re.findall(r"calc\([^;]*\)|:is\([^)]*\) [.:\w]", sheet):
            assert re.sub(r" ?, ?", ",", part) in sent[name][1].decode()


def test_the_sent_script_has_no_comments_and_stays_strict() -> None:
    script = Interface(None, "").assets["script.js"][1].decode("ascii")
    assert script.startswith('"use strict";')
    assert not re.search(r"^\s*(//|/\*)", script, re.M)
    assert "document.cookie" not in script  # R113


def test_style_and_script_keep_within_their_lines() -> None:
    """Point 6: a script of at most 250 lines and a stylesheet of at most 200."""
    assert len((static_folder() / "script.js").read_text("utf-8").splitlines()) <= 250
    assert len((static_folder() / "style.css").read_text("utf-8").splitlines()) <= 200


# -- ready-made markup --


def test_filling_puts_each_value_into_its_place() -> None:
    made = Ready(f'<a href="/s?return={QUERY}">{TOKEN}</a><i title="{RETURN}">{EXTRA}</i>å')
    filled = made.fill(b"tok", b"/p?a=1&b=<", b"&amp;")
    assert filled == (
        b'<a href="/s?return=/p%3Fa%3D1%26b%3D%3C">tok</a>'
        b'<i title="/p?a=1&amp;b=&lt;">&amp;</i>&#229;'
    )


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_no_way_back_breaks_out_of_its_place(path: str) -> None:
    """R119: whatever the address of a page holds, the markup round it stays as it is."""
    way = way_back(f"/{path}".encode(), b"")
    filled = Ready(f'<input value="{RETURN}"><a href="/s?return={QUERY}">').fill(b"", way).decode()
    match = re.fullmatch(r'<input value="([^"<>]*)"><a href="/s\?return=([^"<>&]*)">', filled)
    assert match is not None
    assert unescape(match[1]) == way.decode()


@pytest.mark.parametrize(
    ("path", "query", "way"),
    [
        (b"/p", b"", b"/p"),
        (b"/p", b"a=1", b"/p?a=1"),
        (b"//evil.example", b"", b"/"),
        (b"/\\evil.example", b"", b"/"),
        (b"/a\nb", b"", b"/"),
        ("/ä".encode(), b"", b"/"),
        (b"*", b"", b"/"),
        (b"/" + b"x" * 1500, b"", b"/"),
    ],
)
def test_only_a_plain_path_of_the_site_is_a_way_back(path: bytes, query: bytes, way: bytes) -> None:
    """R119."""
    assert way_back(path, query) == way


def test_nothing_is_left_open_in_markup_that_was_filled(site: Site) -> None:
    client = site.client()
    for path in ("/", "/choices/fi", "/tietosuojaseloste"):
        text = unescape(client.get(path).text)
        assert not re.search("[\ue000-\ue003]", text)
