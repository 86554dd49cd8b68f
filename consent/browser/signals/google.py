"""Google Consent Mode v2, in its basic mode: Analytics, Ads and Tag Manager (R93, R94).

https://developers.google.com/tag-platform/security/guides/consent: `default` with all four signals
before any tag, one `update` when the visitor decides. The server knows the choice, so that the
default is right at once and nothing is to be waited for; `ads_data_redaction` and `url_passthrough`
stay off, as they are unless somebody turns them on. `gtag` must push `arguments` as they are.
"""

from __future__ import annotations

from .vendor import ADVERTISING, MEASURING, Call, Said, Vendor, word


def _signals(said: Said) -> dict[str, str]:
    ads = word(said["ads"])
    return {
        "ad_storage": ads,
        "ad_user_data": ads,
        "ad_personalization": ads,
        "analytics_storage": word(said["analytics"]),
    }


def _first(said: Said) -> list[Call]:
    return [["gtag", "consent", "default", _signals(said)]]


def _change(said: Said) -> list[Call]:
    return [["gtag", "consent", "update", _signals(said)]]


VENDOR = Vendor(
    parts={"analytics": MEASURING, "ads": ADVERTISING},
    ready="window.dataLayer=window.dataLayer||[];"
    "window.gtag=window.gtag||function(){dataLayer.push(arguments)};",
    first=_first,
    change=_change,
    # Tag Manager loads the tags of others, whose purposes it has not itself.
    others=True,
)
