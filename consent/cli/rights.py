"""`consent log access` and `consent log erase`: what a person may ask by their consent id (R130).

An id is taken in full and never listed: whoever knows one, holds the browser or the receipt.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from .common import Commands, command, left_of_it, settings, table

if TYPE_CHECKING:
    from ..log import Log
    from ..log.spool import Spool
    from ..settings import Settings
    from .letters import Held, Letters

_ID = re.compile(r"[A-Za-z0-9_-]{22}")
TOGETHER = 256
"""Entries of one consent that are removed in one transaction."""


def add(log: Commands) -> None:
    """Add the commands."""
    access = _command(
        log,
        "access",
        "Write the reply to a person who asks what is held about their cookie choices: everything "
        "under their consent id with purpose, period, recipients, source and rights, as Markdown, "
        "or with --json as a file for other programs. Without an id: the reply that we cannot "
        "find anybody's records (GDPR article 11(2)), and how the person finds their id. The log "
        "is only read.",
    )
    access.add_argument("consent_id", metavar="CONSENT-ID", nargs="?", type=_whole, help=_ID_HELP)
    access.add_argument("--json", action="store_true", help="print what is held as JSON")
    access.set_defaults(run=_access)
    erase = _command(
        log,
        "erase",
        "Erase everything under a consent id, after showing it and asking: content, salt and id go "
        "from the log and from the file where records wait for it, an entry says so, and the "
        "hashes stay. Says what speaks for keeping a record, which you decide, and writes the "
        "reply to the person either way. Exit code 1 tells that nothing was erased.",
    )
    erase.add_argument("consent_id", metavar="CONSENT-ID", type=_whole, help=_ID_HELP)
    erase.add_argument("--yes", action="store_true", help="erase without asking")
    erase.set_defaults(run=_erase)


_ID_HELP = "the consent id of a receipt or of the cookie settings, in full"


def _command(log: Commands, name: str, description: str) -> argparse.ArgumentParser:
    added = command(log, name, description)
    added.add_argument("--log", metavar="PATH", help="a log elsewhere, such as a backup")
    added.add_argument(
        "--lang",
        metavar="LANG",
        choices=("fi", "sv", "en"),
        help="the language of the reply: fi, sv or en (default: the site's first)",
    )
    return added


def _whole(text: str) -> str:
    if not _ID.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole consent id: 22 letters, digits, - and _"
        )
    return text


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def _letters(arguments: argparse.Namespace, found: Settings) -> Letters:
    from ..notice.facts import load_facts
    from .letters import Letters

    lang = arguments.lang or found.site.languages[0]
    return Letters(found, load_facts(found.notices, now()), lang, now())


def _access(arguments: argparse.Namespace) -> int:
    from ..log import open_log

    found = settings(arguments)
    if arguments.consent_id is None:
        print(_letters(arguments, found).unknown())
        return 0
    address = arguments.log or found.log
    log = open_log(address, writable=False)
    try:
        held = _held(log, _spool(found, address), arguments.consent_id, found.retention_months)
    finally:
        log.close()
    if held is None:
        return _nothing()
    if arguments.json:
        print(json.dumps(held.plain(found.site.host), indent=2, ensure_ascii=False))
    else:
        print(_letters(arguments, found).access(held))
    return 0


def _nothing() -> int:
    print("consent: nothing is held under this consent id", file=sys.stderr)
    return 1


def _spool(found: Settings, address: str) -> Spool:
    from ..log.spool import Spool

    # A database has another address for whoever may remove: what waits for it is the site's.
    own = address == found.log or "://" in address
    return Spool(found.spool if own else f"{address}.spool")


def _held(log: Log, spool: Spool, consent_id: str, months: int) -> Held | None:
    from ..log.retention import day, ended, kept_until, value
    from .letters import Held

    waiting = [value(entry.body) for entry in spool.held(consent_id)]
    with log.snapshot() as view:
        records = [value(row.body) for row in view.rows(consent_id=consent_id) if row.body]
    if not records and not waiting:
        return None
    every = [*records, *waiting]
    written = max(day(each.get("time")) or date.min for each in every)
    until = kept_until(ended(every, written), months)
    shown, declared = (_artifacts(log, every, key) for key in ("shown", "declaration"))
    return Held(consent_id, records, waiting, shown, declared, until)


def _artifacts(log: Log, records: Iterable[Mapping[str, Any]], key: str) -> dict[str, Any]:
    from ..log.retention import value

    named = dict.fromkeys(str(each[key]) for each in records if key in each)
    found = {name: log.artifact(name) for name in named}
    return {name: value(each[1]) for name, each in found.items() if each is not None}


def _erase(arguments: argparse.Namespace) -> int:
    from ..log import open_log
    from ..pages.chain import revived

    found, consent_id = settings(arguments), arguments.consent_id
    address = arguments.log or found.log
    spool = _spool(found, address)
    log = open_log(address, writable=False)
    try:
        held = _held(log, spool, consent_id, found.retention_months)
    finally:
        log.close()
    if held is None:
        return _nothing()
    print("\n".join(_shown(held, now().date())))
    letters = _letters(arguments, found)
    if not arguments.yes and not _confirmed(consent_id):
        print("Nothing was erased. If you keep the records, you may reply:\n")
        print(letters.kept(held))
        return 1
    # What waits is erased first: what comes into the log meanwhile is found there.
    waited = spool.erase(consent_id)
    log = open_log(address, writable=True, revive=revived, spool=spool.path)
    try:
        count = _erased(log, consent_id)
    finally:
        log.close()
    print(f"Erased {count} of the log, and {waited} that waited for it. The hashes stay: the log")
    print("verifies as before, and shows that entries were erased and when.")
    print("\n".join(left_of_it(address)))
    print("You may reply:\n")
    print(letters.erased(held))
    return 0


def _shown(held: Held, today: date) -> list[str]:
    rows = [
        [str(each.get("time")), str(each.get("event")), _states(each)]
        for each in [*held.records, *held.waiting]
    ]
    waiting = f", {len(held.waiting)} of them waiting for the log" if held.waiting else ""
    count = "1 record is" if len(rows) == 1 else f"{len(rows)} records are"
    lines = [f"{count} held under this consent id{waiting}:", "", table(rows), ""]
    return [
        *lines,
        f"They are kept until {held.until}. Whether to erase them before is for you to decide:",
        "- What you need in order to show that consent was given, or to defend a claim, you may",
        "  keep in spite of the request (GDPR article 17(3)(b) and (e)). Once it is erased, nobody",
        "  can show this consent any more, and the services that it allowed have no proof behind",
        "  them (article 7(1)).",
        *(
            [
                "- This consent may still be in effect: erasing does not change the choice in the",
                "  visitor's browser. Ask them to withdraw it first, in the cookie settings.",
            ]
            if held.goes_on(today)
            else []
        ),
        "- Where none of this holds, erase them.",
        "",
    ]


def _states(record: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={state}" for key, state in dict(record.get("states", {})).items())


def _confirmed(consent_id: str) -> bool:
    if not sys.stdin.isatty():
        print("To erase them, give --yes.")
        return False
    try:
        return input("To erase them, type the consent id: ").strip() == consent_id
    except EOFError:
        return False


def _erased(log: Log, consent_id: str) -> int:
    from ..log.expiry import expiry_entry
    from ..log.retention import ranges

    with log.snapshot() as view:
        seqs = [row.seq for row in view.rows(consent_id=consent_id) if row.body is not None]
    for at in range(0, len(seqs), TOGETHER):
        parts = ranges(seqs[at : at + TOGETHER])
        log.expire(expiry_entry(parts, "erasure", f"{now():%Y-%m-%dT%H:%M:%SZ}"), parts)
    return len(seqs)
