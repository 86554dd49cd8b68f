"""What the component costs a server: its CPU time per request, × that of the bare Starlette app.

    python tests/benchmarks/bench_server.py [--quick | --rounds N]

One uvicorn in its own process, with whichever of h11 and httptools is installed, serves every arm
under a path of its own, so that all of them have the same interpreter, memory and cache; one client
sends a fixed number of requests over one connection that is kept open. The server's CPU is read
from the scheduler's counters before and after, in nanoseconds. The page has 20 KB, the request the
header fields of a browser and four cookies.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from socket import create_connection, socket

from bench_middleware import (
    Headers,
    choice_cookie,
    component,
    make_page,
    request,
    session_cookie,
    with_session,
)
from measure import Verdicts, interleaved, ratio, rounds_wanted

REQUESTS = 200
"""In one arm's part of a round."""
# arm -> (kind of server, target)
ARMS: dict[str, tuple[str, float | None]] = {
    "returning, nothing to insert": ("own", 1.10),
    "returning, our link inserted": ("inserted", None),
    "first visit": ("inserted", 1.30),
    "first visit, ten blocked tags": ("blocked", 1.60),
    "first visit, ten blocked tags, bytes never the same": ("changing", 5.0),
    "SessionMiddleware": ("session", None),
}


KINDS = ("bare", "own", "inserted", "session", "blocked", "changing", "bare-changing")
HOSTS = {"marketing": ["cdn.vendor.example", "*.vendor.example"]}
TAGS = 10
"""So many tags of a refused service stand in the page of the arms with blocked ones."""


def serve(listener: int) -> None:
    """Serve the page, bare and behind each middleware; prints the visitors' cookies first."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

    page = make_page(20_000).decode()
    pieces = page.split('<div class="card', TAGS)
    tag = '<script src="https://cdn.vendor.example/%d.js" async></script><div class="card'
    tagged = "".join(p + tag % n for n, p in enumerate(pieces[:-1])) + pieces[-1]
    numbers = count()

    async def show(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind.endswith("changing"):
            return HTMLResponse(tagged.replace("<h2", f'<h2 id="n{next(numbers):08d}"', 1))
        return HTMLResponse(tagged if kind == "blocked" else page)

    bare = Starlette(routes=[Route("/{kind}", show)])
    with ExitStack() as stack:
        apps: dict[str, ASGIApp] = {"bare": bare, "session": with_session(bare)}
        cookies = {"bare": b"", "session": session_cookie()}
        for kind in ("own", "inserted"):
            consent = stack.enter_context(component(kind))
            apps[kind] = consent.protect(bare)
            cookies[kind] = choice_cookie(consent, 1, "statistics")
        blocking = stack.enter_context(component("inserted", hosts=HOSTS)).protect(bare)
        apps |= {"blocked": blocking, "changing": blocking, "bare-changing": bare}
        cookies |= dict.fromkeys(("blocked", "changing", "bare-changing"), b"")
        for kind in KINDS:
            print(cookies[kind].decode(), flush=True)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await apps[scope["path"][1:]](scope, receive, send)

        config = uvicorn.Config(app, log_level="warning", ws="none", lifespan="off")
        uvicorn.Server(config).run([socket(fileno=listener)])


class Client:
    """One connection to a server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        assert process.stdout
        self.cookies = {kind: process.stdout.readline().strip().encode() for kind in KINDS}
        self._process = process
        self._connection = create_connection(("127.0.0.1", port))

    def cpu(self) -> float:
        """The seconds that all threads of the server have run so far."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(file.read_text().split()[0]) for file in threads) / 1e9

    def ask(self, message: bytes) -> bytes:
        """Send a request and read the whole reply."""
        self._connection.sendall(message)
        reply = self._connection.recv(65_536)
        while b"\r\n\r\n" not in reply:
            reply += self._connection.recv(65_536)
        head, _, body = reply.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        size = len(body)
        pieces = [body]
        while size < length:
            pieces.append(self._connection.recv(65_536))
            size += len(pieces[-1])
        assert head.startswith(b"HTTP/1.1 200 "), head
        return b"".join(pieces)

    def per_request(self, message: bytes, count: int) -> float:
        """The server's CPU seconds for one request, over `count` of them."""
        begin = self.cpu()
        for _ in range(count):
            self.ask(message)
        return (self.cpu() - begin) / count


@contextmanager
def server() -> Iterator[Client]:
    """Start the server and connect to it."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        command = [sys.executable, __file__, "--serve", str(listener.fileno())]
        process = subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdout=subprocess.PIPE, text=True
        )
        try:
            yield Client(process, listener.getsockname()[1])
        finally:
            process.terminate()
            process.wait()


def written(kind: str, headers: Headers) -> bytes:
    """A request as bytes."""
    lines = b"".join(b"%b: %b\r\n" % field for field in headers)
    return b"GET /%b HTTP/1.1\r\n%b\r\n" % (kind.encode(), lines)


def main() -> int:
    rounds = rounds_wanted(__doc__, 31, 9)
    verdicts = Verdicts("Server: CPU per request over sockets, × the bare Starlette app")
    with server() as client:
        requests = {"bare": written("bare", request())}
        page = client.ask(requests["bare"])
        for name, (kind, _) in ARMS.items():
            cookies = () if name.startswith("first visit") else (client.cookies[kind],)
            requests[name] = written(kind, request(*cookies))
            reply = client.ask(requests[name])
            # What is measured is what the name says.
            assert (b'id="visitor-choice"' in reply) == name.startswith("first visit"), name
            assert reply.count(b'data-consent="service-marketing"') == TAGS * ("ten" in name)
            assert (reply == page) == (kind in ("own", "session")), name

        def arm(message: bytes) -> Callable[[], float]:
            return lambda: client.per_request(message, REQUESTS)

        arms = {name: arm(message) for name, message in requests.items()}
        interleaved(arms, 2)  # warm up
        took = interleaved(arms, rounds)
    for name, (_, limit) in ARMS.items():
        ratios = ratio([a / b for a, b in zip(took[name], took["bare"], strict=True)])
        verdicts.judge(name, ratios, limit)
    micro = ratio([seconds * 1e6 for seconds in took["bare"]])
    parser = "httptools" if find_spec("httptools") else "h11"
    print(f"  bare: {micro.middle:.0f} µs a request with {parser}; {rounds} rounds of {REQUESTS}")
    return verdicts.exit_status()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    else:
        sys.exit(main())
