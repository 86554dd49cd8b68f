"""Runs ASGI apps on loopback, in this process, for tests that need a real server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any

import uvicorn

from tests.unit.patience import LONG


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers under every name of the loopback, each name being a site of its own."""

    port: int

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """Return the origin under another name: `localhost`, or anything that ends in it."""
        return f"http://{host}:{self.port}"


@contextmanager
def serving(app: Any, **settings: Any) -> Iterator[Served]:
    """Serve an app on a free port of the loopback, in a thread, until the block ends.

    Start-up and shutdown of the app (lifespan) are run; `settings` are uvicorn's.
    """
    defaults = {"log_level": "warning", "timeout_graceful_shutdown": 3, "ws": "none"}
    server = uvicorn.Server(uvicorn.Config(app, **{**defaults, **settings}))
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # A daemon: one that does not end must not keep the tests from ending.
        thread = threading.Thread(target=server.run, args=([listener],), name="server", daemon=True)
        thread.start()
        end = time.monotonic() + LONG
        while not server.started and thread.is_alive() and time.monotonic() < end:
            thread.join(0.01)
        assert server.started, "The app did not start: uvicorn's log, below, says why."
        try:
            yield Served(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(LONG)
            assert not thread.is_alive(), "The app does not end."
