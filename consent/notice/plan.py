"""What a publication does, told before it is done: who is told of it, and who is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from ..declaration import Declaration, Widening
from .lifecycle import ANNOUNCED_AFTER_EFFECT, standing
from .package import Package
from .publish import Prepared


class Plan(NamedTuple):
    """What follows from a version that is prepared.

    `strip` is from when until when (UTC) returning visitors are told on the site, None for a change
    that they are not told of (R80); `feed` whether subscribers are. `asked` are the categories that
    are asked again when it takes effect, each with what is new in it; None for all of it (R24).
    `overtaken` is a version that is scheduled and will take its place without its changes.
    """

    strip: tuple[datetime, datetime] | None
    feed: bool
    asked: Mapping[str, tuple[Widening, ...] | None]
    overtaken: Package | None


def plan(prepared: Prepared, declaration: Declaration) -> Plan:
    """Tell what a prepared version does; `declaration` is the whole, what is to come included."""
    package = prepared.package
    told = package.material and prepared.before is not None
    until = package.starts + ANNOUNCED_AFTER_EFFECT
    later = [
        other
        for other in prepared.others
        if other.withdrawal is None and other.starts > package.starts
    ]
    return Plan(
        strip=(package.announced_at, until) if told else None,
        feed=package.change_class != "editorial",
        asked=_asked(prepared, declaration),
        overtaken=min(later, key=lambda other: other.starts, default=None),
    )


def _asked(prepared: Prepared, declaration: Declaration) -> dict[str, tuple[Widening, ...] | None]:
    package, every = prepared.package, [*prepared.others, prepared.package]
    before = standing(every, package.starts - timedelta(seconds=1)).started
    now = standing(every, package.starts).started
    given = declaration.without(lambda version: version not in before).scopes
    wanted = declaration.without(lambda version: version not in now).scopes
    found: dict[str, tuple[Widening, ...] | None] = {}
    for category, scope in wanted.items():
        if category not in given:
            found[category] = None
        elif widenings := tuple(given[category].widened(scope)):
            found[category] = widenings
    return found
