"""`consent init` and `consent key`: what a new site begins with."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from .common import Commands, command

NEXT = """\
Wrote {path}. Next:
  1. fill in what is empty there
  2. begin the notice:     mkdir -p {folder} && consent notice new --config {path}
     or take the old one:  consent notice import fi.html sv.html en.html --into {folder}/draft
  3. give the site a key:  export CONSENT_SECRET_KEYS="$(consent key)"
  4. see what is left:     consent check --config {path}
  5. make the log:         consent log create --config {path}
  6. in the application:   from consent import Consent
                           app = Consent.load("{path}").protect(app)
"""


def add(commands: Commands) -> None:
    """Add both commands."""
    init = command(
        commands,
        "init",
        "Write a starting settings file with comments. An existing file is never overwritten.",
        config=False,
    )
    init.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        default="consent.toml",
        help="the file to write, or the folder to write it in (default: consent.toml)",
    )
    init.set_defaults(run=_init)
    key = command(
        commands,
        "key",
        "Print a new random key for CONSENT_SECRET_KEYS. To change keys, add the new one after "
        "the old one, and remove the old one when the longest cookie has ended.",
        config=False,
    )
    key.set_defaults(run=_key)


def _init(arguments: argparse.Namespace) -> int:
    path = Path(arguments.path)
    if path.is_dir():
        path /= "consent.toml"
    text = (Path(__file__).parent / "starting.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        from ..errors import Mendable

        remedy = f"see what is left to do with: consent check --config {path}"
        raise Mendable(f"{path} is there already, and is left as it is", remedy) from None
    print(NEXT.format(path=path, folder=path.parent / "notices/privacy"), end="")
    return 0


def _key(_: argparse.Namespace) -> int:
    print(secrets.token_urlsafe(32))
    return 0
