"""Copies of a part without what runs leave in it: to go on from, and to compare."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Container
from pathlib import Path
from tempfile import TemporaryDirectory

from tutorial.errors import Problem
from tutorial.ladder import Part
from tutorial.project_files import PARTS_README, clean_copy


def start(part: Part, target: Path) -> list[str]:
    """Copy a part into a new or empty folder, and return the commands that make it run.

    Raises Problem, and leaves nothing behind, when the folder cannot be used or copying fails.
    """
    target = target.expanduser().absolute()
    refuse_to_start_in(target, part.path.parent)
    there_already = target.exists()
    topmost = first_missing(target)
    try:
        copy_project(part, target)
    except BaseException as error:  # Ctrl+C must not leave half a project either
        for made in target.iterdir() if there_already else [topmost]:
            if made.is_dir():
                shutil.rmtree(made)
            elif made.exists():
                made.unlink()
        if isinstance(error, OSError):
            raise Problem(
                f"{part.slug} could not be copied to {target}, and nothing was kept there: "
                f"{error}. Fix that, or choose another folder."
            ) from error
        raise
    return next_steps(part, target, windows=os.name == "nt")


def copy_project(part: Part, target: Path) -> None:
    """Copy what a learner's project has of a part: all but its README."""
    clean_copy(part.path, target)
    (target / PARTS_README).unlink(missing_ok=True)


def refuse_to_start_in(target: Path, parts: Path) -> None:
    """Raise Problem when a project must not be started in this folder."""
    if target.resolve().is_relative_to(parts.resolve()):
        raise Problem(
            f"{target} is inside {parts}, which holds only the tutorial's own parts. "
            "Choose a folder somewhere else."
        )
    if target.is_dir():
        if any(target.iterdir()):
            raise Problem(
                f"{target} is not empty. Choose a new or an empty folder; or, if what is in it is "
                "yours and you want to start over, rename it first."
            )
    elif target.exists():
        raise Problem(f"{target} is a file. Choose a new or an empty folder.")


def first_missing(target: Path) -> Path:
    """Return the topmost folder that has to be made for a new one to be there."""
    while not target.parent.exists():
        target = target.parent
    return target


def next_steps(part: Part, target: Path, *, windows: bool) -> list[str]:
    """Return the commands, one a line, that make a fresh copy run."""
    steps = [
        f'cd "{target}"',
        # The prompt then names the project, as the book's labels do.
        f"{'py' if windows else 'python3'} -m venv .venv --prompt reviews",
        r".venv\Scripts\activate" if windows else "source .venv/bin/activate",
        "python -m pip install -r requirements.txt",
        "python -m pip install requests",  # with which the chapters talk to the server
        "python manage.py migrate",
        "python manage.py loaddata demo",
    ]
    if part.pictures:
        steps.append("python manage.py load_pictures")
    return [*steps, "python manage.py runserver"]


def diff(old: Part, new: Part, *, stat: bool = False, color: bool = False) -> str:
    """Return what changed from one part to another, as a patch for `git apply` or in numbers.

    Raises Problem when a part or git is missing.
    """
    with TemporaryDirectory() as name:
        home = Path(name).resolve()
        env = untouched_by_the_user(home)
        run_git("init", "--quiet", "--bare", str(home / "git"), cwd=home, env=env)
        # Two trees in a repository of their own, not `--no-index`: the paths then come out
        # as a learner's project has them, for new and deleted files and in `--stat` too.
        trees = []
        for side, part in (("a", old), ("b", new)):
            folder = home / side
            copy_project(part, folder)
            git = (f"--git-dir={home / 'git'}", f"--work-tree={folder}")
            run_git(*git, "add", "--all", "--force", ".", cwd=folder, env=env)
            tree = run_git(*git, "write-tree", cwd=folder, env=env).stdout
            trees.append(tree.decode("ascii").strip())
        return run_git(
            "-c",
            "core.quotePath=false",
            f"--git-dir={home / 'git'}",
            "diff",
            "--no-renames",
            f"--color={'always' if color else 'never'}",
            "--stat" if stat else "--binary",
            *trees,
            cwd=home,
            env=env,
        ).stdout.decode("utf-8", "replace")


def write(patch: str, path: Path) -> None:
    """Write a patch as git reads it: what a shell's ``>`` makes of it differs (PowerShell: UTF-16).

    Raises Problem when it cannot be written.
    """
    try:
        path.expanduser().write_bytes(patch.encode())
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}.") from error


def untouched_by_the_user(home: Path) -> dict[str, str]:
    """Return an environment in which git reads no one's configuration, with an empty home."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # The home folder and not GIT_CONFIG_GLOBAL, which knows nothing of the user's attributes.
    return mine | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def run_git(
    *arguments: str,
    cwd: Path,
    feed: bytes = b"",
    env: dict[str, str] | None = None,
    good: Container[int] = (0,),
) -> subprocess.CompletedProcess[bytes]:
    """Run git and return how it ended, its output as bytes.

    Raises Problem when git is missing or ends with a code that is not among the good ones.
    """
    git = shutil.which("git")
    if git is None:
        raise Problem("This needs git, and there is none here: install it (https://git-scm.com).")
    done = subprocess.run(
        [git, *arguments], cwd=cwd, input=feed, env=env, capture_output=True, check=False
    )
    if done.returncode not in good:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Problem(f"`git {' '.join(arguments)}` failed in {cwd}: {said}")
    return done
