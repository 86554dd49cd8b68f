"""`consent notice new` and `consent notice preview`: a draft, begun and looked at."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from ..errors import NoticeError, Problem
from .common import Commands, command, settings
from .notice_choice import draft_folder, folder_of, shelf_of, version_of


def add(notice: Commands) -> None:
    """Add the commands to the group."""
    new = command(
        notice,
        "new",
        "Begin a draft from the version in force: its texts and facts, without what they tell of "
        "the last change. Where there is no version yet, begin one with what every notice tells "
        "and the places that are to be filled in.",
    )
    new.add_argument(
        "--from",
        dest="number",
        metavar="YYYY.n",
        help="begin from this version, as one that is scheduled (default: the one in force)",
    )
    new.set_defaults(run=_new)
    preview = command(
        notice,
        "preview",
        "Write a draft as its readers would see it, a page for every language, under the line that "
        "it is a draft. What stops its publication is told.",
    )
    preview.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="the folder with the Markdown and facts.toml (default: the draft of the settings)",
    )
    preview.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="the folder that the pages are written to",
    )
    preview.set_defaults(run=_preview)


def _new(arguments: argparse.Namespace) -> int:
    from ..notice.draft import first_draft, new_draft

    found = settings(arguments)
    shelf, now = shelf_of(found), datetime.now(UTC)
    standing = shelf.standing(now)
    if arguments.number:
        package = version_of(shelf, arguments.number)
    elif standing.in_force is not None:
        package = standing.in_force
    elif not shelf.packages:
        draft = first_draft(
            folder_of(found),
            found.site.languages,
            controller=found.controller.name,
            email=found.controller.email,
            months=found.retention_months,
            declaration=found.declaration,
        )
        print(f"Wrote {draft}. Fill in what stands in [brackets], and facts.toml.")
        print("What is left tells: consent notice lint")
        return 0
    else:
        there = ", ".join(str(package.number) for package in shelf.packages)
        remedy = f"give --from with the version to begin from, of {there}"
        raise NoticeError([Problem(shelf.document, "", "no version is in force", remedy)])
    draft = new_draft(package, folder_of(found))
    print(f"Wrote {draft}, begun from {package.document} {package.number}.")
    for other in standing.scheduled:
        if other != package:
            print(
                f"{other.number} takes effect {other.effective}; what it changes is not in this "
                f"draft. To begin from it: --from {other.number}"
            )
    return 0


def _preview(arguments: argparse.Namespace) -> int:
    from ..browser.interface import Interface
    from ..notice.preview import preview
    from ..notice.shell import draft_context

    found = settings(arguments)
    languages = found.site.languages
    shown = preview(
        draft_folder(arguments.folder, found),
        languages=languages,
        declaration=found.declaration,
        settings_addresses={lang: f"{found.prefix}/{lang}" for lang in languages},
    )
    interface = Interface(found.templates, found.theme.css())
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "notice.css").write_bytes(interface.assets["notice.css"][1])
    for lang in languages:
        context = draft_context(
            shown,
            lang,
            address=lambda _, other: f"{other}.html",
            site_name=found.site.name,
            back=found.site.origins[0],
            stylesheet="notice.css",
        )
        (output / f"{lang}.html").write_text(interface.render("notice.html", **context), "utf-8")
        print(f"Wrote {output / f'{lang}.html'}")
    for problem in shown.problems:
        print(problem)
    for fact in shown.open_facts:
        print(f"To confirm: {fact.key}: {fact.question.get(languages[0], '')}".rstrip(": "))
    return 0
