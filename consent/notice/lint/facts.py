"""Facts first: what facts.toml tells or leaves out, before any text is read (R47-R63)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from ...texts.countries import EEA, country_name
from ..number import CLASSES
from ..version import BASES, FACTS, FALLBACK, fact_tables
from .case import Case, Table, given, name_of, strings, text_in, texts_of
from .rules import LANGUAGES, Finding, Place, finding, joined, terms
from .words import vocabulary

ROLES = (
    *("controller", "purposes", "basis", "recipients", "transfers", "retention", "rights"),
    *("complaint", "automated", "sources", "cookies", "changes"),
)
"""What a section may be declared to tell."""

_RIGHTS = (
    *("access", "rectification", "erasure", "restriction", "portability", "objection"),
    "complaint",
)
_ARRAYS = ("purposes", "data", "retention", "recipients", "sources", "transfers", "waivers")
_TABLES = ("version", "controller", "officer", "authority", "rights", "automated", "sections")
_MECHANISMS = {"dpf", "scc", "adequacy", "bcr", "derogation", "art-49", "explicit-consent"}
_VOID = re.compile(r"privacy\W*shield|safe\W*harbou?r", re.IGNORECASE)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)
BUSINESS_ID = re.compile(r"(?<![\d-])(?:FI)?(\d{7}-\d)(?![\d-])")
COMPANY = re.compile(r"(?<!\S)\w\S*[ \t]+(?:Oyj?|OYJ?|Abp?|Ky|Tmi|Osk)\b(?!\.)")
"""A name with a Finnish form of company, which has a business ID."""


def valid_business_id(text: str) -> bool:
    """Whether the check digit of a Finnish business ID, `1234567-1`, is right."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:7], _WEIGHTS, strict=True))
    check = (11 - total % 11) % 11
    return check != 10 and check == int(text[8])


def check_facts(case: Case) -> Iterator[Finding]:
    """Judge the facts; yields nothing where there are none, except that there are none."""
    if case.facts is None:
        return
    for check in _CHECKS:
        yield from check(case)


def _shape(case: Case) -> Iterator[Finding]:
    facts = case.facts or {}
    for key in _ARRAYS:
        value = facts.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            yield finding("N133", case.fact(key), key=key, what=terms()["tables"])
    for key in _TABLES:
        if not isinstance(facts.get(key, {}), Mapping):
            yield finding("N133", case.fact(key), key=key, what=terms()["table"])
    unconfirmed = []
    for path, table in fact_tables(facts):
        if table.get("confirm", False) not in (True, False):
            yield finding("N131", case.fact(f"{path}.confirm"), key=f"{path}.confirm")
        elif table.get("confirm"):
            unconfirmed.append(path)
        if path != FALLBACK and set(LANGUAGES) & table.keys():
            for lang in case.docs:
                if not table.get(lang):
                    yield finding("N126", case.fact(path), key=path, what=lang)
    if unconfirmed:
        place = case.fact(f"{unconfirmed[0]}.confirm")
        yield finding("N101", place, count=len(unconfirmed), what=unconfirmed[0])


def _version(case: Case) -> Iterator[Finding]:
    version = case.table("version")
    if version.get("class") not in CLASSES:
        yield finding("N102", case.fact("version.class"))
    effective = version.get("effective")
    if effective is not None:
        try:
            date.fromisoformat(str(effective))
        except ValueError:
            yield finding("N103", case.fact("version.effective"), what=str(effective))


def _controller(case: Case) -> Iterator[Finding]:
    table = case.table("controller")
    missing = []
    if not texts_of(table.get("name")):
        missing.append("name")
    if not (table.get("address") or table.get("street") or table.get("postcode")):
        missing.append("address")
    if not table.get("email"):
        missing.append("email")
    if missing:
        yield finding("N104", case.fact("controller"), what=joined(missing))
    number = str(table.get("business_id", ""))
    match = BUSINESS_ID.fullmatch(number)
    if number and table.get("country", "FI") == "FI":
        if match is None or not valid_business_id(match[1]):
            yield finding("N106", case.fact("controller.business_id"), what=number)
    elif not number and COMPANY.search(" ".join(texts_of(table.get("name")))):
        yield finding("N105", case.fact("controller"))
    officer = case.table("officer")
    if officer.get("appointed") is True and not (officer.get("contact") or officer.get("email")):
        yield finding("N130", case.fact("officer"))


def _purposes(case: Case) -> Iterator[Finding]:
    purposes = case.tables("purposes")
    if not purposes:
        yield finding("N107", case.fact("purposes"))
    for path, table in purposes:
        name = name_of(table, path)
        basis = table.get("basis")
        if basis not in BASES:
            yield finding("N108", case.fact(f"{path}.basis"), what=name)
        elif basis == "legitimate-interest" and not any(texts_of(table.get("interest"))):
            yield finding("N109", case.fact(f"{path}.interest"), what=name)
        if case.tables("data") and not strings(table.get("data")):
            yield finding("N110", case.fact(path), what=name)


def _data(case: Case) -> Iterator[Finding]:
    kinds = case.tables("data")
    if not kinds:
        yield finding("N111", case.fact("data"))
    for path, table in kinds:
        if not any(texts_of(table.get("contains"))) and not _concrete(table):
            yield finding("N112", case.fact(path), what=name_of(table, path))
    known = {key: {str(t.get("id")) for _, t in case.tables(key)} for key in ("data", "retention")}
    for array in ("purposes", "retention", "recipients", "sources", "transfers"):
        for path, table in case.tables(array):
            for key, ids in known.items():
                for wanted in strings(table.get(key)):
                    if ids and wanted not in ids and not isinstance(table.get(key), str):
                        place = case.fact(f"{path}.{key}")
                        yield finding("N113", place, key=f"{path}.{key}", what=wanted)


def _concrete(table: Table) -> bool:
    """Whether the name of a kind of data tells what it holds: "e-mail address", "data (name)"."""
    names = texts_of(table.get("name"))
    listed = [(name, match) for name in names if (match := re.search(r"(?:\(|:\s)(?=\w)", name))]
    known = [vocabulary(lang) for lang in LANGUAGES]
    if any(words["hedge.weak"].match(name, at.end()) for name, at in listed for words in known):
        return False
    group = any(words["element.data_group"].search(name) for name in names for words in known)
    return bool(listed) or (bool(names) and not group)


def _retention(case: Case) -> Iterator[Finding]:
    periods = case.tables("retention")
    kept: set[str] = set()
    for _, table in periods:
        kept |= {*strings(table.get("data"))} or {str(table.get("id"))}
    for _, table in case.tables("purposes"):
        # A purpose may name the periods of its data; they then need not name it themselves.
        if [one for one in strings(table.get("retention")) if one not in kept]:
            kept |= {*strings(table.get("data"))}
    for path, table in case.tables("data"):
        own = table.get("retention") or table.get("period")
        if str(table.get("id")) not in kept and not own:
            yield finding("N114", case.fact(path), what=name_of(table, path))
    if not periods and not case.tables("data"):
        yield finding("N114", case.fact("retention"), what=terms()["data"])
    for path, table in periods:
        if not _measured(table):
            yield finding("N115", case.fact(path), what=name_of(table, path))


def _measured(table: Table) -> bool:
    """Whether a retention says a period, or an event that ends it."""
    if not any([*texts_of(table.get("period")), *texts_of(table.get("duration"))]):
        # Numbers of units: days = 30, years = 6.
        return any(isinstance(table.get(unit), int) for unit in ("days", "months", "years"))
    for lang in LANGUAGES:
        known = vocabulary(lang)
        for key in ("period", "duration"):
            text = text_in(table.get(key), lang)
            vague = known["retention.vague"].search(text)
            if vague and not known["element.period"].search(text):
                return False
    return True


def _recipients(case: Case) -> Iterator[Finding]:
    recipients = case.tables("recipients")
    if not any(given(table) for _, table in recipients):
        yield finding("N116", case.fact("recipients"))
        return
    reached = {
        code for _, table in case.tables("transfers") for code in strings(table.get("countries"))
    }
    for path, table in recipients:
        if not any(texts_of(table.get("name"))):
            yield finding("N117", case.fact(path), what=str(table.get("id") or path))
        country = str(table.get("country", ""))
        outside = re.fullmatch(r"[A-Z]{2}", country) and country not in EEA
        if outside and country not in reached and not table.get("mechanism"):
            names = {lang: country_name(country, lang) for lang in LANGUAGES}
            yield finding("N121", case.fact(path), what=name_of(table, path), country=names)


def _transfers(case: Case) -> Iterator[Finding]:
    for array in ("transfers", "recipients"):
        for path, table in case.tables(array):
            countries = [*strings(table.get("countries")), *strings(table.get("country"))]
            mechanisms = [*strings(table.get("mechanism")), *strings(table.get("fallback"))]
            for mechanism in mechanisms:
                if not _known(mechanism):
                    place = case.fact(f"{path}.mechanism")
                    yield finding("N120", place, key=path, what=mechanism)
            if array == "recipients":
                continue
            outside = [code for code in countries if code not in EEA]
            if bool(outside) != bool(mechanisms):
                yield finding("N118", case.fact(path), what=name_of(table, path))
            needs = any(re.search(r"scc|bcr|clause|lausek|klausul", m, re.I) for m in mechanisms)
            if outside and needs and not table.get("copy"):
                yield finding("N119", case.fact(path), what=name_of(table, path))


def _known(mechanism: str) -> bool:
    if _VOID.search(mechanism):
        return False
    return mechanism.lower() in _MECHANISMS or any(
        vocabulary(lang)["element.mechanism"].search(mechanism) for lang in LANGUAGES
    )


def _authority(case: Case) -> Iterator[Finding]:
    table = case.table("authority")
    missing = [] if any(texts_of(table.get("name"))) else ["name"]
    if not any(texts_of(table.get(key)) for key in ("website", "visiting", "postal", "address")):
        missing.append("website")
    if missing:
        yield finding("N122", case.fact("authority"), what=joined(missing))


def _rights(case: Case) -> Iterator[Finding]:
    named = strings(case.table("rights").get("names"))
    named += [key for key, value in case.table("rights").items() if value is True]
    wanted = list(_RIGHTS)
    if any(table.get("basis") == "consent" for _, table in case.tables("purposes")):
        wanted.insert(6, "withdrawal")
    missing = [key for key in wanted if key not in named]
    if missing:
        yield finding("N123", case.fact("rights.names"), what=joined(missing))


def _automated(case: Case) -> Iterator[Finding]:
    table = case.table("automated")
    profiling = strings(table.get("profiling"))
    for path, purpose in case.tables("purposes"):
        name, key = purpose.get("name"), str(purpose.get("id", ""))
        targets = key in ("targeting", "profiling", "remarketing") or any(
            vocabulary(lang)["element.targeting"].search(text_in(name, lang)) for lang in LANGUAGES
        )
        if targets and not profiling and table.get("profiling") is not True:
            yield finding("N124", case.fact("automated"), what=name_of(purpose, path))
        if key in profiling and not any(texts_of(purpose.get("consequence"))):
            yield finding("N127", case.fact(path), what=name_of(purpose, path))


def _sources(case: Case) -> Iterator[Finding]:
    for path, table in case.tables("sources"):
        if _is_person(table):
            continue
        missing = [] if table.get("data") or table.get("categories") else ["data"]
        if not isinstance(table.get("public"), bool):
            missing.append("public")
        if missing:
            what = joined(missing)
            yield finding("N125", case.fact(path), source=name_of(table, path), what=what)


def _is_person(table: Table) -> bool:
    """Whether a source is the person the data is about, whom Article 14 does not concern."""
    if str(table.get("id")) in ("person", "data-subject", "self", "you"):
        return True
    known = {lang: vocabulary(lang) for lang in LANGUAGES}
    names = [(known[lang], text_in(table.get("name"), lang)) for lang in LANGUAGES]
    return any(words["element.person"].search(name) for words, name in names) and not any(
        words["element.outside_source"].search(name) for words, name in names
    )


def _sections(case: Case) -> Iterator[Finding]:
    declared = case.table("sections")
    for role, value in declared.items():
        for key in strings(value):
            for doc in case.docs.values():
                if key not in doc.sections:
                    place = case.fact(f"sections.{role}")
                    yield finding("N128", place, key=role, what=key, file=doc.file)
                    break
    missing = [role for role in ROLES if role not in declared]
    if missing:
        yield finding("N129", case.fact("sections"), what=joined(missing))


def _consent(case: Case) -> Iterator[Finding]:
    if case.declaration is None or not asks(case):
        return
    purposes = case.tables("purposes")
    if purposes and not any(table.get("basis") == "consent" for _, table in purposes):
        yield finding("N134", case.fact("purposes"))
    if given(case.table("consent_log")):
        return
    words = [str(p.get("id", "")) + " " + " ".join(texts_of(p.get("name"))) for _, p in
             case.tables("purposes")]  # fmt: skip
    told = any(
        vocabulary(lang)["element.consent_log"].search(text) or "consent-log" in text
        for text in words
        for lang in LANGUAGES
    )
    if not told:
        yield finding("N132", case.fact("purposes"))


def asks(case: Case) -> bool:
    """Whether the site asks for consent: a category that is not necessary has a service."""
    declared = case.declaration
    return declared is not None and any(
        not category.necessary and declared.of(category.id) for category in declared.categories
    )


def missing_facts(case: Case) -> Iterator[Finding]:
    """That there is no facts file at all."""
    if case.facts is None and FACTS not in case.lines:
        yield finding("N008", Place(FACTS))


_CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    *(_shape, _version, _controller, _purposes, _data, _retention, _recipients, _transfers),
    *(_authority, _rights, _automated, _sources, _sections, _consent),
)
