"""`kill -9` of a publication before every step on the disk: nothing half is left (R75).

This file is what is killed too: `python tests/test_publish_crash.py FOLDER` publishes a draft again
and again, from the beginning each time, and dies one step later each time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")
NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
LINE = ["2026.1", "2027.1"]


def left(document: Path) -> list[str]:
    return sorted(str(path.relative_to(document)) for path in document.glob("*"))


def kill_everywhere(folder: Path) -> None:
    """Tell of each death what it left, and of the same publication done again what came of it."""
    from consent.notice.shelf import Shelf
    from tests.unit.notice_samples import publish_as, write_draft

    def publish(document: Path) -> None:
        publish_as(document / "draft", None, date(2027, 1, 1), NOW)

    begun = folder / "begun" / "privacy"
    publish_as(write_draft(begun, change=""), "2026.1", date(2026, 1, 1), NOW)
    write_draft(begun, more=" oy")
    status, step = signal.SIGKILL.value, 0
    while status == signal.SIGKILL:
        place = folder / str(step)
        shutil.copytree(begun, place / "privacy")
        if not (child := os.fork()):
            die_at(step, place)
            publish(place / "privacy")
            os._exit(0)
        status, step = os.waitpid(child, 0)[1], step + 1
        found = [str(package.number) for package in Shelf.load(place, "privacy").packages]
        draft = [file.name for file in (place / "privacy").glob("draft/*")]
        if len(draft) == 4:
            publish(place / "privacy")
        again = [str(package.number) for package in Shelf.load(place, "privacy").packages]
        print(json.dumps([found, draft, again, left(place / "privacy")]))


def die_at(step: int, place: Path) -> None:
    seen = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in STEPS and str(arguments[0]).startswith(str(place)):
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(count)


def test_a_publication_that_is_killed_leaves_all_of_the_version_or_nothing(tmp_path: Path) -> None:
    """Done again it is finished, under the same number, and what was left behind is gone."""
    words = [sys.executable, __file__, str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    deaths = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(deaths) > 30
    assert {tuple(found) for found, *_ in deaths} == {("2026.1",), tuple(LINE)}
    for found, draft, again, places in deaths:
        assert again == LINE
        if len(draft) == 4:
            assert places == LINE
        else:  # the version is whole, and what was the draft is partly taken away
            assert found == LINE
            assert "facts.toml" not in draft
    assert deaths[-1][1] == []


if __name__ == "__main__":
    kill_everywhere(Path(sys.argv[1]))
