"""Gates only where there are some: a quick look for their marks comes before any tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from .gates import Allows, Gates, Placeholder
from .html import LIMIT, TAG

_MARK = re.compile(rb"data-c(?:onsent|ategory)")
_KEPT = 64 * 1024


class _Unmarked(NamedTuple):
    """Bytes without a gate's mark, and up to where they hold no open start of one, if known."""

    data: bytes
    whole: int | None


_unmarked: dict[bytes, _Unmarked] = {}


def marked(data: bytes) -> bool:
    """Whether a gate's attribute may stand in the data: a quick look that needs no tokens.

    A few pages and chunks without any are remembered, so that those that come again are only
    compared; which one to compare with, some bytes from the middle tell.
    """
    seen = _unmarked.get(_middle(data))
    if seen is not None and seen.data == data:
        return False
    if _MARK.search(data.lower()):
        return True
    _remember(_Unmarked(data, None))
    return False


def _middle(data: bytes) -> bytes:
    middle = len(data) >> 1
    return data[middle : middle + 24]


def _remember(unmarked: _Unmarked) -> None:
    if 1024 < len(unmarked.data) <= _KEPT:
        if len(_unmarked) >= 32:
            _unmarked.pop(next(iter(_unmarked)), None)
        _unmarked[_middle(unmarked.data)] = unmarked


class LateGates:
    """Gates for a streamed page; as long as no gate has come, its bytes pass as they are.

    Only from the first mark on, or after 64 KiB that nobody else remembers, they are read as
    tokens, then from the start of the page. Until then a tag that may be a gate and is not whole
    yet is held back. `awake` says that a mark is known to come.
    """

    def __init__(
        self, allows: Allows, placeholder: Placeholder | None = None, *, awake: bool = False
    ) -> None:
        self._allows = allows
        self._placeholder = placeholder
        self._gates = Gates(allows, placeholder) if awake else None
        self._passed: list[bytes] = []
        self._size = 0
        self._held = b""

    def passes(self, data: bytes) -> bool:
        """Whether the next bytes may pass just as they are; if so they count as fed."""
        if self._gates is not None or self._held:
            return False
        seen = self._seen(data)
        if seen is None or seen.whole != len(data):
            return False
        self._passed.append(seen.data)
        return True

    def feed(self, data: bytes, last: bool = False, settled: bool = False) -> bytes:
        """As `Gates.feed`; `settled` says that the data ends between two tokens."""
        if self._gates is not None:
            return self._gates.feed(data, last)
        if self._held:
            data, self._held = self._held + data, b""
        seen = self._seen(data)
        if seen is None:
            return self._wake(data, last)
        if not last and not settled and seen.whole != len(data):
            data, self._held = data[: seen.whole], data[seen.whole :]
        self._passed.append(data)
        return data

    def _seen(self, data: bytes) -> _Unmarked | None:
        seen = _unmarked.get(_middle(data))
        if seen is None or seen.whole is None or seen.data != data:
            return self._look(data)
        return seen

    def _look(self, data: bytes) -> _Unmarked | None:
        # None for a gate's mark, for more than is to be kept, and for what is hard to tell.
        whole = _whole(data)
        self._size += len(data)
        if whole < 0 or self._size > _KEPT or marked(data):
            return None
        seen = _Unmarked(data, whole)
        _remember(seen)
        return seen

    def _wake(self, data: bytes, last: bool) -> bytes:
        gates = self._gates = Gates(self._allows, self._placeholder)
        for passed in self._passed:
            gates.feed(passed)
        gates.forget_held()
        self._passed = []
        return gates.feed(data, last)


def _whole(data: bytes) -> int:
    """The offset up to which the data surely holds no open start of a gate, -1 for hard to tell."""
    low = data.lower()
    earliest = max(0, len(data) - LIMIT)
    ends = []
    for needle in (b"<template", b"<script"):
        position, reads = low.find(needle, earliest), 0
        while position >= 0:
            reads += 1
            if reads > 100:
                return -1  # they may stand within one another, to be read again and again
            if not TAG.match(data, position):
                ends.append(position)
                break
            position = low.find(needle, position + 1)
        tail = low[low.rfind(b"<") :] if b"<" in low[-len(needle) :] else b""
        if tail and needle.startswith(tail):
            ends.append(len(data) - len(tail))
    return min(ends, default=len(data))
