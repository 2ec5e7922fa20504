import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tutorial.ladder import ROOT
from tutorial.running.environment import child_environment


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
    from playwright.sync_api import sync_playwright

    from tutorial.browser import OPTIONS

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield running
        running.close()
