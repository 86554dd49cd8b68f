"""What a withdrawal takes out of the browser: cookies in the reply, storage by script (R29)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ..browser.edition import Edition
from ..browser.firewall import Rule, Verdict, is_own
from ..choice import Choice
from ..cookie import Header, expiring
from ..declaration import Kind
from .runtime import Runtime

_LONGEST = 3000
"""The most bytes of `Set-Cookie` fields in one reply: many a proxy takes 4 KiB of header fields,
and would answer a withdrawal that has more with an error."""
_MOST = 200

# "Storage" and not "cookies": that would take the choice itself, and every session, along.
CLEAR_SITE_DATA = (b"clear-site-data", b'"storage"')

_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
_SHARED = frozenset(
    {"ac", "co", "com", "edu", "gov", "net", "org", "or", "ne", "go", "gob", "gouv"}
)


def expired(
    runtime: Runtime, choice: Choice, withdrawn: Sequence[str], host: str, sent: Iterable[str]
) -> list[Header]:
    """The `Set-Cookie` fields that remove what is refused from now on, `HttpOnly` or not.

    `choice` is the one that now holds, `withdrawn` its categories that were granted before; `sent`
    are the names of the request's cookies and `host` is its host. A browser sends what it has: so
    the refused ones of those come first, those that a pattern names too, then every other declared
    cookie of what was withdrawn, as far as there is room.
    """
    names = runtime.names[Kind.COOKIE]
    refused: dict[str, list[Rule]] = {}
    for name in sorted(sent)[:_MOST]:
        if names.judge(name, choice.allows) is Verdict.REFUSED:
            refused[name] = names.of(name)
    unseen: dict[str, list[Rule]] = {}
    for rule in names.rules:
        name = rule.item.name
        if "*" in name or name in refused or rule.service.category not in withdrawn:
            continue
        if names.judge(name, choice.allows) is Verdict.REFUSED:
            unseen[name] = names.of(name)
    domains = _domains(host, runtime.hosts)
    fields: dict[Header, None] = {}
    room = _LONGEST
    for field in chain(_fields(refused, domains), _fields(unseen, domains)):
        if field not in fields:
            room -= len(field[0]) + len(field[1]) + 4
            if room < 0:
                break
            fields[field] = None
    return list(fields)


def _fields(cookies: dict[str, list[Rule]], domains: Sequence[str]) -> Iterator[Header]:
    # A cookie is told from others by name, domain, path and whether it is partitioned.
    for partitioned in (False, True):
        for name, rules in cookies.items():
            host_only = name.lower().startswith("__host-")
            for path in dict.fromkeys((*(rule.item.path for rule in rules), "/")):
                for domain in ("",) if host_only else domains:
                    yield expiring(name, path=path, domain=domain, partitioned=partitioned)


def _domains(host: str, hosts: Sequence[str]) -> list[str]:
    """The domains under which a cookie of a host can lie, "" for the host alone.

    Behind a proxy the request may name another host: then those of all the site's.
    """
    found = [""]
    for one in (host,) if host in hosts else hosts:
        labels = one.split(".")
        if _ADDRESS.fullmatch(one):
            continue
        # Where everybody gets a name, no cookie can lie: "fi", "co.uk".
        public = 2 if len(labels) > 1 and len(labels[-1]) == 2 and labels[-2] in _SHARED else 1
        found += [".".join(labels[at:]) for at in range(len(labels) - public)]
    return list(dict.fromkeys(found))


def clearing(runtime: Runtime, edition: Edition, choice: Choice) -> dict[str, object]:
    """What the script is to remove: per kind of item, names and patterns, each with 1 if it goes.

    The first that a name fits counts. Empty where nothing goes.
    """
    kinds: dict[str, object] = {}
    for kind, names in runtime.names.items():
        ranked = sorted(
            (
                -rule.exactness,
                "*" in rule.item.name,
                not rule.allowed(choice.allows),
                rule.item.name,
            )
            for rule in names.rules
        )
        rules = [[name, int(goes)] for _, _, goes, name in ranked]
        if any(goes for _, goes in rules):
            kinds[kind.value] = rules
    return {"script": edition.address("enforce.js"), **kinds} if kinds else {}


def is_full(choice: Choice, withdrawn: Sequence[str]) -> bool:
    """Whether a withdrawal has left nothing granted."""
    return bool(withdrawn) and not any(choice.allows(category) for category in choice.states)


def staying(runtime: Runtime, withdrawn: Sequence[str], *, scripted: bool) -> str:
    """What of withdrawn services stays in the browser, named to the visitor.

    Cookies and storage under domains of others are out of our reach; without script, storage of the
    site's own is too.
    """
    site = runtime.hosts[0]
    named = []
    for service in runtime.settings.declaration.services:
        if service.category not in withdrawn:
            continue
        places: dict[str, list[str]] = {}
        for item in service.items:
            own = is_own(item, runtime.hosts)
            if own and (item.kind is Kind.COOKIE or scripted):
                continue
            names = places.setdefault(site if own else item.domain.lstrip("."), [])
            if item.name not in names:
                names.append(item.name)
        if places:
            where = "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items())
            named.append(f"{service.name} ({where})")
    return ", ".join(named)
