"""Pinterest's tag.

https://help.pinterest.com/en/business/article/install-the-base-code: `setconsent` before `page`;
false stops its events and deletes what it has stored. Its snippet does nothing where there is a
`pintrk`, hence the wait for its own.
"""

from __future__ import annotations

from .vendor import WHOLE, Call, Said, Vendor


def _calls(said: Said) -> list[Call]:
    return [["pintrk", "setconsent", said["whole"]]]


VENDOR = Vendor(WHOLE, _calls, _calls, late="pintrk")
