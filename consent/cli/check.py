"""`consent check`: every problem with key and remedy, or a summary of what is set."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem, SettingsError
from .common import Commands, command, settings, table

if TYPE_CHECKING:
    from ..notice.lifecycle import Standing
    from ..notice.package import Package
    from ..notice.shelf import Shelf
    from ..settings import Notices, Settings


# A name server that has not answered after so many seconds is not waited for.
_PATIENCE = 3


def add(commands: Commands) -> None:
    """Add the command."""
    check = command(
        commands,
        "check",
        "Print every problem of the settings and the notices at once, each with its key and its "
        "remedy. The site refuses to start with the same words. Without a problem, a summary, "
        "and what the company has to confirm in drafts of the notice.",
    )
    check.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> int:
    from ..settings import address

    try:
        found = settings(arguments, signing=True)
    except SettingsError as error:
        return _told(error.problems)
    assert found.notices is not None
    problems: list[Problem] = []
    notices = [["notices", line] for line in _notices(found, found.notices, problems)]
    if problems:
        return _told(problems)
    rows = [*_summary(found), *notices]
    print(table([label if first else "", text] for label, text, first in _labelled(rows)))
    address.watch(found.site, lambda fault: print(f"warning: {fault}")).join(_PATIENCE)
    if not found.checkpoint_keys:
        print(
            "warning: nothing signs the log, so that receipts prove nothing and nobody else can"
            " tell whether it was rewritten; make a key with: consent log key"
        )
    if trial := _trial(found):
        print(
            f"warning: the log was made for {trial}, and bears that name in every proof; before"
            " visitors come, move it away and make the site's own: consent log create"
        )
    if _unreleased(found):
        print(
            "warning: the log has no screenshots of what visitors are shown now; take them with:"
            " consent release"
        )
    return 0


def _told(problems: tuple[Problem, ...] | list[Problem]) -> int:
    for problem in problems:
        print(problem)
    print("1 problem" if len(problems) == 1 else f"{len(problems)} problems", file=sys.stderr)
    return 1


def _labelled(rows: list[list[str]]) -> Iterator[tuple[str, str, bool]]:
    before = ""
    for label, text in rows:
        yield label, text, label != before
        before = label


def _summary(found: Settings) -> Iterator[list[str]]:
    site, memory, declaration = found.site, found.memory, found.declaration
    yield ["site", f"{site.name}, {' '.join(site.origins)}"]
    yield ["languages", ", ".join(site.languages)]
    for category in declaration.categories:
        names = ", ".join(service.name for service in declaration.of(category.id))
        always = " (always on)" if category.necessary else ""
        yield ["categories", f"{category.id}{always}: {names or 'no services, so not asked'}"]
    (own,) = next(s for s in declaration.services if s.id == "consent").items
    yield ["cookie", f"{own.name}: a grant {memory.grant} days, a refusal {memory.refusal} days"]
    yield ["log", f"{_shown(found.log)}{_missing(found.log)}"]
    kept = f"a record is kept for {found.retention_months} months after its consent has ended"
    yield ["log", kept if found.retention_months > 1 else kept.replace("months", "month")]
    for number, key in enumerate(found.checkpoint_keys):
        beginning = "signed; to verify with: " if not number else "and with: "
        yield ["checkpoints", f"{beginning}{_public(key)}"]


def _public(key: str) -> str:
    from ..signed_note import verifier_of

    return str(verifier_of(key))


def _shown(address: str) -> str:
    """The log's address without user and password, wherever they stand in it."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.partition('?')[0].rpartition('@')[2]}" if mark else address


def _missing(address: str) -> str:
    from ..errors import LogError, LogMissing
    from ..log import open_log

    try:
        open_log(address, writable=False).close()
    except LogMissing:
        return " (not there yet: consent log create)"
    except LogError as error:
        return f" ({error})"
    return ""


def _trial(found: Settings) -> str:
    """The address on the loopback that the log of another site was made for, or nothing."""
    from ..errors import LogError
    from ..log import open_log
    from ..settings.site import on_loopback

    try:
        log = open_log(found.log, writable=False)
        try:
            with log.snapshot() as view:
                name = view.meta["site"]
        finally:
            log.close()
    except LogError:
        return ""  # which the summary tells
    return name if on_loopback(name) and not on_loopback(found.site.host) else ""


def _unreleased(found: Settings) -> bool:
    """Whether a log that can be read lacks a release of what is in force (R37)."""
    from ..errors import LogError
    from ..log import open_log
    from ..release import released, shown_now

    try:
        log = open_log(found.log, writable=False)
        try:
            bodies = [body for _, body in log.bodies("release")]
        finally:
            log.close()
    except LogError:
        return False  # which the summary tells
    return released(bodies, shown_now(found, time.time())) is None


def _notices(found: Settings, notices: Notices, problems: list[Problem]) -> Iterator[str]:
    from ..notice.addresses import addressed
    from ..notice.shelf import Shelf

    try:
        shelf = Shelf.load(notices.folder, notices.document)
        addressed(shelf.packages, found)
    except NoticeError as error:
        problems += error.problems
        return
    now = datetime.now(UTC)
    standing = shelf.standing(now)
    if standing.in_force is None:
        nothing = not standing.scheduled and not (shelf.draft and notices.drafts)
        remedy = ", so that its address shows nothing: consent notice publish" if nothing else ""
        yield f"{shelf.document}: no version in force{remedy}"
    else:
        version = standing.in_force
        yield f"{shelf.document} {version.number}: in force since {version.effective}"
    for version in standing.scheduled:
        yield f"{shelf.document} {version.number}: takes effect {version.effective}"
    yield from _undoing(shelf, standing)
    yield from _told_later(found, standing)
    problems += _witnessed(found, notices, now)
    problems += _cookie_table(found, shelf, now)
    problems += _waiting(found, shelf, now)
    problems += _building_on(shelf, now)
    problems += _log_period(found, notices, now)
    if shelf.draft is not None:
        yield from _draft(found, shelf, problems)


def _witnessed(found: Settings, notices: Notices, now: datetime) -> list[Problem]:
    """What the log, where it can be read, tells otherwise than the folders (R75, R77)."""
    from ..errors import LogError
    from ..log import open_log
    from ..pages.published import logged, verified

    try:
        log = open_log(found.log, writable=False)
        try:
            known = logged(log, notices.document)
        finally:
            log.close()
    except LogError:
        return []  # which the summary tells
    return verified(notices.folder / notices.document, known, now).problems


def _cookie_table(found: Settings, shelf: Shelf, now: datetime) -> list[Problem]:
    """The table in the notice stays as published; some version must tell what is declared now."""
    from ..notice.cookies import cookie_hash

    standing = shelf.standing(now)
    versions = [v for v in (standing.in_force, *standing.scheduled) if v is not None]
    if not versions or any(
        v.cookies == cookie_hash(found.declaration, str(v.number)) for v in versions
    ):
        return []
    differs = "the cookie table of the notice differs from the services declared now"
    return [
        Problem(
            f"{shelf.document}/{versions[-1].number}",
            "cookies",
            differs + _more(found, versions[-1]),
            'publish a new version, or give what is new from = "YYYY.n" of a coming one',
        )
    ]


def _undoing(shelf: Shelf, standing: Standing) -> Iterator[str]:
    """A version to come that knows nothing of the one it will replace undoes what that changes."""
    from ..notice.lifecycle import in_force

    for version in standing.scheduled:
        others = [
            other
            for other in shelf.packages
            if other.withdrawal is None
            and (other.starts, other.number) < (version.starts, version.number)
        ]
        before = in_force(others, version.starts)
        if before and version.predecessor and version.predecessor != before.number:
            yield (
                f"warning: {version.number} takes the place of {before.number} without what that"
                f" changes; it was written from {version.predecessor}"
            )


def _told_later(found: Settings, standing: Standing) -> Iterator[str]:
    """What is declared without waiting is in use before the version that tells of it (R81)."""
    from ..notice.cookies import cookie_hash

    version = standing.in_force
    if version is None or version.cookies == cookie_hash(found.declaration, str(version.number)):
        return
    for other in standing.scheduled:
        if other.cookies == cookie_hash(found.declaration, str(other.number)):
            yield (
                f"warning: what is declared is in use now, and told from {other.effective} on;"
                f' what is new waits with from = "{other.number}"' + _more(found, version)
            )
            return


def _more(found: Settings, version: Package) -> str:
    """What differs, where the log has what the table was made from."""
    from ..declaration import Declaration
    from ..errors import LogError
    from ..log import open_log
    from ..notice.declared import differences

    try:
        log = open_log(found.log, writable=False)
        try:
            kept = log.artifact(version.declaration)
        finally:
            log.close()
    except LogError:
        return ""  # which the summary tells
    told = differences(Declaration.read(kept[1]), found.declaration, "en") if kept else ()
    return "".join(f"\n      {line}" for line in told)


def _waiting(found: Settings, shelf: Shelf, now: datetime) -> list[Problem]:
    """A service would wait for good for a version that never takes effect (R81)."""
    from ..notice.number import VersionNumber

    never = {str(package.number): "was withdrawn" for package in shelf.standing(now).withdrawn}
    newest = max((package.number for package in shelf.packages), default=None)
    for service in found.declaration.services:
        number = VersionNumber.read(service.since)
        if number and newest and number < newest and shelf.version(service.since) is None:
            never[service.since] = f"is not there, and numbers only rise: {newest} is published"
    return [
        Problem(
            found.file.name,
            f"services.{service.id}.from",
            f"it waits for the notice {service.since}, which {never[service.since]}",
            "take the service out, or name the version that will tell of it",
        )
        for service in found.declaration.services
        if service.since in never
    ]


def _building_on(shelf: Shelf, now: datetime) -> list[Problem]:
    """A version to come that builds on a withdrawn one brings a change that nobody tells of (R80).

    `withdraw` refuses it; two editors on two branches still bring it about.
    """
    from ..notice.withdrawal import building_on

    standing = shelf.standing(now)
    return [
        Problem(
            f"{shelf.document}/{later.number}",
            "predecessor",
            f"it builds on {gone.number}, which was withdrawn, and would bring its change untold",
            f"withdraw it too, with: consent notice withdraw {later.number}; and publish it anew",
        )
        for gone in standing.withdrawn
        for later in building_on(gone, standing.scheduled)
    ]


def _log_period(found: Settings, notices: Notices, now: datetime) -> list[Problem]:
    """What the notice in force tells of the log must be what is done (R127, R131)."""
    from ..notice.facts import load_facts

    facts, months = load_facts(notices, now), found.retention_months
    told = facts.log_months()
    if facts.draft or told is None or told == months:
        return []
    return [
        Problem(
            found.file.name,
            "retention_months",
            f"is {months}, and the notice in force tells of {told} months",
            f"set it to {told}, or publish a version of the notice that tells of {months}",
        )
    ]


def _draft(found: Settings, shelf: Shelf, problems: list[Problem]) -> Iterator[str]:
    from ..notice.version import load_source, unconfirmed

    assert shelf.draft is not None
    try:
        source = load_source(shelf.draft, found.site.languages)
    except NoticeError as error:
        problems += error.problems
        return
    facts = unconfirmed(source)
    if not facts:
        yield f"{shelf.document} draft: nothing left to confirm"
        return
    some = "1 fact" if len(facts) == 1 else f"{len(facts)} facts"
    yield f"{shelf.document} draft: {some} for the company to confirm"
    for fact in facts:
        language = next((la for la in found.site.languages if la in fact.question), "")
        yield f"  {fact.key}: {fact.question.get(language, '')}".rstrip(": ")
