"""`consent audit`: what the site does, compared with what it declares (R20)."""

from __future__ import annotations

import argparse
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import AuditError, ConsentError
from .common import Commands, command

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def add(commands: Commands) -> None:
    """Add the command."""
    audit = command(
        commands,
        "audit",
        "Visit the site in this process, without a network, as somebody who has not decided, who "
        "refuses and who grants. Print every cookie that it sets and every third-party host in its "
        "pages with the service that declares it, what was declared and never seen, pages without "
        "a link to the settings or the notice, and hosts that browsers reported. Exit code 1 tells "
        "that there is something to mend.",
        config=False,
    )
    audit.add_argument(
        "app", metavar="APP", help="the application, as for uvicorn: module:attribute"
    )
    audit.add_argument(
        "paths", metavar="PATH", nargs="*", help="pages to visit besides / and what links lead to"
    )
    audit.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="the settings, for an application that has no component around it yet",
    )
    audit.add_argument(
        "--factory", action="store_true", help="the attribute is a function that makes it"
    )
    audit.add_argument(
        "--pages", metavar="N", type=_number, default=50, help="how many pages (default: 50)"
    )
    audit.add_argument(
        "--ignore",
        metavar="NAME",
        action="append",
        default=[],
        help="a cookie, host, service or path that is known and not to be told; may be repeated",
    )
    audit.add_argument("--json", action="store_true", help="print all of it as JSON")
    audit.set_defaults(run=_audit)


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pages")
    return int(text)


def _audit(arguments: argparse.Namespace) -> int:
    from ..audit import audit

    app = _load(arguments.app, factory=arguments.factory)
    settings = None
    if arguments.config:
        from ..settings import load

        settings = load(arguments.config)
    report = audit(
        app, *arguments.paths, pages=arguments.pages, ignore=arguments.ignore, settings=settings
    )
    print(report.as_json() if arguments.json else report)
    return 0 if report.clean else 1


def _load(name: str, *, factory: bool) -> ASGIApp:
    """Import an application by its name; the folder that the command runs in comes first."""
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        found = import_module(module)
        for part in (attribute or "app").split("."):
            found = getattr(found, part)
        app: ASGIApp = found() if factory else found  # type: ignore[assignment,operator]
    except ConsentError:
        raise
    except Exception as error:
        raise AuditError(
            f"{name} cannot be loaded: {type(error).__name__}: {error}",
            "name it as for uvicorn, module:attribute, from the folder that holds the module",
        ) from error
    if not callable(app):
        raise AuditError(f"{name} is no application", "name what is served: module:attribute")
    return app
