"""A server's clock that can be moved, and the control port that moves it.

``time-machine`` shifts the clock of a whole process at C level, so Django, Simple JWT and
PyJWT all read the moved time, and none of their code is changed. It goes on ticking.
The control port listens on the loopback address only. It asks for a JSON body, which no
page of another origin can send without a preflight request, and answers none.

Standard library only, but for the served process, which needs ``time-machine``.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

PATH = "/clock"
# Whatever proxy the environment names, the loopback address needs none.
_open = build_opener(ProxyHandler({})).open


class Clock:
    """The handle on a server's clock, for the process that started the server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def now(self) -> float:
        """Return the server's time, in seconds since 1970 (UTC)."""
        with _open(self.url, timeout=10) as answer:
            return json.load(answer)["now"]

    def advance(self, seconds: float) -> float:
        """Move the server's clock by so many seconds (back, if negative); return its new time.

        ``exp`` is in whole seconds (RFC 7519, section 2, NumericDate): step over a boundary
        by two seconds, never by one. Raises ValueError when the server refuses the number.
        """
        body = json.dumps({"seconds": seconds}).encode()
        request = Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with _open(request, timeout=10) as answer:
                return json.load(answer)["now"]
        except HTTPError as error:
            raise ValueError(json.load(error)["detail"]) from error


def start() -> str:
    """Make this process's clock movable; return the address of its control port."""
    import time_machine

    clock = time_machine.travel(time.time(), tick=True).start()

    class Control(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.asked_rightly():
                self.answer(200, {"now": time.time()})

        def do_POST(self) -> None:
            if not self.asked_rightly():
                return
            if self.headers.get_content_type() != "application/json":
                return self.answer(415, {"detail": "Send JSON."})
            try:
                length = min(int(self.headers.get("Content-Length", 0)), 1000)
                clock.shift(float(json.loads(self.rfile.read(length))["seconds"]))
                now = time.time()
                time.gmtime(now + 10 * 366 * 86400)  # leaves room for any lifetime
            except (ValueError, TypeError, KeyError, OverflowError, OSError):
                return self.answer(400, {"detail": 'Send {"seconds": <number>}, within reason.'})
            self.answer(200, {"now": now})

        def asked_rightly(self) -> bool:
            # A name that merely resolves to 127.0.0.1 would let a foreign page in.
            host = self.headers.get("Host", "").rsplit(":", 1)[0]
            if host not in {"127.0.0.1", "localhost"} or self.path != PATH:
                self.answer(404, {"detail": f"Only {PATH}, on the loopback address."})
                return False
            return True

        def answer(self, status: int, content: dict) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep the server's log for the server's requests."""

    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    control.daemon_threads = True
    threading.Thread(target=control.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{control.server_port}{PATH}"
