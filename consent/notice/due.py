"""What a version that follows another owes its readers: a summary, its class, and time.

R77 to R81 and R86. The first version owes none of it, and may name the day from which the company
has worked by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from ..errors import Problem
from .change import Difference, lowered, proposed
from .lifecycle import LEAD_DAYS
from .package import FACTS, Package
from .version import VersionSource

_YEARS = 3660
"""Days beyond which a promise is no longer counted: it is a slip, and calendars end."""


def due(
    source: VersionSource,
    before: Package,
    found: Sequence[Difference],
    day: date | None,
    local: datetime,
    lead_days: int,
) -> list[Problem]:
    """Why a version may not take the place of `before` on `day`, with `found` that differs.

    `local` is when it is announced, in the site's time. A material change is announced `lead_days`
    days ahead, or as many as `before` promises, where these are more; 0 takes both away.
    """
    problems = [*_summaries(source), *_class(source, before, found)]
    if day is not None:
        material = source.change_class == "material"
        lead = _lead(before, lead_days) if material and lead_days else 0
        problems += [*_date(day, local, lead), *_start(source, before, day, local)]
    return problems


def earliest(now: datetime, lead_days: int = LEAD_DAYS) -> date:
    """The first day on which a change announced at `now` (site's local time) may take effect.

    Full days are counted by the site's calendar: what is announced in the course of a day takes
    effect at the earliest at the midnight that ends the `lead_days`-th day after it.
    """
    if not lead_days:
        return now.date()
    begun = now.time() != time(0)
    return now.date() + timedelta(days=lead_days + begun)


def _summaries(source: VersionSource) -> list[Problem]:
    remedy = "say in plain words what changes for the reader, in at most 400 characters"
    return [
        Problem(text.file, "change", "the summary of the change is missing (R77)", remedy)
        for text in source.texts.values()
        if not text.change
    ]


def _class(source: VersionSource, before: Package, found: Sequence[Difference]) -> list[Problem]:
    # R86: people are told of a new purpose before the processing starts, so it is announced.
    if source.change_class == "material":
        return []
    place, remedy = "version.class", 'write class = "material"'
    if new := _new_purposes(source, before):
        what = f"{new} is new since {before.number}, and a new purpose is a material change (R86)"
        return [Problem(FACTS, place, what, remedy)]
    # R79: a class is raised freely, and lowered with a reason of this version's own.
    if not lowered(source.change_class, list(found)):
        return []
    if source.reason and source.reason != _reason(before.facts):
        return []
    wanted = proposed(list(found))
    what = "; ".join(str(one) for one in found if one.change_class == wanted)
    message = f"by what differs the change is {wanted}, since {before.number}: {what} (R78)"
    remedy = f'write class = "{wanted}", or why it is less as a new reason = "…" under [version]'
    return [Problem(FACTS, place, message, remedy)]


def _date(day: date, local: datetime, lead: int) -> list[Problem]:
    first = earliest(local, lead)
    if day >= first:
        return []
    message = f"{day} is too early"
    remedy = f"take {first} or later"
    if lead:
        message += f": a material change is announced {lead} days before (R81)"
        remedy += ", or give the reason for less, which is stored"
    return [Problem(FACTS, "version.effective", message, remedy)]


def _start(source: VersionSource, before: Package, day: date, local: datetime) -> list[Problem]:
    # R86: a reason shortens the time before a new purpose, and never takes it away.
    new = _new_purposes(source, before)
    if not new or day > local.date():
        return []
    message = f"{new} is new, and people are told of a new purpose before it starts (R86)"
    remedy = f"take {local.date() + timedelta(days=1)} or later"
    return [Problem(FACTS, "version.effective", message, remedy)]


def _new_purposes(source: VersionSource, before: Package) -> str:
    old = _purposes(before.facts)
    return ", ".join(key for key in _purposes(source.facts) if key not in old)


def _lead(before: Package, lead_days: int) -> int:
    # What the notice promises its readers is kept.
    changes = before.facts.get("changes")
    promised = changes.get("notice_days") if isinstance(changes, Mapping) else None
    return max(lead_days, min(promised, _YEARS)) if isinstance(promised, int) else lead_days


def _reason(facts: Mapping[str, object]) -> object:
    version = facts.get("version")
    return version.get("reason") if isinstance(version, Mapping) else None


def _purposes(facts: Mapping[str, object]) -> list[str]:
    purposes = facts.get("purposes")
    if not isinstance(purposes, list):
        return []
    # One without an id is known by its place, as where facts are compared.
    return [str(purpose.get("id", place)) for place, purpose in enumerate(purposes, 1)]
