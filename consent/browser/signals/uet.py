"""Microsoft Advertising's Universal Event Tracking (R95).

https://learn.microsoft.com/en-us/advertising/msa-help/hlp_ba_conc_uet_dynamicconsentgtm: `default`
before `bat.js` is loaded, `update` when the visitor decides; `ad_storage` is its only signal. Its
snippet keeps a queue that is there already.
"""

from __future__ import annotations

from .vendor import WHOLE, Call, Said, Vendor, word


def _first(said: Said) -> list[Call]:
    return [["uetq.push", "consent", "default", {"ad_storage": word(said["whole"])}]]


def _change(said: Said) -> list[Call]:
    return [["uetq.push", "consent", "update", {"ad_storage": word(said["whole"])}]]


VENDOR = Vendor(WHOLE, _first, _change, ready="window.uetq=window.uetq||[];")
