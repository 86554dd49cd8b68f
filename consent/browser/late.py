"""Gates only where there are some: a quick look for their marks comes before any tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .gates import Allows, Gates
from .holding import Placeholder
from .hosts import Hosts
from .html import LIMIT, TAG
from .places import TAIL, Top
from .signals import Before

if TYPE_CHECKING:
    from .fitting import Made

# Both cases are spelt out: ignoring case is slow, and a lower-case copy costs what looking does.
_MARK = re.compile(rb"-[cC](?:[oO][nN][sS][eE][nN][tT]|[aA][tT][eE][gG][oO][rR][yY])")
_KEPT = 64 * 1024
_PASSED = 48 * 1024


class Seen:
    """A page, or a chunk of one, that comes again.

    - `marked`: whether a gate's mark may stand in it.
    - `whole`: up to where it holds no open start of a gate, -1 for hard to tell.
    - `ends`: whether it may hold the end of a body.
    - `top`: the places, if it is how a page begins.
    - `made`: what was made of it lately.
    - `idle`: the hosts that do not concern it, of the state that was asked for last.
    - `follows`: the chunk without a mark or an open start that came after it last.
    - `kept`: whether it is still remembered.
    """

    __slots__ = ("data", "ends", "follows", "idle", "kept", "made", "marked", "top", "whole")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.marked = bool(_MARK.search(data))
        self.whole = -1 if self.marked else _whole(data)
        end = data[-TAIL:].lower()
        last = end[end.rfind(b"<") :] if b"<" in end else b"-"
        self.ends = b"</body" in end or b"</body".startswith(last)
        self.top: Top | None = None
        self.made: tuple[Made, ...] = ()
        self.idle: Hosts | None = None
        self.follows: Seen | None = None
        self.kept = True

    def concerns(self, hosts: Hosts) -> bool:
        """Whether it has to be looked at for these hosts."""
        if self.idle is hosts:
            return False
        concerned = hosts.concerns(self.data)
        if not concerned:
            self.idle = hosts
        return concerned

    def keep(self, made: Made) -> None:
        """Keep what was made of it, and the three before that."""
        self.made = (made, *self.made[:3])


_seen: dict[bytes, Seen] = {}
_once: set[bytes] = set()


def known(data: object) -> Seen | None:
    """What is remembered of these bytes; which ones to compare with, some from the middle tell."""
    if type(data) is not bytes:
        return None
    middle = len(data) >> 1
    seen = _seen.get(data[middle : middle + 24])
    return seen if seen is not None and seen.data == data else None


def marked(data: bytes, top: Top | None = None, seen: Seen | None = None) -> bool:
    """Whether a gate's mark may stand in the data: a quick look that needs no tokens.

    A few pages and chunks are remembered when they come the second time, so that from then on they
    are only compared; `top` is kept with them. `seen` is what is known of the data already.
    """
    seen = seen or known(data) or _remember(data)
    if seen is None:
        return bool(_MARK.search(data))
    if seen.top is None:
        seen.top = top
    return seen.marked


def _remember(data: bytes) -> Seen | None:
    # What never comes again, as a page with the time of day, must not drive out what does.
    if not 1024 < len(data) <= _KEPT:
        return None
    middle = len(data) >> 1
    key = data[middle : middle + 24]
    if key not in _once:
        if len(_once) >= 1024:
            _once.clear()
        _once.add(key)
        return None
    if len(_seen) >= 32:
        gone = _seen.pop(next(iter(_seen)), None)
        if gone is not None:  # or a long chain of what came once would stay
            gone.kept, gone.follows = False, None
    seen = _seen[key] = Seen(data)
    return seen


class LateGates:
    """Gates for a streamed page; as long as no gate has come, its bytes pass as they are.

    Only from the first mark on, or after 48 KiB that nobody else remembers, they are read as
    tokens, then from the start of the page. Until then a tag that may be a gate and is not whole
    yet is held back. `awake` says that a mark is known to come; with `hosts` every tag matters.
    """

    def __init__(
        self,
        allows: Allows,
        placeholder: Placeholder | None = None,
        hosts: Hosts | None = None,
        before: Before | None = None,
        *,
        awake: bool = False,
        framed: bool = False,
    ) -> None:
        self._allows = allows
        self._placeholder = placeholder
        self._before = before
        self._gates = (
            Gates(allows, placeholder, hosts, before, framed=framed) if awake or hosts else None
        )
        self._passed: list[bytes] = []
        self._size = 0
        self._held = b""
        self._last: Seen | None = None  # the chunk before, if it is remembered

    @property
    def follows(self) -> Seen | None:
        """What is expected next, if it may pass just as it is."""
        return self._last.follows if self._last is not None and not self._held else None

    def passed(self, chunks: list[Seen]) -> None:
        """Take chunks as fed, each of which followed the one before."""
        if chunks:
            self._passed += [seen.data for seen in chunks]
            self._last = chunks[-1]

    def passes(self, data: bytes, top: Top | None = None) -> bool:
        """Whether the next bytes may pass just as they are; if so they count as fed."""
        if self._gates is not None or self._held:
            return False
        if not data:
            return True
        seen = known(data)
        if seen is not None:
            if seen.whole != len(data):
                return False
            data = seen.data  # so that streams share what they keep
            if seen.kept and self._last is not None and self._last.kept:
                self._last.follows = seen
        elif self._look(data, top) != len(data):
            self._last = None
            return False
        self._last = seen
        self._passed.append(data)
        return True

    def feed(self, data: bytes, last: bool = False, settled: bool = False) -> bytes:
        """As `Gates.feed`; `settled` says that the data ends between two tokens."""
        self._last = None
        if self._gates is not None:
            return self._gates.feed(data, last, settled)
        if self._held:
            data, self._held = self._held + data, b""
        seen = known(data)
        whole = seen.whole if seen is not None else self._look(data)
        if whole < 0:
            return self._wake(data, last, settled)
        if not last and not settled:
            data, self._held = data[:whole], data[whole:]
        self._passed.append(data)
        return data

    def _look(self, data: bytes, top: Top | None = None) -> int:
        # As `_whole`; also -1 for a gate's mark, and for more than is to be kept.
        whole = _whole(data)
        self._size += len(data)
        return -1 if whole < 0 or self._size > _PASSED or marked(data, top) else whole

    def _wake(self, data: bytes, last: bool, settled: bool = False) -> bytes:
        gates = self._gates = Gates(self._allows, self._placeholder, None, self._before)
        for passed in self._passed:
            gates.feed(passed)
        gates.forget_held()
        self._passed = []
        return gates.feed(data, last, settled)


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
