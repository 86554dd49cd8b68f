"""What stands for an embed takes the same place (R18)."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.browser.embeds import frame, in_frame, is_dot, size, view_box
from consent.browser.html import text
from tests.unit.test_hosts import hosts


@pytest.mark.parametrize(
    "inner",
    [
        b"<iframe src=//ads.test/></iframe>",
        b"\n <IFRAME src=/x>Your browser <b>cannot</b></IFRAME>\n",
        b"<video src=/x><source src=/y></video>",
        b"<object data=/x><p>Nothing</p></object>",
        b"<embed src=/x></embed>",
    ],
)
def test_one_element_that_a_frame_can_equal_is_stood_for_by_one(inner: bytes) -> None:
    assert frame(inner, hosts()) is not None


@pytest.mark.parametrize(
    "inner",
    [
        b"",
        b"Teksti",
        b"<iframe src=/x>",
        b"<blockquote>x</blockquote><script src=/x></script>",
        b"<div><iframe src=/x></iframe></div>",
        b"<iframe src=/x></iframe><iframe src=/y></iframe>",
        b"<iframe src=/x></iframe><p>Teksti</p>",
        b"<video src=/x",
    ],
)
def test_of_anything_else_there_is_only_a_size(inner: bytes) -> None:
    assert frame(inner, hosts()) is None


def test_what_gives_it_its_place_is_taken_over_and_nothing_that_loads_runs_or_names() -> None:
    looks = frame(
        b"<iframe class='map wide' ID=map style='height:9em' width=560 height=\"50%\""
        b" title='T &amp; &quot;t&quot;' name=map src=//ads.test/ srcdoc=x onload=run()"
        b" allow=camera sandbox loading=lazy data-x=1></iframe>",
        hosts(),
    )
    assert looks == {
        b"class": b"map wide",
        b"id": b"map",
        b"style": b"height:9em",
        b"width": b"560",
        b"height": b"50%",
        b"title": b"T &amp; &quot;t&quot;",
    }


def test_a_style_that_would_load_something_refused_is_left_out() -> None:
    inner = b"<iframe src=/x width=9 style='background:url(//ads.test/)'></iframe>"
    assert frame(inner, hosts()) == {b"width": b"9"}


def test_a_video_has_no_border_and_may_be_in_the_page_itself_meanwhile() -> None:
    looks = frame(b"<video id=v width=400 src=/x></video>", hosts())
    assert looks == {b"width": b"400", b"frameborder": b"0"}


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252"])
def test_its_letters_are_those_of_the_page_in_every_encoding(encoding: str) -> None:
    inner = "<iframe class=kehys-ä title='Karta över Åbo'></iframe>".encode(encoding)
    looks = frame(inner, hosts())
    assert looks is not None
    assert "Karta över Åbo" in in_frame(b"", "ads", "", looks, 1).decode(encoding)
    assert "kehys-ä" in in_frame(b"", "ads", "", looks, 1).decode(encoding)


@pytest.mark.parametrize("title", [b"", b"title", b"title=''", b"title=' '"])
def test_it_is_called_by_its_service_where_it_has_no_title(title: bytes) -> None:
    looks = frame(b"<iframe %b></iframe>" % title, hosts())
    assert looks is not None
    assert b'title="Video"' in in_frame(b"", "ads", "Video", looks, 1)


@pytest.mark.parametrize(
    ("sides", "dot"),
    [
        (b"width=0 height=0", True),
        (b"height='1px'", True),
        (b"width=100 height=01", True),
        (b"width=100% height=10", False),
        (b"width='' height=''", False),
        (b"hidden", False),
    ],
)
def test_a_frame_of_one_point_has_no_room_for_words(sides: bytes, dot: bool) -> None:
    looks = frame(b"<iframe %b></iframe>" % sides, hosts())
    assert looks is not None
    assert is_dot(looks) is dot


TEXTS = st.text("ab<>&'\"=/ ;#0396äö\n", max_size=30)


@example("", "", {"class": "&#3"})
@given(
    TEXTS.map(lambda text: text.replace("\n", "")), TEXTS, st.dictionaries(st.just("class"), TEXTS)
)
def test_whatever_it_says_it_is_one_frame_with_that_document(
    said: str, called: str, looks: dict[str, str]
) -> None:
    """Letters may be read with the attribute; what could end a tag only with the document."""
    document = said.encode("ascii", "xmlcharrefreplace")
    written = {key.encode(): value.encode() for key, value in looks.items()}
    html = in_frame(document, "ads", called, written, 7).decode("utf-8")
    body = html5lib.parse(html, namespaceHTMLElements=False).find("body")
    (one,) = body
    assert (one.tag, one.text, one.tail) == ("iframe", None, None)
    assert {key: one.get(key) for key in looks} == {k: text(v.encode()) for k, v in looks.items()}
    assert (one.get("title"), one.get("data-service")) == (called, "ads")
    assert one.get("name") == "visitor-choice-7"
    assert one.get("srcdoc").encode("ascii", "xmlcharrefreplace") == document


@pytest.mark.parametrize(
    ("inner", "sides"),
    [
        (b"<div><iframe width='560' height=\"315\" src=/x></iframe></div>", ("560", "315")),
        (b"<div><iframe width=560 height=315></iframe></div>", ("560", "315")),
        (b"<p><VIDEO HEIGHT=315></VIDEO>", (None, "315")),
        (b"<p><iframe width=100%></iframe>", ("100%", None)),
        (b"<p><iframe data-width=5></iframe>", (None, None)),
        (b"<p>width=5", (None, None)),
    ],
)
def test_the_size_of_an_embed_is_that_of_the_element_in_it(
    inner: bytes, sides: tuple[str | None, str | None]
) -> None:
    found = size(inner)
    assert (found.get("width"), found.get("height")) == sides


def test_a_ratio_needs_both_sides() -> None:
    assert view_box({"width": "560", "height": "315"}) == "0 0 560 315"
    assert view_box({"width": "100%", "height": "315"}) == ""
    assert view_box({}) == ""
