"""A year of decisions on a company's site, as a log has them counted; always the same."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from random import Random

from consent.log import Log, counters
from consent.record import Shown

FIRST = date(2026, 1, 1)
DAYS = 365
# Decisions a day, and of these: accepted, rejected; the rest chose.
SITES = {"fi": (34, 0.46, 0.38), "sv": (5, 0.40, 0.46), "en": (2.2, 0.52, 0.36)}


def text(language: str) -> Shown:
    return Shown(f"{language:0<64}", language, "", "", "", "", {})


@cache
def year() -> Counter[tuple[str, str]]:
    """How often each counter was counted, by (day, name)."""
    random, counted = Random(7), Counter()
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        weekday = 1.15 if day.weekday() < 5 else 0.55
        summer = 0.6 if day.month == 7 else 1.0
        for language, (mean, accepting, rejecting) in SITES.items():
            expected = mean * weekday * summer * (1 + number / 1200)
            decisions = max(0, round(random.gauss(expected, expected**0.5)))
            # In spring the site became slower to trust, and browsers learned the signal.
            accepts = accepting - 0.07 * (number > 120) + 0.02 * (number > 240)
            for _ in range(decisions):
                drawn = random.random()
                signal = "gpc" if random.random() < 0.03 + number / 9000 else ""
                if drawn < accepts * (0.4 if signal else 1):
                    button, odds = "accept", (1.0, 1.0, 1.0)
                elif drawn < accepts + rejecting:
                    button, odds = "reject", (0.0, 0.0, 0.0)
                else:
                    button, odds = "save", (0.75, 0.5, 0.06)
                named = zip(("preferences", "statistics", "marketing"), odds, strict=True)
                answers = {c: "granted" if random.random() < p else "denied" for c, p in named}
                for name in counters.decided(text(language), button, answers, signal):
                    counted[day.isoformat(), name] += 1
            shown = round(decisions * random.uniform(2.5, 5))
            if shown:
                counted[day.isoformat(), counters.shown(text(language))] += shown
    return counted


def write(log: Log) -> None:
    """Count a year into a log."""
    for (day, name), n in year().items():
        log.count(day, name, n)
