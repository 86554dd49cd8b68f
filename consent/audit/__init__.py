"""Compares what a site does with what it declares (R20), by visiting it in its own process.

Three visitors walk over the pages: one who has not decided, one who refuses, one who grants. Seen
are both what the site sends and what is left of it for the visitor. Nothing is written to the log:
the visitors come with signed cookies, not with decisions. What scripts do, only a browser sees.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..choice import Answer, Stored
from ..component import Consent, ConsentMiddleware
from ..errors import AuditError, LogError
from ..log import open_log
from ..pages.reports import findings
from ..pages.visitor import Visitor
from .judge import Judge
from .report import Report as Report
from .visit import Guest, Reply, alive

if TYPE_CHECKING:
    from ..pages.runtime import Runtime
    from ..settings import Settings

VISITORS = ("undecided", "refusing", "granting")
REPORTS = timedelta(days=30)
"""For how long what browsers reported is told."""


def audit(
    app: ASGIApp,
    *paths: str,
    pages: int = 50,
    ignore: Collection[str] = (),
    settings: Settings | None = None,
) -> Report:
    """Visit a site and tell where it differs from its declaration.

    From `/` and `paths` on, links within the site are followed to so many `pages`. `ignore` names
    cookies, services, hosts and paths that are known and not to be told. `settings` wraps an app
    that has no component around it yet. Runs an event loop of its own. Raises `AuditError` when
    there is no component, or the app does not start.
    """
    with ExitStack() as ours:
        if settings is not None:
            consent = Consent(settings)
            ours.callback(consent.close)
            app = consent.protect(app)
        return asyncio.run(_audit(app, ("/", *paths), pages, frozenset(ignore)))


async def _audit(
    app: ASGIApp, paths: tuple[str, ...], pages: int, ignore: frozenset[str]
) -> Report:
    async with alive(app) as state:
        runtime = await _runtime(app, paths[0], state)
        judge = Judge(runtime.settings, runtime.edition.declaration)
        origin = runtime.settings.site.origins[0]
        with ExitStack() as taps:
            inner: list[Reply] = []
            for middleware in _middlewares(runtime):
                taps.enter_context(_tapped(middleware, inner))
            guests = {
                visitor: Guest(app, origin, state, _cookies(runtime, visitor))
                for visitor in VISITORS
            }
            await _walk(guests, paths, pages, judge, inner)
    return judge.report(ignore, _reported(runtime))


async def _walk(
    guests: Mapping[str, Guest], paths: Iterable[str], pages: int, judge: Judge, inner: list[Reply]
) -> None:
    pending = list(dict.fromkeys(paths))
    known, visited = set(pending), 0
    while pending and visited < pages:
        path = pending.pop(0)
        visited += 1
        for visitor, guest in guests.items():
            inner.clear()
            reply = await guest.get(path)
            for link in judge.see(visitor, path, reply, inner[-1] if inner else None):
                if link not in known:
                    known.add(link)
                    pending.append(link)


async def _runtime(app: ASGIApp, path: str, state: dict[str, object]) -> Runtime:
    """The component around an app, wherever it stands: a request carries it along."""
    # Something in front of it may answer to the site's own name only.
    origins = [m.consent.settings.site.origins[0] for m in _middlewares()]
    for origin in dict.fromkeys(["http://localhost", *origins]):
        guest = Guest(app, origin, state, {})
        await guest.get(path)
        visitor = guest.last_state.get("consent")
        if isinstance(visitor, Visitor):
            return visitor._plans.runtime
    raise AuditError(
        "the application has no consent component around it",
        "name the one that consent.protect() gave, or its settings with --config",
    )


def _middlewares(runtime: Runtime | None = None) -> list[ConsentMiddleware]:
    # Frameworks keep what they wrap in places of their own: all there are in the process are found.
    made = [one for one in gc.get_objects() if type(one) is ConsentMiddleware]
    return [one for one in made if runtime is None or one.consent.runtime is runtime]


@contextmanager
def _tapped(middleware: ConsentMiddleware, replies: list[Reply]) -> Iterator[None]:
    """Note what the site itself sends, before anything is held back."""
    app = middleware.app

    async def tap(scope: Scope, receive: Receive, send: Send) -> None:
        reply = Reply()

        async def noting(message: Message) -> None:
            reply.take(message)
            await send(message)

        if scope["type"] == "http":
            replies.append(reply)
        await app(scope, receive, noting)

    middleware.app = tap
    try:
        yield
    finally:
        middleware.app = app


def _cookies(runtime: Runtime, visitor: str) -> dict[str, str]:
    if visitor == "undecided":
        return {}
    scopes = runtime.edition.declaration.scopes.values()
    grants = visitor == "granting"
    answers = tuple(Answer(grants, runtime.today, scope.short) for scope in scopes)
    stored = Stored(answers, runtime.seen, "A" * 22 if grants else "")
    return {runtime.cookie.name: runtime.cookie.value(stored)}


def _reported(runtime: Runtime) -> dict[str, int]:
    """The hosts that browsers met of late, and how often, as the log has them."""
    since = (runtime.now() - REPORTS).date().isoformat()
    try:
        log = open_log(runtime.settings.log, writable=False)
    except LogError:
        return {}
    hosts: dict[str, int] = {}
    try:
        with log.snapshot() as view:
            for found in findings(view.counts()):
                if found.day >= since:
                    hosts[found.host] = hosts.get(found.host, 0) + found.n
    finally:
        log.close()
    return hosts
