"""Meta's pixel (R96).

https://developers.facebook.com/docs/meta-pixel/implementation/gdpr: `revoke` before `init` on every
page, `grant` after the visitor's choice. `revoke` only pauses sending, so that the pixel is gated
besides. Its snippet does nothing where there is an `fbq`, hence the wait for its own.
"""

from __future__ import annotations

from .vendor import WHOLE, Call, Said, Vendor

_REVOKE: Call = ["fbq", "consent", "revoke"]
_GRANT: Call = ["fbq", "consent", "grant"]


def _first(said: Said) -> list[Call]:
    return [_REVOKE, _GRANT] if said["whole"] else [_REVOKE]


def _change(said: Said) -> list[Call]:
    return [_GRANT if said["whole"] else _REVOKE]


VENDOR = Vendor(WHOLE, _first, _change, late="fbq")
