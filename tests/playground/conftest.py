"""A built playground, a static host that is as strict as hosts can be, and a browser."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tutorial.playground.build import build

from ..firefox import firefox  # noqa: F401

# The least that a page needs: its own files, and leave to compile WebAssembly.
POLICY = (
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types playground",
)
REFUSED = "the server responded with a status of 4"
WIDE = {"width": 1280, "height": 800}
HURRY = """
    const later = setTimeout;
    window.setTimeout = (what, delay) =>
        later(what, window.hurry && delay < 30000 ? Math.min(delay, 20) : delay);
"""
SETTLING = "Measure loop restarted"  # CodeMirror, while the page around it finds its size


class StaticHost(SimpleHTTPRequestHandler):
    """Serves files, under that policy, and does not compress them."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "; ".join(POLICY))
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a playground, built for these tests."""
    return build(tmp_path_factory.mktemp("playground") / "site").path


@pytest.fixture(scope="session")
def host(site: Path) -> Iterator[str]:
    """The URL of a host that serves it."""
    handler = functools.partial(StaticHost, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.1], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Visitor:
    """Opens pages, each in a browser of its own, and hears what they should not have done."""

    def __init__(self, browser: Browser, host: str) -> None:
        self.browser = browser
        self.host = host
        self.complaints: list[str] = []
        self.opened: list[Page] = []

    def __call__(
        self,
        path: str,
        *,
        hurry: bool = False,
        kept: dict[str, str] | None = None,
        expected: tuple[str, ...] = (),
        **options: Any,
    ) -> Page:
        """Open a page; ``kept`` is what this browser has stored for it.

        In a ``hurry``, nobody reads the captions. (`window.hurry` says so later on, too.)
        """
        options.setdefault("viewport", WIDE)
        page = self.browser.new_context(**options).new_page()
        page.set_default_timeout(30_000)
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation',"
            " (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )
        page.add_init_script(HURRY + f"window.hurry = {json.dumps(hurry)};")
        for key, value in (kept or {}).items():
            page.add_init_script(f"localStorage.setItem({json.dumps(key)}, {json.dumps(value)})")

        def hear(message: ConsoleMessage) -> None:
            known = (REFUSED, SETTLING, *expected)
            if message.type in {"error", "warning"} and not any(
                each in message.text for each in known
            ):
                self.complaints.append(f"console: {message.text}")

        def watch(request: Request) -> None:
            if not request.url.startswith(self.host):
                self.complaints.append(f"foreign request: {request.url}")

        page.on("console", hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.context.on("request", watch)
        page.goto(self.host + path)
        self.opened.append(page)
        return page

    def look(self) -> None:
        """Fail when a page has done what it should not."""
        for page in self.opened:
            seen = page.evaluate("window.violations.splice(0)")
            self.complaints += [f"policy: {each}" for each in seen]
        complaints, self.complaints = self.complaints, []
        assert complaints == []

    def close(self) -> None:
        for page in self.opened:
            page.context.close()


@pytest.fixture
def visit(browser: Browser, host: str) -> Iterator[Visitor]:
    """Open a page in a browser of its own; whatever it should not have done fails the test."""
    visitor = Visitor(browser, host)
    yield visitor
    try:
        visitor.look()
    finally:
        visitor.close()
