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
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tutorial.book.page import (
    PROJECT,
    Command,
    Mistake,
    Page,
    Step,
    apply_step,
    catch_up_commands,
    chapter_path,
    check_page,
    matches,
    read_page,
)
from tutorial.book.terminal import PythonSession, Terminal
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, find
from tutorial.project_files import own_files
from tutorial.running.environment import hear_interrupts, tools_environment
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
KEPT_TABLES = re.compile(r"reviews_\w+|auth_user")
NOT_KEPT = {"last_login", "updated"}  # columns that change with use
Rows = dict[str, list[dict[str, Any]]]  # by table


class Robot:
    """A reader with a home folder, some terminals, and a project that grows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / PROJECT
        self.port = any_port()
        self.terminals: dict[str, Terminal] = {}
        self.sessions: dict[bool, PythonSession] = {}  # of Django's shell, or of Python alone
        self.rows: Rows = {}
        self.edited = False

    # A chapter

    def follow(self, page: Page) -> None:
        """Do what a chapter says, and compare what came of it with its part. Raises Mistake."""
        if page.part is None:
            raise Mistake(page.path, 1, "This page is not a chapter: it is named for no part.")
        check_page(page)
        try:
            promised = [step for step in page.steps if "at-the-end" in step.options]
            for step in page.steps:
                if step.kind == "check-your-work":
                    self.keep_promises(promised)
                if step not in promised:
                    self.do(step)
            self.compare(page, page.part)
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
        server = self.terminal("server at the end")
        self.run(ready, server)
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
        if step.argument:
            return step.argument
        if step.commands:
            return step.commands[0].posix
        return step.examples[0].source.strip() if step.examples else ""

    # Files

    def edit(self, step: Step) -> None:
        path = self.project / step.argument
        if step.kind == "new-file" and path.exists():
            raise step.mistake(f"{step.argument} is there already: {{whole-file}} replaces a file.")
        if step.kind != "new-file" and not path.exists():
            raise step.mistake(f"There is no {step.argument} in the reader's project.")
        if step.hunks:
            lines = path.read_text(encoding="utf-8").splitlines()
            text = "".join(f"{line}\n" for line in apply_step(step, lines))
        else:
            text = step.text
        if not self.project.is_dir():
            raise step.mistake(f"There is no folder {PROJECT} to put {step.argument} in.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self.edited = True

    def copy(self, step: Step) -> None:
        source, target = step.part.path / step.argument, self.project / step.argument
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)

    def compare_excerpt(self, step: Step) -> None:
        """What the page talks about has to be in the reader's file by then."""
        if step.part != step.page.part:
            return  # it is about another part's file
        path = self.project / step.argument
        mine = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not all(cut in mine for cut in step.cuts):
            raise step.mistake(f"The reader's {step.argument} does not hold these lines yet.")

    # Commands

    def terminal(self, name: str | None) -> Terminal:
        name = name or "first"
        if name not in self.terminals:
            if name == "tutorial":  # in this repository, with its environment on
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
            **{name: each for name, each in tools_environment().items() if passed.fullmatch(name)},
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(python), "/usr/local/bin", "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PYTHONPYCACHEPREFIX": str(self.home / ".pycache"),  # and none in the project
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # As a URL: pip splits the variable at spaces, and a path may hold some.
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
        if expected and not matches(expected, got):
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
            # With an error in it, runserver waits for the file to be fixed.
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
            self.sessions[django] = PythonSession(python, self.project, self.environment(), django)
        for example in step.examples:
            got = self.sessions[django].run(self.here(example.source))
            expected = self.here(example.want).splitlines()
            if not matches(expected, got):
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
            session.close()
        self.sessions = {}

    # After a chapter

    def compare(self, page: Page, part: Part) -> None:
        """Compare the project with the part, file by file."""
        mine, parts = files(self.project), files(part.path)
        wrong = [f"{name}: only in the reader's project" for name in mine.keys() - parts.keys()]
        wrong += [f"{name}: the reader has none" for name in parts.keys() - mine.keys()]
        wrong += [
            f"{name}: not as in {part.slug}"
            for name in mine.keys() & parts.keys()
            if mine[name] != parts[name]
        ]
        if wrong:
            raise Mistake(
                page.path,
                page.steps[-1].line,
                f"At the end of the page the project is not {part.slug}:\n"
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


def table_rows(database: Path) -> Rows:
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
        port: int = probe.getsockname()[1]
        return port


def indented(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def catch_up(robot: Robot, part: Part) -> None:
    """Begin after a part, with the commands that a chapter gives to those who catch up."""
    page = Page(chapter_path(part), part)
    step = Step("run", 0, "", {}, [], 0, page)
    first, *rest = catch_up_commands(part)
    for terminal, commands in (("tutorial", [first]), ("first", rest)):
        step.commands = commands
        robot.run(step, robot.terminal(terminal))
    robot.rows = table_rows(robot.project / "db.sqlite3")
    robot.close()


def follow(first: Part, last: Part, home: Path) -> None:
    """Follow the chapters from one part to another in this home folder. Raises Mistake."""
    robot = Robot(home)
    if first.before:
        print(f"{first.before.slug}: caught up with", flush=True)
        catch_up(robot, first.before)
    for part in LADDER[LADDER.index(first) : LADDER.index(last) + 1]:
        began = time.monotonic()
        print(part.slug, flush=True)
        path = chapter_path(part)
        if not path.is_file():
            raise Problem(f"Part {part.number} has no chapter yet: write {path}.")
        robot.follow(read_page(path))
        print(f"  ✓ {part.slug} in {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    written = [part for part in LADDER if chapter_path(part).exists()]
    parser.add_argument("--from", dest="first", type=find, default=LADDER[0], metavar="PART")
    parser.add_argument("--until", type=find, default=written[-1], metavar="PART")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty home folder to keep")
    options = parser.parse_args()
    hear_interrupts()  # or no server would end with Ctrl-C
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
