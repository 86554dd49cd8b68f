"""Dates in words, as people write them in Finnish, Swedish and English."""

from __future__ import annotations

from datetime import date

_MONTHS = {
    # Finnish names stand in the partitive, as after a day: "1. joulukuuta".
    "fi": (
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta "
        "heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta"
    ),
    "sv": ("januari februari mars april maj juni juli augusti september oktober november december"),
    "en": ("January February March April May June July August September October November December"),
}


def date_in_words(day: date, lang: str) -> str:
    """Write a day in words: "1. joulukuuta 2026", "1 december 2026", "1 December 2026".

    `lang` is a language code; for a language without month names here the ISO form is returned.
    """
    months = _MONTHS.get(lang)
    if months is None:
        return f"{day:%Y-%m-%d}"
    point = "." if lang == "fi" else ""
    return f"{day.day}{point} {months.split()[day.month - 1]} {day.year}"
