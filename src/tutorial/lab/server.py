"""The lab itself: a part's server with a movable clock, and the page that talks to it."""

from __future__ import annotations

import re
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tutorial.errors import Problem
from tutorial.lab.page import facts, page
from tutorial.ladder import Part, first
from tutorial.loopback import HOST, reserve
from tutorial.running.server import Server, free_port, serve

if TYPE_CHECKING:
    from rich.console import Console

PORT = 3000  # with localhost and 127.0.0.1, an origin that parts with CORS allow by default
TOKENS = first("has_tokens")


@dataclass
class Lab:
    """A running lab: the page's URL, the API's, and the server behind the API."""

    url: str
    api: str
    server: Server | None  # None when it is somebody else's


def run(
    *, part: Part, port: int | None, url: str | None, open_browser: bool, console: Console
) -> None:
    """Run the lab until Ctrl-C, or until its server ends. ``port`` None: 3000 or the next free.

    Raises Problem when it cannot be started, and when its server has ended by itself.
    """
    try:
        with lab(part, port=port, url=url) as running:
            console.print(f"[bold]Token lab:[/] {running.url}", highlight=False)
            console.print(f"It talks to {running.api}. Press Ctrl-C to stop it.", highlight=False)
            if port is None and urlsplit(running.url).port != PORT:
                console.print(f"(Port {PORT} is taken by another program.)", highlight=False)
            if open_browser:
                webbrowser.open(running.url)
            # Short sleeps, because Windows hears no Ctrl-C while a thread waits for good.
            while running.server is None or running.server.process.poll() is None:
                time.sleep(0.5)
            raise Problem(f"The lab's server has ended.\n{running.server.log().strip()}")
    except KeyboardInterrupt:
        console.print("The lab is closed, and left nothing behind.")


@contextmanager
def lab(part: Part = TOKENS, *, port: int | None = None, url: str | None = None) -> Iterator[Lab]:
    """Serve the page, and this part's server with a movable clock unless ``url`` names one.

    The page is at ``port``; None is 3000 or the next that is free, and 0 is any. Raises Problem
    when a port is taken, the part has no tokens or the URL is not a server's.
    """
    if not part.has_tokens:
        raise Problem(f"Part {part.number} has no tokens yet: the lab begins with {TOKENS.number}.")
    api = _origin(url) if url else None
    with ExitStack() as stack:
        pages = stack.enter_context(_reserve(port))
        origin = f"http://{HOST}:{pages.server_port}"
        server = None
        if api is None:
            server = stack.enter_context(
                serve(
                    part.path,
                    # The same one every time: a page left open finds a server started again.
                    port=free_port(pages.server_port + 1) if port != 0 else 0,
                    clock=True,
                    environment={"DJANGO_CORS_ALLOWED_ORIGINS": origin},
                )
            )
            api = server.url
        clock = server.clock if server else None
        stack.enter_context(page(pages, facts(part, api, has_clock=clock is not None), clock))
        yield Lab(f"{origin}/", api, server)


def _origin(url: str) -> str:
    # Only what an origin is made of, because it goes into the page's policy.
    origin = re.match(r"(https?://[\w.-]+(:\d+)?)(/|$)", url if "//" in url else f"http://{url}")
    if not origin:
        raise Problem(f"{url} is not the URL of a server; one looks like http://127.0.0.1:8000.")
    return origin[1]


def _reserve(wanted: int | None) -> ThreadingHTTPServer:
    """Take the port for the page; one asked for by number is not exchanged for another."""
    if wanted == 0:
        return reserve()
    port = free_port(wanted or PORT)
    while True:
        if wanted and port != wanted:
            raise Problem(f"Port {wanted} is taken by another program; `--port {port}` is free.")
        try:
            return reserve(port)
        except OSError:  # since it was looked at
            port = free_port(port + 1)
