"""The workflow for GitHub, read and run here: its steps ask for sessions that there are.

Each step's script is run by bash as GitHub does, with a `python` that keeps what it is asked and
answers only where the script needs the answer. What the actions of others do is not seen here.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tutorial.ladder import LADDER, ROOT
from tutorial.verifying.sessions import jobs_for

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
OWN_ACTION = ROOT / ".github/actions/python/action.yml"
PYTHON = """\
#!/bin/sh
if [ "$1" = scripts/test.py ]; then
    shift
    "{python}" -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@" >> "{asked}"
    case "$*" in *--list*) exec "{python}" -m tutorial.verifying "$@" ;; esac
else
    exec "{python}" "$@"
fi
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the step's shell is bash")


@pytest.fixture
def run(tmp_path):
    """Run a step's script with its variables; return what it asked for, and its outputs."""

    def run(step, **values):
        asked, output = tmp_path / "asked", tmp_path / "output"
        python = tmp_path / "bin/python"
        python.parent.mkdir()
        python.write_text(PYTHON.format(python=sys.executable, asked=asked), encoding="utf-8")
        python.chmod(0o755)
        variables = {
            name: re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda match: values[match[1]], value)
            for name, value in step.get("env", {}).items()
        }
        subprocess.run(
            # github.com, "Workflow syntax", jobs.<job_id>.steps[*].shell
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=ROOT,
            env={
                **os.environ,
                "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_OUTPUT": str(output),
                **variables,
            },
            check=True,
        )
        lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
        calls = [json.loads(line) for line in asked.read_text(encoding="utf-8").splitlines()]
        return calls, dict(line.split("=", 1) for line in lines)

    assert shutil.which("bash"), "the steps are written for bash"
    return run


def scripts(job):
    return [step for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def sessions(calls):
    return [job.name for arguments in calls for job in jobs_for(arguments)]


def test_the_matrix_is_every_session_of_nox(run):
    (step,) = scripts("sessions")
    _, outputs = run(step)
    everything = [row["session"] for row in json.loads(outputs["all"])]
    assert everything == [job.name for job in jobs_for([])]
    assert outputs["last"] == f"checkpoint({LADDER[-1].slug})"
    asked = WORKFLOW["jobs"]["sessions"]["outputs"]
    assert set(re.findall(r"steps\.list\.outputs\.(\w+)", str(asked))) == set(outputs)


@pytest.mark.parametrize("name", [job.name for job in jobs_for([])])
def test_a_job_of_the_matrix_runs_its_session_and_no_other(run, name):
    (step,) = scripts("session")
    calls, _ = run(step, **{"matrix.session.session": name})
    assert sessions(calls) == [name]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, ["tools", f"checkpoint({LADDER[-1].slug})"]), (1, ["notebooks"])]
)
def test_elsewhere_the_tools_one_checkpoint_and_one_notebook_are_run(run, number, expected):
    step = scripts("elsewhere")[number]
    calls, _ = run(step, **{"needs.sessions.outputs.last": f"checkpoint({LADDER[-1].slug})"})
    assert sorted(sessions(calls)) == sorted(expected)
    for name in re.findall(r"-k (\S+)", step["run"]):
        assert (ROOT / "notebooks" / f"{name}.ipynb").exists()


@pytest.mark.parametrize("name", ["newest", "dates"])
def test_once_a_week_the_newest_releases_and_odd_dates_are_tried(run, name):
    *_, step = scripts(name)
    calls, _ = run(step)
    assert {found.partition("(")[0] for found in sessions(calls)} == {name}
    assert "schedule" in WORKFLOW["jobs"][name]["if"] and "schedule" in WORKFLOW[True]


def test_no_script_is_left_out_here():
    assert {job: len(scripts(job)) for job in WORKFLOW["jobs"]} == {
        "sessions": 1,
        "session": 1,
        "elsewhere": 2,
        "newest": 1,
        "dates": 2,  # the first installs a package of the system, which is not done here
    }


def test_every_job_has_python_and_its_packages_from_the_cache():
    """The folder that the action keeps is the one that the installers are told to use."""
    action = yaml.safe_load(OWN_ACTION.read_text(encoding="utf-8"))
    *_, cache = action["runs"]["steps"]
    for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR"):
        folder = WORKFLOW["env"][name].removeprefix("${{ github.workspace }}/")
        assert folder.startswith(f"{cache['with']['path']}/")
    for job in WORKFLOW["jobs"].values():
        uses = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
        assert uses[:2] == ["actions/checkout", "$/.github/actions/python"]


def test_a_session_of_another_python_gets_it():
    """...beside the one that nox runs on, which has to be the one of the list of sessions."""
    (step,) = [step for step in WORKFLOW["jobs"]["session"]["steps"] if "with" in step][1:]
    assert step["with"]["also"] == "${{ matrix.session.python }}"
    setup, *_ = yaml.safe_load(OWN_ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    asked = setup["with"]["python-version"].split("\n")
    assert asked[0] == "${{ inputs.also }}" and re.fullmatch(r"3\.\d+", asked[1])
