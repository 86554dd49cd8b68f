"""What a notice's text says of single facts: who, where, which basis, how long, from when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from ..lint.words import vocabulary

# Word processors make other dashes of some, and pages hide an address from those who gather them.
_ID = re.compile(r"(?<![\d-])(\d{7})[-‐‑–](\d)(?![\d-])|\bFI[ ]?(\d{7})(\d)\b")
_AT = re.compile(r" ?[\[(](?:at|ät)[\])] ?")
_MAIL = re.compile(rf"(?<![\w.+-])[\w.+-]+(?:@|{_AT.pattern})[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w/-])(?:\+\d{2,3}[ -]?(?:\(0\))?[ -]?\d|0\d)(?:[ -]?\d){5,10}(?![\w-])")
_SITE = re.compile(
    r"(?:https?://)?(?<![\w@.])www\.[\w-]+(?:\.[\w-]+)+|https?://[\w-]+(?:\.[\w-]+)+"
)
_NAME = (
    r"(?!(?:Me|Vi|We|Jos|Kun|Om|If|The|On|At) )"
    r"(?:\d{1,2} )?[A-ZÅÄÖ][\w&.’'-]{0,40}(?: (?:[A-ZÅÄÖ][\w&.’'-]{0,40}|&|ja|och|and)){0,4}"
)
_COMPANY = re.compile(
    rf"\b({_NAME} (?:Oyj|Oy Ab|Oy|Ab|AB|ry|rf|Ky|Tmi|Ltd|LLC|Inc|GmbH|Plc))\b"
    rf"|\b((?:Oy|Ab|AB) {_NAME})"
)
_ADDRESS = re.compile(
    r"(?P<street>(?:P\.?L\.? |PB |P\.?O\.? ?Box |[A-ZÅÄÖ])[^\n,:|]{0,60}?\d+[^\n,|]{0,12}?)"
    r"(?:,|\n)\s*(?:FI-|SE-)?(?P<postcode>\d{5}|\d{3} \d{2})\s+(?P<city>[A-ZÅÄÖ][\w-]+)"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)

_STATED = {
    "fi": r"perust|oikeusperuste|käsittelyperuste|nojalla|art(?:ikla|\.)",
    "sv": r"grund|stöd|baser|artikel|art\.",
    "en": r"bas(?:is|ed|es)|ground|article|art\.|rel(?:y|ies)",
}
_BASES = {
    "consent": r"suostumu|samtyck|consent",
    "contract": r"sopimu[ks]|sopimust|avtal|contract",
    "legitimate-interest": (
        r"oikeute\w+ et[uj]|berättiga\w+ intress|legitimate (?:business )?interest"
    ),
    "legal-obligation": (
        r"lakisääte|laki(?:in|sääte)|lain (?:nojalla|velvoit)|lainsäädän|kirjanpitola|"
        r"rättslig\w* förpliktels|lagstad|enligt lag|bokföringslag|legal obligation|"
        r"statutory|required by law|comply with (?:the )?law"
    ),
    "vital-interests": r"elintärk|grundläggande intress|vital(?:a)? (?:interest|intress)",
    "public-task": (
        r"yleinen etu|yleis\w+ etu|julkisen vallan|allmänt intress|myndighetsutöv|"
        r"public (?:interest|task)|official authority"
    ),
}
_PERIOD = re.compile(
    r"\b(\d{1,3}|kuusi|kymmenen|kahden|kolmen|yhden|kuuden|sex|tio|ett|två|tre|six|ten|one|two|three)"
    r"(?:\s*\(\d+\))?[ -](vuo\w+|kuukau\w+|päivä\w*|viik\w+|år\w*|månad\w*|dag\w*|veck\w+|"
    r"years?|months?|days?|weeks?)\b",
    re.IGNORECASE,
)
_MONTHS = {
    "fi": "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    "sv": "jan feb mar apr maj jun jul aug sep okt nov dec",
    "en": "jan feb mar apr may jun jul aug sep oct nov dec",
}
_DATE = re.compile(
    r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>(?:19|20)\d\d)"
    r"|(?P<iso>(?:19|20)\d\d-\d\d-\d\d)"
    r"|(?P<day2>\d{1,2})(?:\.|st|nd|rd|th)?(?: of)?\s(?P<name>[A-Za-zäö]{3,12})\.?,?\s"
    r"(?P<year2>(?:19|20)\d\d)"
    r"|(?P<name3>[A-Z][a-z]{2,8})\s(?P<day3>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year3>(?:19|20)\d\d)"
)
_EFFECT = re.compile(
    r"voima(?:ssa|an)|tulee voimaan|gäller (?:från|fr\.o\.m)|träder i kraft|giltig från|effective|"
    r"in force|takes effect",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"päivitetty|laadittu|laatimispäivä|muokattu|uppdatera|reviderad|upprätta|updated|revised|"
    r"last (?:changed|modified)",
    re.IGNORECASE,
)
_AUTHORITIES = {
    "FI": r"tietosuojavaltuut|dataombudsman|data protection ombudsman",
    "SE": r"integritetsskyddsmyndighet|datainspektionen|swedish authority for privacy",
}


def business_ids(text: str) -> list[tuple[str, bool]]:
    """List the business IDs of a text, each with whether its check digit is right.

    A VAT number that begins with FI holds one too.
    """
    found = {}
    for number, check, vat, last in _ID.findall(text):
        digits, digit = number or vat, check or last
        rest = sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=True)) % 11
        found[f"{digits}-{digit}"] = rest != 1 and int(digit) == (11 - rest if rest else 0)
    return list(found.items())


def company(texts: Sequence[str]) -> str:
    """The company that is named most in the first text that names one."""
    for text in texts:
        names = Counter((one or other).strip() for one, other in _COMPANY.findall(text))
        if names:
            return str(names.most_common(1)[0][0])
    return ""


def address(text: str) -> tuple[str, str, str]:
    """Street or box, postcode and city, "" each where there is none."""
    found = _ADDRESS.search(text)
    return (found["street"].strip(), found["postcode"], found["city"]) if found else ("", "", "")


def first_mail(texts: Sequence[str]) -> str:
    """The first e-mail address of the first text that has one."""
    found = next(filter(None, map(_MAIL.search, texts)), None)
    return _AT.sub("@", found[0]).rstrip(".") if found else ""


def first_phone(text: str) -> str:
    """The first telephone number, as it is written."""
    found = _PHONE.search(text)
    return found[0].strip() if found else ""


def first_site(texts: Sequence[str]) -> str:
    """The first address of a website, as https."""
    found = next((found[0] for text in texts if (found := _SITE.search(text))), "")
    return f"https://{re.sub(r'^https?://', '', found)}" if found else ""


def bases(text: str) -> list[str]:
    """The legal bases that a statement names, in the order of the article."""
    folded = text.casefold()
    return [name for name, pattern in _BASES.items() if re.search(pattern, folded)]


def states_a_basis(text: str, lang: str) -> bool:
    """Whether a text says on what basis something is done."""
    return re.search(_STATED[lang], text.casefold()) is not None and bool(bases(text))


def periods(text: str) -> list[str]:
    """The periods that a text names, as "6 vuotta"."""
    return [found[0] for found in _PERIOD.finditer(text)]


def rights(text: str, lang: str) -> list[str]:
    """The rights that a text names, as the lint knows them."""
    known = vocabulary(lang)
    return [name for name in known.names("right") if known[f"right.{name}"].search(text)]


def authority(text: str) -> str:
    """The country whose supervisory authority a text names, FI or SE, or ""."""
    folded = text.casefold()
    return next((land for land, named in _AUTHORITIES.items() if re.search(named, folded)), "")


def dated(lines: Sequence[str]) -> tuple[date | None, date | None]:
    """The day from which a notice says to be in force, and the day it was last changed."""
    effective = updated = None
    for before, own in pairwise(["", *lines]):
        # The day may stand in a line of its own, below what it is.
        line = f"{before} {own}" if _DATE.fullmatch(own.strip()) else own
        day = next(filter(None, map(_day, _DATE.finditer(line))), None)
        if day and len(line) < 200:
            if effective is None and _EFFECT.search(line):
                effective = day
            elif updated is None and _UPDATED.search(line):
                updated = day
    return effective, updated


def _day(match: re.Match[str]) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["year"]:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
        name = (match["name"] or match["name3"]).casefold()
        known = [begins.split() for begins in _MONTHS.values()]
        month = next(
            (1 + n for some in known for n, begin in enumerate(some) if name.startswith(begin)), 0
        )
        day, year = match["day2"] or match["day3"], match["year2"] or match["year3"]
        return date(int(year), month, int(day))
    except ValueError:
        return None
