"""What nobody can guess, for a form of a page or its content security policy."""

from __future__ import annotations

import os
from binascii import b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# Made ahead, 64 at a time: asking the system for each page's own costs as much as its join.
_tokens: list[bytes] = []
if hasattr(os, "register_at_fork"):  # two processes never give out the same
    os.register_at_fork(after_in_child=_tokens.clear)


def random_token() -> bytes:
    """18 bytes of the system's own randomness, as base64url."""
    try:
        return _tokens.pop()
    except IndexError:
        text = b2a_base64(os.urandom(18 * 65), newline=False).translate(_URL_SAFE)
        first, *others = (text[at : at + 24] for at in range(0, len(text), 24))
        _tokens.extend(others)
        return first
