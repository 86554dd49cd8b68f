"""`/.well-known/gpc.json`: how the site treats Global Privacy Control, for programs (R90)."""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Scope

from ..errors import LogError
from ..structured import event
from .assets import not_modified, unavailable
from .forms import fields_of
from .runtime import GPC_SUPPORT, Runtime

logger = logging.getLogger("consent")


def is_asked(runtime: Runtime, scope: Scope) -> bool:
    """Whether a request asks this site; other hosts of the application answer for themselves."""
    if scope["path"] != GPC_SUPPORT:
        return False
    host = fields_of(scope).get(b"host", b"").decode("latin-1").lower()
    return host in {urlsplit(origin).netloc for origin in runtime.settings.site.origins}


async def support(runtime: Runtime, scope: Scope) -> Response:
    """Say whether the signal is heard, and since when that is as it is."""
    if not runtime.gpc:
        try:
            runtime.gpc = await to_thread.run_sync(_statement, runtime)
        except LogError as fault:
            words = "the log cannot say since when GPC is treated as it is: %s"
            logger.error(words, fault, extra=event("gpc-unknown"))
    if not runtime.gpc:
        return unavailable()
    etag = f'"{sha256(runtime.gpc).hexdigest()[:16]}"'
    headers = {"cache-control": "public, max-age=86400", "etag": etag}
    if not_modified(scope, etag):
        return Response(status_code=304, headers=headers)
    return Response(runtime.gpc, media_type="application/json", headers=headers)


def _statement(runtime: Runtime) -> bytes:
    """The answer; empty while what holds now is not in the log, which knows since when it does."""
    denied: list[str] | None = None
    since = ""
    for _, body in runtime.log.bodies("declaration"):
        entry = json.loads(body)
        artifact = runtime.log.artifact(entry["declaration"])
        categories = json.loads(artifact[1])["categories"] if artifact else []
        before, denied = denied, sorted(c["id"] for c in categories if c["gpc"])
        if denied != before:
            since = entry["time"]
    declared = sorted(c.id for c in runtime.settings.declaration.categories if c.gpc)
    if denied != declared:
        return b""
    return json.dumps({"gpc": bool(declared), "lastUpdate": since}).encode()
