"""The test tools for a learner's Python: in a folder beside its packages, never among them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tutorial.checking.project import Python
from tutorial.errors import Problem
from tutorial.ladder import ROOT, canonical

TOOLS = ROOT / "tests" / "requirements.txt"
KEPT = ROOT / ".cache" / "check-tools"


def tools_for(python: Python, say: Callable[[str], None]) -> list[str]:
    """Return what to put on that interpreter's path for the test tools, made if need be.

    Nothing where they are installed already: in the tutorial's own environment. Raises Problem.
    """
    if python.is_ours:
        return []
    ours = python.tag == sys.implementation.cache_tag
    names = needed()
    said = TOOLS.read_bytes() + (repr(versions(names)).encode() if ours else b"")
    folder = KEPT / f"{python.tag}-{sys.platform}-{hashlib.sha256(said).hexdigest()[:8]}"
    if folder.is_dir():
        return [str(folder)]
    KEPT.mkdir(parents=True, exist_ok=True)
    half = folder.with_name(f"{folder.name}.half-{os.getpid()}")
    with one_at_a_time(folder.with_suffix(".lock")):
        if folder.is_dir():
            return [str(folder)]  # another check has made it meanwhile
        try:
            if not (ours and copy_ours(names, half)):
                say("Fetching the test tools for your Python, once …")
                fetch(python, half)
            half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return [str(folder)]


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process at a time do something; the lock ends with the process, however it ends.

    SQLite's lock on a file, which works on every platform (sqlite.org/lockingv3.html).
    """
    with closing(sqlite3.connect(path, timeout=600, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def needed() -> list[str]:
    """Return the distributions of tests/requirements.txt, and those that they need in turn."""
    text = TOOLS.read_text(encoding="utf-8")
    queue = [canonical(name) for name in re.findall(r"^[\w.-]+", text, re.MULTILINE)]
    found: list[str] = []
    while queue:
        name = queue.pop(0)
        if name in found or name == "django":
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.append(name)
        for requirement in requires:
            if "extra ==" not in requirement:
                queue.append(canonical(re.match(r"[\w.-]+", requirement)[0]))  # type: ignore[index]
    return found


def versions(names: list[str]) -> list[str]:
    return sorted(f"{name} {distribution(name).version}" for name in names)


def copy_ours(names: list[str], target: Path) -> bool:
    """Copy the tutorial's own tools, for a Python of the same version. Needs no network."""
    wanted = re.findall(r"^[\w.-]+", TOOLS.read_text(encoding="utf-8"), re.MULTILINE)
    if {canonical(name) for name in wanted} - set(names):
        return False
    for name in names:
        one = distribution(name)
        for file in one.files or []:
            source = Path(str(one.locate_file(file)))
            if ".." in file.parts or not source.is_file() or source.suffix == ".pyc":
                continue
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / file)
    return (target / "pytest").is_dir()


def fetch(python: Python, target: Path) -> None:
    """Install the tools for another Python into a folder. Raises Problem."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    requirements = ["--target", str(target), "-r", str(TOOLS)]
    if uv:
        command = [uv, "pip", "install", "--python", python.path, *requirements]
    else:
        command = [sys.executable, "-m", "pip", "--python", python.path, "install", *requirements]
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["nothing more is known"]
        version = ".".join(map(str, python.version[:2]))
        raise Problem(
            f"The test tools for Python {version} could not be fetched, and are needed once. "
            "Is there a network? A project whose Python is that of the tutorial, "
            f"{sys.version_info.major}.{sys.version_info.minor}, needs none.\n"
            f"{Path(command[0]).name} says: {lines[-1][-400:]}"
        )
