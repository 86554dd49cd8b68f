"""What was in force when, and what was declared when: the history page and its answers (R77)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..texts import texts
from ..texts.dates import date_in_words
from .addresses import Addresses
from .declared import Change
from .feed import news
from .lifecycle import State, in_force, state
from .package import Package
from .words import words

_DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)


class OnDay(NamedTuple):
    """What was in force on a day, or will be as far as is announced.

    `package` is what held when the day ended, None for nothing; `before` what it took the place of
    in the course of the day, as when it was announced that very day.
    """

    package: Package | None
    before: Package | None


def read_day(text: str) -> date | None:
    """Read a day as an address gives it, 2026-11-01; None for anything else."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def on_day(packages: Iterable[Package], day: date, zone: ZoneInfo, now: datetime) -> OnDay:
    """Tell which version was in force on a day of the site's calendar.

    Of a day to come it is told what will be, by the versions announced at `now` (UTC).
    """
    known = [package for package in packages if package.announced_at <= now]
    begins, ends = (datetime.combine(day + timedelta(days=n), time(0), zone) for n in (0, 1))
    at_end = in_force(known, ends - timedelta(microseconds=1))
    at_begin = in_force(known, begins)
    return OnDay(at_end, at_begin if at_begin != at_end else None)


def day_lines(
    found: OnDay, day: date, today: date, lang: str, address: Addresses
) -> dict[str, object]:
    """Give what `notice.html` says of a version on the day that was asked for, to its context."""
    say = texts(lang, "history")["day"]
    key = "today" if day == today else "then" if day < today else "coming"
    also = found.before
    return {
        "status_line": say[key].format(date=date_in_words(day, lang)),
        "status_more": (
            {"address": address(also, lang), "text": say["also"].format(number=also.number)}
            if also
            else None
        ),
        "noindex": True,
    }


def history_context(
    packages: Sequence[Package],
    lang: str,
    now: datetime,
    *,
    zone: ZoneInfo,
    address: Addresses,
    declared: Sequence[Change] | None,
    files: Callable[[Package, str], Sequence[tuple[str, str]]],
    redline: Callable[[Package, str], str],
    site_name: str,
    back: str,
    stylesheet: str,
    note: str = "",
) -> dict[str, object]:
    """Give the context of `history.html`.

    `declared` are the changes of what is declared, None if they cannot be read now; `files` gives
    the kinds of a version's files in a language, as (kind, name); `redline` gives the address of
    its comparison with the one before, "" for none; `note` says what was asked for and is not
    there.
    """
    say = texts(lang, "history")
    known = sorted((p for p in packages if p.announced_at <= now), key=lambda p: p.number)
    events = [
        (
            _moment(p, now),
            _version(p, lang, known, now, zone, address, files, redline(p, lang), say),
        )
        for p in known
    ]
    events += [(change.when, _declared(change, lang, zone)) for change in declared or ()]
    events.sort(key=lambda event: event[0])
    comparable = [p for p in reversed(known) if lang in p.renditions]
    return {
        "lang": lang,
        "title": say["history"]["title"],
        "site_name": site_name,
        "words": words(lang),
        "say": say,
        "note": note,
        "events": [event for _, event in reversed(events)],
        "unreadable": declared is None,
        "versions": [
            {
                "number": str(p.number),
                "name": words(lang)["version"].format(number=p.number),
            }
            for p in comparable
        ],
        "today": now.astimezone(zone).date().isoformat(),
        "day_address": address.day(lang),
        "changes_address": address.changes(lang),
        "feed": address.feed(lang),
        "calendar": address.calendar(lang) if news(known, now) else "",
        "back": back,
        "stylesheet": stylesheet,
    }


def _version(
    package: Package,
    lang: str,
    known: Sequence[Package],
    now: datetime,
    zone: ZoneInfo,
    address: Addresses,
    files: Callable[[Package, str], Sequence[tuple[str, str]]],
    redline: str,
    say: Mapping[str, Mapping[str, str]],
) -> dict[str, object]:
    text = package.text(lang)
    shown = text.lang
    first, where = package is known[0], state(package, known, now)
    key, day, change = "effective", package.effective, text.change
    if where is State.SCHEDULED:
        key = "coming"
    elif where is State.WITHDRAWN and package.withdrawal is not None:
        key, change = "withdrawn", package.withdrawal.told(shown)
        day = package.withdrawn_on or day
    announced = package.announced_at.astimezone(zone).date()
    return {
        "kind": "version",
        "date": date_in_words(day, lang),
        "day": day.isoformat(),
        "name": say["history"][key].format(number=package.number),
        "address": address(package, shown),
        "lang": shown,
        "class": "" if first else say["history"].get(package.change_class, ""),
        "announced": say["history"]["announced"].format(date=date_in_words(announced, lang)),
        "change": change or (say["history"]["first"] if first else ""),
        "redline": redline,
        "files": [
            {"name": name, "address": address.file(package, shown, kind)}
            for kind, name in files(package, shown)
        ],
    }


def _moment(package: Package, now: datetime) -> datetime:
    gone = package.withdrawal if package.withdrawn(now) else None
    return gone.at if gone else package.starts


def _declared(change: Change, lang: str, zone: ZoneInfo) -> dict[str, object]:
    day = change.when.astimezone(zone).date()
    return {
        "kind": "declared",
        "date": _short(day, lang),
        "day": day.isoformat(),
        "lines": list(change.lines),
    }


def _short(day: date, lang: str) -> str:
    # Finnish and the Swedish of Finland write a day in a list with numbers.
    return f"{day.day}.{day.month}.{day.year}" if lang in ("fi", "sv") else date_in_words(day, lang)
