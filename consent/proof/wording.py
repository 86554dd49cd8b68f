"""The words of a report, and days and times in them (Finnish, Swedish, English)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ..texts.dates import date_in_words

LANGUAGES = ("fi", "sv", "en")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@cache
def words(lang: str) -> Mapping[str, Any]:
    """The words of one language, by section and name."""
    file = Path(__file__).parent / "words" / f"{lang}.toml"
    return tomllib.loads(file.read_text("utf-8"))


def word(lang: str, section: str, name: str) -> str:
    """The word for a name that a log holds; the name itself where there is none."""
    return str(words(lang)[section].get(name, name))


def own(told: Mapping[str, str], lang: str) -> str:
    """A text of the site's in a language, or in the first that there is."""
    return told.get(lang) or next(iter(told.values()), "")


def day(iso: str, lang: str) -> str:
    """An ISO 8601 date in words; anything else as it is."""
    return date_in_words(date.fromisoformat(iso), lang) if _DATE.fullmatch(iso) else iso


def last_day(expires: str, lang: str) -> str:
    """The last day on which an answer counts, in words; `expires` is the ISO 8601 date after it."""
    if not _DATE.fullmatch(expires):
        return expires
    return date_in_words(date.fromisoformat(expires) - timedelta(days=1), lang)


def moment(iso: str, lang: str) -> str:
    """A time of the log, ISO 8601 in UTC, in words; a day alone where it has no more."""
    try:
        at = datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return day(iso, lang)
    clock = {"hour": f"{at:%H}", "minute": f"{at:%M}", "second": f"{at:%S}"}
    return str(words(lang)["time"].format(date=date_in_words(at.date(), lang), **clock))
