"""Taking back a version that is announced and has not taken effect; its number is spent (R75).

    notices/<document>/2027.1/withdrawn.json    beside the package, which stays as it is

It is canonical JSON and names the version's hash, the moment and the reason in each language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NoticeError, Problem
from ..record import canonical
from .files import write_new
from .review import review_problems
from .version import HIDDEN

if TYPE_CHECKING:
    from .package import Package

WITHDRAWN = "withdrawn.json"
SCHEMA = 1
REASON_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That a version will not take effect: when that was decided (UTC), why, and by whom.

    `reason` is by language, for readers.
    """

    at: datetime
    reason: Mapping[str, str]
    author: str

    def told(self, lang: str) -> str:
        """The reason in a language, or in the first one that it has."""
        return self.reason.get(lang) or next(iter(self.reason.values()))


def withdraw(
    package: Package,
    folder: Path,
    reason: Mapping[str, str],
    *,
    packages: Iterable[Package],
    now: datetime,
    author: str = "",
) -> Withdrawal:
    """Withdraw a scheduled version: write `withdrawn.json` into its `folder`.

    `reason` is in every language of the version, plain text of at most 400 characters; `now` (with
    a time zone) is before its effect. Of all the `packages` of the document none may build on it.
    Withdrawing again changes nothing and returns what stands. Raises `NoticeError` with every
    reason why not.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    if package.withdrawal is not None:
        return package.withdrawal
    now = now.astimezone(UTC).replace(microsecond=0)
    number, problems = str(package.number), []
    if now >= package.starts:
        remedy = "publish a new version; what was in force stays as it was"
        message = f"it took effect {package.effective}, and is withdrawn only before that"
        problems.append(Problem(number, "", message, remedy))
    for later in building_on(package, packages):
        # It was weighed and announced as the difference from this one alone (R78, R80).
        message = f"{later.number} builds on it, and would bring its change without telling of it"
        remedy = f"withdraw {later.number} first, and publish what is left of it anew"
        problems.append(Problem(number, "", message, remedy))
    for lang in package.renditions:
        text = reason.get(lang, "").strip()
        if not text:
            remedy = f"say in {lang} why the change does not come; readers see it"
            problems.append(Problem(number, f"reason.{lang}", "the reason is missing", remedy))
        elif len(text) > REASON_CHARACTERS:
            message, remedy = f"{len(text)} characters", f"shorten it to {REASON_CHARACTERS}"
            problems.append(Problem(number, f"reason.{lang}", message, remedy))
        elif HIDDEN.search(text):
            message, remedy = "it has an invisible character", "write the reason again without it"
            problems.append(Problem(number, f"reason.{lang}", message, remedy))
    problems += review_problems(author, "")
    for lang in reason.keys() - package.renditions.keys():
        remedy = f"its languages are {', '.join(package.renditions)}"
        problems.append(Problem(number, f"reason.{lang}", "the version has no text in it", remedy))
    if problems:
        raise NoticeError(problems)
    found = Withdrawal(now, {lang: reason[lang].strip() for lang in package.renditions}, author)
    body = {
        "schema": SCHEMA,
        "document": package.document,
        "number": number,
        "hash": package.hash,
        "withdrawn_at": _iso(now),
        "reason": found.reason,
        "author": author,
    }
    try:
        write_new(folder / WITHDRAWN, canonical(body))
    except FileExistsError:
        remedy = "look at consent notice status"
        message = "somebody else withdraws it just now"
        raise NoticeError([Problem(number, "", message, remedy)]) from None
    return found


def building_on(package: Package, packages: Iterable[Package]) -> list[Package]:
    """The versions to come whose change was told as the difference from this one."""
    return [
        other
        for other in packages
        if other.predecessor == package.number and other.withdrawal is None
    ]


def withdrawal_of(raw: bytes, package: Package) -> Withdrawal:
    """Read the withdrawal of a verified version.

    Raises `NoticeError` when it is damaged, is of other content, or came too late.
    """
    name = f"{package.number}/{WITHDRAWN}"
    remedy = "restore it from version control, or write it with: consent notice withdraw"
    try:
        body = json.loads(raw)
        if canonical(body) != raw:
            raise ValueError("it is not in canonical form")
        if body["schema"] != SCHEMA:
            raise ValueError(f"schema {body['schema']} is not known here")
        of = body["document"], body["number"], body["hash"]
        if of != (package.document, str(package.number), package.hash):
            raise ValueError("it is of another version, or of other content")
        at = datetime.strptime(body["withdrawn_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        reason, author = body["reason"], body["author"]
        if not (reason and all(isinstance(text, str) and text for text in reason.values())):
            raise ValueError("it gives no reason")
        if not isinstance(author, str):
            raise TypeError("author is not text")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"the withdrawal is damaged: {error}"
        raise NoticeError([Problem(name, "", message, remedy)]) from error
    if at >= package.starts:
        message = "it was withdrawn after it took effect, which cannot be"
        remedy = f"delete {WITHDRAWN} and publish a new version"
        raise NoticeError([Problem(name, "withdrawn_at", message, remedy)])
    # Canonical JSON sorts by the alphabet; the site's languages have an order of their own.
    ordered = {lang: reason[lang] for lang in package.renditions if lang in reason}
    return Withdrawal(at, ordered or reason, author)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
