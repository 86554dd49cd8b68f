"""What changed in the services of a site between two deployments, in words for visitors.

Services, items, lifetimes, providers and transfers are told; a text that only reads better is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from ..declaration import Category, Declaration, Item, Service
from ..settings.services import default_categories
from ..texts import listing, texts
from ..texts.countries import country_name
from .cookies import item_name, lifetime, mechanism_name


class Deployment(NamedTuple):
    """From when on (UTC) a declaration was in use."""

    since: datetime
    declaration: Declaration


class Change(NamedTuple):
    """What a deployment changed: when (UTC), and a sentence for each thing."""

    when: datetime
    lines: tuple[str, ...]


def declared_changes(deployments: Iterable[Deployment], lang: str) -> list[Change]:
    """List what each deployment changed, oldest first; the first one is where it all begins.

    `deployments` come in the order of their time. A deployment that changes nothing is left out.
    """
    found, before = [], None
    for since, declaration in deployments:
        if before is not None and (lines := tuple(differences(before, declaration, lang))):
            found.append(Change(since, lines))
        before = declaration
    return found


def differences(before: Declaration, now: Declaration, lang: str) -> Iterator[str]:
    """Tell in what two declarations differ, a sentence without its full stop for each thing.

    `lang` is fi, sv or en; raises `KeyError` for another.
    """
    words = texts(lang, "history")["declared"]
    ours, theirs = ({s.id: s for s in each.services} for each in (before, now))
    for key, service in theirs.items():
        if key not in ours:
            yield _placed(words, "added", now, service, lang)
        else:
            yield from _changed(words, before, now, ours[key], service, lang)
    for key, service in ours.items():
        if key not in theirs:
            yield _placed(words, "removed", before, service, lang)


def _placed(
    words: Mapping[str, str], what: str, declared: Declaration, service: Service, lang: str
) -> str:
    category = _category(declared, service)
    name = _name(category, lang)
    # Our own categories bend as the language wants; what a site calls its own is quoted.
    shipped = default_categories().get(category.id, {}).get("name")
    own = isinstance(shipped, Mapping) and shipped.get(lang) == name
    said = words[f"{what}-{category.id}" if own else what]
    return said.format(service=service.name, category=name)


def _changed(
    words: Mapping[str, str],
    declared: Declaration,
    declares: Declaration,
    before: Service,
    now: Service,
    lang: str,
) -> Iterator[str]:
    def say(key: str, **values: str) -> str:
        return words[key].format(service=now.name, **values)

    if before.name != now.name:
        yield say("renamed", before=before.name)
    if before.category != now.category:
        was, is_now = _category(declared, before), _category(declares, now)
        yield say("moved", category=_name(is_now, lang), before=_name(was, lang))
    if before.provider != now.provider:
        yield say("provider", now=now.provider or "–", before=before.provider or "–")
    if before.third_party != now.third_party:
        yield say("third-party" if now.third_party else "own")
    if sorted(before.purposes) != sorted(now.purposes):
        yield say("purpose", now=now.purpose.get(lang, "")).strip()
    for key, some, others in (
        ("transfer", now.transfers, before.transfers),
        ("no-transfer", before.transfers, now.transfers),
    ):
        if new := [country_name(code, lang) for code in some if code not in others]:
            yield say(key, now=listing(new, lang))
    if before.transfers and now.transfers and before.mechanism != now.mechanism:
        names = [mechanism_name(s.mechanism, lang) or "–" for s in (now, before)]
        yield say("mechanism", now=names[0], before=names[1])
    yield from _items(words, before, now, lang)


def _items(words: Mapping[str, str], before: Service, now: Service, lang: str) -> Iterator[str]:
    ours, theirs = ({_key(i): i for i in service.items} for service in (before, now))
    for key, item in theirs.items():
        told = {"service": now.name, "item": item_name(item, lang)}
        if key not in ours:
            yield words["item"].format(now=lifetime(item.days, lang), **told)
        else:
            # As they are told: a minute is no sum of days that could be stored and read the same.
            spans = {"now": lifetime(item.days, lang), "before": lifetime(ours[key].days, lang)}
            if spans["now"] != spans["before"]:
                yield words["lifetime"].format(**spans, **told)
    for key, item in ours.items():
        if key not in theirs:
            yield words["no-item"].format(service=now.name, item=item_name(item, lang))


def _key(item: Item) -> tuple[str, ...]:
    return (str(item.kind), item.name, item.domain, item.path)


def _category(declared: Declaration, service: Service) -> Category:
    found = (each for each in declared.categories if each.id == service.category)
    return next(found, Category(service.category, {}, {}))


def _name(category: Category, lang: str) -> str:
    return category.name.get(lang, category.id)
