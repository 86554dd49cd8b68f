"""The way into an application: `Consent` and its middleware.

from consent import Consent
consent = Consent.load("consent.toml")
app = consent.protect(app)
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.types import Message, Receive, Scope, Send

from .browser.encoded import asking
from .browser.handshake import handshake, hinting
from .browser.inject import responder
from .browser.policy import policed
from .browser.request import prepared
from .browser.shared import watching_cookies, without_validators
from .pages import is_ours, load, respond
from .pages.visitor import Visitor
from .structured import event

# Settings, templates, notices and the log are loaded when the component of a site is made: what
# only imports the package, as a task queue or a command of the site's does, does not wait for them.
if TYPE_CHECKING:
    from .pages.runtime import Clock
    from .settings import Settings

# Frameworks disagree about the types of ASGI's messages.
App = Callable[..., Awaitable[None]]
logger = logging.getLogger("consent")


class Consent:
    """The component of one site, made from its settings once at start.

    `clock` gives seconds since 1970-01-01 UTC, for tests. Raises `LogMissing` when the log has not
    been made, and `NoticeError` when a published notice has been changed.
    """

    def __init__(self, settings: Settings, clock: Clock = time.time) -> None:
        from .pages.runtime import Runtime

        load()
        self.settings = settings
        self.runtime = Runtime(settings, clock)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], environ: Mapping[str, str] | None = None
    ) -> Consent:
        """Read `consent.toml` and the secrets of the environment (R123).

        Raises `SettingsError` with every fault at once, as `consent check` prints them.
        """
        from . import settings

        return cls(settings.load(path, environ))

    def protect(self, app: App) -> ConsentMiddleware:
        """Wrap an ASGI application."""
        return ConsentMiddleware(app, consent=self)

    def close(self) -> None:
        """Write what waits in the log and let go of it."""
        self.runtime.close()


class ConsentMiddleware:
    """Serves the component's own routes and completes the pages of the app that it wraps."""

    def __init__(self, app: App, consent: Consent) -> None:
        self.app = app
        self.consent = consent
        self._plans = consent.runtime.plans
        self._shared = consent.settings.enforcement.cacheable
        self._own = consent.runtime.own
        self._placed = False
        from .pages import kept  # what answers requests is loaded with a site

        self._kept, self._answer = kept.kept, kept.answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        kind = scope["type"]
        page = kind == "http"
        if not page and kind != "websocket":
            await self.app(scope, receive, self._closing(send) if kind == "lifespan" else send)
            return
        if not self._placed:
            self._place(scope)
        plans, special, hides = self._plans(scope["headers"])
        if page and scope["path"].startswith(self._own):
            runtime = self.consent.runtime
            if (ready := self._kept(runtime, plans, scope)) is not None:
                await ready.send(scope, send)
                return
            if is_ours(runtime, scope):
                await self._respond(scope, receive, send)
                return
        visitor = Visitor(plans, scope)
        state = scope.get("state")
        if state is None:
            state = scope["state"] = {}
        state["consent"] = visitor
        given = plans.firewall.hiding(scope) if hides else scope
        if not page:
            await self.app(given, receive, handshake(plans.firewall, send, given))
            return
        if special or "extensions" in scope:
            given = asking.readable(prepared(given, plans.plan.tag))
            send = hinting(plans.plan.hosts, send, scope)
        if self._shared:
            send = without_validators(send, visitor)
        if plans.policy is None:
            rewritten = responder(plans.plan, send, scope, visitor, given)
        else:
            rewritten = policed(plans.policy, plans.plan, send, scope, visitor, given)
        if self._shared:
            rewritten = watching_cookies(rewritten, visitor)
        await self.app(given, receive, rewritten)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        runtime = self.consent.runtime
        state = runtime.state(scope["headers"])
        if not scope["path"].startswith(f"{runtime.settings.prefix}/"):
            # The notice has the banner in its flow: it can be read before choosing (R19).
            await self._answer(runtime, state, scope, receive, send)
            return
        response = await respond(runtime, state.edition, state.choice, scope, receive)
        await response(scope, receive, send)

    def _place(self, scope: Scope) -> None:
        """At the first request, say which paths of ours no request can ever have."""
        self._placed = True
        root = scope.get("root_path", "")
        # What programs ask for lies at the root of the host, wherever the application does.
        ours = (path for path in self._own if not path.startswith("/.well-known/"))
        if outside := [path for path in ours if not path.startswith(f"{root}/")]:
            logger.error(
                "the site is served under %s, so nobody gets to %s: in consent.toml, write prefix"
                " and notices.paths as a browser sees them, beginning with %s/",
                root,
                ", ".join(path.rstrip("/") for path in outside),
                root,
                extra=event("paths-unreachable", root=root),
            )

    def _closing(self, send: Send) -> Send:
        async def closing(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                self.consent.close()
            await send(message)

        return closing
