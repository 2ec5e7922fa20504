"""Which sessions of nox the arguments ask for, and what of them is left to nox itself."""

import subprocess
import sys

import pytest

from tutorial.ladder import LADDER, ROOT
from tutorial.running.environment import child_environment
from tutorial.verifying.sessions import jobs_for


def names(*arguments):
    return [job.name for job in jobs_for(arguments)]


def test_everything_is_every_session_once():
    everything = names()
    for name in ("follow", "tools", "docs", "style", *(f"checkpoint({p.slug})" for p in LADDER)):
        assert everything.count(name) == 1
    assert "newest" not in everything  # it is asked for by its name alone


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-s", "style", "lab"], ["lab", "style"]),
        (["--session", "newest"], ["newest"]),
        (["-k", "checkpoint and models"], ["checkpoint(01-models)"]),
        (["-s", "checkpoint(02-admin)", "-R"], ["checkpoint(02-admin)"]),
    ],
)
def test_sessions_are_chosen_as_nox_does(arguments, expected):
    assert sorted(names(*arguments)) == expected


def test_a_session_gets_its_options_and_what_follows_the_dashes():
    (job,) = jobs_for(["-R", "-s", "tools", "--", "-k", "a b"])
    assert job.command[-6:] == ["-R", "-s", "tools", "--", "-k", "a b"]
    assert job.repeat == "python3 scripts/test.py -R -s tools -- -k 'a b'"
    assert job.repeat_test == "python3 scripts/test.py -R -s tools --"


@pytest.mark.parametrize(
    "arguments", [["--list"], ["--version"], ["-s", "nowhere"], ["--nonsense"], ["-k"], ["-x"]]
)
def test_the_rest_is_left_to_nox(arguments):
    assert jobs_for(arguments) is None


def run(*arguments, **options):
    command = [sys.executable, "-m", "tutorial.verifying", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=child_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,
    )


def test_nox_answers_for_itself():
    listed = run("--list")
    assert listed.returncode == 0 and "* docs -> The book" in listed.stdout
    unknown = run("-s", "nowhere")
    assert unknown.returncode == 3 and "nowhere" in unknown.stdout + unknown.stderr


def test_help_says_what_is_here_and_then_what_nox_says():
    said = run("--help").stdout
    assert said.index("--changed") < said.index("--report")
