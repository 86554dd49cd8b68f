"""What is done to the host's pages for one state of choice: made once a state, used for many."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Mapping
from hashlib import sha256
from os import urandom
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from starlette.types import Scope

from ..browser.edition import Edition
from ..browser.inject import Insertion, Plan
from ..browser.ready import Ready, way_back
from ..choice import Choice
from ..cookie import Said
from ..notice.package import Package
from ..texts import texts
from ..texts.dates import date_in_words

if TYPE_CHECKING:
    from .runtime import Runtime
    from .visitor import Visitor


K = TypeVar("K")
V = TypeVar("V")


def remember(memory: dict[K, V], key: K, value: V, most: int = 4096) -> None:
    """Keep a value in a memory that is emptied when it holds `most`."""
    if len(memory) >= most:
        memory.clear()
    memory[key] = value


class Judged:
    """What was judged of cookies on one day under one edition; replaced as a whole.

    It holds from `begin` to `end`, the edition to `until`, in seconds since 1970-01-01 UTC; `day`
    counts from there. The memories are by whether the browser's signal came with the cookie.
    """

    __slots__ = ("begin", "by_answers", "by_cookie", "day", "edition", "end", "shared", "until")

    def __init__(self, edition: Edition, until: float, day: int) -> None:
        self.edition = edition
        self.until = until
        self.day = day
        self.begin = day * 86_400.0
        self.end = min(until, self.begin + 86_400)
        self.by_cookie: tuple[dict[bytes | None, Plans], dict[bytes | None, Plans]] = ({}, {})
        self.by_answers: tuple[dict[Said | None, Plans], dict[Said | None, Plans]] = ({}, {})
        self.shared: dict[tuple[object, ...], Plans] = {}


class Plans:
    """What one state of choice means for pages, whoever asks for them.

    `choice` is that of all who share these plans: of the cookie it holds the answers of one of
    them. `told` is the notice change that the visitor is told of.
    """

    __slots__ = ("_linked", "_made", "choice", "edition", "own", "runtime", "style", "tag", "told")

    def __init__(
        self, runtime: Runtime, edition: Edition, choice: Choice, told: Package | None
    ) -> None:
        self.runtime = runtime
        self.edition = edition
        self.choice = choice
        self.told = told
        self.own = edition.settings.banner.settings_link == "own"
        self.style = edition.interface.critical.encode("ascii")
        self.tag = _tag(edition, choice, told)
        self._linked = edition.settings.banner.style == "linked"
        self._made: dict[tuple[object, ...], Made | None] = {}

    def plan(self, scope: Scope, visitor: Visitor, *, flow: bool = False) -> Plan:
        """The plan for one request; `flow` puts the banner into the page's flow (R19)."""
        page = Page(self, scope, visitor, flow)
        return Plan(
            page.insertion,
            self.choice.allows,
            page.placeholder,
            None,
            self._linked,
            True,
            self.tag,
            visitor.was_read,
        )

    def made(self, lang: str, way: Way, linked: bool, flow: bool) -> Made | None:
        """What goes into the page at an address, whoever asks for it; None for nothing.

        `lang` is the page's own language (R15), `linked` tells that it has the settings link.
        """
        key = (lang, way, linked, flow)
        try:
            return self._made[key]
        except KeyError:
            made = self._make(lang, way_back(*way), linked, flow)
            remember(self._made, key, made, 64)
            return made

    def _make(self, lang: str, back: bytes, linked: bool, flow: bool) -> Made | None:
        edition, choice, own = self.edition, self.choice, self.own and not flow
        banner: Ready | None = None
        if choice.asked:
            banner = edition.banner(lang, choice, flow=flow)
        elif self.told is not None:
            banner = _strip(self.runtime, edition, lang, self.told)
        if banner is None and (linked or own):
            return None
        tail = edition.tail(lang, choice, styled=banner is not None, linked=linked, own=own)
        return Made(
            style=self.style if banner else b"",
            link=edition.link if banner else b"",
            banner=banner.fill(_TOKEN, back).split(_TOKEN) if banner else [b""],
            tail=tail.fill(b"", back),
        )


Way = tuple[bytes, bytes]
"""The path and the query string of a page, as they came."""


class Made(NamedTuple):
    """An insertion but for the form's token, which stands between the pieces of the banner."""

    style: bytes
    link: bytes
    banner: list[bytes]
    tail: bytes


class Page:
    """What goes into one page: made only when a response turns out to be one."""

    __slots__ = ("_flow", "_lang", "_plans", "_scope", "_token", "_visitor")

    def __init__(self, plans: Plans, scope: Scope, visitor: Visitor, flow: bool) -> None:
        self._plans = plans
        self._scope = scope
        self._visitor = visitor
        self._flow = flow
        self._token = b""
        self._lang = ""

    def insertion(self, lang: str) -> Insertion | None:
        """Banner or announcement, settings link and script, in the page's own language (R15)."""
        plans = self._plans
        languages = plans.edition.languages
        lang = lang.partition("-")[0].lower()
        lang = self._lang = lang if lang in languages else languages[0]
        made = plans.made(lang, self._way(), self._visitor.linked, self._flow)
        if made is None:
            return None
        style, link, banner, tail = made
        whole = banner[0] if len(banner) == 1 else self._form_token().join(banner)
        return Insertion(style, link, whole, tail)

    def placeholder(self, name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        """What stands for an embed that may not load (R18)."""
        plans = self._plans
        back = way_back(*self._way())
        lang = self._lang or plans.edition.languages[0]
        once = plans.runtime.embed_address(name, lang, inner, back.decode("ascii"))
        made = plans.edition.placeholder(lang, name, once=bool(once), size=_size(inner))
        return made.fill(self._form_token(), back, once.encode("ascii"))

    def _way(self) -> Way:
        scope = self._scope
        raw = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
        return raw.partition(b"?")[0], scope["query_string"]

    def _form_token(self) -> bytes:
        """One token for all the forms of a page (R46): 18 random bytes, as base64url."""
        if not self._token:
            self._token = b2a_base64(urandom(18), newline=False).translate(_URL_SAFE)
        return self._token


# No form of ours holds this, and no address that way_back gives.
_TOKEN = b"\0"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
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
