import os
import random
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tutorial.ladder import ROOT
from tutorial.running.environment import (
    SOURCES,
    child_environment,
    hear_interrupts,
    tools_environment,
)
from tutorial.running.server import answers

# A test inherits nothing from the shell: neither its variables, nor that a job in the background
# of a script ignores Ctrl-C, which every child would do too.
environment = tools_environment()
os.environ.clear()
os.environ.update(environment)
hear_interrupts()


@pytest.fixture
def tutorial():
    """Run ``tutorial …`` as a person does, with an output that is no terminal.

    Of the shell, it has what an interpreter needs; ``variables`` are what a test exports.
    """

    def run(*arguments, variables=None, **options):
        result = subprocess.run(
            [sys.executable, "-m", "tutorial", *map(str, arguments)],
            cwd=options.pop("cwd", ROOT),
            env=child_environment(COLUMNS="100", **(variables or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            **options,
        )
        assert "Traceback" not in result.stdout + result.stderr, result.stderr
        return SimpleNamespace(code=result.returncode, out=result.stdout, err=result.stderr)

    return run


@pytest.fixture
def hostile(tmp_path):
    """A shell in which everything is exported that ever changed what a tool of ours does."""
    foreign = tmp_path / "foreign"
    (foreign / "tutorial").mkdir(parents=True)
    (foreign / "tutorial/__init__.py").write_text("raise SystemExit('a foreign package')", "utf-8")
    (foreign / "sitecustomize.py").write_text("print('noise from sitecustomize')", "utf-8")
    nowhere = str(tmp_path / "nowhere")
    proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    settings = ("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS", "SETTINGS_MODULE")
    tutorials = ("URL", "CLOCK_URL", "SETTINGS", "STATE", "ACCESS_LIFETIME", "PART", "ATTEMPTS")
    bare = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    return {
        **bare,
        **dict.fromkeys(proxies, "http://127.0.0.1:9"),
        **{f"DJANGO_{name}": "nonsense" for name in settings},
        **{f"TUTORIAL_{name}": "nonsense" for name in tutorials},
        "PYTHONPATH": os.pathsep.join([str(SOURCES), str(foreign)]),  # in .venv, ours comes first
        "PYTHONSTARTUP": nowhere,
        "PYTHONOPTIMIZE": "2",
        "PYTHONDEVMODE": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONHASHSEED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "--nonsense",
        "PYTEST_PLUGINS": "nonsense",
        "NOXSESSION": "nonsense",
        "NOXPYTHON": "2.7",
        "NOX_FORCE_VENV_BACKEND": "conda",
        "GIT_DIR": nowhere,
        "GIT_INDEX_FILE": nowhere,
        "GIT_CONFIG_GLOBAL": nowhere,
        "PIP_USER": "1",
        "PIP_TARGET": nowhere,
        "PIP_REQUIRE_VIRTUALENV": "1",
        "UV_SYSTEM_PYTHON": "1",
        "UV_PYTHON": "2.7",
        "UV_CONSTRAINT": nowhere,
        "UV_PROJECT_ENVIRONMENT": nowhere,
        "VIRTUAL_ENV": nowhere,
        "CONDA_PREFIX": nowhere,
        "COLUMNS": "20",
        "LINES": "5",
        "FORCE_COLOR": "1",
        "TERM": "dumb",
        "TZ": "Pacific/Chatham",
        "LC_ALL": "C",
        "LANG": "tr_TR.ISO-8859-9",
        **{f"XDG_{name}_HOME": nowhere for name in ("CACHE", "CONFIG", "DATA", "STATE")},
    }


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
