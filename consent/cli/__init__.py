"""The command `consent`: one file a group of commands, each loading what it needs when it runs.

Exit codes: 0 all is well; 1 something was found, as the output says; 2 the command could not run.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from ..errors import (
    ConsentError,
    LogCorrupt,
    LogError,
    LogMissing,
    Mendable,
    NoticeError,
    SettingsError,
)

FINE, FOUND, FAILED = 0, 1, 2

_DASHED_ID = re.compile(r"-[A-Za-z0-9_-]{21}")
"""One consent id of 64 looks like options: no option of ours is as long, see the tests."""

_EPILOG = (
    "Exit codes: 0 all is well; 1 something was found, as the output says; 2 the command could "
    "not run."
)


_ROOM = "make room on the disk, then try again"
_REMEDIES = {
    "disk is full": _ROOM,
    "No space left": _ROOM,
    "a log is made": "if it is this site's log, nothing is left to do; else name another place",
    "holds nothing of the consent id": "give the id in full, as a receipt or the cookie settings"
    " show it; what has expired or was erased is gone",
    "the role may not do that": "give the address of a role that may with --log postgresql://…",
}
"""What to do about errors of the log that hold these words."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` stands in for the words after `consent`.

    An error is one line for people on standard error with its remedy, never a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without our letters still gets the rest
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = parser().parse_args(_ids_last(sys.argv[1:] if argv is None else argv))
        code = int(arguments.run(arguments))
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse has told what to do
        return int(stop.code or 0)
    except (SettingsError, NoticeError) as error:
        print(error, file=sys.stderr)
        return FAILED if isinstance(error, SettingsError) else FOUND
    except ConsentError as error:
        return _say(str(error), _remedy(error), FOUND if isinstance(error, LogCorrupt) else FAILED)
    except BrokenPipeError:
        # Whoever read our output has read enough; Python must not flush it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = _ROOM if full else "check the path and its permissions"
        return _say(f"{place}{error.strerror or error}", remedy)
    except KeyboardInterrupt:
        return _say("interrupted", "run it again", 130)


def parser() -> argparse.ArgumentParser:
    """The parser of every command, with all help texts."""
    from . import audit, check, log, notice, processing, receipt, release, scope, start, stats

    root = argparse.ArgumentParser(
        prog="consent",
        description="Cookie consent and versioned privacy notices for one website.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    root.add_argument("--version", action=_Version, help="print the version and leave")
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    for group in (start, check, audit, release, scope, log, receipt, stats, notice, processing):
        group.add(commands)
    return root


def reference() -> str:
    """All help texts as Markdown: a heading, a usage line and a list of options per command.

    It is made from the parser, not from its printed help, whose layout Python changes over time.
    """
    return "\n".join(_described(parser())).rstrip() + "\n"


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, *_: object) -> None:
        from importlib.metadata import version

        print(f"consent {version('jackbot-consent')}")
        raise SystemExit(FINE)


def _ids_last(argv: Sequence[str]) -> list[str]:
    """Put consent ids that begin with a hyphen where no option is looked for any more.

    One that is an option's own value is tied to that.
    """
    if "--" in argv:
        return list(argv)
    words: list[str] = []
    ids: list[str] = []
    for word in argv:
        if not _DASHED_ID.fullmatch(word):
            words.append(word)
        elif words and words[-1] == "--consent-id":
            words[-1] += f"={word}"
        else:
            ids.append(word)
    return [*words, "--", *ids] if ids else words


def _say(message: str, remedy: str, code: int = FAILED) -> int:
    print(f"consent: {message}\n    → {remedy}", file=sys.stderr)
    return code


def _remedy(error: ConsentError) -> str:
    if isinstance(error, Mendable):
        return error.remedy
    if isinstance(error, LogMissing):
        return "mend the path or address, or make a new log there with: consent log create"
    if isinstance(error, LogCorrupt):
        return "keep it as it is, and compare it with a backup"
    if remedy := next((r for words, r in _REMEDIES.items() if words in str(error)), None):
        return remedy
    if isinstance(error, LogError):
        return "see that it is the right path or address and that you may read it, then try again"
    return "see the documentation"


def _described(command: argparse.ArgumentParser) -> list[str]:
    groups = [a for a in command._actions if isinstance(a, argparse._SubParsersAction)]
    options = [a for a in command._actions if a not in groups and a.dest != "help"]
    lines: list[str] = []
    if not groups:
        usage = " ".join([command.prog, *(_usage(option) for option in options)])
        lines += [f"### {command.prog}", "", f"{command.description}", "", f"    {usage}", ""]
        lines += [f"- `{_name(option)}`: {option.help}" for option in options]
        lines += [""] * bool(options)
    for group in groups:
        for inner in group.choices.values():
            lines += _described(inner)
    if command.epilog:
        lines += [command.epilog, ""]
    return lines


def _name(option: argparse.Action) -> str:
    names = ", ".join(option.option_strings)
    return f"{names} {option.metavar}" if names and option.metavar else names or f"{option.metavar}"


def _usage(option: argparse.Action) -> str:
    name = f"{option.option_strings[-1]} " if option.option_strings else ""
    shown = f"{name}{option.metavar or ''}".strip()
    needed = option.required and option.nargs != "?"
    return shown if needed else f"[{shown}]"
