import os
import random
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tutorial.ladder import ROOT
from tutorial.running.environment import child_environment
from tutorial.running.server import answers


@pytest.fixture
def tutorial():
    """Run ``tutorial …`` as a person does, with an output that is no terminal."""

    def run(*arguments, **options):
        result = subprocess.run(
            [sys.executable, "-m", "tutorial", *map(str, arguments)],
            cwd=options.pop("cwd", ROOT),
            env=child_environment(COLUMNS="100"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            **options,
        )
        assert "Traceback" not in result.stdout + result.stderr, result.stderr
        return SimpleNamespace(code=result.returncode, out=result.stdout, err=result.stderr)

    return run


@pytest.fixture(scope="session")
def unused_port():
    """Find a port that nobody listens at, nor at the next one, for what has to know it before.

    Below those that systems hand out by themselves (32768 to 60999 on Linux, from 49152 on
    elsewhere), so that nobody is given it meanwhile. Where it will do, port 0 is better.
    """
    chance = random.SystemRandom()  # pytest-randomly seeds the other one, alike in every process

    def find():
        while True:
            port = chance.randrange(10_000, 32_000)
            if not answers(port) and not answers(port + 1):
                return port

    return find


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium; without one, CI fails and everybody else skips."""
    from tutorial.browser import find_chromium

    if found := find_chromium():
        return found
    give_up = pytest.fail if os.environ.get("CI") else pytest.skip
    return give_up("No Chromium found: install one, or name it in the variable CHROMIUM.")


@pytest.fixture(scope="session")
def browser(chromium):
    """A running Chromium, one for all tests of a process."""
    from playwright.sync_api import expect, sync_playwright

    from tutorial.browser import OPTIONS

    expect.set_options(timeout=30_000)  # milliseconds: only what is broken takes as long
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield running
        running.close()
