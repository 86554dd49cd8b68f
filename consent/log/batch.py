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
    """The entries of a group that are new, each list in their order; it may stand anywhere yet."""

    def __init__(self) -> None:
        """Begin empty."""
        self.kinds: list[str] = []
        self.leaves: list[bytes] = []
        self.bodies: list[bytes] = []
        self.consent_ids: list[str | None] = []
        self.keys: list[bytes | None] = []
        self.salts = b""
        # Where in the group the newest entry of a chain is, and the one under a key.
        self._ids: dict[str, int] = {}
        self.once: dict[bytes, int] = {}
        self._kinds: dict[str, int] = {}
        # What each entry is answered with: one that stands in the log, a new one by its place in
        # the group, or ~place for one that repeats a new one.
        self._answers: list[Appended | int] = []

    def add(self, entries: Sequence[Entry], keys: Sequence[bytes | None], known: Known) -> None:
        """Take entries; see `answers`.

        Raises what an entry's `revise` raised, and `ValueError` for a body of a wrong size.
        """
        salts = self.salts = os.urandom(SALT_SIZE * len(entries))
        leaves, bodies, ids, once = self.leaves, self.bodies, self._ids, self.once
        answers, at = self._answers, 0
        for entry, key in zip(entries, keys, strict=True):
            kind, body, consent_id = entry.kind, entry.body, entry.consent_id
            if key is not None:
                if key in once:
                    answers.append(~once[key])
                    continue
                earlier = known.under_key(key)
                if earlier is not None:
                    answers.append(earlier)
                    continue
            if entry.revise is not None:
                before = self._newest(entry, known)
                if before is not None:
                    found = bodies[~before] if isinstance(before, int) else before.body
                    revised = entry.revise(found)
                    if revised is None:
                        answers.append(before)
                        continue
                    body = revised
            if not 0 < len(body) <= BODY_SIZE:
                raise ValueError(f"the body of an entry has 1 to {BODY_SIZE} bytes")
            # This is `tree.leaf_hash`.
            leaves.append(sha256(b"\x00" + salts[at * 16 : at * 16 + 16] + body).digest())
            bodies.append(body)
            answers.append(at)
            self.kinds.append(kind)
            self.consent_ids.append(consent_id)
            self.keys.append(key)
            if consent_id is not None:
                ids[consent_id] = at
            if key is not None:
                once[key] = at
            if kind != "consent":
                self._kinds[kind] = at
            at += 1

    def answers(self, first: int) -> list[Appended]:
        """Give the answer to each entry, for a group of which the first new one has that place.

        For one that repeats an earlier one that is the earlier one.
        """
        leaves, bodies = self.leaves, self.bodies
        return [
            each
            if isinstance(each, Appended)
            else Appended(first + each, leaves[each], bodies[each], True)
            if each >= 0
            else Appended(first + ~each, leaves[~each], bodies[~each], False)
            for each in self._answers
        ]

    def _newest(self, entry: Entry, known: Known) -> Appended | int | None:
        """Give the newest entry of the chain that an entry continues, as another's answer."""
        consent_id = entry.consent_id
        if consent_id is not None:
            found = self._ids.get(consent_id)
        elif entry.kind == "consent":
            return None  # the newest one is somebody else's (R43)
        else:
            found = self._kinds.get(entry.kind)
        return known.newest(entry) if found is None else ~found
