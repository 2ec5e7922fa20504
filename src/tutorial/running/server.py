"""The one way to run a part: for the demo, the tests, the notebooks and the pages.

Standard library only, because checkpoint tests import it in a part's own environment.
"""

from __future__ import annotations

import json
import queue
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutorial.errors import Problem
from tutorial.running import filled
from tutorial.running.child import PASSWORD
from tutorial.running.clock import Clock
from tutorial.running.environment import DATABASE, UPLOADS, project_environment
from tutorial.running.folder import temporary_folder

__all__ = ["PASSWORD", "Server", "answers", "free_port", "serve"]

START_TIMEOUT = 120  # seconds; a slow disk and a cold cache need some


@dataclass
class Server:
    """A running server: its URL, its clock if that can be moved, its state, and its log."""

    url: str
    clock: Clock | None
    process: subprocess.Popen[str]
    state: Path  # the folder of its database and uploads
    log_path: Path | None = None  # None when it writes to the terminal

    def log(self) -> str:
        """Return what the server has written so far (nothing, when it writes to the terminal)."""
        if self.log_path is None:
            return ""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def database(self) -> Path:
        """The SQLite file that the server works on."""
        return self.state / DATABASE

    def copy_state(self, target: Path) -> None:
        """Copy the database and the uploads to a new folder, for another server to go on from.

        The server may be writing meanwhile: the database is copied by SQLite's backup API, which
        takes no half-written transaction along (sqlite.org/backup.html), as copying the file
        could. Raises FileExistsError when there is such a folder.
        """
        target.mkdir(parents=True)
        with (
            closing(sqlite3.connect(self.database)) as ours,
            closing(sqlite3.connect(target / DATABASE)) as copy,
        ):
            ours.backup(copy)
        if (self.state / UPLOADS).is_dir():
            shutil.copytree(self.state / UPLOADS, target / UPLOADS)


@contextmanager
def serve(
    project: Path,
    *,
    port: int = 0,
    clock: bool = False,
    access_lifetime: float | None = None,
    keep: Path | None = None,
    state: Path | None = None,
    settings: str = "medium.settings",
    learners: bool = False,
    environment: dict[str, str] | None = None,
    show_log: bool = False,
) -> Iterator[Server]:
    """Run the project in this folder on a real server, and always stop it.

    The server works on a database and uploads of its own: migrated, and filled with the demo
    data and the users ``demo`` and ``admin``. They live in a temporary folder, or in ``keep``,
    where a later run goes on with them. ``state`` is a folder that is this run's alone already.

    ``port`` 0 takes a free one. ``clock`` makes the server's clock movable. ``access_lifetime``
    is in seconds. ``learners``: the project is somebody's own, and keeps its owner's variables.
    ``environment`` is added to the server's, ``DJANGO_SECRET_KEY`` for example. ``show_log``
    lets the server write to this terminal.

    Raises Problem, with the server's log, when it does not come up.
    """
    if port and answers(port):
        raise Problem(f"Port {port} is taken by another program.")
    command = [sys.executable, "-m", "tutorial.running.child", "--port", str(port)]
    if clock:
        command.append("--clock")
    with ExitStack() as stack:
        if state is None:
            state = stack.enter_context(_kept(keep) if keep else temporary_folder("tutorial-"))
        variables = project_environment(project, state, settings=settings, learners=learners)
        variables |= environment or {}
        if kept := filled.place(project, settings, variables.get("TUTORIAL_WITHOUT", "")):
            variables["TUTORIAL_FILLED"] = str(kept)
        if access_lifetime is not None:
            variables["TUTORIAL_ACCESS_LIFETIME"] = str(access_lifetime)
        log_path = None if show_log else state / "server.log"
        log = None
        if log_path:
            log = stack.enter_context(log_path.open("w", encoding="utf-8"))
        process = subprocess.Popen(
            command,
            cwd=project,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            # Out of reach of a Ctrl-C, or a kill, that is meant for the whole group: this
            # process ends by its pipe, and tidies up.
            start_new_session=True,
        )
        try:
            server = Server("", None, process, state, log_path)
            ready = _wait_until_ready(server)
            server.url = ready["url"]
            server.clock = Clock(ready["clock"]) if clock else None
            yield server
        finally:
            _stop(process)


@contextmanager
def _kept(state: Path) -> Iterator[Path]:
    """Make the folder if need be, and have it for this run alone. Raises Problem."""
    from filelock import FileLock, Timeout  # only here: a part's own environment has none

    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(state / "in-use.lock", blocking=False)
        lock.acquire()
    except Timeout:
        raise Problem(
            f"Another server is running with what is kept in {state}: stop it first, or start "
            "this one without --keep."
        ) from None
    except OSError as error:
        raise Problem(f"Nothing can be kept in {state}: {error}.") from None
    with lock:
        yield state


def free_port(start: int) -> int:
    """Return the first port from ``start`` on that nobody listens at."""
    return next(port for port in range(start, 65536) if not answers(port))


def answers(port: int) -> bool:
    """Return whether something listens at this port of the loopback address."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_until_ready(server: Server) -> dict[str, Any]:
    """Wait for the line that the process prints when its port is bound."""
    process = server.process
    assert process.stdout  # noqa: S101  (a pipe: it was asked for)
    lines = process.stdout
    printed: queue.Queue[dict[str, Any]] = queue.Queue()

    def read() -> None:
        for line in lines:  # a sitecustomize of the interpreter may print others
            if line.startswith("{"):
                return printed.put(json.loads(line))
        printed.put({})

    # A thread, because Windows cannot wait for a pipe with a timeout.
    threading.Thread(target=read, daemon=True).start()
    try:
        ready = printed.get(timeout=START_TIMEOUT)
    except queue.Empty:
        ready = {}
    if "url" not in ready:
        _stop(process)
        said = ready.get("problem") or f"The server did not start.\n{server.log()}"
        raise Problem(said.strip())
    return ready


def _stop(process: subprocess.Popen[str]) -> None:
    """Close the pipe that the process follows; kill it if it does not."""
    assert process.stdin and process.stdout  # noqa: S101  (pipes: they were asked for)
    process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
