"""Waivers: the reason for which a warning is left as it is, kept in the facts (R47).

[[waivers]]
rule = "N230"
file = "en.md"          # any file where there is none
section = "complaint"   # any section where there is none
reason = "The address stands on the page that the link leads to."
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .case import Case, Table
from .rules import Finding, Severity, finding, rules

# The rules that need what the site declares.
_DECLARED = re.compile(r"N(?:5\d\d|132|134|243|244)")


def waive(case: Case, findings: list[Finding]) -> Iterator[Finding]:
    """Give the findings with their waivers, and what is wrong with a waiver."""
    usable: list[tuple[str, Table]] = []
    for path, table in case.tables("waivers"):
        rule, reason = table.get("rule"), table.get("reason")
        if not isinstance(rule, str) or not isinstance(reason, str) or not reason.strip():
            yield finding("N701", case.fact(path))
        elif rule not in rules() or rules()[rule].severity is Severity.ERROR:
            yield finding("N702", case.fact(path), what=rule)
        else:
            usable.append((path, table))
    used = set()
    for one in findings:
        for path, table in usable:
            if _applies(table, one):
                used.add(path)
                one = replace(one, waived=str(table["reason"]).strip())
                break
        yield one
    for path, table in usable:
        if path not in used and _judged(case, str(table["rule"])):
            yield finding("N703", case.fact(path), what=str(table["rule"]))


def _judged(case: Case, rule: str) -> bool:
    """Whether all was there that a rule is judged by, so that finding nothing means something."""
    if _DECLARED.match(rule):
        return case.whole and case.declaration is not None
    if rule == "N242":
        return case.whole and case.effective is None
    if rule == "N608":
        return case.whole and bool(case.before)
    return case.whole


def _applies(table: Table, one: Finding) -> bool:
    return (
        table["rule"] == one.rule.id
        and table.get("file", one.place.file) == one.place.file
        and table.get("section", one.place.section) == one.place.section
    )
