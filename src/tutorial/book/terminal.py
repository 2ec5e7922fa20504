"""The windows that the robot reader works in: a terminal, and a Python session.

They need a POSIX system.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from tutorial.book.page import Command
from tutorial.errors import Problem

PATIENCE = 180  # seconds for one command; pip on a slow network needs some
# Colours, and the links that curl puts around URLs.
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(\x07|\x1b\\))")

# Runs the examples of {python}, one line of JSON in, one out. In the learner's environment.
SESSION = """
import contextlib, io, json, sys, traceback
names = {"__name__": "__main__"}
if "--django" in sys.argv:  # as `manage.py shell` begins
    import os, django
    os.environ["DJANGO_SETTINGS_MODULE"] = "medium.settings"
    django.setup()
    from django.apps import apps
    names.update((model.__name__, model) for model in apps.get_models())
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(json.loads(line), "<the page>", "single"), names)
        except BaseException as error:
            out.write("".join(traceback.format_exception_only(error)))
    print(json.dumps(out.getvalue()), flush=True)
"""


class Terminal:
    """A terminal window: a shell that remembers its folder and its environment."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shown = b""
        self.runs: Command | None = None
        self._count = 0
        self._master, slave = pty.openpty()
        # Wide enough that nothing is wrapped.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            # getpass asks the controlling terminal, so there has to be one.
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )
        self._keys = cast("IO[str]", self._shell.stdin)
        os.close(slave)
        self._write("trap : INT")  # Ctrl-C is for what runs in it

    def run(self, command: Command, text: str, typed: Sequence[str] = ()) -> tuple[str, int | None]:
        """Run a command and return what it wrote, and its exit code (None: it runs on).

        ``text`` is what the shell gets, ``typed`` what is typed at prompts. Raises Problem when
        the command does not end in time.
        """
        self._count += 1
        end = f"~{self._count}~"
        source = "/dev/tty" if typed else "/dev/null"
        self._write(f"{{ {text}\n}} < {source}; printf '{end}%s\\n' $?")
        self._shown = b""
        if command.keeps_running:
            self.runs = command
            return "", None
        waiting = list(typed)
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(rf"{end}(\d+)\n", self.said)):
            if not self.read(0.3) and waiting and self.said.endswith(": "):
                # getpass throws away what was typed before it asked: one at a time.
                os.write(self._master, f"{waiting.pop(0)}\n".encode())
            if time.monotonic() > deadline or self._shell.poll() is not None:
                raise Problem(f"`{text}` does not end. So far it said:\n{self.said[-600:]}")
        return self.said[: match.start()], int(match[1])

    def read(self, timeout: float) -> bool:
        """Take in what the terminal shows; return whether there was anything."""
        ready, _, _ = select.select([self._master], [], [], timeout)
        if not ready:
            return False
        try:
            self._shown += os.read(self._master, 65536)
        except OSError:  # Linux says so when the last one has closed it
            return False
        return True

    @property
    def said(self) -> str:
        """What the terminal shows since the last command began, without its colours."""
        return ESCAPES.sub("", self._shown.decode("utf-8", "replace").replace("\r\n", "\n"))

    def read_all(self) -> str:
        while self.read(0.05):
            pass
        return self.said

    def stop(self) -> None:
        """Press Ctrl-C. Raises Problem when what runs does not end."""
        if self.runs is None:
            return
        os.write(self._master, b"\x03")
        deadline = time.monotonic() + 10
        while not re.search(r"~\d+~\d+\n", self.said):
            self.read(0.2)
            if time.monotonic() > deadline:
                raise Problem(f"`{self.runs.posix}` does not end with Ctrl-C.")
        self.runs = None

    def close(self) -> None:
        os.killpg(self._shell.pid, signal.SIGHUP)
        os.close(self._master)  # hangs up: whatever still runs in it gets SIGHUP
        self._keys.close()
        try:
            self._shell.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()

    def _write(self, line: str) -> None:
        self._keys.write(line + "\n")
        self._keys.flush()


class PythonSession:
    """A Python, or ``manage.py shell``, that keeps its names from one example to the next."""

    def __init__(
        self, python: Path, folder: Path, environment: dict[str, str], django: bool
    ) -> None:
        command = [str(python), "-c", SESSION]
        if django:
            command.append("--django")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._keys = cast("IO[str]", self._process.stdin)
        self._screen = cast("IO[str]", self._process.stdout)

    def run(self, source: str) -> str:
        """Run one example and return what it shows."""
        self._keys.write(json.dumps(source) + "\n")
        self._keys.flush()
        shown: str = json.loads(self._screen.readline())
        return shown

    def close(self) -> None:
        self._keys.close()
        self._process.wait(10)
        self._screen.close()
