"""Which version is in force, which are to come, and what a returning visitor is told.

Pure: all of it follows from the packages and the time; nothing has to be run when a version takes
effect.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf

from .number import VersionNumber
from .package import Package

LEAD_DAYS = 30
"""How many days before its effect a material change is announced (R81)."""

ANNOUNCED_AFTER_EFFECT = timedelta(days=14)
"""How long an announcement stands once its version is in force, unless dismissed (R80)."""


class State(StrEnum):
    """Where a version stands at a moment."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    IN_FORCE = "in-force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


HELD = (State.IN_FORCE, State.SUPERSEDED)
"""Where a version stands that has been the notice for a time, or is it now."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The versions of a document at one moment.

    `in_force` is None before the first version takes effect; `scheduled` is in the order of taking
    effect, `superseded` and `withdrawn` (before their effect) newest first.
    """

    in_force: Package | None
    scheduled: tuple[Package, ...]
    superseded: tuple[Package, ...]
    withdrawn: tuple[Package, ...] = ()

    @property
    def started(self) -> frozenset[str]:
        """The numbers of the versions that are or have been in force (R81)."""
        past = (*self.superseded, self.in_force)
        return frozenset(str(package.number) for package in past if package)


def standing(packages: Iterable[Package], now: datetime) -> Standing:
    """Sort the versions that are announced at `now` (UTC); the others do not exist yet.

    In force is the version whose effect came last, of two that took effect at once the higher
    number.
    """
    every = sorted(packages, key=lambda package: (package.starts, package.number))
    announced = [package for package in every if package.announced_at <= now]
    known = [package for package in announced if not package.withdrawn(now)]
    started = [package for package in known if package.starts <= now]
    scheduled = tuple(package for package in known if package.starts > now)
    return Standing(
        in_force=started[-1] if started else None,
        scheduled=scheduled,
        superseded=tuple(reversed(started[:-1])),
        withdrawn=tuple(package for package in reversed(announced) if package.withdrawn(now)),
    )


def unchanged(packages: Iterable[Package], now: datetime) -> tuple[float, float]:
    """From when until when all of this is as at `now` (UTC), in seconds since 1970 and to infinity.

    It changes when a version is announced, is withdrawn, takes effect, and is not told of any more.
    """
    moments = sorted(moment.timestamp() for package in packages for moment in _moments(package))
    at = bisect_right(moments, now.timestamp())
    return (moments[at - 1] if at else -inf), (moments[at] if at < len(moments) else inf)


def _moments(package: Package) -> tuple[datetime, ...]:
    if package.withdrawal is not None:
        return package.announced_at, package.withdrawal.at
    return package.announced_at, package.starts, package.starts + ANNOUNCED_AFTER_EFFECT


def in_force(packages: Iterable[Package], now: datetime) -> Package | None:
    """The version in force at `now` (UTC), or None."""
    return standing(packages, now).in_force


def state(package: Package, packages: Iterable[Package], now: datetime) -> State:
    """Where one version stands at `now` (UTC); one not announced yet counts as a draft."""
    if now < package.announced_at:
        return State.DRAFT
    if package.withdrawn(now):
        return State.WITHDRAWN
    if now < package.starts:
        return State.SCHEDULED
    newest = in_force(packages, now)
    return State.IN_FORCE if newest and newest.number == package.number else State.SUPERSEDED


def announcement(packages: Iterable[Package], now: datetime, seen: str | None) -> Package | None:
    """The change that a returning visitor is to be told of at `now` (UTC), or None (R80-R83).

    `seen` is the version number in the visitor's cookie, empty when it was written before there was
    a version; None stands for a new visitor, who is told nothing (R83). Told is the oldest material
    version that the visitor has not seen, from its announcement until 14 days after its effect:
    each tells of its own change alone, so that of two to come both are told, one after the other.
    The first version of a document changes nothing, and one that is withdrawn never will.
    """
    if seen is None:
        return None
    known = VersionNumber.read(seen)
    coming = (package for package in packages if not package.withdrawn(now))
    every = sorted(coming, key=lambda package: package.number)
    told = [
        package
        for package in every[1:]
        if package.material
        and (known is None or package.number > known)
        and package.announced_at <= now < package.starts + ANNOUNCED_AFTER_EFFECT
    ]
    return told[0] if told else None
