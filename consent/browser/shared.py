"""Pages that are the same for everybody, so that a shared cache in front may keep them (R120).

What still is one visitor's must not be kept there: a response for which the app read the choice,
and one that sets a cookie, since it depends on the visitor which cookies pass.
"""

from __future__ import annotations

from collections.abc import Awaitable

from .headers import listed
from .inject import Message, Send
from .plan import Reading

_START = "http.response.start"
_VALIDATORS = frozenset({b"etag", b"last-modified"})


def watching_cookies(send: Send, visitor: Reading) -> Send:
    """The `send` to give to the app, which takes a cookie that it sets for a reading."""

    def watching(message: Message) -> Awaitable[None]:
        if message["type"] == _START:
            message = listed(message)
            for name, _ in message["headers"]:
                if name.lower() == b"set-cookie":
                    visitor.read = True
                    break
        return send(message)

    return watching


def without_validators(send: Send, visitor: Reading) -> Send:
    """The `send` of the server, which gets no ETag of what is one visitor's.

    The tag in it would say "everybody's", by which another visitor's copy would be taken for this.
    """

    def sent(message: Message) -> Awaitable[None]:
        if message["type"] == _START and visitor.read:
            headers = message.get("headers", ())
            kept = [field for field in headers if field[0].lower() not in _VALIDATORS]
            message = {**message, "headers": kept}
        return send(message)

    return sent
