"""`make demo` as a process: what it serves, and what it says when it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import create_server

import httpx
import pytest

ROOT = Path(__file__).parent.parent
CODE = """
import sys
from datetime import date
import examples.jackbot.__main__ as demo
demo.SITE, demo.PORT, demo.SHOP = map(int, sys.argv[2:])
raise SystemExit(demo.main(date.fromisoformat(sys.argv[1])))
"""


def start(folder: Path, ports: list[int], day: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, day, *map(str, ports)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_ports() -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(create_server(("127.0.0.1", 0))) for _ in range(3)]
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(folder: Path, day: str = "2026-12-01") -> Iterator[list[str]]:
    """The demo on free ports: the addresses of the site, its third parties and the shop."""
    ports = free_ports()
    process = start(folder, ports, day)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] and "shop.localhost" not in lines[-1]:
            lines.append(process.stdout.readline())
        assert f"http://127.0.0.1:{ports[0]}" in lines[-2]
        assert lines[-1] == (
            f"a shop on {day}, for its notice's versions: http://shop.localhost:{ports[2]}\n"
        )
        yield [f"http://127.0.0.1:{port}" for port in ports]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_the_shop_shows_a_version_in_force_one_to_come_and_one_that_was(tmp_path: Path) -> None:
    """Point 8: by its clock, whatever day it is; the site runs beside it, and both stop cleanly."""
    with running(tmp_path) as (site, third, shop):
        assert 'id="visitor-choice"' in httpx.get(site).text
        assert httpx.get(f"{third}/seen").status_code == 200
        assert 'id="visitor-choice"' in httpx.get(shop).text
        page = httpx.get(f"{shop}/tietosuojaseloste").text
        assert "Versio 2026.2" in page
        assert "vc-notice-status" not in page
        for number, state in (("2026.1", "superseded"), ("2027.1", "scheduled")):
            page = httpx.get(f"{shop}/tietosuojaseloste/{number}").text
            assert f'class="vc-notice-status vc-notice-{state}"' in page
    with running(tmp_path, "2026-11-01") as (_, _, shop):  # again, with the keys and logs made
        assert httpx.get(f"{shop}/tietosuojaseloste/2027.1").status_code == 404


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path, taken: int) -> None:
    """Point 1: before anything else is said or made, with the port and the remedy."""
    ports = free_ports()
    with create_server(("127.0.0.1", 0)) as other:
        ports[taken] = other.getsockname()[1]
        out, err = start(tmp_path, ports, "2026-12-01").communicate(timeout=60)
    assert out == ""
    assert err == (
        f"port {ports[taken]} of 127.0.0.1: Address already in use; stop the program that uses it, "
        "perhaps another demo, and try again\n"
    )
    assert list(tmp_path.iterdir()) == []
