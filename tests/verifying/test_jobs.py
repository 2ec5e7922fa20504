"""Jobs run side by side: the longest first, no more than there are processors, nothing left."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tutorial.running.environment import child_environment
from tutorial.verifying import jobs
from tutorial.verifying.jobs import Job, longest_first, processors_for, run, to_go


class Silent:
    """Is told how the jobs go on, and keeps it."""

    def __init__(self):
        self.told = []

    def started(self, job):
        self.told.append(("started", job.name))

    def finished(self, job):
        self.told.append((job.outcome, job.name))

    def wait(self, seconds):
        time.sleep(seconds / 10)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "FOLDER", tmp_path / "verify")
    return tmp_path / "verify"


def python(name, code, **options):
    return Job(name, [sys.executable, "-c", code], repeat=name, **options)


def test_each_job_has_its_outcome_and_its_output():
    good, bad = python("good", "print('grün')"), python("bad", "raise SystemExit(3)")
    audience = Silent()
    run([good, bad], 2, audience)
    assert (good.outcome, bad.outcome) == ("passed", "failed")
    assert good.output() == "grün\n"
    assert {("passed", "good"), ("failed", "bad")} < set(audience.told)


def test_no_output_is_lost_or_mixed():
    code = "import os\nfor n in range(2000):\n print('{}', n)\nos.write(2, b'end')"
    both = [python(name, code.format(name)) for name in ("one", "two")]
    run(both, 2, Silent())
    for job in both:
        lines = job.output().splitlines()
        assert {line.split()[0] for line in lines[:-1]} == {job.name}
        assert len(lines) == 2001 and lines[-1] == "end"


def test_there_are_never_more_workers_than_processors(tmp_path):
    code = f"""
import os, pathlib
mine = pathlib.Path({str(tmp_path)!r}, f"{{os.getpid()}}-{{os.environ['{jobs.WORKERS}']}}")
mine.touch()
print(*[path.name for path in mine.parent.glob("*-*")])
mine.unlink()
"""
    many = [python(f"job {n}", code, expected=1) for n in range(12)]
    run(many, 3, Silent())
    for job in many:
        at_work = [int(name.partition("-")[2]) for name in job.output().split()]
        assert 1 <= sum(max(1, workers) for workers in at_work) <= 3


def test_the_longest_is_first_and_one_that_is_unknown_before_it():
    names = {"a": 1, "b": 9, "c": None, "d": 5}
    sorted_jobs = longest_first(Job(name, [], "", expected=s) for name, s in names.items())
    assert [job.name for job in sorted_jobs] == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("mine", "others", "processors", "share"),
    [
        (50, [50] * 9, 2, 1),
        (100, [], 4, 4),  # alone
        (100, [100], 8, 4),
        (300, [100], 8, 6),
        (1, [100], 8, 1),
        (None, [], 4, 4),
        (None, [None] * 20, 4, 1),
        (10, [None], 4, 2),
    ],
)
def test_a_job_gets_its_share_of_the_processors(mine, others, processors, share):
    job, *rest = (Job("", [], "", expected=seconds) for seconds in [mine, *others])
    assert processors_for(job, rest, processors) == share


def test_what_is_left_to_do_is_known_when_all_jobs_are():
    two = [Job("a", [], "", expected=60), Job("b", [], "", expected=20)]
    assert to_go(two, 1) == 80
    assert to_go(two, 2) == 60  # as long as the longest
    two[0].outcome, two[0].seconds = "running", 50
    assert to_go(two, 1) == 30
    two[1].expected = None
    assert to_go(two, 1) is None


def test_how_long_it_took_is_known_the_next_time(folder):
    run([python("good", ""), python("bad", "raise SystemExit(1)")], 2, Silent())
    again = [python("good", ""), python("bad", "")]
    run(again, 2, Silent())
    assert again[0].expected is not None and again[1].expected is None


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": "soon"}'])
def test_a_file_of_times_that_cannot_be_read_is_nothing(folder, content):
    folder.mkdir()
    (folder / "seconds.json").write_text(content, encoding="utf-8")
    job = python("a", "")
    run([job], 1, Silent())
    assert job.outcome == "passed" and job.expected is None


def test_a_session_that_nox_skipped_is_skipped(folder):
    report = folder / "report.json"
    told = {"sessions": [{"result": "skipped", "reason": "no such Python"}]}
    job = python("a", f"open({str(report)!r}, 'w').write({json.dumps(told)!r})", report=report)
    run([job], 1, Silent())
    assert (job.outcome, job.note) == ("skipped", "no such Python")


def test_a_job_without_its_report_has_failed(folder):
    job = python("a", "", report=folder / "report.json")
    run([job], 1, Silent())
    assert job.outcome == "failed"


def test_a_job_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(jobs, "LONGEST", 0)
    job = python("a", "import time; time.sleep(600)")
    run([job], 1, Silent())
    assert job.outcome == "failed" and "hangs" in job.note


def test_a_job_s_temporary_files_are_gone():
    job = python("a", "import tempfile; print(tempfile.mkdtemp())")
    run([job], 1, Silent())
    assert not Path(job.output().strip()).parent.exists()


CHILD = "import time; print(1, flush=True); time.sleep(600)"
PARENT = f"""
import subprocess, sys, tempfile
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, tempfile.mkdtemp(), flush=True)
child.wait()
"""
DEAF = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{PARENT}"
RUNNER = """
import sys, time
from pathlib import Path
from tutorial.verifying import jobs
jobs.FOLDER, jobs.PATIENCE = Path(sys.argv[1]), 1
class Audience:
    def started(self, job):
        while not job.output():
            time.sleep(0.02)
        print(job.output(), end="", flush=True)
    def finished(self, job):
        print("finished", job.name)
    wait = staticmethod(time.sleep)
run = [jobs.Job(str(n), [sys.executable, "-c", code], "") for n, code in enumerate(sys.argv[2:])]
jobs.run(run, 2, Audience())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to one process alone")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_leaves_nothing(folder, sent):
    """No process, not even one that hears no Ctrl-C, and no temporary file."""
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(folder), PARENT, DEAF],
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a shell that starts this in the background hands down SIGINT ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    started = [runner.stdout.readline().split() for _ in range(2)]
    runner.send_signal(sent)
    out, err = runner.communicate(timeout=60)
    assert re.search("KeyboardInterrupt$", err.strip()), err
    assert "finished" not in out
    for pid, temporary in started:
        assert not Path(temporary).parent.exists()
        wait_for(lambda pid=int(pid): not runs(pid))


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.02)


def runs(pid):
    """Return whether a process runs, even where nobody asks after those that have ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
