"""The colours of the interface: read, judged by WCAG contrast, written as custom properties (R104).

A theme names colours for light and dark. Nothing in it reaches one button alone (R3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .reader import Reader, show

LIGHT = {
    "surface": "#ffffff",
    "text": "#16181d",
    "muted": "#565b66",
    "border": "#82868f",
    "accent": "#1f5fbf",
}
DARK = {
    "surface": "#1b1d22",
    "text": "#f2f3f5",
    "muted": "#b1b6c0",
    "border": "#7d828c",
    "accent": "#8ab4f8",
}
# Contrast of each colour with what it stands on: text 4.5 (1.4.3), controls and focus 3 (1.4.11);
# the accent is a link's colour too. All but the text's own are held to the tint as well.
_LEAST = {"text": 7.0, "muted": 4.5, "border": 3.0, "accent": 4.5}
_TINT = 0.08
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LENGTH = re.compile(r"(0|[0-9]{1,2}(\.[0-9]+)?(px|rem))")
# A quotation mark left open would swallow the rest of the stylesheet.
_FAMILY = r"""("[A-Za-z0-9 -]+"|'[A-Za-z0-9 -]+'|[A-Za-z][A-Za-z0-9 -]*)"""
NOT_LIGHT = 'html:not([data-consent-scheme="light"])'
DARKENED = '[data-consent-scheme="dark"]'
_FONT = re.compile(rf"{_FAMILY}(, ?{_FAMILY})*")


@dataclass(frozen=True)
class Theme:
    """Colours as `#rrggbb`, a radius and a font; `scheme` forces one of the two schemes."""

    light: Mapping[str, str] = field(default_factory=lambda: dict(LIGHT))
    dark: Mapping[str, str] = field(default_factory=lambda: dict(DARK))
    radius: str = ""
    font: str = ""
    scheme: str = ""

    def css(self) -> str:
        """The custom properties that differ from the stylesheet's own; empty for the default."""
        light = self.dark if self.scheme == "dark" else self.light
        dark = self.light if self.scheme == "light" else self.dark
        extra = {"radius": self.radius, "font": self.font}
        rules = _rule({**_differing(light, LIGHT), **{k: v for k, v in extra.items() if v}})
        # These rules come after the stylesheet's: colours for the day would else hold at night.
        night = dark if _differing(light, LIGHT) else _differing(dark, DARK)
        if night:
            # A page may force one of the two, as a switch of the site's own does.
            unless_light, forced = (f":where({where}) " for where in (NOT_LIGHT, DARKENED))
            rules += f"@media(prefers-color-scheme:dark){{{_rule(night, unless_light)}}}"
            rules += _rule(night, forced)
        return rules


def _differing(colours: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    return dict(colours) if dict(colours) != own else {}


def _rule(values: Mapping[str, str], where: str = "") -> str:
    inside = ";".join(f"--consent-{name}:{value}" for name, value in values.items())
    return f"{where}:is(.visitor-choice,.vc-page){{{inside}}}" if inside else ""


def read_theme(entry: Reader) -> Theme:
    """Read `[theme]`; a colour below its contrast is a fault that names one that passes."""
    theme = Theme(
        light=_colours(entry.inner("light"), LIGHT),
        dark=_colours(entry.inner("dark"), DARK),
        radius=entry.shaped("radius", _LENGTH, '"12px"'),
        font=entry.shaped("font", _FONT, "\"Inter, 'Segoe UI', sans-serif\""),
        scheme=entry.text("scheme", "", one_of=("", "light", "dark")),
    )
    entry.close()
    return theme


def _colours(entry: Reader, default: Mapping[str, str]) -> dict[str, str]:
    colours = {}
    for name, own in default.items():
        colour = entry.text(name, own)
        if not _HEX.fullmatch(colour):
            entry.fault(name, f"is {show(colour)}", 'write six hexadecimal digits, as "#1f5fbf"')
            colour = own
        colours[name] = colour.lower()
    entry.close()
    for name, least in _LEAST.items():
        grounds = [colours["surface"]] if name == "text" else [colours["surface"], tint(colours)]
        ratio, ground = min((contrast(colours[name], ground), ground) for ground in grounds)
        if ratio < least:
            near = _nearest(colours[name], grounds, least)
            entry.fault(
                name,
                f"{colours[name]} on {ground} has contrast {ratio:.2f}:1, less than {least:g}:1",
                f'the nearest colour that passes is "{near}"'
                if near
                else "no colour passes on this surface: make it lighter or darker",
            )
    return colours


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, from 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def tint(colours: Mapping[str, str]) -> str:
    """The deepest ground of buttons and placeholders: some of the text's colour in the surface."""
    return _mixed(colours["surface"], colours["text"], _TINT)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _nearest(colour: str, grounds: Sequence[str], least: float) -> str:
    """The colour nearest to the given one, on its way to black or white, that passes, or ""."""
    for step in range(1, 256):
        for end in ("#000000", "#ffffff"):
            mixed = _mixed(colour, end, step / 255)
            if all(contrast(mixed, ground) >= least for ground in grounds):
                return mixed
    return ""
