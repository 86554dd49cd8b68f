"""The edition that is in force at a time: what is declared then, under the notice of then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..browser.edition import Edition
from ..browser.interface import Interface
from ..declaration import Scope
from ..notice.facts import section_of
from ..notice.lifecycle import Standing
from ..notice.shelf import Shelf
from ..settings import Settings


def in_force(
    settings: Settings,
    interface: Interface,
    shelf: Shelf,
    now: datetime,
    scopes: Iterable[Scope] = (),
) -> tuple[Edition, Standing]:
    """Make the edition of a time, and tell how the versions of the notice stand then.

    A service that waits for a version of the notice is left out until that has been in force (R81).
    `scopes` are all that were ever logged.
    """
    standing = shelf.standing(now)
    package = standing.in_force
    edition = Edition(
        settings,
        interface,
        settings.declaration.without(lambda version: version not in standing.started),
        (str(package.number), package.hash) if package else ("", ""),
        scopes,
        section_of(package, "cookies") if package else "",
    )
    return edition, standing
