"""Which version or draft of the notice a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem

if TYPE_CHECKING:
    from ..notice.package import Package
    from ..notice.shelf import Shelf
    from ..settings import Settings


def shelf_of(found: Settings) -> Shelf:
    """The versions of the settings' document."""
    from ..notice.shelf import Shelf

    assert found.notices is not None
    return Shelf.load(found.notices.folder, found.notices.document)


def folder_of(found: Settings) -> Path:
    """The folder of the settings' document."""
    assert found.notices is not None
    return found.notices.folder / found.notices.document


def draft_folder(named: Path | None, found: Settings) -> Path:
    """The folder that is named, by its path or as the number it has; else the settings' draft.

    Raises `NoticeError` where that is not begun.
    """
    from ..notice.number import VersionNumber
    from ..notice.shelf import DRAFT

    if named is not None and not named.exists() and VersionNumber.read(str(named)):
        return folder_of(found) / named
    draft = folder_of(found) / DRAFT
    if named is None and not draft.exists():
        # Publication has made a version of the one that was there.
        remedy = "begin one with: consent notice new, or name a folder"
        raise NoticeError([Problem(f"{draft.parent.name}/{DRAFT}", "", "there is none", remedy)])
    return named or draft


def people(package: Package) -> str:
    """Who published a version and who approved it, as its manifest says."""
    approved = f"approved by {package.approver}" if package.approver else "approved by nobody else"
    return f"{package.author or 'somebody unnamed'}, {approved}"


def version_of(shelf: Shelf, number: str) -> Package:
    """The version with that number; raises `NoticeError` with those that there are."""
    package = shelf.version(number)
    if package is None:
        there = ", ".join(str(other.number) for other in shelf.packages) or "none"
        message, remedy = "there is no such version", f"the versions are: {there}"
        raise NoticeError([Problem(number, "", message, remedy)])
    return package
