"""A small site that declares cookies, raw responses that set them, and requests that carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consent.browser.firewall import Firewall
from consent.choice import Answer, Stored
from tests.unit.asgi_driver import HTML, Sent, body, check, run, start
from tests.unit.small_site import PAGE, TEXTS, TOML, Site

SERVICE = """
[services.%s]
name = "Palvelu"
provider = "Palvelu Oy"
category = "%s"
purposes = ["%s"]
purpose = %s
items = [%s]
"""


def service(name: str, category: str, *items: str, **more: str) -> str:
    purpose = "session" if category == "necessary" else "audience-measurement"
    reason = f", reason = {TEXTS}" if category == "necessary" else ""
    written = ", ".join(
        f'{{ name = "{item}", lifetime = "1 year", purpose = {TEXTS}{reason} }}' for item in items
    )
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    head = SERVICE % (name, category, purpose, TEXTS, written)
    return head + lines


DECLARED = (
    TOML
    + service("login", "necessary", "session", "csrf", "__Host-login", "app_*")
    + service("analytics", "statistics", "_ga", "_ga_*", "__Secure-count", "app_count_*")
    + service("pixel", "marketing", "_pixel")
)


def firewall(site: Site) -> Firewall:
    return site.consent.runtime.plans([])[0].firewall


def choice(site: Site, *granted: str) -> tuple[bytes, bytes]:
    """The Cookie field of a visitor who granted so much and refused the rest."""
    return b"cookie", choice_cookie(site, *granted)


def choice_cookie(site: Site, *granted: str) -> bytes:
    runtime = site.consent.runtime
    scopes = runtime.edition.declaration.scopes
    answers = tuple(Answer(c in granted, runtime.today, s.short) for c, s in scopes.items())
    value = runtime.cookie.value(Stored(answers, "", "x" * 22 if granted else ""))
    return f"{runtime.cookie.name}={value}".encode()


def http(site: Site, app: Any, *headers: tuple[bytes, bytes], **more: Any) -> Sent:
    scope = {
        **{"type": "http", "method": "GET", "path": "/p", "raw_path": b"/p", "query_string": b""},
        **{"headers": list(headers), "state": {}},
        **more,
    }
    sent = Sent()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.messages.append(dict(message))

    run(site.consent.protect(app)(scope, receive, send))
    check(sent)
    return sent


def setting(*values: bytes, headers: Iterable[Any] = HTML, status: int = 200) -> Any:
    """An app whose response sets cookies."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [*headers, *((b"set-cookie", value) for value in values)]
        await send(start(fields, status=status))
        await send(body(PAGE.encode() if status == 200 else b""))

    return app


def cookies(sent: Sent) -> list[bytes]:
    return [value for name, value in sent.start["headers"] if name.lower() == b"set-cookie"]
