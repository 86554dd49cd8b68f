"""The keys, which stand in the environment and never in a file (R123)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import Problem

_BAD_KEYS = ("changeme", "secret", "password", "example", "default", "0123456789")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def cookie_keys(environ: Mapping[str, str], problems: list[Problem]) -> tuple[str, ...]:
    """The keys that sign cookies, oldest first (R116, R123)."""
    name = "CONSENT_SECRET_KEYS"
    keys = _listed(environ, name)
    faults = []
    if not keys:
        faults.append("is not set")
    for number, key in enumerate(keys, start=1):
        if weakness := _weakness(key):
            faults.append(f"key {number} {weakness}")
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


def metrics_token(environ: Mapping[str, str], problems: list[Problem], *, needed: bool) -> str:
    """What whoever reads the metrics has to show (RFC 6750); without one nobody reads them."""
    name = "CONSENT_METRICS_TOKEN"
    token = environ.get(name, "")
    if not needed:
        return ""
    fault = _weakness(token) if token else "is not set, and nobody may read metrics without it"
    if token and not _TOKEN.fullmatch(token):
        fault = "holds a character that no bearer token has"
    if fault:
        problems.append(Problem("environment", name, fault, "make one with: consent key"))
    return "" if fault else token


def _weakness(key: str) -> str:
    """Why somebody could find a key by trying, or nothing."""
    if len(key) < 32:
        return f"has {len(key)} characters, fewer than 32"
    if len(set(key)) < 10 or any(bad in key.lower() for bad in _BAD_KEYS):
        return "can be guessed"
    return ""


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    # No comma: base64 has none, and neither has what `consent key` makes.
    return tuple(environ.get(name, "").replace(",", " ").split())
