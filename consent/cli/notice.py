"""`consent notice`: the versions of the notice; its other commands have files of their own."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import NoticeError
from . import (
    notice_diff,
    notice_draft,
    notice_export,
    notice_import,
    notice_lint,
    notice_publish,
    notice_verify,
    notice_withdraw,
)
from .common import Commands, command, group, settings, table
from .notice_choice import people, shelf_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..notice.package import Package
    from ..settings import Settings


def add(commands: Commands) -> None:
    """Add the group."""
    notice = group(commands, "notice", "The versions of the privacy notice.")
    status = command(
        notice,
        "status",
        "List the versions of the notice: which is in force, which are to come, which were and "
        "which were withdrawn, by whom each was published and approved, and what the company has "
        "to confirm before the draft can be published.",
    )
    status.set_defaults(run=_status)
    notice_draft.add(notice)
    notice_diff.add(notice)
    notice_import.add(notice)
    notice_lint.add(notice)
    notice_publish.add(notice)
    notice_withdraw.add(notice)
    notice_verify.add(notice)
    notice_export.add(notice)


def _status(arguments: argparse.Namespace) -> int:
    from ..notice.lifecycle import state

    found = settings(arguments)
    shelf, now = shelf_of(found), datetime.now(UTC)
    rows = [
        [
            str(package.number),
            state(package, shelf.packages, now).value,
            _day(package.announced_at, found),
            package.effective.isoformat(),
            package.change_class,
            package.hash[:12],
            people(package),
            _why(package, found),
        ]
        for package in shelf.packages
    ]
    if shelf.draft is not None:
        rows.append(["draft", _open_facts(found, shelf.draft), "", "", "", "", "", ""])
    if not rows:
        print(f"{shelf.document}: no version yet")
        return 0
    head = ["version", "state", "announced", "effective", "change", "hash", "published by", ""]
    print(table([head, *rows]))
    return 0


def _day(moment: datetime, found: Settings) -> str:
    return f"{moment.astimezone(found.site.timezone):%Y-%m-%d}"


def _why(package: Package, found: Settings) -> str:
    gone = package.withdrawal
    if gone is None:
        return ""
    who = f" by {gone.author}" if gone.author else ""
    return f"withdrawn {_day(gone.at, found)}{who}: {gone.told(found.site.languages[0])}"


def _open_facts(found: Settings, draft: Path) -> str:
    from ..notice.version import load_source, unconfirmed

    try:
        facts = unconfirmed(load_source(draft, found.site.languages))
    except NoticeError as error:
        faults = "1 fault" if len(error.problems) == 1 else f"{len(error.problems)} faults"
        return f"{faults}; consent check tells them"
    return f"{len(facts)} to confirm" if facts else "nothing left to confirm"
