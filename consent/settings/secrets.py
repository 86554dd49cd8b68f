"""The keys, which stand in the environment and never in a file (R123)."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Problem

_BAD_KEYS = ("changeme", "secret", "password", "example", "default", "0123456789")


def cookie_keys(environ: Mapping[str, str], problems: list[Problem]) -> tuple[str, ...]:
    """The keys that sign cookies, oldest first (R116, R123)."""
    name = "CONSENT_SECRET_KEYS"
    keys = _listed(environ, name)
    faults = []
    if not keys:
        faults.append("is not set")
    for number, key in enumerate(keys, start=1):
        if len(key) < 32:
            faults.append(f"key {number} has {len(key)} characters, fewer than 32")
        elif len(set(key)) < 10 or any(bad in key.lower() for bad in _BAD_KEYS):
            faults.append(f"key {number} can be guessed")
    remedy = "make one with: consent key (several are separated by spaces, newest last)"
    problems += [Problem("environment", name, fault, remedy) for fault in faults]
    return keys


def checkpoint_keys(environ: Mapping[str, str], problems: list[Problem]) -> tuple[str, ...]:
    """The keys that sign checkpoints of the log, all of them each one; none may be set (R40)."""
    name = "CONSENT_CHECKPOINT_KEYS"
    keys = _listed(environ, name)
    if not keys:
        return ()
    # What signs is loaded only where something is to be signed.
    from ..signed_note import SIGNING, verifier_of

    faults = []
    for number, key in enumerate(keys, start=1):
        try:
            verifier_of(key)
        except ValueError as fault:
            faults.append(f"key {number}: {fault}")
        else:
            if not key.startswith(SIGNING):
                faults.append(f"key {number} is the one to verify with, not the one to sign with")
    remedy = "make one with: consent log key (several are separated by spaces)"
    problems += [Problem("environment", name, fault, remedy) for fault in faults]
    return () if faults else keys


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    # No comma: base64 has none, and neither has what `consent key` makes.
    return tuple(environ.get(name, "").replace(",", " ").split())
