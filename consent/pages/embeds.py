"""The addresses at which one embed can be shown once, without script: we have signed them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

LONGEST = 2000
"""The longest markup of an embed, in bytes, that an address can carry."""


class Embeds:
    """Signs and reads them, for one site."""

    def __init__(self, keys: Sequence[str], host: str, prefix: str) -> None:
        self._prefix = prefix
        self._serializer = URLSafeSerializer(
            list(keys),
            salt=f"consent.embed.1:{host}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )

    def address(self, name: str, lang: str, inner: bytes, back: str) -> str:
        """Give the address of an embed; empty when it is too long for one.

        `inner` is the embed's markup, `back` the page that it stands on.
        """
        if len(inner) > LONGEST:
            return ""
        signed = self._serializer.dumps([name, lang, inner.decode("latin-1"), back])
        text = signed.decode("ascii") if isinstance(signed, bytes) else signed
        return f"{self._prefix}/embed?e={quote(text, safe='')}"

    def read(self, signed: str) -> tuple[str, str, bytes, str] | None:
        """Give name, language, markup and way back, or None where we have not signed it."""
        try:
            name, lang, inner, back = self._serializer.loads(signed)
            return name, lang, inner.encode("latin-1"), back
        except (BadData, ValueError, TypeError, AttributeError):
            return None
