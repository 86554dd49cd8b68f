"""The durable file that keeps refusals and withdrawals while the log is down (R34).

One line an entry: the first half of a SHA-256 in hex, a space, canonical JSON. Every line has a
key under which the log knows it again, so a crash between appending and emptying the file does not
append twice.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from logging import getLogger

from consent.errors import LogUnavailable
from consent.log import Entry
from consent.record import canonical
from consent.structured import event

logger = getLogger("consent.log")

LIMIT = 16 * 1024 * 1024
"""Bytes that the file may grow to."""

GROUP = 256
"""Entries that are appended together when the file is drained."""


def write_line(entry: Entry) -> bytes:
    """Put an entry (without `revise`) in a line that shows by itself whether it is whole."""
    once = entry.once if entry.once is not None else b"spool:" + os.urandom(16)
    text = canonical(
        {
            "body": entry.body.decode("utf-8"),
            "consent_id": entry.consent_id,
            "kind": entry.kind,
            "once": once.hex(),
        }
    )
    return _check(text) + b" " + text + b"\n"


def read_line(line: bytes) -> Entry | None:
    """Give the entry of a line without its newline, or None when the line is damaged."""
    check, _, text = line.partition(b" ")
    if check != _check(text):
        return None
    found = json.loads(text)
    return Entry(
        kind=found["kind"],
        body=found["body"].encode("utf-8"),
        consent_id=found["consent_id"],
        once=bytes.fromhex(found["once"]),
    )


def _check(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:32].encode("ascii")


def append_durably(path: str, data: bytes, limit: int | None = None) -> None:
    """Append lines to a file and flush them to disk; the file is made when missing.

    Raises `OSError`, or `LogUnavailable` when the file would grow beyond `limit` bytes.
    """
    with locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        size = os.fstat(file).st_size
        if limit is not None and size + len(data) > limit:
            raise LogUnavailable(f"{path} has reached {limit} bytes")
        if size and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data  # a line torn by a crash, which nobody was told is kept
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fdatasync(file)
        except OSError:
            os.ftruncate(file, size)  # the caller is told that nothing was kept
            raise
    if not size:
        flush_folder(path)


def flush_folder(path: str) -> None:
    """Make the name of a new file durable, as its bytes are."""
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: str, flags: int, *, wait: bool = True) -> Iterator[int]:
    """Open a file or a folder that no other process on this machine has so meanwhile."""
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield file
        finally:
            # Closing it is not enough: a process that was forked meanwhile has it open as well.
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


def _erase(path: str, consent_id: str) -> int:
    """Put empty lines in the place of those that name an id, which reading passes over."""
    count = at = 0
    try:
        with locked(path, os.O_RDWR) as file:
            for line in os.pread(file, os.fstat(file).st_size, 0).split(b"\n"):
                if consent_id.encode("ascii") in line:
                    os.pwrite(file, b"\n" * len(line), at)
                    count += 1
                at += len(line) + 1
            os.fdatasync(file)
    except FileNotFoundError:
        pass
    return count


class Spool:
    """The spool file of one log; several threads and processes may share it."""

    def __init__(self, path: str, *, limit: int = LIMIT) -> None:
        """Take the path of the file, which need not exist, and the bytes it may grow to."""
        self.path = path
        self.limit = limit

    def waiting(self) -> bool:
        """Tell whether anything is kept."""
        try:
            return os.stat(self.path).st_size > 0
        except OSError:
            return False

    def count(self) -> int:
        """Tell how many entries are kept; none where they cannot be read."""
        try:
            with open(self.path, "rb") as file:
                return sum(chunk.count(b"\n") for chunk in iter(partial(file.read, 2**20), b""))
        except OSError:
            return 0

    def add(self, entry: Entry) -> None:
        """Keep an entry, durable on return; raises `LogUnavailable` when it cannot be."""
        try:
            append_durably(self.path, write_line(entry), self.limit)
        except OSError as error:
            raise LogUnavailable(f"{self.path} cannot be written: {error.strerror}") from error

    def held(self, consent_id: str) -> list[Entry]:
        """Give what is kept under a consent id (R130)."""
        try:
            with open(self.path, "rb") as file:
                entries = map(read_line, file.read().split(b"\n"))
        except FileNotFoundError:
            return []
        return [each for each in entries if each is not None and each.consent_id == consent_id]

    def erase(self, consent_id: str) -> int:
        """Overwrite what is kept under a consent id, in the file of damaged lines too (R130).

        Gives the number of lines. Raises `LogUnavailable` when that cannot be done.
        """
        try:
            return sum(_erase(path, consent_id) for path in (self.path, self.path + ".damaged"))
        except OSError as error:
            raise LogUnavailable(f"{self.path} cannot be written: {error.strerror}") from error

    def drain(self, append: Callable[[list[Entry]], list[Entry]]) -> bool:
        """Append all that is kept, oldest first, and empty the file.

        `append` must be idempotent by `Entry.once`; it returns the entries that can never be
        appended. Those, and damaged lines, move to the file `….damaged`, where a person can look
        at them. Returns False when another process is at it; what `append` raises leaves the file
        as it is.
        """
        try:
            with locked(self.path, os.O_RDWR, wait=False) as file:
                self._drain(file, append)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            pass
        except OSError as error:
            raise LogUnavailable(f"{self.path} cannot be drained: {error.strerror}") from error
        return True

    def _drain(self, file: int, append: Callable[[list[Entry]], list[Entry]]) -> None:
        # The lock is held throughout: whoever adds meanwhile waits, and nothing added is cut off.
        lines = os.pread(file, os.fstat(file).st_size, 0).split(b"\n")
        damaged: list[bytes] = []
        entries: list[Entry] = []
        for line in lines:
            entry = read_line(line) if line else None
            if entry is not None:
                entries.append(entry)
            elif line:
                damaged.append(line)
        for at in range(0, len(entries), GROUP):
            refused = append(entries[at : at + GROUP])
            damaged += [write_line(replace(entry, revise=None))[:-1] for entry in refused]
        if damaged:
            append_durably(self.path + ".damaged", b"\n".join(damaged) + b"\n")
            logger.error(
                "%d spooled lines moved to %s.damaged",
                len(damaged),
                self.path,
                extra=event("spool-damaged", lines=len(damaged)),
            )
        os.ftruncate(file, 0)
        os.fdatasync(file)
