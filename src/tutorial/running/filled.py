"""A part's database and pictures as they are once filled: made once, then copied.

To migrate, to load the demo data and to scale its pictures takes a second of every start, and
comes to the same as long as the part, this package and what is installed are the same. A copy
is kept under a hash of these. Only for the parts: somebody's own project may do anything.

Standard library only, because checkpoint tests import it in a part's own environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from contextlib import suppress
from pathlib import Path

from tutorial.ladder import LADDER, ROOT
from tutorial.project_files import own_files
from tutorial.running.environment import DATABASE, UPLOADS

KEPT = ROOT / ".cache" / "filled"
MOST = 40  # copies that are kept


def place(project: Path, *facts: str) -> Path | None:
    """Return the folder where a part's filled state is kept, or would be; None for no part.

    ``facts`` are what it depends on beside the project's files and what is installed.
    """
    if project not in {part.path for part in LADDER}:
        return None
    packages = Path(sysconfig.get_path("purelib"))  # which changes with each that comes or goes
    seen = (sys.version, str(packages), packages.stat().st_mtime_ns, facts)
    found = hashlib.sha256(repr(seen).encode())
    for folder in (project, Path(__file__).parent):
        for path in own_files(folder):
            found.update(f"\n{path.as_posix()}\n".encode() + (folder / path).read_bytes())
    return KEPT / f"{project.name}-{found.hexdigest()[:16]}"


def take(kept: Path, database: Path, uploads: Path) -> bool:
    """Copy what is kept to a run's database and uploads; return whether there is any."""
    try:
        os.utime(kept)  # in use: the oldest are removed first
        if (kept / UPLOADS).is_dir():
            shutil.copytree(kept / UPLOADS, uploads)
        shutil.copyfile(kept / DATABASE, database)
    except (OSError, shutil.Error):  # there is none, or no longer
        shutil.rmtree(uploads, ignore_errors=True)
        return False
    return True


def keep(kept: Path, database: Path, uploads: Path) -> None:
    """Keep a copy of a database that is closed, and of its uploads: whole, or not at all."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=kept.parent) as half:
            shutil.copyfile(database, Path(half, DATABASE))
            if uploads.is_dir():
                shutil.copytree(uploads, Path(half, UPLOADS))
            Path(half).rename(kept)  # unless another run was quicker
            Path(half).mkdir()  # to be removed
        others = kept.parent.iterdir()
        for old in sorted(others, key=lambda path: -path.stat().st_mtime)[MOST:]:
            shutil.rmtree(old, ignore_errors=True)
