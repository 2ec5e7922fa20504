"""What is said while jobs run, and what is said of one that failed."""

import io
import os
import re
import subprocess
import sys

import pytest
from rich.console import Console

from tutorial.verifying import jobs, words
from tutorial.verifying.jobs import Job
from tutorial.verifying.words import Board, first_failure, report

MODULE = """
import pytest

def test_good():
    assert True

@pytest.mark.parametrize("name", ["a b"])
def test_bad(name):
    left = 1
    assert left == 2, "the sum is wrong"

def test_worse():
    raise OSError("no disk")
"""
ERROR = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("no fixture")

def test_error(broken): ...
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "FOLDER", tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def output_of_pytest(folder, code, *options):
    (folder / "test_it.py").write_text(code, encoding="utf-8")
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-ra",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        *options,
        "test_it.py",
    ]
    environment = {name: os.environ[name] for name in os.environ if "PYTEST" not in name}
    done = subprocess.run(
        run, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode in {1, 2}  # 2: it could not collect the tests
    return done.stdout


@pytest.mark.parametrize("options", [[], ["-n1"], ["-q"]], ids=str)
def test_the_first_failing_test_is_found_with_its_words(folder, options):
    failure = first_failure(output_of_pytest(folder, MODULE, *options))
    assert failure.test == "test_it.py::test_bad[a b]"
    assert failure.words[0] == "AssertionError: the sum is wrong"
    assert not any("no disk" in line for line in failure.words)


def test_an_error_before_a_test_is_found(folder):
    failure = first_failure(output_of_pytest(folder, ERROR))
    assert failure.test == "test_it.py::test_error"
    assert failure.words == ["RuntimeError: no fixture"]


def test_a_module_that_cannot_be_imported_is_found(folder):
    failure = first_failure(output_of_pytest(folder, "import nowhere_at_all"))
    assert failure.test == "test_it.py"
    assert failure.words == ["ModuleNotFoundError: No module named 'nowhere_at_all'"]


def test_of_what_is_no_test_the_last_words_are_given():
    said = [f"line {number}" for number in range(40)]
    nox = ["nox > Command ruff check failed with exit code 1", "nox > Session style failed."]
    failure = first_failure("\n".join([*said, *nox]))
    assert not failure.test
    assert failure.words == said[-words.LONGEST_EXCERPT :]


RED = """\
Using --randomly-seed=7
=================================== FAILURES ===================================
_________________________________ test_a[a b] __________________________________

>       assert 1 == 2
E       AssertionError: one is not two

tests/x/test_x.py:3: AssertionError
=========================== short test summary info ============================
FAILED tests/x/test_x.py::test_a[a b] - AssertionError: one is not two
"""


def told(jobs):
    file = io.StringIO()
    report(jobs, 90, Console(file=file, width=200))
    return file.getvalue()


def job(name, outcome, seconds=0, output="", **options):
    job = Job(name, [], f"repeat {name}", f"repeat {name} --", **options)
    job.outcome, job.seconds = outcome, seconds
    job.log.write_text(output, encoding="utf-8")
    return job


@pytest.fixture
def some(folder, monkeypatch):
    monkeypatch.setattr(words, "ROOT", folder)
    return [
        job("docs", "passed", 61.4),
        job("x", "failed", 3, RED),
        job("pythons-3.99", "skipped", 1, note="no such Python"),
        job("lab", "waiting"),
    ]


def test_the_report_is_a_table_and_what_failed(some):
    lines = [line.rstrip() for line in told(some).splitlines()]
    table = lines[1 : lines.index("", 1)]
    assert [line.split()[:3] for line in table] == [
        ["session", "seconds"],
        ["✗", "x", "3"],
        ["✓", "docs", "61"],
        ["·", "pythons-3.99", "1"],
        ["lab", "not", "finished"],
    ]
    assert lines[lines.index("✗ x") :] == [
        "✗ x",
        "  tests/x/test_x.py::test_a[a b]",
        "    AssertionError: one is not two",
        '  Repeat: repeat x -- "tests/x/test_x.py::test_a[a b]" -p randomly --randomly-seed=7',
        "  Everything it wrote: x.log",
        "",
        "sessions: 1 passed, 1 failed, 1 skipped in 1 min 30 s",
    ]


def test_on_github_the_table_is_on_the_run_s_page(some, folder, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    (folder / "summary.md").write_text("before\n", encoding="utf-8")
    told(some)
    lines = (folder / "summary.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "before"
    assert lines[3].startswith('| ❌ | x | 3 | `repeat x -- "tests/x/test_x.py::test_a[a b]"')
    assert "| ✅ | docs | 61 |  |" in lines


def test_without_a_terminal_everything_is_printed_and_what_there_is_to_do(some):
    file = io.StringIO()
    running = job("tools", "running", output="all of\nits output\n", expected=60)
    with Board([*some[:3], running], 2, Console(file=file, width=80)) as board:
        board.started(running)
        running.outcome, running.seconds = "passed", 58
        board.finished(running)
    text = re.sub(r"\d+ s so far", "0 s so far", file.getvalue())  # however busy the machine is
    assert "tools begins, 1 min the last time (3 of 4 done, 1 red, 0 s so far)" in text
    assert "\nall of\nits output\n" in text
    assert "✓ tools 58 s (4 of 4 done, 1 red, 0 s so far)" in text


def test_on_a_terminal_there_is_a_board(some):
    file = io.StringIO()
    running = job("tools", "running", output="earlier\r\x1b[32mtwo\x1b[0m\n\n", expected=60)
    console = Console(file=file, width=80, force_terminal=True, color_system=None)
    with Board([running, *some], 2, console) as board:
        running.began = board.began
        console.print(board.board())
        board.finished(some[0])
    text = file.getvalue()
    assert "3 of 5 done, 1 red, " in text
    assert "so far, about" not in text  # of `lab` nothing is known
    assert "tools" in text and "of about 1 min" in text and "two" in text
    assert "earlier" not in text
