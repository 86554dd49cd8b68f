"""The languages beside each other: the same sections, tables, numbers, dates, links (R48).

The first language is the source. A translation is stale where its source has changed since: by the
hash of the source section that is stored with it (`source:` in its front matter), and where none
is, by the version before, in which both stand as they were published together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from itertools import groupby
from urllib.parse import urlsplit

from ..version import fallbacks, split_front_matter
from .case import Case
from .rules import Finding, Place, finding, term
from .text import Block, Doc, Kind
from .words import Vocabulary, vocabulary

FRONT = "front"
"""What the front matter is called among the sections."""

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})")
_PHONE = re.compile(r"(?<![\w.,])(?:\+358|0)[\d ()-]{6,}\d")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w.-]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def check_parity(case: Case) -> Iterator[Finding]:
    """Compare every text with the first."""
    yield from _missing(case)
    docs = list(case.docs.values())
    for other in docs[1:]:
        yield from _front(docs[0], other)
        if (difference := _order(docs[0], other)) is not None:
            yield difference
        for key in docs[0].sections:
            if key in other.sections:
                yield from _section(docs[0], other, key)
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


def _section(first: Doc, other: Doc, key: str) -> Iterator[Finding]:
    place = other.top(key)
    ours, theirs = (
        [doc.sections[key].heading, *doc.sections[key].blocks] for doc in (first, other)
    )
    if (a := _tables(ours)) != (b := _tables(theirs)):
        what = f"{_shapes(b)} ≠ {_shapes(a)}"
        yield finding("N603", place, source=first.file, what=what)
    one, two = (_Content(blocks, doc) for blocks, doc in ((ours, first), (theirs, other)))
    for rule, name in (
        ("N605", "dates"),
        ("N604", "numbers"),
        ("N607", "mails"),
        ("N606", "links"),
    ):
        a, b = getattr(one, name), getattr(two, name)
        lacking, added = a - b, b - a
        if name == "numbers":
            lacking = {n for n in lacking if not two.counts(n)}
            added = {n for n in added if not one.counts(n)}
        if lacking or added:
            signs = [*(f"−{x}" for x in sorted(lacking)), *(f"+{x}" for x in sorted(added))]
            yield finding(rule, place, source=first.file, what=", ".join(signs))


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
        self.text = "\n".join(block.text for block in blocks)
        links = [doc.target(link) for block in blocks for link in block.plain.links]
        self.links = {place for target in links if (place := _destination(target))}
        self.mails = {mail.lower().rstrip(".") for mail in _MAIL.findall(self.text)}
        self.mails |= {t[7:].partition("?")[0].lower() for t in links if t.startswith("mailto:")}
        rest = _ADDRESS.sub(" ", self.text)
        self.dates, rest = _dates(rest, self.known)
        rest = _PHONE.sub(lambda match: " " + _phone(match[0]) + " ", rest)
        self.numbers = {_number(match) for match in _NUMBER.findall(_grouped(rest))}

    def counts(self, number: str) -> bool:
        """Whether a small number stands in words."""
        words = self.known.value("number", "words")
        assert isinstance(words, list)
        if not number.isdecimal() or not 0 < int(number) <= len(words):
            return False
        forms = "|".join(words[int(number) - 1])
        return re.search(rf"(?<!\w)(?:{forms})(?!\w)", self.text, re.IGNORECASE) is not None


def _destination(target: str) -> str:
    if target.startswith("[[") or target.startswith("#"):
        return target
    parts = urlsplit(target) if "://" in target else None
    # The same site in another language has another path, the same place within ours too.
    return (parts.hostname or "").removeprefix("www.") if parts else ""


def _dates(text: str, known: Vocabulary) -> tuple[set[str], str]:
    found = set()

    def note(year: str, month: int | str, day: int | str) -> str:
        found.add(f"{year}-{int(month):02}-{int(day):02}")
        return " "

    def digits(match: re.Match[str]) -> str:
        if match[3]:
            return note(match[3], match[2], match[1])
        return note(match[4], match[5], match[6])

    text = _DATE.sub(digits, text)
    months = known.strings("number", "months")
    for number, month in enumerate(months, 1):
        if not re.search(month, text, re.IGNORECASE):
            continue
        note_it = partial(_noted, note, number)
        before = rf"(?<!\d)(\d{{1,2}})(?:\.|st|nd|rd|th|:e)?(?: of)? {month}\w*,? (\d{{4}})(?!\d)"
        text = re.sub(before, note_it, text, flags=re.IGNORECASE)
        after = rf"{month} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})(?!\d)"
        text = re.sub(after, note_it, text, flags=re.IGNORECASE)
    return found, text


def _noted(note: Callable[[str, int, str], str], month: int, match: re.Match[str]) -> str:
    return note(match[2], month, match[1])


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    return digits.removeprefix("358") if text.startswith("+") else digits.removeprefix("0")


def _grouped(text: str) -> str:
    """Numbers with their thousands together: 1 000, 1,000 and 1.000 are one number."""
    return re.sub(r"(?<![\d.,])(\d{1,3})((?:[ .,]\d{3})+)(?![\d.,]\d|\d)", _joined, text)


def _joined(match: re.Match[str]) -> str:
    return match[1] + re.sub(r"\D", "", match[2])


def _number(text: str) -> str:
    return text.replace(",", ".").rstrip(".")


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
