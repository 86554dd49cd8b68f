"""How much a version changes, by what differs from the one before (R78, R79).

That is its facts, and the services that its cookie table tells of: each is a recipient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..declaration import Declaration
from .cookies import cookie_hash
from .number import CLASSES, VersionNumber

Facts = Mapping[str, object]

MATERIAL, CLARIFYING, EDITORIAL = CLASSES

# Of what the facts say, this says nothing to the reader: how the files hang together.
_IGNORED_TABLES = frozenset({"version", "sections", "waivers", "fallback"})
_IGNORED_FIELDS = frozenset({"id", "confirm", "question", "section"})
# Who answers, how rights are used, what is decided by machine: all of it matters.
_WHOLE = frozenset({"controller", "officer", "rights", "automated", "direct_marketing"})
# A row more here is something new about people; a row less is that in `_KEPT` only.
_LISTED = frozenset({"purposes", "data", "recipients", "transfers", "retention", "sources"})
_KEPT = frozenset({"retention"})
_MATERIAL_FIELDS = frozenset(
    {"basis", "country", "from", "interest", "mechanism", "profiling", "public", "role", "timing"}
)
_DAYS = {"day": 1, "week": 7, "month": 30.5, "year": 366}


class Difference(NamedTuple):
    """One fact that differs: its place in the facts file, what became of it, and how much it is.

    `before` and `now` are as the files have them, None where there is nothing.
    """

    key: str
    change_class: str
    before: object = None
    now: object = None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.key} is new"
        if self.now is None:
            return f"{self.key} is gone"
        if isinstance(self.before, str | int) and isinstance(self.now, str | int):
            return f"{self.key} was {self.before}, is {self.now}"
        return f"{self.key} is another"


def differences(before: Facts, now: Facts) -> list[Difference]:
    """List what differs between the facts of two versions, in the order of the later file."""
    found: list[Difference] = []
    for table in dict.fromkeys([*now, *before]):
        if table not in _IGNORED_TABLES:
            found += _between(table, _rows(before.get(table)), _rows(now.get(table)))
    return found


def declared(
    table: str, before: VersionNumber, now: VersionNumber, declaration: Declaration
) -> list[Difference]:
    """List what differs between the services that two versions tell of.

    `table` is the hash of what the earlier one tells (`cookies.cookie_hash`). A service that waits
    for one of the versions since then is known to be new (R81); of anything else that differs only
    the hash tells, so it is taken for the most that it may be.
    """
    found = [
        Difference(f"services.{service.id}", MATERIAL, None, service.name)
        for service in declaration.services
        if service.since and before < VersionNumber.parse(service.since) <= now
    ]
    if table != cookie_hash(declaration, str(before)):
        found.append(Difference("the table of services", MATERIAL, (), ()))
    return found


def proposed(found: list[Difference]) -> str:
    """The class that the differences ask for: the weightiest; `editorial` without any (R79)."""
    return min((one.change_class for one in found), key=CLASSES.index, default=EDITORIAL)


def lowered(change_class: str, found: list[Difference]) -> bool:
    """Whether a class makes less of a change than its facts do."""
    return CLASSES.index(change_class) > CLASSES.index(proposed(found))


def _rows(value: object) -> dict[str, Mapping[str, object]]:
    # A table is one row, an array of tables a row each by id; anything else is its own value.
    if isinstance(value, Mapping):
        return {"": value}
    if isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        return {str(row.get("id", place)): row for place, row in enumerate(value, 1)}
    return {} if value is None else {"": {"": value}}


def _between(
    table: str,
    before: Mapping[str, Mapping[str, object]],
    now: Mapping[str, Mapping[str, object]],
) -> Iterator[Difference]:
    for row in dict.fromkeys([*now, *before]):
        place = f"{table}.{row}".rstrip(".")
        if row not in before:
            weight = MATERIAL if table in _LISTED | _WHOLE else CLARIFYING
            yield Difference(place, weight, None, now[row])
        elif row not in now:
            weight = MATERIAL if table in _KEPT | _WHOLE else CLARIFYING
            yield Difference(place, weight, before[row], None)
        else:
            for field in dict.fromkeys([*now[row], *before[row]]):
                old, new = before[row].get(field), now[row].get(field)
                if field not in _IGNORED_FIELDS and old != new:
                    key = f"{place}.{field}".rstrip(".")
                    weight = _weight(table, field, old, new)
                    if field == "period" and "duration" not in now[row]:
                        weight = MATERIAL  # in words alone: it may be longer
                    yield Difference(key, weight, old, new)


def _weight(table: str, field: str, before: object, now: object) -> str:
    if table in _WHOLE or (table, field) == ("recipients", "name"):
        return MATERIAL
    if field == "duration":
        return CLARIFYING if _shorter(before, now) else MATERIAL
    if field == "interest" and isinstance(before, Mapping) and isinstance(now, Mapping):
        return CLARIFYING  # the same interest in other words
    if field in _MATERIAL_FIELDS:
        return MATERIAL
    if table in _LISTED and isinstance(now, list):
        # Data, countries, periods: more of them is something new.
        old = before if isinstance(before, list) else []
        return MATERIAL if any(one not in old for one in now) else CLARIFYING
    return CLARIFYING


def _shorter(before: object, now: object) -> bool:
    old, new = _days(before), _days(now)
    return old is not None and new is not None and new <= old


def _days(duration: object) -> float | None:
    match = re.fullmatch(r"(\d{1,4}) (day|week|month|year)s?", str(duration))
    return int(match[1]) * _DAYS[match[2]] if match else None
