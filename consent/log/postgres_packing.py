"""Values and statements as they go to PostgreSQL: in binary form, the long ones as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from psycopg import pq
from psycopg.adapt import Dumper


class Blobs(list[bytes | None]):
    """Byte strings that go to the server as one `bytea[]`."""


class Texts(list[str | None]):
    """Texts that go to the server as one `text[]`."""


class Numbers(list[int]):
    """Numbers that go to the server as one `bigint[]`."""


class Marks(list[bytes | None]):
    """Numbers that go as one `bigint[]` too, 8 bytes each as the server has them."""


class _ArrayDumper(Dumper):
    """Packs an array as the server does; the driver's own way takes several times as long."""

    format = pq.Format.BINARY
    element: int
    encode: Callable[[Any], bytes]

    def dump(self, obj: Sequence[Any]) -> bytes:
        return self.packed(obj)

    @classmethod
    def packed(cls, obj: Sequence[Any]) -> bytes:
        """Give the array as it goes to the server."""
        if not obj:
            return _ARRAY(0, 0, cls.element)
        parts = [_ARRAY(1, 1, cls.element), _NUMBERED(len(obj), 1)]
        encode = cls.encode
        for each in obj:
            if each is None:
                parts.append(_NULL)
            else:
                value = encode(each)
                parts += (_SIZE(len(value)), value)
        return b"".join(parts)


_ARRAY, _NUMBERED, _SIZE = Struct("!3i").pack, Struct("!2i").pack, Struct("!i").pack
_NULL = _SIZE(-1)


class _BlobsDumper(_ArrayDumper):
    oid, element, encode = 1001, 17, staticmethod(bytes)


class _TextsDumper(_ArrayDumper):
    oid, element, encode = 1009, 25, staticmethod(str.encode)


class _NumbersDumper(_ArrayDumper):
    oid, element, encode = 1016, 20, staticmethod(Struct("!q").pack)


class _MarksDumper(_ArrayDumper):
    oid, element, encode = 1016, 20, staticmethod(bytes)


ARRAYS = {
    Blobs: _BlobsDumper,
    Texts: _TextsDumper,
    Numbers: _NumbersDumper,
    Marks: _MarksDumper,
}
_PACKED: dict[type, Callable[[Any], bytes]] = {
    bytes: bytes,
    str: str.encode,
    int: Struct("!q").pack,
    **{kind: dumper.packed for kind, dumper in ARRAYS.items()},
}

Values = Sequence[bytes | str | int | Blobs | Texts | Numbers | Marks]
"""What a statement is told: a number goes as a `bigint`."""


def packed(value: bytes | str | int | Blobs | Texts | Numbers | Marks) -> bytes:
    """Give a value as it goes to the server; bytes are given already."""
    return _PACKED[type(value)](value)


Fields = list[tuple[bytes | None, ...]]
"""Rows as the server packs them."""


class Statement:
    """A statement that is prepared under a name once on each connection that uses it."""

    def __init__(self, name: str, text: str) -> None:
        """Take the text with a %b for each value."""
        first, *rest = text.split("%b")
        numbered = [f"${number}{part}" for number, part in enumerate(rest, 1)]
        self.name = name.encode()
        self.text = "".join([first, *numbered]).encode()


Call = tuple[Statement, Values]
