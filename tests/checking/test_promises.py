"""What the checkpoint tests promise to anyone who writes one, and to whoever calls them."""

import json
import shutil
import subprocess
import sys

import pytest

from tutorial.ladder import LADDER, ROOT
from tutorial.running.environment import child_environment

GOOD = '''
@pytest.mark.mend("manage.py", "Is it there?")
def test_it():
    """A promise."""
'''
LACKING = {
    "no docstring": (
        '@pytest.mark.mend("manage.py", "Is it there?")\ndef test_it():\n    pass\n',
        "has no docstring: say in one what is promised.",
    ),
    "no marker": (
        'def test_it():\n    """A promise."""\n',
        'has no marker: say @pytest.mark.mend("the file to open", "What to look for there?").',
    ),
    "one argument": (
        '@pytest.mark.mend("manage.py")\ndef test_it():\n    """A promise."""\n',
        "has the marker mend('manage.py',): it takes two arguments, a file and a question.",
    ),
}


@pytest.fixture
def promises(tmp_path):
    """Run checkpoint tests of one's own: the real conftest.py, and a module for part 1."""
    shutil.copy(ROOT / "tests" / "checkpoints" / "conftest.py", tmp_path)

    def run(code, *options):
        (tmp_path / "test_01_own.py").write_text(f"import pytest\n\n{code}", "utf-8")
        command = [sys.executable, "-m", "pytest", str(tmp_path), "-p", "no:cacheprovider", "-q"]
        return subprocess.run(
            [*command, f"--config-file={ROOT / 'pyproject.toml'}", *options],
            env=child_environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.mark.parametrize("what", LACKING)
def test_a_promise_that_would_fail_without_a_word_is_refused(promises, what):
    code, said = LACKING[what]
    result = promises(f"{GOOD}\n\n{code.replace('test_it', 'test_mine')}")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout + result.stderr
    assert f"test_01_own.py::test_mine {said}" in result.stderr, result.stderr
    assert "test_it" not in result.stderr
    assert "INTERNALERROR" not in result.stdout + result.stderr


def test_what_two_promises_lack_is_said_of_both(promises):
    result = promises("def test_one():\n    pass\n\n\ndef test_two():\n    pass\n")
    assert result.stderr.count("has no docstring") == 2
    assert result.stderr.count("has no marker") == 2


def test_the_last_part_is_the_default(promises):
    result = promises(
        GOOD + "    import os\n"
        f'    assert os.environ["TUTORIAL_PART"] == "{LADDER[-1].slug}"\n'
        f'    assert os.getcwd().endswith("{LADDER[-1].slug}")\n'
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_part_that_is_not_there_is_said(promises):
    result = promises(GOOD, "--part=jwt")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "There is no part 'jwt'" in result.stderr
    assert "Traceback" not in result.stderr, result.stderr


def test_what_only_our_parts_promise_can_be_asked_of_any_project(promises, tmp_path):
    """Of a learner's project, and of a copy of a part, only with --snapshot."""
    project = shutil.copytree(LADDER[0].path, tmp_path / "project")
    snapshot = f"@pytest.mark.snapshot{GOOD}"
    own = [f"--part={LADDER[0]}", f"--project={project}"]
    assert "1 deselected" in promises(snapshot, *own).stdout
    assert "1 passed" in promises(snapshot, *own, "--snapshot").stdout
    assert "1 passed" in promises(snapshot, f"--part={LADDER[0]}").stdout


def test_a_failure_is_told_in_words(promises, tmp_path):
    """Also of an assertion that has none, and of a token only the beginning."""
    report = tmp_path / "report.jsonl"
    old = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln is old"
    other = GOOD.replace("test_it", "test_that")
    promises(f"{GOOD}    assert [1] == [2]\n{other}    assert 0, {old!r}\n", f"--report={report}")
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    said = [line["said"] for line in lines if "said" in line]
    assert said == ["“[1] == [2]” should hold, and does not", "eyJhbGciOiJ… is old"]
