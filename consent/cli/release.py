"""`consent release`: keeps in the log how the interface looks that visitors are shown (R37)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .common import Commands, command, settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..settings import Settings


def add(commands: Commands) -> None:
    """Add the command."""
    release = command(
        commands,
        "release",
        "Take screenshots of the banner and the settings as they are in force now, in every "
        "language, on a desktop and a phone, light and dark, and put them into the log for records "
        "to be shown with. The component runs in this process, and a Chromium asks it alone: no "
        "network is used. What the log has already is not taken again. Needs Playwright: pip "
        'install "jackbot-consent[release]".',
    )
    release.add_argument(
        "-o", "--output", metavar="FOLDER", help="a folder to write the pictures to as well"
    )
    release.add_argument("--again", action="store_true", help="take them though the log has them")
    release.add_argument(
        "--chromium",
        metavar="PATH",
        default="",
        help="the browser (default: that of CONSENT_CHROMIUM, Playwright's own, or one on PATH)",
    )
    release.set_defaults(run=_release)


def _release(arguments: argparse.Namespace) -> int:
    from ..release import release

    found = settings(arguments, signing=True)
    said, new = release(found, again=arguments.again, chromium=arguments.chromium)
    pictures = f"{len(said['screenshots'])} screenshots by {said['browser']}"
    if new:
        print(f"Put {pictures} into the log.")
    else:
        print(f"The log has {pictures} of {said['time']}; --again takes new ones.")
    if arguments.output:
        _write(found, said, Path(arguments.output))
    return 0


def _write(found: Settings, said: Mapping[str, Any], folder: Path) -> None:
    from ..log import open_log
    from ..proof.evidence import picture_name

    folder.mkdir(parents=True, exist_ok=True)
    log = open_log(found.log, writable=False)
    try:
        for picture in said["screenshots"]:
            if (artifact := log.artifact(picture["artifact"])) is not None:
                (folder / picture_name(picture)).write_bytes(artifact[1])
    finally:
        log.close()
    print(f"Wrote them to {folder}.")
