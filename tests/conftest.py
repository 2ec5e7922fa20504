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
