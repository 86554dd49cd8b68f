"""Styles and script, with the version in the address or revalidated by ETag."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from .runtime import Runtime

YEAR = "public, max-age=31536000, immutable"
"""How long a copy may be kept of what never changes."""
_ASK = "public, max-age=0, must-revalidate"


def asset(runtime: Runtime, name: str, scope: Scope) -> Response:
    """Serve one file; the address that names its present version is kept for good."""
    media_type, body = runtime.interface.assets[name]
    version = runtime.interface.versions[name]
    current = scope["query_string"] == f"v={version}".encode()
    headers = {
        "cache-control": YEAR if current else _ASK,
        "etag": f'"{version}"',
        "x-content-type-options": "nosniff",
    }
    if not_modified(scope, f'"{version}"'):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def lasting(media_type: str, body: bytes) -> Response:
    """Serve what its address names by its hash."""
    headers = {"cache-control": YEAR, "x-content-type-options": "nosniff"}
    return Response(body, media_type=media_type, headers=headers)


def not_modified(scope: Scope, etag: str) -> bool:
    """Whether the request has these bytes already (RFC 9110 section 13.1.2)."""
    asked = Headers(scope=scope).get("if-none-match", "")
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in asked.split(","))


def unavailable() -> Response:
    """What is answered where the log is needed and down: to be asked for again in a minute."""
    headers = {"retry-after": "60", "cache-control": "no-store"}
    return PlainTextResponse("Service Unavailable", 503, headers)
