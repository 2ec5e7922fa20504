"""What a run leaves for the next one: all of it, or nothing."""

import os
import signal
import subprocess
import sys

import pytest

from tutorial.errors import Problem
from tutorial.project_files import clean_copy
from tutorial.running import filled
from tutorial.running.environment import DATABASE, UPLOADS, child_environment
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


# What is filled once, and copied for every start after that


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """An empty folder for what is kept, also for the server's process."""
    monkeypatch.setattr(filled, "KEPT", tmp_path / "filled")
    return tmp_path / "filled"


def test_a_part_is_filled_once_and_each_run_has_a_copy_of_its_own(kept):
    with serve(PART.path) as server:
        assert "pictures added" in server.log()
        pair = login(server.url).json()
        assert upload(server.url, pair["access"], "Mine").status_code == 201
    (folder,) = kept.iterdir()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with serve(PART.path) as server:
        assert "pictures added" not in server.log()
        got = images(server.url, login(server.url).json()["access"]).json()
        assert got["count"] == 8 and "Mine" not in str(got)
        assert upload(server.url, login(server.url).json()["access"], "Mine").status_code == 201
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_cannot_be_taken_is_filled_anew(kept):
    with serve(PART.path):
        pass
    (folder,) = kept.iterdir()
    (folder / DATABASE).unlink()
    with serve(PART.path) as server:
        assert images(server.url, login(server.url).json()["access"]).json()["count"] == 8
        assert len(list((server.state / UPLOADS / "images").glob("*.*"))) == 8


def test_what_is_kept_is_for_one_state_of_a_part_and_for_no_other_project(tmp_path, monkeypatch):
    project = tmp_path / PART.slug
    clean_copy(PART.path, project)
    assert filled.place(project) is None
    monkeypatch.setattr("tutorial.ladder.PARTS", tmp_path)
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(packages))
    places = [filled.place(project), filled.place(project, "another fact")]
    assert filled.place(project) == places[0]
    (project / "reviews/models.py").touch()
    assert filled.place(project) == places[0]
    with (project / "reviews/models.py").open("a", encoding="utf-8") as file:
        file.write("# changed")
    places.append(filled.place(project))
    os.utime(packages, (1, 1))  # as a package that is installed does
    places.append(filled.place(project))
    assert len(set(places)) == 4


def test_as_many_as_are_used_are_kept(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(filled, "MOST", 2)
    database = tmp_path / DATABASE
    database.write_bytes(b"filled")
    for number, name in enumerate("abc"):
        filled.keep(kept / name, database, tmp_path / "none")
        os.utime(kept / name, (number, number))
    assert filled.take(kept / "b", tmp_path / "copy", tmp_path / "uploads")
    filled.keep(kept / "d", database, tmp_path / "none")
    assert sorted(path.name for path in kept.iterdir()) == ["b", "d"]
