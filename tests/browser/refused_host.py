"""A host that is to be asked for nothing: it notes whoever connects, and what it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = {"script": "text/javascript", "style": "text/css", "image": "image/svg+xml"}
RAN = "document.body && (document.body.dataset.ran = (document.body.dataset.ran || '') + %d)"
BODIES = {
    "text/css": b"p{}",
    "image/svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "text/html": b"<!doctype html><title>x</title>",
}


class Stub(ThreadingHTTPServer):
    """The refused host: it notes the numbers that it is asked for, and counts connections."""

    def __init__(self) -> None:
        self.asked: set[int] = set()
        self.connections = 0
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Whatever is asked, in whatever way, has a connection first."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser may hang up when it has seen enough."""


class Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        number = self.path.strip("/").partition("?")[0].partition("/")[0]
        if number.isdigit():
            self.server.asked.add(int(number))
        kind = KINDS.get(self.headers.get("Sec-Fetch-Dest", ""), "text/html")
        ran = RAN % int(number) if number.isdigit() else "0"
        body = BODIES.get(kind, ran.encode())
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def refused_host() -> Iterator[Stub]:
    """Serve it until the block ends."""
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
