"""What `import consent` costs, as a ratio to importing Starlette alone.

    python tests/benchmarks/bench_import.py [--quick | --rounds N]

Each import runs in an interpreter of its own, with compiled files on disk; what is compared is the
CPU time of the import statement. Beside it stand the imports that are put off until a site is
started, the whole processes, and what took longest by `-X importtime`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

from measure import Verdicts, interleaved, ratio, rounds_wanted

TARGET = 1.8
ARMS = {
    "nothing": "None",
    "starlette": "import starlette.applications, starlette.responses",
    "consent": "import consent",
    "site": "import consent.pages.runtime, consent.settings; consent.pages.load()",
}
TIMED = "from time import process_time as t; a = t(); {}; print(t() - a)"
SHOWN = 25


def seconds(statement: str) -> float:
    """The CPU seconds of a statement in a new interpreter."""
    command = [sys.executable, "-c", TIMED.format(statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def process_seconds(statement: str) -> float:
    """The CPU seconds of a new interpreter from its start to its end."""
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", statement], os.environ)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime


def longest(statement: str) -> list[tuple[float, float, str]]:
    """Modules by their own import time: (own, with what they import, name), in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = re.findall(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)", told)
    return sorted(((int(o) / 1e3, int(w) / 1e3, name) for o, w, name in found), reverse=True)


def main() -> int:
    rounds = rounds_wanted(__doc__, 25, 7)
    verdicts = Verdicts("Import: CPU time, × that of importing Starlette")

    def arm(measured: Callable[[str], float], statement: str) -> Callable[[], float]:
        return lambda: measured(statement)

    # Where nothing compiled is kept, each interpreter would compile ours, but not Starlette.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for statement in ARMS.values():
        seconds(statement)  # compiles what is not compiled yet
    arms = {name: arm(seconds, statement) for name, statement in ARMS.items()}
    whole = {f"{name}, whole": arm(process_seconds, s) for name, s in ARMS.items()}
    took = interleaved(arms | whole, rounds)

    def over(name: str, base: str) -> list[float]:
        return [a / b for a, b in zip(took[name], took[base], strict=True)]

    verdicts.judge("import consent", ratio(over("consent", "starlette")), TARGET)
    verdicts.judge("and all that a site loads at its start", ratio(over("site", "starlette")), None)
    verdicts.judge(
        "import consent, whole process", ratio(over("consent, whole", "starlette, whole")), None
    )
    for name, values in took.items():
        print(f"  {name:20} {ratio([value * 1e3 for value in values]).middle:6.1f} ms")
    known = {name for _, _, name in longest(ARMS["starlette"])}
    print("  longest of what Starlette does not import: own ms, with its own imports, module")
    for own, altogether, name in [m for m in longest(ARMS["consent"]) if m[2] not in known][:SHOWN]:
        print(f"  {own:6.1f} {altogether:6.1f}  {name}")
    return verdicts.exit_status()


if __name__ == "__main__":
    sys.exit(main())
