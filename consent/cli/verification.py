"""`consent log verify`: whether a log is whole and unaltered (R40)."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from ..errors import LogCorrupt, Mendable
from . import checkpoint as checkpoints
from .common import settings
from .progress import progress

if TYPE_CHECKING:
    from ..log import Snapshot


def add(verify: argparse.ArgumentParser) -> None:
    """Add the options."""
    verify.add_argument(
        "--known",
        metavar="SIZE:ROOT",
        type=_head,
        help="a head that was kept elsewhere, as printed by this command; the log must continue it",
    )
    verify.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="a checkpoint that was kept elsewhere; the log must continue it",
    )
    verify.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        default=[],
        help="a key to verify the checkpoint with (default: that of CONSENT_CHECKPOINT_KEYS)",
    )
    verify.add_argument(
        "--resume",
        action="store_true",
        help="read only what was appended after the checkpoint or the known head: what came before "
        "was verified when it was kept, and is only seen to give the same root",
    )
    verify.add_argument(
        "--jobs",
        metavar="N",
        type=_jobs,
        default=1,
        help="how many processes share the work (default: 1)",
    )


def _head(text: str) -> tuple[int, bytes]:
    match = re.fullmatch(r"([0-9]{1,15}):([0-9a-fA-F]{64})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size, a colon and 64 hex digits")
    return int(match[1]), bytes.fromhex(match[2])


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes, 1 to 99")
    return int(text)


def run(view: Snapshot, arguments: argparse.Namespace) -> int:
    """Verify, print the head, and say what such a check cannot exclude."""
    from ..log.verify import verify

    known = arguments.known
    if arguments.checkpoint:
        keys = checkpoints.verifying_keys(arguments.key, "the checkpoint")
        known = checkpoints.kept(view, arguments.checkpoint, keys)[0][1:]
    if arguments.resume and known is None:
        raise Mendable("--resume needs what it goes on from", "add --checkpoint FILE or --known")
    try:
        size = view.head().size
    except LogCorrupt:
        size = 0  # will be told with all the rest
    with progress("verify") as bar:
        report = verify(
            view,
            known=known,
            resume=arguments.resume,
            progress=lambda done: bar(done, size),
            address=arguments.log or settings(arguments).log,
            workers=arguments.jobs,
        )
    report.require()
    print(f"The log is whole: {report.size} entries, {report.artifacts} artifacts.")
    if report.expired:
        # Not added up: what was erased while the old was removed may be named for both.
        reasons = ", ".join(f"{count} by {reason}" for reason, count in report.expired.items())
        print(f"Content of entries was removed: {reasons}.")
    if report.start:
        print(f"Entries before {report.start} were not read again; they give the root known.")
    print(f"head {report.size}:{report.root.hex()}")
    print(report.proviso)
    return 0
