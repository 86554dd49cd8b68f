"""How often signed checkpoints of the log are made by themselves, and where they go (R41)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .reader import Reader


@dataclass(frozen=True)
class Checkpoints:
    """`every` so many minutes, when something was appended; 0 is never.

    Each goes into the log, to `file` in place of the one before, and to the standard input of the
    command `hook`, which carries it to where whoever runs the site cannot change it.
    """

    every: int = 60
    file: Path | None = None
    hook: tuple[str, ...] = ()


def read_checkpoints(entry: Reader, base: Path) -> Checkpoints:
    """Read and check the table `[checkpoints]`; paths begin at `base`."""
    every = entry.number("every", 60, 0, 1440)
    file = entry.text("file", "")
    hook = entry.words("hook")
    if file and not (base / file).resolve().parent.is_dir():
        entry.fault("file", f"names {file!r} in a folder that is not there", "make the folder")
    entry.close()
    return Checkpoints(every, (base / file).resolve() if file else None, hook)
