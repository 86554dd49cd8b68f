"""HubSpot, told by a consent tool that is not its own.

https://developers.hubspot.com/docs/api-reference/latest/account/settings/consent-banner/consent-banner-api:
its banner is switched off before it loads, and the state is set on every page, since HubSpot does
not keep it. A withdrawal also has it remove its cookies. `doNotTrack` is not used: it would stay
when the visitor allows HubSpot again.
"""

from __future__ import annotations

from .vendor import ADVERTISING, MEASURING, Call, Said, Vendor


def _first(said: Said) -> list[Call]:
    return [["_hsp.push", ["setHubSpotConsent", dict(said)]]]


def _change(said: Said) -> list[Call]:
    gone: list[Call] = [] if any(said.values()) else [["_hsp.push", ["revokeCookieConsent"]]]
    return [*_first(said), *gone]


VENDOR = Vendor(
    parts={"analytics": MEASURING, "advertisement": ADVERTISING, "functionality": frozenset()},
    ready="window.disableHubSpotCookieBanner=true;window._hsp=window._hsp||[];",
    first=_first,
    change=_change,
)
