"""The robot reader: follows the chapters from an empty folder, and does only what they say.

It pastes what the copy buttons copy, into the terminal and at the prompt that the page names.

    python -m tutorial.book.robot             every chapter, one after the other
    python -m tutorial.book.robot --from 3    starts with part 2, as a reader who catches up does
    python -m tutorial.book.robot --until 3 --keep /tmp/home

After each chapter its project is that part's folder, file by file; the patch to the next part
applies to it; and its database holds everything that it held before. ``tutorial check`` looks at
a copy while the next chapter is read. A page that cannot be followed is named with its line, with
what it promised and with what came.

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
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tutorial.book.copying import copied
from tutorial.book.page import (
    ACTIVATE,
    NEW,
    OPENS,
    PROJECT,
    TUTORIAL,
    VARIES,
    Command,
    Example,
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
from tutorial.book.terminal import PS1, Terminal
from tutorial.carrying import snapshots
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, find
from tutorial.project_files import PARTS_README, own_files
from tutorial.running.environment import hear_interrupts, tools_environment
from tutorial.running.server import answers

# What may differ between the robot's project and the part:
#   1. README.md: it tells what the folder is in this repository, and no chapter writes one.
#   2. The head of a migration: Django writes the date there, the parts leave it out.
#   3. Empty lines at the end of a file, and line endings.
MIGRATION_HEAD = re.compile(r"\A(#[^\n]*\n|\n)+")

# What the robot does otherwise than a reader:
#   1. Port 8000 may be taken where it runs: it reads another one wherever the page says 8000.
#   2. pip takes the versions last verified (constraints.txt).
#   3. Its tutorial's terminal has the environment that it runs in itself.
PORT = re.compile(r"(?<=127\.0\.0\.1:)8000\b|(?<=localhost:)8000\b")

STARTED = r"(Starting development server|The page is) at[^\n]*\n"
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
        self.rows: Rows = {}
        self.edited: list[Path] = []  # what a running server has to notice
        self.aside = ThreadPoolExecutor(max_workers=1)
        self.checks: list[Future[None]] = []

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
            self.try_the_next_patch(page, page.part)
            self.look_at_the_database(page)
        finally:
            self.close_terminals()

    def keep_promises(self, promised: list[Step]) -> None:
        """Do what the page's beginning shows of its end, each in a new terminal."""
        if not promised:
            return
        self.get_ready("server at the end", promised[0], "python manage.py runserver")
        for step in promised:
            opens = next((text for text, name in OPENS.items() if name == step.prompt), None)
            self.get_ready(step.window, step, opens)
            self.do(step)
            self.terminals.pop(step.window).close()
        self.terminals["server at the end"].stop()

    def get_ready(self, window: str, step: Step, then: str | None = None) -> None:
        """Open a terminal in the project, with its environment on, and give a command there."""
        ready = Step("run", step.line, "", {}, [], 0, step.page, prompt=NEW, window=window)
        commands = [f"cd ~/{PROJECT}", ACTIVATE, *([then] if then else [])]
        ready.commands = [Command(step.line, text, None) for text in commands]
        self.run(ready, self.terminal(window))

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
            case "excerpt":
                self.compare_excerpt(step)
            case "run" | "before-you-start" | "copy":
                self.run(step, self.terminal(step.window))
            case "check-your-work":
                self.check_aside(step)
            case "stop":
                self.stop(step, self.terminal(step.window))
            case "python":
                self.python(step, self.terminal(step.window))

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
        if not path.parent.is_dir():
            raise step.mistake(f"There is no folder {path.parent.name} to put {path.name} in.")
        if step.hunks:
            lines = path.read_text(encoding="utf-8").splitlines()
            text = "".join(f"{line}\n" for line in apply_step(step, lines))
        else:
            text = f"{copied(step.text)}\n" if step.text else ""
        path.write_text(text, encoding="utf-8", newline="\n")
        if path.suffix == ".py":
            self.edited.append(path)

    def compare_excerpt(self, step: Step) -> None:
        """What the page talks about has to be in the reader's file by then."""
        if step.part != step.page.part:
            return  # it is about another part's file
        path = self.project / step.argument
        mine = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not all(cut in mine for cut in step.cuts):
            raise step.mistake(f"The reader's {step.argument} does not hold these lines yet.")

    # Commands

    def terminal(self, name: str) -> Terminal:
        if name not in self.terminals:
            self.terminals[name] = (
                self.tutorials_terminal(self.home)
                if name == TUTORIAL
                else Terminal(self.home, self.environment())
            )
        return self.terminals[name]

    def tutorials_terminal(self, home: Path) -> Terminal:
        """Open a terminal in this repository, with its environment on."""
        mine = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        prompt = f"({TUTORIAL}) {PS1}"
        changes = {"PATH": mine, "PS1": prompt, "HOME": str(home)}
        return Terminal(ROOT, self.environment() | changes)

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
            "TERM": "xterm-256color",  # a terminal that can do everything, as a person's can
            "NO_COLOR": "1",
            "PYTHONPYCACHEPREFIX": str(self.home / ".pycache"),  # and none in the project
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # As a URL: pip splits the variable at spaces, and a path may hold some.
            "PIP_CONSTRAINT": (ROOT / "constraints.txt").as_uri(),
        }

    def run(self, step: Step, terminal: Terminal) -> None:
        self.look_at_the_prompt(step, terminal)
        typed = (step.options.get("type") or "").split()
        for command in step.commands:
            try:
                self.wait_for_reload()
                got = self.give(command, terminal, typed)
            except Problem as problem:
                raise step.mistake(str(problem), command.line) from None
            self.judge(step, command, got, terminal.code)

    def give(self, command: Command, terminal: Terminal, typed: Sequence[str] = ()) -> str:
        """Paste a command into a terminal, and return what it says. Raises Problem."""
        first, *more = self.here(command.copied).split("\n")
        if command.keeps_running:
            port = self.port if "runserver" in first else any_port()
            terminal.start(f"{first} {port}")
            said = self.wait_for_server(command, terminal, port)
            return said.partition("\n")[2]  # without the command itself
        return terminal.paste(first, typed) + "".join(map(terminal.paste, more))

    def stop(self, step: Step, terminal: Terminal) -> None:
        if terminal.prompt:
            raise step.mistake("Nothing runs in this terminal that could be stopped.")
        terminal.stop()

    def look_at_the_prompt(self, step: Step, terminal: Terminal) -> None:
        """The prompt has to be the one that the block is labelled with."""
        if terminal.prompt != step.prompt:
            raise step.mistake(
                f"The page says `{step.prompt}`, and this terminal's prompt says "
                f"`{terminal.prompt or 'nothing: something runs in it'}`."
            )

    def judge(self, step: Step, command: Command, got: str, code: int) -> None:
        failed = code != 0
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

    def wait_for_server(self, command: Command, terminal: Terminal, port: int) -> str:
        # With an error in it, runserver waits for the file to be fixed.
        broken = r"\n\w[\w.]*(Error|Exception)\b[^\n]*\n"
        found, said = terminal.wait_for([STARTED, broken], 30)
        deadline = time.monotonic() + 10
        while found == 0 and not answers(port) and time.monotonic() < deadline:
            time.sleep(0.05)
        said += terminal.read_all()
        if found != 0 or not answers(port):
            raise Problem(f"`{command.posix}` does not serve:\n{said[-1500:]}")
        self.edited = []
        return said

    def wait_for_reload(self) -> None:
        """A running server notices an edited file after a second, and restarts.

        It says so in its terminal, and the reader waits for that (chapter 7 tells them).

        Whoever edits quicker than a person is quicker than its first look at the files: it takes
        the edited one for the old one. Then they save again.
        """
        edited, self.edited = self.edited, []
        for terminal in self.terminals.values() if edited else ():
            if terminal.prompt:
                continue
            noticed, _ = terminal.wait_for([r"reloading\."], 5)
            if noticed != 0:
                for path in filter(Path.exists, edited):
                    path.touch()
                noticed, _ = terminal.wait_for([r"reloading\."], 20)
            started, said = terminal.wait_for([STARTED], 20) if noticed == 0 else (noticed, "")
            if started != 0:
                raise Problem(f"The server does not restart after a change.\n{said[-1500:]}")
            while not answers(self.port):
                time.sleep(0.05)

    def python(self, step: Step, terminal: Terminal) -> None:
        self.look_at_the_prompt(step, terminal)
        try:
            self.wait_for_reload()
            if terminal.takes_blocks:
                self.paste_block(step, terminal)
            else:
                self.paste_lines(step, terminal)
        except Mistake:
            raise
        except Problem as problem:
            raise step.mistake(str(problem)) from None

    def paste_lines(self, step: Step, terminal: Terminal) -> None:
        """Paste a session line by line, and compare what comes of each statement."""
        for example in step.examples:
            got = "".join(map(terminal.paste, self.here(example.copied).split("\n")))
            if example.leaves_python:
                self.look_whether_it_left(step, terminal)
            else:
                self.compare_output(step, example, self.here(example.want), got)
        if terminal.waits:
            raise step.mistake("Python waits for more after this.", step.last_line)

    def paste_block(self, step: Step, terminal: Terminal) -> None:
        """Paste a session as one block: Python then shows the result of the last statement only.

        After an error it goes on. So there must be none that the page does not show.
        """
        last = step.examples[-1]
        pasted = [self.here(example.copied) for example in step.examples]
        got = terminal.paste_block("\n".join(pasted))
        error = re.search(r'^  File "<python-input-\d+>", line (\d+)', got, re.MULTILINE)
        if error and "Error" not in last.want:
            lines = [
                example.line + number
                for example, text in zip(step.examples, pasted, strict=True)
                for number in range(text.count("\n") + 1)
            ]
            raise step.mistake(f"An error:\n{got[-1500:]}", lines[int(error[1]) - 1])
        if last.leaves_python:
            self.look_whether_it_left(step, terminal)
        else:
            self.compare_output(step, last, f"{VARIES}\n{self.here(last.want)}", got)

    def look_whether_it_left(self, step: Step, terminal: Terminal) -> None:
        if terminal.prompt == step.prompt:
            raise step.mistake("`exit()` does not leave Python.", step.examples[-1].line)

    def compare_output(self, step: Step, example: Example, want: str, got: str) -> None:
        if not matches(want.splitlines(), got):
            raise step.mistake(
                f"`{example.source.strip()}` says something else.\nThe page:\n"
                f"{indented(want.splitlines())}\nPython:\n{indented(got.splitlines())}",
                example.line,
            )

    def close_terminals(self) -> None:
        """End the sitting: close every window."""
        for terminal in self.terminals.values():
            terminal.close()
        self.terminals = {}

    # `tutorial check`

    def check_aside(self, step: Step) -> None:
        """Check a copy of the project, in a tutorial's terminal whose home folder it is in."""
        self.report_checks(wait=False)
        home = self.home / ".checks" / step.part.slug
        environment = self.project / ".venv"
        shutil.copytree(
            self.project, home / PROJECT, ignore=shutil.ignore_patterns(environment.name)
        )
        # pip replaces files and writes into none: links are as good as copies.
        shutil.copytree(environment, home / PROJECT / ".venv", symlinks=True, copy_function=os.link)
        self.checks.append(self.aside.submit(self.check, step, home))

    def check(self, step: Step, home: Path) -> None:
        # Every check at one path, where it finds what was compiled of the same environment.
        home = home.rename(self.home / ".checks" / "now")
        terminal = self.tutorials_terminal(home)
        try:
            for command in step.commands:
                self.judge(step, command, self.give(command, terminal), terminal.code)
        finally:
            terminal.close()
            shutil.rmtree(home)

    def report_checks(self, *, wait: bool) -> None:
        """Raise the Mistake of a check that has failed."""
        for check in self.checks:
            if wait or check.done():
                check.result()

    def close(self) -> None:
        self.close_terminals()
        self.aside.shutdown(cancel_futures=True)
        compiled = ROOT / ".cache" / "pycache"  # by the checks, of a home that is no more
        shutil.rmtree(compiled.joinpath(*self.home.parts[1:]), ignore_errors=True)

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

    def try_the_next_patch(self, page: Page, part: Part) -> None:
        """Whoever goes on with `tutorial diff` and `git apply` can do so from here."""
        if part.after is None:
            return
        done = subprocess.run(
            ["git", "apply", "--check", "-"],
            cwd=self.project,
            env=self.environment() | {"GIT_CEILING_DIRECTORIES": str(self.home)},
            input=snapshots.diff(part, part.after),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            step = next(step for step in page.steps if step.kind == "what-changed")
            raise step.mistake(
                f"The patch to part {part.after.number} does not apply:\n{done.stderr[-600:]}"
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
        if name == PARTS_README:
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
    first, *rest = catch_up_commands(part)
    for prompt, window, commands in ((TUTORIAL, TUTORIAL, [first]), (NEW, "first", rest)):
        step = Step("run", 1, "", {}, [], 0, page, prompt=prompt, window=window)
        step.commands = commands
        robot.run(step, robot.terminal(window))
    robot.rows = table_rows(robot.project / "db.sqlite3")
    robot.close_terminals()


def follow(first: Part, last: Part, home: Path) -> None:
    """Follow the chapters from one part to another in this home folder. Raises Mistake."""
    robot = Robot(home)
    try:
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
        print("Waiting for `tutorial check` …", flush=True)
        robot.report_checks(wait=True)
    finally:
        robot.close()


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
