"""What a page of the allowed origin may read of a part's responses, in a real Chromium."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tutorial.ladder import register
from tutorial.running.server import Server, serve

# Sends a request, and reads its status and some headers, as far as the browser lets a page.
ASK = """async ([url, options, names]) => {
    const response = await fetch(url, options);
    return [response.status, ...names.map((name) => response.headers.get(name))];
}"""


@contextmanager
def front_end(folder: Path) -> Iterator[int]:
    """A server of empty pages; yields its port. By either name of this computer, an origin."""
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        yield pages.server_port
        pages.shutdown()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with front_end(tmp_path_factory.mktemp("empty")) as port:
        yield port


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[Server]:
    allowed = {"DJANGO_CORS_ALLOWED_ORIGINS": f"http://localhost:{port}"}
    with serve(register.path, environment=allowed) as running:
        yield running


@pytest.fixture
def page(browser: Browser, port: int) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"http://localhost:{port}/")
    yield page
    page.close()


def test_a_page_reads_what_is_missing(page: Page, server: Server) -> None:
    names = ["WWW-Authenticate", "X-Frame-Options"]
    got = page.evaluate(ASK, [server.url + register.protected, {}, names])
    assert got == [401, 'Bearer realm="api"', None], "a header that is not named stays hidden"


def test_a_page_reads_how_long_to_wait(page: Page, server: Server) -> None:
    attempt = {
        "method": "POST",
        "body": '{"username": "nobody", "password": "a guess"}',
        "headers": {"Content-Type": "application/json"},
    }
    for _ in range(11):
        status, wait = page.evaluate(ASK, [server.url + register.login, attempt, ["Retry-After"]])
    assert status == 429
    assert 0 < int(wait) <= 60


def test_a_page_of_another_origin_reads_nothing(page: Page, port: int, server: Server) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    with pytest.raises(Exception, match="Failed to fetch"):
        page.evaluate(ASK, [server.url + register.protected, {}, []])
