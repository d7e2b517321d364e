"""optuna-dashboard over a run: on this machine only, and only to look at.

It gets a storage without code that writes, over a copy in memory, and its server answers questions alone (GET, HEAD):
no click there can change, delete or block a study. It also answers only who calls it by its own name, so that no web
page can reach it through a name of its own that leads here.
"""

import json
import socketserver
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from optuna_dashboard import wsgi

from search_spaces.errors import SweepError
from sweep.shown_studies import ShownStudies

HOST = "127.0.0.1"
"""Nobody else's machine: optuna-dashboard asks for no password."""
_QUESTIONS = ("GET", "HEAD")
_MOST_READ = 1 << 20  # bytes


class Dashboard(socketserver.ThreadingMixIn, WSGIServer):
    """The server; listens once it is made.

    Args:
        studies: what to show.
        port: of HOST; one that is free, where None.

    Raises:
        SweepError: the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, studies: ShownStudies, port: int | None) -> None:
        try:
            super().__init__((HOST, port or 0), _Handler)
        except OSError as error:
            raise SweepError(f"--port {port} cannot be had: {error.strerror}. Without --port a free one is.") from error
        self.set_app(_guarded(wsgi(studies.storage()), (f"{HOST}:{self.server_port}", f"localhost:{self.server_port}")))

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Like the base's, but asks no name server what 127.0.0.1 is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone away is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    timeout = 60  # seconds: a browser opens connections that it may never use

    def finish(self) -> None:
        """Reads what came with the question, or closing the connection would cut off the answer."""
        with suppress(AttributeError, ValueError, OSError):  # no question that we understand; or nobody there any more
            self.rfile.read(max(0, min(int(self.headers.get("Content-Length", 0)), _MOST_READ)))
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are of no interest."""


def _guarded(app: WSGIApplication, names: tuple[str, ...]) -> WSGIApplication:
    """Lets questions pass that call the server by one of its names."""

    def call(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in _QUESTIONS:
            return _refuse(
                start, "405 Method Not Allowed", "`sweep dashboard` only shows a run; nothing can be changed."
            )
        if environ.get("HTTP_HOST") not in names:
            return _refuse(start, "403 Forbidden", f"Call it {names[0]}.")
        environ.setdefault("HTTP_ACCEPT_ENCODING", "")  # which optuna-dashboard takes for granted
        return app(environ, start)

    return call


def _refuse(start: StartResponse, status: str, reason: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/json"), ("Allow", ", ".join(_QUESTIONS))])
    return [json.dumps({"reason": reason}).encode()]
