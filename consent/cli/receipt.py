"""`consent receipt verify`: whether a visitor's receipt shows what it says (R45)."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Mendable, ReceiptError
from . import checkpoint as checkpoints
from .common import Commands, command, group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..log.receipt import Proven


def add(commands: Commands) -> None:
    """Add the group."""
    receipts = group(commands, "receipt", "The receipts that visitors keep.")
    verify = command(
        receipts,
        "verify",
        "Verify a receipt without a network, a log or settings: that all it says follows from its "
        "record and the text shown, and that the record is in the log whose checkpoint the key has "
        "signed. Exit code 1 tells that it is not, with the first fault.",
        config=False,
    )
    verify.add_argument("file", metavar="FILE", help="the receipt, as it was downloaded")
    verify.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        default=[],
        help="a key to verify with, as the site publishes it (default: that of "
        "CONSENT_CHECKPOINT_KEYS)",
    )
    verify.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    from ..log.receipt import opened, proven

    try:
        data = Path(arguments.file).read_bytes()
    except OSError as fault:
        raise Mendable(
            f"{arguments.file} cannot be read: {fault.strerror}", "check the path"
        ) from None
    try:
        evidence = opened(data)
        # One that says something else than its record, or has no proof, is told without a key.
        wanted = checkpoints.verifying_keys(arguments.key, "the receipt") if evidence.proof else []
        place = proven(evidence, wanted)
    except ReceiptError as fault:
        print(f"consent: NOT PROVEN: {arguments.file}: {fault}", file=sys.stderr)
        return 1
    print("\n".join(_told(json.loads(evidence.record), place)))
    return 0


def _last(expires: str) -> date:
    """The last day on which an answer counts: a record gives the one after it."""
    return date.fromisoformat(expires) - timedelta(days=1)


def _told(record: Mapping[str, object], proven: Proven) -> list[str]:
    """What holds, then what a receipt cannot show."""
    place, (log, size, root) = proven
    who = record.get("consent_id")
    states, expires = record["states"], record["expires"]
    assert isinstance(states, dict)
    assert isinstance(expires, dict)
    lines = [
        f"Proven: record {record['id']}, a {record['event']} of {record['time']},",
        f"  under the consent id {who}," if who else "  of somebody of whom no identifier is kept,",
        f"  is entry {place} of the log {log}, covered by a signed checkpoint of {size} entries",
        f"  with the root {root.hex()}.",
    ]
    lines += [
        f"  {category}: {state}"
        + (f", until the end of {_last(expires[category])}" if category in expires else "")
        for category, state in states.items()
    ]
    lines.append(
        "  What was shown, and all else in the receipt, is what the record names."
        if "shown" in record
        else "  The record names no text: what the receipt gives as shown is not proven."
    )
    return [
        *lines,
        "Not proven: who has this id or this receipt; when the checkpoint was signed; and that no "
        "later record",
        "  changes or withdraws this one: a receipt shows what its own record says.",
    ]
