"""What the page round a notice shows: the context of the templates `notice.html` and its text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from markupsafe import Markup

from ..texts import texts
from ..texts.dates import date_in_words
from .lifecycle import State, standing, state
from .package import Package, Rendition
from .preview import Preview
from .words import language_name, stands_in, words

Address = Callable[[Package | None, str], str]
"""Gives the address of a version in a language; of None, the address of the version in force."""

_CHANGE = {State.SCHEDULED: "change_ahead", State.WITHDRAWN: "change_gone"}
_EFFECT = {
    State.SCHEDULED: "effect",
    State.SUPERSEDED: "former",
    State.WITHDRAWN: "withdrawn",
}


def notice_context(
    package: Package,
    lang: str,
    packages: Sequence[Package],
    now: datetime,
    *,
    address: Address,
    site_name: str,
    back: str,
    stylesheet: str,
    feed: str = "",
    history: str = "",
    redline: str = "",
    asked: str = "",
    data: Markup | str = "",
) -> dict[str, object]:
    """Give the context of `notice.html` for a published version as it stands at `now` (UTC).

    `back` is the address that leads back to the site, `feed` that of the Atom feed, `history` that
    of the history, `redline` that of the comparison with the version before ("" for none). `asked`
    is the language that was asked for, if `lang` stands in for it, `data` the JSON-LD of the
    version.
    """
    say, text = words(lang), package.renditions[lang]
    where = state(package, packages, now)
    effect = _day(package, where is State.WITHDRAWN)
    day = date_in_words(effect, lang)
    lines = {
        State.SCHEDULED: say["scheduled_line"],
        State.SUPERSEDED: say["superseded_line"],
        State.IN_FORCE: "",
        State.DRAFT: say["draft_line"],
        State.WITHDRAWN: say["withdrawn_line"],
    }
    reason = package.withdrawal.told(lang) if package.withdrawal else ""
    latest = address(None, lang)
    context = _common(text, where, say, site_name, back, stylesheet)
    return context | {
        "number": str(package.number),
        "version": say["version"].format(number=package.number),
        "fallback": _fallback(asked, lang),
        "effective": say[_EFFECT.get(where, "effective")].format(date=day),
        "effective_iso": effect.isoformat(),
        "status_line": lines[where].format(date=day, reason=reason),
        "version_hash": package.hash,
        "languages": [
            {
                "lang": other,
                "name": language_name(other),
                "address": _same(package, other, where, address),
            }
            for other in package.renditions
            if other != lang
        ],
        "versions": _versions(package, lang, packages, now, address),
        "latest": "" if where is State.IN_FORCE else latest,
        "links": relations(
            package, lang, packages, now, address=address, feed=feed, history=history
        ),
        "feed": feed,
        "history": history,
        "redline": redline,
        "data": data,
    }


def draft_context(
    preview: Preview,
    lang: str,
    *,
    address: Address,
    site_name: str,
    back: str,
    stylesheet: str,
    asked: str = "",
) -> dict[str, object]:
    """Give the context of `notice.html` for a draft: marked as one, not to be indexed."""
    say, text = words(lang), preview.renditions[lang]
    context = _common(text, State.DRAFT, say, site_name, back, stylesheet)
    return context | {
        "number": "",
        "version": say["draft"],
        "effective": "",
        "effective_iso": "",
        "status_line": say["draft_line"],
        "fallback": _fallback(asked, lang),
        "version_hash": "",
        "languages": [
            {"lang": other, "name": language_name(other), "address": address(None, other)}
            for other in preview.renditions
            if other != lang
        ],
        "versions": [],
        "latest": "",
        "links": [],
        "feed": "",
        "open_facts": [
            {
                "question": fact.question.get(lang) or fact.question.get("en", fact.key),
                "section": fact.section,
            }
            for fact in preview.open_facts
        ],
    }


def pdf_context(
    package: Package, lang: str, *, address: Address, site_name: str
) -> dict[str, object]:
    """Give the context of `notice_pdf.html`: what of a version never changes."""
    text, say = package.renditions[lang], words(lang)
    told = texts(lang, "history")["pdf"]["effective"]
    return {
        "lang": lang,
        "title": text.title,
        "site_name": site_name,
        "words": say,
        "version": say["version"].format(number=package.number),
        "effective": told.format(date=date_in_words(package.effective, lang)),
        "address": address(package, lang),
        "short": _paragraphs(text.short),
        "change": text.change,
        "body": Markup(text.body),  # noqa: S704 - as in the page
        "content_hash": text.hash,
    }


class Side(NamedTuple):
    """One of two texts that are compared: its name, its address and day, "" for none."""

    name: str
    address: str = ""
    date: str = ""
    date_iso: str = ""


def version_side(package: Package, lang: str, address: Address) -> Side:
    """A published version as one side of a comparison."""
    day = date_in_words(package.effective, lang)
    name = words(lang)["version"].format(number=package.number)
    return Side(name, address(package, lang), day, package.effective.isoformat())


def redline_context(
    body: str,
    lang: str,
    sides: tuple[Side, Side],
    *,
    change: str = "",
    site_name: str = "",
    back: str = "",
    stylesheets: Sequence[str] = (),
    style: str = "",
) -> dict[str, object]:
    """Give the context of `redline.html`.

    `body` is the redline (`redline_html`), `sides` the older and the newer text, `change` what the
    editor says of it, `back` where the notice is read. `style` is CSS for a page without a server;
    its hash lets it stand under a policy that forbids all other.
    """
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return {
        "lang": lang,
        "heading": words(lang)["redline"],
        "sides": sides,
        "change": change,
        "body": Markup(body),  # noqa: S704 - all text in it is escaped
        "site_name": site_name,
        "back": back,
        "stylesheets": list(stylesheets),
        "style": Markup(style),  # noqa: S704 - our own stylesheet and the site's theme
        "style_hash": f"sha256-{digest}",
        "words": words(lang),
    }


def relations(
    package: Package,
    lang: str,
    packages: Sequence[Package],
    now: datetime,
    *,
    address: Address,
    feed: str = "",
    history: str = "",
) -> list[dict[str, str]]:
    """List the links of a version's page: RFC 5829, RFC 7089, the other languages, the feed.

    Each has `rel` and `href`, and where it matters `hreflang` or `type`; for `<link>` elements and
    for the Link header alike. Only the version in force is canonical at its versionless address.
    """
    known = sorted(
        (
            other
            for other in packages
            if other.announced_at <= now and not other.withdrawn(now) and lang in other.renditions
        ),
        key=lambda other: other.number,
    )
    numbers = [other.number for other in known]
    links = []
    where = state(package, packages, now)
    if where is State.IN_FORCE:
        links.append({"rel": "canonical", "href": address(None, lang)})
    links.append({"rel": "latest-version", "href": address(None, lang)})
    if package.number in numbers:
        place = numbers.index(package.number)
        if place:
            href = address(known[place - 1], lang)
            links.append({"rel": "predecessor-version", "href": href})
        if place + 1 < len(known):
            href = address(known[place + 1], lang)
            links.append({"rel": "successor-version", "href": href})
    links += [
        {"rel": "alternate", "hreflang": other, "href": _same(package, other, where, address)}
        for other in package.renditions
    ]
    links.append({"rel": "original", "href": address(None, lang)})
    if feed:
        links.append({"rel": "alternate", "type": "application/atom+xml", "href": feed})
    if history or feed:
        links.append({"rel": "version-history", "href": history or feed})
    return links


def _common(
    text: Rendition,
    where: State,
    say: Mapping[str, str],
    site_name: str,
    back: str,
    stylesheet: str,
) -> dict[str, object]:
    return {
        "lang": text.lang,
        "title": text.title,
        "site_name": site_name,
        "words": say,
        "state": str(where),
        "short": _paragraphs(text.short),
        "change": text.change,
        "change_title": say[_CHANGE.get(where, "change")],
        "toc": [heading for heading in text.toc if heading.level == 2],
        # Sanitised before it was frozen, and verified since.
        "body": Markup(text.body),  # noqa: S704
        "content_hash": text.hash,
        "open_facts": [],
        "status_more": None,
        "noindex": where in (State.DRAFT, State.SUPERSEDED, State.WITHDRAWN),
        "history": "",
        "redline": "",
        "data": "",
        "back": back,
        "stylesheet": stylesheet,
    }


def _fallback(asked: str, lang: str) -> dict[str, str]:
    # Said in the language that the reader asked for; empty where that is the page's.
    if asked in ("", lang):
        return {}
    return {"lang": asked, "text": words(asked)["fallback"].format(language=stands_in(asked, lang))}


def _same(package: Package, lang: str, where: State, address: Address) -> str:
    # The version in force has its versionless address in every language.
    return address(None if where is State.IN_FORCE else package, lang)


def _versions(
    package: Package, lang: str, packages: Sequence[Package], now: datetime, address: Address
) -> list[dict[str, object]]:
    # Newest first, with what changed in each; those not announced do not exist yet (R77).
    say, stand = words(lang), standing(packages, now)
    rows = []
    for word, some in (
        ("effect", tuple(reversed(stand.scheduled))),
        ("effective", (stand.in_force,) if stand.in_force else ()),
        ("former", stand.superseded),
        ("withdrawn", stand.withdrawn),
    ):
        for other in some:
            shown = other.text(lang).lang
            day = _day(other, word == "withdrawn")
            rows.append(
                {
                    "number": str(other.number),
                    "address": address(other, shown),
                    "effective": say[word].format(date=date_in_words(day, lang)),
                    "effective_iso": day.isoformat(),
                    "change": _told(other, shown, word, say),
                    "lang": shown,
                    "here": other.number == package.number,
                }
            )
    return rows


def _day(package: Package, withdrawn: bool) -> date:
    return (package.withdrawn_on if withdrawn else None) or package.effective


def _told(package: Package, lang: str, word: str, say: Mapping[str, str]) -> str:
    if word == "withdrawn" and package.withdrawal is not None:
        return package.withdrawal.told(lang)
    return package.renditions[lang].change or say["first"]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
