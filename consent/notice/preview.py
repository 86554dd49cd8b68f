"""A draft rendered without being published, for demo and preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ..declaration import Declaration
from ..errors import Problem
from .package import Rendition

if TYPE_CHECKING:
    from .render import Page
    from .version import Unconfirmed, VersionSource


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft as it would be published: for demo and preview only, under a visible line.

    `problems` are what publication would refuse, `open_facts` what the controller has to confirm,
    `fallback` the languages that are shown in another one.
    """

    renditions: Mapping[str, Rendition]
    change_class: str
    effective: date | None
    problems: tuple[Problem, ...]
    open_facts: tuple[Unconfirmed, ...]
    fallback: Mapping[str, str] = field(default_factory=dict)

    def shown(self, lang: str) -> str:
        """The language in which a reader of `lang` is shown it."""
        return lang if lang in self.renditions else self.fallback[lang]


def preview(
    folder: Path,
    *,
    languages: Sequence[str],
    declaration: Declaration,
    settings_addresses: Mapping[str, str],
) -> Preview:
    """Render a draft without publishing it.

    Raises `NoticeError` if its files cannot be read as a version at all.
    """
    from .render import render_version
    from .version import fallbacks, load_source, unconfirmed

    source = load_source(folder, languages)
    pages = render_version(source, declaration=declaration, settings_addresses=settings_addresses)
    return Preview(
        renditions=renditions_of(source, pages),
        change_class=source.change_class,
        effective=source.effective,
        problems=tuple(problem for page in pages.values() for problem in page.problems),
        open_facts=tuple(unconfirmed(source)),
        fallback=fallbacks(source.facts),
    )


def renditions_of(source: VersionSource, pages: Mapping[str, Page]) -> dict[str, Rendition]:
    """Put the front matter and the rendered page of each language together."""
    return {
        lang: Rendition(lang, text.title, text.short, text.change, pages[lang].body)
        for lang, text in source.texts.items()
    }
