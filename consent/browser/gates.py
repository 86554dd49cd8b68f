"""Gates in the host's pages: what the visitor allows is opened, in the stream (R1, R18, R29).

`<template data-consent="X">…</template>` is inert by HTML's own rules. Where X is allowed its tags
are left out and its content stands in the page; where not, it stays as it is, and with the
attribute `data-embed` a placeholder follows it. `<script type="text/plain" data-category="X">` is
released by taking its type away; `<script data-consent="X">` that would run is given such a type.
A gate in SVG or MathML would not be inert: there a refused one is left out with all that it holds.
Nothing within raw text, comments and attributes is a gate.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from ..structured import event
from .elements import (
    OPENED,
    OPENED_FOREIGN,
    REMOVED,
    TEMPLATE,
    Element,
    Elements,
    Embed,
)
from .holding import CONTENT, WITH_CONTENT, Holder, Known, Placeholder, inert, runs
from .hosts import Hosts
from .html import (
    ATTRIBUTE,
    CDATA,
    COMMENT,
    LIMIT,
    RAW,
    START,
    TAG,
    attributes,
    raw_end,
    released,
    self_closing,
    shortened,
    skipper,
    text,
)
from .loads import LOADING
from .signals import Before

Allows = Callable[[str], bool]
"""Whether the visitor allows a category or service, by its id; False for an unknown one."""

DEEPEST = 128
"""How many open elements that matter are kept: each tag may ask all of them."""

_logger = logging.getLogger("consent")
_SKIP = skipper(b" ".join((b"template svg math", *sorted(RAW))))
# A style without anything that could load stands in many tags and stops nobody.
_STOPS = (
    rb"(?=[sSbBpPaA])(?:(?i:background|ping|attributionsrc)|(?i:style)(?!=\"[^\"(\\&@]*+\"))"
    rb"[\t\n\f\r =/>]"
)
_SKIP_LOADS = skipper(b" ".join((b"template svg math", *sorted(RAW), LOADING)), stops=_STOPS)
_LITERAL = re.compile(rb"<[^a-zA-Z/!?]")


class Gates:
    """Opens the gates of one page; `feed` takes its bytes in any pieces.

    Held back is nothing but a tag that may be a gate and is not whole yet, of at most LIMIT bytes.
    Of a longer tag no attribute is read, so that a gate in it stays closed.
    """

    def __init__(
        self,
        allows: Allows,
        placeholder: Placeholder | None = None,
        hosts: Hosts | None = None,
        before: Before | None = None,
        *,
        nested: bool = False,
        framed: bool = False,
    ) -> None:
        self._allows = allows
        self._hosts = hosts
        self._nested, self._framed = nested, framed
        self._before = before
        self._holder = Holder(hosts, placeholder) if hosts else None
        self._quick: dict[bytes, Known] = hosts.quick if hosts and not framed else {}
        self._skip = _SKIP_LOADS if hosts else _SKIP
        self._last = False
        self._placeholder = placeholder
        self._longest = CONTENT if hosts else LIMIT
        self._elements = Elements()
        self._kept = b""  # the start of an open construct, or a shorter one that is equal to it
        self._sent = 0  # how much of it has been given out already
        self._long = False
        self._raw = b""  # the raw text element that the data ends within
        self._escaped = 0
        self._after = b""  # what goes behind that
        self._ending = False  # the end tag of a raw text element is next
        self._removing = False
        self._lost = False
        self._embed: Embed | None = None
        self._inner: list[bytes] = []
        self._inner_from = 0
        self._out: list[bytes] = []
        self._from = 0  # up to where the buffer has been given out

    def feed(self, data: bytes, last: bool = False, settled: bool = False) -> bytes:
        """Give the next bytes with gates opened, all once `last`; `settled`: a token follows."""
        kept = len(self._kept)
        buffer = self._kept + data if kept else data
        self._out, self._from, self._inner_from = [], self._sent, kept
        self._kept, self._sent, self._last = b"", 0, last
        if self._holder is not None:
            self._holder.searched = 0
        end = self._scan(buffer, kept)
        if last or (settled and self._kept == b"<"):  # before a token it can only be text
            self._sent, end = len(self._kept), len(buffer)
        if not self._removing:
            self._out.append(buffer[self._from : max(end, self._from)])
        if self._embed and sum(map(len, self._inner)) <= 2 * LIMIT:
            self._inner.append(buffer[self._inner_from :])
        out, self._out = self._out, []  # not kept until the next bytes come
        return b"".join(out)

    def forget_held(self) -> None:
        """Take what is held back as given out by somebody else."""
        self._sent = len(self._kept)

    def _scan(self, buffer: bytes, kept: int) -> int:
        # Reads tokens up to the end; gives the offset up to which the buffer may be given out.
        elements = self._elements
        position, end = 0, len(buffer)
        while True:
            if self._raw:
                found, resume, self._escaped = raw_end(self._raw, buffer, position, self._escaped)
                if found < 0:
                    return self._keep(buffer[resume:], end)
                self._raw, position = b"", found
                self._ending = not elements.plain() or bool(self._after)
            if elements.plain() and not self._ending:
                match = self._skip.match(buffer, position)
                position = match.end() if match else position
                self._long = self._long and not position
            else:
                position = buffer.find(b"<", position)
            if not 0 <= position < end:
                return end
            match = TAG.match(buffer, position)
            if match:
                # Most tags came before, on this page or another, and stand in nothing that matters.
                if not elements.stack and (known := self._quick.get(match[0])) and not self._long:
                    if known.shown is not None:
                        self._leave_out(buffer, position, match.end())
                        self._out.append(known.shown)
                    self._raw, position = known.raw, match.end()
                    continue
                if not self._tag(buffer, match, kept):
                    self._kept = buffer[position:]
                    return position
                position = max(match.end(), self._from)
                continue
            section = elements.foreign() and buffer.startswith(b"<![CDATA[", position)
            match = (CDATA if section else COMMENT).match(buffer, position)
            if match:
                position = match.end()
            elif _LITERAL.match(buffer, position):
                position += 1
            else:
                return self._open_end(buffer, position, section)

    def _keep(self, rest: bytes, end: int) -> int:
        self._kept, self._sent = rest, len(rest)
        return end

    def _open_end(self, buffer: bytes, position: int, section: bool) -> int:
        """Keep the construct that the data ends within; hold it back if it may be a gate."""
        rest, end = buffer[position:], len(buffer)
        if rest.startswith(b"<!--"):
            return self._keep(rest if len(rest) < 12 else b"<!--x" + rest[-3:], end)
        if section:
            return self._keep(rest if len(rest) < 12 else rest[:10] + rest[-2:], end)
        start = START.match(rest)
        name = start[2] if start else None
        if name is None:
            if rest in (b"<", b"</"):
                self._kept = rest
                return position
            return self._keep(rest[:9], end)
        name = name.lower()
        if self._long or len(rest) > self._longest:
            if (
                self._holder is not None
                and not self._long
                and not self._removing
                and rest[1:2] != b"/"
            ):
                self._leave_out(buffer, position, end)
                self._out.append(self._begun(rest))
            self._long = True
            self._keep(shortened(rest), end)
            opens = start is not None and name == b"template" and not start[1]
            gate = opens and self._elements.enter(name, b"")
            return position if gate else end
        gates = b"template".startswith(name) or b"script".startswith(name)
        gates = gates or (self._holder is not None and start is not None and not start[1])
        if self._removing or gates:
            self._kept = rest
            return position
        return self._keep(rest, end)

    def _leave_out(self, buffer: bytes, start: int, end: int) -> None:
        self._out.append(buffer[self._from : start])
        self._from = end

    def _tag(self, buffer: bytes, match: re.Match[bytes], kept: int) -> bool:
        """Read a whole tag; tell whether it could be judged with what has come so far."""
        start, end = match.span()
        long = self._long or end - start > LIMIT
        if self._ending:
            self._long = self._ending = False
            if self._after:
                self._leave_out(buffer, end, end)
                self._out.append(self._after)
                self._after = b""
            return True
        name, rest = match[2].lower(), match[3]
        elements = self._elements
        content = end
        if self._holder is not None and not match[1] and not self._removing:
            foreign, whole = elements.foreign(), True
            if not (self._nested and name == b"noscript"):
                content, whole = self._holder.content(name, buffer, end, foreign)
            if not whole and not self._last:
                return False
        fed, self._long = self._long, False
        deep = len(elements.stack) >= DEEPEST
        if deep and self._lose(buffer, start, end):
            return True
        if match[1]:
            self._end_tag(buffer, start, end, name, long, kept)
            return True
        if self._framed and (name == b"template" or name in RAW - {b"noframes"}):
            self._leave_out(buffer, start, end)  # in a frameset browsers read past these
            return True
        space = elements.enter(name, rest)
        if name == b"template" and not self._removing:
            if space:
                self._foreign_template(buffer, start, end, space, rest, long)
            elif not deep:  # else it stays closed, as HTML has it
                self._template(buffer, start, end, {} if long else attributes(rest))
            return True
        if name == b"template" and not space:
            elements.stack.append(Element(TEMPLATE, name))
            return True
        if self._holder is not None and name == b"noscript" and not space and content > end:
            self._noscript(buffer, end, content)
            return True
        shown: bytes | None = None
        same = False
        names: list[str] = []
        if name == b"script" and not long and not self._removing:
            marked, names = self._marked(rest)
            if names or marked != rest:
                rest = marked
                shown = b"<%b%b>" % (match[2], rest)
        if self._holder is not None and not self._removing and end - start > CONTENT:
            shown = self._begun(buffer[start:end])
        elif self._holder is not None and not self._removing and not fed:
            held = self._holder.hold(match[2], rest, space, buffer[end:content], elements.gate())
            same = not (held and held.placed) and (
                name not in WITH_CONTENT or (name == b"script" and b"src" in attributes(rest))
            )
            if held is not None and held.owner:
                shown, names = shown or buffer[start:end], [*names, held.owner]
            elif held is not None:
                shown, self._after, names = held.tag, held.after, []
                end = content if held.without else end
        if shown is not None:
            self._leave_out(buffer, start, end)
            if not space:
                self._tell(names)
            self._out.append(shown)
        alone = not elements.stack
        elements.open(name, space, rest)
        if not space and name in RAW:
            self._raw = name
        alone = alone and not elements.stack and not (long or names or self._after)
        if self._holder is not None and alone and same and end == match.end():
            self._holder.keep(match[0], Known(shown, self._raw))
        return True

    def _tell(self, names: list[str]) -> None:
        """Put what vendors are told before the first tag of theirs that is released (R93-R96)."""
        if self._before is not None and self._elements.gate() is None:
            self._out += map(self._before, names)

    def _begun(self, tag: bytes) -> bytes:
        """A tag that is too long to be held: what loads in the first of its attributes is held."""
        start = START.match(tag)
        assert start
        assert start[2]
        assert self._holder
        rest = tag[start.end() : CONTENT]
        ends = [match.end() for match in ATTRIBUTE.finditer(rest)][:-1]
        rest = rest[: ends[-1]] if ends else b""
        held = self._holder.hold(start[2], rest, b"", b"", "")
        return tag if not (held and held.tag) else held.tag[:-1] + tag[start.end() + len(rest) :]

    def _lose(self, buffer: bytes, start: int, end: int) -> bool:
        """Whether nothing is read any further: then the rest of an SVG is left out.

        HTML gates stay closed by themselves, and what loads is judged as before.
        """
        if not self._lost:
            self._lost = True
            _logger.warning("a page nests too deep: gates stay closed", extra=event("page-deep"))
        foreign = any(e.kind not in (TEMPLATE, OPENED) for e in self._elements.stack)
        if foreign and not self._removing:
            self._leave_out(buffer, start, end)
            self._removing = True
        return foreign

    def _noscript(self, buffer: bytes, start: int, end: int) -> None:
        """Read what a `noscript` holds by itself: where scripts run, it is text up to its end tag.

        Where none do it is markup, and whatever it leaves open hides only more than is judged here.
        """
        assert self._holder
        inner = Gates(self._allows, self._placeholder, self._hosts, self._before, nested=True)
        self._leave_out(buffer, start, end)
        self._out.append(inner.feed(buffer[start:end], True))

    def _template(self, buffer: bytes, start: int, end: int, found: dict[bytes, bytes]) -> None:
        # A shadow root is live from the start: it is no gate, and what it loads is judged.
        gate = found.get(b"data-consent") if b"shadowrootmode" not in found else None
        embed, name = None, ""
        if gate is not None:
            name = text(gate)
            if self._allows(name):
                self._leave_out(buffer, start, end)
                self._tell([name])
                self._elements.stack.append(Element(OPENED, b"template"))
                return
            if b"data-embed" in found and self._placeholder and not self._embed:
                embed = Embed(name, {text(key): text(value) for key, value in found.items()})
                self._embed, self._inner, self._inner_from = embed, [], end
        self._elements.stack.append(Element(TEMPLATE, b"template", b"", embed, name))

    def _foreign_template(
        self, buffer: bytes, start: int, end: int, space: bytes, rest: bytes, long: bool
    ) -> None:
        gate = attributes(rest).get(b"data-consent")
        if gate is None and not long:
            self._elements.open(b"template", space, rest)
            return
        allowed = not long and gate is not None and self._allows(text(gate))
        self._leave_out(buffer, start, end)
        if not self_closing(rest):
            kind = OPENED_FOREIGN if allowed else REMOVED
            self._elements.stack.append(Element(kind, b"template", space))
            self._removing = not allowed

    def _end_tag(
        self, buffer: bytes, start: int, end: int, name: bytes, long: bool, kept: int
    ) -> None:
        closed = self._elements.close(name)
        if closed is None:
            return
        if closed.kind == REMOVED:
            self._removing = False
            self._from = end if name == b"template" or long else start
            if long and name != b"template":
                self._out.append(b"</" + name + b">")
        elif closed.kind in (OPENED, OPENED_FOREIGN):
            if not long:
                self._leave_out(buffer, start, end)
        elif closed.embed and closed.embed is self._embed:
            inner = b"".join([*self._inner, buffer[self._inner_from : start]])
            if start < kept and self._inner:
                inner = inner[: start - kept]  # the held start of this end tag
            self._embed, self._inner = None, []
            if len(inner) > LIMIT or long or not self._placeholder:
                _logger.warning("a long embed got no placeholder", extra=event("embed-too-long"))
                return
            self._leave_out(buffer, end, end)
            self._out.append(self._placeholder(*closed.embed, inner))

    def _marked(self, rest: bytes) -> tuple[bytes, list[str]]:
        """A script's attributes as its marks have them, and the names by which it is released."""
        found = attributes(rest)
        kind = text(found.get(b"type", b"")).strip("\t\n\f\r ").lower()
        keys = (b"data-category", b"data-consent") if kind == "text/plain" else (b"data-consent",)
        names = [text(found[key]) for key in keys if key in found]
        if not names or not (kind == "text/plain" or runs(kind)):
            return rest, []
        if not all(map(self._allows, names)):
            return rest if kind == "text/plain" else inert(rest), []
        return released(rest) if kind == "text/plain" else rest, names
