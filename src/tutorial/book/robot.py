"""The robot reader: follows the chapters from an empty folder, and does only what they say.

    python -m tutorial.book.robot             every chapter, one after the other
    python -m tutorial.book.robot --from 3    starts with part 2, as a reader who catches up does
    python -m tutorial.book.robot --until 3 --keep /tmp/home

After each chapter its project is that part's folder, file by file; passes ``tutorial check``;
and its database holds everything that it held before. A page that cannot be followed is named
with its line, with what it promised and with what came.

It needs a POSIX system (a terminal of its own) and the packages that build the book.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tutorial.book import page as book
from tutorial.book.page import Command, Mistake, Page, Step
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, find, up_to
from tutorial.project_files import own_files
from tutorial.running.server import answers

# What may differ between the robot's project and the part:
#   1. README.md: it tells what the folder is in this repository, and no chapter writes one.
#   2. The head of a migration: Django writes the date there, the parts leave it out.
#   3. Empty lines at the end of a file, and line endings.
NOT_COMPARED = {"README.md"}
MIGRATION_HEAD = re.compile(r"\A(#[^\n]*\n|\n)+")

# What the robot does otherwise than a reader:
#   1. Port 8000 may be taken where it runs: it reads another one wherever the page says 8000.
#   2. pip takes the versions last verified (constraints.txt).
PORT = re.compile(r"(?<=127\.0\.0\.1:)8000\b|(?<=localhost:)8000\b")

STARTED = "Starting development server at"
PATIENCE = 180  # seconds for one command; pip on a slow network needs some
# Colours, and the links that curl puts around addresses.
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(\x07|\x1b\\))")
KEPT_TABLES = re.compile(r"reviews_\w+|auth_user")
NOT_KEPT = {"last_login", "updated"}  # columns that change with use

# Runs the examples of {python}, one line of JSON in, one out. In the learner's environment.
SESSION = """
import contextlib, io, json, sys, traceback
names = {"__name__": "__main__"}
if "--django" in sys.argv:  # as `manage.py shell` begins
    import os, django
    sys.path.insert(0, "")
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
        os.close(slave)
        self._write("trap : INT")  # Ctrl-C is for what runs in it

    def run(self, command: Command, text: str, typed: list[str] = ()) -> tuple[str, int | None]:
        """Run a command and return what it wrote, and its exit code (None: it runs on)."""
        self._count += 1
        end = f"~{self._count}~"
        source = "/dev/tty" if typed else "/dev/null"
        self._write(f"{{ {text}\n}} < {source}; printf '{end}%s\\n' $?")
        self._shown = b""
        if command.keeps_running:
            self.runs = command
            return "", None
        typed = list(typed)
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(rf"{end}(\d+)\n", self.said)):
            if not self.read(0.3) and typed and self.said.endswith(": "):
                # getpass throws away what was typed before it asked: one at a time.
                os.write(self._master, f"{typed.pop(0)}\n".encode())
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
        """Press Ctrl-C."""
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
        self._shell.stdin.close()
        try:
            self._shell.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()

    def _write(self, line: str) -> None:
        self._shell.stdin.write(line + "\n")
        self._shell.stdin.flush()


class Robot:
    """A reader with a home folder, some terminals, and a project that grows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / book.PROJECT
        self.port = any_port()
        self.terminals: dict[str, Terminal] = {}
        self.sessions: dict[bool, subprocess.Popen] = {}  # of Django's shell or of Python alone
        self.rows: dict[str, list[dict]] = {}
        self.edited = False

    # A chapter

    def follow(self, page: Page) -> None:
        """Do what the page says, and compare what came of it with the part."""
        book.check(page)
        try:
            promised = [step for step in page.steps if "at-the-end" in step.options]
            for step in page.steps:
                if step.kind == "check-your-work":
                    self.keep_promises(promised)
                if step not in promised:
                    self.do(step)
            self.compare(page)
            self.look_at_the_database(page)
        finally:
            self.close()

    def keep_promises(self, promised: list[Step]) -> None:
        """Do what the page's beginning shows of its end, with a server and a terminal."""
        if not promised:
            return
        ready = Step("run", promised[0].line, "", {}, [], 0, promised[0].page)
        ready.commands = [
            Command(ready.line, "source .venv/bin/activate", None),
            Command(ready.line, "python manage.py runserver", None),
        ]
        self.run(ready, server := self.terminal("server at the end"))
        for step in promised:
            self.do(step)
        server.stop()

    def do(self, step: Step) -> None:
        print(f"    {step.line:4}  {step.kind:16} {self.gist(step)}", flush=True)
        match step.kind:
            case "new-file" | "whole-file" | "change" | "patch":
                self.edit(step)
            case "delete-files":
                for name in step.argument.split():
                    if not (self.project / name).is_file():
                        raise step.mistake(f"There is no {name} to delete.")
                    (self.project / name).unlink()
            case "copy":
                self.copy(step)
            case "excerpt":
                self.compare_excerpt(step)
            case "run" | "before-you-start":
                self.run(step, self.terminal(step.options.get("terminal")))
            case "check-your-work":
                self.run(step, self.terminal("tutorial"))
            case "stop":
                terminal = self.terminal(step.options.get("terminal"))
                if terminal.runs is None:
                    raise step.mistake("Nothing runs in this terminal that could be stopped.")
                terminal.stop()
            case "python":
                self.python(step)

    @staticmethod
    def gist(step: Step) -> str:
        first = step.commands[0].posix if step.commands else ""
        return step.argument or first or (step.examples[0].source.strip() if step.examples else "")

    # Files

    def edit(self, step: Step) -> None:
        path = self.project / step.argument
        if step.kind == "new-file" and path.exists():
            raise step.mistake(f"{step.argument} is there already: {{whole-file}} replaces a file.")
        if step.kind != "new-file" and not path.exists():
            raise step.mistake(f"There is no {step.argument} in the reader's project.")
        if step.hunks:
            lines = path.read_text(encoding="utf-8").splitlines()
            text = "".join(f"{line}\n" for line in book.apply(step, lines))
        else:
            text = step.text
        if not self.project.is_dir():
            raise step.mistake(f"There is no folder {book.PROJECT} to put {step.argument} in.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self.edited = True

    def copy(self, step: Step) -> None:
        source, target = step.page.part.path / step.argument, self.project / step.argument
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)

    def compare_excerpt(self, step: Step) -> None:
        """What the page talks about has to be in the reader's file by then."""
        path = self.project / step.argument
        own = not step.options.get("part") or find(step.options["part"]) == step.page.part
        mine = path.read_text(encoding="utf-8") if path.is_file() else ""
        if own and not all(cut in mine for cut in step.cuts):
            raise step.mistake(f"The reader's {step.argument} does not hold these lines yet.")

    # Commands

    def terminal(self, name: str | None) -> Terminal:
        name = name or "first"
        if name not in self.terminals:
            if name == "tutorial":  # stands in this repository, with its environment on
                mine = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
                here, environment = ROOT, self.environment() | {"PATH": mine}
            else:
                # An editor's terminal opens in the project, one of its own at home.
                here = self.home if name == "first" else self.project
                environment = self.environment()
            self.terminals[name] = Terminal(here, environment)
        return self.terminals[name]

    def environment(self) -> dict[str, str]:
        """An empty environment, but for the ways to the package index and its caches."""
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        passed = re.compile(r"(PIP|UV|SSL|REQUESTS)_\w+|\w+_proxy", re.IGNORECASE)
        python = Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent
        return {
            "XDG_CACHE_HOME": cache,
            "PIP_CACHE_DIR": str(Path(cache, "pip")),
            **{name: value for name, value in os.environ.items() if passed.fullmatch(name)},
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(python), "/usr/local/bin", "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PYTHONPYCACHEPREFIX": str(self.home / ".pycache"),  # and none in the project
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # As an address: pip splits the variable at spaces, and a path may hold some.
            "PIP_CONSTRAINT": (ROOT / "constraints.txt").as_uri(),
        }

    def run(self, step: Step, terminal: Terminal) -> None:
        typed = (step.options.get("type") or "").split()
        for command in step.commands:
            if terminal.runs:
                raise step.mistake(
                    f"This terminal is busy with `{terminal.runs.posix}`: "
                    "stop it, or open another one (`:terminal: second`).",
                    command.line,
                )
            self.wait_for_reload()
            text = self.here(command.posix)
            if command.keeps_running:
                text += f" {self.port}"
            try:
                got, code = terminal.run(command, text, typed)
            except Problem as problem:
                raise step.mistake(str(problem), command.line) from None
            if command.keeps_running:
                got = self.wait_for_server(step, command, terminal)
            self.judge(step, command, got, code)

    def judge(self, step: Step, command: Command, got: str, code: int | None) -> None:
        failed = code not in {0, None}
        if failed != ("fails" in step.options):
            said = f"ends with {code}" if failed else "does not fail, as the page says it does"
            raise step.mistake(f"`{command.posix}` {said}:\n{got[-1500:]}", command.line)
        expected = [self.here(line) for line in command.output]
        if expected and not book.matches(expected, got):
            raise step.mistake(
                f"`{command.posix}` says something else.\nThe page:\n{indented(expected)}\n"
                f"The command:\n{indented(got.strip().splitlines())}",
                command.line,
            )

    def here(self, text: str) -> str:
        return PORT.sub(str(self.port), text)

    def wait_for_server(self, step: Step, command: Command, terminal: Terminal) -> str:
        deadline = time.monotonic() + 30
        while not answers(self.port):
            terminal.read(0.2)
            # With an error in it, runserver waits for the file to be mended.
            broken = re.search(r"^(~\d+~\d+|\w[\w.]*(Error|Exception)\b.*)\n", terminal.said, re.M)
            if broken or time.monotonic() > deadline:
                terminal.runs = None
                said = f"`{command.posix}` does not serve:\n{terminal.read_all()[-1500:]}"
                raise step.mistake(said, command.line)
        self.edited = False
        return terminal.read_all()

    def wait_for_reload(self) -> None:
        """A running server notices an edited file after a second, and starts anew."""
        if not self.edited:
            return
        self.edited = False
        for terminal in self.terminals.values():
            if terminal.runs:
                said = terminal.read_all()
                noticed, started = said.count("reloading."), said.count(STARTED)
                deadline = time.monotonic() + 3
                while time.monotonic() < deadline and terminal.said.count("reloading.") == noticed:
                    terminal.read(0.2)
                if terminal.said.count("reloading.") == noticed:
                    continue  # it was a file that the server does not watch
                deadline = time.monotonic() + 20
                # The old process may still answer: wait for the new one to say that it is there.
                while time.monotonic() < deadline and terminal.said.count(STARTED) == started:
                    terminal.read(0.2)
                while time.monotonic() < deadline and not answers(self.port):
                    terminal.read(0.2)

    def python(self, step: Step) -> None:
        self.wait_for_reload()
        django = "django" in step.options
        if django not in self.sessions:
            python = self.project / ".venv" / "bin" / "python"
            self.sessions[django] = subprocess.Popen(
                [python, "-c", SESSION, *["--django"] * django],
                cwd=self.project,
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        session = self.sessions[django]
        for example in step.examples:
            session.stdin.write(json.dumps(self.here(example.source)) + "\n")
            session.stdin.flush()
            got = json.loads(session.stdout.readline())
            expected = self.here(example.want).splitlines()
            if not book.matches(expected, got):
                raise step.mistake(
                    f"`{example.source.strip()}` says something else.\n"
                    f"The page:\n{indented(expected)}\nPython:\n{indented(got.splitlines())}",
                    step.body_line + example.lineno,
                )

    def close(self) -> None:
        """End the sitting: close every window."""
        for terminal in self.terminals.values():
            terminal.close()
        self.terminals = {}
        for session in self.sessions.values():
            session.stdin.close()
            session.wait(10)
            session.stdout.close()
        self.sessions = {}

    # After a chapter

    def compare(self, page: Page) -> None:
        """Compare the project with the part, file by file."""
        ours, parts = files(self.project), files(page.part.path)
        wrong = [
            *(f"{name}: only in the reader's project" for name in ours.keys() - parts.keys()),
            *(f"{name}: the reader has none" for name in parts.keys() - ours.keys()),
            *(
                f"{name}: not as in {page.part.slug}"
                for name in ours.keys() & parts.keys()
                if ours[name] != parts[name]
            ),
        ]
        if wrong:
            last = page.steps[-1].line
            raise Mistake(
                page.path,
                last,
                f"At the end of the page the project is not {page.part.slug}:\n"
                + indented(sorted(wrong)),
            )

    def look_at_the_database(self, page: Page) -> None:
        """See that every migration is applied, and every row of the chapter before is there."""
        python = self.project / ".venv" / "bin" / "python"
        done = subprocess.run(
            [python, "manage.py", "migrate", "--check"],
            cwd=self.project,
            env=self.environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        last = page.steps[-1].line
        if done.returncode:
            said = done.stdout + done.stderr
            raise Mistake(page.path, last, f"The page leaves migrations unapplied.\n{said[-600:]}")
        rows = table_rows(self.project / "db.sqlite3")
        for table, before in self.rows.items():
            now = rows.get(table, [])
            for row in before:
                if not any(row.items() <= other.items() for other in now):
                    raise Mistake(page.path, last, f"The database has lost {row} of {table}.")
        self.rows = rows


def files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in own_files(folder):
        name = path.as_posix()
        if name in NOT_COMPARED:
            continue
        content = (folder / path).read_bytes()
        if path.suffix in {".py", ".txt", ".json"}:
            text = content.decode("utf-8").replace("\r\n", "\n").rstrip()
            text = MIGRATION_HEAD.sub("", text) if "/migrations/" in name else text
            content = text.encode()
        found[name] = content
    return found


def table_rows(database: Path) -> dict[str, list[dict]]:
    """Return what the learner's tables hold, without the columns that change with use."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        return {
            name: [
                {key: row[key] for key in row.keys() if key not in NOT_KEPT}  # noqa: SIM118
                for row in connection.execute(f'select * from "{name}"')
            ]
            for (name,) in tables.fetchall()
            if KEPT_TABLES.fullmatch(name)
        }


def any_port() -> int:
    """Return a port that nobody listens at: not the next one, other robots look for it too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def catch_up(robot: Robot, part: Part) -> None:
    """Begin after a part, with the commands that a chapter gives to those who catch up."""
    page = Page(book.chapter(part), part)
    step = Step("run", 0, "", {}, [], 0, page)
    first, *rest = book.catch_up(part)
    for terminal, commands in (("tutorial", [first]), ("first", rest)):
        step.commands = commands
        robot.run(step, robot.terminal(terminal))
    robot.rows = table_rows(robot.project / "db.sqlite3")
    robot.close()


def follow(first: Part, last: Part, home: Path) -> None:
    """Follow the chapters from one part to another in this home folder. Raises Mistake."""
    robot = Robot(home)
    if first.number > 1:
        print(f"{find(first.number - 1).slug}: caught up with", flush=True)
        catch_up(robot, find(first.number - 1))
    for part in up_to(last.number)[first.number - 1 :]:
        began = time.monotonic()
        print(part.slug, flush=True)
        if not book.chapter(part).is_file():
            raise Problem(f"Part {part.number} has no chapter: {book.chapter(part)}.")
        robot.follow(book.read(book.chapter(part)))
        print(f"  ✓ {part.slug} in {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    written = [part for part in LADDER if book.chapter(part).exists()]
    parser.add_argument("--from", dest="first", type=find, default=LADDER[0], metavar="PART")
    parser.add_argument("--until", type=find, default=written[-1], metavar="PART")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty home folder to keep")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.keep:
            home = options.keep.absolute()
            home.mkdir(parents=True, exist_ok=True)
        else:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="follow-")))
        try:
            follow(options.first, options.until, home.resolve())
        except Problem as problem:
            print(f"\n✗ {problem}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
