"""What a handler or a template knows of the visitor: `request.state.consent`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from markupsafe import Markup
from starlette.types import Scope

from ..browser.ready import way_back
from ..structured import event
from ..texts import texts
from .tokens import random_token

if TYPE_CHECKING:
    from ..browser.edition import Edition
    from ..choice import State
    from .plans import Plans

logger = logging.getLogger("consent")


class Visitor:
    """The choice of the visitor of one request, and the links that a page owes them.

    Reading the choice marks the response as depending on it (`Vary: Cookie`, R120): `read`.
    `linked` tells that the page has the settings link and the script already, `nonce_given` the
    nonce that was asked for, if it was.
    """

    __slots__ = ("_path", "_plans", "_query", "linked", "nonce_given", "read")

    def __init__(self, plans: Plans, scope: Scope) -> None:
        self._plans = plans
        # The scope holds this object: held by it in turn, both would wait for the collector.
        self._path: bytes | str = scope.get("raw_path") or scope["path"]
        self._query: bytes = scope.get("query_string", b"")
        self.read = self.linked = False
        self.nonce_given = ""

    def allows(self, name: str) -> bool:
        """Whether a category or a service may run for this visitor; an unknown name may not."""
        self.read = True
        if name not in self._plans.edition.settings.declaration.category_of:
            logger.warning(
                "nothing called %r is declared, so it is not allowed",
                name,
                extra=event("name-undeclared", name=name[:200]),
            )
        return self._plans.choice.allows(name)

    @property
    def states(self) -> Mapping[str, State]:
        """The state of every optional category: granted, denied or unset (R31)."""
        self.read = True
        return self._plans.choice.states

    @property
    def nonce(self) -> str:
        """A nonce for the scripts in this response (CSP 3, 7.1), made when it is first asked for.

        With `enforcement.policy` those in the page that lack it then do not run; a site that sends
        a policy of its own names it there.
        """
        if not self.nonce_given:
            self.read = True  # no other visitor may be given it
            self.nonce_given = random_token().decode("ascii")
        return self.nonce_given

    def settings_path(self, lang: str = "") -> str:
        """The address of the settings page, which leads back to this one (R119)."""
        back = way_back(self._path, b"" if self._shared else self._query)
        query = f"?return={quote_from_bytes(back, safe='/')}" if back != b"/" else ""
        return f"{self._plans.edition.settings.prefix}/{self._lang(lang)}{query}"

    def notice_path(self, lang: str = "") -> str:
        """The address of the privacy notice."""
        return self._plans.edition.notice_path(self._lang(lang))

    def settings_link(self, lang: str = "", nonce: str = "") -> Markup:
        """The settings link for the site's own footer, with the script that opens it in place.

        For `settings_link = "own"` (R26). `nonce` is that of the page's content security policy.
        """
        self.linked = True
        self.read = self.read or not self._shared
        lang = self._lang(lang)
        link = Markup('<a href="{}" lang="{}">{}</a>').format(
            self.settings_path(lang), lang, texts(lang)["settings"]["link"]
        )
        edition, choice = self._plans.edition, self._plans.choice
        allowed = edition.rules.always if self._shared else choice.allowed
        script = _script(edition, lang, allowed, self._shared)
        if nonce:
            script = script.replace("<script", Markup('<script nonce="{}"').format(nonce), 1)
        return link + script

    @property
    def _shared(self) -> bool:
        """Whether the page may be given to everybody, as long as the choice is not read."""
        return self._plans.edition.settings.enforcement.cacheable

    def _lang(self, lang: str) -> str:
        languages = self._plans.edition.languages
        return lang if lang in languages else languages[0]


@lru_cache(maxsize=256)
def _script(edition: Edition, lang: str, allowed: frozenset[str], shared: bool) -> Markup:
    from ..choice import Choice

    # Of a choice the script is told what is allowed, and nothing else.
    tag = edition.script_tag(lang, Choice({}, allowed), shared=shared)
    return Markup(tag)  # noqa: S704 - our own
