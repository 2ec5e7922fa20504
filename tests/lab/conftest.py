"""The labs and the browser that the tests share: started once, and used by all of them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from tutorial.lab import Lab, lab
from tutorial.ladder import ROOT
from tutorial.running.server import serve

from .pages import BLACKLIST, REFUSED, SESSIONS, TOKENS, Visit


@contextmanager
def waiting_lab(port: int) -> Iterator[Lab]:
    """A part as a server of one's own, with a clock that its page knows nothing of."""
    origin = {"DJANGO_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}"}
    with (
        serve(TOKENS.path, clock=True, environment=origin) as server,
        lab(TOKENS, port=port, url=server.url) as own,
    ):
        yield replace(own, server=server)


@contextmanager
def lab_command(port: int) -> Iterator[SimpleNamespace]:
    """The lab as `tutorial lab` runs it: a process of its own, its page's port, its folder."""
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
    "part_10": lambda port: lab(BLACKLIST, port=0),
    "part_11": lambda port: lab(SESSIONS, port=0),
    "waiting": waiting_lab,
    "command": lab_command,
}


@pytest.fixture(scope="session")
def ahead(
    request: pytest.FixtureRequest, unused_port: Callable[[], int]
) -> Iterator[dict[str, Future]]:
    """Start the servers that are needed later on, while the first tests run."""
    needed = {name for item in request.session.items for name in item.fixturenames}
    with ExitStack() as stack, ThreadPoolExecutor(1) as starter:
        yield {
            name: starter.submit(lambda start=start: stack.enter_context(start(unused_port())))
            for name, start in AHEAD.items()
            if name in needed
        }


@pytest.fixture(scope="session")
def running(ahead: dict[str, Future]) -> Iterator[Lab]:
    with lab(TOKENS, port=0) as started:
        yield started


@pytest.fixture
def part_10(ahead: dict[str, Future]) -> Lab:
    """The lab of part 10, a minute after the last test, so that the throttle counts anew."""
    started = ahead["part_10"].result()
    started.server.clock.advance(61)
    return started


FORTY_DAYS = 40 * 24 * 60 * 60  # seconds: no test lets as much pass
LATER = itertools.count(FORTY_DAYS, FORTY_DAYS)


@pytest.fixture
def part_11(ahead: dict[str, Future]) -> Lab:
    """The lab of part 11, later than all that a test has left there, wherever its clock is now."""
    started = ahead["part_11"].result()
    clock = started.server.clock
    clock.advance(time.time() + next(LATER) - clock.now())
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
        at: Lab = running,
        *,
        expected: tuple[str, ...] = (REFUSED,),
        hurry: bool = False,
        own_clock: bool = False,
        **options,
    ) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(30_000)
        if own_clock:  # that a test can move
            page.clock.install()
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
