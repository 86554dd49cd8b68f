"""Which addresses a page may load from: the declared hosts of services, for one state of choice.

An address is read as a browser reads it (URL Standard, sections 4.4 and 3.3), and where that is not
worth telling apart, as one that loads: a refused host is refused in every spelling.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import inet_aton, inet_ntoa
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from ..declaration import Service

if TYPE_CHECKING:
    from .holding import Held, Known

# What browsers leave out of an address, and what they take off its ends.
_LEFT_OUT = str.maketrans("", "", "\t\n\r")
_ENDS = "".join(map(chr, range(33)))
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_NETWORK = frozenset({"http", "https", "ws", "wss", "ftp"})
_DEFAULT = {"http": "80", "ws": "80", "https": "443", "wss": "443", "ftp": "21"}
_WITHIN = frozenset({"data", "javascript", "blob", "filesystem", "view-source"})
_PORT = re.compile(r":([0-9]*)$")
# UTS #46: characters that a host is read without, and other full stops.
_IGNORED = dict.fromkeys([0xAD, 0x34F, 0x180B, 0x180C, 0x180D, 0x200B, 0x2060, 0x2064, 0xFEFF])
_IGNORED |= dict.fromkeys(range(0xFE00, 0xFE10))
_STOPS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_ENTRY = re.compile(r"(\*\.)?([^/:]+)(?::([0-9]+))?(/.*)?")
_LONGEST = 64 * 1024


class Target(NamedTuple):
    """Where an address leads: a host in lower case, a port if it is written, path and query.

    The path is without its `.` and `..`, as it is asked for.
    """

    host: str
    port: str
    path: str


class _Entry(NamedTuple):
    service: str
    allowed: bool
    port: str
    path: str


def target(address: str) -> Target | None:
    """Where an address leads, None for one without a host: a relative one, or no address of a net.

    `address` is the text of an attribute, its character references resolved.
    """
    text = address.strip(_ENDS).translate(_LEFT_OUT)
    scheme = ""
    if match := _SCHEME.match(text):
        scheme = match[1].lower()
        if scheme not in _NETWORK:
            return None
        text = text[match.end() :]
    elif text[:2].replace("\\", "/") != "//":
        return None
    rest = text.lstrip("/\\")
    end = min((at for at in map(rest.find, "/\\?#") if at >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:].replace("\\", "/")
    authority = authority.rpartition("@")[2]
    port = ""
    if match := _PORT.search(authority):
        port = match[1].lstrip("0")
        authority = authority[: match.start()]
    if port == _DEFAULT.get(scheme):
        port = ""
    if not path.startswith("/"):
        path = "/" + path
    return Target(_host(authority), port, _folded(path.partition("#")[0]))


def _host(text: str) -> str:
    if "%" in text:
        text = _unquoted(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_STOPS).translate(_IGNORED))
        text = text.translate(_STOPS).casefold()
        if not text.isascii():
            try:
                text = text.encode("idna").decode("ascii")
            except UnicodeError:
                return text
    text = text.lower().rstrip(".")
    if text[-1:].isdigit() or text.rpartition(".")[2].startswith("0x"):
        with suppress(OSError, ValueError):  # one number, fewer than four, octal or hexadecimal
            return inet_ntoa(inet_aton(text))
    return text


def _unquoted(text: str) -> str:
    # JSON may hold halves of characters, which have no bytes of their own.
    return unquote_to_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


class Hosts:
    """The hosts that may be loaded from, and those that may not, in one state of choice.

    `allows` tells whether a service may run; `own` are the site's own hosts, which no mode blocks;
    `strict` also refuses third-party hosts that no service declares; `told` says that the tags of
    services that are told of the choice are looked for; `report` is given the hosts of third
    parties that no service declares.
    """

    def __init__(
        self,
        services: Iterable[Service],
        allows: Callable[[str], bool],
        own: Iterable[str] = (),
        *,
        strict: bool = False,
        told: bool = True,
        report: Callable[[str], None] | None = None,
    ) -> None:
        services = tuple(services)
        self._exact: dict[str, list[_Entry]] = {}
        self._below: dict[str, list[_Entry]] = {}
        self._own = frozenset(own)
        self._strict = strict
        self._report = report
        self._known: dict[str, str | None] = {}
        self.tags: dict[tuple[object, ...], Held | None] = {}  # what became of single tags
        self.quick: dict[bytes, Known] = {}
        self._category: dict[str, str] = {}
        inline = []
        refused = []
        for service in services:
            self._category[service.id] = service.category
            allowed = allows(service.id)
            for host in service.hosts:
                match = _ENTRY.fullmatch(host)
                if match is None:
                    continue
                entry = _Entry(service.id, allowed, match[3] or "", match[4] or "/")
                places = self._below if match[1] else self._exact
                places.setdefault(match[2], []).append(entry)
                if not allowed:
                    refused.append(match[2])
            if not allowed:
                inline += [(service.id, pattern) for pattern in service.inline]
        self.refusing = bool(refused or inline or strict)
        # Stands for all where the address itself cannot be known.
        blocked = (s.id for s in services if s.hosts and not allows(s.id))
        self.first = next(blocked, "" if strict else None)
        # Whose first tag in a page is looked for: those that are told of the choice before it.
        self.told: Hosts | None = None
        signalled = [s for s in services if s.signal and allows(s.id)] if told else []
        if any(service.hosts or service.inline for service in signalled):
            self.told = Hosts(signalled, lambda name: False, told=False)
        self._inline = [(service, re.compile(pattern.encode())) for service, pattern in inline]
        self._inner = _mentions(refused)

    def __bool__(self) -> bool:
        """Whether a page has to be looked at."""
        return self.refusing or self.told is not None

    def refuses(self, address: str) -> str | None:
        """The id of the service that an address is refused for, None for one that may be loaded.

        An empty id is that of a third party that no service declares.
        """
        try:
            return self._known[address]
        except KeyError:
            found = self._judge(address)
            if len(self._known) >= 1024:
                self._known.clear()
            if len(address) <= 256:
                self._known[address] = found
            return found

    def refuses_target(self, to: Target) -> str | None:
        """As `refuses`, given where an address leads; nothing of it is remembered."""
        return self._match(to)

    def refuses_script(self, content: bytes) -> str | None:
        """The id of the service that a script standing in the page belongs to, if it is refused."""
        for service, pattern in self._inline:
            if pattern.search(content):
                return service
        return None

    def guards(self, gate: str, service: str) -> bool:
        """Whether a closed gate of that name keeps what a service loads from loading."""
        return bool(service) and gate in (service, self._category.get(service))

    def _judge(self, address: str) -> str | None:
        to = target(address)
        if to is not None:
            return self._match(to)
        match = _SCHEME.match(address.strip(_ENDS).translate(_LEFT_OUT))
        if match is None or match[1].lower() not in _WITHIN:
            return None
        return self.mentions(address)

    def _match(self, to: Target) -> str | None:
        found = ""
        readings = _readings(to.path)
        for entry in self._entries(to.host):
            if entry.port and entry.port != to.port:
                continue
            # What is allowed is so however it is read, what is refused in any way.
            within = [path.startswith(entry.path) for path in readings]
            if entry.allowed and all(within):
                return None
            if not entry.allowed and any(within):
                found = found or entry.service
        if found:
            return found
        own = to.host in self._own or f"{to.host}:{to.port}" in self._own
        if own or not to.host:
            return None
        if self._report is not None:
            self._report(to.host)
        return "" if self._strict else None

    def _entries(self, host: str) -> Iterable[_Entry]:
        yield from self._exact.get(host, ())
        while "." in host:
            host = host.partition(".")[2]
            yield from self._below.get(host, ())

    def mentions(self, text: str) -> str | None:
        """As `refuses`, for a text with addresses anywhere in it: a page or a script in an address.

        What it is coded in is taken off, and what then looks like a host counts.
        """
        if self._inner is None:
            return None
        for form in _forms(text[:_LONGEST]):
            for match in self._inner.finditer(form):
                if found := self._match(Target(_host(match[0]), "", "/")):
                    return found
                if found := self._match_any_path(_host(match[0])):
                    return found
        return None

    def _match_any_path(self, host: str) -> str | None:
        entries = list(self._entries(host))
        if any(entry.allowed and entry.path == "/" for entry in entries):
            return None
        return next((entry.service for entry in entries if not entry.allowed), None)


def _folded(path: str) -> str:
    """A path without its `.` and `..`, which may be written in percent."""
    path, mark, query = path.partition("?")
    if "/." in path or "/%2" in path:
        out, dots = [""], ""
        for part in path.split("/")[1:]:
            dots = part.lower().replace("%2e", ".")
            if dots == "..":
                del out[max(1, len(out) - 1) :]
            elif dots != ".":
                out.append(part)
        path = "/".join([*out, ""] if dots in (".", "..") else out)
    return path + mark + query


def _readings(path: str) -> tuple[str, ...]:
    """A path as it is asked for, and as servers may read it where that differs."""
    if "%" not in path and "//" not in path:
        return (path,)
    plain = _unquoted(path)
    return path, plain, "/" + _folded(plain).lstrip("/")


def _mentions(hosts: list[str]) -> re.Pattern[str] | None:
    if not hosts:
        return None
    every = "|".join(re.escape(host) for host in sorted(set(hosts), key=len, reverse=True))
    return re.compile(rf"(?i)(?<![a-z0-9-])(?:[a-z0-9-]+\.)*(?:{every})(?![a-z0-9-])")


def _forms(text: str) -> Iterable[str]:
    """A text as it is, and with what it may be coded in taken off."""
    yield text
    plain = _unquoted(text).translate(_LEFT_OUT)
    if plain != text:
        yield plain
    head, comma, rest = text.partition(",")
    if comma and "base64" in head.lower():
        packed = unquote_to_bytes(rest.encode("utf-8", "replace")).translate(None, b"\t\n\f\r ")
        try:
            yield b64decode(packed + b"=" * (-len(packed) % 4)).decode("utf-8", "replace")
        except (Error, ValueError):
            return
