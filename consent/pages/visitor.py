"""What a handler or a template knows of the visitor: `request.state.consent`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from ..texts import texts

if TYPE_CHECKING:
    from ..browser.edition import Edition
    from ..choice import State
    from .plans import Plans

logger = logging.getLogger("consent")


class Visitor:
    """The choice of the visitor of one request, and the links that a page owes them.

    Reading the choice marks the response as depending on it (`Vary: Cookie`, R120): `read`.
    `linked` tells that the page has the settings link and the script already.
    """

    __slots__ = ("_plans", "linked", "read")

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self.read = self.linked = False

    def allows(self, name: str) -> bool:
        """Whether a category or a service may run for this visitor; an unknown name may not."""
        self.read = True
        if name not in self._plans.edition.settings.declaration.category_of:
            logger.warning("nothing called %r is declared, so it is not allowed", name)
        return self._plans.choice.allows(name)

    @property
    def states(self) -> Mapping[str, State]:
        """The state of every optional category: granted, denied or unset (R31)."""
        self.read = True
        return self._plans.choice.states

    def settings_path(self, lang: str = "") -> str:
        """The address of the settings page."""
        return f"{self._plans.edition.settings.prefix}/{self._lang(lang)}"

    def notice_path(self, lang: str = "") -> str:
        """The address of the privacy notice."""
        return self._plans.edition.notice_path(self._lang(lang))

    def settings_link(self, lang: str = "") -> Markup:
        """The settings link for the site's own footer, with the script that opens it in place.

        For `settings_link = "own"` (R26).
        """
        self.read = self.linked = True
        return _linked(self._plans.edition, self._lang(lang), self._plans.choice.allowed)

    def _lang(self, lang: str) -> str:
        languages = self._plans.edition.languages
        return lang if lang in languages else languages[0]


@lru_cache(maxsize=256)
def _linked(edition: Edition, lang: str, allowed: frozenset[str]) -> Markup:
    from ..choice import Choice

    path, text = f"{edition.settings.prefix}/{lang}", texts(lang)["settings"]["link"]
    link = Markup('<a href="{}" lang="{}">{}</a>').format(path, lang, text)
    # Of a choice the script is told what is allowed, and nothing else.
    return link + Markup(edition.script_tag(lang, Choice({}, allowed)))  # noqa: S704 - our own
