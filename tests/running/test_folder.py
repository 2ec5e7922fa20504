"""A temporary folder goes with the process that made it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.errors import Problem
from tutorial.running.environment import child_environment
from tutorial.running.folder import temporary_folder

from .asking import wait_for

MAKES_ONE = """
import subprocess, sys, time
from tutorial.running.folder import temporary_folder
with temporary_folder("made-") as folder:
    if "writer" in sys.argv:  # goes on writing for a moment when its parent is gone
        writer = "import sys, time, pathlib\\nfor n in range(40):\\n"
        writer += " pathlib.Path(sys.argv[1], str(n)).touch(); time.sleep(0.02)"
        subprocess.Popen([sys.executable, "-c", writer, folder])
    print(folder, flush=True)
    time.sleep(600)
"""


def test_it_is_gone_after_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), temporary_folder("made-") as folder:
        (folder / "in it").mkdir()
        _ = 1 / 0
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("more", [[], ["writer"]])
def test_it_is_gone_after_a_kill(more):
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES_ONE, *more],
        env=child_environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    folder = Path(process.stdout.readline().strip())
    assert folder.is_dir()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    wait_for(lambda: not folder.exists())


def test_where_none_can_be_made_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(Problem, match="set TMPDIR"), temporary_folder("made-"):
        pass
