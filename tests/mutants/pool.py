"""Checks many projects quickly: a process that has loaded the libraries forks for each.

The same worker, promises and diagnosis as `tutorial check`. Only what needs a running server, or
seconds, is left out, unless a test asks for it by name.
"""

import functools
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

from tutorial.checking import run as running
from tutorial.checking.check import judge, read
from tutorial.ladder import ROOT
from tutorial.project_files import what_runs
from tutorial.running.environment import SOURCES


class Pool:
    """One warm process; ``check`` blocks until a project has been looked at."""

    def __init__(self):
        setup = {"tools": [], "sources": str(SOURCES)}
        worker = SOURCES / "tutorial" / "checking" / "worker.py"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", str(worker), "pool", json.dumps(setup)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=running.variables(ROOT / ".cache", ROOT / ".cache"),
            encoding="utf-8",
        )

    def check(
        self,
        part,
        project,
        *,
        promises=(),
        options=("--quick",),
        twice=False,
        look=True,
        modules=(),
    ):
        """Check a project against a part; of all the promises, of those named, or of parts.

        ``twice`` loads it in a second process, as `tutorial check` does, to compare the two.
        """
        self.modules = [
            str(path)
            for one in modules
            for path in running.CHECKPOINTS.glob(f"test_{one.number:02}_*.py")
        ] or holding(promises)
        outcome, log = self.run(part, project, promises, options, look)
        if twice and not outcome.stopped:
            again, _ = self.run(part, project, promises, options, run=False)
            if again.facts["key"] != outcome.facts["key"]:
                outcome.findings.append({"kind": "key", "fatal": False})
        diagnosis = judge(part, outcome, read(project, what_runs(project)))
        assert not diagnosis.slips, diagnosis.slips
        return SimpleNamespace(outcome=outcome, diagnosis=diagnosis, log=log)

    def run(self, part, project, promises, options, look=True, run=True):
        state = project.parent / f"state-{run}"
        (state / "tmp").mkdir(parents=True)
        job = {
            "part": part.slug,
            "project": str(project),
            "state": str(state),
            "root": str(ROOT),
            "select": self.modules,
            "look": look and run,
            "promises": run,
            "checkpoints": str(running.CHECKPOINTS),
            "writable": [str(project.parent), str(ROOT / ".cache")],
            "chapter_apps": running.chapter_apps(part),
            "options": [*options, *(["-k", " or ".join(promises)] if promises else [])],
            "out": str(project.parent / "out.jsonl"),
            "log": str(project.parent / "log"),
            "variables": {
                name: value
                for name, value in running.variables(state, project).items()
                if name.startswith(("TMP", "TEMP", "TUTORIAL_"))
            },
        }
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline(), "the pool has ended"
        outcome = running.Outcome()
        for line in (project.parent / "out.jsonl").read_text("utf-8").splitlines():
            take(json.loads(line), outcome)
        outcome.stopped = any(finding["fatal"] for finding in outcome.findings)
        log = (project.parent / "log").read_text("utf-8", "replace")
        assert not outcome.broken, outcome.broken + log
        return outcome, log

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@functools.cache
def texts():
    return {path: path.read_text("utf-8") for path in running.CHECKPOINTS.glob("test_*.py")}


def holding(promises):
    """Return the modules in which these promises are, so that no other has to be imported."""
    names = [re.match(r"\w+", one)[0] for one in promises]
    return [
        str(path) for path, text in texts().items() if any(f"def {name}" in text for name in names)
    ]


def take(line, outcome):
    if "facts" in line:
        outcome.facts = line["facts"]
    elif "finding" in line:
        outcome.findings.append(line["finding"])
    elif "broken" in line:
        outcome.broken = line["broken"]
    elif "outcome" in line:
        outcome.results.append(line)


can_fork = hasattr(os, "fork")
