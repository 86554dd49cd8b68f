"""Visits an ASGI app in its own process: its start, its end and requests, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message

from ..errors import AuditError

PATIENCE = 30.0
"""Seconds that a start, an end or a page may take."""

_START = "see that it starts under a server here, with what it needs in the environment"

LARGEST = 8 * 1024 * 1024
"""The most bytes of a page that are kept."""


class Reply:
    """A response: its status, header fields and body; `error` says why there is none."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.error = ""

    def take(self, message: Message) -> None:
        """Take one message of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body" and len(self.body) < LARGEST:
            self.body += message.get("body", b"")

    def field(self, name: str) -> str:
        """The first header field of a name."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def html(self) -> bytes:
        """The body, if it is HTML that can be read."""
        is_html = self.field("content-type").lower().lstrip().startswith("text/html")
        return self.body if is_html and not self.field("content-encoding") else b""

    @property
    def cookies(self) -> list[str]:
        """The names of the cookies that it sets; those that it removes are left out."""
        return [name for name, value in self.set_cookies() if value is not None]

    def set_cookies(self) -> list[tuple[str, str | None]]:
        """Each cookie that it sets, with its value, None to remove it."""
        found: list[tuple[str, str | None]] = []
        for key, field in self.headers:
            if key == "set-cookie":
                name, _, value = field.partition(";")[0].partition("=")
                gone = _expired(field)
                found.append((name.strip(), None if gone else value.strip()))
        return found


def _expired(field: str) -> bool:
    attributes = [part.strip().lower() for part in field.split(";")[1:]]
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name == "max-age":
            return value.startswith("-") or value.strip("0") == ""
        if name == "expires":
            return "1970" in value
    return False


class Guest:
    """One visitor with cookies of their own; `last_state` is the state of the last request."""

    def __init__(
        self, app: ASGIApp, origin: str, state: dict[str, Any], cookies: dict[str, str]
    ) -> None:
        self._app = app
        self._origin = urlsplit(origin)
        self._state = state
        self._cookies = cookies
        self.last_state: dict[str, Any] = {}

    async def get(self, address: str) -> Reply:
        """Ask for a path of the site, perhaps with a query."""
        path, _, query = address.partition("?")
        self.last_state = dict(self._state)
        host = self._origin.netloc
        headers = [
            (b"host", host.encode()),
            (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
            (b"user-agent", b"consent-audit"),
            (b"sec-fetch-site", b"none"),
            (b"sec-fetch-mode", b"navigate"),
        ]
        if self._cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers.append((b"cookie", pairs.encode("latin-1")))
        default = 443 if self._origin.scheme == "https" else 80
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": self._origin.scheme,
            "path": unquote(path),
            "raw_path": path.encode("ascii", "replace"),
            "query_string": query.encode("ascii", "replace"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": (self._origin.hostname, self._origin.port or default),
            "state": self.last_state,
        }
        reply = Reply()
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # the visitor stays to the end
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            reply.take(message)

        try:
            await asyncio.wait_for(self._app(scope, receive, send), PATIENCE)
        except TimeoutError:
            reply.error = f"took longer than {PATIENCE:.0f} seconds"
        except Exception as error:
            reply.error = f"raised {type(error).__name__}: {error}"
        for name, value in reply.set_cookies():
            if value is None:
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = value
        return reply


@asynccontextmanager
async def alive(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """Start an app and end it again (ASGI lifespan); gives the state that it hands to requests.

    Raises `AuditError` when it does not start.
    """
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    state: dict[str, Any] = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    task = asyncio.ensure_future(app(scope, inbox.get, outbox.put))

    async def step(name: str) -> Message | None:
        await inbox.put({"type": f"lifespan.{name}"})
        answer = asyncio.ensure_future(outbox.get())
        await asyncio.wait({answer, task}, timeout=PATIENCE, return_when="FIRST_COMPLETED")
        if answer.done():
            return answer.result()
        answer.cancel()
        return None

    try:
        told = await step("startup")
        if told is None and not task.done():
            raise AuditError(f"the application did not start within {PATIENCE:.0f} seconds", _START)
        if told is not None and told["type"] != "lifespan.startup.complete":
            lines = str(told.get("message", "")).strip().splitlines()  # often a whole traceback
            raise AuditError(
                f"the application does not start: {lines[-1] if lines else ''}", _START
            )
        yield state  # without an answer it knows no lifespan
        if not task.done():
            await step("shutdown")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
