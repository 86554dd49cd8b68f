"""`consent notice`: the versions; `diff`, `import` and `lint` have files of their own."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from . import notice_diff, notice_import, notice_lint, notice_withdraw
from .common import Commands, command, group, settings, table

if TYPE_CHECKING:
    from ..settings import Settings


def add(commands: Commands) -> None:
    """Add the group."""
    notice = group(commands, "notice", "The versions of the privacy notice.")
    publish = command(
        notice,
        "publish",
        "Freeze a draft of the notice as a numbered version, in a package beside it that is to be "
        "committed with it. Every reason why it cannot be published is told at once.",
    )
    publish.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        help="the folder with the Markdown and facts.toml, as notices/privacy/draft",
    )
    publish.add_argument(
        "--number",
        metavar="YYYY.n",
        required=True,
        type=_number,
        help="the number of the version, as 2027.1; numbers only rise",
    )
    publish.add_argument(
        "--effective",
        metavar="DATE",
        type=_date,
        help="the day on which it takes effect, as 2027-01-01 (default: the one in facts.toml)",
    )
    publish.add_argument(
        "--reason",
        metavar="TEXT",
        default="",
        help="why a material change is announced less than 30 days before; it is stored",
    )
    publish.add_argument(
        "--author", metavar="NAME", default="", help="who publishes it; it is stored"
    )
    publish.set_defaults(run=_publish)
    status = command(
        notice,
        "status",
        "List the versions of the notice: which is in force, which are to come, which were, and "
        "what the company has to confirm before the draft can be published.",
    )
    status.set_defaults(run=_status)
    notice_diff.add(notice)
    notice_import.add(notice)
    notice_lint.add(notice)
    notice_withdraw.add(notice)


def _number(text: str) -> str:
    from ..notice.number import VersionNumber

    try:
        return str(VersionNumber.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2027-01-01") from None


def _publish(arguments: argparse.Namespace) -> int:
    from ..notice.publish import publish

    found = settings(arguments)
    languages = found.site.languages
    package = publish(
        arguments.folder.resolve(),
        arguments.number,
        arguments.effective,
        languages=languages,
        declaration=found.declaration,
        settings_addresses={language: f"{found.prefix}/{language}" for language in languages},
        timezone=found.site.timezone.key,
        now=datetime.now(UTC),
        author=arguments.author,
        reason=arguments.reason,
    )
    print(f"Published {package.document} {package.number}, in force from {package.effective}.")
    print(f"Hash: {package.hash}")
    print(f"Commit the folder {arguments.folder.parent / str(package.number)} as it is.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from ..notice.lifecycle import state
    from ..notice.shelf import Shelf

    found = settings(arguments)
    assert found.notices is not None
    shelf = Shelf.load(found.notices.folder, found.notices.document)
    now = datetime.now(UTC)
    rows = [
        [
            str(package.number),
            state(package, shelf.packages, now).value,
            package.effective.isoformat(),
            package.change_class,
            package.hash[:12],
        ]
        for package in shelf.packages
    ]
    if shelf.draft is not None:
        rows.append(["draft", _open_facts(found, shelf.draft), "", "", ""])
    if not rows:
        print(f"{shelf.document}: no version yet")
        return 0
    print(table([["version", "state", "effective", "change", "hash"], *rows]))
    return 0


def _open_facts(found: Settings, draft: Path) -> str:
    from ..notice.version import load_source, unconfirmed

    facts = unconfirmed(load_source(draft, found.site.languages))
    return f"{len(facts)} to confirm" if facts else "ready to publish"
