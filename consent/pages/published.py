"""What the log knows of the notice's versions, held against their packages."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ..errors import NoticeError, Problem
from ..log import Entry, Log
from ..notice.lifecycle import LEAD_DAYS
from ..notice.package import MANIFEST, Package, artifacts, iso, package_from, verify_package
from ..notice.shelf import Shelf, numbered
from ..notice.withdrawal import WITHDRAWN
from ..record import canonical
from ..structured import event

logger = logging.getLogger("consent")


class Logged(NamedTuple):
    """What the log says of a version: its hash, and when it was withdrawn ("" if it was not).

    `artifacts` are the hashes of its files.
    """

    hash: str
    withdrawn: str = ""
    artifacts: tuple[str, ...] = ()


def logged(log: Log, document: str) -> dict[str, Logged]:
    """Give what the log says last of each version of a document, by its number."""
    found: dict[str, Logged] = {}
    for _, body in log.bodies("publication"):
        entry = json.loads(body)
        if entry["document"] == document:
            found[entry["version"]] = Logged(
                entry["hash"], entry.get("withdrawn", ""), tuple(entry["artifacts"])
            )
    return found


def whole(log: Log, shelf: Shelf) -> Shelf:
    """The shelf with every version that the log knows and whose folder is missing (R77).

    Their addresses answer for good, and what was in force stays so: the log has their files. Raises
    `NoticeError` for those that it has not, or not as they were published.
    """
    known = logged(log, shelf.document)
    lost = [number for number in known if shelf.version(number) is None]
    packages, problems = list(shelf.packages), []
    for number in lost:
        package = _restored(log, number, known[number])
        if package is None:
            problems.append(missing(shelf.document, number))
            continue
        packages.append(package)
        logger.error(
            "the notice %s/%s has no folder, and is served from the log; restore the folder as it"
            " was published, from version control",
            shelf.document,
            number,
            extra=event("notice-from-log", version=number),
        )
    if problems:
        raise NoticeError(problems)
    packages.sort(key=lambda package: package.number)
    return replace(shelf, packages=tuple(packages)) if lost else shelf


def _restored(log: Log, number: str, known: Logged) -> Package | None:
    kept = {
        digest: found[1]
        for digest in known.artifacts
        if (found := log.artifact(digest)) and sha256(found[1]).hexdigest() == digest
    }
    if (raw := kept.pop(known.hash, None)) is None:
        return None

    def body_of(file: str, digest: str) -> bytes | None:
        if file != WITHDRAWN:
            return kept.get(digest)
        # The one that the manifest does not name. Without it, what was withdrawn would come.
        named = raw.decode()
        rest = [body for key, body in kept.items() if key not in named]
        return (rest or [b""])[0] if known.withdrawn else None

    try:
        return package_from(number, raw, body_of)
    except NoticeError:
        return None


def missing(document: str, number: str) -> Problem:
    """That a version is in the log and nowhere else."""
    remedy = "restore the folder as it was published, from version control"
    return Problem(f"{document}/{number}", "", "is in the log, and its folder is missing", remedy)


def publications(log: Log, shelf: Shelf, now: datetime) -> Iterator[Entry]:
    """Give the entries of the versions and withdrawals that the log does not know yet.

    `now` is UTC. Raises `NoticeError` when a package is not what the log knows (R75).
    """
    known = logged(log, shelf.document)
    problems = [
        problem
        for package in shelf.packages
        if (before := known.get(str(package.number)))
        and (problem := contradiction(package, before, now))
    ]
    if problems:
        raise NoticeError(problems)
    for package in shelf.packages:
        number, withdrawn = str(package.number), withdrawn_at(package)
        before = known.get(number)
        if before and (before.hash, before.withdrawn) == (package.hash, withdrawn):
            continue
        names = f"{package.document} {number} {package.hash} {withdrawn}".rstrip()
        if known and before is None and _late(package, now):
            logger.warning(
                "the notice %s/%s says that it is announced since %s, and nobody could read it here"
                " before now: it takes effect %s",
                package.document,
                number,
                iso(package.announced_at),
                iso(package.starts),
                extra=event("notice-announced-late", version=number),
            )
        content = {
            "kind": "publication",
            "document": package.document,
            "version": number,
            "hash": package.hash,
            "time": iso(now),
            "artifacts": sorted(artifacts(package)),
            **({"withdrawn": withdrawn} if withdrawn else {}),
        }
        once = sha256(names.encode()).digest()
        yield Entry("publication", canonical(content), once=once)


def _late(package: Package, now: datetime) -> bool:
    # What lies undeployed takes from the time that visitors are told ahead (R81).
    return (
        package.material
        and now - package.announced_at > timedelta(days=1)
        and package.starts - now < timedelta(days=LEAD_DAYS - 1)
    )


def contradiction(package: Package, before: Logged, now: datetime) -> Problem | None:
    """How a package differs from what the log says of its number; None if it does not."""
    place = f"{package.document}/{package.number}"
    if before.hash != package.hash:
        return Problem(
            place,
            "",
            "was published with other content, as the log shows",
            "restore it, or publish the text as a new version",
        )
    if before.withdrawn and before.withdrawn != withdrawn_at(package):
        return Problem(
            place,
            "",
            f"was withdrawn {before.withdrawn}, as the log shows",
            "restore its withdrawn.json from version control",
        )
    if package.withdrawal and not before.withdrawn and package.starts <= now:
        return Problem(
            place,
            "withdrawn_at",
            "it took effect here before its withdrawal came",
            "delete its withdrawn.json, and publish a new version",
        )
    return None


def withdrawn_at(package: Package) -> str:
    """When a version was withdrawn as the log tells it; "" if it was not."""
    return iso(package.withdrawal.at) if package.withdrawal else ""


class Verified(NamedTuple):
    """What came of every version by its number: its package, None if it cannot be read.

    `faulty` are the numbers of those that differ from what was published, `problems` tell how.
    """

    packages: dict[str, Package | None]
    faulty: set[str]
    problems: list[Problem]


def verified(folder: Path, known: Mapping[str, Logged], now: datetime) -> Verified:
    """Hold every version in a document's folder against its manifest and the log (R75, R77).

    `known` is what the log says (`logged`), `now` is UTC. A version that is in the log and not in
    the folder is missing: its address must answer for good.
    """
    found = Verified({}, set(), [])

    def fault(number: str, *problems: Problem) -> None:
        found.faulty.add(number)
        found.problems.extend(problems)

    for number, place in numbered(folder):
        name = str(number)
        if not (place / MANIFEST).exists() and name not in known:
            continue  # a draft that has its number already
        try:
            package = found.packages[name] = verify_package(place)
        except NoticeError as error:
            found.packages[name] = None
            fault(name, *error.problems)
            continue
        if name in known and (problem := contradiction(package, known[name], now)):
            fault(name, problem)
    for name in known.keys() - found.packages.keys():
        found.packages[name] = None
        fault(name, missing(folder.name, name))
    return found
