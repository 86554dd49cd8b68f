"""Reads typed values out of a TOML table and gathers every fault instead of stopping at the first.

Each method returns a value of the right type even for a faulty entry, so that reading goes on; the
gathered problems decide in the end whether anything is used.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ..errors import Problem

T = TypeVar("T")


class Reader:
    """One table of a settings file.

    `table` is the parsed TOML table, `place` its dotted key, `problems` the shared list of faults.
    Every key that is asked for counts as known; `close` reports the others.
    """

    def __init__(self, table: object, file: str, place: str, problems: list[Problem]) -> None:
        self.file = file
        self.place = place
        self.problems = problems
        self._asked: set[str] = set()
        self.table: dict[str, object] = {}
        if isinstance(table, dict):
            self.table = table
        else:
            self.fault("", f"is {_name(table)}, not a table", f"write it as [{place}]")
            self.problems = []  # that nothing is found in it is no fault of its own

    def key(self, name: str) -> str:
        """The full dotted key of an entry of this table."""
        # A key is a person's text too: a message keeps it on one line.
        shown = name if name.isprintable() and len(name) <= 80 else show(name)
        return ".".join(part for part in (self.place, shown) if part)

    def fault(self, name: str, message: str, remedy: str) -> None:
        """Note a fault of the entry `name` of this table."""
        self.problems.append(Problem(self.file, self.key(name), message, remedy))

    def has(self, name: str) -> bool:
        """Whether the table has the entry."""
        self._asked.add(name)
        return name in self.table

    def text(
        self,
        name: str,
        default: str | None = None,
        *,
        one_of: Sequence[str] = (),
        longest: int = 2000,
    ) -> str:
        """A text; with `default` None it is required, `one_of` lists the values allowed.

        A faulty one reads as the default, or as an empty text.
        """
        value = self._get(name, str, "a text", default, "")
        if value is not self.table.get(name):
            return value
        if not value.strip():
            if default == "":
                return ""
            message, remedy = "is empty", f'write {name} = "…"'
        elif len(value) > longest:
            message, remedy = f"has {len(value)} characters", f"keep it within {longest}"
        elif not _readable(value):
            message, remedy = "holds a control character", "remove it"
        elif one_of and value not in one_of:
            message, remedy = f"is {show(value)}", f"choose {_either(one_of)}{_near(value, one_of)}"
        else:
            return value
        self.fault(name, message, remedy)
        return default or ""

    def shaped(self, name: str, shape: re.Pattern[str], like: str) -> str:
        """A short text of a certain form, or an empty one; `like` shows the form."""
        value = self.text(name, "", longest=200)
        if value and not shape.fullmatch(value):
            self.fault(name, f"is {show(value)}", f"write it as {like}")
            return ""
        return value

    def flag(self, name: str, default: bool) -> bool:
        """A truth value."""
        return self._get(name, bool, "true or false", default, default)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        value = self._get(name, int, "a whole number", default, default)
        if isinstance(value, bool) or not least <= value <= most:
            self.fault(name, f"is {show(value)}", f"choose a number from {least} to {most}")
            return default
        return value

    def words(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of short texts."""
        value = self._get(name, list, "a list of texts", list(default), list(default))
        if not all(isinstance(word, str) and 0 < len(word.strip()) <= 300 for word in value):
            self.fault(name, "holds something else than short texts", f'write {name} = ["…", "…"]')
            return tuple(default)
        return tuple(value)

    def texts(
        self,
        name: str,
        languages: Sequence[str],
        default: Mapping[str, str] | None = None,
        *,
        required: bool = True,
    ) -> dict[str, str]:
        """A text in each language; `default` fills in the languages that are not given."""
        given: dict[str, str] = dict(default or {})
        if self.has(name):
            inner = Reader(self.table[name], self.file, self.key(name), self.problems)
            for language in inner.table:
                # A language that this site does not use may stand ready for another site.
                if len(language) != 2 or not language.isalpha():
                    inner.fault(language, "is not a language code", 'write it as fi = "…"')
                else:
                    given[language] = inner.text(language)
        if required:
            missing = [language for language in languages if not given.get(language)]
            if missing:
                self.fault(
                    name,
                    f"has no text in {', '.join(missing)}",
                    f"write {name} = {{ " + ", ".join(f'{m} = "…"' for m in missing) + " }",
                )
        return given

    def inner(self, name: str) -> Reader:
        """A table inside this one; an empty one if it is not there."""
        value = self.table[name] if self.has(name) else {}
        return Reader(value, self.file, self.key(name), self.problems)

    def inners(self, name: str) -> list[Reader]:
        """The tables of an array of tables, `[[name]]`."""
        value = self._get(name, list, f"an array of tables, [[{self.key(name)}]]", [], [])
        return [
            Reader(table, self.file, f"{self.key(name)}[{number}]", self.problems)
            for number, table in enumerate(value, start=1)
        ]

    def close(self) -> None:
        """Report every entry that nobody asked for."""
        for name in self.table:
            if name not in self._asked:
                near = _near(name, sorted(self._asked))
                self.fault(name, "is not a key known here", f"remove it or mend its name{near}")

    def _get(self, name: str, kind: type[T], said: str, default: T | None, empty: T) -> T:
        self._asked.add(name)
        if name not in self.table:
            if default is None:
                self.fault(name, "is missing", f"write {name} = … ({said})")
                return empty
            return default
        value = self.table[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(name, f"is {_name(value)}", f"write {said}")
            return empty if default is None else default
        return value


def show(value: object) -> str:
    """A value as a message shows it: on one line, cut where it is long."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number beyond all bounds"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _readable(text: str) -> bool:
    return not any(c < " " and c not in "\n\t" for c in text)


def _name(value: object) -> str:
    names = {str: "a text", bool: "a truth value", int: "a whole number", float: "a decimal number"}
    names |= {list: "a list", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")


def _either(words: Sequence[str]) -> str:
    return " or ".join(
        [", ".join(f'"{w}"' for w in words[:-1]), f'"{words[-1]}"'][len(words) < 2 :]
    )


def _near(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""
