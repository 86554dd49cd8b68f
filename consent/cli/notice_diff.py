"""`consent notice diff`: two texts of the notice compared, in the terminal or as a page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NoticeError, Problem
from .common import Commands, command, settings

if TYPE_CHECKING:
    from ..notice.redline import Redline
    from ..notice.shelf import Shelf
    from ..notice.shell import Side
    from ..settings import Settings


def add(notice: Commands) -> None:
    """Add the command."""
    diff = command(
        notice,
        "diff",
        "Compare two texts of the notice by section, paragraph and word: published versions by "
        "number, the draft, or files. Moved sections, rows of tables and changed addresses of "
        "links are told. The cookie table is compared as it was published.",
    )
    diff.add_argument("old", metavar="A", help="a version as 2026.1, draft, or a Markdown file")
    diff.add_argument("new", metavar="B", help="what is compared with it, likewise")
    diff.add_argument(
        "--lang",
        metavar="LANG",
        default="",
        help="the language to compare (default: that of a file named fi.md, else the site's first)",
    )
    diff.add_argument(
        "--format",
        metavar="FORMAT",
        choices=("terminal", "html"),
        default="terminal",
        help="terminal (default), or html for a page that needs nothing else",
    )
    diff.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="where to write it (default: the terminal)",
    )
    diff.set_defaults(run=_diff)


class _Text(NamedTuple):
    markdown: str
    side: Side
    change: str = ""


def _diff(arguments: argparse.Namespace) -> int:
    from ..notice.redline import compare
    from ..notice.redline_terminal import redline_terminal

    names = (arguments.old, arguments.new)
    files = [Path(name).stem for name in names if _is_file(name)]
    # Two files are compared without a site.
    site = settings(arguments) if len(files) < 2 else None
    named = [stem for stem in files if stem in ("fi", "sv", "en")]
    lang = arguments.lang or (named or [site.site.languages[0] if site else "fi"])[0]
    old, new = (_text(name, lang, site) for name in names)
    redline = compare(old.markdown, new.markdown)
    if arguments.format == "html":
        shown = _page(redline, lang, old, new, site)
    else:
        colour = arguments.output == "-" and _colourful()
        shown = f"{old.side.name} → {new.side.name}\n"
        shown += redline_terminal(redline, lang, colour=colour)
    if arguments.output == "-":
        sys.stdout.write(shown)
    else:
        Path(arguments.output).write_text(shown, "utf-8")
    return 0


def _colourful() -> bool:
    # https://no-color.org
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _is_file(name: str) -> bool:
    from ..notice.number import VersionNumber

    return name != "draft" and VersionNumber.read(name) is None


def _text(name: str, lang: str, site: Settings | None) -> _Text:
    from ..notice.comparison import text_of, text_of_file
    from ..notice.shelf import Shelf
    from ..notice.shell import Side, version_side

    if _is_file(name):
        path = Path(name)
        path = path / f"{lang}.md" if path.is_dir() else path
        return _Text(text_of_file(path), Side(name))
    assert site is not None
    assert site.notices is not None
    shelf = Shelf.load(site.notices.folder, site.notices.document)
    if name == "draft":
        return _draft(shelf, lang, site)
    package = shelf.version(name)
    if package is None:
        there = ", ".join(str(other.number) for other in shelf.packages) or "none"
        message, remedy = "there is no such version", f"the versions are: {there}"
        raise NoticeError([Problem(name, "", message, remedy)])
    if lang not in package.renditions:
        remedy = f"take one of {', '.join(package.renditions)}"
        raise NoticeError([Problem(name, "", f"it has no text in {lang}", remedy)])
    rendition = package.renditions[lang]
    side = version_side(package, lang, lambda *_: "")
    return _Text(text_of(rendition, package.files[f"{lang}.md"]), side, rendition.change)


def _draft(shelf: Shelf, lang: str, site: Settings) -> _Text:
    from ..notice.comparison import text_of
    from ..notice.preview import preview
    from ..notice.shell import Side
    from ..notice.words import words

    languages = site.site.languages
    if shelf.draft is None or lang not in languages:
        what = f"it has no text in {lang}" if shelf.draft else "there is no draft"
        place = f"{shelf.document}/draft"
        raise NoticeError([Problem(place, "", what, "name a version, or a Markdown file")])
    shown = preview(
        shelf.draft,
        languages=languages,
        declaration=site.declaration,
        settings_addresses={each: f"{site.prefix}/{each}" for each in languages},
    )
    rendition = shown.renditions[lang]
    raw = (shelf.draft / f"{lang}.md").read_bytes()
    return _Text(text_of(rendition, raw), Side(words(lang)["draft"]), rendition.change)


def _page(redline: Redline, lang: str, old: _Text, new: _Text, site: Settings | None) -> str:
    from ..browser.interface import Interface
    from ..notice.redline_html import redline_html
    from ..notice.shell import redline_context

    interface = Interface(site.templates, site.theme.css()) if site else Interface(None, "")
    sheets = ("notice.css", "redline.css")
    context = redline_context(
        redline_html(redline, lang),
        lang,
        (old.side, new.side),
        change=new.change,
        site_name=site.site.name if site else "",
        style="\n".join(interface.assets[name][1].decode() for name in sheets),
    )
    return interface.render("redline.html", **context)
