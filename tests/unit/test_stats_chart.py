"""Statistics as charts: whole without colours, and told to who does not see them (R133)."""

from __future__ import annotations

import importlib
import re
import struct
import sys
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.cli import stats_chart
from consent.cli.stats_words import Words
from consent.errors import StatisticsError
from consent.log import Counter, counters
from consent.log.statistics import Period, Statistics, statistics
from tests.unit import stats_samples

SVG = "{http://www.w3.org/2000/svg}"
NAMES = {"statistics": "Tilastointi", "marketing": "Markkinointi & muu"}


def year(by: str = "month", **more: object) -> Statistics:
    found = sorted(stats_samples.year().items())
    counts = counters.read(Counter(day, name, n) for (day, name), n in found)
    wanted = Period(date(2026, 1, 1), date(2026, 12, 31))
    return statistics(counts, wanted, by, **more)  # type: ignore[arg-type]


def drawing(found: Statistics, lang: str = "fi") -> ElementTree.Element:
    svg = stats_chart.draw(found, Words(lang, "www.example.fi", NAMES), "svg")
    return ElementTree.fromstring(svg)


def written(svg: ElementTree.Element) -> str:
    return "\n".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text"))


@pytest.fixture(scope="module")
def svg() -> ElementTree.Element:
    return drawing(year())


def test_a_drawing_has_a_title_and_its_last_figures_in_words(svg: ElementTree.Element) -> None:
    assert (svg.get("role"), svg.get("lang")) == ("img", "fi")
    named = {each.get("id"): each.text or "" for each in svg if each.get("id")}
    title, description = (named[name] for name in svg.get("aria-labelledby", "").split())
    assert title == "Evästevalinnat: www.example.fi"
    assert "Suomi: Hyväksyi kaikki 38\u00a0%, Hylkäsi kaikki 41\u00a0%" in description
    assert "English" in description
    assert len(svg.findall(f"{SVG}title")) == 1


def test_every_line_has_its_name_at_its_end(svg: ElementTree.Element) -> None:
    text = written(svg)
    for name in (
        "Hyväksyi kaikki",
        "Hylkäsi kaikki",
        "Valitsi itse",
        "GPC päällä",
        *NAMES.values(),
    ):
        assert len(re.findall(rf"\d+\u00a0%\s+{re.escape(name)}", text)) >= 3, name
    assert "legend" not in ElementTree.tostring(svg, "unicode")


def test_it_says_what_the_figures_are_and_are_not_for(svg: ElementTree.Element) -> None:
    assert "Lukuja ei käytetä suostumusten määrän lisäämiseen." in written(svg).replace("\n", " ")


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_a_chart_speaks_the_readers_language(lang: str) -> None:
    words = Words(lang, "www.example.fi", NAMES)
    text = written(drawing(year(languages=["sv"]), lang))
    for name in ("decisions", "answers", "granted", "accept", "reject", "save"):
        assert words.t[name] in text
    assert words.t["months"].split()[0] in text


def test_the_same_statistics_are_the_same_bytes() -> None:
    one, other = (stats_chart.draw(year(), Words("en", "x"), "svg") for _ in range(2))
    assert one == other


def test_a_picture_is_as_wide_as_a_sheet_and_as_high_as_its_languages() -> None:
    sizes = []
    for languages in (["fi"], ["fi", "sv"]):
        png = stats_chart.draw(year(languages=languages), Words("en", "x"), "png")
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        sizes.append(struct.unpack(">II", png[16:24]))
    assert sizes[0][0] == sizes[1][0] == 1870
    assert sizes[0][1] < sizes[1][1]


@pytest.mark.parametrize("by", ["day", "week"])
def test_many_periods_have_few_dates(by: str) -> None:
    text = written(drawing(year(by, languages=["fi"])))
    assert 6 <= len(re.findall(r"^\d+\.\d+\.$", text, re.M)) <= 15


def test_without_decisions_there_is_a_sentence_and_no_plot() -> None:
    nothing = statistics([], Period(date(2026, 1, 1), date(2026, 2, 1)))
    text = written(drawing(nothing))
    assert "Näytettäviä vastauksia ei ole" in text
    assert "100" not in text


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_lines_differ_without_colours_and_their_names_can_be_read() -> None:
    """WCAG 1.4.1 and 1.4.3: by dashes or width, and 4.5 to 1 on white."""
    assert len({str(style[1:]) for style in stats_chart._STYLES}) == len(stats_chart._STYLES)
    for colour, *_ in (*stats_chart._STYLES, (stats_chart._FAINT,), (stats_chart._INK,)):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


@given(st.lists(st.floats(0, 1), max_size=8))
def test_names_never_stand_on_each_other(shares: list[float]) -> None:
    placed = stats_chart._apart([(share, str(at), "") for at, share in enumerate(shares)])
    places = [y for y, _ in placed]
    assert [end[0] for _, end in placed] == sorted(shares)
    assert all(b - a >= 0.1 for a, b in pairwise(places))
    assert all(0 <= y <= 1.05 for y in places)


def test_without_matplotlib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "consent.cli.stats_chart")
    with pytest.raises(StatisticsError) as caught:
        importlib.import_module("consent.cli.stats_chart")
    assert "pip install 'jackbot-consent[stats]'" in caught.value.remedy
