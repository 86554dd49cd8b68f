"""The shop's notice on the small site: 2026.1 superseded, 2026.2 in force, 2027.1 to come.

The clock begins on 18 November 2026, two days before 2027.1 is announced.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from tests.unit.small_site import Make, Site

NOTICES = Path(__file__).parents[2] / "examples/fictitious/notices"
PATHS = {"fi": "/tietosuojaseloste", "sv": "/sv/dataskydd", "en": "/en/privacy"}

ANNOUNCED = datetime(2026, 11, 20, 10, tzinfo=UTC)
EFFECTIVE = datetime(2026, 12, 31, 22, tzinfo=UTC)  # midnight in Helsinki
TOLD_UNTIL = datetime(2027, 1, 14, 22, tzinfo=UTC)


def open_shop(folder: Path, make_site: Make, **options: str) -> Site:
    """A site with the shop's notice, in a folder that has none yet or has it already."""
    if not (folder / "notices").exists():
        shutil.copytree(NOTICES, folder / "notices")
    return make_site(**options)


def set_clock(site: Site, moment: datetime, seconds: float = 0) -> None:
    """Move the site's clock to a moment, or so many seconds from it."""
    site.clock.now = moment.timestamp() + seconds
