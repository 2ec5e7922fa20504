"""The fence: what is written outside of a run's folders is written elsewhere, and read back."""

import subprocess
import sys
import textwrap

import pytest

from tutorial.running.environment import SOURCES


@pytest.fixture
def behind(tmp_path):
    """Run code in a process that may write below ``inside`` only; ``outside`` is not its own."""
    for name in ("inside", "outside", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "mine.txt").write_text("mine", "utf-8")

    def run(code):
        head = (
            "import os, shutil, sys, tempfile\nfrom pathlib import Path\n"
            "from tutorial.running import fence\n"
            f"here = Path({str(tmp_path)!r})\n"
            "inside, outside, state = here / 'inside', here / 'outside', here / 'state'\n"
            "fence.put_up([str(inside), str(state)], str(state))\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", head + textwrap.dedent(code)],
            env={"PYTHONPATH": str(SOURCES), "TMPDIR": str(tmp_path / "state")},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert [path.name for path in (tmp_path / "outside").iterdir()] == ["mine.txt"]
        assert (tmp_path / "outside" / "mine.txt").read_text("utf-8") == "mine"

    return run


def test_what_is_inside_is_written(behind, tmp_path):
    behind("(inside / 'x').write_text('x')")
    assert (tmp_path / "inside" / "x").read_text("utf-8") == "x"


@pytest.mark.parametrize(
    "code",
    [
        "(outside / 'x').write_text('x')\nassert (outside / 'x').read_text() == 'x'",
        "open(outside / 'mine.txt', 'a').write('!')\n"
        "assert open(outside / 'mine.txt').read() == 'mine!'",
        "open(outside / 'mine.txt', 'w').close()",
        "os.close(os.open(outside / 'x', os.O_CREAT | os.O_WRONLY))",
        "(outside / 'folder').mkdir(parents=True, exist_ok=True)",
        "os.makedirs(outside / 'a' / 'b')\n(outside / 'a' / 'b' / 'c').write_text('c')",
        "(outside / 'mine.txt').unlink()",
        "os.replace(outside / 'mine.txt', outside / 'other.txt')",
        "os.truncate(outside / 'mine.txt', 0)",
        "shutil.rmtree(outside, ignore_errors=True)",
        "(outside / 'x').touch()",
        "shutil.copyfile(outside / 'mine.txt', outside / 'copy.txt')",
        "assert (outside / 'mine.txt').read_text() == 'mine'",
        "with tempfile.NamedTemporaryFile() as file:\n    file.write(b'x')",
        "import logging\nlogging.basicConfig(filename=outside / 'a.log')\nlogging.error('x')",
    ],
)
def test_what_is_outside_stays(behind, code):
    behind(code)
