"""The cookie table of a notice, and lifetimes in words (R8, R9, R65)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TypeVar

from ..declaration import Declaration, Item, Kind, Service, Texts
from ..record import canonical
from ..texts.countries import country_name
from .number import VersionNumber

T = TypeVar("T")

# Each unit with the form for one and the form for many; Finnish counts with the partitive.
_UNITS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "fi": {
        "second": ("sekunti", "sekuntia"),
        "minute": ("minuutti", "minuuttia"),
        "hour": ("tunti", "tuntia"),
        "day": ("päivä", "päivää"),
        "month": ("kuukausi", "kuukautta"),
        "year": ("vuosi", "vuotta"),
    },
    "sv": {
        "second": ("sekund", "sekunder"),
        "minute": ("minut", "minuter"),
        "hour": ("timme", "timmar"),
        "day": ("dag", "dagar"),
        "month": ("månad", "månader"),
        "year": ("år", "år"),
    },
    "en": {
        "second": ("second", "seconds"),
        "minute": ("minute", "minutes"),
        "hour": ("hour", "hours"),
        "day": ("day", "days"),
        "month": ("month", "months"),
        "year": ("year", "years"),
    },
}
_SESSION = {"fi": "istunnon ajan", "sv": "under sessionen", "en": "for the session"}
_UNTIL_REMOVED = {"fi": "poistamiseen asti", "sv": "tills den tas bort", "en": "until removed"}

_COLUMNS = {
    "fi": (
        "Nimi",
        "Palvelu ja tarjoaja",
        "Käyttötarkoitus",
        "Säilytysaika",
        "Muiden pääsy tietoihin",
        "Vastaanottajan maa",
    ),
    "sv": (
        "Namn",
        "Tjänst och leverantör",
        "Ändamål",
        "Lagringstid",
        "Tredje parts åtkomst",
        "Mottagarens land",
    ),
    "en": (
        "Name",
        "Service and provider",
        "Purpose",
        "Lifetime",
        "Third-party access",
        "Recipient’s country",
    ),
}
_YES_NO = {"fi": ("Kyllä", "Ei"), "sv": ("Ja", "Nej"), "en": ("Yes", "No")}
_OWN = {"fi": "sivuston oma", "sv": "webbplatsens egen", "en": "the site’s own"}
_OUR_NAME = {"fi": "Evästevalinta", "sv": "Val av kakor", "en": "Cookie choice"}
_NOTHING_STORED = {
    "fi": "ei tallenna mitään",
    "sv": "lagrar ingenting",
    "en": "stores nothing",
}
_NOTHING_DECLARED = {
    "fi": "Sivusto ei tallenna laitteellesi mitään.",
    "sv": "Webbplatsen lagrar ingenting på din enhet.",
    "en": "This site stores nothing on your device.",
}
_KINDS: Mapping[Kind, Mapping[str, str]] = {
    Kind.COOKIE: {"fi": "eväste", "sv": "kaka", "en": "cookie"},
    Kind.LOCAL_STORAGE: {
        "fi": "paikallinen tallennus",
        "sv": "lokal lagring",
        "en": "local storage",
    },
    Kind.SESSION_STORAGE: {
        "fi": "istuntotallennus",
        "sv": "sessionslagring",
        "en": "session storage",
    },
    Kind.INDEXED_DB: {"fi": "IndexedDB", "sv": "IndexedDB", "en": "IndexedDB"},
}
_MECHANISMS: Mapping[str, Mapping[str, str]] = {
    "dpf": {
        "fi": "EU:n ja Yhdysvaltain tietosuojakehys",
        "sv": "ramen för dataskydd mellan EU och USA",
        "en": "EU–US Data Privacy Framework",
    },
    "scc": {
        "fi": "komission vakiosopimuslausekkeet",
        "sv": "kommissionens standardavtalsklausuler",
        "en": "standard contractual clauses of the Commission",
    },
    "adequacy": {
        "fi": "komission riittävyyspäätös",
        "sv": "kommissionens beslut om adekvat skyddsnivå",
        "en": "adequacy decision of the Commission",
    },
}
_TRANSFER = {"fi": "siirto: {}", "sv": "överföring: {}", "en": "transfer: {}"}


def lifetime(days: float | None, lang: str) -> str:
    """Say a lifetime as people do: "2 vuotta", "istunnon ajan", "2 år", "13 months" (R8).

    `days` is the lifetime in days, 0 for the session, None for storage that stays until it is
    removed; `lang` is fi, sv or en (English for any other).
    """
    lang = lang if lang in _UNITS else "en"
    if days is None:
        return _UNTIL_REMOVED[lang]
    if days <= 0:
        return _SESSION[lang]
    count, unit = _largest_unit(days)
    return span(count, unit, lang)


def span(count: int, unit: str, lang: str) -> str:
    """Say a number of a unit, which is as in "second" to "year": "36 kuukautta"."""
    return f"{count} {_UNITS[lang][unit][count != 1]}"


def item_name(item: Item, lang: str) -> str:
    """Name an item with its kind, as a sentence does: "eväste _ga"."""
    return f"{_in(_KINDS[item.kind], lang)} {item.name}"


def mechanism_name(code: str, lang: str) -> str:
    """Name the safeguard of a transfer; an unknown code is given back."""
    return _in(_MECHANISMS[code], lang) if code in _MECHANISMS else code


def _largest_unit(days: float) -> tuple[int, str]:
    # A year is 365 days or a leap year's share more; a month 30 days, or a twelfth of a year. What
    # is no round number of them, as the 400 days that Chrome allows, stays in days.
    for whole, unit, least in ((365, "year", 1), (30, "month", 2)):
        count = round(days / whole)
        if count >= least and days == count * whole:
            return count, unit
    for mean, unit in ((365.25, "year"), (365.25 / 12, "month")):
        count = round(days / mean)
        if count >= 1 and abs(days - count * mean) < 0.8:
            return count, unit
    if days == round(days) or days > 7:
        return round(days), "day"
    seconds = round(days * 86_400)
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length and seconds % length == 0:
            return seconds // length, unit
    return max(1, seconds), "second"


@dataclass(frozen=True, slots=True)
class Row:
    """One stored item, or a service that stores nothing, in the words of one language (R8)."""

    name: str
    kind: str
    service: str
    provider: str
    purpose: str
    lifetime: str
    third_party: str
    country: str


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one category, with its name and its sentence."""

    category: str
    name: str
    text: str
    rows: tuple[Row, ...]


def cookie_groups(
    declaration: Declaration, lang: str, version: str | None = None
) -> tuple[Group, ...]:
    """List what a declaration stores, by category, in the words of one language.

    `version` leaves out the services that start with a later notice version (`since`, R81); None
    lists all. Categories without a service are left out.
    """
    declaration = _as_of(declaration, version)
    groups = []
    for category in declaration.categories:
        rows: list[Row] = []
        for service in declaration.of(category.id):
            items: tuple[Item | None, ...] = service.items or (None,)
            rows.extend(_row(service, item, lang) for item in items)
        if rows:
            name, text = _text(category.name, lang), _text(category.text, lang)
            # An item that is set at several paths is one item to a reader.
            groups.append(Group(category.id, name, text, tuple(dict.fromkeys(rows))))
    return tuple(groups)


def cookie_table(declaration: Declaration, lang: str, version: str | None = None) -> str:
    """Write the cookie table of a declaration as HTML, one `table` a category (R8, R65).

    Every cell carries its column's name in `data-label`, so that a stylesheet can turn rows into
    cards on a narrow window. `version`: see `cookie_groups`.
    """
    groups = cookie_groups(declaration, lang, version)
    if not groups:
        return f"<p>{_in(_NOTHING_DECLARED, lang)}</p>"
    return "\n".join(_table(group, lang) for group in groups)


def cookie_hash(declaration: Declaration, version: str | None = None) -> str:
    """The SHA-256 of all that the cookie table tells, over all its languages, as 64 hex digits.

    Two declarations with the same hash give the same table; wording of our own (column names,
    countries) is left out, so that a newer release of this package does not change it.
    """
    declaration = _as_of(declaration, version)
    body = [
        {
            "category": category.id,
            "name": dict(category.name),
            "services": [
                {
                    "name": service.name,
                    "provider": service.provider,
                    "purpose": dict(service.purpose),
                    "country": service.country,
                    "transfers": list(service.transfers),
                    "mechanism": service.mechanism,
                    "third_party": service.third_party,
                    "items": [
                        {
                            "name": item.name,
                            "kind": str(item.kind),
                            # As text: canonical JSON has no floating-point numbers.
                            "days": None if item.days is None else f"{item.days:g}",
                            "purpose": dict(item.purpose),
                            "reason": dict(item.reason),
                        }
                        for item in service.items
                    ],
                }
                for service in declaration.of(category.id)
            ],
        }
        for category in declaration.categories
    ]
    return sha256(canonical(body)).hexdigest()


def _as_of(declaration: Declaration, version: str | None) -> Declaration:
    if version is None:
        return declaration
    number = VersionNumber.parse(version)
    return declaration.without(lambda since: VersionNumber.parse(since) > number)


def _row(service: Service, item: Item | None, lang: str) -> Row:
    common = {
        # The component's own entry of the catalogue has a name that means nothing to visitors.
        "service": _in(_OUR_NAME, lang) if service.id == "consent" else service.name,
        "provider": service.provider or _in(_OWN, lang),
        "third_party": _in(_YES_NO, lang)[not service.third_party],
        "country": _countries(service, lang),
    }
    if item is None:
        stores_nothing, purpose = _in(_NOTHING_STORED, lang), _text(service.purpose, lang)
        return Row(name="", kind=stores_nothing, purpose=purpose, lifetime="–", **common)
    sentences = (_text(item.purpose, lang), _text(item.reason, lang))
    return Row(
        name=item.name,
        kind=_in(_KINDS[item.kind], lang),
        purpose=" ".join(filter(None, sentences)),
        lifetime=lifetime(item.days, lang),
        **common,
    )


def _countries(service: Service, lang: str) -> str:
    seat = country_name(service.country, lang) if service.country else "–"
    if not service.transfers:
        return seat
    abroad = ", ".join(country_name(code, lang) for code in service.transfers)
    safeguard = _MECHANISMS.get(service.mechanism)
    how = f" ({_in(safeguard, lang)})" if safeguard else ""
    if service.transfers == (service.country,):
        return f"{seat}{how}"
    return f"{seat}; {_in(_TRANSFER, lang).format(abroad)}{how}"


def _table(group: Group, lang: str) -> str:
    columns = [escape(column) for column in _in(_COLUMNS, lang)]
    heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
    rows = "\n".join(_cells(row, columns) for row in group.rows)
    return (
        f'<table id="items-{escape(group.category)}" class="vc-wide">\n'
        f"<caption>{escape(group.name)}</caption>\n"
        f"<thead>\n<tr>{heads}</tr>\n</thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _cells(row: Row, columns: list[str]) -> str:
    kind = escape(row.kind)
    name = f"<code>{escape(row.name)}</code> {kind}" if row.name else kind
    service = escape(row.service)
    if row.provider and row.provider != row.service:
        service += f"<br>{escape(row.provider)}"
    cells = [service, *map(escape, (row.purpose, row.lifetime, row.third_party, row.country))]
    rest = "".join(
        f'<td data-label="{column}">{cell}</td>'
        for column, cell in zip(columns[1:], cells, strict=True)
    )
    return f'<tr><th scope="row" data-label="{columns[0]}">{name}</th>{rest}</tr>'


def _text(texts: Texts, lang: str) -> str:
    # A missing translation is refused at start-up; the first language is only the last resort.
    return texts.get(lang) or next(iter(texts.values()), "")


def _in(table: Mapping[str, T], lang: str) -> T:
    return table[lang] if lang in table else table["en"]
