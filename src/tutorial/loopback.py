"""A small HTTP server for this computer alone: the clock's control port, the lab's page.

Every page that a browser shows can send requests to the loopback address. Two rules keep such
pages out: the host has to be named as the loopback address, because any other name can be made
to resolve to it; and a body has to be JSON, which no page of another origin can send without a
preflight request, and none is answered here.

Standard library only, because the clock runs in a part's own interpreter.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
HOST_NAMES = {HOST, "localhost"}
LONGEST_BODY = 1000  # bytes


class Refused(Exception):
    """A request that gets an error response: its status, and what to say to its sender."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Handler(BaseHTTPRequestHandler):
    """Responds to requests that keep the rules; ``get`` and ``post`` of a subclass say what.

    Either of them sends a response, or raises Refused.
    """

    every_response: Mapping[str, str] = {}  # headers

    def get(self) -> None:
        raise Refused(404, "There is nothing here.")

    def post(self, content: Any) -> None:
        """Respond to a POST request with this JSON in its body."""
        raise Refused(404, "There is nothing here.")

    def do_GET(self) -> None:
        try:
            self._check_host()
            self.get()
        except Refused as refused:
            self.send_json({"detail": refused.detail}, refused.status)

    def do_POST(self) -> None:
        try:
            self._check_host()
            self.post(self._read_json())
        except Refused as refused:
            self.send_json({"detail": refused.detail}, refused.status)

    def send_json(self, content: dict[str, Any], status: int = 200) -> None:
        self.send_body(json.dumps(content).encode(), "application/json", status)

    def send_body(self, body: bytes, content_type: str, status: int = 200) -> None:
        self.send_response(status)
        for name, value in self.every_response.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: the terminal and the server's log are for others."""

    def _check_host(self) -> None:
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in HOST_NAMES:
            raise Refused(404, "Only on the loopback address.")

    def _read_json(self) -> Any:
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "Send JSON.")
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            raise Refused(400, "Content-Length is a number of bytes.") from None
        if not 0 <= length <= LONGEST_BODY:
            raise Refused(413, f"Send {LONGEST_BODY} bytes at the most.")
        try:
            return json.loads(self.rfile.read(length))
        except (ValueError, RecursionError):  # the second: a thousand open brackets
            raise Refused(400, "This is not JSON.") from None


def listen(handler: type[Handler], port: int = 0) -> ThreadingHTTPServer:
    """Serve on the loopback address, in a thread, until ``shutdown``; port 0 is a free one.

    Raises OSError when the port is taken.
    """
    server = reserve(port)
    respond(server, handler)
    return server


def reserve(port: int = 0) -> ThreadingHTTPServer:
    """Take a port for a server that responds later: whoever asks before that waits.

    Raises OSError when the port is taken.
    """
    return ThreadingHTTPServer((HOST, port), Handler)


def respond(server: ThreadingHTTPServer, handler: type[Handler]) -> None:
    """Let a server respond, in a thread, until ``shutdown``."""
    server.RequestHandlerClass = handler
    # Ends soon after it is told to: the default looks only twice a second.
    threading.Thread(target=server.serve_forever, args=[0.1], daemon=True).start()
