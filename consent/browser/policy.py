"""The content security policy of one state of choice: which hosts a page may load from (CSP 3).

It is there for what no reading of the page can see: hosts that a script asks on its own. So it
names hosts and nothing else. What stands in the page, `eval`, `data:` and `blob:` stay allowed,
because a site that never wrote for a policy would break without them; against injected script it
does not help, and is not meant to. A site that wants that sends a policy of its own: both are sent,
and a browser keeps both (CSP 3, 8.1), so that ours can only ever forbid more. Or its templates read
`request.state.consent.nonce`; then in that page scripts without the nonce do not run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .headers import listed
from .hosts import Hosts
from .inject import Message, Plan, Send, responder

if TYPE_CHECKING:
    from ..settings import Settings
    from .headers import Headers
    from .plan import Reading
    from .request import Scope

_START = "http.response.start"
_PAGES = (b"text/html", b"application/xhtml+xml")
# What CSP 3 takes in a path: RFC 3986's characters, without those that end a source or a policy.
_PATH = "/%:@!$&'()*+=~-._"


class HostPolicy:
    """The policy for one state of choice, made once; a response only takes it.

    `hosts` are the declared hosts that may be loaded from, `origins` the site's own; `reports` is
    the path that reports go to. Not to `enforce` is only to report. `private` says that it differs
    from one choice to another, which is what its responses then depend on.
    """

    __slots__ = ("_endpoints", "_fields", "_nonced", "private")

    def __init__(
        self,
        hosts: Iterable[str],
        origins: Iterable[str],
        reports: str,
        *,
        enforce: bool,
        private: bool = True,
    ) -> None:
        self.private = private
        origins = tuple(origins)
        own, others = ["'self'", *map(_origin, origins)], sources(hosts)
        every = " ".join([*own, *others])
        # A host without a scheme is taken with that of the page, which web sockets do not have.
        sockets = " ".join([every, *(f"wss://{host}" for host in others)])
        scripts = f"script-src {every} 'unsafe-eval' blob: 'nonce-"
        rest = (
            f"default-src {every} 'unsafe-inline' 'unsafe-eval' data: blob:; "
            f"connect-src {sockets} data: blob:; report-uri {reports}"
        )
        name = b"content-security-policy" if enforce else b"content-security-policy-report-only"
        self._endpoints: Headers = []
        if origins[0].startswith("https:"):
            # Where it counts, browsers send to `report-to` alone; on plain HTTP it never does.
            rest += "; report-to consent"
            self._endpoints = [(b"reporting-endpoints", b'consent="%b"' % reports.encode())]
        self._fields: Headers = [(name, rest.encode()), *self._endpoints]
        self._nonced = (name, scripts.encode(), f"'; {rest}".encode())

    def fields(self, nonce: str = "") -> Headers:
        """The header fields for a response, given the nonce that its page has asked for."""
        if not nonce:
            return self._fields
        name, before, after = self._nonced
        return [(name, b"".join((before, nonce.encode("ascii"), after))), *self._endpoints]


def policed(
    policy: HostPolicy,
    plan: Plan,
    send: Send,
    scope: Scope,
    visitor: Reading,
    given: Scope | None = None,
) -> Send:
    """As `inject.responder`, with the policy on every page that the app sends."""
    fields: Headers = []

    def completed(message: Message) -> Awaitable[None]:
        if fields and message["type"] == _START:
            message = {**message, "headers": [*message.get("headers", ()), *fields]}
        return send(message)

    rewritten = responder(plan, completed, scope, visitor, given)

    def judged(message: Message) -> Awaitable[None]:
        nonlocal fields
        if message["type"] == _START and _is_page(message := listed(message)):
            visitor.read = visitor.read or policy.private
            if visitor.nonce_given:
                # Seen by the rewriter, so that what it puts in has the nonce too.
                nonced = policy.fields(visitor.nonce_given)
                message = {**message, "headers": [*message.get("headers", ()), *nonced]}
            else:  # it forbids nothing that is put in, so the rewriter need not read it
                fields = policy.fields()
        return rewritten(message)

    return judged


def _is_page(message: Message) -> bool:
    for name, value in message.get("headers", ()):
        if name == b"content-type" or name.lower() == b"content-type":
            kind: bytes = value
            return kind.startswith(_PAGES) or kind.lstrip().lower().startswith(_PAGES)
    return False


def sources(hosts: Iterable[str]) -> list[str]:
    """The host-sources that allow what is declared, without those that another one covers."""
    found = sorted(set(map(host_source, hosts)))
    return [one for one in found if not any(_covers(other, one) for other in found if other != one)]


def host_source(declared: str) -> str:
    """The narrowest host-source that allows all that an entry of `hosts` declares.

    An entry's path is the start of one, perhaps with a query. In a policy a path counts whole
    unless it ends with `/`, and there is no query (CSP 3, 6.7.2.8): a start is cut to its folder.
    """
    host, _, path = declared.partition("/")
    path, query, _ = path.partition("?")
    if not query:
        path = path[: path.rfind("/") + 1]
    return f"{host}/{quote(path, safe=_PATH)}" if path else host


def _covers(wide: str, narrow: str) -> bool:
    host, slash, path = narrow.partition("/")
    over, _, start = wide.partition("/")
    if start and not (start.endswith("/") and slash and path.startswith(start)):
        return False
    # A host without a port stands for the usual one alone, so ports must be the same.
    return over == host or (over.startswith("*.") and host.endswith(over[1:]))


def _origin(origin: str) -> str:
    # Without its scheme, which is the page's: a header has little room.
    return origin.removeprefix("https://")


def whose(settings: Settings) -> Hosts:
    """Tells which service an address is of: `refuses` gives its id, empty for nobody's.

    It gives None for the site itself, and for what leads to no host.
    """
    own = (urlsplit(origin).netloc for origin in settings.site.origins)
    return Hosts(settings.declaration.services, lambda _: False, own, strict=True)
