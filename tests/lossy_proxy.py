"""A connection to PostgreSQL that breaks where it hurts: after the server has committed, before anybody hears of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_WROTE = (b"INSERT 0 ", b"UPDATE ", b"DELETE ")  # what the server says of a statement that changed something


class LossyProxy:
    """Passes everything on, but loses the answer to every second commit of a change.

    Args:
        port: of the server, on 127.0.0.1.
        first: which commit is lost first, 0 or 1.
        silent: the server is not told that the connection is gone.
    """

    def __init__(self, port: int, first: int, *, silent: bool = False) -> None:
        self._server = port
        self._silent = silent
        self._next = first
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]

    @contextmanager
    def passing(self) -> Iterator[None]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield
        finally:
            for each in self._sockets:
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                pair = _Pair(client, socket.create_connection(("127.0.0.1", self._server)))
                self._sockets += pair.client, pair.server
                threading.Thread(target=self._ask, args=(pair,), daemon=True).start()
                threading.Thread(target=self._answer, args=(pair,), daemon=True).start()

    def _ask(self, pair: "_Pair") -> None:
        with suppress(OSError):
            while content := pair.client.recv(65536):
                if pair.wrote and b"COMMIT" in content:
                    pair.wrote = False
                    pair.is_losing = self._next == 0
                    self._next = 1 - self._next
                pair.server.sendall(content)
        self._end(pair)

    def _answer(self, pair: "_Pair") -> None:
        with suppress(OSError):
            while content := pair.server.recv(65536):
                if pair.is_losing:  # it has committed
                    self.lost += 1
                    break
                pair.wrote |= any(word in content for word in _WROTE)
                pair.client.sendall(content)
        self._end(pair)

    def _end(self, pair: "_Pair") -> None:
        for end in (pair.client, *(() if self._silent and pair.is_losing else (pair.server,))):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Pair:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.wrote = self.is_losing = False
