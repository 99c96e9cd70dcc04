"""An HTTP proxy in front of the host's own mirror that fails midway, as mirrors sometimes do."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CHUNK = 1 << 16


class FailingMirror:
    """A proxy that cuts every connection after it has sent so many bytes in all.

    requested: the paths of all requests. completed: the paths that were answered completely.
    """

    def __init__(self, cut_after: int) -> None:
        self.remaining: int | None = cut_after
        self.cut = False
        self.requested: list[str] = []
        self.completed: set[str] = set()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            # Persistent connections: otherwise apt takes a second for each package.
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mirror._forward(self)

            def log_message(self, format: str, *values: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def repair(self) -> None:
        """Answer completely from now on."""
        self.remaining, self.cut = None, False

    def __enter__(self) -> FailingMirror:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, request: BaseHTTPRequestHandler) -> None:
        target = urlsplit(request.path)
        self.requested.append(target.path)
        if self.cut:
            _hang_up(request)
            return
        origin = http.client.HTTPConnection(target.netloc, timeout=60)
        headers = {
            key: value for key, value in request.headers.items() if key != "Proxy-Connection"
        }
        origin.request("GET", target.path, headers={**headers, "Connection": "close"})
        answer = origin.getresponse()
        request.send_response(answer.status)
        for key in ("Content-Length", "Content-Range", "Content-Type", "Last-Modified", "Location"):
            if answer.headers[key]:
                request.send_header(key, answer.headers[key])
        request.end_headers()
        while data := answer.read(CHUNK):
            if self.remaining is not None:
                self.remaining -= len(data)
                if self.remaining < 0:
                    self.cut = True
                    _hang_up(request)
                    break
            request.wfile.write(data)
        else:
            self.completed.add(target.path)
        origin.close()


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    """Send nothing more, and wait until the client closes the connection.

    A socket that is closed with a request unread discards what the client has not read yet.
    """
    request.close_connection = True
    with contextlib.suppress(OSError):
        request.connection.shutdown(socket.SHUT_WR)
        while request.connection.recv(CHUNK):
            pass
