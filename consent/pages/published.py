"""What the log knows of the notice's versions, held against their packages."""

from __future__ import annotations

import json

from ..errors import NoticeError, Problem
from ..log import Log
from ..notice.shelf import Shelf


def published(log: Log, shelf: Shelf) -> dict[str, str]:
    """Give the hash that each version of the document was published with, by its number.

    Raises `NoticeError` when a package has another one now.
    """
    found: dict[str, str] = {}
    for _, body in log.bodies("publication"):
        entry = json.loads(body)
        if entry["document"] == shelf.document:
            found[entry["version"]] = entry["hash"]
    problems = [
        Problem(
            f"{package.document}/{package.number}",
            "",
            "was published with other content, as the log shows",
            "restore it, or publish the text as a new version",
        )
        for package in shelf.packages
        if found.get(str(package.number), package.hash) != package.hash
    ]
    if problems:
        raise NoticeError(problems)
    return found
