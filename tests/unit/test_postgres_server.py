"""The tests leave no server behind, however they end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.patience import until

ROOT = Path(__file__).parents[2]
START = """
from tests.unit.postgres_server import Server

server = Server()
print(server.folder, flush=True)
input()
"""


def test_a_server_ends_with_the_process_that_made_it_though_that_is_killed() -> None:
    command = [sys.executable, "-c", START]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None
        folder = child.stdout.readline().strip()
        assert os.path.isdir(f"{folder}/data")
        child.kill()
    until(lambda: not os.path.exists(folder))  # it goes once nobody uses it any more
