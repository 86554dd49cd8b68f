"""The record of processing activities of the site and of this component (GDPR art. 30(1), R74).

Its seven fields are filled from the settings, the declaration and the facts of the notice. What is
not given there is None and is told as missing; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..declaration import Service
from ..settings import Settings
from ..texts import texts
from ..texts.countries import country_name
from .cookies import lifetime, mechanism_name, span
from .facts import Facts, Table, told_in, words

Json = dict[str, Any]
COMPONENT = "consent"
"""The id of the activity that is this component's own."""


def record_of_processing(settings: Settings, facts: Facts, lang: str, today: date) -> Json:
    """Give the record as values in the words of one language.

    Keys: `article`, `site`, `made` (ISO 8601), `language`, `source`, `controller` (a),
    `activities` with the fields (b) to (f) each, `security` (g) of all of them, and `services`.
    None is what is missing, an empty list what is told to be none; `unconfirmed` names the fields
    that rest on a fact which the controller has not given (`confirm = true`).
    """
    others = [each for each in facts.all("purposes") if each is not facts.log]
    security = facts.table("security")
    return {
        "article": "GDPR 30(1)",
        "site": settings.site.host,
        "made": f"{today}",
        "language": lang,
        "source": {"version": facts.version or None, "draft": facts.draft},
        "controller": _controller(settings, facts, lang),
        "activities": [
            _component(settings, facts, lang),
            *(_activity(each, facts, lang) for each in others),
        ],
        "security": {
            "measures": _measures(security, lang) or None,
            "unconfirmed": _unconfirmed({"measures": [security]}),
        },
        "services": [
            _service(settings, service, lang) for service in settings.declaration.services
        ],
    }


def _controller(settings: Settings, facts: Facts, lang: str) -> Json:
    """Field (a): the controller, and who answers for data protection."""
    named, officer, told = settings.controller, facts.table("officer"), facts.table("controller")
    place = " ".join(
        filter(None, [told_in(told.get("postcode"), lang), told_in(told.get("city"), lang)])
    )
    address = ", ".join(filter(None, [told_in(told.get("street"), lang), place]))
    contact = told_in(officer.get("contact"), lang)
    return {
        "name": named.name,
        "business_id": named.business_id or told_in(told.get("business_id"), lang),
        "address": named.address or address or None,
        "email": named.email,
        "officer": {"appointed": officer.get("appointed") is True, "contact": contact}
        if contact
        else None,
        "joint": told_in(facts.table("joint").get("name"), lang),
        "unconfirmed": _unconfirmed({"officer": [officer], "address": [told]}),
    }


def _activity(purpose: Table, facts: Facts, lang: str) -> Json:
    """Fields (b) to (g) of one purpose of the site."""
    about = words(purpose.get("data"))
    data = facts.named("data", about)
    recipients = facts.about("recipients", about)
    transfers = facts.about("transfers", about)
    periods = facts.named("retention", purpose.get("retention")) or facts.about("retention", about)
    # Somebody who receives nobody knows what may receive this.
    whole = facts.all("recipients") and all(words(r.get("data")) for r in facts.all("recipients"))
    return {
        "id": purpose.get("id"),
        "purpose": told_in(purpose.get("name"), lang),
        "basis": facts.basis(purpose.get("basis"), lang),
        "data_subjects": _told(data, "concerns", lang),
        "data": [_kind(each, lang) for each in data] or None,
        "recipients": _told(recipients, "name", lang) or ([] if whole else None),
        "transfers": [_transfer(each, lang) for each in transfers if words(each.get("countries"))]
        if transfers
        else None,
        "period": _told(periods, "period", lang),
        "unconfirmed": _unconfirmed(
            {
                "purpose": [purpose],
                "basis": [purpose],
                "data_subjects": data,
                "data": data,
                "recipients": recipients,
                "transfers": transfers,
                "period": periods,
            }
        ),
    }


def _component(settings: Settings, facts: Facts, lang: str) -> Json:
    """The same of the choices and their log: what is so by how this program works, and the rest."""
    t = texts(lang, "letters")["processing"]
    told = facts.table("consent_log")
    found = _activity(facts.log, facts, lang)
    if recipients := facts.named("recipients", told.get("recipients")):
        found["recipients"] = _told(recipients, "name", lang)
    kept = span(settings.retention_months, "month", lang)
    memory = settings.memory
    found |= {
        "id": COMPONENT,
        "purpose": found["purpose"] or t["component_purpose"],
        "basis": found["basis"] or facts.basis(told.get("basis"), lang),
        "data_subjects": [t["component_subjects"]],
        "data": [t["component_data"]],
        "period": [
            t["component_period"].format(
                months=kept,
                grant=span(memory.grant, "day", lang),
                refusal=span(memory.refusal, "day", lang),
            )
        ],
        "security": [t["component_security"]],
    }
    own = ("data_subjects", "data", "period")
    found["unconfirmed"] = [field for field in found["unconfirmed"] if field not in own]
    said = facts.log_months()
    if said is not None and said != settings.retention_months:
        found["period"].append(t["differs"].format(notice=span(said, "month", lang), months=kept))
    return found


def _service(settings: Settings, service: Service, lang: str) -> Json:
    own = texts(lang, "letters")["processing"]["component"]
    names = {category.id: category.name.get(lang) for category in settings.declaration.categories}
    days = [item.days for item in service.items]
    longest = None if None in days else max((day for day in days if day is not None), default=None)
    return {
        "id": service.id,
        "name": own if service.id == COMPONENT else service.name,
        "provider": service.provider,
        "category": names[service.category] or service.category,
        "purpose": service.purpose.get(lang),
        "country": country_name(service.country, lang) if service.country else None,
        "transfers": [
            {
                "countries": [country_name(code, lang) for code in service.transfers],
                "mechanism": mechanism_name(service.mechanism, lang) or None,
            }
        ]
        if service.transfers
        else [],
        "third_party": service.third_party,
        "lifetime": lifetime(longest, lang) if days else None,
    }


def _told(tables: Iterable[Table], key: str, lang: str) -> list[str] | None:
    """What tables say, each once; None where they say nothing."""
    found = [told_in(each.get(key), lang) for each in tables]
    return list(dict.fromkeys(each for each in found if each)) or None


def _kind(data: Table, lang: str) -> str:
    name, contains = told_in(data.get("name"), lang), told_in(data.get("contains"), lang)
    return ": ".join(filter(None, [name or str(data.get("id")), contains]))


def _transfer(transfer: Table, lang: str) -> Json:
    codes = [str(transfer[key]) for key in ("mechanism", "fallback") if transfer.get(key)]
    return {
        "countries": [country_name(code, lang) for code in words(transfer.get("countries"))],
        "mechanism": "; ".join(mechanism_name(code, lang) for code in codes) or None,
    }


def _measures(security: Table, lang: str) -> list[str]:
    known = texts(lang, "letters")["measures"]
    return [known.get(each, each) for each in words(security.get("measures"))]


def _unconfirmed(fields: Mapping[str, Sequence[Table]]) -> list[str]:
    return [
        name for name, tables in fields.items() if any(t.get("confirm") is True for t in tables)
    ]
