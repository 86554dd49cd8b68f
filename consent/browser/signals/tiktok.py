"""TikTok's pixel.

https://business-api.tiktok.com/portal/docs?id=1739585600931842: `grantConsent` and `revokeConsent`.
Its snippet keeps a queue that is there already. `holdConsent` is left out: the pixel runs only once
it is granted, and what was held before loading would have to be released after it.
"""

from __future__ import annotations

from .vendor import WHOLE, Call, Said, Vendor


def _first(said: Said) -> list[Call]:
    return [["ttq.push", ["grantConsent" if said["whole"] else "revokeConsent"]]]


def _change(said: Said) -> list[Call]:
    return [["ttq.grantConsent" if said["whole"] else "ttq.revokeConsent"]]


VENDOR = Vendor(WHOLE, _first, _change, ready="window.ttq=window.ttq||[];")
