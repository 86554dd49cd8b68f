"""Reads a `Set-Cookie` field as a browser does (RFC 6265bis, section 5.6)."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

BLANK = b" \t"
_NUMBER = re.compile(rb"-?[0-9]+")
_LONGEST = 1024  # of an attribute's value, in bytes; a browser ignores a longer one
_FOREVER = 1e20
_DELIMITER = re.compile(rb"[\t -/;-@\[-`{-~]+")
_TIME = re.compile(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(rb"[0-9]{1,2}(?![0-9])")
_YEAR = re.compile(rb"[0-9]{2,4}(?![0-9])")
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()


def cookie_name(value: bytes) -> bytes:
    """The name that a cookie comes back under; empty for none.

    A cookie set as `=a=b` has no name, but is sent back as `a=b`.
    """
    name, equals, _ = value.partition(b";")[0].lstrip(b"= \t").partition(b"=")
    return name.rstrip(BLANK) if equals else b""


def lifetime(value: bytes) -> float | None:
    """In how many seconds a cookie ends, None for the end of the browser's session.

    One that has ended only removes a cookie, whatever value it gives. Of an attribute given twice
    the last one counts, and `Max-Age` before `Expires`.
    """
    expires: float | None = None
    age: float | None = None
    for part in value.split(b";")[1:]:
        name, _, content = part.partition(b"=")
        name, content = name.strip(BLANK).lower(), content.strip(BLANK)
        if len(content) > _LONGEST:
            continue
        if name == b"max-age" and _NUMBER.fullmatch(content):
            age = max(-_FOREVER, min(float(content), _FOREVER))
        elif name == b"expires" and (date := _date(content)) is not None:
            expires = date - time.time()
    return expires if age is None else age


def deletion(value: bytes) -> bytes | None:
    """A field that removes the cookie that `value` removes and stores nothing, None if it stores.

    What it would have stored is left out, and when that ends is said in one way only: browsers do
    not all read the same dates.
    """
    text = value.lower()
    if b"max-age" not in text and b"expires" not in text:
        return None
    age = lifetime(value)
    name = cookie_name(value)
    if age is None or age > 0 or not name:
        return None
    parts = (part.strip(BLANK) for part in value.split(b";")[1:])
    timed = (b"expires", b"max-age")
    kept = [p for p in parts if p and p.partition(b"=")[0].rstrip(BLANK).lower() not in timed]
    return b"; ".join([name + b"=", *kept, b"Max-Age=0"])


def _date(text: bytes) -> float | None:
    """A date as cookies have it (RFC 6265bis, section 5.1.1): whatever its zone, it is UTC."""
    clock = day = month = year = None
    for token in _DELIMITER.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = found
        elif day is None and (found := _DAY.match(token)):
            day = int(found[0])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[0])
    if clock is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    try:
        hour, minute, second = map(int, clock.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
