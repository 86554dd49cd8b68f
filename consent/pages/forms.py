"""What the pages read from a request: the form, where it came from, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

LIMIT = 8 * 1024
"""The most bytes that a form may have."""

_WAY = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class BadForm(Exception):
    """The body is too large, or is no form."""


async def read_body(receive: Receive, limit: int = LIMIT) -> bytes:
    """Read a body; raises `BadForm` for more than `limit` bytes, and a client that goes away."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadForm("the client went away")
        body += message.get("body", b"")
        if len(body) > limit:
            raise BadForm("the form is too large")
        if not message.get("more_body", False):
            return body


async def read_form(receive: Receive, headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Read a form, urlencoded or a flat JSON object; the first value of a name counts.

    Raises `BadForm` for more than `LIMIT` bytes, a client that goes away, and anything unreadable.
    """
    body = await read_body(receive)
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    try:
        if kind == b"application/json":
            table = json.loads(body)
            if not isinstance(table, dict):
                raise BadForm("the JSON is no object")
            return {str(k): v if isinstance(v, str) else "" for k, v in table.items()}
        if kind not in (b"application/x-www-form-urlencoded", b""):
            raise BadForm("the body is no form")
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=100, errors="strict"
        )
    except (ValueError, RecursionError) as error:
        raise BadForm("the form cannot be read") from error
    return dict(reversed(pairs))


def same_origin(headers: Mapping[bytes, bytes], origins: tuple[str, ...]) -> bool:
    """Whether a POST came from this site, by `Sec-Fetch-Site`, then `Origin` (R118).

    A client that sends neither is no browser, and carries no visitor's cookies.
    """
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    fetched = headers.get(b"sec-fetch-site", b"")
    if fetched:
        # Between the site's own origins, such as example.fi and www.example.fi, both may post.
        return fetched in (b"same-origin", b"none") or (
            fetched == b"same-site" and origin in origins
        )
    return not origin or origin in origins


def way(value: str, scope: Scope) -> str:
    """A path of this site to go back to; the front page for anything else (R119)."""
    return value if len(value) <= 1500 and _WAY.fullmatch(value) else home(scope)


def home(scope: Scope) -> str:
    """The front page of the site, which may be served under a path of its own."""
    return f"{scope.get('root_path', '')}/"


def language(headers: Mapping[bytes, bytes], known: tuple[str, ...]) -> str:
    """The language for a message to somebody whose page we do not know; of none, the first."""
    for part in headers.get(b"accept-language", b"").decode("latin-1").split(","):
        code = part.partition(";")[0].partition("-")[0].strip().lower()
        if code in known:
            return code
    return known[0]


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    """The request's header fields by name; several of one name are one list (RFC 9110, 5.3).

    What may stand only once, as `Origin`, is then no value that anything is compared with.
    """
    fields: dict[bytes, bytes] = {}
    for key, value in scope["headers"]:
        name = bytes(key)
        fields[name] = fields[name] + b", " + bytes(value) if name in fields else bytes(value)
    return fields
