"""One file that shows a consent to somebody who need not trust us: evidence, proofs, a report.

    manifest           every other file with its SHA-256, signed; as sha256sum reads it
    checkpoint         the log's size and root, signed
    records/           the consent's own entries, each with a proof that it is in the log
    entries/           declarations, publications and releases behind them, with proofs
    checkpoints/       older ones, each with a proof that the log only grew since
    shown/ declarations/ scopes/ interface/ notices/ screenshots/     what the entries name
    report.fi.html …   all of it told to people
    verifier.py, key.txt

It is checked with `verifier.py` in it, which needs nothing but Python, or with any other program
that knows C2SP's proofs and checkpoints.
"""

from __future__ import annotations

import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

from ..errors import CheckpointError, LogCorrupt, LogError
from ..log import Snapshot
from ..log.checkpoint import Checkpoint, checkpoint, origin, proof, read
from ..log.proofs import Roots, consistency, continues, included, inclusion, stored
from ..log.tree import leaf_hash
from ..signed_note import signed, verifier_of
from .evidence import Evidence, entry_name, gather, parts_of, picture_name
from .report import About, pages

VERIFIER = Path(__file__).with_name("verifier.py")
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def verifier_hash() -> str:
    """The SHA-256 of `verifier.py`, to be published where readers of a bundle find it."""
    return sha256(VERIFIER.read_bytes()).hexdigest()


def write(
    file: IO[bytes],
    snapshot: Snapshot,
    consent_id: str,
    keys: Sequence[str],
    *,
    former: Sequence[str] = (),
    kept: Sequence[str] = (),
) -> list[str]:
    """Write `files` as a ZIP, the same bytes for the same log; returns their names."""
    found = files(snapshot, consent_id, keys, former=former, kept=kept)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(found):
            bundle.writestr(zipfile.ZipInfo(name), found[name], zipfile.ZIP_DEFLATED)
    return sorted(found)


def files(
    snapshot: Snapshot,
    consent_id: str,
    keys: Sequence[str],
    *,
    former: Sequence[str] = (),
    kept: Sequence[str] = (),
) -> dict[str, bytes]:
    """Give the bytes of each file by name: the whole chain of a consent id and what it rests on.

    The last of the keys signs the checkpoint and the manifest; earlier checkpoints may be signed
    by any, or by one of the `former` keys, to verify with. `kept` are checkpoints that somebody
    else has kept, with which the log is shown to go on as well. Raises `LogError` where nothing of
    that id is left in the log, `CheckpointError` where none of the keys has signed one of `kept`,
    and `LogCorrupt` where something is missing that records name, an entry is not that of its
    leaf, or the log does not continue a checkpoint.
    """
    evidence = gather(snapshot, snapshot.rows(consent_id=consent_id))
    if not evidence.records:
        raise LogError(f"the log holds nothing of the consent id {consent_id}")
    _require_whole(evidence)
    key, note = str(verifier_of(keys[-1])), checkpoint(snapshot, keys[-1:])
    head, roots = Checkpoint(origin(snapshot), *snapshot.head()), stored(snapshot)
    proven = dict(_entries(evidence, head, roots, note))
    earlier = _signed([*former, *keys], head.origin)
    known = [*_covering(snapshot, evidence, head.size, earlier), *_kept(kept, earlier)]
    # Each is looked at; of several of one size one goes with the bundle.
    by_size = {each.checkpoint.size: _older(each, head, roots, note) for each in known}
    older = [by_size[size] for size in sorted(by_size)]
    signers = list(dict.fromkeys([key, *(each.key for each in older)]))
    named = _named(evidence)
    about = About(
        consent_id=consent_id,
        site=snapshot.meta["site"],
        head=head,
        checkpoint=note,
        keys=tuple(signers),
        verifier=verifier_hash(),
        older=tuple(each.size for each in older),
        places={digest: name for name, digest in reversed(named.items())},
        until=_newest_day(snapshot, head.size),
    )
    found = {
        **proven,
        **{name: body for each in older for name, body in each.files.items()},
        **{name: evidence.artifacts[digest][1] for name, digest in named.items()},
        **pages(evidence, about),
        "checkpoint": note.encode(),
        "key.txt": "".join(f"{each}\n" for each in signers).encode(),
        "verifier.py": VERIFIER.read_bytes(),
    }
    lines = [f"{sha256(body).hexdigest()}  {name}\n" for name, body in sorted(found.items())]
    text = f"consent {consent_id} in {head.origin}\n{''.join(lines)}"
    return {**found, "manifest": signed(text, keys[-1:]).encode()}


def _require_whole(evidence: Evidence) -> None:
    missing = [
        f"entry {record.row.seq} names the artifact {digest}, which is not in the log"
        for record in evidence.records
        for digest in record.body.get("artifacts", ())
        if digest not in evidence.artifacts
    ]
    if missing:
        raise LogCorrupt(missing)


def _entries(
    evidence: Evidence, head: Checkpoint, roots: Roots, note: str
) -> Iterator[tuple[str, bytes]]:
    for entry in (*evidence.records, *evidence.behind):
        row = entry.row
        assert row.body is not None
        assert row.salt is not None
        name = entry_name(entry)
        yield f"{name}.json", row.body
        path = inclusion(row.seq, head.size, roots)
        leaf = leaf_hash(row.body, row.salt)
        if not included(leaf, row.seq, head.size, path, head.root):
            raise LogCorrupt([f"entry {row.seq} is not the one that the log's root is made of"])
        yield f"{name}.tlog-proof", proof(row.seq, row.salt, path, note).encode()


class _Signed(NamedTuple):
    """A checkpoint, its note, and the key that verifies it."""

    checkpoint: Checkpoint
    note: str
    key: str


_Reading = Callable[[str], _Signed | None]
"""Reads a note; None where no key that is known has signed it as one of the log."""


def _signed(keys: Sequence[str], name: str) -> _Reading:
    """Read checkpoints of a log, each by the newest of the keys that has signed it."""
    known = [str(verifier_of(key)) for key in reversed(keys)]

    def reading(note: str) -> _Signed | None:
        for key in known:
            try:
                found = read(note, [key])
            except CheckpointError:
                continue
            if found.origin == name:
                return _Signed(found, note, key)
        return None

    return reading


def _covering(
    snapshot: Snapshot, evidence: Evidence, size: int, reading: _Reading
) -> Iterator[_Signed]:
    """Give the first checkpoint that covers each record, if the log kept it."""
    waiting = [record.row.seq for record in evidence.records]
    for of, note in snapshot.checkpoints():
        if not waiting or of >= size:
            break
        if of > waiting[0] and (each := reading(note)) and each.checkpoint.size == of:
            yield each
            waiting = [seq for seq in waiting if seq >= of]


def _kept(notes: Sequence[str], reading: _Reading) -> list[_Signed]:
    found = [each for note in notes if (each := reading(note))]
    if len(found) < len(notes):
        raise CheckpointError("no key that is known has signed it as a checkpoint of this log")
    if any(not each.checkpoint.size for each in found):
        raise CheckpointError("a checkpoint of no entries shows nothing: every log continues it")
    return found


class _Older(NamedTuple):
    """An earlier checkpoint with what shows that the log continues it; `key` verifies it."""

    size: int
    key: str
    files: dict[str, bytes]


def _older(earlier: _Signed, head: Checkpoint, roots: Roots, note: str) -> _Older:
    """Show that the log continues a checkpoint, as a witness is shown it (C2SP tlog-witness)."""
    (_, size, root), older, key = earlier
    if size > head.size:
        raise LogCorrupt([f"of {size} entries, which were signed, the log has {head.size}"])
    path = consistency(size, head.size, roots)
    if not continues(size, root, head.size, head.root, path):
        raise LogCorrupt([f"the log does not continue the checkpoint of {size} entries"])
    name, lines = f"checkpoints/{size:012}", "".join(f"{b64encode(h).decode()}\n" for h in path)
    files = {
        f"{name}.note": older.encode(),
        f"{name}.consistency": f"old {size}\n{lines}\n{note}".encode(),
    }
    return _Older(size, key, files)


def _newest_day(snapshot: Snapshot, size: int) -> str:
    """The day of the newest entry, or "" if it says none any more."""
    for row in snapshot.rows(max(0, size - 1), size):
        return str(json.loads(row.body or b"{}").get("time", ""))[:10]
    return ""


def _named(evidence: Evidence) -> dict[str, str]:
    """The artifacts under names that say what they are: {name: hash}."""
    found: dict[str, str] = {}

    def put(name: str, digest: str) -> None:
        # A file system may know no capitals; what comes from a site's folder may have any name.
        taken = {each.lower(): other for each, other in found.items()}
        plain = _PLAIN.fullmatch(name) and taken.get(name.lower(), digest) == digest
        if digest in evidence.artifacts:
            found[name if plain else f"artifacts/{digest}"] = digest

    for digest in evidence.artifacts:
        value, short = evidence.json(digest), digest[:8]
        if value.get("type") == "presentation":
            put(f"shown/{value['language']}-{short}.json", digest)
        elif "categories" in value:
            put(f"declarations/{short}.json", digest)
        elif "category" in value:
            put(f"scopes/{value['category']}-{short}.json", digest)
        elif parts := parts_of(value):
            is_interface = value.get("type") == "interface"
            notice = f"notices/{value.get('document')}-{value.get('number')}"
            folder = f"interface/{short}" if is_interface else notice
            put(f"{folder}/manifest.json", digest)
            for name, part in parts.items():
                put(f"{folder}/{name}", part)
    for release in evidence.of("release"):
        folder = f"screenshots/{release.body['time'][:10]}-{release.row.seq}"
        for picture in release.body["screenshots"]:
            put(f"{folder}/{picture_name(picture)}", picture["artifact"])
    for digest in evidence.artifacts.keys() - found.values():
        put(f"artifacts/{digest}", digest)
    return found
