"""Reads a notice's folder for the tests: sections with their texts, tables and links, and facts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import yaml
from markdown import markdown

ROOT = Path(__file__).parents[2]
JACKBOT = ROOT / "notices/privacy/draft"
FICTITIOUS = ROOT / "examples/fictitious/notices/privacy"
VERSIONS = ("2026.1", "2026.2", "2027.1")
LANGUAGES = ("fi", "sv", "en")


class Section(NamedTuple):
    """A section of a notice: its heading and the blocks of text under it."""

    heading: str
    root: ET.Element

    @property
    def blocks(self) -> list[str]:
        return [text for element in self.root for text in blocks(element)]

    @property
    def prose(self) -> list[str]:
        return [text for element in self.root if element.tag != "table" for text in blocks(element)]

    @property
    def text(self) -> str:
        return "\n".join((self.heading, *self.blocks))

    @property
    def tables(self) -> list[list[list[str]]]:
        return [
            [[words(cell) for cell in row] for row in table.iter("tr")]
            for table in self.root.iter("table")
        ]

    @property
    def links(self) -> list[str]:
        return sorted(link.get("href", "") for link in self.root.iter("a"))


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def blocks(element: ET.Element) -> Iterator[str]:
    inner = [e for e in element.iter() if e.tag in ("p", "li", "td", "th", "h3")]
    yield from (words(block) for block in inner)


@cache
def front(folder: Path, lang: str) -> dict[str, str]:
    head = (folder / f"{lang}.md").read_text("utf-8").split("---\n", 2)[1]
    values = yaml.load(head, Loader=yaml.BaseLoader)
    assert isinstance(values, dict)
    return {key: str(value).strip() for key, value in values.items()}


@cache
def notice(folder: Path, lang: str) -> dict[str, Section]:
    body = (folder / f"{lang}.md").read_text("utf-8").split("---\n", 2)[2]
    extensions = ["attr_list", "toc", "tables", "def_list"]
    root = ET.fromstring(f"<div>{markdown(body, extensions=extensions, tab_length=2)}</div>")
    found: dict[str, Section] = {}
    for element in root:
        if element.tag == "h2":
            section = Section(words(element), ET.Element("section"))
            assert element.get("id", "") not in found
            found[element.get("id", "")] = section
        else:
            section.root.append(element)
    return found


@cache
def facts(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "facts.toml").read_text("utf-8"))


def whole(folder: Path, lang: str) -> str:
    values = front(folder, lang)
    texts = (section.text for section in notice(folder, lang).values())
    return "\n".join((values["title"], values["short"], values["change"], *texts))


def tables_of(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from tables_of(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from tables_of(inner, f"{path}[{place}]")


def sentences(text: str) -> list[int]:
    """Count the words of each sentence."""
    parts = re.split(r"(?<=[.!?])\s+", text)
    counts = (len([word for word in part.split() if re.search(r"\w", word)]) for part in parts)
    return [count for count in counts if count]
