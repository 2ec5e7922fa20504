"""Which files are a project's own: the one rule for checks, snapshots, the book and the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from tutorial.errors import Problem

# It says what a part's folder is in this repository: a learner's project has none of it.
PARTS_README = "README.md"
# What a run, an editor or a package manager leaves behind, wherever it is.
LEFTOVERS = ("__pycache__", "*.pyc", "*.egg-info", "*.sqlite3*", "node_modules", ".*")
# At the top of a project, uploads and collected files; further down, an app's own.
LEFTOVERS_AT_THE_TOP = ("env", "media", "static", "staticfiles", "venv")
# Dotfiles that belong to a project all the same.
DOTFILES = {".dockerignore", ".editorconfig", ".env.example", ".gitattributes", ".gitignore"}


def own_files(project: Path) -> Iterator[Path]:
    """Yield the project's own files, relative to its folder, in a stable order.

    Leaves out environments (any folder with a ``pyvenv.cfg``), caches, databases, uploads, and
    links that lead nowhere. Raises Problem when there is no such folder.
    """
    if not project.is_dir():
        raise Problem(f"There is no folder {project}. Is this a complete copy of the tutorial?")
    for folder, folders, files in os.walk(project):
        here = Path(folder)
        at_the_top = here == project
        folders[:] = sorted(
            name
            for name in folders
            if not is_leftover(name, at_the_top) and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if not is_leftover(name, at_the_top) and (here / name).is_file():
                yield (here / name).relative_to(project)


def is_leftover(name: str, at_the_top: bool) -> bool:
    patterns = LEFTOVERS + LEFTOVERS_AT_THE_TOP if at_the_top else LEFTOVERS
    return name not in DOTFILES and any(fnmatch(name, pattern) for pattern in patterns)


def clean_copy(project: Path, target: Path) -> None:
    """Copy a project's own files to a new or empty folder, making its parents.

    Raises Problem when the project is not there, OSError when it cannot be copied.
    """
    files = list(own_files(project))
    target.mkdir(parents=True, exist_ok=True)
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / path, target / path)
