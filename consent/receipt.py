"""The receipt of a record, in the names of ISO/IEC TS 27560:2023 (R36, R45).

The specification names its elements in words; the keys here are those of the JSON examples that its
editors published with W3C's guide to it (DPV, "Consent Records and Receipts as per 27560"):

    schema_version, receipt_id, record_id, pii_principal_id
    pii_processing         privacy_notice, language, purposes
      purposes             purpose, purpose_type, lawful_basis, pii_information, pii_controllers,
                           storage_locations, retention_period, processing_locations, services,
                           jurisdiction, recipient_third_parties, withdrawal_method
      pii_information      pii_type, pii_attribute_id
    party_identification   party_id, party_name, party_address, party_email, party_url,
                           party_contact, party_role, party_type
    event                  event_time, validity_duration, entity_id, event_type, event_state

Of our own are `purpose_id` and `purpose_name`, the category that was ticked; `service`, `purpose`,
`domain` and `retention_period` of a piece of information; `business_id`; `purpose_id` of an event;
and `evidence`. What is consented to, `pii_processing` and `party_identification`, is made when it
is shown and kept in the artifact that a record names, so that no later version of this program has
to make it again. All else follows from the record, and `evidence` holds both byte by byte: nothing
stands in a receipt that cannot be checked against them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from .declaration import Declaration, Item, Service

if TYPE_CHECKING:
    from .settings import Settings

SCHEMA = "ISO/IEC TS 27560:2023"
NOBODY = "unidentified"
"""Stands for whoever refuses: no identifier is kept of them (R43)."""
DEVICE = "terminal-equipment"
"""Where cookies and storage lie: with the visitor."""
CONNECTION = "connection-data"
"""What a browser sends with each request to a service, such as its address."""
SESSION, UNTIL_REMOVED, BY_RECIPIENT = "session", "until-removed", "set-by-recipient"
"""Retention periods that are no number of days; the last is not ours to say."""

_STATES = {"grant": "given", "change": "given", "withdrawal": "withdrawn", "refusal": "refused"}


def terms(
    settings: Settings, declaration: Declaration, lang: str, version: str
) -> dict[str, object]:
    """What a consent covers, in the words of one language: what is processed, and by whom.

    `declaration` holds the services that count now, `version` is that of the notice in force or
    empty. No value is empty: what is not declared says so, or gives the nearest that is.
    """
    controller, origin = settings.controller, settings.site.origins[0]
    parties: list[dict[str, str]] = [
        {
            "party_id": "C1",
            "party_name": controller.name,
            "party_address": controller.address or controller.country,
            "party_email": controller.email,
            "party_url": origin,
            "party_contact": controller.email,
            "party_role": "PII controller",
            "party_type": "controller",
        }
    ]
    if controller.business_id:
        parties[0]["business_id"] = controller.business_id
    ids: dict[str, str] = {}
    for category in declaration.optional:
        for service in declaration.of(category):
            if service.third_party and service.provider not in ids:
                ids[service.provider] = f"T{len(ids) + 1}"
                parties.append(
                    {
                        "party_id": ids[service.provider],
                        "party_name": service.provider or service.name,
                        "party_address": service.country or "undeclared",
                        "party_contact": service.policy or controller.email,
                        "party_role": "third party",
                        "party_type": "recipient",
                    }
                )
    notices = settings.notices
    path = notices.paths[lang] if notices else f"{settings.prefix}/{lang}"
    purposes = [
        {
            "purpose_id": category.id,
            "purpose_name": category.name[lang],
            "purpose": category.text[lang],
            "lawful_basis": "consent",
            "pii_controllers": ["C1"],
            "jurisdiction": controller.country,
            "withdrawal_method": f"{origin}{settings.prefix}/{lang}",
            **_processing(declaration.of(category.id), ids, lang),
        }
        for category in declaration.categories
        if category.id in declaration.optional
    ]
    return {
        "pii_processing": {
            "privacy_notice": f"{origin}{path}/{version}" if version else f"{origin}{path}",
            "language": lang,
            "purposes": purposes,
        },
        "party_identification": parties,
    }


def _processing(
    services: tuple[Service, ...], ids: Mapping[str, str], lang: str
) -> dict[str, object]:
    information: list[dict[str, str]] = []
    for service in services:
        for item in service.items:
            piece = {
                "pii_type": str(item.kind),
                "pii_attribute_id": item.name,
                "service": service.name,
                "purpose": item.purpose[lang],
                "retention_period": _period(item.days),
            }
            if item.domain:
                piece["domain"] = item.domain
            if piece not in information:  # the same may be set at several paths
                information.append(piece)
        if service.third_party or not service.items:
            information.append(
                {
                    "pii_type": CONNECTION,
                    "service": service.name,
                    "purpose": service.purpose[lang],
                    "retention_period": BY_RECIPIENT,
                }
            )
    items = [item for service in services for item in service.items]
    seats = [service.country for service in services if service.third_party]
    abroad = [code for service in services for code in service.transfers]
    recipients = [ids[service.provider] for service in services if service.third_party]
    return {
        "purpose_type": _once(purpose for service in services for purpose in service.purposes),
        "pii_information": information,
        "services": [service.name for service in services],
        "storage_locations": _once([*([DEVICE] if items else []), *seats, *abroad]) or [DEVICE],
        "processing_locations": _once([*seats, *abroad]) or [DEVICE],
        "retention_period": _longest(items),
        "recipient_third_parties": _once(recipients) or ["none"],
    }


def _once(words: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word]


def _period(days: float | None) -> str:
    """A lifetime as ISO 8601 has it."""
    if days is None:
        return UNTIL_REMOVED
    if not days:
        return SESSION
    return f"P{days:g}D" if days == int(days) else f"PT{round(days * 1440)}M"


def _longest(items: Iterable[Item]) -> str:
    spans = [item.days for item in items]
    if not spans:
        return BY_RECIPIENT
    return _period(None if None in spans else max(span for span in spans if span is not None))


class Evidence(NamedTuple):
    """What a receipt is made of.

    `record` is the record's body as it stands in the log, `shown` the artifact with what was shown.
    `salt` (base64) is the leaf's, and `proof` shows the leaf to be in the log (C2SP tlog-proof);
    each is empty where there is none.
    """

    record: str
    shown: str
    salt: str = ""
    proof: str = ""


def receipt(evidence: Evidence) -> dict[str, Any]:
    """The receipt of a record; the same for the same evidence, in every version of this program.

    Raises `ValueError` or `LookupError` where the evidence is not what a record and a text are.
    """
    record, shown = json.loads(evidence.record), json.loads(evidence.shown)
    return {
        "schema_version": SCHEMA,
        "receipt_id": sha256(evidence.record.encode()).hexdigest(),
        "record_id": record["id"],
        "pii_principal_id": record.get("consent_id", NOBODY),
        "pii_processing": shown["pii_processing"],
        "party_identification": shown["party_identification"],
        "event": _events(record),
        "evidence": evidence._asdict(),
    }


def _events(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The decision that the record is of, then what has held of each purpose since its day."""
    who = {"entity_id": record.get("consent_id", NOBODY), "event_type": "explicit"}
    time = record["time"]
    decision = {
        "event_time": time,
        "validity_duration": _days(time[:10], max(record["expires"].values())),
        **who,
        "event_state": f"consent {_STATES[record['event']]}",
    }
    states = {"granted": "consent given", "denied": "consent not given"}
    return [decision] + [
        {
            "purpose_id": category,
            "event_time": day,
            "validity_duration": _days(day, record["expires"][category]),
            **who,
            "event_state": states[record["states"][category]],
        }
        for category, day in record["decided"].items()
    ]


def _days(first: str, end: str) -> str:
    return f"P{(date.fromisoformat(end) - date.fromisoformat(first)).days}D"
