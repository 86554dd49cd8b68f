"""The languages beside each other: the same sections, tables, numbers, dates, links (R48).

The first language is the source. A translation is stale where its source has changed since: by the
hash of the source section that is stored with it (`source:` in its front matter), and where none
is, by the version before, in which both stand as they were published together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from urllib.parse import urlsplit

from ..version import fallbacks, split_front_matter
from .case import Case
from .quantities import in_words, quantities
from .rules import Finding, Place, finding, term
from .text import Block, Doc, Kind
from .words import vocabulary

FRONT = "front"
"""What the front matter is called among the sections."""

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_AT = re.compile(r"\s?[(\[](?:at|ät|a)[)\]]\s?(?=[\w-]+\.\w)")
_FEW = frozenset(map(str, range(1, 101)))  # so far numbers are written in words
_COUNTED = re.compile(r"-\d+$")  # an id that a heading gets by its place
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w.-]+")


def check_parity(case: Case) -> Iterator[Finding]:
    """Compare every text with the first."""
    yield from _missing(case)
    docs = list(case.docs.values())
    if len(docs) < 2:
        return
    source = _parts(docs[0])
    for other in docs[1:]:
        yield from _front(docs[0], other)
        yield from _anchors(docs[0], other)
        if (difference := _order(docs[0], other)) is not None:
            yield difference
        parts = _parts(other)
        for key, part in source.items():
            if key in parts:
                yield from _section(part, parts[key])
        yield from _stale(case, docs[0], other)


def section_hash(doc: Doc, key: str) -> str:
    """The hash of a section's Markdown, blank space aside: 12 hexadecimal digits."""
    return sha256(" ".join(source_of(doc, key).split()).encode()).hexdigest()[:12]


def source_of(doc: Doc, key: str) -> str:
    """The Markdown of a section; of `front`, the title, summary and change."""
    if key == FRONT:
        return "\n".join(str(doc.front.get(name, "")) for name in ("title", "short", "change"))
    keys = list(doc.sections)
    section = doc.sections[key]
    start = section.heading.plain.source(0)
    after = keys[keys.index(key) + 1] if key != keys[-1] else None
    end = doc.sections[after].heading.plain.source(0) if after else len(doc.raw)
    return doc.raw[start:end].rstrip("#\n ")


def with_source(first: Doc, other: Doc, raw: bytes) -> bytes:
    """The file of a translation with the hashes of its source stored in its front matter."""
    lines = ["source:"]
    lines += [
        f"  {key}: {section_hash(first, key)}"
        for key in section_keys(first)
        if key == FRONT or key in other.sections
    ]
    text = raw.decode("utf-8").replace("\r\n", "\n")
    head, _ = split_front_matter(text)
    kept = re.sub(r"^source:.*\n(?:[ \t]+.*\n|\n)*", "", head or "", flags=re.MULTILINE)
    body = text[len(text) - len(split_front_matter(text)[1]) :]
    stored = "\n".join(["---", *filter(None, kept.rstrip().split("\n")), *lines, "---", ""])
    return (stored + body).encode()


def section_keys(doc: Doc) -> list[str]:
    """All parts that are translated: the front matter and the sections."""
    return [FRONT, *doc.sections]


def _missing(case: Case) -> Iterator[Finding]:
    stated = fallbacks(case.facts or {})
    for lang in case.languages:
        if lang not in case.docs and lang not in stated:
            yield finding("N601", Place(f"{lang}.md"), lang=lang)
    for lang, other in stated.items():
        if other not in case.docs:
            yield finding("N610", case.fact(f"fallback.{lang}"), lang=lang, what=other)


def _front(first: Doc, other: Doc) -> Iterator[Finding]:
    for key in ("short", "change"):
        ours, theirs = (str(doc.front.get(key, "")).strip() for doc in (first, other))
        if ours and not theirs and other.front:
            yield finding("N609", Place(other.file, 1), what=key, source=first.file)


def _anchors(first: Doc, other: Doc) -> Iterator[Finding]:
    """The ids that stand elsewhere than at sections, to which links lead in any language."""
    ours, theirs = (
        {key for key, _ in doc.ids if key not in doc.sections and not _COUNTED.search(key)}
        for doc in (first, other)
    )
    signs = [*(f"−#{x}" for x in sorted(ours - theirs)), *(f"+#{x}" for x in sorted(theirs - ours))]
    if signs:
        yield finding("N611", Place(other.file), source=first.file, what=", ".join(signs))


def _order(first: Doc, other: Doc) -> Finding | None:
    ours, theirs = list(first.sections), list(other.sections)
    if ours == theirs:
        return None
    lacking = [f"−#{key}" for key in ours if key not in theirs]
    added = [f"+#{key}" for key in theirs if key not in ours]
    moved = [f"↕#{b}" for a, b in zip(ours, theirs, strict=False) if a != b]
    what = ", ".join([*lacking, *added] or moved[:1])
    key = next((key for key in theirs if key not in ours), "")
    return finding("N602", other.top(key), source=first.file, what=what)


class _Part:
    """A section of a text, and what of it does not depend on the language."""

    def __init__(self, doc: Doc, blocks: Sequence[Block]) -> None:
        self.doc = doc
        self.blocks = blocks
        self.top = doc.of(blocks[0])
        self.content = _Content(blocks, doc)

    @cached_property
    def rows(self) -> list[tuple[Block, _Content]]:
        """The items of its lists and the rows of its tables."""
        return [(row[0], _Content(row, self.doc)) for row in _rows(self.blocks)]


def _parts(doc: Doc) -> Mapping[str, _Part]:
    """What is compared: each section, what stands before the first, the summary and the change."""
    found = {key: [part.heading, *part.blocks] for key, part in doc.sections.items()}
    for block in doc.blocks:
        if block.kind is Kind.FRONT:
            found.setdefault(f"{FRONT} {block.id}", []).append(block)
        elif not block.section:
            found.setdefault("", []).append(block)
    return {key: _Part(doc, blocks) for key, blocks in found.items()}


def _section(one: _Part, two: _Part) -> Iterator[Finding]:
    """Compare two sections; where all is in both, row by row and item by item as well."""
    source = one.doc.file
    if (a := _tables(one.blocks)) != (b := _tables(two.blocks)):
        yield finding("N603", two.top, source=source, what=f"{_shapes(b)} ≠ {_shapes(a)}")
    found = list(_compared(one.content, two.content, source, two.top))
    yield from found
    # Of one thing, or in one row, nothing can change places.
    if found or len(one.content) < 2 or len(one.rows) < 2:
        return
    if [row.kind for row, _ in one.rows] == [row.kind for row, _ in two.rows]:
        for (_, ours), (row, theirs) in zip(one.rows, two.rows, strict=True):
            place = two.doc.of(row) if row.text else two.top
            yield from _compared(ours, theirs, source, place)


def _rows(blocks: Sequence[Block]) -> list[list[Block]]:
    items = [block for block in blocks if block.kind in (Kind.ITEM, Kind.CELL)]
    places = enumerate(items)
    rows = groupby(
        places, lambda one: (one[1].group, one[1].row, one[0] if one[1].kind is Kind.ITEM else -1)
    )
    return [[block for _, block in row] for _, row in rows]


def _compared(one: _Content, two: _Content, source: str, place: Place) -> Iterator[Finding]:
    for rule, a, b in (
        ("N605", one.counted.dates, two.counted.dates),
        ("N607", one.mails, two.mails),
        ("N606", one.links, two.links),
    ):
        if a != b:
            signs = [*(f"−{x}" for x in sorted(a - b)), *(f"+{x}" for x in sorted(b - a))]
            yield finding(rule, place, source=source, what=", ".join(signs))
    lacking, added = one.counts_besides(two), two.counts_besides(one)
    if lacking or added:
        signs = [*(f"−{x}" for x in lacking), *(f"+{x}" for x in added)]
        what = {
            lang: ", ".join(_shown(sign, lang) for sign in signs) for lang in ("fi", "sv", "en")
        }
        yield finding("N604", place, source=source, what=what)


def _shown(sign: str, lang: str) -> str:
    """A number or a period as a language writes it: `−6 year` is "−6 vuotta"."""
    number, _, unit = sign.partition(" ")
    name = term(unit) if unit else ""
    return f"{number} {name if isinstance(name, str) else name[lang]}".strip()


def _tables(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    cells = [block for block in blocks if block.kind is Kind.CELL]
    found = []
    for _, table in groupby(cells, key=lambda block: block.group):
        rows = [list(row) for _, row in groupby(table, key=lambda block: block.row)]
        found.append((len(rows), max(map(len, rows))))
    return found


def _shapes(tables: list[tuple[int, int]]) -> str:
    return ", ".join(f"{rows}×{columns}" for rows, columns in tables) or "–"


class _Content:
    """What does not depend on the language in some blocks."""

    def __init__(self, blocks: Sequence[Block], doc: Doc) -> None:
        self.known = vocabulary(doc.lang)
        self.text = _AT.sub("@", "\n".join(block.text for block in blocks))
        links = [doc.target(link) for block in blocks for link in block.plain.links]
        self.links = {place for target in links if (place := _destination(target))}
        self.mails = {mail.lower().rstrip(".") for mail in _MAIL.findall(self.text)}
        self.mails |= {t[7:].partition("?")[0].lower() for t in links if t.startswith("mailto:")}
        self.counted = quantities(_ADDRESS.sub(" ", self.text), self.known)

    def __len__(self) -> int:
        counted = self.counted
        return sum(
            map(len, (counted.dates, counted.periods, counted.numbers, self.mails, self.links))
        )

    def counts_besides(self, other: _Content) -> list[str]:
        """The numbers and periods that another does not tell, in digits or in words."""
        theirs = {str(number) for number, _ in other.counted.periods}
        numbers = {
            number
            for number in self.counted.numbers - other.counted.numbers - theirs
            if not (number in _FEW and in_words(int(number), other.text, other.known))
        }
        # One is often left out: "in a month", "kuukaudessa".
        periods = {
            (number, unit)
            for number, unit in self.counted.periods - other.counted.periods
            if number > 1
            and str(number) not in other.counted.numbers
            and (
                any(number == told for told, _ in other.counted.periods)
                or not in_words(number, other.text, other.known)
            )
        }
        return [*sorted(numbers), *(f"{number} {unit}" for number, unit in sorted(periods))]


def _destination(target: str) -> str:
    if target.startswith("[[") or target.startswith("#"):
        return target
    parts = urlsplit(target) if "://" in target else None
    # The same site in another language has another path, the same place within ours too.
    return (parts.hostname or "").removeprefix("www.") if parts else ""


def _stale(case: Case, first: Doc, other: Doc) -> Iterator[Finding]:
    stored = other.front.get("source")
    hashes = stored if isinstance(stored, Mapping) else {}
    before = case.before
    for key in section_keys(first):
        if key != FRONT and key not in other.sections:
            continue
        if key in hashes:
            stale = str(hashes[key]) != section_hash(first, key)
        else:
            stale = _left_behind(before.get(first.lang), before.get(other.lang), first, other, key)
        if stale:
            name = term(FRONT) if key == FRONT else f"#{key}"
            yield finding("N608", other.top(key), what=name, source=first.file, lang=other.lang)


def _left_behind(
    old: Doc | None, old_other: Doc | None, new: Doc, new_other: Doc, key: str
) -> bool:
    """Whether the source has changed since the version before, and its translation has not."""
    if old is None or old_other is None:
        return False
    if key != FRONT and (key not in old.sections or key not in old_other.sections):
        return False
    changed = section_hash(old, key) != section_hash(new, key)
    return changed and section_hash(old_other, key) == section_hash(new_other, key)
