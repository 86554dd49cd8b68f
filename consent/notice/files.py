"""Writing files so that they are whole and durable, or not there at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder with these files in one step.

    Raises `FileExistsError` when it has come to be there meanwhile.
    """
    # Everything is durable under another name before the folder appears under its own.
    place = target.parent / f".{target.name}.{token_hex(4)}"
    place.mkdir()
    try:
        for name, body in files.items():
            _durable(place / name, body)
        _sync(place)
        try:
            place.rename(target)  # which replaces nothing but an empty folder
        except OSError as error:
            if target.exists():
                raise FileExistsError(str(target)) from error
            raise
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def write_new(path: Path, body: bytes) -> None:
    """Write one file in one step; raises `FileExistsError` when there is one already."""
    part = path.parent / f".{path.name}.{token_hex(4)}"
    try:
        _durable(part, body)
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)


def complete_folder(target: Path, files: Mapping[str, bytes], last: str) -> None:
    """Write files into a folder that is there, the one called `last` only after all others."""
    for name, body in files.items():
        if name != last:
            _durable(target / name, body)
    part = target / f".{last}.{token_hex(4)}"
    _durable(part, files[last])
    _sync(target)
    part.rename(target / last)
    _sync(target)


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
