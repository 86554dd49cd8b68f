"""`consent scope diff`: who is asked again once the declaration of the settings is in use (R24)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .common import Commands, command, group, settings

if TYPE_CHECKING:
    from ..declaration import Declaration, Scope, Widening
    from ..settings import Settings


class Before(NamedTuple):
    """What visitors have answered to, by category; None for a scope that is not in the log.

    `name` says where it is known from. `scheduled` are the scopes with what was declared to come
    with a notice version, `earlier` those that were in use at some time; `cookie` tells why no
    answer counts any more, if so.
    """

    name: str
    scopes: Mapping[str, Scope | None]
    scheduled: Mapping[str, Scope | None]
    earlier: Sequence[Scope] = ()
    cookie: str = ""


class Verdict(NamedTuple):
    """What comes of one category, and why, in words; `widenings` are the same for programs."""

    category: str
    asked: bool
    reasons: list[str]
    widenings: list[Widening]


def add(commands: Commands) -> None:
    """Add the group."""
    scope = group(commands, "scope", "What a consent covers.")
    diff = command(
        scope,
        "diff",
        "Tell who is asked again, and why, once the declaration of the settings is in use: per "
        "category, compared with the declaration that the log holds last. Nothing is written. "
        "Exit code 1 tells that somebody is asked again.",
    )
    other = diff.add_mutually_exclusive_group()
    other.add_argument(
        "--against",
        metavar="OLD.toml",
        type=Path,
        help="compare with another settings file, read with the catalogue of this version, "
        "instead of the log",
    )
    other.add_argument("--log", metavar="PATH", help="a log elsewhere, such as a backup")
    diff.add_argument("--json", action="store_true", help="print it as JSON")
    diff.set_defaults(run=_diff)


def _diff(arguments: argparse.Namespace) -> int:
    found = settings(arguments)
    against = arguments.against
    before = _file(found, against) if against else _log(arguments.log or found.log)
    now: list[Verdict] = []
    later: list[Verdict] = []
    if before is not None:
        declared = found.declaration
        now = _now(before, found)
        asked = {verdict.category for verdict in now if verdict.asked}
        coming = _compared(before, before.scheduled, declared, declared)
        later = [v for v in coming if v.asked and v.category not in asked]
    if arguments.json:
        print(json.dumps(_content(before, now, later), indent=2, ensure_ascii=False))
    else:
        _print(before, now, later)
    return int(any(verdict.asked for verdict in [*now, *later]))


def deployed(found: Settings) -> list[Verdict]:
    """What comes of each category once the settings are deployed, compared with their log.

    Empty while nobody has answered; raises `LogError`.
    """
    before = _log(found.log)
    return _now(before, found) if before is not None else []


def _now(before: Before, found: Settings) -> list[Verdict]:
    declared = found.declaration
    return list(_compared(before, before.scopes, declared.without(_pending(found)), declared))


def _file(found: Settings, path: Path) -> Before:
    from ..settings import load

    old = load(path, signing=False, folder=found.file.parent)
    cookie = ""
    if (old.cookie, old.site.secure) != (found.cookie, found.site.secure):
        cookie = "the choice cookie has another name"
    elif old.site.host != found.site.host:
        cookie = f"the site moves from {old.site.host} to {found.site.host}"
    declared = old.declaration
    scopes = declared.without(_pending(found)).scopes
    return Before(str(path), scopes, declared.scopes, cookie=cookie)


def _log(address: str) -> Before | None:
    from ..declaration import Scope
    from ..log import open_log

    log = open_log(address, writable=False)
    try:
        entries = [json.loads(body) for _, body in log.bodies("declaration")]
        known: dict[str, Scope] = {}
        for digest in {digest for entry in entries for digest in entry["scopes"].values()}:
            if (artifact := log.artifact(digest)) is not None:
                content = json.loads(artifact[1])
                known[digest] = Scope(content["category"], content["services"])
    finally:
        log.close()
    if not entries:
        return None
    last = entries[-1]
    scopes = {category: known.get(digest) for category, digest in last["scopes"].items()}
    name = f"the declaration logged {last['time']}"
    return Before(name, scopes, scopes, list(known.values()))


def _pending(found: Settings) -> Callable[[str], bool]:
    """Whether a notice version is not in force yet, so that its services are not asked (R81)."""
    from ..notice.shelf import Shelf

    assert found.notices is not None
    shelf = Shelf.load(found.notices.folder, found.notices.document)
    started = shelf.standing(datetime.now(UTC)).started
    return lambda version: version not in started


def _compared(
    before: Before, scopes: Mapping[str, Scope | None], declared: Declaration, words: Declaration
) -> Iterator[Verdict]:
    for category, scope in declared.scopes.items():
        given = scopes.get(category)
        if before.cookie:
            yield Verdict(category, True, [before.cookie], [])
        elif category not in scopes:
            yield Verdict(category, True, ["it is new"], [])
        elif given is None:
            yield Verdict(category, True, ["the log does not hold what was answered to"], [])
        elif given.hash == scope.hash:
            yield Verdict(category, False, ["it is as before"], [])
        elif widenings := list(given.widened(scope)):
            reasons = [reason_of(widening, words) for widening in widenings]
            if any(earlier.covers(scope) for earlier in before.earlier):
                reasons.append("(not of those whose answer is to an earlier, wider declaration)")
            yield Verdict(category, True, reasons, widenings)
        else:
            yield Verdict(category, False, ["nothing in it is new or longer"], [])
    for category in scopes:
        if category not in declared.scopes:
            yield Verdict(category, False, ["it asks for nothing any more"], [])


def reason_of(widening: Widening, declared: Declaration) -> str:
    """What is new about a service, in words."""
    name = next(s.name for s in declared.services if s.id == widening.service)
    what = widening.what
    match widening.kind:
        case "service":
            return f"{name} is new"
        case "provider":
            return f"{name} is provided by {widening.now}, before by {widening.before}"
        case "third-party":
            return f"{name} lets others have the data too"
        case "purpose":
            return f"{name} has a new purpose: {what}"
        case "transfer":
            return f"{name} sends data to a new country: {what}"
        case "item":
            return f"{name} stores something new: {what}"
        case _:
            return f"{name} keeps {what} {_span(widening.now)}, before {_span(widening.before)}"


def _span(days: str | None) -> str:
    if days is None:
        return "until it is removed"
    return {"0": "for the session", "1": "for 1 day"}.get(days, f"for {days} days")


def _print(before: Before | None, now: list[Verdict], later: list[Verdict]) -> None:
    if before is None:
        print("The log holds no declaration yet: nobody has answered, so nobody is asked again.")
        return
    print(f"Compared with {before.name}:")
    for verdict in now:
        _print_one(verdict, "asked again" if verdict.asked else "not asked again")
    for verdict in later:
        _print_one(verdict, "asked again once its notice version is in force")


def _print_one(verdict: Verdict, outcome: str) -> None:
    print(f"{verdict.category}: {outcome}")
    for reason in verdict.reasons:
        print(f"  {reason}")


def _content(before: Before | None, now: list[Verdict], later: list[Verdict]) -> dict[str, object]:
    return {
        "against": before.name if before else None,
        "asked": any(verdict.asked for verdict in [*now, *later]),
        "now": [_plain(verdict) for verdict in now],
        "later": [_plain(verdict) for verdict in later],
    }


def _plain(verdict: Verdict) -> dict[str, object]:
    return {
        "category": verdict.category,
        "asked": verdict.asked,
        "reasons": verdict.reasons,
        "wider": [widening._asdict() for widening in verdict.widenings],
    }
