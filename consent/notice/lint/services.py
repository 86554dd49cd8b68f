"""The notice beside the declaration: services, lifetimes and transfers (R53-R55)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ... import catalogue
from ...declaration import Declaration, Item, Service
from ...texts.countries import country_name
from ..cookies import lifetime
from .case import Case, strings
from .rules import LANGUAGES, Finding, finding
from .signs import affirmed
from .text import Block, Doc, Kind
from .words import Vocabulary, clause, near, sentences, shared, vocabulary

_DAYS = {"second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "day": 1, "week": 7}
_DAYS |= {"month": 365.25 / 12, "year": 365.25}
# So far may a lifetime in words be from one in days.
_TOLERANCE = 0.035
_LEGAL = re.compile(
    r",? (?:Inc|Ltd|Limited|LLC|Oyj?|AB|GmbH|SAS|Corporation|Ireland|Platforms)\b.*"
)
# Known services whose names mean other things too, or are those of companies one meets elsewhere.
_COMMON = frozenset(
    [
        "Stripe",
        "Crisp",
        "Plausible",
        "Vimeo",
        "YouTube",
        "Pinterest",
        "Cloudflare",
        "Wix",
        "HubSpot",
    ]
)
_OTHERS = {
    "google-analytics-4": ("Google Analytics",),
    "google-tag-manager": ("Google Tag Manager",),
    "google-ads": ("Google Ads", "AdWords", "DoubleClick"),
    "meta-pixel": ("Meta Pixel", "Facebook Pixel", "Meta-pikseli", "Facebook-pikseli", "Metapixel"),
    "linkedin-insight": ("LinkedIn Insight",),
    "microsoft-clarity": ("Microsoft Clarity",),
    "microsoft-uet": ("Microsoft Advertising", "Bing Ads"),
    "tiktok-pixel": ("TikTok Pixel", "TikTok-pikseli"),
    "leadfeeder": ("Leadfeeder", "Dealfront"),
    "hotjar": ("Hotjar",),
    "matomo": ("Matomo",),
    "matomo-cloud": ("Matomo",),
    "recaptcha": ("reCAPTCHA",),
    "turnstile": ("Turnstile",),
    "google-maps": ("Google Maps",),
    "giosg": ("giosg",),
    "intercom": ("Intercom",),
    "tawk": ("tawk.to",),
    "youtube": ("YouTube",),
    "vimeo": ("Vimeo",),
    "google-fonts": ("Google Fonts",),
    "hubspot": ("HubSpot",),
    "pinterest": ("Pinterest",),
    "plausible": ("Plausible Analytics", "Plausible"),
    "stripe": ("Stripe",),
    "crisp": ("Crisp",),
    "cloudflare": ("Cloudflare",),
    "wix": ("Wix",),
    "x": ("X Pixel", "X-pikseli", "Twitter Pixel", "Twitter-pikseli"),
}


def check_services(case: Case) -> Iterator[Finding]:
    """Compare every text with the declaration; nothing where there is none."""
    if case.declaration is None:
        return
    yield from _transfers(case, case.declaration)
    for doc in case.spoken:
        known = vocabulary(doc.lang)
        if "[[cookies]]" not in doc.raw:
            yield from _untold(case, doc, case.declaration)
        yield from _undeclared(case, doc, known, case.declaration)
        yield from _lifetimes(doc, known, case.declaration)


def _names(service: Service) -> list[str]:
    short = _LEGAL.sub("", service.provider)
    return [name for name in (service.name, service.provider, short) if len(name) > 2]


def _untold(case: Case, doc: Doc, declaration: Declaration) -> Iterator[Finding]:
    for service in declaration.services:
        if service.id == "consent" or any(_says(doc, name) for name in _names(service)):
            continue
        yield finding("N501", case.place(doc, "cookies", "recipients"), what=service.name)


def _says(doc: Doc, name: str) -> bool:
    # A short name is a word in small letters: "Meta" is not in "metadata".
    flags = re.IGNORECASE if len(name) > 5 else re.NOFLAG
    return re.search(rf"(?<!\w){re.escape(name)}", doc.words, flags) is not None


@cache
def _catalogue() -> tuple[tuple[str, str], ...]:
    """The names of known services, each with the id it is declared by."""
    found = []
    for service, names in _OTHERS.items():
        if service in catalogue.ids():
            found += [(name, service) for name in names]
    found += [(name, name.lower()) for name in shared("services", "known")]
    return tuple(found)


def _undeclared(
    case: Case, doc: Doc, known: Vocabulary, declaration: Declaration
) -> Iterator[Finding]:
    declared = " ".join(f"{s.name} {s.provider} {s.id}" for s in declaration.services).lower()
    taken = " ".join(case.names).lower()
    cookies = {section.id for section in case.sections(doc, "cookies")}
    told = set()
    for name, service in _catalogue():
        if name.lower() in declared or service in declared or name.lower() in taken or name in told:
            continue
        common = name in _COMMON
        flags = re.NOFLAG if common else re.IGNORECASE
        pattern = re.compile(rf"(?<![\w@.-]){re.escape(name)}", flags)
        if not pattern.search(doc.words):
            continue
        told.add(name)
        for block in doc.blocks:
            if block.kind is Kind.HEADING or (common and block.section not in cookies):
                continue
            place = _used(block, known, pattern)
            if place:
                yield finding("N502", doc.of(block, *place), what=name)
                break


def _used(block: Block, known: Vocabulary, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    for span in sentences(block, known.lang):
        for match in pattern.finditer(block.text, span.start, span.end):
            part = clause(block.text, span, match.start(), match.end())
            over = known["unless.N302"].search(block.text, *near(span, *match.span()))
            if not known["sentence.negation"].search(part) and not over:
                return match.span()
    return None


def _lifetimes(doc: Doc, known: Vocabulary, declaration: Declaration) -> Iterator[Finding]:
    items = {
        item.name: item
        for service in declaration.services
        for item in service.items
        if "*" not in item.name and len(item.name) > 2
    }
    for block in doc.blocks:
        item = items.get(block.text.strip()) if block.kind is Kind.CELL else None
        if item is None:
            continue
        row = [
            other for other in doc.by_section[block.section]
            if (other.group, other.row) == (block.group, block.row) and other is not block
        ]  # fmt: skip
        for cell in row:
            days = _in_days(cell.text, known)
            if days is not None and not _same(days, item):
                says = {lang: lifetime(item.days, lang) for lang in LANGUAGES}
                yield finding("N503", doc.of(cell), what=item.name, declared=says)


def _in_days(text: str, known: Vocabulary) -> float | None:
    """A cell that is a lifetime and nothing else, in days."""
    units = known.value("number", "units")
    assert isinstance(units, dict)
    for unit, stems in units.items():
        match = re.fullmatch(rf"\s*(\d+)\s*(?:{stems})\w*\.?\s*", text, re.IGNORECASE)
        if match:
            return int(match[1]) * _DAYS[unit]
    return None


def _same(days: float, item: Item) -> bool:
    if not item.days:
        return False
    return abs(days - item.days) <= max(_TOLERANCE * item.days, 0.01)


def _transfers(case: Case, declaration: Declaration) -> Iterator[Finding]:
    told = {code for _, t in case.tables("transfers") for code in strings(t.get("countries"))}
    for service in declaration.services:
        for country in service.transfers:
            names = {lang: country_name(country, lang) for lang in LANGUAGES}
            if case.facts is not None:
                if country not in told:
                    place = case.fact("transfers")
                    yield finding("N504", place, what=service.name, country=names)
                continue
            for doc in case.spoken:
                known = vocabulary(doc.lang)
                if not any(affirmed(doc.blocks, known, "element.outside")):
                    place = case.place(doc, "transfers", "recipients", "cookies")
                    yield finding("N504", place, what=service.name, country=names)
