"""The canonical form of a record and the events that records tell of.

Pure values without input or output. What stands in a record: R35; what never does: R125.
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring

Json = Mapping[str, object] | list[object] | tuple[object, ...] | str | int | bool | None
"""What `canonical` takes; floating-point numbers are left out on purpose."""


def canonical(value: object) -> bytes:
    """Encode a value as RFC 8785 canonical JSON in UTF-8.

    Takes dictionaries with text keys, lists, tuples, text, integers up to 2**53 - 1, booleans and
    None; raises `TypeError` for anything else and `ValueError` for a larger integer or a lone
    surrogate.
    """
    return _encode(value).encode("utf-8")


def _encode(value: object) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise ValueError(f"{value} is beyond the integers that JSON keeps exact (RFC 8785)")
        return int.__repr__(value)
    if isinstance(value, Mapping):
        # RFC 8785 section 3.2.3: keys in the order of their UTF-16 code units, which for ASCII is
        # the order that Python compares text in.
        keys = sorted(value, key=None if all(map(_ascii, value)) else _utf16)
        return "{" + ",".join([f"{_string(key)}:{_encode(value[key])}" for key in keys]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_encode(item) for item in value]) + "]"
    raise TypeError(f"{type(value).__name__} has no canonical form here")


def _string(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a key must be text, not {type(text).__name__}")
    # The encoder of `json` escapes exactly what section 3.2.2.2 asks for, in lower-case hex.
    return encode_basestring(text)


def _ascii(key: object) -> bool:
    return isinstance(key, str) and key.isascii()


def _utf16(key: object) -> bytes:
    return str(key).encode("utf-16-be")
