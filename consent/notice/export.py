"""The announcement of a version for people outside the site: e-mail text and calendar (R84)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from ..texts.dates import date_in_words
from .package import Package, iso
from .words import words

Address = Callable[[Package, str], str]
"""Gives the absolute, permanent address of a version in a language."""

_LINE = 75
"""How many octets a line of a calendar has at most, its ending not counted (RFC 5545, 3.1)."""


def mail(package: Package, lang: str, now: datetime, *, site_name: str, address: Address) -> str:
    """Write the announcement as an e-mail in one language: its subject, a blank line, its text.

    It says what changes, or at `now` (UTC) has changed, when, and where it can be read, or that a
    version was withdrawn and why; nothing else, so that it is mixed with no marketing (R80). Lines
    are not broken.
    """
    text, say = package.text(lang), words(lang)
    gone = package.withdrawal
    if gone is not None:
        subject, first, told = say["mail_withdrawn"], say["mail_stays"], gone.told(text.lang)
    else:
        past = "_past" if package.starts <= now else ""
        subject, first = say[f"mail_subject{past}"], say[f"mail_first{past}"]
        told = text.change or say["first"]
    fields = {
        "title": text.title,
        "site": site_name,
        "date": date_in_words(package.effective, lang),
        "number": package.number,
    }
    lines = [
        " ".join(subject.format(**fields).split()),
        "",
        first.format(**fields),
        "",
        *_paragraphs(told),
        say["mail_read"].format(address=address(package, text.lang)),
    ]
    return "\n".join(lines) + "\n"


def calendar(
    packages: Iterable[Package], lang: str, *, domain: str, site_name: str, address: Address
) -> bytes:
    """Write effective dates as an iCalendar file with an all-day event for each (RFC 5545).

    An event is of the day on the site and keeps its UID for good, so that a calendar that has it
    replaces it; a version that was withdrawn gives the same event, cancelled. A calendar without an
    event would be none: there is at least one version.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//consent//notice//EN"]
    for package in packages:
        lines += _event(package, lang, domain, site_name, address)
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def _event(package: Package, lang: str, domain: str, site_name: str, address: Address) -> list[str]:
    text, say, gone = package.text(lang), words(lang), package.withdrawal
    title = say["calendar"].format(title=text.title, site=site_name, number=package.number)
    told = gone.told(text.lang) if gone else text.change or say["first"]
    read = say["mail_read"].format(address=address(package, text.lang))
    return [
        "BEGIN:VEVENT",
        f"UID:notice-{package.document}-{package.number}@{package.domain or domain}",
        f"DTSTAMP:{_stamp(iso(gone.at if gone else package.announced_at))}",
        f"SEQUENCE:{int(gone is not None)}",
        f"STATUS:{'CANCELLED' if gone else 'CONFIRMED'}",
        f"DTSTART;VALUE=DATE:{_date(package.effective)}",
        f"DTEND;VALUE=DATE:{_date(package.effective + timedelta(days=1))}",
        "TRANSP:TRANSPARENT",
        f"SUMMARY;LANGUAGE={lang}:{_escaped(title)}",
        f"DESCRIPTION;LANGUAGE={text.lang}:{_escaped(told + chr(10) + read)}",
        f"URL:{address(package, text.lang)}",
        "END:VEVENT",
    ]


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for part in text.split("\n\n"):
        lines += [" ".join(part.split()), ""]
    return lines


def _date(day: date) -> str:
    return f"{day:%Y%m%d}"


def _stamp(moment: str) -> str:
    return moment.replace("-", "").replace(":", "")


def _escaped(text: str) -> str:
    # RFC 5545, 3.3.11.
    for raw, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        text = text.replace(raw, written)
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    # By octets, and never within a character.
    parts, room = [""], _LINE
    for character in line:
        size = len(character.encode())
        if size > room:
            parts.append("")
            room = _LINE - 1  # the space that begins the line counts
        parts[-1] += character
        room -= size
    return "\r\n ".join(parts)
