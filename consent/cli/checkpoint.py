"""`consent log key` and `checkpoint`: what shows later that a log was not rewritten (R40)."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CheckpointError, LogCorrupt, Mendable, Problem, SettingsError
from .common import Commands, command, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..log import Snapshot
    from ..log.checkpoint import Checkpoint


def add(log: Commands) -> None:
    """Add the key; the checkpoint itself is a command that reads the log."""
    key = command(
        log,
        "key",
        "Print a new key for CONSENT_CHECKPOINT_KEYS, which is secret, and under it the key that "
        "everybody may verify with. Add a new key beside the old one; what the old one signed "
        "verifies with the old key to verify with.",
    )
    key.set_defaults(run=_key)


def options(signed: argparse.ArgumentParser) -> None:
    """Add the options of the command that makes a checkpoint."""
    signed.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="the file to write, in place of an older checkpoint, or - for the terminal "
        "(default: -)",
    )
    signed.add_argument(
        "--publish",
        action="store_true",
        help="do what a running site does by itself: keep it in the log too, write it to "
        "checkpoints.file and give it to checkpoints.hook",
    )


def publish(arguments: argparse.Namespace) -> int:
    """Make a checkpoint and hand it on as the settings say."""
    from ..log import open_log, publishing

    found, keys = settings(arguments), signing_keys()
    log = open_log(arguments.log or found.log, writable=True)
    try:
        note = publishing.publish(log, keys, found.checkpoints.file, found.checkpoints.hook)
    finally:
        log.close()
    if arguments.output == "-":
        print(note, end="")
    else:
        publishing.put(Path(arguments.output), note.encode())
    return 0


def _key(arguments: argparse.Namespace) -> int:
    from ..signed_note import new_key, verifier_of

    key = new_key(settings(arguments).site.host)
    print(f"CONSENT_CHECKPOINT_KEYS={key}")
    print(f"to verify with: {verifier_of(key)}")
    return 0


def signing_keys(*, needed: bool = True) -> tuple[str, ...]:
    """The keys of the environment, newest last.

    Raises `SettingsError` for a faulty one, and `Mendable` for none where one is `needed`.
    """
    from ..settings.secrets import checkpoint_keys

    problems: list[Problem] = []
    keys = checkpoint_keys(os.environ, problems)
    if problems:
        raise SettingsError(problems)
    if needed and not keys:
        raise Mendable(
            "CONSENT_CHECKPOINT_KEYS is not set in the environment",
            "set it to the site's key, or make one with: consent log key",
        )
    return keys


def write(view: Snapshot, output: str) -> int:
    """Print a checkpoint, or put it into a file in place of an older one."""
    from ..log.checkpoint import checkpoint
    from ..log.publishing import put

    note = checkpoint(view, signing_keys())
    if output == "-":
        print(note, end="")
        return 0
    path = Path(output)
    put(path, note.encode())
    print(f"Wrote a checkpoint of {view.head().size} entries to {path}.")
    return 0


def verifying_keys(given: Sequence[str], what: str) -> list[str]:
    """The keys to verify with: those given, else those that the environment's belong to.

    Raises `Mendable` for a faulty one, and where there is none to verify `what` with.
    """
    from ..signed_note import verifier_of

    try:
        known = [str(verifier_of(key)) for key in given or signing_keys(needed=False)]
    except ValueError as fault:
        raise Mendable(f"--key: {fault}", "write NAME+ID+KEY, as it is published") from None
    if not known:
        raise Mendable(f"there is no key to verify {what} with", "give it with --key NAME+ID+KEY")
    return known


def kept(view: Snapshot, path: str, keys: Sequence[str]) -> tuple[Checkpoint, str]:
    """Read a checkpoint that was kept elsewhere, seen to be of this log; gives its note too.

    `keys` are those to verify with. Raises `CheckpointError` when none of them signed it,
    `LogCorrupt` when it is of another log.
    """
    from ..log.checkpoint import origin, read, written_in

    try:
        notes = written_in(Path(path).read_bytes())
    except OSError as fault:
        raise Mendable(f"{path} cannot be read: {fault}", "check the path") from None
    if not notes:
        raise CheckpointError(f"there is no signed checkpoint in {path}")
    # Of several in a mailbox the last tells most.
    note = notes[-1]
    found = read(note, keys)
    if found.origin != origin(view):
        raise LogCorrupt([f"the checkpoint is of {found.origin}, this log is {origin(view)}"])
    return found, note
