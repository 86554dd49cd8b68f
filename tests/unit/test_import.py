"""`import consent` loads what a request needs and nothing that only some sites or commands need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED_ON_FIRST_USE = {
    "the command line": ("consent.cli", "argparse", "click"),
    "PostgreSQL": ("psycopg", "asyncpg", "consent.log.postgres"),
    "Playwright": ("playwright",),
    "Markdown and all of publication": ("markdown", "yaml", "nh3", "consent.notice.publish"),
    "the log": ("sqlite3", "consent.log.sqlite", "consent.log.verify"),
    "templates and settings": ("jinja2", "consent.settings", "consent.notice"),
    "metrics and charts": ("prometheus_client", "matplotlib", "consent.pages.metrics"),
    "a server or a client of HTTP": ("uvicorn", "httpx", "urllib.request"),
}
# What the declaration, the answers and the forms of a site need, and the command line does too.
NOT_FOR_SERVING = (
    "the command line",
    "PostgreSQL",
    "Playwright",
    "metrics and charts",
    "a server or a client of HTTP",
)


def loaded_by(statement: str) -> frozenset[str]:
    """The modules that a statement has loaded in a new interpreter."""
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return frozenset(json.loads(done.stdout))


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    return loaded_by("import consent")


@pytest.mark.parametrize("names", LOADED_ON_FIRST_USE.values(), ids=list(LOADED_ON_FIRST_USE))
def test_importing_the_package_does_not_load(
    imported: frozenset[str], names: tuple[str, ...]
) -> None:
    assert imported.isdisjoint(names)


def test_a_site_does_not_load_what_only_commands_need() -> None:
    """Publication renders Markdown; a server that shows no draft never does."""
    every = loaded_by("import consent.pages.runtime, consent.settings; consent.pages.load()")
    unwanted = {name for kind in NOT_FOR_SERVING for name in LOADED_ON_FIRST_USE[kind]}
    assert every.isdisjoint(unwanted - {"urllib.request"})
    assert every.isdisjoint(LOADED_ON_FIRST_USE["Markdown and all of publication"])
