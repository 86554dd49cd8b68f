"""A whole log read back from the lines that `export` wrote, from the first to the last."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from consent.errors import CopyError
from consent.log import Counter, Head, Row
from consent.log.export import FORMAT, bytes_of
from consent.log.runs import ID_SIZE
from consent.log.tree import HASH_SIZE, SALT_SIZE, leaf_hash

END = 4096
"""Bytes at the end of the file that the last line stands in."""


class Exported:
    """The lines of a file, to be asked for once and in the order in which they stand there.

    That is `rows`, `artifacts`, `checkpoints`, `counts`. Each raises `CopyError` with the number of
    the first line that is not as it was written.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        """Take a seekable file and its path for messages; sees to it that it is whole."""
        self.path = path
        self._file = file
        self._number = 0
        self._line: dict[str, Any] = {}
        self._take()
        first = self._line
        with self._blamed():
            version = first["export"]
            found = first["log"]
            names = {"created", "id", "site", *found}
            self.meta: Mapping[str, str] = {name: _text(found, name) for name in names}
            self._head = _head(first["head"])
        if version != FORMAT:
            raise CopyError(
                f"{path} has lines of version {version}, this program reads {FORMAT}",
                "export the log anew, or import it with the version that wrote it",
            )
        if "selection" in first:
            raise CopyError(
                f"{path} holds a part of a log only",
                "export it without --from, --until and --kind",
            )
        if self._last() != self._head:
            raise CopyError(
                f"{path} ends before its last line: it was cut off",
                "take another copy of it, or export the log anew",
            )
        self._take()

    def head(self) -> Head:
        """Give the head of the log when it was exported."""
        return self._head

    def rows(self) -> Iterator[Row]:
        """Give the entries; each one's content is seen to be that of its leaf."""
        for seq in range(self._head.size):
            with self._blamed():
                row = _row(self._line, seq)
            yield row
            self._take()

    def artifacts(self) -> Iterator[tuple[str, str, bytes]]:
        """Give each artifact as (hash in hex, media type, bytes)."""
        while "artifact" in self._line:
            with self._blamed():
                name, media_type = _text(self._line, "artifact"), _text(self._line, "media_type")
                body = b64decode(_text(self._line, "content"), validate=True)
            yield name, media_type, body
            self._take()

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Give each stored checkpoint as (size, signed note)."""
        while "checkpoint" in self._line:
            with self._blamed():
                found = _number(self._line, "checkpoint"), _text(self._line, "note")
            yield found
            self._take()

    def counts(self) -> Iterator[Counter]:
        """Give the daily counters, and see that nothing has been left out."""
        while "counter" in self._line:
            with self._blamed():
                day, name = _text(self._line, "day"), _text(self._line, "counter")
                found = Counter(day, name, _number(self._line, "n"))
            yield found
            self._take()
        with self._blamed():
            if _number(self._line["end"], "lines") != self._number - 1:
                raise ValueError("there are not as many lines before it as it says")

    def _last(self) -> Head | None:
        """Read the head in the last line, without leaving the place where the file is read."""
        place = self._file.tell()
        self._file.seek(max(0, self._file.seek(0, 2) - END))
        *_, last = self._file.read().split(b"\n")[:-1] or [b""]
        self._file.seek(place)
        try:
            return _head(json.loads(last)["end"])
        except (KeyError, TypeError, ValueError, RecursionError):
            return None

    def _take(self) -> None:
        line = self._file.readline()
        self._number += 1
        with self._blamed():
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError("it is not an object")
        self._line = found

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Name the line that something is wrong with."""
        try:
            yield
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            missing = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise CopyError(
                f"{self.path}, line {self._number}: {missing}",
                "it was changed after it was written: take another copy, or export the log anew",
            ) from error


def _row(line: Mapping[str, Any], seq: int) -> Row:
    if _number(line, "seq") != seq:
        raise ValueError(f"it is entry {line['seq']}, and {seq} follows")
    kind, leaf = _text(line, "kind"), _hash(line, "leaf", HASH_SIZE)
    if line["salt"] is None and line["body"] is None and "raw" not in line:
        return Row(seq, kind, leaf, None, None, None)
    raw = b64decode(_text(line, "raw"), validate=True) if "raw" in line else None
    body = bytes_of(line["body"]) if raw is None else raw
    salt, consent_id = _hash(line, "salt", SALT_SIZE), line["consent_id"]
    if leaf_hash(body, salt) != leaf:
        raise ValueError("its content is not the one that its leaf was made of")
    if consent_id is not None:
        consent_id = _text(line, "consent_id")
        if len(consent_id) != ID_SIZE or not consent_id.isascii():
            raise ValueError(f"a consent id has {ID_SIZE} base64url characters")
    return Row(seq, kind, leaf, body, salt, consent_id)


def _head(found: Mapping[str, Any]) -> Head:
    return Head(_number(found, "size"), _hash(found, "root", HASH_SIZE))


def _text(line: Mapping[str, Any], name: str) -> str:
    value = line[name]
    if not isinstance(value, str):
        raise ValueError(f"its {name} is not text")
    if not value.isascii():
        value.encode("utf-8")  # half of a character is none
    return value


def _number(line: Mapping[str, Any], name: str) -> int:
    value = line[name]
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"its {name} is not a number")
    return value


def _hash(line: Mapping[str, Any], name: str, size: int) -> bytes:
    value = bytes.fromhex(_text(line, name))
    if len(value) != size:
        raise ValueError(f"its {name} has {len(value)} bytes, not {size}")
    return value
