"""A theme: colours that everybody can read, and no way to let one button outshine the other."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.browser.interface import static_folder
from consent.settings.reader import Reader
from consent.settings.theme import DARK, LIGHT, Theme, contrast, read_theme

LEAST = {"text": 7, "muted": 4.5, "border": 3, "accent": 4.5}
SHEET = static_folder() / "style.css"


def worst(colours, name):
    """The contrast of a colour where it is least: on the surface, or on the tint of buttons."""
    surface, text = (
        [int(colours[ground][i : i + 2], 16) for i in (1, 3, 5)] for ground in ("surface", "text")
    )
    mixed = (round(s + 0.08 * (t - s)) for s, t in zip(surface, text, strict=True))
    tint = "#{:02x}{:02x}{:02x}".format(*mixed)
    grounds = [colours["surface"]] if name == "text" else [colours["surface"], tint]
    return min(contrast(colours[name], ground) for ground in grounds)


def read(table):
    problems = []
    theme = read_theme(Reader(table, "consent.toml", "theme", problems))
    return theme, problems


def rules(css):
    """The custom properties outside and inside of the media query."""
    day, _, night = css.partition("@media(prefers-color-scheme:dark)")
    return day, night


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#000000", 5.25),
        ("#00ff00", "#ffffff", 1.37),
    ],
)
def test_the_contrast_is_that_of_wcag(one, other, ratio):
    """WCAG 2.2, relative luminance and contrast ratio: known values."""
    assert contrast(one, other) == contrast(other, one)
    assert round(contrast(one, other), 2) == ratio


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_our_own_colours_pass(colours):
    """R104: text 4.5:1, borders and focus 3:1, in both schemes."""
    for name, least in LEAST.items():
        assert worst(colours, name) >= least


def test_no_tint_of_the_stylesheet_is_deeper_than_the_one_that_is_judged():
    tints = re.findall(
        r"color-mix\(in srgb, var\(--consent-text\) (\d+)%, var\(--consent-surface\)\)",
        SHEET.read_text("utf-8"),
    )
    assert tints
    assert max(map(int, tints)) <= 8


def test_the_default_theme_adds_nothing():
    theme, problems = read({})
    assert (theme, problems) == (Theme(), [])
    assert theme.css() == ""


@pytest.mark.parametrize(
    ("scheme", "name", "colour"),
    [
        *(
            ("light", "text", "#777777"),
            ("light", "muted", "#808080"),
            ("light", "border", "#cccccc"),
        ),
        *(
            ("light", "accent", "#8ab4f8"),
            ("dark", "accent", "#1f5fbf"),
            ("dark", "text", "#888888"),
        ),
        # These pass on the surface, and fall short on the tint alone.
        *(
            ("light", "muted", "#767676"),
            ("light", "border", "#949494"),
            ("light", "accent", "#767676"),
            ("dark", "border", "#70757f"),
        ),
    ],
)
def test_a_colour_below_its_contrast_is_refused_with_one_that_passes(scheme, name, colour):
    """R104: the fault tells the ratio and the nearest colour that would pass."""
    _, (problem,) = read({scheme: {name: colour}})
    assert problem.key == f"theme.{scheme}.{name}"
    colours = {**(LIGHT if scheme == "light" else DARK), name: colour}
    assert f"{worst(colours, name):.2f}:1" in problem.message
    _, again = read({scheme: {name: problem.remedy.split('"')[1]}})
    assert again == []


def test_a_surface_on_which_nothing_can_be_read_is_refused():
    _, problems = read({"light": {"surface": "#777777"}})
    remedies = {problem.key: problem.remedy for problem in problems}
    assert "make it lighter or darker" in remedies["theme.light.text"]


COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(LIGHT, COLOURS)))
def test_every_theme_that_is_taken_can_be_read(colours):
    """R104: and every remedy names a colour that is taken."""
    theme, problems = read({"light": colours})
    if not problems:
        for name, least in LEAST.items():
            assert worst(theme.light, name) >= least
    for problem in problems:
        if '"' in problem.remedy:
            name = problem.key.rpartition(".")[2]
            mended = {**colours, name: problem.remedy.split('"')[1]}
            assert problem.key not in {p.key for p in read({"light": mended})[1]}


@pytest.mark.parametrize(
    "key",
    [
        *("accept", "reject", "accept-surface", "button", "button-accept", "primary", "buttons"),
        *("accept_background", "reject_opacity", "css", "style"),
    ],
)
def test_no_key_reaches_one_button_alone(key):
    """R3: what could tell the two buttons apart is no part of a theme."""
    for place in (("theme", {key: "#000000"}), ("theme.light", {"light": {key: "#000000"}})):
        _, (problem,) = read(place[1])
        assert problem.key == f"{place[0]}.{key}"


def test_colours_of_the_day_leave_those_of_the_night_alone():
    """Our rules come after the stylesheet's, and would else hold in the dark as well."""
    theme, problems = read({"light": {"accent": "#0b4fa8"}})
    assert problems == []
    day, night = rules(theme.css())
    assert "--consent-accent:#0b4fa8" in day
    assert f"--consent-accent:{DARK['accent']}" in night
    assert f"--consent-surface:{DARK['surface']}" in night


def test_colours_of_the_night_stand_alone():
    day, night = rules(read({"dark": {"accent": "#a0c0ff"}})[0].css())
    assert day == ""
    assert "--consent-accent:#a0c0ff" in night


@pytest.mark.parametrize(("scheme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_a_forced_scheme_holds_day_and_night(scheme, colours):
    day, night = rules(read({"scheme": scheme})[0].css())
    surface = f"--consent-surface:{colours['surface']}"
    assert surface in (day or surface)
    assert surface in (night or surface)
    assert day or night


def test_a_page_may_force_either_scheme():
    """Its own switch wins over the browser's: no dark rule with light, the dark ones with dark."""
    theme, _ = read({"light": {"accent": "#0b4fa8"}})
    _, night = rules(theme.css())
    by_browser, by_page = night.removeprefix("{").split("}}")
    assert by_browser.startswith(':where(html:not([data-consent-scheme="light"])) ')
    assert by_page.startswith(':where([data-consent-scheme="dark"]) ')
    assert by_browser.partition("--")[2] == by_page.partition("--")[2].rstrip("}")


def test_radius_and_font_are_written_as_they_are():
    theme, problems = read({"radius": "0.5rem", "font": "Inter, 'Segoe UI', sans-serif"})
    assert problems == []
    assert theme.css() == (
        ":is(.visitor-choice,.vc-page){--consent-radius:0.5rem;"
        "--consent-font:Inter, 'Segoe UI', sans-serif}"
    )


@pytest.mark.parametrize(
    "table",
    [
        *({"radius": "12"}, {"radius": "-1px"}, {"radius": "calc(1px)"}, {"radius": "1px;x:y"}),
        *(
            {"font": "Inter}"},
            {"font": "'Inter"},
            {"font": 'a"b'},
            {"font": "x;y:z"},
            {"font": "a,"},
        ),
        *(
            {"font": "url(x)"},
            {"font": "</style>"},
            {"font": "é"},
            {"scheme": "night"},
            {"light": 1},
        ),
        *(
            {"light": {"text": "black"}},
            {"light": {"text": "#000"}},
            {"light": {"text": "#00000g"}},
        ),
        *({"light": {"text": 0}}, {"dark": {"text": "#000000}"}}, {"font": "a" * 201}),
    ],
    ids=str,
)
def test_what_could_break_the_stylesheet_is_refused(table):
    theme, problems = read(table)
    assert len(problems) == 1
    assert theme.css() == ""


def test_arbitrary_themes_never_raise_and_never_escape_their_rule():
    rng = random.Random(104)
    values = [
        "#123456",
        "#ffffff",
        "}",
        "",
        None,
        1,
        [],
        {},
        "x{",
        "12px",
        "dark",
        "a" * 999,
        "\x00",
    ]
    keys = [*LIGHT, "radius", "font", "scheme", "light", "dark", "", "}"]
    for _ in range(1_000):
        inner = {rng.choice(keys): rng.choice(values) for _ in range(3)}
        table = {rng.choice(keys): rng.choice([*values, inner]) for _ in range(4)}
        css = read(table)[0].css()
        assert css.count("{") == css.count("}")
        assert "<" not in css
