"""What a site declares: categories, services and stored items, and the scope of a consent.

Pure values without input or output. Everything that shows, gates, expires or proves reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, TypeVar

from .record import canonical

T = TypeVar("T")
Texts = Mapping[str, str]
"""A text per language code."""


class Kind(StrEnum):
    """Where an item is stored in the visitor's terminal."""

    COOKIE = "cookie"
    LOCAL_STORAGE = "local-storage"
    SESSION_STORAGE = "session-storage"
    INDEXED_DB = "indexed-db"


@dataclass(frozen=True, slots=True)
class Item:
    """One cookie or other stored entry (R8, R9).

    `name` is exact or a pattern with `*`; `days` its lifetime in days, 0 for the session, None for
    storage that stays until it is removed; `reason` tells why a necessary item is necessary (R10).
    """

    name: str
    kind: Kind
    days: float | None
    purpose: Texts
    reason: Texts = field(default_factory=dict)
    path: str = "/"
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Who receives data when a category is allowed, and what it stores.

    `purposes` are language-free codes; `country` the ISO code of the provider's seat; `transfers`
    the countries outside the EEA, `mechanism` their safeguard; `since` the notice version
    (`YYYY.n`) before which the service stays gated and unasked (R81).

    What its tags load from is in `hosts`: `www.example.com`, `*.example.com` for every host below,
    either with a port and the start of a path, `www.example.com/maps/`. `inline` holds regular
    expressions for the scripts in the page that are the service's; `signal` names the way in which
    it is told of a choice, empty for none.
    """

    id: str
    name: str
    provider: str
    category: str
    purposes: tuple[str, ...]
    purpose: Texts
    items: tuple[Item, ...] = ()
    hosts: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    signal: str = ""
    country: str = ""
    transfers: tuple[str, ...] = ()
    mechanism: str = ""
    policy: str = ""
    since: str = ""
    third_party: bool = True


@dataclass(frozen=True, slots=True)
class Category:
    """What the visitor ticks.

    `gpc` tells whether the browser's Global Privacy Control signal denies it (R88).
    """

    id: str
    name: Texts
    text: Texts
    necessary: bool = False
    gpc: bool = False


class Wider(StrEnum):
    """In what a scope can go beyond another."""

    SERVICE = "service"
    PROVIDER = "provider"
    THIRD_PARTY = "third-party"
    PURPOSE = "purpose"
    TRANSFER = "transfer"
    ITEM = "item"
    LIFETIME = "lifetime"


class Widening(NamedTuple):
    """One thing in which a scope goes beyond another.

    `service` is the id of the service that it is about; `what` the purpose, the country or the item
    (its kind and name); `before` and `now` a provider, or a lifetime in days, None without an end.
    """

    kind: Wider
    service: str
    what: str = ""
    before: str | None = ""
    now: str | None = ""


@dataclass(frozen=True)
class Scope:
    """What a consent to one category covers, free of wording (R24, R25).

    `services` maps a service id to its provider, purposes, transfers, third-party access and
    items with lifetimes.
    """

    category: str
    services: Mapping[str, Mapping[str, object]]

    @cached_property
    def body(self) -> bytes:
        """Canonical bytes; two scopes with the same content have the same."""
        return canonical({"category": self.category, "services": self.services})

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `body`, 64 hexadecimal digits."""
        return sha256(self.body).hexdigest()

    @property
    def short(self) -> str:
        """The 12 hexadecimal digits that the choice cookie carries."""
        return self.hash[:12]

    def covers(self, other: Scope) -> bool:
        """Whether a consent to this scope also covers `other`: nothing in it is new or longer."""
        return self.category == other.category and next(self.widened(other), None) is None

    def widened(self, other: Scope) -> Iterator[Widening]:
        """In what `other`, a scope of the same category, goes beyond this one."""
        for service, wanted in other.services.items():
            if service in self.services:
                yield from _widened(service, self.services[service], wanted)
            else:
                yield Widening(Wider.SERVICE, service)


def _widened(
    service: str, given: Mapping[str, object], wanted: Mapping[str, object]
) -> Iterator[Widening]:
    before, now = given["provider"], wanted["provider"]
    if before != now:
        yield Widening(Wider.PROVIDER, service, before=str(before), now=str(now))
    if wanted["third_party"] and not given["third_party"]:
        yield Widening(Wider.THIRD_PARTY, service)
    for kind, key in ((Wider.PURPOSE, "purposes"), (Wider.TRANSFER, "transfers")):
        mine, yours = given[key], wanted[key]
        assert isinstance(mine, list)
        assert isinstance(yours, list)
        yield from (Widening(kind, service, each) for each in yours if each not in mine)
    items, needed = given["items"], wanted["items"]
    assert isinstance(items, Mapping)
    assert isinstance(needed, Mapping)
    for name, days in needed.items():
        if name not in items:
            yield Widening(Wider.ITEM, service, name)
        elif _span(days) > _span(items[name]):
            yield Widening(Wider.LIFETIME, service, name, items[name], days)


def _span(days: object) -> float:
    # Storage without a lifetime stays until removed: longer than any number of days.
    return float("inf") if days is None else float(str(days))


@dataclass(frozen=True)
class Declaration:
    """Everything that a site declares, in the order in which it is shown."""

    categories: tuple[Category, ...]
    services: tuple[Service, ...]

    @cached_property
    def body(self) -> bytes:
        """Canonical bytes of all that is declared, texts too: the artifact that records name."""
        return canonical({"categories": _plain(self.categories), "services": _plain(self.services)})

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `body`, 64 hexadecimal digits."""
        return sha256(self.body).hexdigest()

    @classmethod
    def read(cls, body: bytes) -> Declaration:
        """The declaration that some `body` is of; what an older one lacks is as by default.

        Raises `ValueError`, `KeyError` or `TypeError` for other bytes.
        """
        value = json.loads(body)
        return cls(
            tuple(_made(Category, each) for each in value["categories"]),
            tuple(
                _made(
                    Service,
                    each,
                    items=tuple(
                        _made(Item, item, kind=Kind(item["kind"]), days=_number(item["days"]))
                        for item in each["items"]
                    ),
                )
                for each in value["services"]
            ),
        )

    def without(self, pending: Callable[[str], bool]) -> Declaration:
        """The declaration without services whose notice version is not in force yet (R81)."""
        return replace(
            self, services=tuple(s for s in self.services if not (s.since and pending(s.since)))
        )

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """Ids of the categories that are asked: those that are not necessary and have a service.

        A consent to nothing would say nothing, and would be asked again with the first service.
        """
        used = {service.category for service in self.services}
        return tuple(c.id for c in self.categories if not c.necessary and c.id in used)

    @cached_property
    def category_of(self) -> Mapping[str, str]:
        """Maps the id of a service, and of a category itself, to a category."""
        own = {category.id: category.id for category in self.categories}
        return own | {service.id: service.category for service in self.services}

    def of(self, category: str) -> tuple[Service, ...]:
        """The services of a category."""
        return tuple(s for s in self.services if s.category == category)

    def items(self) -> Iterator[tuple[Service, Item]]:
        """Every declared item with its service."""
        return ((service, item) for service in self.services for item in service.items)

    def scope(self, category: str) -> Scope:
        """The scope of a category as it is declared now."""
        return Scope(
            category,
            {
                service.id: {
                    "provider": service.provider,
                    "purposes": sorted(service.purposes),
                    "transfers": sorted(service.transfers),
                    "third_party": service.third_party,
                    "items": _lifetimes(service.items),
                }
                for service in self.of(category)
            },
        )

    @cached_property
    def scopes(self) -> Mapping[str, Scope]:
        """The scope of every optional category, by category id."""
        return {category: self.scope(category) for category in self.optional}


def _lifetimes(items: Iterable[Item]) -> dict[str, str | None]:
    longest: dict[str, float | None] = {}
    for item in items:
        name = f"{item.kind} {item.name} {item.domain}".rstrip()
        # One name may be set at several paths: a consent covers the longest of them.
        if name not in longest or _span(item.days) > _span(longest[name]):
            longest[name] = item.days
    return {name: None if days is None else _days(days) for name, days in longest.items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return _days(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Category | Service | Item):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _made(of: type[T], value: Mapping[str, object], /, **parts: object) -> T:
    """One of the classes above, of what `_plain` made of it."""
    known = {f.name for f in fields(of)}  # type: ignore[arg-type]
    found = {key: tuple(v) if isinstance(v, list) else v for key, v in value.items()}
    return of(**{key: v for key, v in (found | parts).items() if key in known})


def _number(days: float | str | None) -> float | None:
    return float(days) if isinstance(days, str) else days


def _days(days: float) -> str:
    # As text: canonical JSON stays free of floating-point numbers.
    return f"{days:g}"
