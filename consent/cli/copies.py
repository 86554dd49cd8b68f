"""`consent log export`, `import` and `backup`: the log in other files and other engines."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import CopyError, Mendable
from .common import Commands, command, new_file, role_options, roles, settings
from .progress import progress

if TYPE_CHECKING:
    from ..log import Snapshot
    from ..log.copying import Source
    from ..log.export import Selection

FORMATS = ("jsonl", "csv", "parquet")
KINDS = ("consent", "declaration", "publication", "release", "expiry")
_STATE = "is in use, or was left by a crash"


def options(export: argparse.ArgumentParser) -> None:
    """Add the options of `export`."""
    export.add_argument(
        "--format",
        metavar="FORMAT",
        choices=FORMATS,
        default="jsonl",
        help="jsonl: everything, one line each, which can be imported; csv or parquet: a flat "
        "table of decisions (default: jsonl)",
    )
    for name, which in (("from", "first"), ("until", "last")):
        export.add_argument(
            f"--{name}",
            metavar="DAY",
            dest=which,
            type=_day,
            help=f"the {which} day of a period, in UTC, by what entries say themselves, as "
            "2026-01-31; without, the log's own",
        )
    export.add_argument(
        "--kind",
        metavar="KIND",
        choices=KINDS,
        default="",
        help=f"only entries of a kind: {', '.join(KINDS)}",
    )
    export.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="the file to write, which must not exist yet, or - for the terminal (default: -)",
    )


def add(log: Commands) -> None:
    """Add `import` and `backup`."""
    importing = command(
        log,
        "import",
        "Copy a log from elsewhere, entry by entry, and verify the copy: a log of another engine, "
        "a backup, or a whole export. The log that the settings name is made by it, with the name "
        "and the root of the one copied; run again, it brings what is missing. The source is only "
        "read.",
    )
    importing.add_argument(
        "source", metavar="SOURCE", help="the log to copy, or a file that export wrote"
    )
    importing.add_argument(
        "--to",
        metavar="ADDRESS",
        help="a place other than the settings name, as they would name it",
    )
    role_options(importing)
    importing.set_defaults(run=_import)
    backup = command(
        log,
        "backup",
        "Copy the log to a file as it is at one moment, while the site goes on, and verify the "
        "copy. The log is only read.",
    )
    backup.add_argument("--log", metavar="PATH", help="a log elsewhere, without the settings")
    backup.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="the file to write, which must not exist yet",
    )
    backup.set_defaults(run=_backup)


def _day(text: str) -> str:
    try:
        if len(text) == 10:
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a day, as 2026-01-31")


def export(
    arguments: argparse.Namespace,
    opened: Callable[[argparse.Namespace], AbstractContextManager[Snapshot]],
) -> int:
    """Write what was asked for; `opened` gives the log.

    A file that could not be finished is removed, also where the log turns out, once it is let go
    of, to have been written to while it was read.
    """
    chosen, output = _selection(arguments), arguments.output
    if output != "-":
        with new_file(output) as file, opened(arguments) as view:
            count, what = _write(view, chosen, arguments.format, file, shown=True)
        print(f"Wrote {count} {what} to {output}.")
        return 0
    if arguments.format == "parquet":
        raise Mendable("Parquet is for programs", "name a file with -o FILE")
    sys.stdout.flush()
    with opened(arguments) as view:
        _write(view, chosen, arguments.format, sys.stdout.buffer, shown=False)
    return 0


def _selection(arguments: argparse.Namespace) -> Selection:
    from ..log.export import Selection

    chosen = Selection(arguments.kind, arguments.first or "", arguments.last or "")
    if chosen.last and chosen.last < chosen.first:
        raise Mendable(
            f"the period ends before it begins, on {chosen.last}", "change --from or --until"
        )
    if arguments.format == "jsonl":
        return chosen
    if chosen.kind not in ("", "consent"):
        raise Mendable(
            f"only decisions make a table, no {chosen.kind}", "write it with --format jsonl"
        )
    return chosen._replace(kind="consent")


def _write(
    view: Snapshot, chosen: Selection, form: str, file: IO[bytes], *, shown: bool
) -> tuple[int, str]:
    from ..log.decisions import decisions, write_csv, write_parquet
    from ..log.export import export, selected

    size = view.head().size
    with progress("export", shown=shown) as bar:

        def done(count: int) -> None:
            bar(count, size)

        if form != "jsonl":
            write = write_csv if form == "csv" else write_parquet
            return write(file, decisions(selected(view, chosen, done))), "decisions"
        lines = 0
        for line in export(view, chosen, done):
            file.write(line)
            lines += 1
        # Of a selection all but the first and the last line are entries.
        return (size if chosen.everything else lines - 2), "entries"


def _import(arguments: argparse.Namespace) -> int:
    from ..log.copying import copy_log

    source, to = arguments.source, arguments.to or settings(arguments).log
    both = os.path.exists(source) and os.path.exists(to)
    if source == to or (both and os.path.samefile(source, to)):
        raise CopyError(f"{_named(to)} is the log itself", "name another one with --to")
    spool = _spool(source, arguments)
    if os.path.exists(spool) and os.path.getsize(spool):
        raise CopyError(
            f"refusals wait in {spool} that are in no log yet",
            "start the site with that log until the file is empty, then import",
        )
    with _source(source) as found:
        size = found.head().size
        with progress("copy") as copying, progress("verify") as verifying:
            added, report = copy_log(
                found, to, roles=roles(arguments), copying=copying, verifying=verifying
            )
        host = found.meta.get("site")
    before = f", {size - added} were there already" if added < size else ""
    print(f"{_named(to)} has all {size} entries of {host}{before}. The copy is whole:")
    print(f"head {size}:{report.root.hex()}")
    if os.path.exists(f"{source}-wal"):
        print(f"{source} {_STATE}: once the site has stopped, import again for what came since.")
    return 0


def _spool(source: str, arguments: argparse.Namespace) -> str:
    """Where refusals wait for a log: for that of the settings they say where."""
    if os.path.exists(arguments.config):
        found = settings(arguments)
        if "://" in source or os.path.abspath(source) == found.log:
            return found.spool
    return f"{source}.spool"


@contextmanager
def _source(source: str) -> Iterator[Source]:
    from ..log import open_log
    from ..log.exported import Exported

    if "://" not in source:
        try:
            file = open(source, "rb")  # noqa: SIM115, it is closed below
        except OSError as fault:
            remedy = "name a log, or a file that export wrote"
            raise CopyError(f"{source} cannot be read: {fault.strerror}", remedy) from None
        with file:
            if file.peek(1)[:1] == b"{":
                yield Exported(file, source)
                return
    with closing(open_log(source, writable=False)) as log, log.snapshot() as view:
        yield view


def _named(address: str) -> str:
    """An address without a password that may be in it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if "://" in address else address


def _backup(arguments: argparse.Namespace) -> int:
    from ..log.sqlite_backup import back_up

    path, output = arguments.log or settings(arguments).log, arguments.output
    if "://" in path:
        raise CopyError(
            f"{_named(path)} is backed up by its database's own tools",
            "use those, or: consent log export -o FILE",
        )
    with progress("copy", "pages") as copying, progress("verify") as verifying:
        report = back_up(path, output, copying=copying, verifying=verifying)
    print(f"Wrote {report.size} entries to {output}. The copy is whole:")
    print(f"head {report.size}:{report.root.hex()}")
    return 0
