"""`kill -9` of the server while visitors decide: what was answered is in the log (R34, R40).

This file is the server too: `python tests/test_crash.py FOLDER SOCKET`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from socket import create_connection, socket
from typing import NamedTuple
from urllib.parse import urlencode

from consent.log import create_log, open_log

CLIENTS, CRASHES = 500, 10
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


def serve(folder: Path, listener: int) -> None:
    """Serve a small site with the component around it, until the process is killed."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from consent import Consent

    page = HTMLResponse("<!DOCTYPE html><html lang=fi><title>Sivu</title><body>Hei</body></html>")
    app = Consent.load(folder / "consent.toml").protect(Starlette(routes=[Route("/", page)]))
    config = uvicorn.Config(app, log_level="warning", ws="none", proxy_headers=False)
    uvicorn.Server(config).run([socket(fileno=listener)])


class Answered(NamedTuple):
    """What the server has answered: the consent ids of grants, and the number of refusals."""

    ids: set[str]
    refusals: int


class Server:
    """The server, in a process of its own on a free port of the loopback."""

    def __init__(self, folder: Path) -> None:
        with socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(CLIENTS * 2)
            self.port = listener.getsockname()[1]
            # The parent lets go of the socket, so that it dies with the server.
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(folder), str(listener.fileno())],
                pass_fds=[listener.fileno()],
                env={**os.environ, "CONSENT_SECRET_KEYS": KEY},
            )

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
        self.process.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        return self.process.wait(120)


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
    """Let 500 visitors decide at once, and kill the server in the middle."""
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
    last = CLIENTS * (crash + 1) // (CRASHES + 2)
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
    assert last <= answers < CLIENTS, "the server was not killed in the middle"
    return Answered(ids, refusals)


def recorded(log: Path) -> Answered:
    """What the log says, read without writing to it."""
    reader = open_log(str(log), writable=False)
    records = [json.loads(body) for _, body in reader.bodies("consent")]
    reader.close()
    ids = [record["consent_id"] for record in records if record["event"] == "grant"]
    assert len(set(ids)) == len(ids)
    return Answered(set(ids), sum(record["event"] == "refusal" for record in records))


def test_what_was_answered_before_a_kill_is_in_the_log(tmp_path: Path) -> None:
    """Ten times on one log, which the server opens again each time without help."""
    (tmp_path / "notices" / "privacy").mkdir(parents=True)
    settings, log = tmp_path / "consent.toml", tmp_path / "log.sqlite3"
    settings.write_text(TOML, encoding="utf-8")
    create_log(str(log), "crash")
    before = Answered(set(), 0)
    every: set[str] = set()
    for crash in range(CRASHES):
        server = Server(tmp_path)
        try:
            answered = decide_until_killed(server, crash)
        finally:
            server.kill()
            assert server.wait() == -signal.SIGKILL
        verified = subprocess.run(
            [sys.executable, "-m", "consent", "log", "verify", "--config", str(settings)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stdout + verified.stderr
        every |= answered.ids
        now = recorded(log)
        assert every <= now.ids
        assert now.refusals - before.refusals >= answered.refusals
        before = now
    server = Server(tmp_path)
    try:
        server.get("/choices/fi")
    finally:
        server.process.terminate()
        server.wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
