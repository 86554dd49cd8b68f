"""One group of entries on its way into any engine: what of it is known already, what is new."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from consent.log import Appended, Entry
from consent.log.runs import ID_SIZE, KEY_SIZE
from consent.log.tree import SALT_SIZE

BODY_SIZE = 16 * 1024 * 1024
"""The most bytes in the body of an entry."""


class Known(Protocol):
    """What stands in the log before a group; what it gives has `new` False."""

    def under_key(self, key: bytes) -> Appended | None:
        """Give the entry that was appended under a hashed idempotency key."""
        ...

    def newest(self, entry: Entry) -> Appended | None:
        """Give the newest entry under a consent id, or of a kind for an entry without one."""
        ...


def keys_of(entries: Sequence[Entry]) -> list[bytes | None]:
    """Hash the idempotency keys of a group; raises `ValueError` for a consent id that is none."""
    for entry in entries:
        consent_id = entry.consent_id
        if consent_id is not None and not (
            len(consent_id) == ID_SIZE and consent_id.isascii() and consent_id.isprintable()
        ):
            raise ValueError(f"a consent id has {ID_SIZE} base64url characters")
    return [
        None if entry.once is None else sha256(entry.once).digest()[:KEY_SIZE] for entry in entries
    ]


class Group:
    """The entries of a group that are new, with place and leaf, each list in their order."""

    def __init__(self, first: int) -> None:
        """Take the place of the first new entry."""
        self.first = first
        self.new: list[Appended] = []
        self.kinds: list[str] = []
        self.consent_ids: list[str | None] = []
        self.keys: list[bytes | None] = []
        self.salts = b""
        self.by_id: dict[str, Appended] = {}
        self.by_key: dict[bytes, Appended] = {}
        self._by_kind: dict[str, Appended] = {}

    def add(
        self, entries: Sequence[Entry], keys: Sequence[bytes | None], known: Known
    ) -> list[Appended]:
        """Take the entries of the group; for one that repeats an earlier one, give that.

        Raises what an entry's `revise` raised, and `ValueError` for a body of a wrong size.
        """
        salts = self.salts = os.urandom(SALT_SIZE * len(entries))
        new, by_id, by_key = self.new, self.by_id, self.by_key
        first, at = self.first, 0
        answers: list[Appended] = []
        for entry, key in zip(entries, keys, strict=True):
            body = entry.body
            if key is not None:
                earlier = by_key[key] if key in by_key else known.under_key(key)
                if earlier is not None:
                    answers.append(earlier._replace(new=False))
                    continue
            if entry.revise is not None:
                before = self._newest(entry, known)
                if before is not None:
                    revised = entry.revise(before.body)
                    if revised is None:
                        answers.append(before)
                        continue
                    body = revised
            if not 0 < len(body) <= BODY_SIZE:
                raise ValueError(f"the body of an entry has 1 to {BODY_SIZE} bytes")
            # This is `tree.leaf_hash`.
            leaf = sha256(b"\x00" + salts[at * 16 : at * 16 + 16] + body).digest()
            appended = Appended(first + at, leaf, body, True)
            new.append(appended)
            answers.append(appended)
            self.kinds.append(entry.kind)
            self.consent_ids.append(entry.consent_id)
            self.keys.append(key)
            if entry.consent_id is not None:
                by_id[entry.consent_id] = appended
            if key is not None:
                by_key[key] = appended
            if entry.kind != "consent":
                self._by_kind[entry.kind] = appended
            at += 1
        return answers

    def _newest(self, entry: Entry, known: Known) -> Appended | None:
        """Give the newest entry of the chain that an entry continues."""
        consent_id = entry.consent_id
        if consent_id is not None:
            found = self.by_id.get(consent_id)
        elif entry.kind == "consent":
            return None  # the newest one is somebody else's (R43)
        else:
            found = self._by_kind.get(entry.kind)
        return known.newest(entry) if found is None else found._replace(new=False)
