"""Facts out of the text of an imported notice; what it does not give is marked as missing (R47).

What was read and needs no judgement stands as it is. All else carries `confirm = true` with a
question to the company, so that nothing is published that nobody has confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..lint.words import vocabulary
from .blocks import Block, Document
from .purposes import Purpose, purposes, tops
from .questions import BASES, QUESTIONS
from .reading import (
    address,
    authority,
    business_ids,
    company,
    dated,
    first_mail,
    first_phone,
    first_site,
    periods,
    rights,
)
from .roles import slug
from .toml import Table, Value, comment, written

_SEVERAL = frozenset(("purposes", "data", "sources", "recipients", "transfers", "retention"))
_OFFICER = r"tietosuojavastaav|dataskyddsombud|data protection officer"
_NO_OFFICER = r"ei ole nimi|inte utse|inte utnämnt|not appointed|no data protection officer"
_ALL_RIGHTS = (
    *("access", "rectification", "erasure", "restriction", "portability", "objection"),
    *("withdrawal", "complaint"),
)
_OMBUDSMAN: Mapping[str, Value] = {
    "name": {
        "fi": "Tietosuojavaltuutetun toimisto",
        "sv": "Dataombudsmannens byrå",
        "en": "Office of the Data Protection Ombudsman",
    },
    "website": "https://tietosuoja.fi",
}
_IMY: Mapping[str, Value] = {
    "name": {
        "fi": "Ruotsin tietosuojaviranomainen IMY",
        "sv": "Integritetsskyddsmyndigheten",
        "en": "Swedish Authority for Privacy Protection",
    },
    "website": "https://www.imy.se",
}
_HEAD = """\
The facts of the notice, as far as its import could read them. Read from:
{files}

  - no mark           read from the text
  - confirm = true    missing or unsure: `question` says what to find out. Correct the values here
                      and in the text, then delete confirm, section and question from the table.

While one confirm is left, the version is a draft and cannot be published.
"""


class Facts(NamedTuple):
    """A facts file; what was read, each as `key: value`; and what is missing, by its key."""

    toml: str
    read: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class _Ledger:
    docs: Sequence[Document]
    tables: list[tuple[str, Table]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, table: Mapping[str, Value], told: str = "") -> None:
        self.tables.append((name, {key: value for key, value in table.items() if value != ""}))
        key = f"{name}.{table['id']}" if "id" in table else name
        if table.get("confirm"):
            self.missing.append(key)
        if told:
            self.read.append(f"{key}: {told}")

    def ask(self, question: str, section: str, what: Sequence[str] = ()) -> dict[str, Value]:
        asked = {
            lang: text.format(what=", ".join(BASES.get(each, {}).get(lang, each) for each in what))
            for lang, text in QUESTIONS[question].items()
        }
        return {"confirm": True, "section": section, "question": asked}


def read_facts(docs: Sequence[Document]) -> Facts:
    """Read what the languages of one notice say; the first of them leads."""
    ledger = _Ledger(docs)
    texts = [_text(block for s in doc.sections for block in s.blocks) for doc in docs]
    ledger.add("version", {"class": "material", **_days(docs, ledger)})
    _controller(ledger)
    _officer(ledger, texts)
    _authority(ledger, texts)
    _purposes(ledger)
    for name in ("data", "sources", "recipients"):
        _lists(ledger, name)
    _transfers(ledger, texts)
    _retention(ledger)
    _rights(ledger)
    for name in ("must_give", "automated", "changes"):
        key = docs[0].key(name)
        ledger.add(name, ledger.ask(name, key))
    sections = {s.role: s.key for s in docs[0].sections if s.role and s.role != "about"}
    if "purposes" in sections:
        sections.setdefault("basis", sections["purposes"])
    if "complaint" not in sections and "rights" in sections:
        sections["complaint"] = sections["rights"]
    ledger.add("sections", sections)
    files = "\n".join(f"  {doc.lang}: {doc.file}" for doc in docs)
    body = written(ledger.tables, several=_SEVERAL)
    head = comment(_HEAD.format(files=files))
    return Facts(f"{head}\n{body}", tuple(ledger.read), tuple(ledger.missing))


def _text(blocks: Iterable[Block]) -> str:
    return "\n".join(block.plain for block in blocks)


def _days(docs: Sequence[Document], ledger: _Ledger) -> dict[str, Value]:
    blocks = [b for doc in docs for s in doc.sections for b in s.blocks]
    lines = [line for block in blocks for line in block.plain.split("\n")]
    effective, updated = dated(lines)
    day = effective or updated
    if day:
        ledger.read.append(f"version.{'effective' if effective else 'updated'}: {day}")
    reason = f"Imported; the text was last dated {day}." if day else "Imported."
    return {"reason": reason, **({"effective": effective.isoformat()} if effective else {})}


def _controller(ledger: _Ledger) -> None:
    lead = ledger.docs[0]
    own = _text(lead.told("controller"))
    # Where an authority is named, the address may be its own.
    named = [_text(section.blocks) for section in lead.sections]
    every = [own, "\n".join(text for text in named if not authority(text))]
    ids = [found for text in every for found in business_ids(text)]
    wrong = next((number for number, right in ids if not right), "")
    right = next((number for number, right in ids if right), "")
    street, postcode, city = next(filter(any, map(address, every)), ("", "", ""))
    table: dict[str, Value] = {
        "name": company(every),
        "business_id": right,
        "street": street,
        "postcode": postcode,
        "city": city,
        "email": first_mail(every),
        "phone": first_phone(own),
        "website": first_site(every),
    }
    ledger.read += [f"controller.{key}: {value}" for key, value in table.items() if value]
    lacking = [key for key in ("name", "business_id", "street", "email") if not table[key]]
    if wrong and not right:
        table |= ledger.ask("business_id", lead.key("controller"), [wrong])
    elif lacking:
        table |= ledger.ask("controller", lead.key("controller"), lacking)
    ledger.add("controller", table)


def _officer(ledger: _Ledger, texts: Sequence[str]) -> None:
    lead, text = ledger.docs[0], "\n".join(texts)
    section = lead.key("officer", "controller")
    if re.search(_NO_OFFICER, text.casefold()):
        contact = first_mail([_text(lead.told("officer", "controller")), texts[0]])
        ledger.add("officer", {"appointed": False, "contact": contact}, "none appointed")
    elif re.search(_OFFICER, text.casefold()):
        contact = first_mail([_text(lead.told("officer"))])
        asked = ledger.ask("officer_read", section)
        ledger.add("officer", {"appointed": True, "contact": contact, **asked}, contact)
    else:
        ledger.add("officer", ledger.ask("officer", section))


def _authority(ledger: _Ledger, texts: Sequence[str]) -> None:
    land = next(filter(None, map(authority, texts)), "")
    if land:
        table = _OMBUDSMAN if land == "FI" else _IMY
        ledger.add("authority", table, str(table["website"]))
        return
    section = ledger.docs[0].key("complaint", "rights")
    ledger.add("authority", ledger.ask("authority", section))


def _purposes(ledger: _Ledger) -> None:
    lead, *others = ledger.docs
    found = purposes(lead)
    section = lead.key("purposes", "basis")
    same = [(lead.lang, found)]
    same += [(doc.lang, more) for doc in others if len(more := purposes(doc)) == len(found)]
    keys: set[str] = set()
    for place in range(len(found)):
        many: list[Purpose] = [some[place] for _, some in same]
        name = {lang: some[place].name for lang, some in same}
        stated = list(dict.fromkeys(basis for purpose in many for basis in purpose.bases))
        table: dict[str, Value] = {"id": _key(many[0].name, keys, "purpose"), "name": name}
        if len(stated) != 1:
            which = "many_bases" if stated else "no_basis"
            table |= ledger.ask(which, section, stated)
        else:
            table["basis"] = stated[0]
            if stated[0] == "legitimate-interest":
                table |= ledger.ask("interest", section)
        ledger.add("purposes", table, ", ".join(stated) or "no basis")
    if not found:
        ledger.add("purposes", {"id": "missing", **ledger.ask("purposes", section)})


def _lists(ledger: _Ledger, role: str) -> None:
    # What is listed under the heading, by its first words: a start, for people to go on from.
    lead, *others = ledger.docs
    section = lead.key(role)
    found = [text for text, _ in tops(lead.told(role))]
    same = [(lead.lang, found)]
    for doc in others:
        more = [text for text, _ in tops(doc.told(role))]
        same += [(doc.lang, more)] if len(more) == len(found) else []
    keys: set[str] = set()
    for place, text in enumerate(found):
        name = {lang: some[place] for lang, some in same}
        key = _key(text, keys, role)
        ledger.add(role, {"id": key, "name": name, **ledger.ask(role, section)}, text)
    if not found and role != "sources":
        ledger.add(role, {"id": "missing", **ledger.ask(role, section)})


def _transfers(ledger: _Ledger, texts: Sequence[str]) -> None:
    shield = "privacy shield" in "\n".join(texts).casefold()
    asked = ledger.ask("privacy_shield" if shield else "transfers", ledger.docs[0].key("transfers"))
    ledger.add("transfers", {"id": "missing", **asked})


def _retention(ledger: _Ledger) -> None:
    lead = ledger.docs[0]
    keys: set[str] = set()
    for block in lead.told("retention"):
        rows = block.rows[1:] if block.kind == "table" else ()
        texts = [tuple(cell.plain for cell in row) for row in rows] or [
            (sentence,) for sentence in re.split(r"(?<=[.!?])\s+", block.plain)
        ]
        for cells in texts:
            for period in periods(cells[-1] if len(cells) == 1 else " ".join(cells[1:])):
                table: dict[str, Value] = {
                    "id": _key(cells[0], keys, "retention"),
                    "name": {lead.lang: cells[0]} if len(cells) > 1 else "",
                    "period": {lead.lang: period},
                    "told": {lead.lang: cells[0]} if len(cells) == 1 else "",
                    **ledger.ask("retention_read", lead.key("retention")),
                }
                ledger.add("retention", table, period)
    if not keys:
        asked = ledger.ask("retention", lead.key("retention"))
        ledger.add("retention", {"id": "missing", **asked})


def _rights(ledger: _Ledger) -> None:
    lead = ledger.docs[0]
    chosen = ("rights", "objection", "withdrawal", "complaint")
    about = vocabulary(lead.lang)["heading.rights"]
    parts = [s for s in lead.sections if s.role in chosen or about.search(s.heading.plain)]
    headings = "\n".join(s.heading.plain for s in parts)
    told = rights(f"{_text(b for s in parts for b in s.blocks)}\n{headings}", lead.lang)
    lacking = [name for name in _ALL_RIGHTS if name not in told]
    table: dict[str, Value] = {"names": told}
    if lacking:
        table |= ledger.ask("rights", lead.key("rights"), lacking)
    ledger.add("rights", table, ", ".join(told))


def _key(name: str, taken: set[str], fallback: str) -> str:
    parts = slug(name).split("-")[:3]
    while len(parts) > 1 and parts[-1] in ("ja", "och", "and", "or", "the", "of", "av", "for"):
        parts.pop()
    stem = "-".join(parts) or fallback
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    taken.add(key)
    return key
