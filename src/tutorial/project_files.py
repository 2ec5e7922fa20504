"""Which files are a project's own: the one rule for checks, snapshots, the book and the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
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

# For a check, which needs what runs, and nothing of what a project has gathered.
HEAVY = 1_000_000  # bytes; no source file, template or fixture of the tutorial comes near
GATHERED = ("*.log", "*.db", "*.dump", "*.sql", "*.bak", "*.zip", "*.tar", "*.gz", "*.7z",
            "*.mp4", "*.mov", "*.avi", "*.mp3", "*.wav", "*.iso", "*.bin")  # fmt: skip


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
            if not is_leftover(name, at_the_top) and not is_environment(here / name)
        )
        for name in sorted(files):
            if not is_leftover(name, at_the_top) and (here / name).is_file():
                yield (here / name).relative_to(project)


def is_leftover(name: str, at_the_top: bool) -> bool:
    patterns = LEFTOVERS + LEFTOVERS_AT_THE_TOP if at_the_top else LEFTOVERS
    return name not in DOTFILES and any(fnmatch(name, pattern) for pattern in patterns)


def is_environment(folder: Path) -> bool:
    """Whether the folder is a virtual environment, of whatever name."""
    return (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").is_dir()


def clean_copy(project: Path, target: Path) -> None:
    """Copy a project's own files to a new or empty folder, making its parents.

    Raises Problem when the project is not there, OSError when it cannot be copied.
    """
    files = list(own_files(project))
    target.mkdir(parents=True, exist_ok=True)
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / path, target / path)


def what_runs(project: Path) -> Iterator[Path]:
    """Yield the files that somebody's project needs to run: its own, and every ``.env``.

    A folder without any Python below it that is full of pictures, or a file of megabytes, is
    what the project has gathered. Links are followed once; what cannot be read is left out.
    """
    seen: set[tuple[int, int]] = set()

    def walk(here: Path) -> Iterator[Path]:
        at_the_top = here == project
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            return
        python = any(entry.name.endswith(".py") for entry in entries)
        for entry in entries:
            path = here / entry.name
            with suppress(OSError):
                if entry.is_dir():
                    status = entry.stat()
                    mark = (status.st_dev, status.st_ino)
                    leftover = is_leftover(entry.name, at_the_top) and not (
                        # An app may be called media; a folder of uploads holds no package.
                        entry.name in LEFTOVERS_AT_THE_TOP and (path / "__init__.py").is_file()
                    )
                    uploads = entry.name in {"media", "uploads"} and not any(path.glob("*.py"))
                    if (
                        leftover
                        or uploads
                        or is_environment(path)
                        or (os.name != "nt" and mark in seen)
                    ):
                        continue
                    seen.add(mark)
                    yield from walk(path)
                elif entry.is_file() and is_needed(entry, at_the_top, python):
                    yield path.relative_to(project)

    yield from walk(project)


def is_needed(entry: os.DirEntry[str], at_the_top: bool, python: bool) -> bool:
    name = entry.name
    if name.startswith(".env"):
        return entry.stat().st_size < HEAVY
    if is_leftover(name, at_the_top) or any(fnmatch(name, pattern) for pattern in GATHERED):
        return False
    return name.endswith(".py") or entry.stat().st_size < HEAVY


def copy_what_runs(project: Path, target: Path) -> None:
    """Copy what a project needs to run to a new folder that may be written to.

    Raises Problem when a Python file of the project cannot be read.
    """
    target.mkdir(parents=True)
    for path in what_runs(project):
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(project / path, copy)
        except OSError as error:
            if path.suffix == ".py":
                raise Problem(
                    f"{path.as_posix()} cannot be read: {error.strerror}. "
                    "Give yourself permission to read it, and check again."
                ) from None
    for path in project.parent.glob(".env*"):  # one for several projects
        with suppress(OSError):
            if path.is_file() and path.stat().st_size < HEAVY:
                shutil.copyfile(path, target.parent / path.name)
