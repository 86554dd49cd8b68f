"""`consent notice verify`: every published version held against its manifest and the log."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from ..errors import LogMissing
from .common import Commands, command, settings
from .notice_choice import folder_of


def add(notice: Commands) -> None:
    """Add the command to the group."""
    verify = command(
        notice,
        "verify",
        "Hold every published version against its manifest, and against what the log says that "
        "visitors were shown. Exit code 1 tells that one is changed, damaged or missing.",
    )
    verify.add_argument("--log", metavar="PATH", help="a log elsewhere, such as a backup")
    verify.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    from ..log import open_log
    from ..pages.published import logged, verified

    found = settings(arguments)
    folder = folder_of(found)
    try:
        log = open_log(arguments.log or found.log, writable=False)
        try:
            known = logged(log, folder.name)
        finally:
            log.close()
    except LogMissing:
        if arguments.log:
            raise
        known = {}
        print("There is no log yet; versions are held against their manifests alone.")
    checked = verified(folder, known, datetime.now(UTC))
    for number, package in checked.packages.items():
        here = known.get(number)
        state = "as logged" if here else "not in the log yet"
        state = "differs" if number in checked.faulty else state
        print(f"{number}  {package.hash if package else 64 * '-'}  {state}")
    for problem in checked.problems:
        print(problem)
    faults = len(checked.problems)
    if faults:
        print("1 problem" if faults == 1 else f"{faults} problems", file=sys.stderr)
    return int(bool(faults))
