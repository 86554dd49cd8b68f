"""A copy of a log in SQLite, made while sites append to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress

from consent.errors import CopyError, LogUnavailable
from consent.log import open_log
from consent.log.copying import Progress, silent
from consent.log.spool import flush_folder
from consent.log.sqlite_file import reading, translated
from consent.log.verify import Report, verify

PAGES = 2000
"""Pages that are copied between two calls of `copying`."""


def back_up(
    path: str,
    output: str,
    *,
    copying: Progress = silent,
    verifying: Progress = silent,
) -> Report:
    """Copy the log at `path` to the new file `output`: one moment of it, on the disk, and verified.

    Whoever appends is not held up. `copying` is called with the pages copied and all there are,
    `verifying` with the entries verified and all there are. Until it is whole the copy has
    `.partial` after its name, and after an error nothing is left of it. Raises `CopyError` when
    there is a file, `LogCorrupt` when the copy does not verify, and the errors of `open_log`.
    """
    partial = f"{output}.partial"
    if os.path.exists(output):
        raise CopyError(f"{output} is there already, and is left as it is", "give a new name")
    try:
        # For the eyes only of those who may read the log.
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise CopyError(
            f"{partial} is there: another backup writes it, or was broken off",
            "if none is running, remove it",
        ) from None
    except OSError as error:
        raise LogUnavailable(f"{partial} cannot be made: {error.strerror}") from error
    try:
        _copy(path, partial, copying)
        with closing(open_log(partial, writable=False)) as log, log.snapshot() as view:
            size = view.head().size
            report = verify(view, progress=lambda done: verifying(done, size))
            report.require()
        os.rename(partial, output)
        flush_folder(output)
    except BaseException:
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(partial + end)
        raise
    return report


def _copy(path: str, partial: str, copying: Progress) -> None:
    def tell(_: int, remaining: int, total: int) -> None:
        copying(total - remaining, total)

    # One read transaction throughout: what is appended meanwhile does not make it begin again.
    with reading(path) as source, translated(partial), closing(sqlite3.connect(partial)) as copy:
        source.backup(copy, pages=PAGES, progress=tell)
    file = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
