"""What a text counts, as no language writes it: dates, times of day, periods, numbers, telephones.

1.12.2026 and the 1st of December 2026 are one date, 16.30 and 4:30 p.m. one time, 24 months and two
years one period, 1 234,50 and 1,234.50 one number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial

from .words import Vocabulary, vocabulary

Pattern = re.Pattern[str]

Period = tuple[int, str]
"""A number and its unit: `(6, "year")`."""

_DIGIT = re.compile(r"\d")
_DATE = re.compile(
    r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?!\d)"
    r"|(?<!\d)(?P<y2>\d{4})-(?P<m2>\d{2})-(?P<d2>\d{2})(?!\d)"
    r"|(?<![\d/])(?P<d3>\d{1,2})/(?P<m3>\d{1,2})/(?P<y3>\d{4})(?!\d)"
    r"|(?<![\d.])(?P<d4>\d{1,2})\.(?P<m4>1[0-2]|0?[1-9])\.(?!\s?\d)"
    r"|(?<![\d/.])(?P<m5>\d{1,2})/(?P<y5>\d{4})(?![\d/])"
)
_CLOCK = re.compile(
    r"(?<![\d.,:])(?P<h>\d{1,2})(?:[.:](?P<m>[0-5]\d))?(?:\s?(?P<half>[ap])\.?\s?m\b\.?)"
    r"|(?<![\d.,:])(?P<h2>[01]?\d|2[0-4]):(?P<m2>[0-5]\d)(?![\d:])"
)
_OCLOCK = re.compile(
    r"\b((?:klo|kello|kl\.?|klockan|at|from|until) \d{1,2})\.([0-5]\d)"
    r"(?:( ?(?:–|-|to) ?\d{1,2})\.([0-5]\d))?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,])(?:\+|00(?=[1-9])|0)[\d()](?:[\d ()-]{5,}\d)")
_CODES = ("358", "46", "47", "45", "44", "49", "372", "354")
# Of one article, 6.1 is a paragraph: 6(1).
_LAW = re.compile(
    r"(\bart\w*\.?|\bGDPR:?n?|\basetu\w+|\bförordning\w*)(\s\d{1,2})\.(\d)", re.IGNORECASE
)
# Between thousands stand a space of some width, a point, a comma or an apostrophe.
_GAP = "[ \u00a0\u2009\u202f]"
_NUMBER = re.compile(
    rf"(?<![\d.,])(?:[1-9]\d{{0,2}}(?:{_GAP}\d{{3}})+(?:[.,]\d{{1,2}})?"
    r"|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,2})?|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d{1,2})?"
    r"|[1-9]\d{0,2}(?:['’]\d{3})+(?:\.\d{1,2})?)(?![\d]|[.,]\d)"
    r"|\d+(?:[.,]\d+)*"
)


_GROUPED = re.compile(rf"[1-9]\d{{0,2}}(?:(?:{_GAP}|[.,'’])\d{{3}})+(?:[.,]\d{{1,2}})?")


@dataclass(frozen=True, slots=True)
class Quantities:
    """What a text counts: dates as `2026-12-01`, periods, and the other numbers as digits."""

    dates: frozenset[str]
    periods: frozenset[Period]
    numbers: frozenset[str]


def quantities(text: str, known: Vocabulary) -> Quantities:
    """Read the quantities of a text that holds no addresses."""
    found: set[str] = set()
    if _DIGIT.search(text):
        text = _OCLOCK.sub(_with_colon, _LAW.sub(r"\1\2 \3", text))
        found, text = dates(text, known)
        text = _PHONE.sub(lambda match: f" {_phone(match[0])} ", text)
        text = _CLOCK.sub(lambda match: f" {_time(match)} ", text)
    told, rest = _periods(text, known)
    numbers = {_number(match[0]) for match in _NUMBER.finditer(rest)}
    return Quantities(frozenset(found), frozenset(told), frozenset(numbers))


def periods(text: str, known: Vocabulary) -> set[Period]:
    """The numbers with their units of time in a text: {(6, "year")}."""
    return _periods(text, known)[0]


def in_words(number: int, text: str, known: Vocabulary) -> bool:
    """Whether a number stands in a text in words."""
    return any(
        value == number and re.search(rf"(?<!\w)(?:{forms})(?!\w)", text, re.IGNORECASE)
        for value, forms in _words(known.lang)
    )


def dates(text: str, known: Vocabulary) -> tuple[set[str], str]:
    """The dates of a text, and the text without them."""
    found: set[str] = set()

    def note(match: re.Match[str]) -> str:
        parts = {key[0]: value for key, value in match.groupdict().items() if value}
        year, month = parts.get("y", "-"), int(parts["m"])
        if not 1 <= month <= 12 or ("d" in parts and not 1 <= int(parts["d"]) <= 31):
            return match[0]
        day = f"-{int(parts['d']):02}" if "d" in parts else ""
        found.add(f"{year}-{month:02}{day}")
        return " "

    if _any_month(known.lang).search(text):
        for number, patterns in _months(known.lang):
            for pattern in patterns:
                text = pattern.sub(partial(_named, number, found), text)
    return found, _DATE.sub(note, text)


def _named(month: int, found: set[str], match: re.Match[str]) -> str:
    parts = match.groupdict()
    day = parts.get("d")
    if day and not 1 <= int(day) <= 31:
        return match[0]
    found.add(f"{parts.get('y') or '-'}-{month:02}" + (f"-{int(day):02}" if day else ""))
    return " "


@cache
def _months(lang: str) -> tuple[tuple[int, tuple[Pattern, ...]], ...]:
    """The ways to write a date with the name of a month, by the month's number."""
    found = []
    for number, month in enumerate(vocabulary(lang).strings("number", "months"), 1):
        if lang == "fi":
            name = rf"(?i:{month}\w*)"
        elif month == "may":
            name = "May"  # "may" is a verb
        elif len(month) < 5:
            name = rf"(?i:{month}\b)"
        else:
            name = rf"(?i:{month[:3]}(?:{month[3:]}\w*)?\b\.?)"
        year = r"(?P<y>\d{4})(?!\d)"
        ways = (
            rf"(?<!\d)(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th|:[ae])?(?: of)? {name},?(?: {year})?",
            rf"(?<!\w){name} (?P<d>\d{{1,2}})(?!\d)(?:\.|st|nd|rd|th)?(?: päivä\w*)?(?:,? {year})?",
            rf"(?<!\w){name} {year}",
        )
        found.append((number, tuple(map(re.compile, ways))))
    return tuple(found)


@cache
def _any_month(lang: str) -> Pattern:
    """A month beside a number, in whatever form."""
    months = "|".join(month[:3] for month in vocabulary(lang).strings("number", "months"))
    return re.compile(
        rf"\d\S{{0,3}} (?:of )?(?:{months})|(?<!\w)(?:{months})\w*\.? \d", re.IGNORECASE
    )


def _with_colon(match: re.Match[str]) -> str:
    return f"{match[1]}:{match[2]}" + (f"{match[3]}:{match[4]}" if match[3] else "")


def _phone(text: str) -> str:
    abroad = text.startswith(("+", "00"))
    digits = re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0")
    code = next((code for code in _CODES if abroad and digits.startswith(code)), "")
    return digits.removeprefix(code)


def _time(match: re.Match[str]) -> str:
    hour, minutes = int(match["h"] or match["h2"]), match["m"] or match["m2"] or "00"
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    return f"{hour}.{minutes}"


def _periods(text: str, known: Vocabulary) -> tuple[set[Period], str]:
    found: set[Period] = set()

    def note(match: re.Match[str]) -> str:
        number, unit = match["digits"], str(match.lastgroup)
        if number is None:
            told = (name[1:] for name, words in match.groupdict().items() if words)
            number = next(name for name in told if name.isdigit())
        found.add(_largest(int(number), unit))
        return " "

    half, periods_of = _patterns(known.lang)
    if half.search(text):
        found.add((6, "month"))
        text = half.sub(" ", text)
    return found, periods_of.sub(note, text)


@cache
def _patterns(lang: str) -> tuple[Pattern, Pattern]:
    """Half a year; and a number in digits or words (`digits`, `n3`) with its unit (`day`)."""
    known = vocabulary(lang)
    units = known.value("number", "units")
    assert isinstance(units, dict)
    words = "|".join(f"(?P<n{number}>{forms})" for number, forms in _words(lang))
    unit = "|".join(f"(?P<{name}>{stems})" for name, stems in units.items())
    half = "|".join(known.strings("number", "half_year"))
    return re.compile(rf"(?<!\w)(?:{half})", re.IGNORECASE), re.compile(
        r"(?:(?<![\w.,])(?P<digits>\d{1,9})(?: ?\(\w+\))?[\s-]*"
        rf"|(?<!\w)(?:{words})(?: ?\(\d+\))?[ -])(?:{unit})",
        re.IGNORECASE,
    )


@cache
def _words(lang: str) -> tuple[tuple[int, str], ...]:
    """The numbers that a language has words for, each with the pattern of its forms."""
    words = vocabulary(lang).value("number", "words")
    tens = vocabulary(lang).value("number", "tens")
    assert isinstance(words, list)
    assert isinstance(tens, dict)
    found = [(number, "|".join(forms)) for number, forms in enumerate(words, 1)]
    return (*found, *((int(number), "|".join(forms)) for number, forms in tens.items()))


def _largest(number: int, unit: str) -> Period:
    """A time in the largest unit that it is a whole number of: 36 months are 3 years."""
    if unit == "month" and number and number % 12 == 0:
        return number // 12, "year"
    if unit == "hour" and number and number % 24 == 0:
        return _largest(number // 24, "day")
    if unit == "day" and number and number % 7 == 0:
        return number // 7, "week"
    return number, unit


def _number(text: str) -> str:
    if _GROUPED.fullmatch(text):
        whole, _, part = re.sub(r"[.,](?=\d{1,2}$)", "|", text).partition("|")
        text = re.sub(r"\D", "", whole) + (f".{part}" if part else "")
    return re.sub(r"\.0+$", "", text.replace(",", "."))
