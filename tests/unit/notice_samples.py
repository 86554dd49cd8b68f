"""A small notice, complete enough to be published, and a declaration for the tests of notices."""

# ruff: noqa: E501

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from consent.declaration import Category, Declaration, Item, Kind, Service
from consent.errors import NoticeError
from consent.notice.package import Package
from consent.notice.publish import freeze, prepare

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
business_id = "1234567-1"
street = "Katu 1"
postcode = "00100"
email = "oma@example.fi"

[authority]
name.fi = "Tietosuojavaltuutettu"
name.sv = "Dataombudsmannen"
name.en = "Data Protection Ombudsman"
website = "https://tietosuoja.fi"

[rights]
names = [
  "access", "rectification", "erasure", "restriction", "portability", "objection",
  "withdrawal", "complaint",
]

[[purposes]]
id = "service"
name = {{ fi = "Palvelu", sv = "Tjänst", en = "Service" }}
basis = "contract"
data = ["contact"]

[[data]]
id = "contact"
name = {{ fi = "Yhteystiedot", sv = "Kontaktuppgifter", en = "Contact details" }}
contains = {{ fi = "nimi", sv = "namn", en = "name" }}

[[retention]]
id = "contact"
data = ["contact"]
period = {{ fi = "3 vuotta", sv = "3 år", en = "3 years" }}

[[recipients]]
id = "host"
name = {{ fi = "Ylläpitäjä", sv = "Driftsleverantör", en = "Hosting provider" }}

[[transfers]]
id = "services"
countries = ["US"]
mechanism = "dpf"

[[purposes]]
id = "statistics"
name = {{ fi = "Tilastot", sv = "Statistik", en = "Statistics" }}
basis = "consent"
data = ["contact"]

[[purposes]]
id = "record"
name = {{ fi = "Suostumusloki", sv = "Samtyckeslogg", en = "Consent log" }}
basis = "legal-obligation"
data = ["contact"]

{more}

[sections]
controller = "controller"
purposes = "purposes"
basis = "purposes"
recipients = "purposes"
transfers = "purposes"
retention = "purposes"
rights = "controller"
complaint = "controller"
automated = "purposes"
sources = "purposes"
cookies = "purposes"
changes = "controller"
"""

MARKDOWN = {
    "fi": """\
---
title: Tietosuojaseloste fi
short: Lyhyesti.
change: {change}
---

## Kuka {{#controller}}

Rekisterinpitäjä on Esimerkki Oy{more}, 1234567-1, Katu 1, 00100 Helsinki. Yhteyshenkilö: oma@example.fi.

Voit pyytää meiltä pääsyn tietoihisi, oikaista ja poistaa ne, rajoittaa käsittelyä, vastustaa sitä ja siirtää tiedot. Vastaamme maksutta kuukaudessa. Tarkistamme henkilöllisyyden, jos epäilemme sitä. Voit peruuttaa suostumuksen, ja aiempi käsittely on lainmukaista. Voit valittaa tietosuojavaltuutetulle: [tietosuoja.fi](https://tietosuoja.fi).

## Miksi {{#purposes}}

Palvelu perustuu sopimukseen, tilastot suostumukseen ja suostumusloki lakiin. Yhteystiedot säilytetään 3 vuotta, palvelinloki yhtä kauan. Ylläpitäjä käsittelee niitä. Sallimasi palvelut siirtävät tietoja Yhdysvaltoihin riittävyyspäätöksen nojalla. Saamme tiedot sinulta. Jos et anna niitä, et saa palvelua. Profilointia ei ole. Evästeitä valvoo Traficom.

[[cookies]]

Katso [asetukset]([[settings]]).
""",
    "sv": """\
---
title: Dataskyddsbeskrivning sv
short: I korthet.
change: {change}
---

## Vem {{#controller}}

Personuppgiftsansvarig är Esimerkki Oy{more}, 1234567-1, Katu 1, 00100 Helsingfors. Kontaktperson: oma@example.fi.

Du kan begära tillgång till dina uppgifter, rätta och radera dem, begränsa behandlingen, invända mot den och flytta uppgifterna. Vi svarar avgiftsfritt inom en månad. Vi kontrollerar identiteten om vi betvivlar den. Du kan återkalla ditt samtycke, och tidigare behandling är laglig. Du kan klaga hos dataombudsmannen: [tietosuoja.fi](https://tietosuoja.fi).

## Varför {{#purposes}}

Tjänsten grundar sig på avtal, statistiken på samtycke och samtyckesloggen på lag. Kontaktuppgifter sparas i 3 år, serverloggen lika länge. Driftsleverantören behandlar dem. De tjänster du tillåter överför uppgifter till USA med stöd av beslutet om adekvat skyddsnivå. Vi får uppgifterna av dig. Om du inte lämnar dem får du inte tjänsten. Ingen profilering sker. Traficom övervakar kakor.

[[cookies]]

Se [inställningarna]([[settings]]).
""",
    "en": """\
---
title: Privacy notice en
short: In short.
change: {change}
---

## Who {{#controller}}

The controller is Esimerkki Oy{more}, 1234567-1, Katu 1, 00100 Helsinki. Contact person: oma@example.fi.

You can ask for access to your data, rectify and erase it, restrict the processing, object to it and move the data. We answer free of charge within one month. We check identity if we doubt it. You can withdraw consent, and earlier processing stays lawful. You can complain to the Data Protection Ombudsman: [tietosuoja.fi](https://tietosuoja.fi).

## Why {{#purposes}}

The service is based on contract, statistics on consent and the consent log on law. Contact details are kept for 3 years, the server log as long. The hosting provider processes them. The services that you allow transfer data to the United States under the adequacy decision. We get the data from you. If you do not provide it, you do not get the service. There is no profiling. Traficom supervises cookies.

[[cookies]]

See the [settings]([[settings]]).
""",
}


def draft_files(
    *,
    change_class: str = "material",
    change: str = "Jotain muuttui.",
    more: str = "",
    facts: str = "",
) -> dict[str, bytes]:
    """The files of a draft by name."""
    texts = {
        f"{lang}.md": text.format(change=change, more=more).encode()
        for lang, text in MARKDOWN.items()
    }
    return texts | {"facts.toml": FACTS.format(change_class=change_class, more=facts).encode()}


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
    files = draft_files(change_class=change_class, change=change, more=more, facts=facts)
    for file, raw in files.items():
        (folder / file).write_bytes(raw)
    return folder


def publish_as(
    draft: Path, number: str | None, effective: date, now: datetime | None = None, **changes: object
) -> Package:
    values: dict[str, object] = {
        "languages": LANGUAGES,
        "declaration": declaration(),
        "settings_addresses": SETTINGS,
        "timezone": "Europe/Helsinki",
        "now": now or datetime(2026, 11, 1, 10, tzinfo=UTC),
        "author": "Editor",
    }
    return freeze(prepare(draft, number, effective, **(values | changes)))


def refused(draft: Path, number: str, effective: date | None, **changes: object) -> str:
    """What a refusal to publish says, of which nothing is left behind."""
    before = sorted(draft.parent.rglob("*"))
    with pytest.raises(NoticeError) as caught:
        publish_as(draft, number, effective, **changes)
    assert sorted(draft.parent.rglob("*")) == before
    assert all(problem.remedy for problem in caught.value.problems)
    return str(caught.value)


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
