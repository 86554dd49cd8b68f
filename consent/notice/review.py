"""Review: who publishes a version, and who else has approved it; both are stored (R75)."""

from __future__ import annotations

from unicodedata import category, normalize

from ..errors import Problem
from .version import HIDDEN

HOW = "give --approved-by with the name of whoever has read it"


def review_problems(
    author: str, approver: str, reason: str = "", *, needed: bool = False
) -> list[Problem]:
    """Why a version may not be published by `author` as approved by `approver` ("" for nobody).

    An approver is somebody else. With `needed` there must be one: four eyes are then a rule of the
    site's, and without it a choice that the version shows. What is stored, the `reason` for a
    short lead too, is text that can be read.
    """
    for key, text in (("author", author), ("approver", approver), ("reason", reason)):
        if HIDDEN.search(text) or (text and not _same(text)):
            remedy = "write it again, in UTF-8 and without invisible characters"
            return [Problem("review", key, "it cannot be read as text", remedy)]
    if not approver:
        alone = "; where one person publishes, set notices.approval = false"
        return [Problem("review", "approver", "nobody has approved it", HOW + alone)] * needed
    if not author:
        remedy = "give --author with the name of whoever publishes it"
        return [Problem("review", "author", "it is not said who publishes it", remedy)]
    if _same(author) == _same(approver):
        message = f"{approver} publishes it, and approves nothing of their own"
        return [Problem("review", "approver", message, HOW + ", or leave it out")]
    return []


def _same(name: str) -> str:
    # As it is read: "Åsa" is typed in one character or in two, and a joiner is not seen.
    seen = (character for character in normalize("NFKC", name) if category(character) != "Cf")
    return " ".join("".join(seen).split()).casefold()
