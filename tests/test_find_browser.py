"""Which browser the tests take: one that is there, else Playwright's own, else apt's."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parent.parent / ".ci/browser.py"
OWN, PLACED = "/playwright/chromium", "/usr/bin/chromium"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The program on a machine of ours: `ran` are its installers, `there` the browsers it has."""
    spec = importlib.util.spec_from_file_location("find_browser", FILE)
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    found.there, found.ran, found.works = set(), [], {"playwright", "apt-get"}

    def run(command: list[str]) -> bool:
        name = "playwright" if "playwright" in command else "apt-get"
        found.ran.append(" ".join(command).partition(name)[2].strip())
        if name in found.works and found.ran[-1].startswith(("install chromium", "-qq install")):
            found.there.add(OWN if name == "playwright" else PLACED)
        return name in found.works

    monkeypatch.delenv("CONSENT_CHROMIUM", raising=False)
    monkeypatch.setattr(found, "KEPT", tmp_path / "chromium-path")
    monkeypatch.setattr(found, "run", run)
    monkeypatch.setattr(found, "starts", lambda path: path in found.there)
    monkeypatch.setattr(found, "playwrights_own", lambda: OWN)
    monkeypatch.setattr(found.os, "geteuid", lambda: 0)
    which = {"chromium": PLACED, "apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(found.shutil, "which", which.get)
    return found


def test_one_on_the_machine_is_taken_and_nothing_installed(browser: ModuleType) -> None:
    browser.there |= {PLACED, OWN}
    assert (browser.find(install=True), browser.ran) == (PLACED, [])


def test_playwrights_own_is_taken_next_and_installed_before_apts(browser: ModuleType) -> None:
    assert browser.find(install=True) == OWN
    assert browser.ran == ["install chromium"]


def test_apt_is_asked_where_playwright_has_none(browser: ModuleType) -> None:
    browser.works = {"apt-get"}
    assert browser.find(install=True) == PLACED
    assert [line.partition(" ")[0] for line in browser.ran] == ["install", "-qq", "-qq"]


def test_nothing_is_installed_by_looking_or_beside_one_that_was_named(
    browser: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that is named and does not start is told, and no other taken for it."""
    assert browser.find(install=False) is None
    browser.there.add(PLACED)
    monkeypatch.setenv("CONSENT_CHROMIUM", "/nowhere")
    assert browser.find(install=True) is None
    assert browser.ran == []
