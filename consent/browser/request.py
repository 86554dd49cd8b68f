"""What the host app gets to see of a request for a page (R120)."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

from ..signal import BY_FIELD
from .headers import untagged

Scope = MutableMapping[str, Any]

READ = {b"cookie", b"if-none-match", b"if-modified-since", *BY_FIELD}
"""The fields of a request that are read: for what a visitor is, and for what the app is to see."""

FILES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
"""Extensions, and messages, with which a server sends a file by itself."""


def prepared(scope: Scope, tag: bytes) -> Scope:
    """The scope to hand to the app; where it differs it is a copy.

    Files that a server sends by itself would pass us by: for a request that takes HTML the
    extensions `pathsend` and `zerocopysend` are left out, and what it says about its copy is
    rewritten by `strip_if_none_match`.
    """
    extensions = scope.get("extensions")
    if extensions and not FILES.isdisjoint(extensions) and takes_html(scope["headers"]):
        left = {name: value for name, value in extensions.items() if name not in FILES}
        scope = {**scope, "extensions": left}
    return strip_if_none_match(scope, tag)


def strip_if_none_match(scope: Scope, tag: bytes) -> Scope:
    """The scope with what it says about the visitor's copy only as far as that is of state `tag`.

    Of an `If-None-Match` the app gets its own ETags back, of this state only; so a 304 never brings
    back the page of another state (R120). ETags without a state, and dates, stay where no HTML is
    asked for.
    """
    for name, _ in scope["headers"]:
        if name == b"if-none-match" or name == b"if-modified-since":
            break
    else:
        return scope
    html = takes_html(scope["headers"])
    headers: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            if kept := untagged(value, tag, keep=not html):
                headers.append((name, kept))
        elif name != b"if-modified-since" or not html:
            headers.append((name, value))
    return {**scope, "headers": headers}


def with_own_etags(scope: Scope, tag: bytes) -> Scope:
    """The scope for a page of our own: what it says about its copy without our tags."""
    if all(name != b"if-none-match" for name, _ in scope["headers"]):
        return scope
    headers = [
        (name, untagged(value, tag, keep=True) if name == b"if-none-match" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def holds_state(scope: Scope, tag: bytes) -> bool:
    """Whether a request says that the visitor has a copy of the page in the state `tag`."""
    return any(
        name == b"if-none-match" and untagged(value, tag, keep=False) != b""
        for name, value in scope["headers"]
    )


def takes_html(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request is for a page, as far as can be told."""
    return any(name == b"accept" and b"text/html" in value.lower() for name, value in headers)
