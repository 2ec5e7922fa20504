"""A built playground, a static host that is as strict as hosts can be, and a browser."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

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


@pytest.fixture
def visit(browser: Browser, host: str) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own; whatever it should not have done fails the test."""
    complaints: list[str] = []
    opened: list[Page] = []

    def open_page(path: str, *, hurry: bool = False, expected: tuple[str, ...] = (), **options):
        options.setdefault("viewport", {"width": 1280, "height": 800})
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(30_000)
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation',"
            " (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )
        if hurry:  # nobody has to read the captions
            page.add_init_script(
                "const later = setTimeout;"
                "window.setTimeout = (what, delay) =>"
                " later(what, delay < 30000 ? Math.min(delay, 20) : delay);"
            )

        def hear(message) -> None:
            known = (REFUSED, SETTLING, *expected)
            if message.type in {"error", "warning"} and not any(
                each in message.text for each in known
            ):
                complaints.append(f"console: {message.text}")

        def watch(request) -> None:
            if not request.url.startswith(host):
                complaints.append(f"foreign request: {request.url}")

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.context.on("request", watch)
        page.goto(host + path)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        complaints += [f"policy: {each}" for each in page.evaluate("window.violations")]
        page.context.close()
    assert complaints == []
