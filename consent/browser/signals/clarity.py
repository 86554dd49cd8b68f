"""Microsoft Clarity's consent API, version 2 (R95).

https://learn.microsoft.com/en-us/clarity/clarity-consent-api-v2: one call, with a capital S in both
names. Clarity also listens to Google's signals and takes the last one that it hears, so it is told
after Google.
"""

from __future__ import annotations

from .vendor import ADVERTISING, MEASURING, Call, Said, Vendor, word


def _calls(said: Said) -> list[Call]:
    storage = {"ad_Storage": word(said["ads"]), "analytics_Storage": word(said["analytics"])}
    return [["clarity", "consentv2", storage]]


VENDOR = Vendor(
    parts={"analytics": MEASURING, "ads": ADVERTISING},
    ready="window.clarity=window.clarity||function(){(clarity.q=clarity.q||[]).push(arguments)};",
    first=_calls,
    change=_calls,
)
