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
from hashlib import blake2b
from socket import inet_aton, inet_ntoa
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from ..declaration import Service
from .html import resolved

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
_IGNORED = dict.fromkeys([0xAD, 0x34F, 0x180B, 0x180C, 0x180D, 0x180F, 0x200B, 0x2060, 0xFEFF])
_IGNORED |= dict.fromkeys([*range(0x2061, 0x2065), *range(0x1BCA0, 0x1BCA4)])
_IGNORED |= dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_STOPS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_ENTRY = re.compile(r"(\*\.)?([^/:]+)(?::([0-9]+))?(/.*)?")
_LONGEST = 64 * 1024
# Of a host no more than this counts: the DNS has no longer names.
_FARTHEST = 253
# In a text: what may be a host, an address up to its path, and an escape of CSS or script.
_RUN = re.compile(r"[^\x00-,/:-@\[-`{-\x7f]+")
_STOP = re.compile(r"[.\u2024-\u2026\u3002\ufe52\uff0e\uff61]")
_ADDRESS = re.compile(
    r"""(xmlns(?::[\w.-]+)?\s*(?:=|%3d)\s*(?:["']|%2[27])?)?"""
    r"""((?:(?:https?|wss?|ftp):|[/\\]{2})[^\s"'`<>(){},;?#]*)""",
    re.IGNORECASE,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{0*([0-9a-f]{1,6})\}|([0-9a-f]{1,6})\s?)", re.IGNORECASE
)
# Stands in doctypes and scripts as the name of a language, and is not loaded from.
_NAMING = frozenset({"www.w3.org"})


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
        if not text.isascii() and len(text) <= _FARTHEST:
            text = _ascii(text) or _ascii("".join(filter(_is_seen, text))) or text
    text = text.lower().rstrip(".")
    if text[-1:].isdigit() or text.rpartition(".")[2].startswith("0x"):
        with suppress(OSError, ValueError):  # one number, fewer than four, octal or hexadecimal
            return inet_ntoa(inet_aton(text))
    return text


def _ascii(host: str) -> str | None:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _is_seen(character: str) -> bool:
    # In a page that is not of UTF-8 a soft hyphen is a byte that cannot be decoded.
    return character != "\ufffd" and unicodedata.category(character) not in ("Cf", "Mn")


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
        self._known: dict[str | bytes, str | None] = {}
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
        declared = (
            host.partition("/")[0].removeprefix("*.") for s in signalled for host in s.hosts
        )
        self._told_names = sorted({name.encode() for name in declared})
        self._inline = [(service, re.compile(pattern.encode())) for service, pattern in inline]
        self._within = bool(refused)

    def __bool__(self) -> bool:
        """Whether a page has to be looked at."""
        return self.refusing or self.told is not None

    def concerns(self, page: bytes) -> bool:
        """Whether a whole page has to be looked at; a quick look without tokens.

        It does where something is refused. Else it does only where it names a host or holds a
        script of those that are told of the choice, as they are commonly written: what is written
        in another way may run, and is only not told before it does.
        """
        if self.refusing or self.told is None:
            return self.refusing
        return any(name in page for name in self._told_names) or any(
            pattern.search(page) for _, pattern in self.told._inline
        )

    def refuses(self, address: str) -> str | None:
        """The id of the service that an address is refused for, None for one that may be loaded.

        An empty id is that of a third party that no service declares.
        """
        key: str | bytes = address
        if len(address) > 256:  # a picture in the page, say
            key = blake2b(address.encode("utf-8", "surrogatepass")).digest()
        try:
            return self._known[key]
        except KeyError:
            found = self._judge(address)
            if len(self._known) >= 1024:
                self._known.clear()
            self._known[key] = found
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
        return self._undeclared(to)

    def _undeclared(self, to: Target) -> str | None:
        own = to.host in self._own or f"{to.host}:{to.port}" in self._own
        if own or not to.host:
            return None
        if self._report is not None:
            self._report(to.host)
        return "" if self._strict else None

    def _entries(self, host: str) -> Iterable[_Entry]:
        yield from self._exact.get(host, ())
        host = host[-_FARTHEST:]
        while "." in host:
            host = host.partition(".")[2]
            yield from self._below.get(host, ())

    def mentions(self, text: str) -> str | None:
        """As `refuses`, for a text with addresses anywhere in it: a page or a script in an address.

        What it is coded in is taken off, and what then looks like a host counts.
        """
        if not (self._within or self._strict or self._report):
            return None
        forms = list(_forms(text[:_LONGEST]))
        for form in forms:
            for run in dict.fromkeys(_RUN.findall(form)):
                if _STOP.search(run) or run in self._exact:
                    service = self._match_any_path(_host(run.strip(".")))
                    if service is not None:
                        return service
        if self._strict or self._report:
            found = dict.fromkeys(pair for form in forms for pair in _ADDRESS.findall(form))
            for namespace, address in found:
                to = None if namespace else target(address)
                if to is not None and self._is_strange(to) and self._undeclared(to) is not None:
                    return ""
        return None

    def _match_any_path(self, host: str) -> str | None:
        entries = list(self._entries(host))
        if any(entry.allowed and entry.path == "/" and not entry.port for entry in entries):
            return None
        return next((entry.service for entry in entries if not entry.allowed), None)

    def _is_strange(self, to: Target) -> bool:
        # A comment of a script begins like an address.
        host = to.host
        return "." in host and host not in _NAMING and not any(True for _ in self._entries(host))


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


def _forms(text: str) -> Iterable[str]:
    """A text as it is, and with what it may be coded in taken off."""
    yield from _plainer(text)
    head, comma, rest = text.partition(",")
    if comma and "base64" in head.lower():
        packed = unquote_to_bytes(rest.encode("utf-8", "replace")).translate(None, b"\t\n\f\r ")
        try:
            yield from _plainer(
                b64decode(packed + b"=" * (-len(packed) % 4)).decode("utf-8", "replace")
            )
        except (Error, ValueError):
            return


def _plainer(text: str) -> Iterable[str]:
    yield text
    for plainer in (_unquoted, resolved, resolved, _unescaped):
        plain = plainer(text)
        for left_out in "\t\n\r":
            plain = plain.replace(left_out, "")
        if plain != text:
            yield plain
            text = plain


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or match[3] or match[4], 16)
    return chr(code) if code < 0x110000 else "\ufffd"
