"""A notice as an HTML page: its structure is kept, the page's own parts are left out by name.

nh3 reads the page as a browser does and hands on well-formed HTML of the tags that matter here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

from .blocks import BULLETS, NOTHING, Block, Reading, Words, escaped, tidy
from .headings import BOLD, divided
from .layout import plainer

_INLINE = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}
# What opens and shuts a part of the page is its heading.
_HEADINGS = {"summary": 3, **{f"h{level}": level for level in range(1, 7)}}
_BREAKS = {
    *("p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "th", "caption", "figure", "hr"),
    *("figcaption", "address", "details", "summary", "pre", "form", "fieldset", *_HEADINGS),
}
# The page's own, wherever they stand; and what is the page's only outside the notice.
_ALWAYS = {"nav", "button", "select", "noscript"}
_OUTSIDE = {"header", "footer", "aside"}
_NAMED = re.compile(
    r"cybotcookiebot\w*|onetrust-(?:banner|consent|pc)[\w-]*|cmplz-(?:cookiebanner|manage)[\w-]*|"
    r"cookie-?(?:banner|notice|law|consent|bar)(?:-\w+)?|breadcrumbs?|site-(?:header|footer)|"
    r"post-navigation|comments-area|sharedaddy|skip-link|screen-reader-text",
    re.IGNORECASE,
)
_GONE = {"script", "style", "template", "svg", "iframe", "object", "title", "math"}
_VOID = {"br", "hr", "img"}
_TAGS = {*_BREAKS, *_INLINE, *_ALWAYS, *_OUTSIDE, *_VOID, "a", "span", "thead", "tbody", "tfoot"}
_KEPT = {
    "*": {"id", "role", "class", "data-cfemail", "aria-level"},
    "a": {"href", "name"},
    "button": {"aria-expanded"},
    "img": {"alt"},
    "span": {"style"},
}
_ROLES = {"navigation": "nav", "banner": "header", "contentinfo": "footer", "main": "main"}
_BULLET = re.compile(f"([·–»›o§])\\s+(?=\\S)|([{BULLETS}])\\s*")
_DEEPER = {"o": 1, "◦": 1, "§": 2, "▪": 2, "\uf0a7": 2}
_LEVEL = re.compile(r"lst-kix_\w+-(\d)|ql-indent-(\d)")
_BOLD = re.compile(r"font-weight:\s*(?:bold|[6-9]00)")
_MAIL = re.compile(r"/cdn-cgi/l/email-protection")


def read_markup(html: str) -> Reading:
    """Read an HTML page or fragment.

    What `main` or the only `article` holds is the notice, else all but navigation, head and foot of
    the page; each part that is left out is named.
    """
    import nh3

    cleaner = nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes=_KEPT,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    # What Word writes for old browsers, `<![if …]>`; the end of a comment of its is none of those.
    clean = plainer(cleaner.clean(re.sub(r"<!\[(?:if|endif)[^\]>]*\]>", "", html)))
    reader = _read(clean, _core(clean))
    kept = sum(len(block.plain.split()) for block in reader.blocks)
    if kept < sum(len(part.split()) for part in reader.left_out):
        # Better too much of the page than too little of the notice.
        reader = _read(clean, "", whole=True)
    title, blocks = divided(reader.blocks)
    return Reading(title, tuple(blocks), tuple(reader.left_out))


def _read(html: str, core: str, *, whole: bool = False) -> _Reader:
    reader = _Reader(core, whole)
    reader.feed(html)
    reader.close()
    reader.finish()
    return reader


def _core(html: str) -> str:
    # The element that holds the notice: most of the page's words stand in it.
    every = len(re.sub(r"<[^>]*>", "", html).split())
    for tag, pattern in (
        ("main", r"<main\b.*?</main>"),
        ("article", r"<article\b.*?</article>"),
    ):
        found = re.findall(pattern, html, re.S)
        inside = len(re.sub(r"<[^>]*>", "", found[0]).split()) if len(found) == 1 else 0
        if inside > 50 and inside * 2 > every:
            return tag
    return ""


class _Reader(HTMLParser):
    def __init__(self, core: str, whole: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.left_out: list[str] = []
        self._core, self._whole = core, whole
        self._inside = 0 if core else 1
        self._outside: list[str] = []
        self._skipped: list[str] = []
        self._lost: list[str] = []
        self._plain, self._markdown = "", ""
        self._kind, self._level, self._number = "text", 0, ""
        self._keys: list[str] = []
        self._lists: list[tuple[str, int]] = []
        self._links: list[tuple[str, int, int]] = []
        self._marks: list[tuple[str, int]] = []
        self._rows: list[list[Words]] | None = None
        self._mail = ""
        self._deeper = 0

    # -- tags --

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        part = _ROLES.get(values.get("role", ""), tag)
        if tag == "img":
            self._image(" ".join(tidy(values.get("alt", "")).split()))
            return
        if self._skipped:
            self._skipped += [tag] if tag not in _VOID else []
            self._lost.append(" ")
            return
        if tag == "button" and self._is_heading(values):
            return
        names = f"{values.get('id', '')} {values.get('class', '')}".split()
        if tag not in _VOID and self._is_furniture(part, names):
            self.paragraph()
            self._skipped, self._lost = [tag], [part]
            return
        if tag == self._core:
            self.paragraph()
            self._inside += 1
            self._lists = []
        if key := values.get("id") or values.get("name"):
            self._keys.append(key)
        if tag in _BREAKS:
            self._break(tag)
        self._open(tag, values)

    def _break(self, tag: str) -> None:
        if self._rows is None:
            self.paragraph()
        elif tag not in ("td", "th", "tr", "table"):
            self._plain += " "
            self._markdown += " "

    def _is_furniture(self, part: str, names: Sequence[str]) -> bool:
        # Inside the notice a header may hold its heading; outside it is the page's.
        if part in _ALWAYS or self._whole:
            return part in _ALWAYS
        return (part in _OUTSIDE and not self._core) or any(map(_NAMED.fullmatch, names))

    def _is_heading(self, values: dict[str, str]) -> bool:
        # A button that opens a part of the notice; most often it stands in a heading.
        inside = self._kind == "heading"
        if "aria-expanded" in values and not inside and self._rows is None:
            self.paragraph()
            self._kind, self._level = "heading", _HEADINGS["summary"]
        return inside or self._kind == "heading"

    def _image(self, words: str) -> None:
        if words and (self._skipped or not self._inside):
            (self._lost if self._skipped else self._outside).append(words)
        elif words:
            self.left_out.append(f"image: {words}")

    def _open(self, tag: str, values: dict[str, str]) -> None:
        if tag in _HEADINGS or values.get("role") == "heading":
            level = values.get("aria-level", "")
            self._kind = "heading"
            self._level = _HEADINGS.get(tag) or _HEADINGS.get(f"h{level}", 2)
        elif tag in ("ul", "ol"):
            self._lists.append((tag, 0))
            deep = _LEVEL.search(values.get("class", ""))
            self._deeper = int(deep[1] or 0) if deep else 0
        elif tag == "li":
            deep = _LEVEL.search(values.get("class", ""))
            extra = int(deep[2] or 0) if deep else self._deeper
            self._kind, self._level = "item", max(len(self._lists) - 1, 0) + extra
            if self._lists:
                self._lists[-1] = (self._lists[-1][0], self._lists[-1][1] + 1)
                self._number = f"{self._lists[-1][1]}." if self._lists[-1][0] == "ol" else ""
        elif tag == "dd":
            self._kind, self._level = "item", 0
        elif tag == "br":
            self._plain += "\n"
            self._markdown += "\n"
        elif tag == "table":
            self._rows = [] if self._rows is None else self._rows
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag == "a":
            self._links.append((values.get("href", ""), len(self._plain), len(self._markdown)))
        elif tag in _INLINE or tag == "span":
            mark = _INLINE.get(tag) or ("**" if _BOLD.search(values.get("style", "")) else "")
            # One inside another would be read as text.
            inside = any(mark for mark, _ in self._marks)
            self._marks.append(("" if inside else mark, len(self._markdown)))
        if code := values.get("data-cfemail"):
            self._mail = _decoded(code)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag in self._skipped:
                while self._skipped.pop() != tag:
                    pass
            if not self._skipped:
                self._leave_out()
            return
        if tag == "a" and self._links:
            self._close_link()
        elif tag == "button":
            self._break(tag)
        elif (tag in _INLINE or tag == "span") and self._marks:
            self._close_mark()
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].append(self._taken())
        elif tag == "table" and self._rows is not None:
            rows = [tuple(row) for row in self._rows if any(cell.plain for cell in row)]
            self._rows = None
            self._table(rows)
        elif tag in _BREAKS:
            self._break(tag)
            if tag == "li" or tag in _HEADINGS:  # an empty one too
                self._kind = "text"
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
                self._deeper = 0
        if tag == self._core:
            self._inside -= 1

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", tidy(data))
        if self._skipped or not self._inside:
            (self._lost if self._skipped else self._outside).append(text)
            return
        if self._mail and text.strip():
            text, self._mail = self._mail, ""
        self._plain += text
        self._markdown += escaped(text)

    # -- what they make --

    def finish(self) -> None:
        """End the page."""
        self.paragraph()
        if self._skipped:
            self._leave_out()
        if outside := " ".join(" ".join(self._outside).split()):
            self.left_out.append(f"outside {self._core}: {outside}")

    def paragraph(self) -> None:
        """End the paragraph, heading or item that is open."""
        pairs = zip(self._plain.split("\n"), self._markdown.split("\n"), strict=True)
        lines = [Words(" ".join(p.split()), " ".join(m.split())) for p, m in pairs]
        self._plain = self._markdown = ""
        self._links, self._marks = [], []
        if not any(line.plain for line in lines):
            return
        kind, level, number = self._kind, self._level, self._number
        keys, self._keys = tuple(self._keys), []
        self._kind, self._level, self._number = "text", 0, ""
        if kind != "text":
            filled = [line for line in lines if line.plain]
            whole = Words(" ".join(f.plain for f in filled), " ".join(f.markdown for f in filled))
            self.blocks.append(Block(kind, whole, level, number, keys=keys))
            return
        self.blocks += [
            replace(b, keys=keys if n == 0 else ()) for n, b in enumerate(_texts(lines))
        ]

    def _taken(self) -> Words:
        plain, markdown = " ".join(self._plain.split()), " ".join(self._markdown.split())
        self._plain = self._markdown = ""
        self._links, self._marks = [], []
        return Words(plain, markdown.replace("|", "\\|"))

    def _table(self, rows: Sequence[tuple[Words, ...]]) -> None:
        width = max(map(len, rows), default=0)
        if width < 2 or len(rows) < 2:
            # A table for the layout.
            found = [cell for row in rows for cell in row if cell.plain]
            self.blocks += [Block("text", cell) for cell in found]
            return
        filled = tuple(row + (NOTHING,) * (width - len(row)) for row in rows)
        self.blocks.append(Block("table", rows=filled, keys=tuple(self._keys)))
        self._keys = []

    def _close_link(self) -> None:
        target, at, begin = self._links.pop()
        label, inner = self._plain[at:], self._markdown[begin:]
        if _MAIL.search(target):
            target = f"mailto:{label.strip()}"
        if not label.strip() or not target or target == "#":
            return
        target = re.sub(r"[\s()<>]", lambda mark: quote(mark[0]), target)
        before, middle, after = _bare(inner)
        self._markdown = f"{self._markdown[:begin]}{before}[{middle}]({target}){after}"

    def _close_mark(self) -> None:
        mark, begin = self._marks.pop()
        if not mark:
            return
        before, middle, after = _bare(self._markdown[begin:])
        # A mark across lines would be read as text, and so would one with an asterisk in it.
        if not middle or "\n" in middle or "*" in middle or (mark == "`" and "\\" in middle):
            return
        self._markdown = f"{self._markdown[:begin]}{before}{mark}{middle}{mark}{after}"

    def _leave_out(self) -> None:
        part, *texts = self._lost
        found = " ".join(" ".join(texts).split())
        if found:
            self.left_out.append(f"{part}: {found}")
        self._lost = []


def _texts(lines: Sequence[Words]) -> list[Block]:
    # Paragraphs, headings and lists that are made of nothing but line ends.
    blocks: list[Block] = []
    running: list[Words] = []

    def end() -> None:
        if running:
            plain = "\n".join(line.plain for line in running)
            markdown = "  \n".join(line.markdown for line in running)
            blocks.append(Block("text", Words(plain, markdown)))
            running.clear()

    for line in lines:
        bullet = _BULLET.match(line.plain)
        if bullet:
            end()
            mark, bare = bullet[1] or bullet[2], line.plain[bullet.end() :]
            same = line.markdown.startswith(bullet[0])
            markdown = line.markdown[bullet.end() :] if same else escaped(bare)
            blocks.append(Block("item", Words(bare, markdown), _DEEPER.get(mark, 0)))
            continue
        if not line.plain or BOLD.fullmatch(line.markdown):
            end()
        if line.plain:
            running.append(line)
        if BOLD.fullmatch(line.markdown):
            end()
    end()
    return blocks


def _bare(text: str) -> tuple[str, str, str]:
    middle = text.strip()
    begin = len(text) - len(text.lstrip())
    return text[:begin], middle, text[begin + len(middle) :]


def _decoded(code: str) -> str:
    # Cloudflare writes e-mail addresses as hexadecimal digits, each byte changed by the first.
    try:
        key, *rest = bytes.fromhex(code)
    except ValueError:
        return ""
    return bytes(byte ^ key for byte in rest).decode("utf-8", "replace")
