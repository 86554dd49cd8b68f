"""A network between a client and a server that can be cut, and held on one way alone."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Lock, Thread


class Network:
    """Passes bytes on from a port of its own to a Unix socket, for as long as it is whole.

    What is sent while it is cut is not lost: it waits, as in the buffers of a network, and arrives
    late. Connections can be made all the while, and say nothing.
    """

    def __init__(self, target: str) -> None:
        """Take the path of the server's socket."""
        self._target = target
        self._there, self._back = Event(), Event()
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.heal()
        Thread(target=self._accept, daemon=True).start()

    def cut(self, *, there: bool = True, back: bool = True) -> None:
        """Hold what goes to the server, what comes back from it, or both."""
        if there:
            self._there.clear()
        if back:
            self._back.clear()

    def heal(self) -> None:
        """Let everything through, what waited first."""
        self._there.set()
        self._back.set()

    def drop(self) -> None:
        """End all connections without a word, as when a router forgets them."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self._listening.close()
        self.heal()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._target)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._sockets += [near, far]
            Thread(target=self._serve, args=(near, far), daemon=True).start()

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        back = Thread(target=self._pass_on, args=(far, near, self._back), daemon=True)
        back.start()
        self._pass_on(near, far, self._there)
        back.join()
        near.close()
        far.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket, whole: Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                whole.wait()
                sink.sendall(data)
        whole.wait()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
