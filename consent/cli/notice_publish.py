"""`consent notice publish`: what a publication does is shown, and done once it is confirmed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import LogError, Mendable
from .common import Commands, command, own_name, settings
from .notice_choice import draft_folder, people

if TYPE_CHECKING:
    from ..notice.pdf import Printing
    from ..notice.plan import Plan
    from ..notice.publish import Prepared
    from ..settings import Settings


def add(notice: Commands) -> None:
    """Add the command to the group."""
    publish = command(
        notice,
        "publish",
        "Freeze a draft of the notice as a numbered version, in a package beside it that is to be "
        "committed with it. First it shows what goes live, which announcement follows and who is "
        "asked again, or every reason why it cannot be published at once.",
    )
    publish.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="the folder with the Markdown and facts.toml (default: the draft of the settings)",
    )
    publish.add_argument(
        "--number",
        metavar="YYYY.n",
        type=_number,
        help="the number of the version, as 2027.1; numbers only rise (default: the next of the "
        "year of its effect)",
    )
    publish.add_argument(
        "--effective",
        metavar="DATE",
        type=_date,
        help="the day on which it takes effect, as 2027-01-01 (default: the one in facts.toml)",
    )
    publish.add_argument(
        "--reason",
        metavar="TEXT",
        default="",
        help="why a material change is announced less than 30 days before; it is stored",
    )
    publish.add_argument(
        "--author",
        metavar="NAME",
        help="who publishes it; it is stored (default: the user.name of Git)",
    )
    publish.add_argument(
        "--approved-by",
        metavar="NAME",
        default="",
        help="who else has read it and approves it; it is stored",
    )
    publish.add_argument(
        "--yes", action="store_true", help="publish without asking to type the number"
    )
    publish.set_defaults(run=_publish)


def _number(text: str) -> str:
    from ..notice.number import VersionNumber

    try:
        return str(VersionNumber.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2027-01-01") from None


def _publish(arguments: argparse.Namespace) -> int:
    from ..notice.plan import plan
    from ..notice.publish import freeze, prepare

    found = settings(arguments)
    languages = found.site.languages
    folder = draft_folder(arguments.folder, found)
    prepared = prepare(
        folder.resolve(),
        arguments.number,
        arguments.effective,
        languages=languages,
        declaration=found.declaration,
        settings_addresses={language: f"{found.prefix}/{language}" for language in languages},
        timezone=found.site.timezone.key,
        now=datetime.now(UTC),
        author=own_name() if arguments.author is None else arguments.author,
        approver=arguments.approved_by,
        domain=found.site.domain,
        approval=found.notices is not None and found.notices.approval,
        reason=arguments.reason,
        printing=_printing(found),
    )
    number = str(prepared.package.number)
    if prepared.files:
        for line in _told(prepared, plan(prepared, found.declaration), found):
            print(line)
        if not arguments.yes:
            _confirm(number)
    package = freeze(prepared)
    print(f"Published {package.document} {number}, in force from {package.effective}.")
    print(f"Hash: {package.hash}")
    print(f"Commit the folder {folder.parent / number} as it is.")
    print("Visitors are told of it from its deployment on: the sooner, the better.")
    return 0


def _printing(found: Settings) -> Printing | None:
    from ..browser.interface import Interface
    from ..notice.addresses import Addresses
    from ..notice.pdf import offered, version_pdf

    if not offered() or found.notices is None:
        return None
    interface = Interface(found.templates, found.theme.css())
    return partial(
        version_pdf,
        render=interface.render,
        css=interface.assets["notice.css"][1].decode(),
        address=Addresses(found.notices.paths, found.site.origins[0]),
        site_name=found.site.name,
    )


def _confirm(number: str) -> None:
    if not sys.stdin.isatty():
        raise Mendable("nothing is published yet", "give the same command with --yes")
    try:
        typed = input(f"Type {number} to publish it: ").strip()
    except EOFError:
        typed = ""
    if typed != number:
        raise Mendable("nothing is published", f"type {number}, or give --yes")


def _told(prepared: Prepared, plan: Plan, found: Settings) -> Iterator[str]:
    from ..notice.pdf import frozen_pdfs

    package, before = prepared.package, prepared.before
    replaces = f"replaces {before.number}" if before else "the first version"
    yield f"{package.document} {package.number}, {replaces}"
    late = package.effective_at < package.announced_at
    when = " has passed: it takes effect at once" if late else ""
    yield f"  effective: {package.effective} 00:00 {package.timezone}{when}"
    yield f"  published by: {people(package)}"
    why = f", announced late: {package.reason}" if package.reason else ""
    yield f"  change: {package.change_class}{why}"
    for difference in prepared.differences:
        yield f"    {difference} ({difference.change_class})"
    for lang, text in package.renditions.items():
        yield f"  {lang}: {text.title}, {len(text.body.encode())} bytes of HTML, {text.hash[:12]}"
        yield f"    {text.change or 'no summary: there is nothing before it'}"
    without = "none is frozen; that needs pip install 'jackbot-consent[pdf]' and Pango"
    yield f"  PDF: {', '.join(frozen_pdfs(package)) or without}"
    if plan.strip:
        since, until = (moment.astimezone(found.site.timezone) for moment in plan.strip)
        span = f"{since:%Y-%m-%d %H:%M} until {until:%Y-%m-%d %H:%M}, or until dismissed"
        yield f"  announcement: to returning visitors on the site, {span}"
    else:
        yield "  announcement: none on the site"
    yield f"  feed: {'an entry' if plan.feed else 'no entry; the change is editorial'}"
    if plan.overtaken:
        other = plan.overtaken
        yield f"  warning: {other.number} takes its place on {other.effective}, as it was published"
    yield from _asked(plan, found)


def _asked(plan: Plan, found: Settings) -> Iterator[str]:
    from .scope import deployed, reason_of

    if not plan.asked:
        yield "  asks again when it takes effect: nobody"
    for category, widenings in plan.asked.items():
        new = [reason_of(one, found.declaration) for one in widenings or ()] or ["it is new"]
        yield f"  asks again when it takes effect: {category}, since {'; '.join(new)}"
    try:
        verdicts = deployed(found)
    except LogError:
        return  # a log that cannot be read here says nothing of a publication
    for verdict in verdicts:
        if verdict.asked:
            why = "; ".join(verdict.reasons)
            yield f"  asks again once these settings are deployed: {verdict.category}, since {why}"
