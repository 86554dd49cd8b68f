"""Consent signals: vendors are told of the choice in their own words (R93-R96).

Each vendor's script stands directly before its first released tag, once a page, and only where one
of its services may run: before a grant nothing of a vendor is there that could be told. What is
said is known to the server, so that no vendor waits. When the choice changes in a page, script
calls what `Signals.reply` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import product
from typing import NamedTuple

from ...declaration import Service
from . import clarity, google, hubspot, matomo, meta, pinterest, tiktok, uet
from .vendor import Said, Vendor

Allows = Callable[[str], bool]
Before = Callable[[str], bytes]
"""Gives what stands before a tag that is released by the id of a service or category."""

VENDORS: Mapping[str, Vendor] = {
    "google": google.VENDOR,
    "uet": uet.VENDOR,
    "clarity": clarity.VENDOR,
    "meta": meta.VENDOR,
    "hubspot": hubspot.VENDOR,
    "matomo": matomo.VENDOR,
    "tiktok": tiktok.VENDOR,
    "pinterest": pinterest.VENDOR,
}
"""By the name that `Service.signal` has, in the order in which they are told."""


class Signal(NamedTuple):
    """One vendor's script as markup: with its text, and as a file for where that may not stand."""

    inline: bytes
    file: bytes


class Signals:
    """What the vendors of declared services are told; made once a declaration.

    `files` holds the script of every vendor in every state, by its path below `prefix`, so that a
    page that anybody kept finds the one that it names.
    """

    def __init__(self, services: Iterable[Service], prefix: str) -> None:
        self._services = tuple(services)
        self._prefix = prefix
        self._own = {
            name: own
            for name in VENDORS
            if (own := [s for s in self._services if s.signal == name])
        }
        every = (script for name in self._own for script in _scripts(VENDORS[name]))
        self.files = {f"signals/{_key(script)}.js": script for script in every}

    def state(self, allows: Allows) -> Released | None:
        """What is put into pages in one state of choice; None where no vendor may run."""
        signals, names = {}, dict[str, tuple[str, ...]]()
        for name, own in self._own.items():
            allowed = [service for service in own if allows(service.id)]
            if allowed:
                script = VENDORS[name].script(self._said(name, allows))
                key = _key(script)
                mark = b'data-signal="%b.%b"' % (name.encode(), key.encode())
                address = f"{self._prefix}/signals/{key}.js".encode()
                signals[name] = Signal(
                    b"<script %b>%b</script>" % (mark, script),
                    b'<script src="%b" %b></script>' % (address, mark),
                )
            for service in allowed:
                for gate in (service.id, service.category):
                    names[gate] = tuple(dict.fromkeys((*names.get(gate, ()), name)))
        return Released(signals, names) if signals else None

    def reply(self, allows: Allows, *, withdrawn: bool) -> list[dict[str, object]]:
        """What script needs to tell vendors of a choice, in JSON; empty where none is to be told.

        A vendor's `key` names its script in `files` and tells one state from another; it is empty
        where the vendor may not run.
        """
        told: list[dict[str, object]] = []
        for name, own in self._own.items():
            runs = any(allows(service.id) for service in own)
            said = self._said(name, allows)
            key = _key(VENDORS[name].script(said)) if runs else ""
            told.append({"id": name, "key": key, "calls": VENDORS[name].change(said)})
        return told if withdrawn or any(vendor["key"] for vendor in told) else []

    def _said(self, name: str, allows: Allows) -> Said:
        said = {}
        for part, purposes in VENDORS[name].parts.items():
            deciding = _with(self._own[name], purposes)
            if not deciding and VENDORS[name].others:
                deciding = _with(self._services, purposes)
            said[part] = bool(deciding) and all(allows(service.id) for service in deciding)
        return said


class Released:
    """The scripts of the vendors that may run in one state of choice, ready to be put in."""

    __slots__ = ("_names", "_signals")

    def __init__(self, signals: Mapping[str, Signal], names: Mapping[str, tuple[str, ...]]) -> None:
        self._signals = signals
        self._names = names

    def page(self, *, inline: bool, nonce: bytes = b"") -> Before:
        """Begin a page: what it gives comes once a vendor.

        `inline` tells whether the page's policies let a script stand in it, with the nonce if there
        is one.
        """
        told: set[str] = set()

        def before(name: str) -> bytes:
            found = b""
            for vendor in self._names.get(name, ()):
                if vendor not in told:
                    told.add(vendor)
                    signal = self._signals[vendor]
                    found += _nonced(signal.inline if inline else signal.file, nonce)
            return found

        return before


def _nonced(markup: bytes, nonce: bytes) -> bytes:
    return b'<script nonce="%b"%b' % (nonce, markup[7:]) if nonce else markup


def _with(services: Iterable[Service], purposes: frozenset[str]) -> list[Service]:
    return [s for s in services if not purposes or purposes.intersection(s.purposes)]


def _scripts(vendor: Vendor) -> Iterator[bytes]:
    for granted in product((False, True), repeat=len(vendor.parts)):
        yield vendor.script(dict(zip(vendor.parts, granted, strict=True)))


def _key(script: bytes) -> str:
    return sha256(script).hexdigest()[:10]
