"""The texts that visitors read, in Finnish, Swedish and English (R14, R15)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

Section = Mapping[str, str]


@cache
def texts(language: str, part: str = "") -> Mapping[str, Section]:
    """All texts of one language, by section and name; `KeyError` for a language we do not speak.

    `part` is "letters" for what is sent to people or authorities on paper, "history" for the pages
    about what was in force and declared when.
    """
    file = Path(__file__).parent / part / f"{language}.toml"
    if not (len(language) == 2 and file.is_file()):
        raise KeyError(language)
    with file.open("rb") as opened:
        table = tomllib.load(opened)
    sections = {name: MappingProxyType(s) for name, s in table.items() if isinstance(s, dict)}
    general = {name: text for name, text in table.items() if isinstance(text, str)}
    return MappingProxyType({**sections, "general": MappingProxyType(general)})


def listing(words: Sequence[str], language: str) -> str:
    """Join words as a sentence does: `a, b ja c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {texts(language)['general']['and']} {words[-1]}"


def lowered(name: str) -> str:
    """A category's name inside a sentence."""
    return name[:1].lower() + name[1:]
