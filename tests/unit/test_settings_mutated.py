"""Mutated settings: swapped types, huge numbers, deep nesting, strange characters."""

import random
from contextlib import suppress
from copy import deepcopy
from datetime import date, datetime, time

import pytest

from consent.errors import SettingsError
from consent.settings import load
from tests.unit.settings_samples import ENVIRON, FULL, full, reader


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


STRANGE = [
    *(0, -1, 10**5000, 2**63, 1.5, float("inf"), float("nan"), True, False, "", " ", "x" * 70_000),
    *("\x00", "\x1b[2J", "\u202e", "ä" * 300, "\ud7ff\U0010ffff", "../" * 2000, "a\nb", "*", "0"),
    *([], {}, [[]], [{}], [1, "a"], {"": ""}, {"a": {"b": {}}}, {"fi": 1}, [None], ["", "é"]),
    *(date(2026, 1, 1), datetime(1, 1, 1), time(0, 0), "1" * 400 + " years", "9999999 minutes"),
    *("postgresql://a:b@c", "javascript:x", "https://[", "http://[::1", "https://a:99999999999"),
    *({"use": "../consent"}, {"use": "consent"}, {"items": [{}]}, {"name": {"fi": "\x00"}}),
]


def nested(depth):
    value = "bottom"
    for n in range(depth):
        value = [value] if n % 2 else {"deeper": value}
    return value


def places(value, found=()):
    """Every container of a table with one of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def mutate(table, rng):
    for _ in range(rng.randint(1, 5)):
        where = list(places(table))
        if not where:
            return
        inside, key = rng.choice(where)
        other, from_key = rng.choice(where)
        match rng.randrange(6):
            case 0:
                inside[key] = deepcopy(rng.choice(STRANGE))
            case 1:
                inside[key] = deepcopy(other[from_key])
            case 2:
                del inside[key]
            case 3 if isinstance(inside, dict):
                inside[rng.choice(["", "\x00", "fi", "use", "ä" * 500, "only", "items"])] = (
                    deepcopy(rng.choice(STRANGE))
                )
            case 4:
                inside[key] = nested(rng.choice([3, 300]))
            case _ if isinstance(inside[key], str):
                text = list(inside[key])
                for _ in range(rng.randint(1, 3)):
                    text.insert(rng.randint(0, len(text)), chr(rng.choice([0, 10, 59, 228, 8238])))
                inside[key] = "".join(text)


def test_two_thousand_mutated_tables_raise_nothing_but_their_faults(read):
    """Swapped types, huge numbers, deep nesting, strange characters; each fault has a remedy."""
    rng = random.Random(1123)
    refused = 0
    for _ in range(2_000):
        table = full()
        mutate(table, rng)
        try:
            settings = read(table)
        except SettingsError as error:
            refused += 1
            for problem in error.problems:
                assert problem.key.isprintable()
                assert problem.message
                assert problem.remedy
        else:
            assert settings.declaration.hash
            assert settings.declaration.scopes.keys() == set(settings.declaration.optional)
    assert refused > 1_000


def test_a_thousand_mutated_files_raise_nothing_but_their_faults(tmp_path):
    rng = random.Random(2311)
    file = tmp_path / "consent.toml"
    lines = FULL.splitlines()
    for _ in range(1_000):
        text = list(lines)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            match rng.randrange(5):
                case 0:
                    del text[at]
                case 1:
                    text.insert(rng.randrange(len(text)), text[at])
                case 2:
                    key, equals, _ = text[at].partition("=")
                    value = rng.choice(
                        ['"\\u0000"', "-0", "[[[]]]", "{}", "1e400", "0x" + "f" * 5000]
                    )
                    text[at] = f"{key}{equals} {value}"
                case 3:
                    cut = rng.randrange(len(text[at]) + 1)
                    text[at] = text[at][:cut] + rng.choice('"[]{}=.\x00é\u202e') + text[at][cut:]
                case _:
                    text[at] = text[at].swapcase()
        file.write_text("\n".join(text), encoding="utf-8")
        with suppress(SettingsError):
            load(file, ENVIRON)
