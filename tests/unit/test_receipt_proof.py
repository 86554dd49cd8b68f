"""A receipt's proof shows its own record at its own place in the log, and nothing else (R45)."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from consent.errors import ReceiptError
from consent.log import Row, create_log, open_log
from consent.log.checkpoint import Checkpoint, proof
from consent.log.receipt import evidence, newest, proven
from consent.log.tree import leaf_hash
from consent.receipt import Evidence
from consent.signed_note import signed
from tests.unit.log_engines import append, refusal
from tests.unit.receipt_samples import PUBLIC, SIGNING


def test_at_every_place_of_a_log_a_proof_is_that_of_its_own_record(tmp_path: Path) -> None:
    """A record moved to another place, or put in another's, is not in the log so."""
    path = str(tmp_path / "log.sqlite3")
    create_log(path, "www.example.fi")
    log = open_log(path, writable=True)
    append(log, *map(refusal, range(1000)))
    log.close()
    with open_log(path, writable=False).snapshot() as view:
        before = None
        for row in view.rows():
            found = evidence(view, row, b"", [SIGNING])
            assert proven(found, [PUBLIC]).place == row.seq
            if before is not None:
                for moved in ({"record": before.record}, {"proof": before.proof}):
                    with pytest.raises(ReceiptError):
                        proven(found._replace(**moved), [PUBLIC])
                whole = found._replace(record=before.record, salt=before.salt)
                with pytest.raises(ReceiptError):
                    proven(whole, [PUBLIC])
            before = found


def test_a_record_that_begins_with_the_end_of_its_salt_is_refused() -> None:
    """Salt and record are hashed one after the other: where one ends is no choice of a forger."""
    record, salt = '{"kind":"consent"}', b"fifteen bytes.. "

    def made(record: str, salt: bytes) -> Evidence:
        return Evidence(record, "", b64encode(salt).decode(), proof(0, salt, [], note))

    note = signed(str(Checkpoint("test/log", 1, leaf_hash(record.encode(), salt))), [SIGNING])
    assert proven(made(record, salt), [PUBLIC]).place == 0
    with pytest.raises(ReceiptError, match="its salt has 15 bytes, not 16"):
        proven(made(f" {record}", salt[:-1]), [PUBLIC])


class Removed:
    """A log in which the content of some entries is gone."""

    def __init__(self, *bodies: bytes | None) -> None:
        self._bodies = bodies

    def rows(self, consent_id: str) -> list[Row]:
        return [
            Row(seq, "consent", b"", body, b"s" if body else None, consent_id)
            for seq, body in enumerate(self._bodies)
        ]


@pytest.mark.parametrize(
    ("bodies", "seq"), [((b"a", b"b"), 1), ((None, b"b"), 1), ((None, None), None), ((), None)]
)
def test_what_was_removed_has_no_receipt(bodies: tuple[bytes | None, ...], seq: int | None) -> None:
    """R128: the newest entry whose content is there, if any is."""
    row = newest(Removed(*bodies), "id")  # type: ignore[arg-type]
    assert (row and row.seq) == seq
