"""An HTTP proxy before the host's own mirror which fails midway, as a mirror does on a bad day."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CHUNK = 1 << 16


class Mirror:
    """cut_after: bytes, of all answers together, after which every connection is cut.

    asked: the paths of all requests; whole: those of them that were answered with a whole file.
    """

    def __init__(self, cut_after: int) -> None:
        self.left: int | None = cut_after
        self.cut = False
        self.asked: list[str] = []
        self.whole: set[str] = set()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            # Kept connections, or apt takes a second for each of its packages.
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mirror._forward(self)

            def log_message(self, format: str, *values: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def mend(self) -> None:
        """Serve whole answers from now on."""
        self.left, self.cut = None, False

    def __enter__(self) -> Mirror:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, request: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(request.path)
        self.asked.append(asked.path)
        if self.cut:
            _hang_up(request)
            return
        origin = http.client.HTTPConnection(asked.netloc, timeout=60)
        kept = {key: value for key, value in request.headers.items() if key != "Proxy-Connection"}
        origin.request("GET", asked.path, headers={**kept, "Connection": "close"})
        answer = origin.getresponse()
        request.send_response(answer.status)
        for key in ("Content-Length", "Content-Range", "Content-Type", "Last-Modified", "Location"):
            if answer.headers[key]:
                request.send_header(key, answer.headers[key])
        request.end_headers()
        while data := answer.read(CHUNK):
            if self.left is not None:
                self.left -= len(data)
                if self.left < 0:
                    self.cut = True
                    _hang_up(request)
                    break
            request.wfile.write(data)
        else:
            self.whole.add(asked.path)
        origin.close()


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    """Say nothing more, and wait for the other side to go.

    A socket that is closed with a request unread takes back what has been sent and not yet read.
    """
    request.close_connection = True
    with contextlib.suppress(OSError):
        request.connection.shutdown(socket.SHUT_WR)
        while request.connection.recv(CHUNK):
            pass
