"""Version numbers, and the classes of change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

CLASSES = ("material", "clarifying", "editorial")
"""How much a version changes: announced on the site, explained, or a matter of spelling (R78)."""

_NUMBER = re.compile(r"([1-9][0-9]{3})\.([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class VersionNumber:
    """A version's number, `YYYY.n`; compared by its integers, so 2026.10 follows 2026.9 (R75)."""

    year: int
    n: int

    @classmethod
    def parse(cls, text: str) -> VersionNumber:
        """Read `YYYY.n`; raises `ValueError` for any other form, a leading zero included."""
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a version number like 2026.1")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def read(cls, text: str | None) -> VersionNumber | None:
        """Read `YYYY.n` from an untrusted place; None for anything else."""
        try:
            return cls.parse(text or "")
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.year}.{self.n}"


def next_number(taken: Sequence[VersionNumber], year: int) -> VersionNumber:
    """The next free number in `year`, above every number that is taken."""
    newest = max(taken, default=VersionNumber(year, 0))
    return (
        VersionNumber(newest.year, newest.n + 1) if newest.year >= year else VersionNumber(year, 1)
    )
