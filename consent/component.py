"""The way into an application: `Consent` and its middleware.

from consent import Consent
consent = Consent.load("consent.toml")
app = consent.protect(app)
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .browser.inject import Responder
from .browser.request import prepared
from .pages import Runtime, is_ours, respond
from .pages.runtime import Clock
from .pages.visitor import Visitor
from .settings import Settings, load


class Consent:
    """The component of one site, made from its settings once at start.

    `clock` gives seconds since 1970-01-01 UTC, for tests. Raises `LogMissing` when the log has not
    been made, and `NoticeError` when a published notice has been changed.
    """

    def __init__(self, settings: Settings, clock: Clock = time.time) -> None:
        self.settings = settings
        self.runtime = Runtime(settings, clock)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], environ: Mapping[str, str] | None = None
    ) -> Consent:
        """Read `consent.toml` and the secrets of the environment (R123).

        Raises `SettingsError` with every fault at once, as `consent check` prints them.
        """
        return cls(load(path, environ))

    def protect(self, app: ASGIApp) -> ConsentMiddleware:
        """Wrap an ASGI application."""
        return ConsentMiddleware(app, consent=self)

    def close(self) -> None:
        """Write what waits in the log and let go of it."""
        self.runtime.close()


class ConsentMiddleware:
    """Serves the component's own routes and completes the pages of the app that it wraps."""

    def __init__(self, app: ASGIApp, consent: Consent) -> None:
        self.app = app
        self.consent = consent
        self._runtime = consent.runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, self._closing(send))
            return
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        runtime = self._runtime
        edition, choice, plans = runtime.state(scope["headers"])
        state = scope.get("state")
        if state is None:
            state = scope["state"] = {}
        visitor = state["consent"] = Visitor(edition, choice)
        if kind == "websocket":
            await self.app(scope, receive, send)
        elif is_ours(runtime, scope["path"]):
            response = await respond(runtime, edition, choice, scope, receive)
            if not scope["path"].startswith(runtime.settings.prefix):
                # The notice has the banner in its flow: it can be read before choosing (R19).
                send = Responder(plans.plan(scope, visitor, flow=True), send, scope).send
            await response(scope, receive, send)
        else:
            rewritten = Responder(plans.plan(scope, visitor), send, scope).send
            await self.app(prepared(scope, plans.tag), receive, rewritten)

    def _closing(self, send: Send) -> Send:
        async def closing(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                self.consent.close()
            await send(message)

        return closing
