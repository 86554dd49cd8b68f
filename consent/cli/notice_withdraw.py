"""`consent notice withdraw`: a version that is announced and shall not take effect."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from .common import Commands, command, own_name, settings
from .notice_choice import folder_of, shelf_of, version_of


def add(notice: Commands) -> None:
    """Add the command to the group."""
    withdraw = command(
        notice,
        "withdraw",
        "Withdraw a version before it takes effect: write withdrawn.json into its folder, to be "
        "committed with it. The version stays listed with the reason, and its number is spent.",
    )
    withdraw.add_argument("number", metavar="YYYY.n", help="the number of a scheduled version")
    withdraw.add_argument(
        "--reason",
        metavar="LANG=TEXT",
        action="append",
        required=True,
        type=_reason,
        help="why the change does not come, for readers; once for every language of the version",
    )
    withdraw.add_argument(
        "--author",
        metavar="NAME",
        help="who withdraws it; it is stored (default: the user.name of Git)",
    )
    withdraw.set_defaults(run=_withdraw)


def _reason(text: str) -> tuple[str, str]:
    lang, mark, reason = text.partition("=")
    if not (mark and lang.isalpha() and reason.strip()):
        raise argparse.ArgumentTypeError(f'{text!r} is not like fi="Muutos perutaan."')
    return lang, reason


def _withdraw(arguments: argparse.Namespace) -> int:
    from ..notice.withdrawal import WITHDRAWN, withdraw

    found = settings(arguments)
    shelf = shelf_of(found)
    package = version_of(shelf, arguments.number)
    folder = folder_of(found) / str(package.number)
    reason = dict(arguments.reason)
    gone = withdraw(
        package,
        folder,
        reason,
        packages=shelf.packages,
        now=datetime.now(UTC),
        author=own_name() if arguments.author is None else arguments.author,
    )
    print(f"{package.document} {package.number}: withdrawn {gone.at:%Y-%m-%d %H:%M} UTC.")
    print(f"Commit {folder / WITHDRAWN}, and deploy it before {package.starts:%Y-%m-%d %H:%M} UTC.")
    return 0
