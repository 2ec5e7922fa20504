"""Runs a project's promises in its own interpreter: two processes, one queue of promises."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutorial.checking.project import Project
from tutorial.ladder import ROOT, Part
from tutorial.running.environment import SOURCES, child_environment

CHECKPOINTS = ROOT / "tests" / "checkpoints"
WORKERS = 2


@dataclass
class Outcome:
    """What was seen: before the promises ran, and of each promise."""

    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    promises: list[dict[str, Any]] = field(default_factory=list)  # all, in order
    stopped: bool = False  # nothing can be checked because of what was found
    broken: str = ""

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [result for result in self.results if result["outcome"] == "failed"]

    @property
    def put_off(self) -> int:
        """How many promises wait until the others hold."""
        return self.total - len(self.results) if self.results and self.failed else 0

    @property
    def total(self) -> int:
        return len(self.promises)


class Queue:
    """Which promise is next: those that failed last time, the chapters' in order, the others.

    Promises that need the running server go to one worker, so that there is one server. What is
    under attack is looked at when the chapters' promises hold; ``everything`` looks at it anyhow.
    """

    def __init__(
        self, promises: list[dict[str, Any]], first: list[str], *, everything: bool = False
    ) -> None:
        self.everything = everything
        self.keeper = -1  # the worker that has the server
        self.stages: list[dict[bool, list[int]]] = [{True: [], False: []} for _ in range(3)]
        rank = {name: place for place, name in enumerate(first)}
        for number in sorted(
            range(len(promises)), key=lambda number: rank.get(promises[number]["id"], len(rank))
        ):
            promise = promises[number]
            stage = 0 if promise["id"] in rank else 2 if promise["hardening"] else 1
            self.stages[stage][promise["server"]].append(number)

    def next(self, worker: int, failed: bool) -> int | None:
        """Return the number of the worker's next promise, or None when there is none for it."""
        for place, stage in enumerate(self.stages):
            if place == 2 and failed and not self.everything:
                return None
            wants_server = self.keeper in {-1, worker} and stage[True]
            if wants_server and (self.keeper == worker or worker or not stage[False]):
                self.keeper = worker
                return stage[True].pop(0)
            if stage[False]:
                return stage[False].pop(0)
        return None


def run(
    part: Part,
    project: Project,
    copy: Path,
    tools: list[str],
    *,
    first: list[str] | None = None,
    seen: Callable[[Outcome], None] = lambda outcome: None,
    workers: int = WORKERS,
    options: list[str] | None = None,
    everything: bool = False,
) -> Outcome:
    """Run the part's promises on the copy, and return what was seen.

    ``first`` are the promises to begin with. ``seen`` is called whenever something new is known.
    ``everything`` runs what only hardens, too, where a chapter's promise does not hold.
    """
    outcome = Outcome()
    lines: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
    with started(part, project, copy, tools, lines, workers, options or []) as processes:
        going = set(range(len(processes)))
        waiting: list[int] = []
        plan: Queue | None = None
        keys: list[str] = []
        while going:
            number, line = lines.get()
            processes[number]
            if line is None:
                going.discard(number)
            elif "want" in line:
                waiting.append(number)
            elif "collected" in line:
                if plan is None:
                    outcome.promises = line["collected"]
                    plan = Queue(outcome.promises, first or [], everything=everything)
            elif "facts" in line:
                outcome.facts = outcome.facts or line["facts"]
                keys.append(line["facts"]["key"])
                if len(set(keys)) > 1:
                    outcome.findings.append({"kind": "key", "fatal": False})
            elif "finding" in line:
                if line["finding"] not in outcome.findings:
                    outcome.findings.append(line["finding"])
                if line["finding"]["fatal"]:
                    outcome.stopped = True
            elif "broken" in line:
                outcome.broken = line["broken"]
            elif "outcome" in line:
                outcome.results.append(line)
            if outcome.stopped and 0 not in going:
                break  # the first worker is the one that looks: all is known
            if plan and not outcome.stopped:
                for asking in list(waiting):
                    waiting.remove(asking)
                    answer = plan.next(asking, bool(outcome.failed))
                    with suppress(OSError):
                        said = "" if answer is None else str(answer)
                        stream = processes[asking].stdin
                        assert stream  # noqa: S101  (a pipe: it was asked for)
                        stream.write(said + "\n")
                        stream.flush()
            seen(outcome)
        if not outcome.promises and not outcome.stopped and not outcome.broken:
            outcome.broken = (copy.parent / "worker-0.log").read_text("utf-8", "replace")
    if outcome.stopped:
        outcome.results.clear()
    return outcome


def chapter_apps(part: Part) -> list[str]:
    """Return the folders of the part's own apps."""
    return sorted(path.parent.name for path in part.path.glob("*/apps.py"))


@contextmanager
def started(
    part: Part,
    project: Project,
    copy: Path,
    tools: list[str],
    lines: queue.Queue[tuple[int, dict[str, Any] | None]],
    workers: int,
    options: list[str],
) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the workers; each puts what it says in ``lines``. End them all afterwards."""
    processes = []
    logs = []
    try:
        for number in range(workers):
            state = copy.parent / f"state-{number}"
            (state / "tmp").mkdir(parents=True)
            job = {
                "part": part.slug,
                "project": str(copy),
                "original": str(project.path),
                "state": str(state),
                "sources": str(SOURCES),
                "tools": tools,
                "path": theirs(os.environ.get("PYTHONPATH", ""), project.path, copy),
                "root": str(ROOT),
                "checkpoints": str(CHECKPOINTS),
                "writable": [str(copy.parent), str(ROOT / ".cache")],
                "look": number == 0,
                "options": options,
                "chapter_apps": chapter_apps(part),
            }
            log = (copy.parent / f"worker-{number}.log").open("w", encoding="utf-8")
            logs.append(log)
            process = subprocess.Popen(
                [
                    project.python.path,
                    "-P",
                    "-X",
                    "utf8",
                    str(SOURCES / "tutorial/checking/worker.py"),
                    json.dumps(job),
                ],
                cwd=copy,
                env=variables(state, copy),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                start_new_session=True,
            )
            processes.append(process)
            threading.Thread(target=listen, args=[number, process, lines], daemon=True).start()
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream:
                        stream.close()
        for log in logs:
            log.close()


def listen(
    number: int,
    process: subprocess.Popen[str],
    lines: queue.Queue[tuple[int, dict[str, Any] | None]],
) -> None:
    assert process.stdout  # noqa: S101
    with suppress(OSError, ValueError):
        for line in process.stdout:
            with suppress(ValueError):
                lines.put((number, json.loads(line)))
    lines.put((number, None))


def theirs(path: str, project: Path, copy: Path) -> list[str]:
    """Return the folders of the learner's own PYTHONPATH, those of the project in its copy."""
    found = []
    for entry in path.split(os.pathsep):
        if not entry or Path(entry).resolve() == SOURCES:
            continue
        full = Path(entry).resolve()
        inside = full.is_relative_to(project)
        found.append(str(copy / full.relative_to(project)) if inside else str(full))
    return found


def variables(state: Path, copy: Path) -> dict[str, str]:
    """Return the owner's variables, and the run's own."""
    return child_environment(
        learners=True,
        PYTHONPYCACHEPREFIX=str(ROOT / ".cache" / "pycache"),
        PYTHONUNBUFFERED="1",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        TUTORIAL_FENCE=json.dumps([str(copy.parent), str(ROOT / ".cache")]),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(state / "tmp")),
    )
