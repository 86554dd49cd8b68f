"""Which open elements decide how the next token is read (HTML Standard, sections 13.2.4, 13.2.6).

In SVG and MathML `template` is an ordinary element and `script`, `style` and `title` hold markup;
in their integration points HTML is back. Only what tells these places apart is kept: templates, all
within an `svg` or `math`, nothing of ordinary HTML outside them.
"""

from __future__ import annotations

from typing import NamedTuple

from .html import RAW, attributes, self_closing


class Embed(NamedTuple):
    """A refused template that wants a placeholder: its id and its attributes."""

    id: str
    attributes: dict[str, str]


class Element(NamedTuple):
    """One open element. `kind` is one of the constants below, `gate` the name of a closed gate."""

    kind: int
    name: bytes
    space: bytes = b""
    embed: Embed | None = None
    gate: str = ""


TEMPLATE = 0  # an HTML template that stays in the page
OPENED = 1  # the mark of an HTML template whose tags were left out
FOREIGN = 2  # an SVG or MathML element
POINT = 3  # one within which HTML is back
HTML = 4  # an HTML element within such a point
REMOVED = 5  # a refused SVG or MathML template, left out with all its content
OPENED_FOREIGN = 6  # the mark of an SVG or MathML template whose tags were left out
_MARKS = (OPENED, OPENED_FOREIGN)

_BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li"
    b" listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul"
    b" var".split()
)
_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param"
    b" source track wbr".split()
)
_MATH_TEXT = frozenset(b"mi mo mn ms mtext".split())
_SVG_POINTS = frozenset(b"foreignobject desc title".split())
_CLOSES_P = frozenset(
    b"address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption"
    b" figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol p pre"
    b" plaintext search section summary table ul xmp".split()
)
_SPECIAL = _CLOSES_P | frozenset(
    b"applet body button caption colgroup frameset head html marquee object select tbody td tfoot"
    b" th thead tr".split()
)
_SCOPES = frozenset(b"applet caption html marquee object table td th".split())
_TABLE_PARTS = frozenset(b"caption colgroup tbody td tfoot th thead tr".split())
_OUTER = frozenset(b"html head body frameset".split())
_HEADINGS = frozenset(b"h1 h2 h3 h4 h5 h6".split())
_ITEMS = {b"li": (b"li",), b"dd": (b"dd", b"dt"), b"dt": (b"dd", b"dt")}


class Elements:
    """The stack of open elements, as far as it matters.

    An end tag that would close an HTML element around an unclosed `svg` is taken as a stray one:
    what follows then counts as SVG until a tag that SVG cannot hold, and a gate in doubt stays
    closed.
    """

    __slots__ = ("stack",)

    def __init__(self) -> None:
        self.stack: list[Element] = []

    def current(self) -> Element | None:
        """The innermost element, marks left out."""
        if not self.stack:
            return None
        for element in reversed(self.stack):
            if element.kind not in _MARKS:
                return element
        return None

    def gate(self) -> str | None:
        """The name of the gate whose template is open, empty in another one, None in none."""
        for element in reversed(self.stack):
            if element.kind == TEMPLATE:
                return element.gate
        return None

    def plain(self) -> bool:
        """Whether the next tag is read as HTML and no element needs to be tracked."""
        if not self.stack:
            return True
        current = self.current()
        return current is None or current.kind == TEMPLATE

    def foreign(self) -> bool:
        """Whether a CDATA section may stand here."""
        current = self.current()
        return current is not None and current.kind in (FOREIGN, POINT, REMOVED)

    def removing(self) -> bool:
        """Whether what stands here is left out of the page."""
        return any(element.kind == REMOVED for element in self.stack)

    def enter(self, name: bytes, rest: bytes) -> bytes:
        """Find how a start tag is read: the namespace of its element, b"" for HTML.

        Closes what the tag itself closes; does not open its element. `rest` are its attributes.
        """
        current = self.current()
        if current is None or current.kind in (TEMPLATE, HTML):
            return b""
        if current.kind == POINT:
            odd = current.name in _MATH_TEXT and name in (b"mglyph", b"malignmark")
            return current.space if odd else b""
        if current.name == b"annotation-xml" and name == b"svg" and current.space == b"math":
            return b""
        if name not in _BREAKOUT and not (
            name == b"font" and not {b"color", b"face", b"size"}.isdisjoint(attributes(rest))
        ):
            return current.space
        index = len(self.stack)
        while index and self.stack[index - 1].kind in (FOREIGN, *_MARKS):
            index -= 1
        self._cut(index)
        return b""

    def open(self, name: bytes, space: bytes, rest: bytes) -> None:
        """Open the element of a start tag read in `space`."""
        if space:
            if not self_closing(rest):
                point = _is_point(name, space, rest)
                self.stack.append(Element(POINT if point else FOREIGN, name, space))
        elif name in (b"svg", b"math"):
            if not self_closing(rest):
                self.stack.append(Element(FOREIGN, name, name))
        elif not self.plain() and name not in RAW | _VOID | _OUTER:
            self._open_html(name)

    def close(self, name: bytes) -> Element | None:
        """Close what an end tag closes; give the template, mark or removed one that it ends.

        A removed template may also end because an element around it does; then `name` is another.
        """
        if name == b"template":
            return self._close_template()
        stack = self.stack
        current = self.current()
        if current is not None and current.kind in (FOREIGN, POINT, REMOVED):
            for index in range(len(stack) - 1, -1, -1):
                element = stack[index]
                if element.kind in (TEMPLATE, HTML):
                    break
                if element.kind in (FOREIGN, POINT) and element.name == name:
                    removed = [e for e in stack[index:] if e.kind == REMOVED]
                    self._cut(index)
                    return removed[0] if removed else None
        if not self.plain():
            self._close_html(name)
        return None

    def _close_template(self) -> Element | None:
        stack = self.stack
        current = self.current()
        foreign = current is not None and current.kind in (FOREIGN, POINT, REMOVED)
        for index in range(len(stack) - 1, -1, -1):
            element = stack[index]
            kind = element.kind
            if kind in (TEMPLATE, REMOVED) or (
                foreign and kind in (FOREIGN, POINT) and element.name == b"template"
            ):
                self._cut(index)
                return element
            if kind == OPENED or (foreign and kind == OPENED_FOREIGN):
                # Its content stands in the page now, and so does what it left open.
                del stack[index]
                return element
            foreign = foreign and kind != HTML
        return None

    def _cut(self, index: int) -> None:
        # The marks of opened templates wait for the end tags that are still to be left out.
        self.stack[index:] = [e for e in self.stack[index:] if e.kind == OPENED]

    def _open_html(self, name: bytes) -> None:
        if name in _TABLE_PARTS and not self._in_scope(b"table", _OUTER):
            return
        if name in _CLOSES_P and (index := self._in_scope(b"p", _SCOPES | {b"button"})):
            self._cut(index)
        for other in _ITEMS.get(name, ()):
            if index := self._in_scope(other, _SPECIAL - {b"address", b"div", b"p", other}):
                self._cut(index)
        if name in _HEADINGS and self.stack[-1].kind == HTML and self.stack[-1].name in _HEADINGS:
            self.stack.pop()
        self.stack.append(Element(HTML, name))

    def _close_html(self, name: bytes) -> None:
        if name in RAW or name in _OUTER:
            return
        names = _HEADINGS if name in _HEADINGS else (name,)
        blocks = _SCOPES if name in _SPECIAL else _SPECIAL
        for one in names:
            if index := self._in_scope(one, blocks - {one}):
                self._cut(index)
                return

    def _in_scope(self, name: bytes, blocks: frozenset[bytes] | set[bytes]) -> int:
        """The index of the nearest such HTML element that nothing in `blocks` hides, or 0.

        None is ever at 0: an integration point is below it.
        """
        for index in range(len(self.stack) - 1, -1, -1):
            kind, found, *_ = self.stack[index]
            if kind in (TEMPLATE, POINT, REMOVED):
                return 0
            if kind == HTML:
                if found == name:
                    return index
                if found in blocks:
                    return 0
        return 0


def _is_point(name: bytes, space: bytes, rest: bytes) -> bool:
    if space == b"svg":
        return name in _SVG_POINTS
    if name == b"annotation-xml":
        encoding = attributes(rest).get(b"encoding", b"").lower()
        return encoding in (b"text/html", b"application/xhtml+xml")
    return name in _MATH_TEXT
