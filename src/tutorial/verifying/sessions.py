"""A job for each session of nox that the arguments ask for."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

from tutorial.ladder import ROOT
from tutorial.verifying.jobs import Job

NOX = [sys.executable, "-m", "nox"]
TEST = "python3 scripts/test.py"

# Options that say which sessions: each session is asked for by its name then.
SELECTION = {
    ("-s", "-e", "--session", "--sessions"): "*",
    ("-t", "--tags"): "*",
    ("-p", "--python", "--pythons"): "*",
    ("-k", "--keywords"): None,
}
# Options that are the same for every session.
FLAGS = ("-r", "-R", "-N", "-v", "--error-on-missing-interpreters")


def jobs_for(arguments: Sequence[str]) -> list[Job] | None:
    """Return a job for each session that these arguments of nox select.

    None when nox itself is to run, with the same arguments: it lists, explains or refuses
    something, or is told something that does not concern sessions one by one.
    """
    mine, posargs = split(arguments)
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for names, count in SELECTION.items():
        parser.add_argument(*names, nargs=count)
    flags = [parser.add_argument(flag, action="store_true").dest for flag in FLAGS]
    try:
        options, unknown = parser.parse_known_args(mine)
    except argparse.ArgumentError:
        return None
    if unknown:
        return None
    told = [flag for flag, name in zip(FLAGS, flags, strict=True) if getattr(options, name)]
    if (found := selected(*mine)) is None:
        return None
    jobs = []
    for name in found:
        one = [*told, "-s", name]
        job = Job(name, [], by_hand([*one, *with_dashes(posargs)]), f"{by_hand(one)} --")
        job.report = job.log.with_suffix(".json")
        job.command = [*NOX, "--report", job.report, *one, *with_dashes(posargs)]
        jobs.append(job)
    return jobs


@cache
def selected(*arguments: str) -> tuple[str, ...] | None:
    """Return the names of the sessions that nox selects; None when it refuses."""
    done = subprocess.run(
        [*NOX, *arguments, "--list", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        return None
    return tuple(session["session"] for session in json.loads(done.stdout))


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the arguments of nox from those that it hands on to the session."""
    if "--" not in arguments:
        return list(arguments), []
    at = arguments.index("--")
    return list(arguments[:at]), list(arguments[at + 1 :])


def with_dashes(posargs: Sequence[str]) -> list[str]:
    return ["--", *posargs] if posargs else []


def by_hand(arguments: Sequence[str]) -> str:
    """Return the command, as typed in a shell, that does this again."""
    return f"{TEST} {shlex.join(arguments)}"
