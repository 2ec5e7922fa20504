"""Verifies everything in this repository, or what a change can break.

    python3 scripts/test.py                     everything
    python3 scripts/test.py --changed           what your change since main can break, in a minute
    python3 scripts/test.py -s tools docs       these sessions of nox; its other arguments work too
    python3 scripts/test.py -s tools -- -k name pytest's arguments, after two dashes

While it runs it says which sessions are running and roughly how long it will take; what each of
them wrote is in .cache/verify.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from filelock import FileLock, Timeout
from rich.console import Console

from tutorial.errors import Problem
from tutorial.ladder import ROOT
from tutorial.verifying.changed import jobs_for_changes
from tutorial.verifying.jobs import FOLDER, Job, run
from tutorial.verifying.sessions import NOX, jobs_for
from tutorial.verifying.words import Board, report


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for; return the exit code."""
    console = Console()
    parallel = os.environ.pop("NOX_PARALLEL", "auto")  # each session is a nox of its own
    if "-h" in arguments or "--help" in arguments:
        console.print(__doc__, highlight=False, markup=False)
    try:
        if "--changed" in arguments:
            jobs: list[Job] | None = jobs_for_changes([a for a in arguments if a != "--changed"])
        else:
            jobs = jobs_for(arguments)
        if jobs is None:
            os.environ["NOX_PARALLEL"] = parallel
            return subprocess.call([*NOX, *arguments], cwd=ROOT)
        return verify(jobs, processors(parallel), console)
    except Problem as problem:
        console.print(f"[red]✗[/] {problem}", highlight=False)
        return 2
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


def verify(jobs: Sequence[Job], available: int, console: Console) -> int:
    """Run the jobs, one run at a time in this folder, and report how they went."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = FileLock(FOLDER / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print("Another run is under way in this folder: this one waits for it to end.")
        lock.acquire()
    began = time.monotonic()
    with lock:
        try:
            with Board(jobs, available, console) as board:
                run(jobs, available, board)
        finally:
            report(jobs, time.monotonic() - began, console)
    return int(any(job.outcome == "failed" for job in jobs))


def processors(parallel: str) -> int:
    """Return how many there are for this process, or how many the variable NOX_PARALLEL says."""
    if parallel.isdecimal():
        return int(parallel)
    if hasattr(os, "sched_getaffinity"):  # fewer than there are, in a container
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
