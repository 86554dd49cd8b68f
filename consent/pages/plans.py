"""What is done to the host's pages for one state of choice: made once a state, used for many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from starlette.types import Scope

from ..browser.edition import Edition
from ..browser.gates import Placeholder
from ..browser.inject import Insertion, Plan
from ..browser.ready import Ready, way_back
from ..choice import Choice
from ..notice.package import Package
from ..texts import texts
from ..texts.dates import date_in_words

if TYPE_CHECKING:
    from .runtime import Runtime

_LANG = re.compile(rb"""(?i)<html(?=[\s/])[^>]*?\slang\s*=\s*["']?([a-z]{2})(?![a-z])""")


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan for the host's pages, and the one for our own with the banner in the flow."""

    page: Plan
    flow: Plan


def make_plans(runtime: Runtime, edition: Edition, choice: Choice, told: Package | None) -> Plans:
    """Make the plans of one state; `told` is the notice change that the visitor is told of."""
    return Plans(
        _plan(runtime, edition, choice, told, flow=False),
        _plan(runtime, edition, choice, told, flow=True),
    )


def _plan(
    runtime: Runtime, edition: Edition, choice: Choice, told: Package | None, *, flow: bool
) -> Plan:
    own = edition.settings.banner.settings_link == "own"
    style = edition.interface.critical.encode("ascii")

    def insertion(scope: Scope, start: bytes) -> Insertion | None:
        lang = language(edition, start)
        token, way = _token(scope), _way(scope)
        if choice.asked:
            banner: Ready | None = edition.banner(lang, choice, flow=flow)
        else:
            banner = _strip(runtime, edition, lang, told) if told else None
        linked = scope["state"]["consent"].linked
        if banner is None and (linked or own):
            return None
        tail = edition.tail(lang, choice, styled=banner is not None, linked=linked)
        return Insertion(
            style=style if banner else b"",
            link=edition.link if banner else b"",
            banner=banner.fill(token, way) if banner else b"",
            tail=tail.fill(token, way),
        )

    def placeholder(scope: Scope, start: bytes) -> Placeholder:
        lang = language(edition, start)

        def make(name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
            way = _way(scope)
            once = runtime.embed_address(name, lang, inner, way.decode("ascii"))
            made = edition.placeholder(lang, name, once=bool(once), size=_size(inner))
            return made.fill(_token(scope), way, once.encode("ascii"))

        return make

    nothing = not choice.asked and told is None and own and not flow
    return Plan(
        insertion=None if nothing else insertion,
        allows=choice.allows,
        placeholder=placeholder,
        policy_outside=edition.settings.banner.style == "linked",
        private=True,
        tag=_tag(edition, choice, told),
        read=_was_read,
    )


def _was_read(scope: Scope) -> bool:
    return bool(scope["state"]["consent"].read)


def language(edition: Edition, start: bytes) -> str:
    """The language of a page by its `<html lang>`, or the site's first (R15)."""
    match = _LANG.search(start, 0, 4096)
    lang = match[1].lower().decode("ascii") if match else ""
    return lang if lang in edition.languages else edition.languages[0]


def _token(scope: Scope) -> bytes:
    """One token for all the forms of a page (R46)."""
    state = scope["state"]
    token = state.get("consent.token")
    if token is None:
        token = state["consent.token"] = token_urlsafe(16).encode("ascii")
    return bytes(token)


def _way(scope: Scope) -> bytes:
    raw = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
    return way_back(raw.partition(b"?")[0], scope["query_string"])


_SIZE = re.compile(rb"""(?i)<(?:iframe|video|embed|object)\b[^>]*?>""")
_SIDE = re.compile(rb"""(?i)\s(width|height)\s*=\s*["']?(\d{1,4}%?)["'\s>]""")


def _size(inner: bytes) -> dict[str, str]:
    """The width and height that an embed's tag gives, for its placeholder to have the same."""
    tag = _SIZE.search(inner)
    found = _SIDE.findall(tag[0]) if tag else []
    return {side.decode().lower(): value.decode() for side, value in found}


def _tag(edition: Edition, choice: Choice, told: Package | None) -> bytes:
    """Names a state in ETags: two states whose pages differ never have the same (R120)."""
    parts = (
        edition.interface.hash,
        edition.declaration.hash,
        *edition.notice,
        *sorted(choice.allowed),
        "|",
        *choice.asked,
        "|",
        *choice.signalled,
        str(bool(choice.stored.answers)),
        str(told.number) if told else "",
    )
    return sha256("\n".join(parts).encode()).hexdigest()[:12].encode()


def _strip(runtime: Runtime, edition: Edition, lang: str, told: Package) -> Ready:
    text = texts(lang)["announcement"]
    day = date_in_words(told.effective, lang)
    past = told.starts <= runtime.now()
    rendition = told.renditions.get(lang) or next(iter(told.renditions.values()))
    return edition.announcement(
        lang,
        str(told.number),
        text["past" if past else "text"].format(date=day),
        rendition.change,
        edition.notice_path(lang, str(told.number)),
    )
