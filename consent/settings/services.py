"""Reads the categories, services and items of a settings file: R8-R10, R13, R98."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tomllib import load

from .. import catalogue
from ..declaration import Category, Declaration, Item, Kind, Service
from .reader import Reader, show

RESERVED = ("decision", "token", "shown", "return", "asked", "lang", "method", "layout")
"""Names of the form's own fields, which no category may take."""

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HOST = re.compile(
    r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?"
)
_DOMAIN = re.compile(r"\.?([a-z0-9-]+\.)*[a-z0-9-]+")
_VERSION = re.compile(r"[1-9][0-9]{3}\.[1-9][0-9]{0,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = re.compile(r"https://[!-~]+")
_PLACE = re.compile(r"/[!-:<-~]*")
_COOKIE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LIFETIME = re.compile(r"([1-9][0-9]{0,6}) (minute|hour|day|week|month|year)s?")
_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_LONGEST = 3650

PURPOSES = (
    "session",
    "security",
    "load-balancing",
    "payment",
    "consent-record",
    "language",
    "preferences",
    "audience-measurement",
    "behaviour-recording",
    "advertising",
    "ad-measurement",
    "profiling",
    "social-media",
    "embedded-video",
    "embedded-map",
    "chat",
    "tag-management",
    "lead-identification",
    "marketing-automation",
    "bot-detection",
)
SIGNALS = ("google", "uet", "clarity", "meta", "hubspot", "matomo", "tiktok", "pinterest")
"""The ways in which vendors are told of a choice (R93-R96)."""

NECESSARY = (
    "session",
    "security",
    "load-balancing",
    "payment",
    "consent-record",
    "language",
    "bot-detection",
)
"""The purposes that can be necessary for a service that the visitor asked for (R10)."""

_OWN = "consent"
# What sells advertising space for Google, by the names that people give it (R98).
_CERTIFIED = re.compile(r"ad-?sense|ad-?mob|google-ad-?manager|doubleclick-for-publishers")


@cache
def default_categories() -> Mapping[str, Mapping[str, object]]:
    """The four categories that a site gets unless it declares its own."""
    with (Path(__file__).parent / "categories.toml").open("rb") as file:
        return load(file)


def read_declaration(root: Reader, languages: Sequence[str], cookie: str, days: int) -> Declaration:
    """Read `[categories]` and `[services]`.

    `cookie` is the name and `days` the lifetime of our own cookie, which every site declares
    (R132).
    """
    categories = _categories(root.inner("categories"), languages)
    known = {category.id: category for category in categories}
    services = root.inner("services")
    read = [_own(root, languages, known, cookie, days)]
    read += [_service(services.inner(name), name, languages, known) for name in services.table]
    _each_once(read, services)
    # Shown in the order of the categories, so that scope and table read the same everywhere.
    order = list(known)
    return Declaration(
        tuple(categories),
        tuple(sorted(read, key=lambda s: order.index(s.category) if s.category in order else 99)),
    )


def _own(
    root: Reader,
    languages: Sequence[str],
    categories: Mapping[str, Category],
    cookie: str,
    days: int,
) -> Service:
    shipped = "__Host-choices"
    table = {
        "use": _OWN,
        "category": next((c.id for c in categories.values() if c.necessary), "necessary"),
        "items": [{"name": shipped, "lifetime": f"{days} days"}],
    }
    # Without a necessary category this reading finds faults too, but that one is told already.
    problems = root.problems if table["category"] in categories else []
    service = _service(Reader(table, root.file, "cookie", problems), _OWN, languages, categories)
    items = (replace(i, name=cookie) if i.name == shipped else i for i in service.items)
    return replace(service, items=tuple(items))


def _each_once(declared: Iterable[Service], services: Reader) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for service in declared:
        for item in service.items:
            if item.domain:
                continue  # under another's domain several of its services may share one
            mark = (item.kind, item.name, item.path)
            if mark in seen:
                services.fault(
                    f"{service.id}.items",
                    f"declares {item.name}, which {seen[mark]} declares too",
                    "declare each item once, under one service",
                )
            seen[mark] = service.id


def _categories(table: Reader, languages: Sequence[str]) -> list[Category]:
    defaults = default_categories()
    names = list(table.table) if table.table.get("only") is True else []
    only = table.flag("only", False)
    ids = [*([] if only else defaults), *(n for n in table.table if n not in defaults)]
    if only:
        ids = [n for n in names if n != "only"]
    categories = []
    for name in ids:
        if name == "only":
            continue
        base = defaults.get(name, {})
        entry = table.inner(name)
        if not _ID.fullmatch(name) or name in RESERVED or len(name) > 32:
            entry.fault("", "is not a name for a category", "use lower-case letters and hyphens")
        categories.append(
            Category(
                id=name,
                name=entry.texts("name", languages, _texts(base, "name")),
                text=entry.texts("text", languages, _texts(base, "text")),
                necessary=entry.flag("necessary", base.get("necessary") is True),
                gpc=entry.flag("gpc", base.get("gpc") is True),
            )
        )
        entry.close()
    if not any(category.necessary for category in categories):
        table.fault("", "has no necessary category", "declare one with necessary = true")
    if sum(not category.necessary for category in categories) > 8:
        table.fault("", "has more than eight optional categories", "join some of them")
    return categories


def _texts(base: Mapping[str, object], name: str) -> dict[str, str]:
    value = base.get(name)
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _service(
    entry: Reader, name: str, languages: Sequence[str], categories: Mapping[str, Category]
) -> Service:
    reserved = name in categories or (name == _OWN and entry.place != "cookie")
    if not _ID.fullmatch(name) or reserved or len(name) > 64:
        entry.fault(
            "",
            "is not a name for a service",
            "use lower-case letters and hyphens, and no name of a category",
        )
    base = _base(entry, name)
    merged = Reader({**base, **entry.table}, entry.file, entry.place, entry.problems)
    for known in ("use", "checked", "source", "status", "items"):
        merged.has(known)
    category = merged.text("category", one_of=tuple(categories))
    necessary = category in categories and categories[category].necessary
    transfers, mechanism = _transfers(merged)
    service = Service(
        id=name,
        name=merged.text("name"),
        provider=merged.text("provider", "" if base.get("provider") == "" else None),
        category=category,
        purposes=_purposes(merged, languages, necessary),
        purpose=merged.texts("purpose", languages, _texts(base, "purpose")),
        items=_items(entry, base, languages, necessary),
        hosts=_hosts(merged),
        inline=_inline(merged),
        signal=merged.text("signal", "", one_of=("", *SIGNALS)),
        country=merged.shaped("country", _COUNTRY, '"FI", the ISO 3166 code'),
        transfers=transfers,
        mechanism=mechanism,
        policy=merged.shaped("policy", _ADDRESS, '"https://…"'),
        since=merged.shaped("from", _VERSION, '"2027.1", the version of the notice'),
        third_party=merged.flag("third_party", True),
    )
    merged.close()
    return service


def _base(entry: Reader, name: str) -> dict[str, object]:
    certified = _certified(entry, name)
    use = entry.text("use", one_of=catalogue.ids()) if entry.has("use") and not certified else ""
    if certified or (entry.has("use") and not use):
        # What the rest of the table lacks, it lacks for this reason.
        entry.problems = []
    return dict(catalogue.entry(use)) if use else {}


def _certified(entry: Reader, name: str) -> bool:
    for key, value in (("", name), *((k, entry.table.get(k)) for k in ("use", "name"))):
        slug = re.sub(r"[^a-z]+", "-", value[:200].lower()) if isinstance(value, str) else ""
        if _CERTIFIED.search(slug):
            entry.fault(
                key,
                f"names {show(value)}, which takes only consent tools certified for IAB TCF",
                "leave it out: this component does not serve the sale of advertising space (R98)",
            )
            return True
    return False


def _purposes(entry: Reader, languages: Sequence[str], necessary: bool) -> tuple[str, ...]:
    purposes = entry.words("purposes")
    choose = f"choose from {', '.join(PURPOSES)}"
    for purpose in purposes:
        if purpose not in PURPOSES:
            entry.fault("purposes", f"holds {show(purpose)}", choose)
    if entry.table.get("purposes", []) == []:
        entry.fault("purposes", "is empty", choose)
    wrong = [p for p in PURPOSES if p in purposes and p not in NECESSARY]
    if entry.has("necessary_because"):
        entry.texts("necessary_because", languages)
    elif necessary and wrong:
        entry.fault(
            "category",
            f"makes {', '.join(wrong)} necessary, which consent law does not",
            "choose an optional category, or give the reason as necessary_because = { fi = … }",
        )
    return purposes


def _hosts(entry: Reader) -> tuple[str, ...]:
    hosts = entry.words("hosts")
    for host in hosts:
        if not _HOST.fullmatch(host):
            remedy = 'write "www.example.com", "*.example.com" or "www.example.com/maps/"'
            entry.fault("hosts", f"holds {show(host)}", remedy)
    return hosts


def _inline(entry: Reader) -> tuple[str, ...]:
    patterns = entry.words("inline")
    for pattern in patterns:
        try:
            everything = re.search(pattern.encode(), b"") is not None
        except re.error as error:
            entry.fault("inline", f"holds {show(pattern)}: {error}", "write a regular expression")
        else:
            if everything:
                remedy = "write a part of the snippet that stands in no other script"
                entry.fault("inline", f"holds {show(pattern)}, which every script matches", remedy)
    return patterns


def _transfers(entry: Reader) -> tuple[tuple[str, ...], str]:
    transfers = entry.words("transfers")
    if not all(map(_COUNTRY.fullmatch, transfers)):
        entry.fault("transfers", f"is {show(list(transfers))}", 'write ISO 3166 codes: ["US"]')
    mechanism = entry.text("mechanism", "", one_of=("", "dpf", "scc", "adequacy"))
    if transfers and not mechanism:
        entry.fault(
            "mechanism",
            "is missing, though data goes outside the EEA",
            'write mechanism = "dpf", "scc" or "adequacy"',
        )
    return transfers, mechanism


def _items(
    entry: Reader, base: Mapping[str, object], languages: Sequence[str], necessary: bool
) -> tuple[Item, ...]:
    own = entry.inners("items")
    found = base.get("items")
    tables = []
    # A site mends a shipped item field by field, by its name; other items join.
    for item in found if isinstance(found, list) else []:
        mended = next((o for o in own if _same(o.table, item)), None)
        if mended is not None:
            own.remove(mended)
        place = f"{entry.key('items')}.{item['name']}"
        table = {**item, **(mended.table if mended else {})}
        tables.append(Reader(table, entry.file, place, entry.problems))
    return tuple(_item(item, languages, necessary) for item in [*tables, *own])


def _same(own: Mapping[str, object], shipped: Mapping[str, object]) -> bool:
    return (
        own.get("name") == shipped["name"] and own.get("kind", shipped["kind"]) == shipped["kind"]
    )


def _item(entry: Reader, languages: Sequence[str], necessary: bool) -> Item:
    kind = Kind(entry.text("kind", "cookie", one_of=tuple(Kind)))
    name = entry.text("name")
    if kind is Kind.COOKIE and name and not _COOKIE.fullmatch(name):
        entry.fault("name", f"is {show(name)}, which no cookie is called", "write its exact name")
    elif name and not name.strip("*"):
        entry.fault(
            "name", "declares everything at once", "write the name, with * for a part of it"
        )
    item = Item(
        name=name,
        kind=kind,
        days=_lifetime(entry, kind),
        purpose=entry.texts("purpose", languages),
        reason=entry.texts("reason", languages, required=necessary),
        path=entry.shaped("path", _PLACE, '"/" or "/shop"') or "/",
        domain=entry.shaped("domain", _DOMAIN, '"example.com"'),
    )
    entry.close()
    return item


def _lifetime(entry: Reader, kind: Kind) -> float | None:
    text = entry.text("lifetime")
    if text == "session" and kind in (Kind.COOKIE, Kind.SESSION_STORAGE):
        return 0
    if text == "until-removed" and kind is not Kind.COOKIE:
        return None
    match = _LIFETIME.fullmatch(text)
    if match is None:
        if text:
            entry.fault(
                "lifetime",
                f"is {show(text)}",
                'write "session", "30 minutes", "13 months", or "until-removed" for storage',
            )
        return 0
    days = int(match[1]) * _DAYS[match[2]]
    if days > _LONGEST:
        entry.fault("lifetime", f"is {show(text)}, more than ten years", "give the real lifetime")
    return days
