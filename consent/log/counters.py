"""The names of the daily counters of decisions (R133).

A counter is a number for a day: who did nothing has no row, and no row is anybody's. A name holds
what the site itself has declared or shown and nothing that a form says, so their number is bounded:

    shown fi 0123456789abcdef                        the banner was sent in a page
    decision fi 0123456789abcdef accept              somebody decided, by this button
    signal fi 0123456789abcdef gpc                   … while the browser sent this signal
    category fi 0123456789abcdef marketing granted   … and answered this category so

The language and the first 16 hex digits of the hash are those of the banner text that was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from consent.errors import LogCorrupt
from consent.log import Counter
from consent.record import Shown

NOT_WRITTEN = "refusal not written"
"""The counter of refusals beyond the rate at which they are written one by one."""

BUTTONS = ("accept", "reject", "save")
"""The answers of the form: everything allowed, everything refused, each category by itself."""

STATES = ("granted", "denied")

# How many words stand after the text.
_KINDS = {"shown": 0, "decision": 1, "signal": 1, "category": 2}
_UNKNOWN = "unknown unknown"


class Count(NamedTuple):
    """A counter read back: `what` are the words after the text, see above; `n` is at least 1."""

    day: str
    kind: str
    language: str
    text: str
    what: tuple[str, ...]
    n: int


def shown(text: Shown) -> str:
    """Name the counter of pages that were sent with a banner text; robots are counted too."""
    return f"shown {_text(text)}"


def decided(
    text: Shown | None, button: str, answers: Mapping[str, str], signals: str
) -> Iterator[str]:
    """Name the counters of one decision.

    `text` is None where a form shows something that we have no copy of; `button` one of `BUTTONS`;
    `answers` maps the categories that were asked to their state, of which those in `STATES` count;
    `signals` names what the browser sent, separated by spaces.
    """
    about = _text(text)
    yield f"decision {about} {button}"
    for signal in signals.split():
        yield f"signal {about} {signal}"
    for category, state in answers.items():
        if state in STATES:
            yield f"category {about} {category} {state}"


def read(counters: Iterable[Counter]) -> Iterator[Count]:
    """Give those counters that are of decisions, in the order they come.

    Raises `LogCorrupt` for a day that is none.
    """
    for day, name, n in counters:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise LogCorrupt([f"the log counts something of {day!r}, which is no day"]) from None
        kind, *words = name.split(" ")
        if _KINDS.get(kind) == len(words) - 2:
            yield Count(day, kind, words[0], words[1], tuple(words[2:]), n)


def _text(text: Shown | None) -> str:
    return f"{text.language} {text.hash[:16]}" if text else _UNKNOWN
