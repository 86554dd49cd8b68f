"""A shared cache, as a CDN has one, in front of an ASGI app; and a browser's own (RFC 9111)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Fields = dict[str, str]


class Reply(NamedTuple):
    """A response; header names are in lower case, several fields of one name are one list."""

    status: int
    headers: Fields
    body: bytes


def ask(app: Any, path: str, headers: Mapping[str, str], method: str = "GET") -> Reply:
    """Send one request to an ASGI app."""
    place, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "server": ("www.example.fi", 443),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"www.example.fi")]
        + [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    status, body = 0, b""
    fields: Fields = {}

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
            for raw, value in message["headers"]:
                name, text = raw.decode().lower(), value.decode()
                fields[name] = f"{fields[name]}, {text}" if name in fields else text
        body += message.get("body", b"")

    asyncio.run(app(scope, receive, send))
    return Reply(status, fields, body)


@dataclass
class Stored:
    """A response that is kept, with what its `Vary` named of the request."""

    reply: Reply
    chosen: Fields
    since: float


@dataclass
class Cache:
    """Keeps what it may; `origin(path, headers)` answers what it cannot.

    With `shared` it serves everybody, else one browser. `served` counts what went out without the
    origin, or with no more than a 304 of it.
    """

    origin: Callable[[str, Mapping[str, str]], Reply]
    clock: Callable[[], float]
    shared: bool
    stored: dict[str, list[Stored]] = field(default_factory=dict)
    served: int = 0

    def get(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer a GET from what is kept, after asking again if need be (sections 4 to 4.3)."""
        fitting = [
            kept
            for kept in self.stored.get(path, ())
            if all(headers.get(name, "") == value for name, value in kept.chosen.items())
        ]
        kept = fitting[-1] if fitting else None
        if kept is not None and self._age(kept) < self._lifetime(kept.reply.headers):
            self.served += 1
            return self._answer(kept, headers)
        # Any variant may be the one that the origin would choose now (section 4.3.1).
        known = [kept.reply.headers for kept in self.stored.get(path, ())]
        asked = dict(headers)
        if etags := [fields["etag"] for fields in known if "etag" in fields]:
            etags += [headers["if-none-match"]] if "if-none-match" in headers else []
            asked["if-none-match"] = ", ".join(dict.fromkeys(etags))
        if kept is not None and "last-modified" in kept.reply.headers:
            asked["if-modified-since"] = kept.reply.headers["last-modified"]
        reply = self.origin(path, asked)
        if reply.status != 304:
            self._keep(path, headers, reply)
            return reply
        refreshed = self._refresh(path, kept, reply)
        if refreshed is None:  # it was the visitor's own copy that holds
            return reply
        self.served += 1
        return self._answer(refreshed, headers)

    def _answer(self, kept: Stored, headers: Mapping[str, str]) -> Reply:
        reply = kept.reply
        fields = {**reply.headers, "age": str(int(self._age(kept)))}
        held = headers.get("if-none-match", "").replace("W/", "").split(", ")
        if reply.headers.get("etag", "-").removeprefix("W/") in held:
            return Reply(304, fields, b"")
        return reply._replace(headers=fields)

    def _refresh(self, path: str, kept: Stored | None, reply: Reply) -> Stored | None:
        """Bring what is kept up to date by a 304 (sections 3.2 and 4.3.4)."""
        etag, variants = reply.headers.get("etag", ""), self.stored.get(path, [])
        if etag.startswith('"'):  # a strong one names exactly that
            found = [k for k in variants if k.reply.headers.get("etag") == etag]
        elif etag:
            known = [(k, k.reply.headers.get("etag", "-")) for k in variants]
            found = [k for k, tag in known if tag.removeprefix("W/") == etag.removeprefix("W/")]
        else:
            found = [kept] if kept is not None else []
        if not found:
            return None
        one = found[-1]
        headers = {**one.reply.headers, **reply.headers}
        headers["content-length"] = str(len(one.reply.body))
        one.reply = one.reply._replace(headers=headers)
        one.since = self.clock() - int(reply.headers.get("age", 0))
        if not self._may_keep(headers):
            variants.remove(one)
        return one

    def _keep(self, path: str, headers: Mapping[str, str], reply: Reply) -> None:
        if reply.status != 200 or not self._may_keep(reply.headers):
            return
        names = [name.strip().lower() for name in reply.headers.get("vary", "").split(",")]
        chosen = {name: headers.get(name, "") for name in names if name}
        variants = self.stored.setdefault(path, [])
        variants[:] = [kept for kept in variants if kept.chosen != chosen]
        variants.append(Stored(reply, chosen, self.clock() - int(reply.headers.get("age", 0))))

    def _may_keep(self, headers: Fields) -> bool:
        control = _control(headers)
        forbidden = "no-store" in control or headers.get("vary", "").strip() == "*"
        return not forbidden and not (self.shared and "private" in control)

    def _age(self, kept: Stored) -> float:
        return self.clock() - kept.since

    def _lifetime(self, headers: Fields) -> float:
        control = _control(headers)
        if "no-cache" in control:
            return 0
        if self.shared and "s-maxage" in control:
            return float(control["s-maxage"])
        return float(control.get("max-age", 0))


def _control(headers: Fields) -> dict[str, str]:
    words = [word.strip().lower() for word in headers.get("cache-control", "").split(",")]
    return {name: value for name, _, value in (word.partition("=") for word in words) if name}
