"""Signals with which a browser answers for its visitor; every one enters here (R92).

A signal denies and never grants, is never stored as a choice, and what the visitor chooses on the
site goes before it (R88, R89). Another one is a class of the same shape, named in `SIGNALS`: who is
asked, what records and `Vary` say, and what the banner tells of it follow from that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .declaration import Category


class Signal(Protocol):
    """A signal in a header field of its own.

    `name` is what records call it, a lower-case word; `title` what it is called to visitors;
    `field` the name of its header field, as browsers write it.
    """

    name: str
    title: str
    field: str

    def given(self, value: bytes) -> bool:
        """Whether a field with this value gives the signal."""

    def denies(self, category: Category) -> bool:
        """Whether it denies a category for as long as the visitor has not chosen."""


class GlobalPrivacyControl:
    """`Sec-GPC`, whose one value is `1` (R87); it denies what the declaration says it denies."""

    name = "gpc"
    title = "GPC"
    field = "Sec-GPC"

    def given(self, value: bytes) -> bool:
        """As `Signal.given`."""
        return value.strip() == b"1"

    def denies(self, category: Category) -> bool:
        """As `Signal.denies`."""
        return category.gpc


SIGNALS: tuple[Signal, ...] = (GlobalPrivacyControl(),)

BY_FIELD = {signal.field.lower().encode("ascii"): signal for signal in SIGNALS}
"""Each signal by the name of its field, as ASGI gives it."""

VARY = ("Cookie", *(signal.field for signal in SIGNALS))
"""The header fields of a request that a page depends on (R120)."""


def added(names: str, field: bytes, value: bytes) -> str:
    """The names of signals, separated by spaces, with that of a field in `BY_FIELD` if given.

    Of several fields of one signal, one is enough (R87).
    """
    signal = BY_FIELD[field]
    if not signal.given(value) or signal.name in names.split():
        return names
    return f"{names} {signal.name}".lstrip()


def given(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The names of the signals that a request gives, separated by spaces; empty for none."""
    names = ""
    for field, value in headers:
        if field in BY_FIELD:
            names = added(names, field, value)
    return names


def titles(names: str) -> str:
    """What the signals of these names are called to visitors."""
    return ", ".join(signal.title for signal in SIGNALS if signal.name in names.split())
