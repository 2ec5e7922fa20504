"""The test tools for a learner's Python: two at once, without a network, and after Ctrl-C."""

import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from tutorial.checking import tools
from tutorial.checking.project import Python
from tutorial.errors import Problem

OURS = Python("/elsewhere/python", "test", sys.version_info[:3], sys.implementation.cache_tag)
OTHER = replace(OURS, tag="cpython-399", version=(3, 99, 0))


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "KEPT", tmp_path / "check-tools")
    return tmp_path / "check-tools"


def folders(kept):
    return [path.name for path in kept.iterdir() if path.is_dir()]


def test_nothing_is_fetched_for_a_python_of_the_same_version(kept, monkeypatch):
    monkeypatch.setattr(tools, "fetch", lambda *_: pytest.fail("there may be no network"))
    [folder] = tools.tools_for(OURS, print)
    run = [sys.executable, "-S", "-c", "import pytest, pytest_django, requests, time_machine"]
    subprocess.run(run, env={"PYTHONPATH": folder}, check=True)
    assert tools.tools_for(OURS, print) == [folder]
    assert len(folders(kept)) == 1


def test_two_at_once_make_it_once(kept, monkeypatch):
    made = []

    def fetch(python, target):
        target.mkdir()
        (target / "slowly").write_text("x", "utf-8")
        made.append(target)

    monkeypatch.setattr(tools, "fetch", fetch)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(tools.tools_for(OTHER, lambda _: None)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and len({tuple(one) for one in found}) == 1
    assert len(folders(kept)) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, Problem, OSError])
def test_nothing_half_made_is_left(kept, monkeypatch, error):
    def fetch(python, target):
        target.mkdir()
        raise error

    monkeypatch.setattr(tools, "fetch", fetch)
    with pytest.raises(error):
        tools.tools_for(OTHER, lambda _: None)
    assert folders(kept) == []


def test_no_network_is_said(tmp_path, monkeypatch):
    failing = [sys.executable, "-c", "import sys; sys.exit('error: dns error')"]
    real = subprocess.run
    monkeypatch.setattr(
        tools.subprocess, "run", lambda command, **options: real(failing, **options)
    )
    with pytest.raises(Problem, match=r"Python 3\.99 could not be fetched.*Is there a network"):
        tools.fetch(OTHER, tmp_path / "half")
