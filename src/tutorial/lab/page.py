"""The lab's page: its files, the facts it is told, and the server's clock.

The page asks for the clock here, because no page of another origin can reach the clock's own
control port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tutorial.ladder import Part, first
from tutorial.loopback import Handler, Refused, respond
from tutorial.questions import questions_of_the_lab
from tutorial.running.clock import Clock, read_seconds
from tutorial.running.server import PASSWORD
from tutorial.tokens import MEANINGS

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
FILES = {
    f"/{path.name}": path
    for path in (Path(__file__).parent / "web").iterdir()
    if path.suffix in CONTENT_TYPES
}
FILES["/"] = FILES["/index.html"]


def facts(part: Part, api: str, *, has_clock: bool) -> dict[str, Any]:
    """Return what the page is told, in ``/config.json``: the API, the part, and the words."""
    return {
        "part": part.number,
        "title": part.title,
        "api": api,
        "clock": has_clock,
        "login": part.login,
        "refresh": part.refresh,
        "logout": part.logout or None,
        "logoutAll": part.logout_all or None,
        "protected": part.protected,
        "hasBlacklist": part.has_blacklist,
        "sessions": part.sessions or None,
        "username": "demo",
        "password": PASSWORD,
        "meanings": MEANINGS,
        "questions": questions_of_the_lab(),
        "firstWithTokens": first("has_tokens").number,
        "firstWithBlacklist": first("has_blacklist").number,
    }


@contextmanager
def page(
    server: ThreadingHTTPServer, config: dict[str, Any], clock: Clock | None
) -> Iterator[None]:
    """Let this server, which has its port already, serve the page."""
    respond(server, _handler(config, clock))
    try:
        yield
    finally:
        server.shutdown()


def _handler(config: dict[str, Any], clock: Clock | None) -> type[Handler]:
    policy = (
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
    )

    class Page(Handler):
        every_response = {
            "Content-Security-Policy": "; ".join(policy),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

        def get(self) -> None:
            if self.path in FILES:
                path = FILES[self.path]
                self.send_body(path.read_bytes(), CONTENT_TYPES[path.suffix])
            elif self.path == "/config.json":
                self.send_json(config)
            elif self.path == "/clock" and clock:
                self.send_time(clock.now)
            else:
                super().get()

        def post(self, content: Any) -> None:
            if self.path != "/clock" or not clock:
                return super().post(content)
            seconds = read_seconds(content)
            self.send_time(lambda: clock.advance(seconds))

        def send_time(self, ask: Callable[[], float]) -> None:
            try:
                now = ask()
            except ValueError as error:
                raise Refused(400, str(error)) from None
            except OSError:
                raise Refused(502, "The server's clock does not respond.") from None
            self.send_json({"now": now})

    return Page
