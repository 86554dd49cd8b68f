"""What stands in a receipt: ISO/IEC TS 27560's fields, made of a record and what was shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from consent.declaration import Declaration, Item, Kind
from consent.receipt import Evidence, receipt, terms
from consent.record import canonical
from tests.unit.receipt_samples import ANSWERS, FILLED, open_signing, receipt_of, said
from tests.unit.shop_site import open_shop
from tests.unit.small_site import Make, Site

# The mandatory elements, as R36 lists them, by the path to each.
MANDATORY = [
    *("schema_version", "receipt_id", "record_id", "pii_principal_id"),
    *("pii_processing.privacy_notice", "pii_processing.language"),
    *(
        f"pii_processing.purposes[].{name}"
        for name in (
            "purpose",
            "pii_information[].pii_type",
            "pii_controllers[]",
            "storage_locations[]",
            "retention_period",
            "jurisdiction",
            "recipient_third_parties[]",
            "withdrawal_method",
        )
    ),
    *(
        f"party_identification[].party_{name}"
        for name in ("id", "name", "address", "contact", "type")
    ),
    *(
        f"event[].{name}"
        for name in ("event_time", "validity_duration", "entity_id", "event_type", "event_state")
    ),
]


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, f"{place}[]")
    else:
        yield place, value


@pytest.mark.parametrize("toml", ["", FILLED], ids=["sparse", "filled"])
@pytest.mark.parametrize("event", ANSWERS)
def test_every_mandatory_field_is_there_and_none_is_empty(
    tmp_path: Path, make_site: Make, event: str, toml: str
) -> None:
    """R36: also where the settings leave out what they may."""
    site = open_signing(tmp_path, make_site, **({"toml": toml} if toml else {}))
    found = list(leaves(said(receipt_of(site, event))))
    assert set(MANDATORY) <= {place for place, _ in found}
    assert [place for place, value in found if not isinstance(value, str) or not value] == []


def test_a_receipt_is_the_record_as_the_log_has_it(tmp_path: Path, make_site: Make) -> None:
    """R45: byte by byte, and what it names as shown."""
    site = open_signing(tmp_path, make_site)
    evidence = said(receipt_of(site, "change"))["evidence"]
    log = site.consent.runtime.log
    assert evidence["record"].encode() == log.last("consent")
    record = json.loads(evidence["record"])
    assert log.artifact(record["shown"]) == ("application/json", evidence["shown"].encode())


def test_the_fields_say_what_settings_and_declaration_say(tmp_path: Path, make_site: Make) -> None:
    site = open_signing(tmp_path, make_site, toml=FILLED)
    found = said(receipt_of(site, "grant"))
    consent_id = site.log()[-1]["consent_id"]
    assert found["schema_version"] == "ISO/IEC TS 27560:2023"
    assert found["record_id"] == site.log()[-1]["id"]
    assert found["pii_principal_id"] == consent_id
    processing = found["pii_processing"]
    assert processing["language"] == "fi"
    assert processing["privacy_notice"] == "https://www.example.fi/tietosuojaseloste/2026.2"
    (purpose,) = (p for p in processing["purposes"] if p["purpose_id"] == "statistics")
    common = {"service": "Laskuri", "purpose": "Teksti."}
    assert purpose == {
        "purpose_id": "statistics",
        "purpose_name": "Tilastointi",
        "purpose": "Kertovat, miten sivustoa käytetään, jotta osaamme parantaa sitä.",
        "purpose_type": ["audience-measurement"],
        "lawful_basis": "consent",
        "pii_information": [
            {
                "pii_type": "cookie",
                "pii_attribute_id": "_count",
                **common,
                "retention_period": "P365D",
            },
            {
                "pii_type": "local-storage",
                "pii_attribute_id": "seen",
                **common,
                "retention_period": "P730D",
            },
            {"pii_type": "connection-data", **common, "retention_period": "set-by-recipient"},
        ],
        "pii_controllers": ["C1"],
        "storage_locations": ["terminal-equipment", "IE", "US"],
        "processing_locations": ["IE", "US"],
        "retention_period": "P730D",
        "services": ["Laskuri"],
        "jurisdiction": "FI",
        "recipient_third_parties": ["T2"],
        "withdrawal_method": "https://www.example.fi/choices/fi",
    }
    controller, _, counter, _ = found["party_identification"]
    assert controller == {
        "party_id": "C1",
        "party_name": "Esimerkki Oy",
        "party_address": "Katu 1, Helsinki",
        "party_email": "tietosuoja@example.fi",
        "party_url": "https://www.example.fi",
        "party_contact": "tietosuoja@example.fi",
        "party_role": "PII controller",
        "party_type": "controller",
        "business_id": "1234567-1",
    }
    assert counter == {
        "party_id": "T2",
        "party_name": "Laskuri Oy",
        "party_address": "IE",
        "party_contact": "https://laskuri.example/privacy",
        "party_role": "third party",
        "party_type": "recipient",
    }
    decision, *purposes = found["event"]
    who = {"entity_id": consent_id, "event_type": "explicit"}
    assert decision == {
        "event_time": "2026-11-18T12:00:00Z",
        "validity_duration": "P365D",
        **who,
        "event_state": "consent given",
    }
    assert {p["purpose_id"]: (p["event_state"], p["validity_duration"]) for p in purposes} == {
        "preferences": ("consent not given", "P365D"),
        "statistics": ("consent given", "P183D"),
        "marketing": ("consent not given", "P365D"),
    }


def test_what_is_not_declared_is_said_to_be_so(tmp_path: Path, make_site: Make) -> None:
    """No value is made up: the nearest that is declared stands for it, or a word that says so."""
    found = said(receipt_of(open_signing(tmp_path, make_site), "grant"))
    video = found["pii_processing"]["purposes"][0]
    assert video["pii_information"] == [
        {
            "pii_type": "connection-data",
            "service": "Video",
            "purpose": "Teksti.",
            "retention_period": "set-by-recipient",
        }
    ]
    assert video["retention_period"] == "set-by-recipient"
    assert video["storage_locations"] == ["terminal-equipment"]
    controller, provider, *_ = found["party_identification"]
    assert controller["party_address"] == "FI"
    assert provider["party_address"] == "undeclared"
    assert provider["party_contact"] == "tietosuoja@example.fi"


def test_a_category_of_the_sites_own_services_has_no_recipient(
    tmp_path: Path, make_site: Make
) -> None:
    toml = FILLED
    for provider in ('provider = "Laskuri Oy"', 'provider = "Mainos Oy"'):
        toml = toml.replace(provider, f"{provider}\nthird_party = false")
    found = said(receipt_of(open_signing(tmp_path, make_site, toml=toml), "grant"))
    counter, ads = found["pii_processing"]["purposes"][1:]
    assert counter["recipient_third_parties"] == ads["recipient_third_parties"] == ["none"]
    assert [p["party_name"] for p in found["party_identification"]] == ["Esimerkki Oy", "Video Oy"]
    assert [piece["pii_type"] for piece in ads["pii_information"]] == ["cookie"]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("grant", "consent given"),
        ("change", "consent given"),
        ("withdrawal", "consent withdrawn"),
        ("refusal", "consent refused"),
    ],
)
def test_the_state_is_that_of_the_event(
    tmp_path: Path, make_site: Make, event: str, state: str
) -> None:
    found = said(receipt_of(open_signing(tmp_path, make_site), event))
    assert found["event"][0]["event_state"] == state
    given = {e["purpose_id"] for e in found["event"][1:] if e["event_state"] == "consent given"}
    assert given == {"grant": {"statistics"}, "change": {"marketing"}}.get(event, set())


def test_a_refusal_has_a_receipt_without_an_identifier(tmp_path: Path, make_site: Make) -> None:
    """R43: its day, and nothing of who refused."""
    found = said(receipt_of(open_signing(tmp_path, make_site), "refusal"))
    assert found["pii_principal_id"] == "unidentified"
    assert {event["entity_id"] for event in found["event"]} == {"unidentified"}
    assert {event["event_time"] for event in found["event"]} == {"2026-11-18"}
    assert "consent_id" not in found["evidence"]["record"]


def test_what_was_not_asked_has_no_event(tmp_path: Path, make_site: Make) -> None:
    """A placeholder asks about its category alone; the others stay as they were: open."""
    client = (site := open_shop(tmp_path, make_site)).client()
    form = {"decision": "accept", "asked": "statistics", "token": "t" * 22}
    form["shown"] = site.consent.runtime.edition.presentations["sv"][0].hash
    client.post("/choices/decide", data=form)
    found = said(client.get("/choices/receipt.json").content)
    assert found["pii_processing"]["language"] == "sv"
    assert [event.get("purpose_id") for event in found["event"]] == [None, "statistics"]


def test_the_languages_of_a_site_say_the_same(site: Site) -> None:
    """But for words: what is kept beside the text that was shown."""
    words = {"language", "privacy_notice", "purpose", "purpose_name", "withdrawal_method"}

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items() if key not in words}
        return [plain(inner) for inner in value] if isinstance(value, list) else value

    fi, *others = (
        json.loads(body) for _, body in site.consent.runtime.edition.presentations.values()
    )
    for other in others:
        assert plain(other["pii_processing"]) == plain(fi["pii_processing"])
        assert other["party_identification"] == fi["party_identification"]


@pytest.mark.parametrize(
    ("days", "period"),
    [
        ([400], "P400D"),
        ([0], "session"),
        ([0, 1], "P1D"),
        ([1 / 24], "PT60M"),
        ([None, 400], "until-removed"),
        ([], "set-by-recipient"),
    ],
    ids=["days", "session", "longest", "hour", "until removed", "nothing stored"],
)
def test_a_period_is_that_of_what_lies_longest(
    site: Site, days: list[float | None], period: str
) -> None:
    settings = site.consent.settings
    text = {"fi": "Teksti."}
    items = tuple(Item(f"i{n}", Kind.COOKIE, span, text) for n, span in enumerate(days))
    service = replace(settings.declaration.of("statistics")[0], items=items)
    declaration = Declaration(settings.declaration.categories, (service,))
    processing = terms(settings, declaration, "fi", "")["pii_processing"]
    (purpose,) = processing["purposes"]  # type: ignore[index]
    assert purpose["retention_period"] == period


RECORD = {
    "kind": "consent",
    "id": "a" * 32,
    "consent_id": "b" * 22,
    "event": "change",
    "time": "2026-11-18T12:00:00Z",
    "states": {"statistics": "granted", "marketing": "denied", "preferences": "unset"},
    "decided": {"marketing": "2026-10-01", "statistics": "2026-11-18"},
    "expires": {"marketing": "2027-10-01", "statistics": "2027-05-20"},
}
SHOWN = {"pii_processing": {"language": "fi"}, "party_identification": [{"party_id": "C1"}]}


def test_the_same_evidence_gives_the_same_receipt_for_good() -> None:
    """A receipt from today is verified years from now: what follows from its record is fixed."""
    evidence = Evidence(canonical(RECORD).decode(), canonical(SHOWN).decode(), "salt", "proof")
    who = {"entity_id": "b" * 22, "event_type": "explicit"}
    assert receipt(evidence) == {
        "schema_version": "ISO/IEC TS 27560:2023",
        "receipt_id": sha256(canonical(RECORD)).hexdigest(),
        "record_id": "a" * 32,
        "pii_principal_id": "b" * 22,
        **SHOWN,
        "event": [
            {
                "event_time": "2026-11-18T12:00:00Z",
                "validity_duration": "P317D",
                **who,
                "event_state": "consent given",
            },
            {
                "purpose_id": "marketing",
                "event_time": "2026-10-01",
                "validity_duration": "P365D",
                **who,
                "event_state": "consent not given",
            },
            {
                "purpose_id": "statistics",
                "event_time": "2026-11-18",
                "validity_duration": "P183D",
                **who,
                "event_state": "consent given",
            },
        ],
        "evidence": {
            "record": canonical(RECORD).decode(),
            "shown": canonical(SHOWN).decode(),
            "salt": "salt",
            "proof": "proof",
        },
    }
