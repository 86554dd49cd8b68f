"""What one vendor is told of a choice: calls before its first tag, and calls when it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

Said = Mapping[str, bool]
"""Which parts of what a vendor asks for are granted."""

Call = list[object]
"""A dotted name of a function in the page, and its arguments: `["ttq.push", ["grantConsent"]]`."""

_LATE = (
    "(function(w,n,t){var f=w[n],d=Object.defineProperty;if(f)return t();"
    "d(w,n,{configurable:true,enumerable:true,set:function(v){f=v},"
    "get:function(){if(f&&f.queue){d(w,n,{value:f,writable:true});t()}return f}})"
    '})(window,"%s",function(){%s});'
)


class Vendor(NamedTuple):
    """How a vendor is told of a choice.

    - `parts`: what it asks for, each with the purposes of the services that decide it; without any,
      all its services do.
    - `ready`: script that makes the queue of its calls, where its own has not done so yet.
    - `first`: the calls that must come before its own.
    - `change`: the calls when the choice changes while its script runs.
    - `late`: the function that its own snippet makes, and loads nothing where there is one already:
      the first calls wait until it is there, with its queue.
    - `others`: the services of all vendors decide a part that none of its own has the purposes of.
    """

    parts: Mapping[str, frozenset[str]]
    first: Callable[[Said], list[Call]]
    change: Callable[[Said], list[Call]]
    ready: str = ""
    late: str = ""
    others: bool = False

    def script(self, said: Said) -> bytes:
        """The script for before its first tag: ASCII, and nothing in it ends the element."""
        calls = "".join(f"{name}({_arguments(values)});" for name, *values in self.first(said))
        text = _LATE % (self.late, calls) if self.late else self.ready + calls
        return text.encode("ascii")


def _arguments(values: list[object]) -> str:
    text = ",".join(json.dumps(value, separators=(",", ":")) for value in values)
    return text.replace("<", "\\u003c")


def word(granted: bool) -> str:
    """As Google and Microsoft say it."""
    return "granted" if granted else "denied"


MEASURING = frozenset({"audience-measurement", "behaviour-recording"})
ADVERTISING = frozenset({"advertising", "ad-measurement", "profiling"})
WHOLE: Mapping[str, frozenset[str]] = {"whole": frozenset()}
"""The only part of a vendor that asks for one yes or no."""
