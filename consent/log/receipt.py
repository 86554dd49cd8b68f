"""What a receipt takes from the log, and how it is verified without one (R36, R45)."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from consent.errors import CheckpointError, ReceiptError
from consent.log import Row, Snapshot
from consent.log.checkpoint import Checkpoint, checkpoint, proof, read
from consent.log.proofs import included, inclusion, stored
from consent.log.tree import SALT_SIZE, leaf_hash
from consent.receipt import Evidence, receipt

_HASH = "[A-Za-z0-9+/]{43}="
_PROOF = re.compile(
    r"c2sp\.org/tlog-proof@v1\nextra (?P<salt>[A-Za-z0-9+/=]+)\nindex (?P<index>0|[1-9][0-9]{0,18})"
    rf"\n(?P<path>(?:{_HASH}\n)*)\n(?P<note>[^\n]+\n.*)",
    re.DOTALL,
)
_CHECKPOINT = re.compile(rf"([^\n]+)\n([0-9]+)\n({_HASH})\n")


def newest(snapshot: Snapshot, consent_id: str) -> Row | None:
    """The newest entry of a consent id whose content is still there."""
    rows = [row for row in snapshot.rows(consent_id=consent_id) if row.body is not None]
    return rows[-1] if rows else None


def entry(snapshot: Snapshot, seq: int, body: bytes) -> Row | None:
    """The entry at a place, if it still holds that body."""
    row = next(iter(snapshot.rows(seq, seq + 1)), None)
    return row if row is not None and row.body == body else None


def evidence(snapshot: Snapshot, row: Row, shown: bytes, keys: Sequence[str]) -> Evidence:
    """What shows an entry to be in the log, whose content must be there.

    `shown` is what its record names as shown; `keys` sign, and without any there is no proof.
    """
    assert row.body is not None
    assert row.salt is not None
    proven = ""
    if keys:
        path = inclusion(row.seq, snapshot.head().size, stored(snapshot))
        proven = proof(row.seq, row.salt, path, checkpoint(snapshot, keys))
    return Evidence(row.body.decode(), shown.decode(), b64encode(row.salt).decode(), proven)


class Proven(NamedTuple):
    """The place of a record in a log, counted from 0, and the checkpoint that covers it."""

    place: int
    checkpoint: Checkpoint


def opened(data: bytes) -> Evidence:
    """The evidence of a receipt, once all that it says is seen to follow from that.

    Raises `ReceiptError`, which names the first thing that does not.
    """
    try:
        found = json.loads(data.decode(), object_pairs_hook=_object)
        evidence = Evidence(**found["evidence"])
        if not all(isinstance(text, str) for text in evidence):
            raise TypeError("its evidence is not of texts")
        wanted = receipt(evidence)
        record = json.loads(evidence.record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise ReceiptError(f"it is no receipt: {fault}") from None
    if record.get("kind") != "consent":
        raise ReceiptError("what stands as its record is none of a consent")
    if place := _difference(found, wanted, ""):
        raise ReceiptError(f"{place} is not what the record and the text shown say")
    if record.get("shown", "") not in ("", sha256(evidence.shown.encode()).hexdigest()):
        raise ReceiptError("the text in it is not the one that the record names as shown")
    return evidence


def claimed(evidence: Evidence) -> Proven:
    """What a proof says, unverified; raises `ReceiptError` where it is none."""
    match = _proof(evidence)
    note = _CHECKPOINT.match(match["note"])
    if note is None:
        raise ReceiptError("its proof has no checkpoint")
    return Proven(int(match["index"]), Checkpoint(note[1], int(note[2]), _decoded(note[3])))


def proven(evidence: Evidence, keys: Iterable[str]) -> Proven:
    """Where a record stands in a log, once a checkpoint that one of the keys signed shows it.

    `keys` are those to verify with. Raises `ReceiptError` where that is not shown.
    """
    if not evidence.proof:
        raise ReceiptError(
            "it has no proof: the site signs no checkpoints, or its log did not hold the record"
        )
    match = _proof(evidence)
    try:
        found = read(match["note"], keys)
    except CheckpointError as fault:
        raise ReceiptError(f"its checkpoint is not to be believed: {fault}") from None
    if match["salt"] != evidence.salt:
        raise ReceiptError("its salt is not that of its proof")
    salt = _decoded(match["salt"])
    if len(salt) != SALT_SIZE:  # else a blank at the salt's end could pass for one of the record
        raise ReceiptError(f"its salt has {len(salt)} bytes, not {SALT_SIZE}")
    leaf = leaf_hash(evidence.record.encode(), salt)
    path = [_decoded(text) for text in match["path"].split()]
    place = int(match["index"])
    if not included(leaf, place, found.size, path, found.root):
        raise ReceiptError("the record is not in the log of its checkpoint so")
    return Proven(place, found)


def _proof(evidence: Evidence) -> re.Match[str]:
    match = _PROOF.fullmatch(evidence.proof)
    if match is None:
        raise ReceiptError("its proof is none as C2SP has them")
    return match


def _decoded(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = b""
    if b64encode(data).decode() != text:  # only one text stands for some bytes
        raise ReceiptError(f"{text} in its proof is not written as it should be")
    return data


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _difference(found: object, wanted: object, place: str) -> str:
    """The first place at which two JSON values differ; empty where none does."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(key for key in found if key not in wanted)]:
            if key not in found or key not in wanted:
                return f"{place}.{key}".lstrip(".")
            if inner := _difference(found[key], wanted[key], f"{place}.{key}"):
                return inner
        return ""
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        pairs = zip(found, wanted, strict=True)
        places = (_difference(a, b, f"{place}[{at}]") for at, (a, b) in enumerate(pairs))
        return next(filter(None, places), "")
    return "" if type(found) is type(wanted) and found == wanted else place.lstrip(".")
