"""`consent log create`, `verify`, `checkpoint`, `proof`, `show` and `export` (R35-R44)."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import LogCorrupt
from . import checkpoint as checkpoints
from . import copies, retention, rights, verification
from .common import Commands, command, group, new_file, role_options, roles, settings, table

if TYPE_CHECKING:
    from ..log import Snapshot


def add(commands: Commands) -> None:
    """Add the group."""
    log = group(commands, "log", "The log that proves consents.")
    create = command(
        log,
        "create",
        "Make the empty log that the settings name. Nothing else makes one, so that a wrong path "
        "never begins a second log.",
    )
    role_options(create)
    create.set_defaults(run=_create)
    verification.add(
        _reading(
            log,
            "verify",
            "Compute the log's tree again from every entry, check what entries name, and print the "
            "head. The log is only read. Exit code 1 tells that it is damaged.",
            _verify,
        )
    )
    checkpoints.add(log)
    retention.add(log)
    rights.add(log)
    checkpoints.options(
        _reading(
            log,
            "checkpoint",
            "Print the log's size and root, signed with CONSENT_CHECKPOINT_KEYS. Keep it where "
            "whoever runs the site cannot change it. The log is only read, unless --publish is "
            "given.",
            _checkpoint,
        )
    )
    proof = _reading(
        log,
        "proof",
        "Write what shows one consent to somebody who does not trust you: its records and all that "
        "they name, screenshots, proofs, checkpoints, a report in Finnish, Swedish and English, "
        "and a short program that verifies every file. The log is only read.",
        _proof,
    )
    proof.add_argument(
        "consent_id", metavar="CONSENT-ID", help="the consent id of a receipt or a cookie, in full"
    )
    proof.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="the ZIP file to write, which must not exist yet",
    )
    proof.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint that somebody else has kept; with it goes the proof that the log only "
        "grew since (may be given several times)",
    )
    proof.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        default=[],
        help="a former key, to verify with, of older checkpoints (may be given several times)",
    )
    show = _reading(
        log,
        "show",
        "Show the newest entries in short, or all of one consent in full, with what its records "
        "name and whether the log has it. The log is only read.",
        _show,
    )
    show.add_argument(
        "--consent-id", metavar="ID", help="the consent id of a receipt or a cookie, in full"
    )
    show.add_argument(
        "--last",
        metavar="N",
        type=_count,
        default=20,
        help="how many of the newest entries (default: 20)",
    )
    copies.options(
        _reading(
            log,
            "export",
            "Write the log, or a part of it, to a file: all of it as lines of JSON, from which it "
            "can be made again, or the decisions as a table. The log is only read.",
            _export,
        )
    )
    copies.add(log)


def _reading(
    log: Commands, name: str, description: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    added = command(log, name, description)
    added.add_argument(
        "--log", metavar="PATH", help="a log elsewhere, such as a backup, without the settings"
    )
    added.set_defaults(run=run)
    return added


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of entries")
    return int(text)


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Snapshot]:
    from ..log import open_log

    log = open_log(arguments.log or settings(arguments).log, writable=False)
    try:
        with log.snapshot() as view:
            yield view
    finally:
        log.close()


def _create(arguments: argparse.Namespace) -> int:
    from ..log import create_log

    found, using = settings(arguments), roles(arguments)
    create_log(found.log, found.site.host, roles=using)
    print(f"Made an empty log for {found.site.host}. Back it up with the site's data.")
    if "://" in found.log:
        print(f"The site connects as {using.application}, who can add to it and read it; content")
        print(f"that has expired is removed as {using.maintenance}. Give each a way to log in.")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as view:
        return verification.run(view, arguments)


def _checkpoint(arguments: argparse.Namespace) -> int:
    if arguments.publish:
        return checkpoints.publish(arguments)
    with _opened(arguments) as view:
        return checkpoints.write(view, arguments.output)


def _proof(arguments: argparse.Namespace) -> int:
    from ..proof.bundle import verifier_hash, write

    keys = checkpoints.signing_keys()
    former = checkpoints.verifying_keys(arguments.key, "the checkpoint") if arguments.key else []
    with new_file(arguments.output) as file, _opened(arguments) as view:
        known = [*former, *checkpoints.verifying_keys(keys, "the checkpoint")]
        kept = [checkpoints.kept(view, path, known)[1] for path in arguments.checkpoint]
        names = write(file, view, arguments.consent_id, keys, former=former, kept=kept)
    print(f"Wrote {len(names)} files to {arguments.output}. Unpacked, they are verified by")
    print("    python -I verifier.py KEY")
    print("with each key that key.txt names, but as the site publishes it; all it takes is Python.")
    print(f"The SHA-256 of verifier.py is {verifier_hash()}.")
    if sizes := [Path(n).stem.lstrip("0") for n in names if n.endswith(".note")]:
        print(f"It shows that the log only grew since it had {', '.join(sizes)} entries.")
    else:
        print("It has no older checkpoint: the log kept none that covers these records and that")
        print("the keys given have signed. Name a former key with --key.")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from ..log.export import show

    with _opened(arguments) as view:
        if arguments.consent_id:
            entries = list(show(view, consent_id=arguments.consent_id))
            named = _named(view, arguments.consent_id)
            for entry in entries:
                told = {**entry, "names": named.get(entry["seq"], [])}
                print(json.dumps(told, indent=2, ensure_ascii=False))
            if not entries:
                print("consent: no entry has this consent id", file=sys.stderr)
            return 0 if entries else 1
        head, meta = view.head(), view.meta
        entries = list(show(view, start=max(0, head.size - arguments.last)))
    print(f"{head.size} entries for {meta.get('site')} since {meta.get('created')}")
    if entries:
        print(table(_line(entry) for entry in entries))
    return 0


def _named(view: Snapshot, consent_id: str) -> dict[object, list[dict[str, object]]]:
    """What each record of a consent names, and what of that is in the log (R37)."""
    from ..proof.evidence import gather

    try:
        evidence = gather(view, view.rows(consent_id=consent_id))
    except LogCorrupt as error:
        print(f"consent: {error}", file=sys.stderr)
        return {}
    return {
        record.row.seq: [
            {**named._asdict(), "found": named.found} for named in evidence.named(record.body)
        ]
        for record in evidence.records
    }


def _line(entry: Mapping[str, object]) -> list[str]:
    body = entry["body"]
    if not isinstance(body, dict):
        unreadable = "content that cannot be read" if "raw" in entry else "content removed"
        return [str(entry["seq"]), str(entry["kind"]), "", unreadable, ""]
    what = [str(body[key]) for key in ("event", "document", "version") if key in body]
    if isinstance(states := body.get("states"), dict):
        what += [f"{category}={state}" for category, state in states.items()]
    time, consent_id = str(body.get("time", "")), str(body.get("consent_id", ""))
    return [str(entry["seq"]), str(entry["kind"]), time, " ".join(what), consent_id]


def _export(arguments: argparse.Namespace) -> int:
    return copies.export(arguments, _opened)
