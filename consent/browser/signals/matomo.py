"""Matomo, on a server of the site's own or Matomo's.

https://developer.matomo.org/guides/tracking-consent: `requireConsent` before anything is tracked,
`setConsentGiven` on every page while it is granted. On a withdrawal consent is required anew and
the cookies go; `rememberConsentGiven` and `forgetConsentGiven` set cookies themselves, which nobody
has allowed.
"""

from __future__ import annotations

from .vendor import WHOLE, Call, Said, Vendor

_REQUIRE: Call = ["_paq.push", ["requireConsent"]]
_GIVEN: Call = ["_paq.push", ["setConsentGiven"]]
_DELETE: Call = ["_paq.push", ["deleteCookies"]]


def _first(said: Said) -> list[Call]:
    return [_REQUIRE, _GIVEN] if said["whole"] else [_REQUIRE]


def _change(said: Said) -> list[Call]:
    return [_GIVEN] if said["whole"] else [_REQUIRE, _DELETE]


VENDOR = Vendor(WHOLE, _first, _change, ready="window._paq=window._paq||[];")
