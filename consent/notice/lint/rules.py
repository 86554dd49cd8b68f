"""The rules of the lint, which are data, and what is found against them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files

Texts = Mapping[str, str]
LANGUAGES = ("fi", "sv", "en")
"""The languages of every message."""


class Severity(StrEnum):
    """An error stops publication, a warning needs a waiver with a reason, a notice is free."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it wants, on which law, and how to mend what breaks it.

    `id` never changes its meaning; `law` names the clause, `requirement` the R numbers. The texts
    hold placeholders as `{what}`.
    """

    id: str
    severity: Severity
    law: str
    requirement: tuple[str, ...]
    message: Texts
    remedy: Texts


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: `line` and `column` count from 1, `width` in characters.

    `section` is the id of the section of a text, "" outside any. Line 0 stands for a whole file.
    """

    file: str
    line: int = 0
    column: int = 1
    width: int = 1
    section: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule, the place that breaks it, and the words that fill its texts.

    A value is text, or a text per language. `waived` is the reason that the facts give for leaving
    it so; None where they give none.
    """

    rule: Rule
    place: Place
    values: Mapping[str, str | Texts] = field(default_factory=dict)
    waived: str | None = None

    @property
    def blocking(self) -> bool:
        """Whether it stops publication: an error, or a warning that nobody has answered for."""
        return self.rule.severity is Severity.ERROR or (
            self.rule.severity is Severity.WARNING and self.waived is None
        )

    def message(self, lang: str) -> str:
        """What is wrong, in fi, sv or en (English for any other)."""
        return self._say(self.rule.message, lang)

    def remedy(self, lang: str) -> str:
        """How to mend it."""
        return self._say(self.rule.remedy, lang)

    def _say(self, texts: Texts, lang: str) -> str:
        lang = lang if lang in texts else "en"
        values = {
            key: value if isinstance(value, str) else value.get(lang, "")
            for key, value in self.values.items()
        }
        # Not str.format: a value may hold braces, a text never more than a name in them.
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], ""), texts[lang])


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its id, in their order."""
    found: dict[str, Rule] = {}
    folder = files("consent.notice.lint") / "rules"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for key, values in tomllib.loads(file.read_text("utf-8")).items():
                found[key] = _rule(key, values)
    return found


@cache
def terms() -> Mapping[str, Texts]:
    """What a message calls a thing, as a right or a part of the facts, per language."""
    text = (files("consent.notice.lint") / "terms.toml").read_text("utf-8")
    found: dict[str, Texts] = tomllib.loads(text)
    return found


def term(key: str) -> str | Texts:
    """The name of a thing in every language; of an unknown one the key itself."""
    return terms().get(key, key)


def joined(keys: list[str]) -> Texts:
    """Several names in one list, per language."""
    known = terms()
    return {
        lang: ", ".join(known[key][lang] if key in known else key for key in keys)
        for lang in LANGUAGES
    }


def finding(rule: str, place: Place, **values: str | int | Texts) -> Finding:
    """A finding of the rule with that id."""
    shown = {key: str(value) if isinstance(value, int) else value for key, value in values.items()}
    return Finding(rules()[rule], place, shown)


Findings = Iterator[Finding]


def _rule(key: str, values: Mapping[str, object]) -> Rule:
    message, remedy, requirement = values["message"], values["remedy"], values["requirement"]
    assert isinstance(message, dict)
    assert isinstance(remedy, dict)
    return Rule(
        id=key,
        severity=Severity(str(values["severity"])),
        law=str(values["law"]),
        requirement=tuple(str(requirement).split()),
        message=message,
        remedy=remedy,
    )
