"""``tutorial check``: a part's promises on somebody's own project, and the answer in words."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, canonical, find
from tutorial.project_files import clean_copy, own_files
from tutorial.running.environment import (
    child_environment,
    project_environment,
    tools_environment,
)

CHECKPOINTS = ROOT / "tests" / "checkpoints"
TOOLS = ROOT / "tests" / "requirements.txt"
MOST_SHOWN = 3  # a patient teacher names a few things at a time


@dataclass
class Project:
    """A learner's project: where it is, what runs it, and how its package is called."""

    path: Path
    python: str
    settings: str

    @property
    def package(self) -> str:
        return self.settings.partition(".")[0]

    def file(self, name: str) -> str:
        """The file that the tests call ``medium/urls.py``, in this project."""
        return name.replace("medium/", f"{self.package}/", 1)


@dataclass
class Outcome:
    """What came of a check: how many promises there are, and the results so far."""

    total: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)
    broken: str = ""

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [result for result in self.results if result["outcome"] == "failed"]

    @property
    def held(self) -> bool:
        return not self.broken and not self.failed and 0 < self.total == len(self.results)


def check(part: Part, path: Path, console: Console) -> bool:
    """Check a project against a part, and print what holds and what to mend.

    Works on a copy, with a database in memory: nothing in the project changes.
    Returns whether every promise holds. Raises Problem when the project cannot be checked.
    """
    project = recognise(path)
    console.print(f"Checking {escape(str(project.path))} against part {part.number}, {part.title}.")
    if project.package != "medium":
        console.print(
            f"Your project's package is `{project.package}`; the chapters call it `medium`. "
            "That is fine: read the one for the other.",
            style="yellow",
        )
    refuse_syntax_errors(project.path)
    with working_copy(project.path) as copy:
        refuse_to_go_on(project, copy)
        outcome = run(part, project, copy, console)
    tell(part, project, outcome, console)
    return outcome.held


def recognise(path: Path) -> Project:
    """Find out what runs the project in this folder. Raises Problem when there is none."""
    path = path.expanduser().resolve()
    if not path.is_dir():
        raise Problem(f"There is no folder {path}.")
    manage = path / "manage.py"
    if not manage.is_file():
        inside = sorted(file.parent for file in path.glob("*/manage.py"))
        where = f"Did you mean {inside[0]}?" if inside else "Name the folder that holds it."
        raise Problem(f"{path} is no Django project: it holds no manage.py. {where}")
    named = re.search(
        r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)", manage.read_text(encoding="utf-8")
    )
    if named is None:
        raise Problem(f"{manage} names no DJANGO_SETTINGS_MODULE, as Django's own manage.py does.")
    return Project(path, interpreter(path), named[1])


def interpreter(path: Path) -> str:
    """Return the Python of the project's own virtual environment, or else this one."""
    for folder in (".venv", "venv", "env"):
        for name in ("bin/python", "Scripts/python.exe"):
            if (python := path / folder / name).exists():
                return str(python)
    return sys.executable


def refuse_syntax_errors(path: Path) -> None:
    """Raise Problem for the first Python file that cannot be read as Python."""
    for inside in own_files(path):
        if inside.suffix != ".py":
            continue
        try:
            compile((path / inside).read_bytes(), str(inside), "exec")
        except (SyntaxError, ValueError) as error:
            number = getattr(error, "lineno", None)
            line = f", line {number}" if number else ""
            said = getattr(error, "msg", error)
            code = (getattr(error, "text", None) or "").strip()
            raise Problem(
                f"{inside.as_posix()}{line} is not Python: {said}."
                + (f"\n    {code}" if code else "")
            ) from None


@contextmanager
def working_copy(path: Path) -> Iterator[Path]:
    """Yield a copy of the project, its database included, that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tutorial-check-", ignore_cleanup_errors=True) as name:
        copy = Path(name).resolve() / "project"
        clean_copy(path, copy)
        for state in [path / ".env", *path.glob("*.sqlite3")]:
            if state.is_file():
                shutil.copy2(state, copy / state.name)
        yield copy


def refuse_to_go_on(project: Project, copy: Path) -> None:
    """Raise Problem, in words, when the project does not load or its migrations are behind."""
    try:
        result = subprocess.run(
            [project.python, "-m", "tutorial.checking.preflight", json.dumps(distributions())],
            cwd=copy,
            env=project_environment(copy, copy, learners=True)
            | {"DJANGO_SETTINGS_MODULE": project.settings},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except OSError as error:
        raise Problem(f"{project.python} does not run: {error.strerror}. Make it anew.") from None
    try:
        found = json.loads(result.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise Problem(f"The project does not load.\n{result.stderr.strip()[-1500:]}") from None
    if found["said"]:
        said = found["said"].replace(str(copy), str(project.path))
        raise Problem(f"{said}\nOpen {found['file']}." if found["file"] else said)


def distributions() -> dict[str, str]:
    """Return which of the ladder's distributions provides a name that is imported.

    From this environment, which has them all: ``PIL`` is provided by ``pillow``.
    """
    listed = {name for part in LADDER for name in part.packages}
    found = {}
    for imported, providers in packages_distributions().items():
        for provider in providers:
            if canonical(provider) in listed:
                found[imported] = canonical(provider)
    return found


def tools_for(python: str, console: Console) -> list[Path]:
    """Return what to put on that interpreter's path for the test tools, fetched if need be.

    A folder beside the learner's packages, not among them; nothing where the tools are installed.
    Raises Problem.
    """
    if python == sys.executable:
        return []
    ask = "import sys; print(sys.implementation.cache_tag, *sys.version_info[:2])"
    answer = subprocess.run(
        [python, "-c", ask],
        env=child_environment(learners=True),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    tag, major, minor = answer.stdout.split()[-3:]
    if (int(major), int(minor)) < (3, 11):
        raise Problem(
            f"{python} is Python {major}.{minor}; the parts need 3.11 or newer. "
            "Make the project's virtual environment anew with a newer one."
        )
    wanted = hashlib.sha256(TOOLS.read_bytes()).hexdigest()[:8]
    folder = ROOT / ".cache" / "check-tools" / f"{tag}-{wanted}"
    if folder.is_dir():
        return [folder]
    console.print("Fetching the test tools for your Python, once …", style="dim")
    half = folder.with_name(f"{folder.name}.{os.getpid()}")
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    install = subprocess.run(
        [uv, "pip", "install", "--python", python, "--target", str(half), "-r", str(TOOLS)],
        env=tools_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if install.returncode:
        shutil.rmtree(half, ignore_errors=True)
        raise Problem(
            "The test tools could not be fetched. Is there a network? uv says:\n"
            + install.stderr.strip()[-800:]
        )
    half.rename(folder)
    return [folder]


def run(part: Part, project: Project, copy: Path, console: Console) -> Outcome:
    """Run the part's tests on the copy, with a line that shows how far they are."""
    outcome = Outcome()
    report = copy.parent / "report.jsonl"
    report.touch()
    environment = child_environment(
        *tools_for(project.python, console),
        learners=True,
        PYTHONPYCACHEPREFIX=str(ROOT / ".cache" / "pycache"),
    )
    command = [
        project.python,
        "-m",
        "pytest",
        str(CHECKPOINTS),
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        f"--rootdir={ROOT}",
        f"--config-file={ROOT / 'pyproject.toml'}",
        f"--basetemp={copy.parent / 'pytest'}",
        f"--part={part.number}",
        f"--project={copy}",
        f"--settings-module={project.settings}",
        f"--report={report}",
    ]
    with (
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
        report.open(encoding="utf-8") as lines,
        tempfile.TemporaryFile("w+", encoding="utf-8") as printed,
    ):
        task = progress.add_task("Getting ready", total=None)
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            while True:
                ended = process.poll() is not None
                for line in lines:
                    take(json.loads(line), outcome)
                name = f"Part {outcome.results[-1]['part']}" if outcome.results else "Getting ready"
                progress.update(
                    task,
                    description=name,
                    completed=len(outcome.results),
                    total=outcome.total or None,
                )
                if ended:
                    break
                time.sleep(0.05)  # the report is a file: there is nothing to wait on
        finally:
            process.kill()
            process.wait()
        if not outcome.total and not outcome.broken:
            printed.seek(0)
            outcome.broken = printed.read()
    return outcome


def take(line: dict[str, Any], outcome: Outcome) -> None:
    """Add one line of the report to the outcome."""
    if "total" in line:
        outcome.total = line["total"]
    elif "broken" in line:
        outcome.broken = line["broken"]
    else:
        outcome.results.append(line)


def tell(part: Part, project: Project, outcome: Outcome, console: Console) -> None:
    """Print what holds, what does not and where to look, and what comes next."""
    if outcome.broken:
        raise Problem(f"The tests could not be run to their end.\n{outcome.broken.strip()[-1500:]}")
    by_part: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for result in outcome.results:
        by_part[result["part"]].append(result)
    for number, results in sorted(by_part.items()):
        failed = [result for result in results if result["outcome"] == "failed"]
        mark, style = ("✗", "red") if failed else ("✓", "green")
        said = f"{len(failed)} of {len(results)} do not hold" if failed else f"{len(results)} hold"
        console.print(f"[{style}]{mark}[/] Part {number}, {find(number).title}: {said}")
    if outcome.failed:
        tell_what_to_mend(part, project, outcome.failed, console)
    elif outcome.held:
        tell_what_comes_next(part, console)
    else:
        raise Problem(
            f"Only {len(outcome.results)} of {outcome.total} promises were checked: "
            "the tests were ended early. Run the check again."
        )


def tell_what_to_mend(
    part: Part, project: Project, failed: list[dict[str, Any]], console: Console
) -> None:
    """Print what to mend first, and what of the part that was asked for, each with a hint."""
    first = min(result["part"] for result in failed)
    shown = [result for result in failed if result["part"] in {first, part.number}]
    for number in sorted({result["part"] for result in shown}):
        # One promise, tried with several values, is told once.
        together: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for result in shown:
            if result["part"] == number:
                key = result["promise"], result["file"], result["question"]
                together[key].append(result["said"])
        for (promise, file, question), said in list(together.items())[:MOST_SHOWN]:
            tell_one(project, promise, file, question, list(dict.fromkeys(said)), console)
        if len(together) > MOST_SHOWN:
            more = len(together) - MOST_SHOWN
            console.print(f"\n… and {more} more of part {number}, which may go with these.")
    console.print("\nMend the first one, and check again.")


def tell_one(
    project: Project, promise: str, file: str, question: str, said: list[str], console: Console
) -> None:
    """Print a promise that does not hold, what was seen instead, and where to look."""
    console.print(f"\n[red]✗[/] [bold]{escape(promise)}[/]", soft_wrap=True)
    for line in said[:2]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    if len(said) > 2:
        console.print(f"  … and {len(said) - 2} more of this kind")
    question = question.replace("medium/", f"{project.package}/")
    where = f"Open [bold]{project.file(file)}[/]."
    console.print(f"  [cyan]→[/] {escape(question)} {where}", soft_wrap=True)


def tell_what_comes_next(part: Part, console: Console) -> None:
    """Print the way on from a part that holds."""
    console.print(f"\n[green]All promises up to part {part.number} hold.[/] ", end="")
    if part.after:
        console.print(
            f"Next is part {part.after.number}: {part.after.adds}.\n"
            f"See what it changes with `tutorial diff {part.number} {part.after.number}`."
        )
    else:
        console.print("This is the last part: well done.")


def watch(path: Path, check_once: Callable[[], None], console: Console) -> None:
    """Check, and check again whenever a file of the project changes, until Ctrl-C."""
    import watchfiles

    check_once()
    console.print("\nWaiting for a change; Ctrl-C ends.", style="dim")
    for _ in watchfiles.watch(path, raise_interrupt=True):
        console.rule(time.strftime("%H:%M:%S"))
        check_once()
        console.print("\nWaiting for a change; Ctrl-C ends.", style="dim")
