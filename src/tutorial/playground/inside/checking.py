"""``tutorial check`` in the page: the same worker, diagnosis and words, in one interpreter.

What a page cannot do, start a process or a thread or decode a picture, makes a promise one that
is left to a computer: it is counted apart, and never as one that does not hold.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tutorial.checking import check, report
from tutorial.checking.project import Project, Python
from tutorial.checking.run import CHECKPOINTS, Outcome, Queue, chapter_apps
from tutorial.checking.worker import Worker
from tutorial.ladder import ROOT, Part, find
from tutorial.playground.inside import travel
from tutorial.playground.inside.missing import NeedsAComputer
from tutorial.project_files import copy_what_runs, what_runs

PROJECT, STATE = Path("/check/project"), Path("/check/state")
# What CPython's own modules say where there are no processes and no threads.
NO_PROCESSES = ("emscripten does not support processes", "can't start new thread")


def run(number: int, edited: str, seen: Callable[[str], None]) -> str:
    """Check a part with these files in place of its own; return what was found as JSON.

    ``edited`` is a JSON object: texts by their path, and null for a file that is not there.
    ``seen`` is called with JSON, too, while the promises are run.
    """
    part = find(number)
    lay_out(part, json.loads(edited))
    sys.modules["time_machine"] = travel
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the worker names those that it wants
    outcome = promises_of(part, lambda outcome: seen(json.dumps(counts(outcome))))
    sources = check.read(PROJECT, what_runs(PROJECT))
    here = Python(sys.executable, "Python in this page", sys.version_info[:3])
    result = report.Result(
        part=part,
        project=Project(PROJECT, here),
        asked=PROJECT,
        outcome=outcome,
        diagnosis=check.judge(part, outcome, sources),
        total=outcome.total,
    )
    found = report.as_data(result) | {"words": words(result), "broken": outcome.broken}
    found |= counts(outcome)
    return json.dumps(found)


def lay_out(part: Part, edited: dict[str, str | None]) -> None:
    shutil.rmtree(PROJECT.parent, ignore_errors=True)
    STATE.mkdir(parents=True)
    copy_what_runs(part.path, PROJECT)
    for name, text in edited.items():
        path = PROJECT / name
        path.unlink(missing_ok=True)
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def promises_of(part: Part, seen: Callable[[Outcome], None]) -> Outcome:
    """Look at the project and run its promises. It can be done once in an interpreter."""
    outcome = Outcome()
    plan = Plan(outcome)
    asked = [0.0]

    def take(line: dict[str, Any]) -> None:
        if "collected" in line:
            # The others ask a real server, in a process of its own.
            chosen = [n for n, each in enumerate(line["collected"]) if not each["server"]]
            outcome.promises = [line["collected"][number] for number in chosen]
            plan.begin(chosen)
        elif "facts" in line:
            outcome.facts = line["facts"]
        elif "finding" in line:
            outcome.findings.append(line["finding"])
            outcome.stopped |= line["finding"]["fatal"]
        elif "broken" in line:
            outcome.broken = line["broken"]
        elif "outcome" in line:
            outcome.results.append(line)
        if time.perf_counter() - asked[0] > 0.1:
            asked[0] = time.perf_counter()
            seen(outcome)

    job = {
        "part": part.slug,
        "project": str(PROJECT),
        "state": str(STATE),
        "root": str(ROOT),
        "checkpoints": str(CHECKPOINTS),
        "chapter_apps": chapter_apps(part),
        # No thread can watch over a test that hangs; somebody with a button does.
        "options": ["-p", "tutorial.playground.inside.checking", "-o", "faulthandler_timeout=0"],
    }
    Worker(job, Lines(take), plan).run()  # type: ignore[arg-type]
    return outcome


class Lines:
    """The stream that a worker writes to."""

    def __init__(self, take: Callable[[dict[str, Any]], None]) -> None:
        self.take = take

    def write(self, line: str) -> None:
        self.take(json.loads(line))

    def flush(self) -> None:
        pass


class Plan:
    """The stream from which it reads what is next: in the order of `tutorial check`.

    So what is under attack is looked at when the chapters' promises hold.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def begin(self, numbers: list[int]) -> None:
        """Plan the outcome's promises, which are those with these numbers for the worker."""
        self.numbers = numbers
        self.queue = Queue(self.outcome.promises, [])

    def readline(self) -> str:
        place = self.queue.next(0, bool(self.outcome.failed))
        return "" if place is None else str(self.numbers[place])


def counts(outcome: Outcome) -> dict[str, int]:
    skipped = sum(one["outcome"] == "skipped" for one in outcome.results)
    return {"done": len(outcome.results), "total": outcome.total, "elsewhere": skipped}


def words(result: report.Result) -> str:
    """Return what ``tutorial check`` prints."""
    printed = io.StringIO()
    from rich.console import Console

    report.tell(result, Console(file=printed, width=78, color_system=None))
    return printed.getvalue().strip()


# A plugin of pytest's


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from left_to_a_computer())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from left_to_a_computer())


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    try:
        return (yield)
    except NeedsAComputer:
        # What pytest itself keeps of a fixture that raised, but not of a BaseException.
        skipped = pytest.skip.Exception("needs a computer")
        fixturedef.cached_result = (None, fixturedef.cache_key(request), (skipped, None))  # type: ignore[arg-type]
        raise skipped from None


def left_to_a_computer() -> Generator[None, Any, Any]:
    try:
        return (yield)
    except BaseException as error:
        if needs_a_computer(error):
            pytest.skip("needs a computer")
        raise


def needs_a_computer(error: BaseException | None) -> bool:
    """Return whether this, or what it came of, is something that a page does not have."""
    while error is not None:
        if isinstance(error, NeedsAComputer) or any(no in str(error) for no in NO_PROCESSES):
            return True
        error = error.__cause__ or error.__context__
    return False
