"""The labs and the browser that the tests share: started once, and used by all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from tutorial.lab import Lab, lab
from tutorial.ladder import ROOT
from tutorial.running.server import free_port, serve

from .pages import BLACKLIST, REFUSED, TOKENS, Visit


def own_port(start: int) -> int:
    """Return a free port that no other process of pytest-xdist takes meanwhile."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return free_port(start + 10 * worker)


@contextmanager
def waiting_lab() -> Iterator[Lab]:
    """A part with a short lifetime in place of a clock, as a server of one's own."""
    port = own_port(3200)
    origin = {"DJANGO_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}"}
    with (
        serve(TOKENS.path, access_lifetime=8, environment=origin) as server,
        lab(TOKENS, port=port, url=server.url) as own,
    ):
        yield own


@contextmanager
def lab_command() -> Iterator[SimpleNamespace]:
    """The lab as `tutorial lab` runs it: a process of its own, its page's port, its folder."""
    port = own_port(3100)
    code = (
        "from rich.console import Console; from tutorial.lab import run;"
        "from tutorial.ladder import first; part = first('has_tokens');"
        f"run(part=part, port={port}, url=None, open_browser=False, console=Console())"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": folder}
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment, text=True, stdout=subprocess.PIPE
        ) as process:
            yield SimpleNamespace(process=process, port=port, folder=Path(folder))
            process.kill()


AHEAD = {
    "part_10": lambda: lab(BLACKLIST, port=own_port(3300)),
    "waiting": waiting_lab,
    "command": lab_command,
}


@pytest.fixture(scope="session")
def ahead(request: pytest.FixtureRequest) -> Iterator[dict[str, Future]]:
    """Start the servers that are needed later on, while the first tests run."""
    needed = {name for item in request.session.items for name in item.fixturenames}
    with ExitStack() as stack, ThreadPoolExecutor(1) as starter:
        yield {
            name: starter.submit(lambda start=start: stack.enter_context(start()))
            for name, start in AHEAD.items()
            if name in needed
        }


@pytest.fixture(scope="session")
def running(ahead: dict[str, Future]) -> Iterator[Lab]:
    with lab(TOKENS, port=own_port(3000)) as started:
        yield started


@pytest.fixture
def part_10(ahead: dict[str, Future]) -> Lab:
    """The lab of part 10, a minute after the last test, so that the throttle counts anew."""
    started = ahead["part_10"].result()
    started.server.clock.advance(61)
    return started


@pytest.fixture
def waiting(ahead: dict[str, Future]) -> Lab:
    return ahead["waiting"].result()


@pytest.fixture
def command(ahead: dict[str, Future]) -> SimpleNamespace:
    return ahead["command"].result()


@pytest.fixture
def visit(browser: Browser, running: Lab) -> Iterator[Visit]:
    """Open the lab in a browser of its own; whatever it should not have done fails the test."""
    complaints: list[str] = []
    opened: list[Page] = []

    def open_lab(
        at: Lab = running, *, expected: tuple[str, ...] = (REFUSED,), hurry: bool = False, **options
    ) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation',"
            " (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )
        if hurry:  # nobody has to read the captions
            page.add_init_script(
                "const later = setTimeout;"
                "window.setTimeout = (what, delay) => later(what, Math.min(delay, 20));"
            )

        def hear(message) -> None:
            if message.type in {"error", "warning"} and not any(
                known in message.text for known in expected
            ):
                complaints.append(f"console: {message.text}")

        def watch(request) -> None:
            if not request.url.startswith((at.url, f"{at.api}/")):
                complaints.append(f"foreign request: {request.url}")

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", watch)
        page.goto(at.url)
        expect(page.locator("body[data-ready]")).to_be_attached()
        opened.append(page)
        return page

    yield open_lab
    for page in opened:
        complaints += [f"policy: {each}" for each in page.evaluate("window.violations")]
        page.context.close()
    assert complaints == []


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    """Take a picture, where a folder for pictures is named."""
    folder = os.environ.get("TUTORIAL_ARTIFACTS")

    def take(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"lab-{name}.png")

    return take
