"""The text of an attribute: character references as a browser resolves them."""

from __future__ import annotations

import pytest

from consent.browser.html import text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"&#115;", "s"),
        (b"&#000000000115;x", "sx"),
        (b"&#%b115" % (b"0" * 5000), "s"),
        (b"&#%b;" % (b"0" * 5000), "\ufffd"),
        (b"&#%b;" % (b"9" * 5000), "\ufffd"),
        (b"&#0%b;x" % (b"9" * 5000), "\ufffdx"),
        (b"&#x%b;" % (b"f" * 5000), "\ufffd"),
        (b"&#1114112;", "\ufffd"),
        (b"&amp;#115;", "&#115;"),
        (b"&#38;#115;&#x26;lt;", "&#115;&lt;"),
        (b"&#3", "\x03"),
        (b"a&#x1F;b&#127;&#xfffe;", "a\x1fb\x7f\ufffe"),
        (b"&#128;&#0;&#xD800;", "\u20ac\ufffd\ufffd"),
        (b"&notit;&not;", "&notit;\u00ac"),
    ],
)
def test_a_reference_of_any_length_is_resolved(value: bytes, read: str) -> None:
    assert text(value) == read
