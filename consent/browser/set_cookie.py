"""Reads a `Set-Cookie` field as a browser does (RFC 6265bis, section 5.6)."""

from __future__ import annotations

import re
import time
from calendar import timegm
from email.utils import parsedate
from typing import Any

BLANK = b" \t"
_NUMBER = re.compile(rb"-?[0-9]+")


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
        if name == b"max-age" and _NUMBER.fullmatch(content):
            age = float(content[:20])
        elif name == b"expires" and (date := _date(content)) is not None:
            expires = date - time.time()
    return expires if age is None else age


def _date(text: bytes) -> float | None:
    # Whatever zone a date names, a browser takes it for UTC.
    try:
        found: Any = parsedate(text.decode("latin-1"))
        return timegm(found) if found else None
    except (ValueError, IndexError, OverflowError):
        return None
