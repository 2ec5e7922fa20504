"""A temporary folder that goes with the process that made it, however that ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutorial.errors import Problem

# Waits for its parent's side of a pipe to close, and tries until the folder is gone: other
# processes of that run, which are about to end, may still be writing to it.
GUARD = """
import os, shutil, sys, time
while os.read(0, 1):
    pass
for _ in range(100):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.lexists(sys.argv[1]):
        break
    time.sleep(0.1)
"""


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder for the time of the block; its path is the real one, without links.

    ``kill -9`` leaves nobody to remove it, so a small process of its own waits for that: what is
    in the folder is gone a moment after this process. Raises Problem when no folder can be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    except OSError as error:
        raise Problem(
            f"There is no folder for temporary files ({error}): set TMPDIR to one that can be "
            "written to."
        ) from None
    guard = None
    try:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", GUARD, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder.parent,
            start_new_session=True,  # out of reach of a Ctrl-C in the terminal
        )
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if guard:
            assert guard.stdin  # noqa: S101  (a pipe: it was asked for)
            guard.stdin.close()
            guard.wait()
