"""A disk that is full, in earnest: what was acknowledged is there, the rest is not, and it goes on.

The disk is a small one in memory, mounted where nobody but one child sees it, so that it goes with
the child. This file is that child too: `python -m tests.test_full_disk NAME FOLDER`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from concurrent.futures import Future
from contextlib import closing, redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from consent.cli import main
from consent.errors import LogUnavailable
from consent.log import Appended, Log, create_log, open_log, sqlite_write
from consent.log.verify import verify
from consent.signed_note import new_key
from tests.unit.log_engines import append, grant, refusal
from tests.unit.patience import until
from tests.unit.small_site import Site, decide

ROOT = Path(__file__).parents[1]
DISK = 6 * 1024 * 1024
ROOM = 256 * 1024
"""Bytes that the write-ahead log has from the start here; a site's would last for long."""


def full(folder: Path) -> Path:
    """Fill what is left of the disk, to its last byte."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert "No space left" in str(error)  # noqa: PT017, the disk is of this size
    return filler


def sound(path: str) -> dict[int, bytes | None]:
    """See that a log is whole, as it stands there, and give its bodies."""
    with closing(open_log(path, writable=False)) as log, log.snapshot() as view:
        report = verify(view)
        assert report.findings == [], report.findings
        rows = {row.seq: row.body for row in view.rows()}
    assert len(rows) == report.size
    return rows


class Load:
    """Many at once append to a log until it takes nothing more."""

    def __init__(self, log: Log, first: int = 0) -> None:
        self.acknowledged: dict[int, int] = {}
        self.refused: set[int] = set()
        self.number = first
        while not self.refused:
            waiting: dict[int, Future[Appended]] = {}
            for _ in range(200):
                self.number += 1
                waiting[self.number] = log.append_soon(grant(self.number, text="x" * 900))
            for number, future in waiting.items():
                error = future.exception(60)
                if error is None:
                    self.acknowledged[number] = future.result().seq
                else:
                    assert isinstance(error, LogUnavailable), error
                    self.refused.add(number)

    def check(self, path: str) -> None:
        """What was acknowledged is there, once, and nothing of the rest."""
        rows = sound(path)
        bodies = set(rows.values())
        for number, seq in self.acknowledged.items():
            assert rows[seq] == grant(number, text="x" * 900).body
        assert len(set(self.acknowledged.values())) == len(self.acknowledged)
        for number in self.refused:
            assert grant(number, text="x" * 900).body not in bodies


def a_log_fills_its_disk(folder: Path) -> None:
    """R42: and with room again it takes what comes, by the process that was refused."""
    path = str(folder / "log.sqlite3")
    (folder / "filler").write_bytes(b"x" * (DISK // 2))
    create_log(path, "example.fi")
    log = open_log(path, writable=True)
    load = Load(log)
    assert len(load.acknowledged) > 200
    load.check(path)
    full(folder)
    again = Load(log, load.number)
    load.check(path)
    again.check(path)
    (folder / "filler").unlink()
    (answer,) = append(log, refusal(1))
    assert answer.new
    load.check(path)
    again.check(path)
    log.close()
    load.check(path)


def a_process_is_killed_on_a_full_disk(folder: Path) -> None:
    """R42: another one goes on with the log, before there is room again and afterwards."""
    path = str(folder / "log.sqlite3")
    (folder / "filler").write_bytes(b"x" * (DISK // 2))
    create_log(path, "example.fi")
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        load = Load(open_log(path, writable=True))
        os.write(theirs, b" ".join(b"%d:%d" % pair for pair in load.acknowledged.items()) + b"\n")
        Load(log=open_log(path, writable=True), first=100_000)
        os.write(theirs, b"\n")
        until(lambda: False)
    os.close(theirs)
    with os.fdopen(ours) as said:
        acknowledged = dict(map(int, pair.split(":")) for pair in said.readline().split())
        assert said.readline() == "\n"
        os.kill(child, 9)
        os.waitpid(child, 0)
    full(folder)
    for room in (False, True):
        rows = sound(path)
        for number, seq in acknowledged.items():
            assert rows[seq] == grant(number, text="x" * 900).body
        log = open_log(path, writable=True)
        if room:
            assert append(log, refusal(1))[0].new
        else:
            Load(log, 200_000).check(path)
        log.close()
        (folder / "filler").unlink(missing_ok=True)


def a_site_goes_on(folder: Path) -> None:
    """R34: a grant is 503, a refusal holds though it cannot be kept, and with room all is well."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("consent").addHandler(handler)
    site = Site(folder)
    log = site.consent.runtime.log
    known = site.client()
    assert decide(known, "accept").status_code == 303
    full(folder)
    Load(log)
    for _ in range(2):
        wishing, refusing = site.client(), site.client()
        reply = decide(wishing, "accept")
        assert (reply.status_code, "set-cookie" in reply.headers) == (503, False)
        assert decide(refusing, "reject").status_code == 200
        for client in (wishing, refusing):
            assert client.get("/api").json() == {"statistics": False}
            assert client.get("/").status_code == 200
    assert decide(known, "reject").status_code == 200
    assert known.get("/api").json() == {"statistics": False}
    assert any("disk is full" in text for text in said), said
    assert any("could not even be spooled" in text for text in said), said
    # What could not be kept whole is not kept by half.
    spool = folder / "log.sqlite3.spool"
    assert not spool.exists() or spool.stat().st_size == 0
    (folder / "filler").unlink()
    assert decide(site.client(), "accept").status_code == 303
    assert decide(site.client(), "reject").status_code == 200
    assert any("the log works again" in text for text in said), said
    site.close()
    sound(str(folder / "log.sqlite3"))
    assert [r["event"] for r in site.log() if "text" not in r] == ["grant", "grant", "refusal"]


def a_refusal_is_kept_where_the_spool_has_room(folder: Path) -> None:
    """R34: the spool needs a few hundred bytes, where the log needs pages."""
    site = Site(folder)
    log = site.consent.runtime.log
    spool = folder / "log.sqlite3.spool"
    full(folder)
    Load(log)
    os.truncate(folder / "filler", (folder / "filler").stat().st_size - 4096)
    # The page that came free is the spool's if that is asked first.
    site.consent.runtime.spool(refusal(1))
    assert spool.stat().st_size > 0
    (folder / "filler").unlink()
    assert decide(site.client(), "accept").status_code == 303
    until(lambda: spool.stat().st_size == 0)
    site.close()
    assert refusal(1).body in sound(str(folder / "log.sqlite3")).values()


def a_command_finds_no_room(folder: Path) -> None:
    """It names the remedy and leaves no half of a file; the log is elsewhere and as it was."""
    with tempfile.TemporaryDirectory() as elsewhere:
        path = f"{elsewhere}/log.sqlite3"
        create_log(path, "example.fi")
        with closing(open_log(path, writable=True)) as log:
            append(log, *map(grant, range(300)))
            head = log.head()
        full(folder)
        os.environ["CONSENT_CHECKPOINT_KEYS"] = new_key("example.fi")
        for words in (
            ("export", "--log", path, "-o", f"{folder}/log.jsonl"),
            ("export", "--log", path, "--format", "csv", "-o", f"{folder}/log.csv"),
            ("backup", "--log", path, "-o", f"{folder}/log.sqlite3"),
            ("import", path, "--to", f"{folder}/other.sqlite3"),
            ("checkpoint", "--log", path, "-o", f"{folder}/checkpoint.txt"),
        ):
            said = StringIO()
            with redirect_stderr(said):
                assert main(["log", *words]) == 2
            assert words[0] == "checkpoint" or f"{folder}/" in said.getvalue()
            assert said.getvalue().endswith("→ make room on the disk, then try again\n"), words
            assert [file.name for file in folder.iterdir()] == ["filler"], words
        assert len(sound(path)) == head.size


SCENES = (
    a_command_finds_no_room,
    a_log_fills_its_disk,
    a_process_is_killed_on_a_full_disk,
    a_site_goes_on,
    a_refusal_is_kept_where_the_spool_has_room,
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_on_a_disk_that_is_full(scene: object, tmp_path: Path) -> None:
    # Who is not root is so in a name space of their own, where that is allowed.
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    mount = f'mount -t tmpfs -o size={DISK} tmpfs {tmp_path} && exec "$@"'
    name = scene.__name__  # type: ignore[attr-defined]
    child = [sys.executable, "-m", "tests.test_full_disk", name, str(tmp_path)]
    done = subprocess.run(
        [*apart, "sh", "-c", mount, "sh", *child], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{name}: done\n"
    assert not list(tmp_path.iterdir())


if __name__ == "__main__":
    sqlite_write.WAL_ROOM = ROOM
    {scene.__name__: scene for scene in SCENES}[sys.argv[1]](Path(sys.argv[2]))
    print(f"{sys.argv[1]}: done")
