"""Writes requirements.lock: one version of every package, with a wheel for each Python from 3.11.

`make lock` runs it. pip resolves afresh for the oldest Python; the versions that it chooses must
then do for the newer ones too, since a constraints file knows one version of a package.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
HEAD = f"""\
# Every package that `make demo` and `make test` install, at the version that is tested.
# Constraints for pip on Python {PYTHONS[0]} to {PYTHONS[-1]}, written by `make lock`.
"""


def resolve(python: str, wanted: list[str], known: dict[str, str]) -> dict[str, str]:
    """Return name → version of all that pip would install on this Python, `known` being fixed."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(lines(known))
        constraints.flush()
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--report", "-"]
        command += ["--python-version", python, "--only-binary", ":all:", "--target", "unused"]
        command += ["--constraint", constraints.name, "--group", "test", *wanted]
        answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    installs = [install["metadata"] for install in json.loads(answer)["install"]]
    return {
        metadata["name"].lower().replace("_", "-"): metadata["version"] for metadata in installs
    }


def lines(versions: dict[str, str]) -> str:
    """Return the constraints file's text."""
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))


def main() -> None:
    """Resolve for every Python, then write the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = ["pip", *project["project"]["dependencies"], *project["build-system"]["requires"]]
    versions: dict[str, str] = {}
    for python in PYTHONS:
        versions |= resolve(python, wanted, versions)
    (ROOT / "requirements.lock").write_text(HEAD + lines(versions), "utf-8")
    print(f"requirements.lock: {len(versions)} packages for Python {', '.join(PYTHONS)}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"No lock was written, pip's reason stands above ({error.returncode}).")
