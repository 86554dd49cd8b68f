"""The allow-list of a notice: its tags, attributes, links and ids, and the sanitiser that holds it.

Links lead to https, mailto, tel, this site's paths or a fragment. There are no images: an image
from elsewhere tells its host who reads the notice, and one from this site would not be part of the
frozen package.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nh3 import Cleaner

_TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "blockquote", "pre", "hr", "br"),
    *("ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("a", "strong", "em", "code"),
}
_ATTRIBUTES = {
    "*": {"id", "lang"},
    "a": {"href"},
    "ol": {"start"},
    "th": {"scope", "data-label"},
    "td": {"data-label"},
}
ALIGNED = {"left": "vc-left", "center": "vc-center", "right": "vc-right"}
_CLASSES = {"table": {"vc-wide"}, "th": {*ALIGNED.values()}, "td": {*ALIGNED.values()}}

# `vc-` is the shell's own; everything else is free for the sections.
_ID = re.compile(r"(?!vc-)[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*", re.ASCII)
# What scripts look for: ours the banner, and vendors' their own functions in `window`, where an
# element is found by its id as long as there is no function of that name.
_TAKEN = frozenset(
    (
        "visitor-choice",
        "clarity",
        "fbq",
        "ga",
        "gtag",
        "hj",
        "lintrk",
        "pintrk",
        "ttq",
        "twq",
        "uetq",
    )
)
_LANG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
# Browsers read a backslash as a slash and drop tabs and line ends from an address.
_UNSAFE = re.compile(r"[\s\\\x00-\x20\x7f-\x9f]")
_MAIL = re.compile(r"mailto:[^@/?#]+@[^@/?#]+(?:\?subject=[^&#]*)?", re.IGNORECASE)
_TEL = re.compile(r"tel:\+?[0-9().-]+", re.IGNORECASE)


def clean(html: str) -> str:
    """Keep of an HTML fragment what the allow-list names, well-formed; whatever comes in."""
    return _cleaner().clean(html)


def safe_link(address: str) -> bool:
    """Tell whether a notice may link there: https, mailto, tel, a path of this site, a fragment."""
    if not address or _UNSAFE.search(address):
        return False
    scheme, colon, rest = address.partition(":")
    if colon and not re.search(r"[/?#]", scheme):
        if scheme.lower() == "https":
            return re.match(r"//[^/?#@]+(?:[/?#]|\Z)", rest) is not None
        return _MAIL.fullmatch(address) is not None or _TEL.fullmatch(address) is not None
    # Two slashes at the start name another host. What begins with neither mark leads elsewhere from
    # each address of the notice.
    return address.startswith(("/", "#")) and not address.startswith("//")


def safe_id(key: str) -> bool:
    """Tell whether an id may stand in a notice: lower-case ASCII words that no script looks for."""
    return _ID.fullmatch(key) is not None and key not in _TAKEN


@cache
def _cleaner() -> Cleaner:
    from nh3 import Cleaner

    return Cleaner(
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        allowed_classes=_CLASSES,
        url_schemes={"https", "mailto", "tel"},
        link_rel=None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if safe_id(value) else None
    if name == "lang":
        return value if _LANG.fullmatch(value) else None
    if name == "scope":
        return value if value in ("row", "col") else None
    if name == "start":
        return value if value.isdecimal() and value.isascii() else None
    if name == "href":
        return value if safe_link(value) else None
    return value
