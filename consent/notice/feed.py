"""The versions of a notice for programs: an Atom feed (RFC 4287) and JSON (R77, R84)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape

from ..texts.dates import date_in_words
from .lifecycle import state
from .package import Package, iso
from .words import words

Address = Callable[[Package, str], str]
"""Gives the absolute, permanent address of a version in a language."""

_EPOCH = "1970-01-01T00:00:00Z"


def atom(
    packages: Iterable[Package],
    now: datetime,
    *,
    lang: str,
    title: str,
    author: str,
    feed_address: str,
    notice_address: str,
    address: Address,
    domain: str,
    editorial: bool = False,
) -> bytes:
    """Write the Atom feed of a document in one language: an entry a version, at its announcement.

    The bytes change when a version is announced or withdrawn, and not at its effect. `title`
    and `author` name the notice and the controller, `feed_address` and `notice_address` are
    absolute. `domain` is the site's host name, for `tag:` ids (RFC 4151) that outlive any address;
    versions that name the one of their time keep it. Editorial versions bring nobody news and are
    left out unless `editorial`.
    """
    entries = news(packages, now, editorial)
    # A tag names its domain as of a day on which the controller held it: that of an announcement.
    first = min(entries, key=lambda package: package.announced_at, default=None)
    # Each language has a feed and entries of its own, as who reads two of them sees them (4.2.6).
    key = _tag(domain, first, f"{first.document}/{lang}") if first else feed_address
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{escape(lang)}">',
        f"<id>{escape(key)}</id>",
        f"<title>{escape(title)}</title>",
        f"<updated>{_updated(entries, now)}</updated>",
        f"<author><name>{escape(author)}</name></author>",
        f'<link rel="self" type="application/atom+xml" href="{escape(feed_address)}"/>',
        f'<link rel="alternate" type="text/html" hreflang="{escape(lang)}"'
        f' href="{escape(notice_address)}"/>',
    ]
    for package in reversed(entries):
        lines += _entry(package, lang, now, address, domain)
    lines.append("</feed>\n")
    return "\n".join(lines).encode("utf-8")


def feed_updated(
    packages: Iterable[Package], now: datetime, *, editorial: bool = False
) -> datetime | None:
    """When the feed last changed, in UTC, for `Last-Modified`; None while it is empty."""
    moments = (_changed(package, now) for package in news(packages, now, editorial))
    return max(moments, default=None)


def news(packages: Iterable[Package], now: datetime, editorial: bool = False) -> list[Package]:
    """The versions that are announced at `now` (UTC) and bring news, in the order of numbers."""
    known = (
        package
        for package in packages
        if package.announced_at <= now and (editorial or package.change_class != "editorial")
    )
    return sorted(known, key=lambda package: package.number)


def versions_json(packages: Iterable[Package], now: datetime, *, address: Address) -> bytes:
    """Write the announced versions, newest number first, as JSON in UTF-8.

    Each has its number, class, state, times in UTC, hash, and per language its title, summary of
    the change, hash and permanent address; one that is withdrawn also since when and why.
    """
    packages = list(packages)
    body = [
        {
            "document": package.document,
            "number": str(package.number),
            "class": package.change_class,
            "state": state(package, packages, now),
            "announced_at": iso(package.announced_at),
            "effective_at": iso(package.starts),
            "hash": package.hash,
            "languages": {
                lang: {
                    "title": text.title,
                    "change": text.change,
                    "hash": text.hash,
                    "address": address(package, lang),
                }
                for lang, text in package.renditions.items()
            },
            **_withdrawal(package, now),
        }
        for package in reversed(news(packages, now, True))
    ]
    return json.dumps({"versions": body}, ensure_ascii=False, indent=1).encode("utf-8")


def _withdrawal(package: Package, now: datetime) -> dict[str, object]:
    gone = package.withdrawal
    if gone is None or gone.at > now:
        return {}
    return {"withdrawn_at": iso(gone.at), "withdrawn_because": dict(gone.reason)}


def _entry(package: Package, lang: str, now: datetime, address: Address, domain: str) -> list[str]:
    text = package.text(lang)
    shown, say = text.lang, words(text.lang)
    day = date_in_words(package.effective, shown)
    title = f"{text.title} {package.number}, {say['effect'].format(date=day)}"
    summary = text.change or say["first"]
    if package.withdrawal is not None and package.withdrawn(now):
        day = date_in_words(package.withdrawn_on or package.effective, shown)
        title = f"{text.title} {package.number}, {say['withdrawn'].format(date=day)}"
        summary = package.withdrawal.told(shown)
    others = [other for other in package.renditions if other != shown]
    return [
        f'<entry xml:lang="{escape(shown)}">',
        f"<id>{escape(_tag(domain, package, f'{package.document}/{lang}/{package.number}'))}</id>",
        f"<title>{escape(title)}</title>",
        f"<published>{iso(package.announced_at)}</published>",
        f"<updated>{iso(_changed(package, now))}</updated>",
        f'<category term="{package.change_class}"/>',
        *(
            f'<link rel="alternate" type="text/html" hreflang="{escape(other)}"'
            f' href="{escape(address(package, other))}"/>'
            for other in (shown, *others)
        ),
        f"<summary>{escape(summary)}</summary>",
        "</entry>",
    ]


def _changed(package: Package, now: datetime) -> datetime:
    gone = package.withdrawal
    return gone.at if gone is not None and gone.at <= now else package.announced_at


def _updated(entries: list[Package], now: datetime) -> str:
    # An empty feed keeps one time for good, so that it does not look new at every fetch.
    return max((iso(_changed(package, now)) for package in entries), default=_EPOCH)


def _tag(domain: str, package: Package, specific: str) -> str:
    # The domain of then: it may be another by now, and a feed reader knows the entry by its id.
    return f"tag:{package.domain or domain},{package.announced_at:%Y-%m-%d}:notice/{specific}"
