"""Cookies and third parties of the host app that nobody declared: told once each, and counted."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from math import ceil
from threading import Lock
from typing import Any

from .. import catalogue
from ..declaration import Declaration
from ..structured import event
from .request import Scope
from .set_cookie import lifetime

_logger = logging.getLogger("consent")

_MOST = 256
OTHERS = "(others)"
"""What the names are counted under that came after so many others."""
NAMELESS = "(without a name)"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))


class Undeclared:
    """What one process has seen of them: `counts` is how often a cookie of each name was set.

    `hosts` are the third parties that pages load from; `languages` are those of the site's texts.
    """

    def __init__(self, declaration: Declaration, languages: Sequence[str]) -> None:
        self.counts: dict[str, int] = {}
        self.hosts: set[str] = set()
        self._declaration = declaration
        self._languages = languages
        self._lock = Lock()

    def note(self, name: str, field: bytes, scope: Scope, *, dropped: bool) -> None:
        """Count a cookie, and log its name the first time; `field` is its `Set-Cookie` field.

        Of the request nothing is told but the route, of the cookie nothing but what declares it.
        """
        name = name or NAMELESS
        with self._lock:
            if name not in self.counts and len(self.counts) >= _MOST:
                name = OTHERS
            first = name not in self.counts
            self.counts[name] = self.counts.get(name, 0) + 1
        if not first:
            return
        if name == OTHERS:
            _logger.warning(
                "more than %d undeclared cookies: no more of them are named",
                _MOST,
                extra=event("cookies-undeclared", most=_MOST),
            )
            return
        _logger.warning(
            "the site set a cookie that is not declared, %s%s: %s\n%s",
            show(name),
            _place(scope),
            "it was dropped" if dropped else 'it passed, for undeclared = "report" is set',
            self.remedy(name, field),
            extra=event("cookie-undeclared", cookie=name[:200], dropped=dropped),
        )

    def note_host(self, host: str) -> None:
        """Log a third party that a page loads from and no service declares, the first time.

        Nothing is told of the page or of the rest of the address.
        """
        with self._lock:
            if host in self.hosts or len(self.hosts) >= _MOST:
                return
            self.hosts.add(host)
        _logger.warning(
            "a page loads from %s, which no service declares; declare it with:\n"
            "[services.<id>]\nhosts = [%s]",
            show(host),
            show(host),
            extra=event("host-undeclared", host=host[:200]),
        )

    def remedy(self, name: str, field: bytes) -> str:
        """The lines of `consent.toml` that would declare a cookie set by such a field."""
        if not _TOKEN.fullmatch(name):
            return "It cannot be declared as it is: give it a name of letters, digits, - and _"
        if known := in_catalogue(name):
            return f'Declare it with:\n[services.{known}]\nuse = "{known}"'
        texts = ", ".join(f'{lang} = "…"' for lang in self._languages)
        taken = self._declaration.category_of
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50]
        slug = slug if slug[:1].isalpha() and slug not in taken else f"cookie-{slug}".rstrip("-")
        optional = self._declaration.optional
        item = f"name = {json.dumps(name)}, lifetime = {json.dumps(_lifetime(field))}"
        return (
            "Declare it with, in your own words and under the category that it belongs to:\n"
            f"[services.{slug}]\n"
            f'name = "…"\n'
            f'provider = "…"\n'
            f'category = "{optional[-1] if optional else "necessary"}"\n'
            f'purposes = ["preferences"]\n'
            f"purpose = {{ {texts} }}\n"
            f"items = [{{ {item}, purpose = {{ {texts} }} }}]"
        )


def show(text: str) -> str:
    """A text from outside as it may stand in a line of a log."""
    return json.dumps(text[:200])


def _place(scope: Scope) -> str:
    """Where in the site that was; nothing where only the visitor's own address would tell it."""
    path: Any = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return ""
    return f", at {show(str(scope.get('root_path', '')) + path)}"


def in_catalogue(name: str) -> str:
    """The known service that sets a cookie of a name; the one that names it most exactly."""
    best = ""
    exact = -1
    for service in catalogue.ids():
        if service == "consent":
            continue
        for item in catalogue.entry(service).get("items", ()):
            pattern = re.escape(item["name"]).replace(r"\*", ".*")
            if item.get("kind", "cookie") != "cookie" or item.get("domain"):
                continue
            if re.fullmatch(pattern, name) and len(item["name"]) > exact:
                best, exact = service, len(item["name"])
    return best


def _lifetime(field: bytes) -> str:
    seconds = lifetime(field)
    if seconds is None:
        return "session"
    unit, size = next((u for u in _UNITS if seconds >= u[1]), _UNITS[-1])
    count = max(1, min(ceil(seconds / size), 3650))
    return f"{count} {unit}{'s' if count > 1 else ''}"
