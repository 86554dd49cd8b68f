"""Takes what browsers report of the content security policy, and keeps next to nothing of it.

A report names the page, the browser and the whole address that was blocked. What is kept is how
often a day which host was met under which directive, as counters of the log: enough to declare it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope

from ..browser.hosts import Target, target
from ..browser.policy import whose
from ..errors import LogError
from .forms import LIMIT, BadForm, fields_of, read_body
from .limits import Bucket, client

if TYPE_CHECKING:
    from ..log import Counter, Log
    from ..settings import Settings
    from .runtime import Runtime

MOST = 100
"""How many findings a day are kept: whoever makes reports up cannot fill the log."""

_NAME = "policy"
# The longest body by its type. Each report repeats the policy; the newer ones come in batches.
_TAKEN = {b"application/csp-report": LIMIT, b"application/reports+json": 8 * LIMIT}
# A name as in the DNS: an address of a network may be that of somebody's home.
_HOST = re.compile(r"([a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")
_DIRECTIVE = re.compile(
    r"(default|child|connect|font|frame|img|manifest|media|object|prefetch|script|style|worker)-src"
    r"(?:-elem|-attr)?"
)


class Finding(NamedTuple):
    """A host that no service declares, met so often on a day (ISO 8601) under a directive."""

    day: str
    host: str
    directive: str
    n: int


class Tally:
    """Counts findings in a site's log, a bounded number of them a day, also over restarts."""

    def __init__(self, settings: Settings) -> None:
        self.declared = whose(settings)
        self._day = ""
        self._known: set[str] = set()
        # For each visitor's address and for all together.
        self.each, self.all = Bucket(rate=0.2, burst=20), Bucket(rate=20, burst=200)

    def add(self, log: Log, day: str, host: str, directive: str) -> None:
        """Count one report."""
        if day != self._day:
            with log.snapshot() as view:
                self._known = {c.name for c in view.counts() if c.day == day and _told(c)}
            self._day = day
        name = f"{_NAME} {directive} {host}"
        if name in self._known or len(self._known) < MOST:
            self._known.add(name)
            log.count(day, name)


def findings(counts: Iterable[Counter]) -> Iterator[Finding]:
    """What was reported, out of a log's counters."""
    for counter in counts:
        if _told(counter):
            _, directive, host = counter.name.split(" ")
            yield Finding(counter.day, host, directive, counter.n)


def _told(counter: Counter) -> bool:
    return counter.name.startswith(f"{_NAME} ")


async def take(runtime: Runtime, scope: Scope, receive: Receive) -> Response:
    """Take a report: `application/csp-report` (CSP 3, 5.3) or `application/reports+json`.

    Another site's page cannot send either without asking first, which is never answered.
    """
    headers = fields_of(scope)
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind not in _TAKEN:
        return Response(status_code=415)
    tally = runtime.tally
    address = client(scope.get("client"), headers, runtime.settings.site.trusted_proxies)
    if not (tally.each.take(address) and tally.all.take()):
        return Response(status_code=429)
    try:
        content = json.loads(await read_body(receive, _TAKEN[kind]))
    except BadForm:
        return Response(status_code=413)
    except (ValueError, RecursionError):
        return Response(status_code=400)
    # Copies of a page that others keep report too.
    origins = (target(origin) for origin in runtime.settings.site.origins)
    own = {headers.get(b"host", b"").decode("latin-1").lower(), *(_netloc(o) for o in origins if o)}
    day = runtime.now().date().isoformat()
    for page, blocked, directive in _said(content):
        where, to, found = target(page), target(blocked), _DIRECTIVE.fullmatch(directive)
        if found is None or to is None or where is None or _netloc(where) not in own:
            continue
        if tally.declared.refuses_target(to) == "" and _HOST.fullmatch(to.host):
            try:
                tally.add(runtime.log, day, to.host, f"{found[1]}-src")
            except LogError:
                return Response(status_code=503)
            if runtime.metrics is not None:
                runtime.metrics.reported()
    return Response(status_code=204)


def _said(content: object) -> Iterator[tuple[str, str, str]]:
    """The page, the blocked address and the directive of each report, in either format."""
    for report in content if isinstance(content, list) else [content]:
        if not isinstance(report, dict):
            continue
        old, new = report.get("csp-report"), report.get("body")
        if isinstance(old, dict):
            directive = old.get("effective-directive") or old.get("violated-directive")
            said = (old.get("document-uri"), old.get("blocked-uri"), directive)
        elif isinstance(new, dict) and report.get("type") == "csp-violation":
            said = (new.get("documentURL"), new.get("blockedURL"), new.get("effectiveDirective"))
        else:
            continue
        page, blocked, directive = said
        if isinstance(page, str) and isinstance(blocked, str) and isinstance(directive, str):
            yield page, blocked, directive


def _netloc(to: Target) -> str:
    return f"{to.host}:{to.port}" if to.port else to.host
