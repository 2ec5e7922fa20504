"""One run at a time in a folder, and an exit code that says how it went."""

import io
import sys

import pytest
from filelock import FileLock
from rich.console import Console

from tutorial.verifying import __main__ as main
from tutorial.verifying import jobs, words
from tutorial.verifying.jobs import Job


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for module in (jobs, main):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(words, "ROOT", tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def python(code):
    return Job("it", [sys.executable, "-c", code], "repeat it")


@pytest.mark.parametrize(("code", "expected"), [("", 0), ("raise SystemExit(5)", 1)])
def test_the_exit_code_says_whether_all_is_well(code, expected):
    file = io.StringIO()
    assert main.verify([python(code)], 1, Console(file=file)) == expected
    assert f"{1 - expected} passed, {expected} failed" in file.getvalue()


def test_a_second_run_waits_for_the_first(folder):
    """Shown by a run that gets its turn in the moment when it says that it waits."""
    lock = FileLock(folder / "lock")
    lock.acquire()

    class Told(Console):
        def print(self, *texts, **options):
            if "waits for it to end" in str(texts):
                told.append("waits")
                lock.release()

    told = []
    assert main.verify([python("")], 1, Told(file=io.StringIO())) == 0
    assert told == ["waits"]


def test_what_is_wrong_with_the_arguments_is_said(capsys):
    assert main.main(["--changed", "--since", "nowhere"]) == 2
    assert "git knows no commit 'nowhere'" in capsys.readouterr().out


@pytest.mark.parametrize(("asked", "got"), [("3", 3), ("1", 1)])
def test_the_number_of_processors_can_be_asked_for(asked, got):
    assert main.processors(asked) == got
    assert main.processors("auto") >= 1
