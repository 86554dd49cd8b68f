"""Publishing: a draft becomes a frozen package, or every reason why not is told (R47, R75).

`prepare` makes the package and writes nothing, so that it can be looked at (`plan`); `freeze`
writes exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from ..declaration import Declaration
from ..errors import NoticeError, Problem
from .change import Difference, declared, differences
from .comparison import with_redlines
from .cookies import cookie_hash
from .due import due
from .files import complete_folder, write_folder
from .lifecycle import LEAD_DAYS, in_force
from .lint import RENDERED, Finding, Severity, blocking, lint
from .number import VersionNumber, next_number
from .package import (
    FACTS,
    MANIFEST,
    Package,
    manifest_bytes,
    package_of,
    pdf_file,
    redline_file,
    verify_package,
)
from .pdf import Printing, frozen_pdfs, printed
from .preview import renditions_of
from .render import render_version
from .review import review_problems
from .shelf import DRAFT, numbered
from .version import Unconfirmed, VersionSource, load_source, unconfirmed


@dataclass(frozen=True)
class Prepared:
    """A version that can be published, exactly as it will be; nothing is written yet.

    `before` is the version that it replaces, `differences` what its facts change in that one's;
    `others` are all versions beside it. `files` is empty when the version is there already.
    """

    package: Package
    before: Package | None
    differences: tuple[Difference, ...]
    others: tuple[Package, ...]
    draft: Path
    target: Path
    files: Mapping[str, bytes] = field(repr=False)


def prepare(
    draft: Path,
    number: VersionNumber | str | None = None,
    effective: date | None = None,
    *,
    languages: Sequence[str],
    declaration: Declaration,
    settings_addresses: Mapping[str, str],
    timezone: str,
    now: datetime,
    author: str = "",
    approver: str = "",
    approval: bool = False,
    domain: str = "",
    reason: str = "",
    lead_days: int = LEAD_DAYS,
    printing: Printing | None = None,
) -> Prepared:
    """Make the package of a draft, or tell every reason why it cannot be published.

    `draft` is the folder with the Markdown and the facts. Without `number` it gets the next one
    of the year of its effect, which is the day `effective` at 00:00 in `timezone`; the day may
    stand in the facts instead. A draft that is the newest version, file by file, is that version:
    its publication was cut short. `now` (with a time zone) is when it is announced; `author` and
    `approver` are stored (R75), and with `approval` there must be both; so is `domain`, the site's
    host name, for ids that outlive it. `reason` is stored too, and
    lets a material change be announced less than `lead_days` days before its effect (R81), or less
    than the notice in force promises; the first version needs no lead. With `printing` the PDFs are
    a part of the package.

    Of a version that is there already, the package that is there. Raises `NoticeError` with every
    reason why not: an unconfirmed fact, a missing language, a fault of the text, what the lint
    finds (R47), other bytes under a number that is taken, a number that was withdrawn, a class that
    makes less of the change than its facts do, a date too early.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    parent, local = draft.parent, now.astimezone(ZoneInfo(timezone))
    source = load_source(draft, languages)
    day = effective or source.effective
    if isinstance(number, str):
        number = VersionNumber.parse(number)
    if number is None:
        own = VersionNumber.read(draft.name) or _published(source, parent)
        number = own or next_number([n for n, _ in numbered(parent)], (day or local).year)
    target = parent / str(number)
    pages = render_version(
        source,
        declaration=declaration,
        settings_addresses=settings_addresses,
        version=str(number),
    )
    problems = [problem for page in pages.values() for problem in page.problems]
    problems += map(_must_be_confirmed, unconfirmed(source))
    if day is None:
        remedy = 'write effective = "2027-01-01" under [version], or give the date'
        problems.append(Problem(FACTS, "version.effective", "no effective date", remedy))
    elif source.effective not in (None, day):
        message = f"the facts say {source.effective}, the command {day}"
        problems.append(Problem(FACTS, "version.effective", message, "make them one"))

    # A folder may have its number before it is published; then it becomes the package in place.
    in_place = target.exists() and draft.samefile(target)
    fresh = not target.exists() or (in_place and not (target / MANIFEST).exists())
    known = None if fresh else verify_package(target)
    if known is not None and known.withdrawal is not None:
        raise NoticeError([_spent(number, parent)])
    others = tuple(
        verify_package(place)
        for n, place in numbered(parent)
        if n != number and (place / MANIFEST).exists()
    )
    begins = midnight(day, timezone) if day else now
    before = _replaced(others, max(begins, now)) if known is None else None
    found = differences(before.facts, source.facts) if before else []
    if before is not None:
        found += declared(before.cookies, before.number, number, declaration)
    if known is None:
        problems += review_problems(author, approver, reason, needed=approval)
        year = max((day or local).year, local.year)
        problems += _check_order(number, [other.number for other in others], year)
        problems += _check_content(source, languages, declaration, before, day)
        if before is not None:
            problems += due(source, before, found, day, local, 0 if reason else lead_days)
    if problems or day is None:
        raise NoticeError(problems)

    renditions = renditions_of(source, pages)
    sources = {lang: text.raw for lang, text in source.texts.items()}
    if known is None:
        renditions = with_redlines(renditions, sources, before)
    else:
        # A package that is there keeps the moment, the people, the redlines and the declaration of
        # its publication; what it shows of the declaration is compared.
        kept = {lang: text.redline for lang, text in known.renditions.items()}
        renditions = {
            lang: replace(text, redline=kept.get(lang, "")) for lang, text in renditions.items()
        }
    manifest = partial(
        manifest_bytes,
        number=number,
        document=source.document,
        change_class=source.change_class,
        reason=reason or (known.reason if known else ""),
        author=known.author if known else author,
        approver=known.approver if known else approver,
        domain=known.domain if known else domain,
        announced_at=known.announced_at if known else now,
        effective_at=begins,
        effective=day,
        timezone=timezone,
        cookies=cookie_hash(declaration, str(number)),
        declaration=known.declaration if known else declaration.hash,
        renditions=renditions,
        sources=sources,
        facts=source.facts_raw,
        predecessor=known.predecessor if known else before.number if before else None,
    )
    files = {MANIFEST: manifest(), FACTS: source.facts_raw}
    files |= {f"{lang}.html": text.body.encode() for lang, text in renditions.items()}
    files |= {redline_file(la): t.redline.encode() for la, t in renditions.items() if t.redline}
    files |= {text.file: text.raw for text in source.texts.values()}
    if known is not None:
        if known.files[MANIFEST] != manifest(pdfs=frozen_pdfs(known)):
            raise NoticeError([_taken(number, parent)])
        return Prepared(known, before, (), others, draft, target, {})
    if printing:
        pdfs = printed(package_of(files), printing)
        files |= {pdf_file(lang): body for lang, body in pdfs.items()}
        files[MANIFEST] = manifest(pdfs=pdfs)
    package = package_of(files)
    return Prepared(package, before, tuple(found), others, draft, target, files)


def freeze(prepared: Prepared) -> Package:
    """Write what was prepared beside the draft, in one step, and take the draft's files away.

    A folder that has its number becomes the package in place. Raises `NoticeError` when somebody
    else has published under the number meanwhile, or written in the draft.
    """
    draft, target, files = prepared.draft, prepared.target, prepared.files
    names = [FACTS, *(f"{lang}.md" for lang in prepared.package.renditions)]
    remedy = "look at it, and publish what is there now"
    if changed := [
        Problem(name, "", "it was changed after it was prepared", remedy)
        for name in names
        if not (draft / name).is_file()
        or (draft / name).read_bytes() != prepared.package.files[name]
    ]:
        raise NoticeError(changed)
    if files and target.exists() and draft.samefile(target):
        complete_folder(target, files, MANIFEST)
    elif files:
        try:
            write_folder(target, files)
        except FileExistsError:
            raise NoticeError([_taken(prepared.package.number, target.parent)]) from None
    package = verify_package(target)
    if draft.name == DRAFT:
        _take_away(draft, names)
    return package


def _published(source: VersionSource, parent: Path) -> VersionNumber | None:
    places = [place for _, place in numbered(parent) if (place / MANIFEST).exists()]
    newest = verify_package(places[-1]) if places else None
    if newest is None or newest.withdrawal is not None:
        return None
    files = {text.file: text.raw for text in source.texts.values()} | {FACTS: source.facts_raw}
    return newest.number if files.items() <= newest.files.items() else None


def midnight(day: date, timezone: str) -> datetime:
    """The instant, in UTC, at which `day` begins in a time zone; where clocks skip it, the skip."""
    return datetime.combine(day, time(0), ZoneInfo(timezone)).astimezone(UTC)


def _check_content(
    source: VersionSource,
    languages: Sequence[str],
    declaration: Declaration,
    before: Package | None,
    day: date | None,
) -> list[Problem]:
    # R47: errors stop publication, and so does a warning without a waiver and its reason.
    files = {text.file: text.raw for text in source.texts.values()} | {FACTS: source.facts_raw}
    old = before.files if before else None
    found = lint(files, languages, declaration=declaration, before=old, effective=day)
    return [_of(one) for one in blocking(found) if one.rule.id not in RENDERED]


def _of(one: Finding) -> Problem:
    key = f"{one.place.line}:{one.place.column} {one.rule.id}" if one.place.line else one.rule.id
    remedy = one.remedy("en")
    if one.rule.severity is Severity.WARNING:
        remedy += f" Or write [[waivers]] in {FACTS} with the rule and the reason."
    return Problem(one.place.file, key, one.message("en"), remedy)


def _taken(number: VersionNumber, parent: Path) -> Problem:
    message = f"version {number} is published with other content, and that cannot be changed"
    remedy = f"publish as {next_number([n for n, _ in numbered(parent)], number.year)}"
    return Problem(f"{number}/{MANIFEST}", "", message, remedy)


def _spent(number: VersionNumber, parent: Path) -> Problem:
    remedy = f"publish as {next_number([n for n, _ in numbered(parent)], number.year)}"
    return Problem(str(number), "number", "it was withdrawn, and its number is spent", remedy)


def _check_order(
    number: VersionNumber, others: Sequence[VersionNumber], year: int
) -> list[Problem]:
    if others and number < max(others):
        message = f"numbers only rise; {max(others)} is published"
    elif number.year > max([year, *(other.year for other in others)]):
        # Every later version would have to follow it.
        message = f"it is a number of {number.year}, and it takes effect in {year}"
    else:
        return []
    return [Problem(str(number), "number", message, f"publish as {next_number(others, year)}")]


def _replaced(others: Sequence[Package], moment: datetime) -> Package | None:
    # What a version that takes effect then takes the place of; else the newest that will not.
    coming = [other for other in others if other.withdrawal is None]
    return in_force(coming, moment) or max(coming, key=lambda one: one.number, default=None)


def _must_be_confirmed(fact: Unconfirmed) -> Problem:
    question = fact.question.get("en") or next(iter(fact.question.values()), "")
    remedy = "ask the controller, mend the fact and remove its confirm"
    return Problem(FACTS, fact.key, f"the controller has not confirmed it: {question}", remedy)


def _take_away(draft: Path, names: Sequence[str]) -> None:
    # Only what is in the package now; notes that an editor keeps beside it stay.
    for name in names:
        (draft / name).unlink(missing_ok=True)
    if not any(draft.iterdir()):
        draft.rmdir()
