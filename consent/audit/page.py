"""What stands in a page: links, what it loads and from where, what waits in it for a choice."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin

from ..browser.hosts import Hosts
from ..browser.html import COMMENT, RAW, TAG, attributes, raw_end, text
from ..browser.loads import in_json, in_module, in_style, refused
from ..browser.places import is_document


class Load(NamedTuple):
    """An address that an element loads; one that waits is not loaded yet."""

    element: str
    address: str
    waits: bool


class Page:
    """A page, read as a browser without script reads it.

    `links` are the addresses of its links, `gates` the names that it waits for, `scripts` the texts
    of scripts that stand in it.
    """

    def __init__(self, html: bytes, address: str) -> None:
        self.document = is_document(html, True) is True
        self.links: list[str] = []
        self.loads: list[Load] = []
        self.gates: set[str] = set()
        self.scripts: list[bytes] = []
        self._base = address
        self._depth = 0
        self._read(html)

    def _read(self, html: bytes) -> None:
        position = 0
        while (position := html.find(b"<", position)) >= 0:
            if match := COMMENT.match(html, position):
                position = match.end()
            elif html.startswith(b"<!--", position):
                return  # a comment up to the end
            elif match := TAG.match(html, position):
                position = match.end()
                name = match[2].lower()
                if match[1]:
                    self._depth = max(0, self._depth - (name == b"template"))
                    continue
                content = b""
                if name in RAW:
                    end, _, _ = raw_end(name, html, position)
                    end = end if end >= 0 else len(html)
                    content, position = html[position:end], end
                self._element(name, attributes(match[3]), content)
            else:
                position += 1

    def _element(self, name: bytes, found: dict[bytes, bytes], content: bytes) -> None:
        kind = text(found.get(b"type", b"")).strip().lower()
        named = found.get(b"data-consent") or found.get(b"data-category")
        if named and (name == b"template" or kind == "text/plain"):
            self.gates.add(text(named))
        if name == b"template":
            self._depth += 1
        href = found.get(b"href")
        if name == b"base" and href is not None:
            self._base = self._whole(text(href))
            return
        waits = bool(self._depth) or (name == b"script" and kind == "text/plain")
        if name in (b"a", b"area") and href is not None and not waits:
            self.links.append(self._whole(text(href)))
        seen = _Noting()
        refused(name, found, seen)
        if name == b"style":
            in_style(content.decode("utf-8", "replace"), seen)
        elif name == b"script":
            self._script(kind, content, seen)
        if srcdoc := found.get(b"srcdoc"):
            inner = Page(text(srcdoc).encode(), self._base)
            self.loads += [load._replace(waits=load.waits or waits) for load in inner.loads]
        element = name.decode("latin-1")
        self.loads += [Load(element, self._whole(one), waits) for one in seen.addresses]

    def _whole(self, address: str) -> str:
        try:
            return urljoin(self._base, address.strip())
        except ValueError:  # no browser gets anywhere by it either
            return ""

    def _script(self, kind: str, content: bytes, seen: Hosts) -> None:
        if kind in ("importmap", "speculationrules"):
            in_json(content.decode("utf-8", "replace"), seen)
        elif kind == "module":
            in_module(content.decode("utf-8", "replace"), seen)
        if "json" not in kind and content.strip():
            self.scripts.append(content)


class _Noting(Hosts):
    """Refuses nothing, and so is asked for every address that an element loads."""

    def __init__(self) -> None:
        super().__init__((), lambda _: True)
        self.addresses: list[str] = []

    def refuses(self, address: str) -> str | None:
        self.addresses.append(address)
        return None
