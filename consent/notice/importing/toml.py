"""Writing facts as TOML; the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

Value = str | bool | int | Sequence[str] | Mapping[str, str]
Table = Mapping[str, Value]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(tables: Sequence[tuple[str, Table]], *, several: frozenset[str]) -> str:
    """Write tables in their order, those of the names in `several` as `[[name]]`.

    A text by language becomes a line for each: `name.fi = "…"`.
    """
    parts = []
    for name, table in tables:
        lines = [f"[[{name}]]" if name in several else f"[{name}]"]
        for key, value in table.items():
            if isinstance(value, Mapping):
                lines += [f"{key}.{_key(part)} = {_string(text)}" for part, text in value.items()]
            else:
                lines.append(f"{key} = {_value(value)}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def comment(text: str) -> str:
    """Write lines of comment."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _value(value: str | bool | int | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    return f"[{', '.join(map(_string, value))}]"


def _string(text: str) -> str:
    # A basic string escapes as JSON does, and DEL besides.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)
