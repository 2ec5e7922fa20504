"""Commands run side by side: the longest first, never more workers than processors.

Each writes to a file of its own, so that no output is lost and none is mixed. After a Ctrl-C
nothing is left: every process that was started here is stopped, and every temporary file is in
a folder that is removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from tutorial.durations import in_words
from tutorial.ladder import ROOT
from tutorial.running.environment import tools_environment

FOLDER = ROOT / ".cache" / "verify"
# What `pytest -n auto` goes by. 0 is no worker at all: the one process runs the tests itself.
WORKERS = "PYTEST_XDIST_AUTO_NUM_WORKERS"
PATIENCE = 10  # seconds that a job has to end by itself after a Ctrl-C
LONGEST = 30 * 60  # seconds; a job that takes longer hangs

Outcome = Literal["waiting", "running", "passed", "failed", "skipped"]


@dataclass(eq=False)
class Job:
    """A command that verifies something, how a person repeats it, and what became of it."""

    name: str
    command: Sequence[str | Path]
    repeat: str  # the same by hand
    repeat_test: str = ""  # and one test of it: followed by that test
    environment: dict[str, str] = field(default_factory=dict)
    report: Path | None = None  # where nox says whether it ran or skipped the session
    expected: float | None = None  # seconds that it took the last time
    outcome: Outcome = "waiting"
    began: float = 0  # by time.monotonic()
    seconds: float = 0
    note: str = ""  # why it was skipped, or stopped

    @property
    def log(self) -> Path:
        """The file with everything that it wrote."""
        return FOLDER / f"{re.sub(r'[^A-Za-z0-9.]+', '-', self.name).strip('-')}.log"

    def output(self) -> str:
        """Return what it has written so far."""
        with suppress(FileNotFoundError):
            return self.log.read_text(encoding="utf-8", errors="replace")
        return ""


class Audience(Protocol):
    """Whoever is told how the jobs go on."""

    def started(self, job: Job) -> None: ...

    def finished(self, job: Job) -> None: ...

    def wait(self, seconds: float) -> None: ...


def run(jobs: Sequence[Job], processors: int, audience: Audience) -> None:
    """Run all jobs and tell each its outcome. A KeyboardInterrupt stops those that run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    remember_how_long(jobs)
    waiting = longest_first(jobs)
    running: dict[Job, Process] = {}
    with ended_by_sigterm():
        try:
            while waiting or running:
                for job, process in list(running.items()):
                    if process.ended():
                        del running[job]
                        audience.finished(job)
                while waiting and (free := processors - sum(p.workers for p in running.values())):
                    job = waiting.pop(0)
                    share = processors_for(job, [*running, *waiting], processors)
                    running[job] = Process(job, min(share, free))
                    audience.started(job)
                audience.wait(0.1)
        finally:
            stop(running.values())
    keep_how_long(jobs)


class Process:
    """A job that runs, with a temporary folder of its own."""

    def __init__(self, job: Job, workers: int) -> None:
        self.job = job
        self.workers = workers
        self.temporary = tempfile.mkdtemp(prefix="verify-")
        if job.report:
            job.report.unlink(missing_ok=True)
        with job.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [str(word) for word in job.command],
                cwd=ROOT,
                env={
                    **tools_environment(),
                    **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self.temporary),
                    WORKERS: str(workers if workers > 1 else 0),
                    "PYTHONUNBUFFERED": "1",
                    **job.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own, which can be stopped whole. On Windows the console's Ctrl-C
                # has to reach it, and `taskkill` finds its children.
                start_new_session=os.name == "posix",
            )
        job.outcome, job.began = "running", time.monotonic()

    def ended(self) -> bool:
        """Return whether it has ended, and note how; stop it when it hangs."""
        job = self.job
        job.seconds = time.monotonic() - job.began
        if self.popen.poll() is None:
            if job.seconds < LONGEST:
                return False
            job.note = f"stopped after {in_words(LONGEST)}: it hangs"
            stop([self])
        shutil.rmtree(self.temporary, ignore_errors=True)
        job.outcome = "failed" if self.popen.returncode or job.note else "passed"
        if job.report and job.outcome == "passed":
            job.outcome, job.note = reported(job.report)
        return True

    def interrupt(self) -> None:
        if os.name == "posix":
            self.signal(signal.SIGINT)

    def kill(self) -> None:
        if os.name == "posix":
            self.signal(signal.SIGKILL)
        else:
            tree = ["taskkill", "/T", "/F", "/PID", str(self.popen.pid)]
            subprocess.run(tree, capture_output=True, check=False)
        self.popen.wait()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


def reported(report: Path) -> tuple[Outcome, str]:
    """Return what nox says of the session that it ran: its outcome, and why it was skipped."""
    try:
        (session,) = json.loads(report.read_text(encoding="utf-8"))["sessions"]
    except (OSError, ValueError, KeyError):
        return "failed", "nox ended without a report"
    if session["result"] == "skipped":
        return "skipped", session.get("reason") or ""
    return "passed", ""


def stop(processes: Iterable[Process]) -> None:
    """Interrupt these processes, wait a moment, and kill what is left of them."""
    processes = list(processes)
    for process in processes:
        process.interrupt()
    end = time.monotonic() + PATIENCE
    with suppress(KeyboardInterrupt):  # whoever presses Ctrl-C again waits no longer
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.popen.wait(max(0, end - time.monotonic()))
    for process in processes:
        process.kill()


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM, by which a CI service ends a run, do as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# How long it takes


def remember_how_long(jobs: Iterable[Job]) -> None:
    known = _seconds()
    for job in jobs:
        job.expected = known.get(job.name)


def keep_how_long(jobs: Iterable[Job]) -> None:
    new = {job.name: round(job.seconds, 1) for job in jobs if job.outcome == "passed"}
    text = json.dumps(_seconds() | new, indent=1)
    (FOLDER / "seconds.json").write_text(text, encoding="utf-8")


def _seconds() -> dict[str, float]:
    try:
        known = json.loads((FOLDER / "seconds.json").read_text(encoding="utf-8"))
        return {name: float(seconds) for name, seconds in known.items()}
    except (OSError, ValueError, AttributeError):  # there is none, or it is not ours
        return {}


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Sort jobs for the shortest run; one that never ran may take longest."""
    return sorted(jobs, key=lambda job: float("-inf") if job.expected is None else -job.expected)


def remaining(job: Job) -> float | None:
    """Return how many seconds are left of a job; None when nothing is known of it."""
    if job.outcome not in {"waiting", "running"}:
        return 0
    if job.expected is None:
        return None
    return max(0, job.expected - job.seconds)


def to_go(jobs: Iterable[Job], processors: int) -> float | None:
    """Return roughly how many seconds all these jobs will take; None when one is unknown."""
    left = [remaining(job) for job in jobs]
    known = [seconds for seconds in left if seconds is not None]
    return max([sum(known) / processors, *known]) if len(known) == len(left) else None


def processors_for(job: Job, others: Sequence[Job], processors: int) -> int:
    """Return a job's share of the processors: as large as its share of what is left to do."""
    left = [remaining(other) for other in others]
    known = [seconds for seconds in left if seconds is not None]
    if not job.expected or len(known) < len(left):
        return max(1, processors // (1 + len(others)))
    return max(1, int(processors * job.expected / (job.expected + sum(known))))
