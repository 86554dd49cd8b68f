"""What the log and the receipt cost a server: its CPU time per decision, × the same without a log.

    python tests/benchmarks/bench_decide.py [--quick | --rounds N]

One uvicorn in its own process serves every arm under a path of its own; 32 connections send a fixed
number of forms, each with a token of its own, as fast as they are answered. The server's CPU is
read from the scheduler's counters of all its threads, the log's writer among them. Without a log
its `append` gives back at once what it was given. No arm is limited in how often it may allow;
refusals are written as often as they are in a site, 50 a second, and are else counted.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from socket import socket
from typing import Any

from bench_middleware import OPTIONAL, component
from measure import Verdicts, interleaved, ratio, rounds_wanted

CONNECTIONS, EACH = 32, 10
"""So many connections, and forms that each of them sends in one arm's part of a round."""
TARGET = 1.7
# arm -> (site that is asked, how it answers, what is pressed)
ARMS = {
    "allow, by script": ("log", "json", "accept"),
    "allow, without script": ("log", "html", "accept"),
    "allow, by script, log signed": ("signed", "json", "accept"),
    "refuse, by script": ("log", "json", "reject"),
    "refuse, by script, log signed": ("signed", "json", "reject"),
    "refuse, without script: the reply is the receipt": ("log", "html", "reject"),
    "the same, log signed": ("signed", "html", "reject"),
}


class NoLog:
    """Takes every entry at once and keeps none; else as the log that it stands before."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, entry: Any) -> Any:
        from consent.log import Appended

        return Appended(0, b"", entry.body, new=True)

    def count(self, day: str, name: str, n: int = 1) -> None:
        """Count nothing."""


def serve(listener: int) -> None:
    """Serve a site with a log, one whose log is signed, and one with none; prints what is shown."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from consent.pages.limits import Bucket
    from consent.signed_note import new_key

    with ExitStack() as stack:
        apps: dict[str, ASGIApp] = {}
        for kind in ("none", "log", "signed"):
            consent = stack.enter_context(component("inserted"))
            runtime = consent.runtime
            runtime.grants = Bucket(rate=1e9, burst=10**9)
            if kind == "none":
                runtime._log = NoLog(runtime.log)  # type: ignore[assignment]
            if kind == "signed":
                runtime.settings = replace(consent.settings, checkpoint_keys=(new_key("site"),))
            apps[kind] = consent.protect(Starlette())
            print(next(iter(runtime.edition.shown)), flush=True)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            _, kind, path = scope["path"].split("/", 2)
            await apps[kind]({**scope, "path": f"/{path}"}, receive, send)

        config = uvicorn.Config(app, log_level="warning", ws="none", lifespan="off")
        uvicorn.Server(config).run([socket(fileno=listener)])


class Client:
    """Connections to a server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        assert process.stdout
        shown = [process.stdout.readline().strip() for _ in range(3)]
        self.shown = dict(zip(("none", "log", "signed"), shown, strict=True))
        self._process = process
        self._port = port
        self._tokens = count()

    def cpu(self) -> float:
        """The seconds that all threads of the server have run so far."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(file.read_text().split()[0]) for file in threads) / 1e9

    def form(self, kind: str, answered: str, pressed: str) -> bytes:
        """A form of somebody who has not answered before."""
        body = (
            f"token={next(self._tokens):024}&shown={self.shown[kind]}&lang=fi&return=%2Fp"
            f"&asked={'+'.join(OPTIONAL)}&method=banner&decision={pressed}"
        )
        accept = "application/json" if answered == "json" else "text/html,*/*;q=0.8"
        return (
            f"POST /{kind}/choices/decide HTTP/1.1\r\nHost: www.example.fi\r\n"
            f"Accept: {accept}\r\nSec-Fetch-Site: same-origin\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def per_form(self, kind: str, answered: str, pressed: str) -> float:
        """The server's CPU seconds for one form, over those of all connections."""
        forms = [
            [self.form(kind, answered, pressed) for _ in range(EACH)] for _ in range(CONNECTIONS)
        ]
        return asyncio.run(self._send(forms))

    async def _send(self, forms: list[list[bytes]]) -> float:
        opened = [await asyncio.open_connection("127.0.0.1", self._port) for _ in forms]

        async def send(
            to: asyncio.StreamWriter, of: asyncio.StreamReader, every: list[bytes]
        ) -> None:
            for form in every:
                to.write(form)
                head = await of.readuntil(b"\r\n\r\n")
                assert head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 303 ")), head
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await of.readexactly(int(length or 0))

        begin = self.cpu()
        sending = zip(opened, forms, strict=True)
        await asyncio.gather(*(send(to, of, every) for (of, to), every in sending))
        took = self.cpu() - begin
        for _, to in opened:
            to.close()
        return took / (CONNECTIONS * EACH)


@contextmanager
def server() -> Iterator[Client]:
    """Start the server."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        command = [sys.executable, __file__, "--serve", str(listener.fileno())]
        process = subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdout=subprocess.PIPE, text=True
        )
        try:
            yield Client(process, listener.getsockname()[1])
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    rounds = rounds_wanted(__doc__, 21, 5)
    verdicts = Verdicts("Decision: server CPU per POST at 32 connections, × without a log")
    with server() as client:

        def arm(kind: str, answered: str, pressed: str) -> Callable[[], float]:
            return lambda: client.per_form(kind, answered, pressed)

        asked = {(answered, pressed) for _, answered, pressed in ARMS.values()}
        arms = {f"none {a} {p}": arm("none", a, p) for a, p in sorted(asked)}
        arms |= {name: arm(*asked_of) for name, asked_of in ARMS.items()}
        interleaved(arms, 1)  # warm up, and the burst of refusals that are written
        took = interleaved(arms, rounds)
    for name, (_, answered, pressed) in ARMS.items():
        without = took[f"none {answered} {pressed}"]
        ratios = ratio([a / b for a, b in zip(took[name], without, strict=True)])
        verdicts.judge(name, ratios, TARGET)
    for answered, pressed in sorted(asked):
        micro = ratio([seconds * 1e6 for seconds in took[f"none {answered} {pressed}"]])
        print(f"  without a log, {pressed} answered as {answered}: {micro.middle:.0f} µs")
    return verdicts.exit_status()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    else:
        sys.exit(main())
