"""What was found, told to people with the line and a caret, as JSON, and as SARIF 2.1.0."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote

from .rules import Finding, Rule, Severity, rules

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_WIDE = 88

_COUNTS = {
    "fi": "Virheitä {error}, varoituksia {warning}, huomautuksia {notice}, poikkeuksia {waived}.",
    "sv": "Fel: {error}, varningar: {warning}, anmärkningar: {notice}, undantag: {waived}.",
    "en": "Errors: {error}, warnings: {warning}, notices: {notice}, waived: {waived}.",
}
_NOTHING = {"fi": "Ei huomautettavaa.", "sv": "Inget att anmärka.", "en": "Nothing found."}
_WAIVED = {"fi": "poikkeus", "sv": "undantag", "en": "waived"}
_SEVERITIES = {
    "fi": {"error": "virhe", "warning": "varoitus", "notice": "huomautus"},
    "sv": {"error": "fel", "warning": "varning", "notice": "anmärkning"},
    "en": {"error": "error", "warning": "warning", "notice": "notice"},
}


def as_text(
    findings: Sequence[Finding],
    files: Mapping[str, bytes],
    lang: str = "en",
    *,
    path: Callable[[str], str] = str,
) -> str:
    """Tell findings to people: file:line:column, rule, the line with a caret, and the remedy.

    `files` are the files that were linted, `path` tells where each stands; `lang` is fi, sv or en.
    """
    lines_of = {
        name: raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        for name, raw in files.items()
    }
    parts = [_told(one, lines_of.get(one.place.file, []), lang, path) for one in findings]
    if not findings:
        return _NOTHING[lang] + "\n"
    return "\n".join([*parts, summary(findings, lang)]) + "\n"


def summary(findings: Sequence[Finding], lang: str = "en") -> str:
    """How many there are of each severity."""
    counts = {str(severity): 0 for severity in Severity} | {"waived": 0}
    for one in findings:
        counts["waived" if one.waived is not None else str(one.rule.severity)] += 1
    return _COUNTS[lang].format(**counts)


def as_json(findings: Sequence[Finding], *, path: Callable[[str], str] = str) -> str:
    """Write findings as JSON: an object with their list, and whether they stop publication."""
    listed = [
        {
            "rule": one.rule.id,
            "severity": str(one.rule.severity),
            "law": one.rule.law,
            "requirement": list(one.rule.requirement),
            "file": path(one.place.file),
            "line": one.place.line,
            "column": one.place.column,
            "width": one.place.width,
            "section": one.place.section,
            "message": {lang: one.message(lang) for lang in _COUNTS},
            "remedy": {lang: one.remedy(lang) for lang in _COUNTS},
            "waived": one.waived,
            "blocking": one.blocking,
        }
        for one in findings
    ]
    body = {"blocking": any(one.blocking for one in findings), "findings": listed}
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def as_sarif(
    findings: Sequence[Finding],
    lang: str = "en",
    *,
    version: str,
    path: Callable[[str], str] = str,
) -> str:
    """Write findings as SARIF 2.1.0, so that a code host shows each on its line.

    `version` is that of this package; `path` gives each file's path from the top of the repository.
    A waiver is a suppression with its reason.
    """
    used = list(dict.fromkeys(one.rule.id for one in findings))
    run = {
        "tool": {
            "driver": {
                "name": "consent notice lint",
                "semanticVersion": version,
                "rules": [_described(rules()[key], lang) for key in used],
            }
        },
        "language": {"fi": "fi-FI", "sv": "sv-FI"}.get(lang, "en-GB"),
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(one, used.index(one.rule.id), lang, path, fingerprint)
            for one, fingerprint in zip(findings, _fingerprints(findings), strict=True)
        ],
    }
    body = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def _told(one: Finding, lines: list[str], lang: str, path: Callable[[str], str]) -> str:
    place, rule = one.place, one.rule
    where = path(place.file)
    if place.line:
        where += f":{place.line}:{place.column}"
    severity = _SEVERITIES[lang][rule.severity]
    told = [f"{where}: {severity} {rule.id}: {one.message(lang)}"]
    if 0 < place.line <= len(lines):
        told += _caret(lines[place.line - 1], place.column, place.width)
    told.append(f"    → {one.remedy(lang)}")
    if one.waived is not None:
        told.append(f"    ({_WAIVED[lang]}: {one.waived})")
    told.append(f"    {rule.law}; {', '.join(rule.requirement)}\n")
    return "\n".join(told)


def _caret(line: str, column: int, width: int) -> list[str]:
    """The line, or of a long one the part round the place, and carets under the place."""
    line = line.replace("\t", " ")
    begin = max(0, min(column - 1 - 20, len(line) - _WIDE)) if len(line) > _WIDE else 0
    shown = line[begin : begin + _WIDE]
    lead, tail = "…" * (begin > 0), "…" * (begin + _WIDE < len(line))
    at = column - 1 - begin + len(lead)
    width = max(1, min(width, len(shown) + len(lead) - at))
    return [f"    {lead}{shown}{tail}", "    " + " " * at + "^" * width]


def _described(rule: Rule, lang: str) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.message[lang]},
        "help": {"text": rule.remedy[lang]},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"law": rule.law, "requirement": list(rule.requirement)},
    }


def _result(
    one: Finding, index: int, lang: str, path: Callable[[str], str], fingerprint: str
) -> dict[str, object]:
    place = one.place
    region = {
        "startLine": max(1, place.line),
        "startColumn": place.column,
        "endColumn": place.column + place.width,
    }
    result: dict[str, object] = {
        "ruleId": one.rule.id,
        "ruleIndex": index,
        "level": _LEVELS[one.rule.severity],
        "message": {"text": f"{one.message(lang)} {one.remedy(lang)}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": quote(path(place.file).replace("\\", "/")),
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": region,
                }
            }
        ],
        # The same fault on another line is still the same.
        "partialFingerprints": {"finding/v1": fingerprint},
    }
    if one.waived is not None:
        waiver = {"kind": "external", "status": "accepted", "justification": one.waived}
        result["suppressions"] = [waiver]
    return result


def _fingerprints(findings: Sequence[Finding]) -> Iterator[str]:
    """What each finding is known by; one that stands in a section twice is two."""
    seen: Counter[tuple[str, ...]] = Counter()
    for one in findings:
        parts = (one.rule.id, one.place.file, one.place.section, one.message("en"))
        seen[parts] += 1
        again = [str(seen[parts])] if seen[parts] > 1 else []
        yield sha256("\0".join([*parts, *again]).encode()).hexdigest()[:32]
