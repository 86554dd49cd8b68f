"""What is done to the host's pages for one state of choice: made once a state, used for many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from starlette.types import Scope

from ..browser.edition import Edition
from ..browser.inject import Insertion, Plan
from ..browser.ready import Ready, way_back
from ..choice import Choice
from ..notice.package import Package
from ..texts import texts
from ..texts.dates import date_in_words

if TYPE_CHECKING:
    from .runtime import Runtime
    from .visitor import Visitor


class Plans:
    """What one state of choice means for pages, whoever asks for them.

    `told` is the notice change that the visitor is told of.
    """

    __slots__ = ("choice", "edition", "own", "runtime", "style", "tag", "told")

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

    def plan(self, scope: Scope, visitor: Visitor, *, flow: bool = False) -> Plan:
        """The plan for one request; `flow` puts the banner into the page's flow (R19)."""
        page = Page(self, scope, visitor, flow)
        edition = self.edition
        return Plan(
            page.insertion,
            self.choice.allows,
            page.placeholder,
            None,
            edition.settings.banner.style == "linked",
            True,
            self.tag,
            visitor.was_read,
        )


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
        edition, choice, told = plans.edition, plans.choice, plans.told
        lang = self._lang = lang[:2] if lang[:2] in edition.languages else edition.languages[0]
        banner: Ready | None = None
        if choice.asked:
            banner = edition.banner(lang, choice, flow=self._flow)
        elif told is not None:
            banner = _strip(plans.runtime, edition, lang, told)
        linked = self._visitor.linked
        if banner is None and (linked or (plans.own and not self._flow)):
            return None
        tail = edition.tail(
            lang, choice, styled=banner is not None, linked=linked, own=plans.own and not self._flow
        )
        token, way = self._form()
        return Insertion(
            style=plans.style if banner else b"",
            link=edition.link if banner else b"",
            banner=banner.fill(token, way) if banner else b"",
            tail=tail.fill(token, way),
        )

    def placeholder(self, name: str, attributes: Mapping[str, str], inner: bytes) -> bytes:
        """What stands for an embed that may not load (R18)."""
        plans = self._plans
        token, way = self._form()
        lang = self._lang or plans.edition.languages[0]
        once = plans.runtime.embed_address(name, lang, inner, way.decode("ascii"))
        made = plans.edition.placeholder(lang, name, once=bool(once), size=_size(inner))
        return made.fill(token, way, once.encode("ascii"))

    def _form(self) -> tuple[bytes, bytes]:
        """One token for all the forms of a page (R46), and the way back to it."""
        if not self._token:
            self._token = token_urlsafe(16).encode("ascii")
        scope = self._scope
        raw = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
        return self._token, way_back(raw.partition(b"?")[0], scope["query_string"])


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
