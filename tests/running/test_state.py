"""What a run leaves for the next one: all of it, or nothing."""

import os
import signal
import subprocess
import sys

import pytest

from tutorial.errors import Problem
from tutorial.project_files import clean_copy
from tutorial.running.environment import DATABASE, child_environment
from tutorial.running.server import serve

from .asking import PART, images, login, refresh, upload, wait_for

PARENT = """
import sys
from pathlib import Path
from tutorial.running.server import serve
with serve(Path(sys.argv[1]), keep=Path(sys.argv[2])) as server:
    print(server.url, flush=True)
    server.process.wait()
"""
# In the place of a part's command: it comes to the middle of filling a database, and waits.
WAITS = """
import time
from pathlib import Path
from django.core.management.base import BaseCommand
from reviews.management.commands.original import Command as Original

class Command(Original):
    def handle(self, **options):
        super().handle(**options)
        Path({begun!r}).touch()
        while not Path({go_on!r}).exists():
            time.sleep(0.02)
"""


@pytest.fixture
def keep(tmp_path):
    return tmp_path / "a place for ø"


@pytest.fixture
def slow(tmp_path):
    """A part that waits in the middle of filling its database, until it may go on."""
    project = tmp_path / "slow"
    clean_copy(PART.path, project)
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    command = project / "reviews/management/commands/load_pictures.py"
    command.rename(command.with_name("original.py"))
    command.write_text(WAITS.format(begun=str(begun), go_on=str(go_on)), "utf-8")
    return project, begun, go_on


def start(project, keep):
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(project), str(keep)],
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_what_is_kept_is_there_again(keep):
    with serve(PART.path, keep=keep) as server:
        pair = login(server.url).json()
        assert upload(server.url, pair["access"], "Kept").status_code == 201
    with serve(PART.path, keep=keep) as server:
        got = images(server.url, refresh(server.url, pair["refresh"])["access"]).json()
        assert (got["count"], got["results"][0]["name"]) == (9, "Kept")


@pytest.mark.skipif(os.name == "nt", reason="SIGINT and SIGKILL are POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_run_that_ends_while_it_fills_its_database_leaves_none(keep, slow, number):
    """Or the next run would go on with half of one, and refuse the login that it offers."""
    project, begun, go_on = slow
    first = start(project, keep)
    wait_for(begun.exists)
    first.send_signal(getattr(signal, number))
    first.communicate(timeout=30)
    assert not (keep / DATABASE).exists()
    go_on.touch()
    with serve(project, keep=keep) as server:
        assert images(server.url, login(server.url).json()["access"]).json()["count"] == 8
        assert not list(keep.glob("unfinished*"))
        originals = list((keep / "media/images").glob("*.*"))
        assert len(originals) == 8, "the earlier run's pictures are still there"


def test_one_server_at_a_time_has_what_is_kept(keep, slow):
    project, begun, go_on = slow
    first = start(project, keep)

    def second_is_refused():
        with pytest.raises(Problem, match="Another server is running"), serve(project, keep=keep):
            pass

    wait_for(begun.exists)
    second_is_refused()
    go_on.touch()
    url = first.stdout.readline().strip()
    second_is_refused()
    assert login(url).status_code == 200
    first.kill()
    first.communicate()
    with serve(project, keep=keep) as server:  # a lock ends with its process
        assert login(server.url).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"no database at all" * 99),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
    ],
    ids=["garbage", "half of one"],
)
def test_a_damaged_database_is_said_in_words(keep, spoil):
    with serve(PART.path, keep=keep):
        pass
    spoil(keep / DATABASE)
    with pytest.raises(Problem) as raised, serve(PART.path, keep=keep):
        pass
    said = str(raised.value)
    assert str(keep / DATABASE) in said
    assert f"delete the folder {keep}" in said
    assert "Traceback" not in said


def test_an_empty_database_is_filled(keep):
    keep.mkdir()
    (keep / DATABASE).touch()
    with serve(PART.path, keep=keep) as server:
        assert login(server.url).status_code == 200
