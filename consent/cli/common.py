"""What several commands share: the settings they read and how they print."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import Mendable

if TYPE_CHECKING:
    from ..log import Roles
    from ..settings import Settings

Commands = Any
"""What `ArgumentParser.add_subparsers` returns; its class has no public name."""


def command(
    commands: Commands, name: str, description: str, *, config: bool = True
) -> argparse.ArgumentParser:
    """Add a command; its description is its help too. `config` gives it the option `--config`."""
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=description.split(". ")[0].rstrip("."),
        description=description,
        allow_abbrev=False,
    )
    if config:
        added.add_argument(
            "-c",
            "--config",
            metavar="PATH",
            default="consent.toml",
            help="the settings file (default: consent.toml)",
        )
    return added


def group(commands: Commands, name: str, description: str) -> Commands:
    """Add a group of commands."""
    added = commands.add_parser(
        name, help=description.rstrip("."), description=description, allow_abbrev=False
    )
    return added.add_subparsers(metavar="COMMAND", required=True)


def settings(arguments: argparse.Namespace, *, signing: bool = False) -> Settings:
    """Read the settings that `--config` names; only `signing` ones need the keys."""
    from ..settings import load

    return load(arguments.config, signing=signing)


def role_options(making: argparse.ArgumentParser) -> None:
    """Add the options of a command that makes a log, which a database needs."""
    for name, does in (("application", "the site connects as"), ("maintenance", "removes content")):
        making.add_argument(
            f"--{name}",
            metavar="ROLE",
            help=f"in PostgreSQL, the role that {does}; made if it is not there yet (default: "
            f"consent_{name})",
        )
    making.add_argument(
        "--without-triggers",
        action="store_true",
        help="for a PostgreSQL-compatible server that has none: grants alone hold the rules",
    )


def roles(arguments: argparse.Namespace) -> Roles:
    """Read those options."""
    from ..log import Roles

    usual = Roles()
    return Roles(
        arguments.application or usual.application,
        arguments.maintenance or usual.maintenance,
        not arguments.without_triggers,
    )


def own_name() -> str:
    """Who gives the command, as version control knows them; "" where it does not."""
    try:
        found = subprocess.run(["git", "config", "user.name"], capture_output=True, check=True)  # noqa: S607
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode("utf-8", "replace").strip()


def left_of_it(address: str) -> list[str]:
    """Where what was removed from a log is left for a while, in lines for whoever removed it."""
    backups = "Backups from before hold it still: give each of them an end of its own."
    if "://" not in address:
        return [backups]
    return [
        "The files of the database hold it still, until the owner of the log has run",
        "    VACUUM FULL consent.contents",
        "which decisions wait for.",
        backups,
    ]


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as text in columns, without a trailing space."""
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


@contextmanager
def new_file(output: str) -> Iterator[IO[bytes]]:
    """A new file, for the eyes only of those who may read the log; none is left after an error."""
    path = Path(output)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise Mendable(
            f"{path} is there already, and is left as it is", "give a new name"
        ) from None
    except OSError as fault:
        raise Mendable(
            f"{path} cannot be written: {fault.strerror}", "name another place"
        ) from None
    try:
        with open(file, "wb") as opened:
            yield opened
    except BaseException as fault:
        path.unlink(missing_ok=True)
        if isinstance(fault, OSError) and fault.filename is None:
            fault.filename = output
        raise
