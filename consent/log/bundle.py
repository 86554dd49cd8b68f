"""What shows one consent to somebody who does not trust us: records, artifacts, proofs, verifier.

It is checked with `verifier.py` in it, which needs nothing but Python, or with any other program
that knows C2SP's proofs and checkpoints.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from consent.errors import LogError
from consent.log import Snapshot
from consent.log.checkpoint import checkpoint, proof
from consent.log.proofs import inclusion, stored
from consent.signed_note import verifier_of

VERIFIER = Path(__file__).with_name("verifier.py")


def files(snapshot: Snapshot, consent_id: str, key: str) -> Iterator[tuple[str, bytes]]:
    """Give (name, bytes) of each file: the whole chain of a consent id as it stands in the log.

    `key` signs the checkpoint. Raises `LogError` where nothing of that id is left in the log.
    """
    note, size, roots = checkpoint(snapshot, [key]), snapshot.head().size, stored(snapshot)
    names: set[str] = set()
    found = False
    for row in snapshot.rows(consent_id=consent_id):
        if row.body is None or row.salt is None:
            continue  # its time was over, and nobody can show any more what it said
        found = True
        names.update(json.loads(row.body).get("artifacts", []))
        path = inclusion(row.seq, size, roots)
        name = f"records/{row.seq:012}"
        yield f"{name}.json", row.body
        yield f"{name}.tlog-proof", proof(row.seq, row.salt, path, note).encode()
    if not found:
        raise LogError(f"the log holds nothing of the consent id {consent_id}")
    for name, _, body in snapshot.artifacts():
        if name in names:
            yield f"artifacts/{name}", body
    yield "key.txt", f"{verifier_of(key)}\n".encode()
    yield "verifier.py", VERIFIER.read_bytes()


def write(file: IO[bytes], snapshot: Snapshot, consent_id: str, key: str) -> int:
    """Write the files as a ZIP, the same bytes for the same log; returns how many there are."""
    count = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in files(snapshot, consent_id, key):
            bundle.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
            count += 1
    return count
