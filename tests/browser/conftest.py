"""A part on a real server, its page on another, and a real Chromium between them."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tutorial.ladder import first
from tutorial.running.server import Server, answers, serve

from ..firefox import firefox  # noqa: F401

PART = first("has_browser")
API_PORT = "8000"  # as the part's page has it


@dataclass
class Site:
    """The API and the page, each on a server of its own."""

    api: Server
    url: str  # the page's

    @property
    def api_url(self) -> str:
        """The API, by the name that the page has for this computer."""
        return self.api.url.replace("127.0.0.1", "localhost")


@contextmanager
def site(folder: Path, page_port: int) -> Iterator[Site]:
    """Serve the part's API and its page at ports that are free."""
    origins = f"http://localhost:{page_port},http://127.0.0.1:{page_port}"
    environment = {"DJANGO_CORS_ALLOWED_ORIGINS": origins}
    with serve(PART.path, environment=environment, clock=True) as api:
        copy = folder / "browser"
        shutil.copytree(PART.path / "browser", copy)
        for path in copy.iterdir():
            text = path.read_text(encoding="utf-8")
            text = text.replace(API_PORT, api.url.rpartition(":")[2])
            path.write_text(text, encoding="utf-8")
        command = [sys.executable, str(copy / "serve.py"), str(page_port)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as pages:
            try:
                while not answers(page_port):
                    assert pages.poll() is None, "the page's server has ended"
                    time.sleep(0.05)
                yield Site(api, f"http://localhost:{page_port}/")
            finally:
                pages.terminate()


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int]
) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("page"), unused_port()) as started:
        yield started


@pytest.fixture
def shop(running: Site) -> Site:
    """The site, sixteen days after the last test: its sessions are over, and limits count anew."""
    running.api.clock.advance(16 * 24 * 60 * 60)
    return running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own: its tabs share cookies with each other, and with no other test."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, shop: Site) -> Iterator[Callable[..., Page]]:
    """Open the page in a tab; whatever breaks its policy, or raises in it, fails the test."""
    complaints: list[str] = []
    context.expose_function("complain", lambda said: complaints.append(said))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " complain(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"
    )

    def open_page(at: str = shop.url) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(at)
        expect(page.locator("#products > li").first).to_be_visible()
        return page

    yield open_page
    assert complaints == []
