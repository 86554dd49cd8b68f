"""`consent notice export`: an announcement for people outside the site, versions for programs."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem
from .common import Commands, command, settings
from .notice_choice import shelf_of, version_of

if TYPE_CHECKING:
    from ..notice.package import Package
    from ..notice.shelf import Shelf
    from ..settings import Settings


def add(notice: Commands) -> None:
    """Add the command to the group."""
    export = command(
        notice,
        "export",
        "Write the announcement of a version as the text of an e-mail, in every language, or its "
        "effective date as an iCalendar entry; or all versions as JSON.",
    )
    export.add_argument(
        "number",
        metavar="YYYY.n",
        nargs="?",
        help="the version (default: the next to take effect, else the one in force)",
    )
    export.add_argument(
        "--format",
        metavar="FORMAT",
        choices=("mail", "ics", "json"),
        default="mail",
        help="mail (default), ics or json",
    )
    export.add_argument(
        "--lang",
        metavar="LANG",
        help="this language alone (default: all of them in an e-mail, the first in a calendar)",
    )
    export.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="the file to write (default: -, which is standard output)",
    )
    export.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    found = settings(arguments)
    languages = found.site.languages
    if arguments.lang not in (None, *languages):
        remedy = f"take one of {', '.join(languages)}"
        raise NoticeError([Problem("--lang", "", "the site has no such language", remedy)])
    body = _body(found, shelf_of(found), arguments)
    if arguments.output == "-":
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
    else:
        Path(arguments.output).write_bytes(body)
    return 0


def _body(found: Settings, shelf: Shelf, arguments: argparse.Namespace) -> bytes:
    from ..notice.addresses import Addresses, addressed
    from ..notice.export import calendar, mail
    from ..notice.feed import versions_json

    address = Addresses(addressed(shelf.packages, found), found.site.origins[0])
    languages, site = found.site.languages, found.site.name
    now = datetime.now(UTC)
    if arguments.format == "json":
        return versions_json(shelf.packages, now, address=address) + b"\n"
    package = _announced(shelf, arguments.number, now)
    if arguments.format == "ics":
        lang, domain = arguments.lang or languages[0], found.site.domain
        return calendar([package], lang, domain=domain, site_name=site, address=address)
    wanted = [arguments.lang] if arguments.lang else languages
    texts = [mail(package, lang, now, site_name=site, address=address) for lang in wanted]
    return "\n* * *\n\n".join(texts).encode()


def _announced(shelf: Shelf, number: str | None, now: datetime) -> Package:
    if number:
        return version_of(shelf, number)
    standing = shelf.standing(now)
    package = next(iter(standing.scheduled), standing.in_force)
    if package is None:
        remedy = "publish one first: consent notice publish"
        raise NoticeError([Problem(shelf.document, "", "there is no version yet", remedy)])
    return package
