"""`kill -9` of the server while visitors decide: what was answered is in the log (R34, R40).

This file is the server too: `python tests/test_crash.py FOLDER` loads all that a server needs, and
for each line that it reads becomes two, of which one serves. So a start takes no second.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from socket import create_connection, socket
from typing import NamedTuple
from urllib.parse import urlencode

from consent.log import create_log, open_log
from consent.log.verify import verify

CLIENTS, CRASHES = 240, 25
ROOT = Path(__file__).parents[1]
KEY = "k8sJ2mdP0qLx7VbTzRw4YhNc6GfEuAi1"
TEXTS = '{ fi = "Teksti.", sv = "Text.", en = "Text." }'
TOML = f"""
log = "log.sqlite3"
[site]
name = "Esimerkki"
origins = ["http://127.0.0.1:8000"]
languages = ["fi", "sv", "en"]
trusted_proxies = ["127.0.0.1"]
[controller]
name = "Esimerkki Oy"
email = "tietosuoja@example.fi"
[notices]
folder = "notices"
paths = {{ fi = "/tietosuojaseloste", sv = "/sv/dataskydd", en = "/en/privacy" }}
[services.counter]
name = "Laskuri"
provider = "Laskuri Oy"
category = "statistics"
purposes = ["audience-measurement"]
purpose = {TEXTS}
items = [{{ name = "_count", lifetime = "1 year", purpose = {TEXTS} }}]
"""


def serve(folder: Path) -> None:
    """Serve a small site with the component around it, one process at a time until it is killed."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from consent import Consent
    from consent.log import sqlite  # noqa: F401, loaded before the first of them
    from consent.pages import load

    load()
    page = HTMLResponse("<!DOCTYPE html><html lang=fi><title>Sivu</title><body>Hei</body></html>")
    while sys.stdin.readline():
        if child := os.fork():
            os.waitpid(child, 0)
            continue
        listener = socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(CLIENTS * 2)
        app = Consent.load(folder / "consent.toml").protect(Starlette(routes=[Route("/", page)]))
        print(os.getpid(), listener.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="warning", ws="none", proxy_headers=False)
        uvicorn.Server(config).run([listener])


class Answered(NamedTuple):
    """What the server has answered: the consent ids of grants, and the number of refusals.

    `broken` tells that some had no answer when it was killed.
    """

    ids: set[str]
    refusals: int
    broken: bool = False


class Server:
    """A server in a process of its own, on a free port of the loopback."""

    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write("serve\n")
        nursery.stdin.flush()
        self.pid, self.port = map(int, nursery.stdout.readline().split())

    def connect(self) -> socket:
        return create_connection(("127.0.0.1", self.port), timeout=60)

    def get(self, path: str) -> str:
        """Fetch a page; waits for a server that is still starting."""
        with self.connect() as connection:
            request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            with connection.makefile("rb") as reply:
                text = reply.read().decode()
        assert text.startswith("HTTP/1.1 200 "), text
        return text

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def post(form: dict[str, str], visitor: int) -> bytes:
    """A decision; each visitor comes from an address of their own, by what the proxy says."""
    body = urlencode(form)
    address = f"10.{visitor >> 16 & 255}.{visitor >> 8 & 255}.{visitor & 255}"
    lines = (
        "POST /choices/decide HTTP/1.1",
        "Host: 127.0.0.1:8000",
        "Connection: close",
        "Sec-Fetch-Site: same-origin",
        f"X-Forwarded-For: {address}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", body]).encode()


def replies_until_killed(server: Server, requests: list[bytes], last: int) -> list[bytes]:
    """Send all requests at once, and kill the server at the `last` reply; give what came back.

    Plain sockets, so that this side is not what the server waits for.
    """
    replies, answered = [b""] * len(requests), 0
    with DefaultSelector() as selector:
        for number in range(len(requests)):
            selector.register(server.connect(), EVENT_READ, number)
        for key in list(selector.get_map().values()):
            connection = key.fileobj
            assert isinstance(connection, socket)
            connection.sendall(requests[key.data])
        while selector.get_map():
            ready = selector.select(120)
            assert ready, "the server answers no more"
            for key, _ in ready:
                connection = key.fileobj
                assert isinstance(connection, socket)
                try:
                    data = connection.recv(65_536)
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(connection)
                    connection.close()
                elif not replies[key.data]:
                    answered += 1
                    if answered == last:
                        server.kill()
                replies[key.data] += data
    return replies


def decide_until_killed(server: Server, crash: int) -> Answered:
    """Let all visitors decide at once, and kill the server in the middle."""
    shown = re.search(r'name="shown" value="(\w+)"', server.get("/choices/fi"))
    assert shown
    requests = [
        post(
            {
                "token": secrets.token_urlsafe(16),
                "shown": shown[1],
                "method": "banner",
                "decision": "accept" if number % 4 else "reject",
            },
            crash * CLIENTS + number,
        )
        for number in range(CLIENTS)
    ]
    last = 1 + CLIENTS * 2 // 3 * crash // CRASHES
    ids, refusals, answers = set(), 0, 0
    for reply in replies_until_killed(server, requests, last):
        if b"\r\n\r\n" not in reply:
            continue
        answers += 1
        assert reply.startswith((b"HTTP/1.1 303 ", b"HTTP/1.1 200 ")), reply
        cookie = re.search(rb"set-cookie: choices=1\.[^.]+\.[^.]+\.([^.]+)\.", reply)
        assert cookie, reply
        if cookie[1] == b"-":
            refusals += 1
        else:
            ids.add(cookie[1].decode())
    assert answers >= last
    return Answered(ids, refusals, answers < CLIENTS)


def recorded(log: Path) -> Answered:
    """What the log says, read without writing to it; it is whole."""
    with closing(open_log(str(log), writable=False)) as reader, reader.snapshot() as view:
        assert verify(view).findings == []
        records = [json.loads(row.body or b"") for row in view.of_kind("consent")]
    ids = [record["consent_id"] for record in records if record["event"] == "grant"]
    assert len(set(ids)) == len(ids)
    assert len(ids) + sum(record["event"] == "refusal" for record in records) == len(records)
    return Answered(set(ids), len(records) - len(ids))


def test_what_was_answered_before_a_kill_is_in_the_log(tmp_path: Path) -> None:
    """25 times on one log, which the server opens again each time without help."""
    (tmp_path / "notices" / "privacy").mkdir(parents=True)
    settings, log = tmp_path / "consent.toml", tmp_path / "log.sqlite3"
    settings.write_text(TOML, encoding="utf-8")
    create_log(str(log), "crash")
    before = Answered(set(), 0)
    every: set[str] = set()
    broken = 0
    command = [sys.executable, __file__, str(tmp_path)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CONSENT_SECRET_KEYS": KEY, "PYTHONPATH": str(ROOT)},
    ) as nursery:
        for crash in range(CRASHES):
            server = Server(nursery)
            answered = decide_until_killed(server, crash)
            every |= answered.ids
            broken += answered.broken
            now = recorded(log)
            assert every <= now.ids
            assert now.refusals - before.refusals >= answered.refusals
            assert len(now.ids) + now.refusals <= (crash + 1) * CLIENTS
            before = now
        server = Server(nursery)
        server.get("/choices/fi")
        server.kill()
        assert nursery.stdin is not None
        nursery.stdin.close()
    assert nursery.returncode == 0
    assert broken > CRASHES // 2, "the server was not killed in the middle"
    verified = subprocess.run(
        [sys.executable, "-m", "consent", "log", "verify", "--config", str(settings)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
