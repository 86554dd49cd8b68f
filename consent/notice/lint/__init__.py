"""The lint of a notice: facts first, then texts, then the languages beside each other (R47-R72).

    rules, rules/*.toml, terms.toml    the rules as data, and what is found against them
    case, text, inline                 what is linted: facts, and Markdown as words with places
    words, words/*.toml                what is known of Finnish, Swedish and English
    facts, told, elements, rights      the checks: of facts, of texts against facts and law,
    structure, wording                 of how a text is built and worded,
    services, parity                   against the declaration, between languages
    waivers, report                    reasons to leave a warning; text, JSON and SARIF

A check yields findings and raises nothing, whatever the files hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ...declaration import Declaration
from ...errors import NoticeError, Problem
from ..version import FACTS
from .case import Case, read_case, read_doc
from .elements import check_elements
from .facts import check_facts, missing_facts
from .parity import check_parity, section_hash, section_keys
from .parity import with_source as mark_translated
from .report import as_json, as_sarif, as_text, summary
from .rights import check_rights
from .rules import Finding, Place, Rule, Severity, rules
from .services import check_services
from .structure import check_structure
from .told import check_told
from .waivers import waive
from .wording import check_wording
from .words import vocabulary

__all__ = [
    "RENDERED",
    "Finding",
    "Place",
    "Rule",
    "Severity",
    "as_json",
    "as_sarif",
    "as_text",
    "blocking",
    "guess_language",
    "lint",
    "rules",
    "section_hash",
    "section_keys",
    "summary",
    "with_source",
]

RENDERED = frozenset(
    ["N401", "N402", "N403", "N404", "N405", "N406", "N407", "N408", "N410", "N602"]
)
"""The rules whose faults `render` refuses too, in its own words."""

_CHECKS = (
    check_facts,
    check_told,
    check_elements,
    check_rights,
    check_structure,
    check_services,
    check_wording,
    check_parity,
)


def lint(
    files: Mapping[str, bytes],
    languages: Sequence[str],
    *,
    declaration: Declaration | None = None,
    before: Mapping[str, bytes] | None = None,
    effective: date | None = None,
    facts_wanted: bool = True,
) -> list[Finding]:
    """Judge a version by its files, as they are read or as somebody is writing them.

    `files` maps names (`fi.md`, `facts.toml`) to bytes, `languages` are those of the site, the
    source of translations first. `declaration` is what the site declares (None: not judged),
    `before` the files of the version before, `effective` the day that it is published for.
    `facts_wanted` false leaves it unsaid that there are no facts, for a text alone.

    Gives the findings in the order of the files, facts first; raises nothing for what files hold.
    """
    findings: list[Finding] = []
    read = read_case(files, languages, findings)
    old = {lang: read_doc(f"{lang}.md", lang, before[f"{lang}.md"], []) for lang in languages
           if before and f"{lang}.md" in before}  # fmt: skip
    case = Case(
        read.docs,
        read.facts,
        read.lines,
        read.languages,
        declaration,
        effective,
        {lang: doc for lang, doc in old.items() if doc},
        whole=facts_wanted,
    )
    if facts_wanted and FACTS not in files:
        findings += missing_facts(case)
    for check in _CHECKS:
        findings += check(case)
    order = {name: number for number, name in enumerate((FACTS, *(f"{la}.md" for la in languages)))}
    return sorted(
        waive(case, _once(findings)),
        key=lambda one: (
            order.get(one.place.file, len(order)),
            one.place.line,
            one.place.column,
            one.rule.id,
        ),
    )


def with_source(files: Mapping[str, bytes], source: str, lang: str) -> bytes:
    """The file of the translation `lang`, marked as up to date with the language `source`.

    Raises `NoticeError` where one of the two cannot be read as text.
    """
    findings: list[Finding] = []
    docs = [read_doc(f"{one}.md", one, files[f"{one}.md"], findings) for one in (source, lang)]
    first, other = docs
    if first is None or other is None or not other.front:
        raise NoticeError(
            [Problem(one.place.file, "", one.message("en"), one.remedy("en")) for one in findings]
        )
    return mark_translated(first, other, files[f"{lang}.md"])


def guess_language(text: str) -> str:
    """Which of fi, sv and en a text is in, by its small words."""
    counts = {
        lang: len(vocabulary(lang)["sentence.small"].findall(text)) for lang in ("fi", "sv", "en")
    }
    return max(counts, key=lambda lang: counts[lang])


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop publication: errors, and warnings without a waiver."""
    return [one for one in findings if one.blocking]


def _once(findings: list[Finding]) -> list[Finding]:
    # Two checks may find one fault in one place: it is told once. Where a void mechanism is named,
    # that a valid one is missing goes without saying.
    seen = set()
    kept = []
    void = {one.place.file for one in findings if one.rule.id == "N301"}
    for one in findings:
        if one.rule.id == "N216" and one.place.file in void:
            continue
        key = (one.rule.id, one.place, one.message("en"))
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
