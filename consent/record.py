"""The canonical form of a record and the events that records tell of.

Pure values without input or output. What stands in a record: R35; what never does: R125.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from json.encoder import encode_basestring

from .choice import Answer, Decision, Memory

Json = Mapping[str, object] | list[object] | tuple[object, ...] | str | int | bool | None
"""What `canonical` takes; floating-point numbers are left out on purpose."""


def canonical(value: object) -> bytes:
    """Encode a value as RFC 8785 canonical JSON in UTF-8.

    Takes dictionaries with text keys, lists, tuples, text, integers up to 2**53 - 1, booleans and
    None; raises `TypeError` for anything else and `ValueError` for a larger integer or a lone
    surrogate.
    """
    return _encode(value).encode("utf-8")


def _encode(value: object) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise ValueError(f"{value} is beyond the integers that JSON keeps exact (RFC 8785)")
        return int.__repr__(value)
    if isinstance(value, Mapping):
        # RFC 8785 section 3.2.3: keys in the order of their UTF-16 code units, which for ASCII is
        # the order that Python compares text in.
        keys = sorted(value, key=None if all(map(_ascii, value)) else _utf16)
        return "{" + ",".join([f"{_string(key)}:{_encode(value[key])}" for key in keys]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_encode(item) for item in value]) + "]"
    raise TypeError(f"{type(value).__name__} has no canonical form here")


def _string(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a key must be text, not {type(text).__name__}")
    # The encoder of `json` escapes exactly what section 3.2.2.2 asks for, in lower-case hex.
    return encode_basestring(text)


def _ascii(key: object) -> bool:
    return isinstance(key, str) and key.isascii()


def _utf16(key: object) -> bytes:
    return str(key).encode("utf-16-be")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form showed, and so what a record points at (R35, R37).

    `hash` names the artifact that holds all of it: texts, declaration, scopes, notice, interface.
    `scopes` maps a category to the full hash of its scope; the other hashes are of artifacts too.
    """

    hash: str
    language: str
    declaration: str
    interface: str
    notice_version: str
    notice_hash: str
    scopes: Mapping[str, str]


def consent_record(
    decision: Decision,
    shown: Shown | None,
    *,
    at: datetime,
    optional: tuple[str, ...],
    memory: Memory,
    consent_id: str,
    method: str,
    layout: str,
    signal: str = "",
    previous: str = "",
) -> dict[str, object]:
    """The record of one decision (R35); it names no address, device or page (R125).

    `at` is the server's UTC time. A refusal without a consent id carries the day alone, so that
    nobody is found by the second of refusing (R43). `shown` is None when a form showed something
    that we have no copy of, which only a refusal or a withdrawal may.
    """
    assert decision.event is not None
    answers = decision.answers
    record: dict[str, object] = {
        "kind": "consent",
        "schema": 1,
        "id": secrets.token_hex(16),
        "event": decision.event.value,
        "time": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if consent_id else day_of(at),
        "states": decision.states(optional),
        "decided": {c: date_of(a.day) for c, a in answers.items()},
        "expires": {c: date_of(memory.end(a)) for c, a in answers.items()},
        "scopes": {c: _scope(a, c, shown) for c, a in answers.items()},
        "method": method,
        "layout": layout,
        "artifacts": [],
    }
    if consent_id:
        record["consent_id"] = consent_id
    if previous:
        record["previous"] = previous
    if signal:
        record["signal"] = signal
    if shown is not None:
        record |= {
            "language": shown.language,
            "shown": shown.hash,
            "declaration": shown.declaration,
            "interface": shown.interface,
            "notice": {"version": shown.notice_version, "hash": shown.notice_hash},
            "artifacts": [shown.hash, shown.declaration, shown.interface]
            + ([shown.notice_hash] if shown.notice_hash else []),
        }
    return record


def day_of(at: datetime) -> str:
    """The UTC day of an instant, as ISO 8601."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def date_of(day: int) -> str:
    """The day so many days after 1970-01-01, as ISO 8601."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _scope(answer: Answer, category: str, shown: Shown | None) -> str:
    # An answer kept from an earlier form names its scope by the short hash that its cookie carries.
    full = shown.scopes.get(category, "") if shown else ""
    return full if full.startswith(answer.scope) else answer.scope
