"""Writing files so that they are whole and durable, or not there at all.

What is being written has a name of its own until then. Of a writer that was killed it stays behind,
hidden, until the same is written again.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder with these files in one step.

    Raises `FileExistsError` when it has come to be there meanwhile.
    """
    # Everything is durable under another name before the folder appears under its own.
    place = _unfinished(target)
    try:
        place.mkdir()
        for name, body in files.items():
            _durable(place / name, body)
        _sync(place)
        place.rename(target)  # which replaces nothing but an empty folder
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError) and target.exists():
            raise FileExistsError(str(target)) from error
        raise
    _sync(target.parent)
    _sweep(target)


def write_new(path: Path, body: bytes) -> None:
    """Write one file in one step; raises `FileExistsError` when there is one already."""
    part = _unfinished(path)
    try:
        _durable(part, body)
        os.link(part, path)
    except FileNotFoundError as error:
        if path.exists():  # somebody else has written it, and swept
            raise FileExistsError(str(path)) from error
        raise
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)
    _sweep(path)


def complete_folder(target: Path, files: Mapping[str, bytes], last: str) -> None:
    """Write files into a folder that is there, each in one step, `last` only after all others."""
    # Some are there already, as the only copy of what somebody has written.
    for name in sorted(files, key=last.__eq__):
        part = _unfinished(target / name)
        _durable(part, files[name])
        _sync(target)
        part.rename(target / name)
    _sync(target)
    for name in files:
        _sweep(target / name)


def _unfinished(path: Path) -> Path:
    return path.parent / f".{path.name}.{token_hex(4)}"


def _sweep(path: Path) -> None:
    # What is written is here for good: whoever still writes the same comes too late.
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}")
    for other in path.parent.iterdir():
        if name.fullmatch(other.name):
            if other.is_dir():
                shutil.rmtree(other, ignore_errors=True)
            else:
                other.unlink(missing_ok=True)


def _durable(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
