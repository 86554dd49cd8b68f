"""`consent notice lint`: what a notice lacks, gets wrong or words badly, before it is published."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem, SettingsError
from .common import Commands, command, settings

if TYPE_CHECKING:
    from ..declaration import Declaration
    from ..settings import Settings

_DESCRIPTION = (
    "Check a notice: its facts, then its texts, then its languages beside each other. Errors stop "
    "publication; a warning needs a waiver with its reason in facts.toml; a notice is free. Exit "
    "code 1 tells that something stops publication."
)


def add(notice: Commands) -> None:
    """Add the command to the group."""
    lint = command(notice, "lint", _DESCRIPTION)
    lint.add_argument(
        "what",
        metavar="PATH|VERSION",
        nargs="?",
        help="a folder, a Markdown file or a version's number (default: the draft)",
    )
    lint.add_argument(
        "--format",
        metavar="FORMAT",
        choices=("text", "json", "sarif"),
        default="text",
        help="text (default), json, or sarif for a code host",
    )
    lint.add_argument(
        "--lang",
        metavar="LANG",
        choices=("fi", "sv", "en"),
        default="en",
        help="the language of the messages: fi, sv or en (default)",
    )
    lint.add_argument(
        "--translated",
        metavar="LANG",
        help="store that the translation into LANG is up to date with its source",
    )
    lint.set_defaults(run=_lint)


def _lint(arguments: argparse.Namespace) -> int:
    from ..notice import lint

    found = _settings(arguments)
    path = _path(arguments.what, found)
    files, languages = _files(path, found)
    if arguments.translated:
        return _translated(path, files, languages, arguments.translated)
    declaration: Declaration | None = found.declaration if found else None
    findings = lint.lint(
        files,
        languages,
        declaration=declaration,
        before=_before(path),
        effective=_effective(path),
        facts_wanted=path.is_dir(),
    )

    folder = path if path.is_dir() else path.parent

    def place(name: str) -> str:
        return os.path.relpath(folder / name)

    if arguments.format == "json":
        sys.stdout.write(lint.as_json(findings, path=place))
    elif arguments.format == "sarif":
        top = _repository(folder)
        sys.stdout.write(
            lint.as_sarif(
                findings,
                arguments.lang,
                version=version("jackbot-consent"),
                path=lambda name: os.path.relpath(folder / name, top),
            )
        )
    else:
        if found is None:
            print(f"{arguments.config}: not found, so services are not compared", file=sys.stderr)
        sys.stdout.write(lint.as_text(findings, files, arguments.lang, path=place))
    return 1 if lint.blocking(findings) else 0


def _repository(folder: Path) -> Path:
    """The top of the repository that a folder is in, from which a code host counts; else here."""
    places = [folder.resolve(), *folder.resolve().parents]
    return next((place for place in places if (place / ".git").exists()), Path.cwd())


def _settings(arguments: argparse.Namespace) -> Settings | None:
    """The settings; None where a path is given and there are none to go with it."""
    try:
        return settings(arguments)
    except SettingsError:
        if arguments.what and not Path(arguments.config).exists():
            return None
        raise


def _path(what: str | None, found: Settings | None) -> Path:
    from ..notice.number import VersionNumber
    from ..notice.shelf import DRAFT

    # A path that exists is a path, even if it is called as a version.
    if what is not None and (Path(what).exists() or not VersionNumber.read(what)):
        return Path(what)
    if found is None or found.notices is None:
        return Path(what or DRAFT)
    return found.notices.folder / found.notices.document / (what or DRAFT)


def _files(path: Path, found: Settings | None) -> tuple[dict[str, bytes], Sequence[str]]:
    from ..notice.version import FACTS

    if path.is_file():
        lang = _language(path)
        files = {f"{lang}.md": path.read_bytes()}
        if (path.parent / FACTS).is_file():
            files[FACTS] = (path.parent / FACTS).read_bytes()
        return files, (lang,)
    names = sorted(p.name for p in path.glob("*.md")) if path.is_dir() else []
    if not names:
        remedy = (
            "name a folder with fi.md, sv.md, en.md and facts.toml, or begin a draft with: consent"
            " notice new"
        )
        raise NoticeError([Problem(str(path), "", "there is no notice to check", remedy)])
    files = {name: (path / name).read_bytes() for name in names}
    if (path / FACTS).is_file():
        files[FACTS] = (path / FACTS).read_bytes()
    if found:
        return files, found.site.languages
    there = [name.removesuffix(".md") for name in names]
    return files, sorted(there, key=lambda lang: ("fi", "sv", "en", lang).index(lang))


def _language(path: Path) -> str:
    """The language of a text alone: by its name, else by its words."""
    from ..notice.lint import guess_language

    for part in reversed(path.name.removesuffix(".md").replace("-", ".").split(".")):
        if part in ("fi", "sv", "en"):
            return part
    return guess_language(path.read_text("utf-8", errors="replace"))


def _effective(path: Path) -> date | None:
    """The day that a published version carries."""
    from ..notice.package import MANIFEST, verify_package

    return verify_package(path).effective if (path / MANIFEST).exists() else None


def _before(path: Path) -> Mapping[str, bytes] | None:
    """The newest version that is published beside a draft."""
    from ..notice.package import MANIFEST
    from ..notice.shelf import numbered

    if not path.is_dir() or (path / MANIFEST).exists():
        return None
    published = [place for _, place in numbered(path.parent) if (place / MANIFEST).exists()]
    if not published:
        return None
    return {file.name: file.read_bytes() for file in published[-1].glob("*.md")}


def _translated(path: Path, files: Mapping[str, bytes], languages: Sequence[str], lang: str) -> int:
    from ..notice.lint import with_source

    first = next((one for one in languages if f"{one}.md" in files), "")
    if not path.is_dir() or f"{lang}.md" not in files or lang == first:
        remedy = f"name one of {', '.join(one for one in languages if one != first)}"
        raise NoticeError([Problem(f"{lang}.md", "", "is no translation here", remedy)])
    (path / f"{lang}.md").write_bytes(with_source(files, first, lang))
    print(f"{lang}.md: up to date with {first}.md, section by section.")
    return 0
