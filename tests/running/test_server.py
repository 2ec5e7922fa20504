"""What the server promises to everything that runs a part by it."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress

import pytest
import requests

from tutorial.errors import Problem
from tutorial.ladder import register
from tutorial.running.environment import child_environment
from tutorial.running.server import answers, free_port, serve

from .asking import PART, images, login, refresh, tree, upload, wait_for


def test_it_serves_the_demo_data_and_two_users(server):
    assert requests.get(server.url + PART.products, timeout=30).json()["count"] == 15
    access = login(server.url).json()["access"]
    assert images(server.url, access).json()["count"] == 8
    assert login(server.url, "admin").status_code == 200


def test_it_serves_pictures_and_the_admin_s_styles(server):
    access = login(server.url).json()["access"]
    picture = images(server.url, access).json()["results"][0]
    for address in [picture["image"], *picture["renditions"].values()]:
        assert requests.get(address, timeout=30).status_code == 200
    css = requests.get(f"{server.url}/static/admin/css/base.css", timeout=30)
    assert css.status_code == 200


def test_its_log_is_at_hand(server):
    requests.get(f"{server.url}{PART.products}?search=a-mark-in-the-log", timeout=30)
    wait_for(lambda: "a-mark-in-the-log" in server.log())


def test_a_run_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = tree(PART.path)
    with serve(PART.path) as server:
        assert list(tmp_path.iterdir())
        port = int(server.url.rsplit(":", 1)[1])
    assert not list(tmp_path.iterdir())
    assert not answers(port)
    assert tree(PART.path) == before


def test_an_error_in_the_block_stops_the_server():
    with suppress(ZeroDivisionError), serve(PART.path) as server:
        port = int(server.url.rsplit(":", 1)[1])
        _ = 1 / 0
    assert not answers(port)


PARENT = """
import sys, time
from tutorial.ladder import first, register
from tutorial.running.server import serve
with serve(first("has_tokens").path) as server:
    print(server.url, server.state, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_parent_takes_the_server_along():
    """Even SIGKILL to a whole group, as to a notebook's kernel, leaves no server and no folder."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        start_new_session=True,
        env=child_environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    url, folder = parent.stdout.readline().split()
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not answers(int(url.rsplit(":", 1)[1])))
    wait_for(lambda: not os.path.exists(folder))  # noqa: PTH110


def test_a_short_lifetime_leaves_the_rest_as_it_is():
    with serve(PART.path, access_lifetime=60, clock=True) as server:
        pair = login(server.url).json()
        assert images(server.url, pair["access"]).status_code == 200
        server.clock.advance(62)
        assert images(server.url, pair["access"]).status_code == 401
        assert set(refresh(server.url, pair["refresh"])) == {"access", "refresh"}


def test_a_copy_of_its_state_is_another_server_s(server, tmp_path):
    """The copy has what the running server has, and then goes its own way."""
    access = login(server.url).json()["access"]
    mine = upload(server.url, access, "Mine").json()
    server.copy_state(tmp_path / "copy")
    with serve(PART.path, keep=tmp_path / "copy") as other:
        access_there = login(other.url).json()["access"]
        there = images(other.url, access_there).json()["results"][0]
        assert there["name"] == "Mine" and there["image"].startswith(other.url)
        assert requests.get(there["image"], timeout=30).status_code == 200
        assert upload(other.url, access_there, "Theirs").status_code == 201
    assert images(server.url, access).json()["results"][0]["name"] == "Mine"
    headers = {"Authorization": f"Bearer {access}"}
    url = f"{server.url}{PART.protected}{mine['pk']}/"
    assert requests.delete(url, headers=headers, timeout=30).status_code == 204


def test_a_copy_of_its_state_waits_for_a_write_to_end(server, tmp_path):
    """A file that is copied in the middle of a write would hold half of it."""
    copying = threading.Thread(target=server.copy_state, args=[tmp_path / "copy"])
    # Without isolation: a transaction is begun and ended here, by hand.
    with closing(sqlite3.connect(server.database, isolation_level=None)) as writing:
        writing.execute("BEGIN EXCLUSIVE")
        writing.execute("UPDATE reviews_product SET name = 'half'")
        copying.start()
        copying.join(timeout=0.3)
        assert copying.is_alive(), "it did not wait"
        writing.execute("ROLLBACK")
    copying.join()
    with closing(sqlite3.connect(tmp_path / "copy" / server.database.name)) as copy:
        names = copy.execute("SELECT name FROM reviews_product").fetchall()
    assert len(names) == 15 and ("half",) not in names


def test_a_copy_of_its_state_replaces_nothing(server, tmp_path):
    with pytest.raises(FileExistsError):
        server.copy_state(tmp_path)


def journal_mode(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_the_options_of_its_database_are_the_part_s(tmp_path):
    """With a write-ahead log, too, a copy of the state holds what was written last."""
    with serve(register.path) as server, closing(sqlite3.connect(server.database)) as other:
        assert journal_mode(server.database) == "wal"
        other.execute("SELECT * FROM auth_user").fetchone()  # as long as it reads, the log stays
        data = {"username": "ada", "email": "ada@example.com"}
        data |= {"password": "notes-on-an-engine", "password2": "notes-on-an-engine"}
        answer = requests.post(f"{server.url}/auth/register/", json=data, timeout=30)
        assert answer.status_code == 201
        server.copy_state(tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / server.database.name)) as copy:
        found = copy.execute("SELECT * FROM auth_user WHERE username = 'ada'").fetchall()
    assert len(found) == 1


def test_it_runs_without_a_write_ahead_log():
    with serve(register.path, environment={"TUTORIAL_WITHOUT": "init_command"}) as server:
        assert journal_mode(server.database) == "delete"
        answer = requests.get(server.url + register.products, timeout=30)
        assert answer.status_code == 200


def test_the_limits_of_a_part_can_be_raised():
    quick = {"TUTORIAL_FAST_PASSWORDS": "1", "TUTORIAL_ATTEMPTS": "25"}
    with serve(register.path, environment=quick) as server:
        data = {"username": "nobody", "password": "a guess"}
        url = server.url + register.login
        got = [requests.post(url, json=data, timeout=30).status_code for _ in range(26)]
    assert got == [401] * 25 + [429]


def test_a_taken_port_is_said(server):
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(Problem, match=f"Port {port} is taken"), serve(PART.path, port=port):
        pass
    assert free_port(port) != port


def test_a_port_that_is_taken_meanwhile_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen: a look at the port finds nobody
        port = taken.getsockname()[1]
        words = f"^Port {port} cannot be used: Address already in use.$"
        with pytest.raises(Problem, match=words), serve(PART.path, port=port):
            pass


def test_a_broken_project_shows_its_log(tmp_path):
    (tmp_path / "medium").mkdir()
    (tmp_path / "medium" / "settings.py").write_text("raise ValueError('a typo')", "utf-8")
    with pytest.raises(Problem, match="a typo"), serve(tmp_path):
        pass
