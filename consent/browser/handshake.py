"""What is sent besides a response's start and body: the answer to a WebSocket, and early hints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .firewall import Firewall
from .headers import listed
from .hosts import Hosts
from .links import links_kept
from .request import Scope

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_HINT = "http.response.early_hint"
_ANSWERS = frozenset({"websocket.accept", "websocket.http.response.start"})


def handshake(firewall: Firewall, send: Send, scope: Scope) -> Send:
    """The `send` of a WebSocket: its answer sets no cookie that is refused or undeclared."""

    def filtered(message: Message) -> Awaitable[None]:
        if message["type"] in _ANSWERS and "headers" in message:
            message = listed(message)
            fields = message["headers"]
            cookies = [field for field in fields if field[0].lower() == b"set-cookie"]
            if cookies:
                kept = firewall.kept(cookies, scope)
                fields = [field for field in fields if field not in cookies or field in kept]
                message = {**message, "headers": fields}
        return send(message)

    return filtered


def hinting(hosts: Hosts | None, send: Send, scope: Scope) -> Send:
    """The `send` of a request whose server takes early hints: none for what is refused.

    The same, where nothing is refused or the server takes none.
    """
    if hosts is None or _HINT not in (scope.get("extensions") or ()):
        return send

    def hinted(message: Message) -> Awaitable[None]:
        if message["type"] != _HINT:
            return send(message)
        links = links_kept(message.get("links", ()), hosts)
        return send({**message, "links": links}) if links else _nothing()

    return hinted


async def _nothing() -> None:
    """What is awaited where a message is left out."""
