"""From Markdown to HTML: what an editor meant is kept, everything else is not."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from consent.notice.allow import clean, safe_id, safe_link
from consent.notice.html import Heading
from consent.notice.render import Page, render, render_version
from consent.notice.version import load_source
from tests.unit.hostile_samples import ATTRIBUTES, HOSTILE, TAGS, documents
from tests.unit.notice_samples import LANGUAGES, SETTINGS, declaration, write_draft


def rendered(markdown: str, lang: str = "en", settings: str = "/choices/en") -> Page:
    return render(markdown, lang, declaration=declaration(), settings_address=settings)


def told(page: Page) -> list[str]:
    return [problem.key for problem in page.problems]


class Strict(HTMLParser):
    """Refuses, as it reads, whatever a notice may not hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        if tag not in ("br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name == "href":
                assert safe_link(value or "")
            if name == "class":
                assert set((value or "").split()) <= {"vc-wide", "vc-left", "vc-center", "vc-right"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def test_a_notice_keeps_what_its_editor_meant():
    page = rendered(
        """## Who {#who}

Some *emphasis*, **weight**, `code`, [a link](https://example.fi/a?b=c#d).
[Mail](mailto:a@example.fi), [phone](tel:+358401234567), [path](/a), [part](#who).

- one
  - below one

1. first

Term
: meaning

> quoted

### Deeper

| Name | Size |
|------|-----:|
| a    |   1  |
"""
    )
    assert page.problems == ()
    for piece in (
        '<h2 id="who">Who</h2>',
        '<h3 id="who-1">Deeper</h3>',
        '<a href="https://example.fi/a?b=c#d">',
        '<a href="mailto:a@example.fi">',
        '<a href="tel:+358401234567">',
        '<a href="/a">',
        '<a href="#who">',
        "<dt>Term</dt>",
        '<th class="vc-right" scope="col">Size</th>',
        '<td data-label="Name">a</td>',
        '<td class="vc-right" data-label="Size">1</td>',
    ):
        assert piece in page.body
    assert "<ul>\n<li>below one</li>" in page.body
    assert page.toc == (Heading("who", "Who", 2), Heading("who-1", "Deeper", 3))
    assert "Some emphasis, weight, code, a link." in page.text
    Strict(page.body)


@pytest.mark.parametrize("markdown", HOSTILE)
def test_nothing_hostile_survives(markdown):
    page = rendered(f"## A {{#a}}\n\n{markdown}\n\n[[cookies]]\n\n## B {{#b}}\n")
    Strict(page.body)
    assert 'id="b"' in page.body
    assert '<table id="items-statistics"' in page.body


@settings(max_examples=2000)
@given(documents)
def test_no_markdown_at_all_gives_more_than_the_allow_list(markdown):
    """In 2,000 documents with hostile Markdown; the ids and tables around it survive."""
    page = rendered(f"## A {{#a}}\n\n{markdown}\n\n| a |\n|---|\n| b |\n\n## B {{#b}}\n")
    Strict(page.body)
    assert '<h2 id="a">A</h2>' in page.body
    assert '<h2 id="b">B</h2>' in page.body
    assert '<td data-label="a">b</td>' in page.body


@given(documents)
def test_the_sanitiser_holds_whatever_it_is_given(html):
    """Also without Python-Markdown before it, nothing but the allow-list passes."""
    Strict(clean(html))
    assert clean(clean(html)) == clean(html)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("before <!-- a note to self --> after", "before  after"),
    ],
)
def test_raw_html_becomes_text_and_comments_go(markdown, text):
    assert rendered(markdown).body == f"<p>{text}</p>\n"


@pytest.mark.parametrize(
    ("markdown", "key"),
    [
        ("## No id", "No id"),
        ("# Title {#a}", "Title"),
        ("## A {#a}\n\n## B {#a}", "#a"),
        ("## A {#Upper}", "#Upper"),
        ("## A {#a}\n\n[x](#nowhere)", "#nowhere"),
        ("[x](http://example.fi)", "http://example.fi"),
        ("![x](/logo.png)", "/logo.png"),
        ("[[evasteet]]", "[[evasteet]]"),
        ("text [[cookies]] text", "[[cookies]]"),
        ("[[cookies]]\n\n[[cookies]]", "[[cookies]]"),
        ("see [[settings]]", "[[settings]]"),
        # What would be left out without a word, or is not what it looks like.
        ("| a | b |\n|---|---|\n| 1 | 2 | three |", "three"),
        ("## A {#a}\n\n### Data {shared}", "{shared}"),
        ("Text.\n{: .large }", "{class}"),
        ("[Note]: important", "[note]: important"),
        ("text[^1]\n\n[^1]: annex", "annex"),
        ("We keep:\n- orders\n- mail", "orders"),
        ("1. a\n   1. b\n      - c", "c"),
    ],
)
def test_an_editor_is_told_what_to_mend(markdown, key):
    page = rendered(markdown)
    assert key in told(page)
    assert all(problem.file == "en.md" and problem.remedy for problem in page.problems)


@pytest.mark.parametrize(
    "markdown",
    [
        "We keep:\n\n- orders\n  - mail\n\n1. one\n  - two\n    - three",
        "We keep:  \n\\- orders",
        "`a\n- b`\n\n    a\n    - b",
        "| a | b |\n|---|---|\n| 1 | 2 |\n| 1 | `2|3` |\n| 1 | 2 \\| 3 |\n| 1 | 2 | |",
        "## A {#a lang=sv}\n\nA set \\{a, b\\} and {c}.",
        '[x][y]\n\n[y]: https://a.example/ "t"\n[z]: [[settings]]',
        "12\n-3 and 4 -\n5",
    ],
)
def test_an_editor_is_told_nothing_of_what_is_as_meant(markdown):
    assert rendered(markdown).problems == ()


def test_a_text_without_a_floor_is_told_and_not_raised():
    page = rendered("\n".join("  " * level + "- a" for level in range(400)))
    assert page.body == "\n"
    assert [problem.message for problem in page.problems] == ["the text is nested too deeply"]


def test_a_path_of_the_settings_page_replaces_its_token_and_is_escaped():
    page = rendered('[Settings]([[settings]]#statistics "t")', settings='/a"b&c')
    assert '<a href="/a&quot;b&amp;c#statistics">Settings</a>' in page.body


def test_cookies_expand_to_the_table_of_the_declaration():
    page = rendered("## Cookies {#cookies}\n\n[[cookies]]\n\nAfter.")
    assert page.problems == ()
    assert page.body.index('<table id="items-necessary" class="vc-wide">') < page.body.index(
        '<table id="items-statistics" class="vc-wide">'
    )
    assert '<th scope="row" data-label="Name"><code>_count</code> cookie</th>' in page.body
    assert "_count cookie Counter Counter Ltd" in page.text.replace("\n", " ")


def test_a_table_keeps_labels_that_have_entities_and_escapes():
    page = rendered('| a \\| b & "c" | *d* |\n|---|---|\n| 1 | 2 |')
    assert '<td data-label="a | b &amp; &quot;c&quot;">1</td>' in page.body
    assert '<td data-label="d">2</td>' in page.body


def test_the_same_sections_stand_in_every_language(tmp_path):
    """R48: the same ids in the same order."""
    folder = write_draft(tmp_path / "privacy")
    sv = folder / "sv.md"
    sv.write_text(sv.read_text("utf-8").replace("#purposes", "#andamal"), "utf-8")
    source = load_source(folder, LANGUAGES)
    pages = render_version(source, declaration=declaration(), settings_addresses=SETTINGS)
    assert told(pages["fi"]) == told(pages["en"]) == []
    (problem,) = pages["sv"].problems
    assert (problem.file, problem.key) == ("sv.md", "#andamal")
    assert "#purposes" in problem.message


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://example.fi", True),
        ("HTTPS://example.fi/a?b#c", True),
        ("/a/b:c", True),
        ("/a?a=b:c", True),
        ("a/b", False),
        ("?a=b", False),
        ("../a", False),
        ("#a", True),
        ("mailto:a@example.fi?subject=Hei", True),
        ("tel:+358 40", False),
        ("tel:0401234567", True),
        ("", False),
        ("//example.fi", False),
        ("\\\\example.fi", False),
        ("https:///example.fi", False),
        ("ftp://example.fi", False),
        ("javascript:alert(1)", False),
    ],
)
def test_links_lead_where_they_may(address, safe):
    assert safe_link(address) is safe


def test_ids_of_the_shell_are_its_own():
    assert safe_id("direct-marketing")
    assert safe_id("consent-log-1")
    assert not safe_id("vc-versions")
    assert not safe_id("Upper")
    assert not safe_id("-a")


@pytest.mark.parametrize("key", ["visitor-choice", "clarity", "gtag", "uetq", "ttq", "fbq"])
def test_no_section_has_the_name_of_what_scripts_look_for(key):
    """An element is found in `window` by its id: a vendor would call a heading."""
    page = rendered(f"## A {{#{key}}}")
    assert f"#{key}" in told(page)
    assert "id=" not in page.body
    assert f'id="{key}-data"' in rendered(f"## A {{#{key}-data}}").body
