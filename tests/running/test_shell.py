"""With everything exported at once, every way to start something works as in a bare shell."""

import re
import signal
import subprocess
import sys

import pytest
import requests

from tutorial.ladder import LADDER, ROOT
from tutorial.project_files import clean_copy
from tutorial.running.server import free_port

from .asking import PART, images, login

# What the scripts of the README do once .venv is there: with this interpreter in place of its own.
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bootstrap
bootstrap.ready, bootstrap.PYTHON = lambda: True, Path(sys.executable)
bootstrap.main(sys.argv[2:])
"""
COMMAND = [sys.executable, "-m", "tutorial"]


def script(*arguments):
    return [sys.executable, "-c", SCRIPT, str(ROOT / "scripts"), *arguments]


def run(command, environment, seconds=240):
    """Run this to its end; return what it said, in one line without colours."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, said
    return " ".join(said.split())


def test_the_demo(hostile):
    said = run(script("-m", "tutorial", "demo"), hostile)
    kept, promised = re.search(r"(\d+) of (\d+) promises kept", said).groups()
    assert kept == promised


def test_a_check(hostile, tmp_path):
    project = tmp_path / "project"
    clean_copy(PART.path, project)
    said = run([*COMMAND, "check", str(PART), str(project)], hostile)
    assert re.search(rf"All \d+ promises up to part {PART.number}, .*, hold", said), said


def test_a_difference(hostile):
    assert "SIMPLE_JWT" in run([*COMMAND, "diff", str(PART.before), str(PART)], hostile)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT as a terminal does")
def test_a_server(hostile):
    port = free_port(20_000)
    process = subprocess.Popen(
        [*COMMAND, "serve", str(PART), "--port", str(port)],
        env=hostile,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        said = ""
        while "Its log" not in " ".join(said.split()):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        url = f"http://127.0.0.1:{port}"
        assert images(url, login(url).json()["access"]).status_code == 200
        assert requests.get(url + PART.products, timeout=30).json()["count"] == 15
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_session(hostile, tmp_path):
    """As `scripts/test.py` starts it; what it installs is in uv's cache, where this was, too."""
    cache = subprocess.check_output(["uv", "cache", "dir"], encoding="utf-8").strip()
    first = LADDER[0]
    hostile |= {"UV_CACHE_DIR": cache, "UV_OFFLINE": "1"}  # the proxy of that shell leads nowhere
    session = f"checkpoint({first.slug})"
    run(script("-m", "nox", "--envdir", str(tmp_path / "nox"), "-s", session), hostile)
