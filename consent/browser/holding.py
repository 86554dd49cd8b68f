"""How a tag that may not load is made inert, so that the script can bring it to life in its place.

Attributes with refused addresses get another name (`data-held-src`), scripts and styles a type that
no browser knows; `data-consent` names the service that is waited for. What should stand in an SVG
or in MathML, where script could not mend it, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from html import escape
from typing import NamedTuple

from .embeds import is_dot
from .hosts import Hosts
from .html import ATTRIBUTE, TAG, attributes, raw_end, released, text
from .loads import in_json, in_module, in_style, refused, remapped, voided

Placeholder = Callable[[str, Mapping[str, str], bytes], bytes]
"""What stands for a refused embed: given its id, the template's attributes and its content."""

CONTENT = 54 * 1024
"""How much of a script or style that stands in the page is read, in bytes."""

WITH_CONTENT = frozenset(b"script style video audio noscript".split())
"""Elements that are judged by what they hold too."""

NOBODY = "-"
"""Stands for the service where none is declared: nobody can be allowed."""

_RUNS = re.compile(
    r"(?:(?:application|text)/(?:x-)?(?:java|ecma)script|text/(?:javascript1\.[0-5]|jscript"
    r"|livescript)|module)?"
)
_LISTS = frozenset(("importmap", "speculationrules"))
_PLACED = frozenset(b"iframe video object embed".split())
_WRAPPED = frozenset((b"iframe", b"embed"))
_UNSEEN = re.compile(rb"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_FOREIGN_END = {name: re.compile(rb"(?i)</%b" % name) for name in (b"script", b"style")}
_NOSCRIPT_END = re.compile(rb"(?i)</noscript(?=[\t\n\f\r />])")
_BEFORE_SOURCE = re.compile(rb"[\t\n\f\r ]*+(?=<(?i:source|track)[\t\n\f\r />])")


class Held(NamedTuple):
    """What stands for a start tag; with `without` its content is left out.

    `after` goes behind its end tag; `placed` tells that there is a placeholder. With an `owner`
    nothing is held: it is a tag of a service that is told of the choice before it.
    """

    tag: bytes
    after: bytes = b""
    without: bool = False
    placed: bool = False
    owner: str = ""


class Known(NamedTuple):
    """What always becomes of a tag where nothing that matters is open around it.

    `shown` stands for it, None for itself; `raw` is the raw text element that it opens.
    """

    shown: bytes | None
    raw: bytes


class Holder:
    """Makes inert what `hosts` refuse; `placeholder` stands where a frame or a video was held."""

    def __init__(self, hosts: Hosts, placeholder: Placeholder | None) -> None:
        self._hosts = hosts
        self._placeholder = placeholder
        self.searched = 0  # up to where this buffer holds no end of a `noscript`

    def keep(self, tag: bytes, known: Known) -> None:
        """Remember what becomes of a tag, in this state of choice."""
        quick = self._hosts.quick
        if len(tag) <= 512:
            if len(quick) >= 1024:
                quick.clear()
            quick[tag] = known

    def content(self, name: bytes, buffer: bytes, start: int, foreign: bool) -> tuple[int, bool]:
        """Find what belongs to a tag that ends at `start`, to judge it: (its end, all of it there).

        That is the text of a script or style, the sources of a video or a sound, and what stands in
        a `noscript`.
        """
        if name in (b"script", b"style"):
            if foreign:
                found = _FOREIGN_END[name].search(buffer, start)
                end = found.start() if found else -1
            else:
                end, _, _ = raw_end(name, buffer, start)
            limit = start + CONTENT
            if end < 0 or end > limit:
                return min(len(buffer), limit), len(buffer) >= limit
            return end, True
        if name in (b"video", b"audio") and not foreign:
            return _sources(buffer, start)
        if name == b"noscript" and not foreign:
            limit = start + CONTENT
            found = _NOSCRIPT_END.search(buffer, max(start, self.searched), limit)
            if found is None:
                self.searched = max(start, min(len(buffer), limit) - len(b"</noscript "))
                return start, len(buffer) >= limit
            return found.start(), True
        return start, True

    def hold(
        self, tag: bytes, rest: bytes, space: bytes, content: bytes, gate: str | None
    ) -> Held | None:
        """As `_judge`, from memory where the same tag came before in this state of choice."""
        key = (tag, rest, space, content, gate)
        known = self._hosts.tags
        try:
            return known[key]
        except KeyError:
            held = self._judge(*key)
            # A placeholder leads on from its page: no other one may have it.
            if len(rest) + len(content) <= 512 and not (held and held.placed):
                if len(known) >= 1024:
                    known.clear()
                known[key] = held
            return held

    def _judge(
        self, tag: bytes, rest: bytes, space: bytes, content: bytes, gate: str | None
    ) -> Held | None:
        """The inert form of a start tag, None where it may stay as it is.

        `tag` is its name as written, `rest` what stands between that and its `>`; `space` as
        `Elements.enter` gives it; `gate` is the name of the gate whose template it stands in, empty
        in another template, None in none.
        """
        name = tag.lower()
        found = attributes(rest)
        kind = text(found.get(b"type", b"")).strip("\t\n\f\r ").lower()
        if name == b"script" and not runs(kind):
            return self._waiting(tag, rest, found, content, gate) if kind == "text/plain" else None
        foreign = bool(space) or name in (b"svg", b"math")
        service, names = _refused(self._hosts, name, kind, found, content, foreign)
        if service is None and self._hosts.told is not None and gate is None:
            owner, _ = _refused(self._hosts.told, name, kind, found, content, foreign)
            return Held(b"", owner=owner) if owner else None
        if service is None or (gate and self._hosts.guards(gate, service)):
            return None
        service = service or NOBODY
        if foreign:
            without = name in (b"script", b"style")
            return Held(b"<%b%b>" % (tag, _renamed(rest, names, None)), without=without)
        if name == b"script":
            stand_in = b""
            # What the site itself maps holds meanwhile: its modules do not run without it.
            if kind == "importmap" and (
                left := remapped(content.decode("utf-8", "replace"), self._hosts)
            ):
                stand_in = b"<%b%b data-stand-in>%b</%b>" % (tag, _open(rest), left.encode(), tag)
            return Held(_typed(tag, rest, service), stand_in)
        placed = name in _PLACED and gate is None and service != NOBODY
        placeholder = b""
        if placed and self._placeholder and (name in _WRAPPED or not _is_unseen(found)):
            attached = {text(key): text(value) for key, value in found.items()}
            inner = b"<%b%b>%b</%b>" % (tag, rest, content, tag)
            placeholder = self._placeholder(service, attached, inner)
        if name == b"style" or (placeholder and name in _WRAPPED):
            # A style's type keeps no browser from looking ahead into it for what it imports.
            opening = b'<template data-consent="%b"><%b%b>' % (service.encode(), tag, rest)
            closing = b"</template>" + placeholder
            if name == b"style":  # what else stands in it holds meanwhile
                sheet = voided(content.decode("utf-8", "surrogateescape"), self._hosts)
                kept = sheet.encode("utf-8", "surrogateescape")
                closing += b"<%b%b data-stand-in>%b</%b>" % (tag, _open(rest), kept, tag)
            if name == b"embed":
                return Held(opening + closing, placed=bool(placeholder))
            return Held(opening, closing, placed=bool(placeholder))
        held = b'<%b data-consent="%b" data-held="%b"%b' % (
            tag,
            service.encode(),
            b" ".join(names),
            _renamed(rest, names, b"data-held-"),
        )
        if b"style" in names and (sheet := voided(text(found[b"style"]), self._hosts)):
            held = _open(held) + b' style="%b"' % escape(sheet).encode("utf-8")
        if placeholder:
            held = placeholder + _open(held) + b" hidden"
        return Held(held + b">", placed=bool(placeholder))

    def _waiting(
        self,
        tag: bytes,
        rest: bytes,
        found: Mapping[bytes, bytes],
        content: bytes,
        gate: str | None,
    ) -> Held | None:
        """A script that waits for one choice, though what it loads waits for another: for both."""
        marks = {key: found[key] for key in (b"data-category", b"data-consent") if key in found}
        loads = attributes(released(rest))
        kind = text(loads.get(b"type", b"")).strip("\t\n\f\r ").lower()
        if not marks or not runs(kind):
            return None
        service, _ = _refused(self._hosts, b"script", kind, loads, content, False)
        waits = (gate or "", *map(text, marks.values()))
        if service is None or any(self._hosts.guards(one, service) for one in waits):
            return None
        mark = b' data-consent="%b"' % (service or NOBODY).encode()
        if b"data-category" not in marks:
            mark += b' data-category="%b"' % escape(text(marks[b"data-consent"])).encode()
        return Held(b"<%b%b%b>" % (tag, mark, rest))


def _refused(
    hosts: Hosts,
    name: bytes,
    kind: str,
    found: Mapping[bytes, bytes],
    content: bytes,
    foreign: bool,
) -> tuple[str | None, list[bytes]]:
    hit = refused(name, found, hosts, foreign=foreign)
    return hit or (_within(hosts, name, kind, found, content), [])


def _within(
    hosts: Hosts, name: bytes, kind: str, found: Mapping[bytes, bytes], content: bytes
) -> str | None:
    if name == b"style":
        return in_style(content.decode("utf-8", "replace"), hosts)
    if name == b"script":
        if b"src" in found or b"href" in found or b"xlink:href" in found:
            return None
        if kind in _LISTS:
            if len(content) >= CONTENT:
                return hosts.first  # nobody has read what comes behind it
            return in_json(content.decode("utf-8", "replace"), hosts)
        service = hosts.refuses_script(content)
        if service is None and kind == "module":
            service = in_module(content.decode("utf-8", "replace"), hosts)
        return service
    for match in TAG.finditer(content):
        hit = refused(match[2].lower(), attributes(match[3]), hosts)
        if hit is not None:
            return hit[0]
    return None


def _sources(buffer: bytes, start: int) -> tuple[int, bool]:
    position = start
    while match := _BEFORE_SOURCE.match(buffer, position):
        tag = TAG.match(buffer, match.end())
        if tag is None or tag.end() - start > CONTENT:
            return position, len(buffer) - start > CONTENT
        position = tag.end()
    # What follows may yet become another one.
    after = buffer[position : position + 16].lstrip(b"\t\n\f\r ").lower()
    unsure = b"<source ".startswith(after) or b"<track ".startswith(after)
    return position, not unsure


def _is_unseen(found: Mapping[bytes, bytes]) -> bool:
    """Whether a video or an object shows nothing."""
    hidden = b"hidden" in found or bool(_UNSEEN.search(found.get(b"style", b"")))
    return hidden or is_dot(found)


def _open(tag: bytes) -> bytes:
    # A slash at its end would become a part of the name of an attribute that follows.
    return tag.rstrip(b"\t\n\f\r /")


def runs(kind: str) -> bool:
    """Whether a browser reads a script of that type."""
    return kind in _LISTS or bool(_RUNS.fullmatch(kind))


def inert(rest: bytes, first: bytes = b"") -> bytes:
    """The attributes of a script that no browser runs; the first of two of a name counts."""
    rest = _renamed(rest, [b"data-src", b"data-type"], None)
    return b' type="text/plain"%b%b' % (first, _renamed(rest, [b"src", b"type"], b"data-"))


def _typed(tag: bytes, rest: bytes, service: str) -> bytes:
    return b"<%b%b>" % (tag, inert(rest, b' data-consent="%b"' % service.encode()))


def _renamed(rest: bytes, names: Container[bytes], before: bytes | None) -> bytes:
    """The attributes of a tag with some of them under another name, or left out."""
    out: list[bytes] = []
    at = 0
    for match in ATTRIBUTE.finditer(rest):
        name = match[1].lower()
        if name not in names:
            continue
        if before is None:
            out.append(rest[at : match.start()])
            at = match.end()
        else:
            out += (rest[at : match.start()], before)
            at = match.start()
    return b"".join((*out, rest[at:]))
