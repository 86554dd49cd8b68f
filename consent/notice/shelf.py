"""The shelf: every verified version of a document, read once at start.

All that a server needs to serve a notice; loads neither markdown nor yaml nor nh3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import NoticeError, Problem
from .lifecycle import Standing, announcement, standing, unchanged
from .number import VersionNumber
from .package import FACTS, Package, verify_package

DRAFT = "draft"


@dataclass(frozen=True)
class Shelf:
    """The published versions of one document in the order of their numbers, and its draft if any.

    `draft` is the draft's folder; it is rendered only to be previewed (`publish.preview`).
    """

    document: str
    packages: tuple[Package, ...]
    draft: Path | None = None

    @classmethod
    def load(cls, folder: Path, document: str) -> Shelf:
        """Verify every numbered folder of `folder`/`document`.

        Other folders are none of ours. A document that does not exist gives an empty shelf. Raises
        `NoticeError` with the faults of all the versions at once.
        """
        packages: list[Package] = []
        problems: list[Problem] = []
        for number, place in numbered(folder / document):
            try:
                package = verify_package(place)
            except NoticeError as error:
                problems += error.problems
                continue
            if package.document != document:
                message = f"it is a version of {package.document}"
                remedy = f"move the folder to {package.document}/{number}"
                problems.append(Problem(f"{document}/{number}", "document", message, remedy))
            packages.append(package)
        if problems:
            raise NoticeError(problems)
        draft = folder / document / DRAFT
        return cls(document, tuple(packages), draft if (draft / FACTS).is_file() else None)

    def version(self, number: str) -> Package | None:
        """The version with that number, as an address gives it; None if there is none."""
        wanted = VersionNumber.read(number)
        return next((package for package in self.packages if package.number == wanted), None)

    def standing(self, now: datetime) -> Standing:
        """What is in force, scheduled and superseded at `now` (UTC)."""
        return standing(self.packages, now)

    def in_force(self, now: datetime) -> Package | None:
        """The version in force at `now` (UTC), or None."""
        return standing(self.packages, now).in_force

    def unchanged(self, now: datetime) -> tuple[float, float]:
        """From when until when all of this is as at `now`; see `lifecycle.unchanged`."""
        return unchanged(self.packages, now)

    def announcement(self, now: datetime, seen: str | None) -> Package | None:
        """What to tell a visitor whose cookie says `seen`; see `lifecycle.announcement`."""
        return announcement(self.packages, now, seen)


def numbered(folder: Path) -> list[tuple[VersionNumber, Path]]:
    """List the folders of a document that are named as versions, in the order of their numbers."""
    try:
        names = sorted(folder.iterdir())
    except OSError:
        return []
    found = [(VersionNumber.read(place.name), place) for place in names if place.is_dir()]
    return sorted((number, place) for number, place in found if number is not None)
