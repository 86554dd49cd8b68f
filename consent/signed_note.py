"""Signed notes: a text and the signatures under it (C2SP signed-note, Ed25519).

Keys are texts too. A key to sign with, `PRIVATE+KEY+name+id+…`, is secret; a key to verify with,
`name+id+…`, is for everybody. Its id is a hash of the name and the key, so that a note says which
key it was signed with, and old notes verify with old keys.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from consent.errors import CheckpointError

# Loaded when something is signed or verified: a site that does neither does not wait for it.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"
SIGNING = "PRIVATE+KEY+"
"""How a key to sign with begins."""

_KEY = re.compile(r"(?:PRIVATE\+KEY\+)?([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")
_MOST = 100
"""Signatures under one note."""


class Verifier(NamedTuple):
    """A key to verify with: its name, its id (4 bytes) and the public key (32 bytes)."""

    name: str
    id: bytes
    key: bytes

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(_ED25519 + self.key).decode()}"


def new_key(name: str) -> str:
    """A new key to sign with; raises `ValueError` for a name with spaces or `+` in it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    seed = b64encode(_ED25519 + private.private_bytes_raw()).decode()
    key = f"{SIGNING}{name}+{_id(name, public).hex()}+{seed}"
    verifier_of(key)
    return key


def verifier_of(key: str) -> Verifier:
    """The key to verify with, of one to sign with or of its own text.

    Raises `ValueError` for what is neither.
    """
    name, stated, data = _parsed(key)
    public = _private(data).public_key().public_bytes_raw() if key.startswith(SIGNING) else data
    if _id(name, public) != stated:
        raise ValueError("a part of the key is missing or was changed")
    return Verifier(name, stated, public)


def signed(text: str, keys: Iterable[str]) -> str:
    """A note: the text, which ends with a line end, and a signature under it for each key."""
    if not text.endswith("\n") or any(character < " " for character in text if character != "\n"):
        raise ValueError("the text of a note is of whole lines")
    lines = []
    for key in keys:
        _, _, data = _parsed(key)
        name, number, _ = verifier_of(key)
        signature = b64encode(number + _private(data).sign(text.encode())).decode()
        lines.append(f"— {name} {signature}\n")
    return f"{text}\n{''.join(lines)}"


def opened(note: str, keys: Iterable[str]) -> str:
    """The text of a note that one of the keys, to verify with, has signed.

    Raises `CheckpointError` if none has, or if a signature that names one of them is not its.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text, split, under = note.rpartition("\n\n")
    lines = under.split("\n")
    if not split or lines.pop() or not 0 < len(lines) <= _MOST:
        raise CheckpointError("it is not a text with signatures under it")
    text += "\n"
    known = {(key.name, key.id): key for key in map(verifier_of, keys)}
    good = False
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise CheckpointError(f"{line!r} is not a signature")
        data = _decoded(match[2])
        key = known.pop((match[1], data[:4]), None)
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.key).verify(data[4:], text.encode())
        except (InvalidSignature, ValueError):
            raise CheckpointError(f"the signature of {key.name} is not under this text") from None
        good = True
    if not good:
        raise CheckpointError("none of the keys given has signed it")
    return text


def _parsed(key: str) -> tuple[str, bytes, bytes]:
    match = _KEY.fullmatch(key)
    data = _decoded(match[3]) if match else b""
    if match is None or data[:1] != _ED25519 or len(data) != 33:
        raise ValueError("it is not an Ed25519 key as signed notes have them")
    return match[1], bytes.fromhex(match[2]), data[1:]


def _private(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def _id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _decoded(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""  # only one text stands for some bytes
