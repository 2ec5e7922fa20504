"""The token lab: a page for a projector that shows a token pair living and expiring.

The page talks to a part's real server, and comes from another origin than that server, so
that the part's own CORS rules decide whether it may. It is one HTML file with its CSS and
JavaScript beside it; this module serves them, and hands the page the server's clock, whose
control port no page of another origin can reach by itself.
"""

from __future__ import annotations

import json
import re
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tutorial.errors import Problem
from tutorial.ladder import Part, find
from tutorial.running.clock import Clock
from tutorial.running.server import PASSWORD, Server, free_port, serve

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["HELP", "Lab", "lab", "run"]

HERE = Path(__file__).parent
HOST = "127.0.0.1"
PORT = 3000  # with localhost and 127.0.0.1, an origin that parts 6 and 7 allow by default
FIRST_PART = 7  # the first one with tokens
LOGOUT_PART = 10  # the first one that can end a session, by a blacklist
FILES = {
    "/": ("index.html", "text/html"),
    "/lab.css": ("lab.css", "text/css"),
    "/lab.js": ("lab.js", "text/javascript"),
    "/story.js": ("story.js", "text/javascript"),
    "/timeline.js": ("timeline.js", "text/javascript"),
    "/token.js": ("token.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

# What `tutorial lab --help` says: the lab, and a class of 45 minutes with it.
HELP = """\
Open the token lab: a page for a projector, in which tokens live and expire before the class.

It starts the real server of part 7, or of a later one, with a clock that can be moved, and a
page from another origin that talks to it. The lifetimes are the defaults: 5 minutes for an
access token, 15 days for a refresh token. Nothing has to be prepared or cleaned up; Ctrl-C
ends everything.

With --url the page talks to a server of your own. Its clock cannot be moved, so you wait for
real: start it with a short lifetime. It must allow the page's origin (part 6).

A CLASS OF 45 MINUTES: ask before the click, and let the class bet.

\b
 0'  Press "Large type". What follows is also there as a story: "Next step"
     asks and shows it one by one, "Run the whole story" plays it alone.

\b
 2'  Ask    How does a server know who is asking, if it keeps no session?
     Click  "Send without a token"
     See    401, no credentials. (Whose refusal is it? The server's. Whether
            this page may ask at all was settled by CORS, part 6.)

\b
 7'  Ask    A password goes in. What should come out?
     Click  "Log in"
     See    200 and a token pair in three colours, decoded beside. None of
            the colours is secret: read the payload aloud. (15 minutes)

\b
22'  Ask    What must the server look up to let this token in?
     Click  "Call the protected endpoint"
     See    200. It looked up the user whom the token names, and no session.

\b
25'  Ask    One character of some two hundred is changed. Will anyone notice?
     Click  "Tamper with a character"
     See    401, token is invalid: the signature no longer fits.

\b
29'  Ask    Five minutes pass; the token stays as it is. Who calls it old?
     Click  "+5 min", then "Call the protected endpoint"
     See    The bar of the access token ends, and a red diamond beyond it:
            401, token is expired. The server's clock decides, not ours.

\b
33'  Ask    Why two tokens, and not one that lives for 15 days?
     Click  "Refresh", then "Call the protected endpoint"
     See    A new pair, then 200.

\b
35'  Ask    And the old refresh token, if somebody has copied it?
     Click  "Replay exchanged token"
     See    200: rotation alone does not retire it. Part 10 does.

\b
37'  Ask    Nobody comes back for 15 days. And if they came every day?
     Click  "+15 days", then "Refresh"
     See    401: only logging in helps. Whoever comes every day stays in.

\b
40'  Ask    Where would you keep the tokens? Who can read them there?
     Click  "Where are the tokens kept?", at the end of the page

\b
43'  Click  "Start again". Somebody says what to click, the class bets.

With --part 10 the click of 35' is red: 401, the token is blacklisted. And there are "Log out"
and "Log out everywhere": no refresh any more, but access for up to five minutes. Ask before!

Keys: every button has its letter on it; "Shortcut keys" switches them off."""


@dataclass
class Lab:
    """A running lab: the page's address, and the server it talks to."""

    url: str
    api: str
    server: Server | None  # None when it is somebody else's


def run(
    *, part: Part | str, port: int | None, url: str | None, open_browser: bool, console: Console
) -> None:
    """Run the lab until Ctrl-C, or until its server ends. ``port`` None: 3000 or the next free.

    Raises Problem when it cannot be started, and when its server has ended by itself.
    """
    try:
        with lab(part, port=port, url=url) as running:
            console.print(f"[bold]Token lab:[/] {running.url}", highlight=False)
            console.print(f"It talks to {running.api}. Ctrl-C ends it.", highlight=False)
            if port is None and urlsplit(running.url).port != PORT:
                console.print(f"(Port {PORT} is taken by another program.)", highlight=False)
            if open_browser:
                webbrowser.open(running.url)
            # Short sleeps, because Windows hears no Ctrl-C while a thread waits for good.
            while running.server is None or running.server.process.poll() is None:
                time.sleep(0.5)
            raise Problem(f"The lab's server has ended.\n{running.server.log().strip()}")
    except KeyboardInterrupt:
        console.print("The lab is closed; nothing of it is left.")


@contextmanager
def lab(
    part: Part | str | int = FIRST_PART, *, port: int | None = None, url: str | None = None
) -> Iterator[Lab]:
    """Serve the page, and this part's server with a movable clock unless ``url`` names one.

    Raises Problem when a port is taken, the part has no tokens or the address is not one.
    """
    part = part if isinstance(part, Part) else find(part)
    if part.number < FIRST_PART:
        raise Problem(f"Part {part.number} has no tokens yet: the lab begins with {FIRST_PART}.")
    api = _origin(url) if url else None
    port = _page_port(port)
    page = f"http://{HOST}:{port}"
    with nullcontext() if api else _server(part, port + 1, page) as server:
        api = api or server.url
        config = {
            "part": part.number,
            "title": part.title,
            "api": api,
            "clock": server is not None,
            "login": part.login,
            "refresh": part.refresh,
            "logout": "/auth/logout/" if part.number >= LOGOUT_PART else None,
            "logoutAll": "/auth/logout_all/" if part.number >= LOGOUT_PART else None,
            "protected": "/image/",
            "username": "demo",
            "password": PASSWORD,
        }
        with _page(port, config, server.clock if server else None):
            yield Lab(f"{page}/", api, server)


def _origin(url: str) -> str:
    # Only what an origin is made of, because it goes into the page's policy.
    origin = re.match(r"(https?://[\w.-]+(:\d+)?)(/|$)", url if "//" in url else f"http://{url}")
    if not origin:
        raise Problem(f"{url} is no address of a server; one looks like http://127.0.0.1:8000.")
    return origin[1]


def _page_port(wanted: int | None) -> int:
    """Return the port for the page; one asked for by number is not exchanged for another."""
    port = free_port(wanted or PORT)
    if wanted and port != wanted:
        raise Problem(f"Port {wanted} is taken by another program; `--port {port}` is free.")
    return port


@contextmanager
def _server(part: Part, port: int, page: str) -> Iterator[Server]:
    # The same port every time, so that a page left open finds a server started again.
    with serve(
        part.path,
        port=free_port(port),
        clock=True,
        environment={"DJANGO_CORS_ALLOWED_ORIGINS": page},
    ) as server:
        yield server


@contextmanager
def _page(port: int, config: dict, clock: Clock | None) -> Iterator[None]:
    """Serve the page's files, its configuration and, if there is one, the server's clock."""
    server = ThreadingHTTPServer((HOST, port), _handler(config, clock))
    server.daemon_threads = True
    # Ends as soon as it is told to: the default looks only twice a second.
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _handler(config: dict, clock: Clock | None) -> type[BaseHTTPRequestHandler]:
    headers = {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self'",
                f"connect-src 'self' {config['api']}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                # The browser itself refuses to take a text for HTML.
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ]
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.asked_rightly():
                return
            if self.path in FILES:
                name, kind = FILES[self.path]
                self.answer(200, (HERE / name).read_bytes(), f"{kind}; charset=utf-8")
            elif self.path == "/config.json":
                self.answer_json(200, config)
            elif self.path == "/clock" and clock:
                self.ask_clock(clock.now)
            else:
                self.answer_json(404, {"detail": "There is nothing here."})

        def do_POST(self) -> None:
            if not self.asked_rightly():
                return
            if self.path != "/clock" or not clock:
                return self.answer_json(404, {"detail": "There is nothing here."})
            # As at the clock itself: no page of another origin can send JSON unasked.
            if self.headers.get_content_type() != "application/json":
                return self.answer_json(415, {"detail": "Send JSON."})
            try:
                length = min(int(self.headers.get("Content-Length", 0)), 1000)
                seconds = float(json.loads(self.rfile.read(length))["seconds"])
            except (ValueError, TypeError, KeyError):
                return self.answer_json(400, {"detail": 'Send {"seconds": <number>}.'})
            self.ask_clock(lambda: clock.advance(seconds))

        def ask_clock(self, ask: Callable[[], float]) -> None:
            try:
                self.answer_json(200, {"now": ask()})
            except ValueError as error:
                self.answer_json(400, {"detail": str(error)})
            except OSError:
                self.answer_json(502, {"detail": "The server's clock does not answer."})

        def asked_rightly(self) -> bool:
            # A name that merely resolves to 127.0.0.1 would let a foreign page in.
            host = self.headers.get("Host", "").rsplit(":", 1)[0]
            if host in {HOST, "localhost"}:
                return True
            self.answer_json(404, {"detail": "Only on the loopback address."})
            return False

        def answer_json(self, status: int, content: dict) -> None:
            self.answer(status, json.dumps(content).encode(), "application/json")

        def answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep the terminal for what the lab says."""

    return Page
