"""A small notice and declaration that the tests of the notice room share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from consent.declaration import Category, Declaration, Item, Kind, Service
from consent.notice.package import Package
from consent.notice.publish import publish

LANGUAGES = ("fi", "sv", "en")
SETTINGS = {lang: f"/choices/{lang}" for lang in LANGUAGES}


def texts(word: str) -> dict[str, str]:
    return {lang: f"{word} ({lang})" for lang in LANGUAGES}


def declaration(**changes: object) -> Declaration:
    statistics = {
        "id": "counter",
        "name": "Counter",
        "provider": "Counter Ltd",
        "category": "statistics",
        "purposes": ("audience-measurement",),
        "purpose": texts("Counts"),
        "items": (
            Item("_count", Kind.COOKIE, 730, texts("Counts visits")),
            Item("_seen", Kind.LOCAL_STORAGE, None, texts("Remembers pages")),
        ),
        "country": "IE",
        "transfers": ("US",),
        "mechanism": "dpf",
    }
    own = Service(
        id="own",
        name="Choice",
        provider="Esimerkki Oy",
        category="necessary",
        purposes=("consent-record",),
        purpose=texts("Keeps the choice"),
        items=(Item("choice", Kind.COOKIE, 0, texts("Keeps it"), reason=texts("Because")),),
        country="FI",
        third_party=False,
    )
    later = Service(
        id="map",
        name="Map",
        provider="Map Inc",
        category="statistics",
        purposes=("embedded-map",),
        purpose=texts("Shows a map"),
        country="US",
        transfers=("US",),
        mechanism="scc",
        since="2027.1",
    )
    categories = (
        Category("necessary", texts("Necessary"), texts("n"), necessary=True),
        Category("statistics", texts("Statistics"), texts("s")),
        Category("marketing", texts("Marketing"), texts("m")),
    )
    return Declaration(categories, (own, Service(**(statistics | changes)), later))


FACTS = """\
[version]
class = "{change_class}"

[controller]
name = "Esimerkki Oy"

[[purposes]]
id = "service"
name = {{ fi = "Palvelu", sv = "Tjänst", en = "Service" }}
basis = "contract"

{more}

[sections]
controller = "controller"
purposes = "purposes"
retention = "purposes"
"""

MARKDOWN = """\
---
title: Tietosuojaseloste {lang}
short: Lyhyesti.
change: {change}
---

## Kuka {{#controller}}

Esimerkki Oy{more}.

## Miksi {{#purposes}}

[[cookies]]

Katso [asetukset]([[settings]]).
"""


def write_draft(
    document: Path,
    *,
    name: str = "draft",
    change_class: str = "material",
    change: str = "Jotain muuttui.",
    more: str = "",
    facts: str = "",
) -> Path:
    folder = document / name
    folder.mkdir(parents=True, exist_ok=True)
    for lang in LANGUAGES:
        text = MARKDOWN.format(lang=lang, change=change, more=more)
        (folder / f"{lang}.md").write_text(text, "utf-8")
    body = FACTS.format(change_class=change_class, more=facts)
    (folder / "facts.toml").write_text(body, "utf-8")
    return folder


def publish_as(
    draft: Path, number: str, effective: date, now: datetime | None = None, **changes: object
) -> Package:
    values: dict[str, object] = {
        "languages": LANGUAGES,
        "declaration": declaration(),
        "settings_addresses": SETTINGS,
        "timezone": "Europe/Helsinki",
        "now": now or datetime(2026, 11, 1, 10, tzinfo=UTC),
        "author": "Editor",
    }
    return publish(draft, number, effective, **(values | changes))


def line_of_three(document: Path) -> list[Package]:
    """2026.1 in force from 2026, 2026.2 editorial in June, 2027.1 material, announced 20 Nov."""
    write_draft(document, change="")
    first = publish_as(
        document / "draft", "2026.1", date(2026, 1, 1), datetime(2025, 12, 1, tzinfo=UTC)
    )
    write_draft(document, change_class="editorial", more=" oy", change="Kirjoitusvirhe.")
    second = publish_as(
        document / "draft", "2026.2", date(2026, 6, 2), datetime(2026, 6, 1, 9, tzinfo=UTC)
    )
    write_draft(document, more=" ab", change="Uusi vastaanottaja & <toinen>.")
    third = publish_as(
        document / "draft", "2027.1", date(2027, 1, 1), datetime(2026, 11, 20, 9, tzinfo=UTC)
    )
    return [first, second, third]
