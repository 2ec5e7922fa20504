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
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutorial.errors import Problem
from tutorial.running.child import PASSWORD
from tutorial.running.clock import Clock
from tutorial.running.environment import DATABASE, UPLOADS, project_environment

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
    settings: str = "medium.settings",
    environment: dict[str, str] | None = None,
    show_log: bool = False,
) -> Iterator[Server]:
    """Run the project in this folder on a real server, and always stop it.

    The server works on a database and uploads of its own: migrated, and filled with the demo
    data and the users ``demo`` and ``admin``. They live in a temporary folder, or in ``keep``,
    where a later run goes on with them.

    ``port`` 0 takes a free one. ``clock`` makes the server's clock movable. ``access_lifetime``
    is in seconds. ``environment`` is added to the server's, ``DJANGO_SECRET_KEY`` for example.
    ``show_log`` lets the server write to this terminal.

    Raises Problem, with the server's log, when it does not come up.
    """
    if port and answers(port):
        raise Problem(f"Port {port} is taken by another program.")
    state = keep or Path(tempfile.mkdtemp(prefix="tutorial-"))
    state.mkdir(parents=True, exist_ok=True)
    variables = project_environment(project, state, settings=settings) | (environment or {})
    if access_lifetime is not None:
        variables["TUTORIAL_ACCESS_LIFETIME"] = str(access_lifetime)
    command = [sys.executable, "-m", "tutorial.running.child", "--port", str(port)]
    if clock:
        command.append("--clock")
    if keep is None:
        command.append("--remove-state")

    log_path = None if show_log else state / "server.log"
    try:
        log = log_path.open("w", encoding="utf-8") if log_path else None
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
            if log:
                log.close()
    finally:
        if keep is None:
            shutil.rmtree(state, ignore_errors=True)


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
    printed: queue.Queue[str] = queue.Queue()
    # A thread, because Windows cannot wait for a pipe with a timeout.
    read = process.stdout.readline
    threading.Thread(target=lambda: printed.put(read()), daemon=True).start()
    try:
        line = printed.get(timeout=START_TIMEOUT)
    except queue.Empty:
        line = ""
    if not line:
        _stop(process)
        said = server.log().strip()
        raise Problem(f"The server did not start.\n{said}" if said else "The server did not start.")
    return json.loads(line)


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
