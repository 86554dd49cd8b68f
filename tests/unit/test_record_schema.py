"""What a record of each event holds as it stands in the log, and nothing besides (R35, R125)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from consent.choice import Event
from tests.unit.shop_site import open_shop
from tests.unit.small_site import Make, decide, fields

DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = f"{DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}Z"
HASH = "[0-9a-f]{64}"
ID = "[0-9a-f]{32}"
OPTIONAL = {"preferences", "statistics", "marketing"}


def per_category(value: str) -> dict[str, str]:
    return dict.fromkeys(OPTIONAL, value)


EVERY: dict[str, Any] = {
    "kind": "consent",
    "schema": 1,
    "id": ID,
    "event": "grant|change|withdrawal|refusal",
    "states": per_category("granted|denied"),
    "decided": per_category(DAY),
    "expires": per_category(DAY),
    "scopes": per_category(HASH),
    "method": "settings",
    "layout": "page",
    "language": "fi",
    "shown": HASH,
    "declaration": HASH,
    "interface": HASH,
    "notice": {"version": r"2026\.2", "hash": HASH},
    "artifacts": [HASH] * 4,
}
UNDER_AN_ID = {**EVERY, "time": MOMENT, "consent_id": "[A-Za-z0-9_-]{22}"}
SCHEMAS = {
    Event.GRANT: UNDER_AN_ID,
    Event.CHANGE: {**UNDER_AN_ID, "previous": ID},
    Event.WITHDRAWAL: {**UNDER_AN_ID, "previous": ID},
    Event.REFUSAL: {**EVERY, "time": DAY},
}
ANSWERS = {
    Event.GRANT: [("save", "statistics")],
    Event.CHANGE: [("accept",), ("save", "marketing")],
    Event.WITHDRAWAL: [("accept",), ("reject",)],
    Event.REFUSAL: [("reject",)],
}


def faults(value: object, schema: Any, place: str = "") -> list[str]:
    """Where a value is not as its schema: a pattern for a text, or the same keys or length."""
    if isinstance(schema, str):
        fits = isinstance(value, str) and re.fullmatch(schema, value)
        return [] if fits else [f"{place}: {value!r}"]
    if isinstance(schema, int):
        return [] if value == schema else [f"{place}: {value!r}"]
    if isinstance(schema, list):
        if not isinstance(value, list) or len(value) != len(schema):
            return [f"{place}: {value!r}"]
        schema, value = dict(enumerate(schema)), dict(enumerate(value))
    if not isinstance(value, dict) or value.keys() != schema.keys():
        return [f"{place}: {value!r}"]
    return [f for key in schema for f in faults(value[key], schema[key], f"{place}/{key}")]


@pytest.mark.parametrize("signal", [False, True], ids=["", "gpc"])
@pytest.mark.parametrize("event", Event)
def test_a_record_holds_what_its_event_must_say_and_no_more(
    tmp_path: Path, make_site: Make, event: Event, signal: bool
) -> None:
    """R35: the keys and the form of every value, for each of the four events."""
    shop = open_shop(tmp_path, make_site)
    client = shop.client(**({"sec-gpc": "1"} if signal else {}))
    for decision, *granted in ANSWERS[event]:
        decide(client, decision, *granted)
    schema = SCHEMAS[event]
    if signal:  # also where the visitor's own choice goes before it (R88)
        schema = {**schema, "signal": "gpc"}
    record = shop.log()[-1]
    assert record["event"] == event
    assert faults(record, schema) == []
    log = shop.consent.runtime.log
    assert all(log.artifact(digest) for digest in record["artifacts"])  # type: ignore[attr-defined]


def test_a_refusal_of_a_text_unknown_to_us_names_none(tmp_path: Path, make_site: Make) -> None:
    """R34, R35: it takes effect, and its record says nothing that cannot be shown."""
    shop = open_shop(tmp_path, make_site)
    form = {"decision": "reject", "shown": "0" * 64, "token": "t" * 22}
    assert shop.client().post("/choices/decide", data=form).status_code == 200
    unknown = {"language", "shown", "declaration", "interface", "notice"}
    schema = {key: value for key, value in EVERY.items() if key not in unknown}
    schema |= {"time": DAY, "method": "api", "artifacts": []}
    schema["scopes"] = per_category("[0-9a-f]{12}")
    assert faults(shop.log()[-1], schema) == []


@pytest.mark.parametrize("event", Event)
def test_a_record_holds_nothing_of_the_visitor(
    tmp_path: Path, make_site: Make, event: Event
) -> None:
    """R125: no browser, address, page or referrer, in any file of the log."""
    shop = open_shop(tmp_path, make_site)
    told = {"user-agent": "Mozilla/SECRETAGENT", "referer": "https://x.example/R"}
    client = shop.client(**told, **{"accept-language": "xx-SECRET"})
    for decision, *granted in ANSWERS[event]:
        form = {**fields(client.get("/choices/fi").text), "return": "/p?SECRETPAGE"}
        decide(client, decision, *granted, form=form)
    files = shop.folder.glob("log.sqlite3*")
    stored = b"".join(file.read_bytes() for file in files)
    assert str(shop.log()[-1]["id"]).encode() in stored
    for trace in (b"SECRETAGENT", b"xx-SECRET", b"SECRETPAGE", b"testclient", b"x.example/R"):
        assert trace not in stored
