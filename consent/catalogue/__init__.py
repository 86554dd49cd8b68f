"""Services that sites commonly use, one TOML file each, with our own texts in fi, sv and en.

A site takes an entry with `use = "google-analytics-4"` and overrides it field by field; what the
fields mean and whether they hold together is the settings' business, not this module's.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


class UnknownService(KeyError):
    """The catalogue has no service with the id `service`."""

    def __init__(self, service: str) -> None:
        self.service = service
        super().__init__(service)

    def __str__(self) -> str:
        return f"the catalogue has no service {self.service!r}; it has {', '.join(ids())}"


@cache
def ids() -> tuple[str, ...]:
    """Ids of all known services, in alphabetical order."""
    names = (file.name for file in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def entry(service: str) -> dict[str, Any]:
    """The fields of a service as its file has them; shared between callers, not to be changed.

    Raises `UnknownService`, a `KeyError`, for an id that is not in `ids()`.
    """
    if service not in ids():
        raise UnknownService(service)
    text = files(__name__).joinpath(f"{service}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
