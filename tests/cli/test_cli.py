"""What the command line promises: words instead of tracebacks, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import requests
import typer

from tutorial.cli import requests_to_paste, to_seconds
from tutorial.ladder import LADDER, ROOT, find, first
from tutorial.running.environment import child_environment
from tutorial.running.server import PASSWORD


def test_parts_lists_the_ladder(tutorial):
    result = tutorial("parts")
    assert result.code == 0
    for part in LADDER:
        assert part.slug in result.out and part.path.is_dir()
    folders = {path.name for path in (ROOT / "parts").iterdir() if path.is_dir()}
    assert folders == {part.slug for part in LADDER}


def test_a_part_is_named_in_several_ways():
    assert find(7) is find("7") is find("07") is find("07-jwt-authentication/") is LADDER[6]
    # as Tab completes it, in any shell
    for path in ["parts/07-jwt-authentication/", "parts\\07-jwt-authentication\\"]:
        assert find(path) is LADDER[6]
    assert find(str(LADDER[6].path)) is LADDER[6]
    for wrong in ["0", "99", "jwt", "", "7.5", "parts/", "07-jwt-authentication/reviews"]:
        with pytest.raises(LookupError, match="There is no part"):
            find(wrong)


@pytest.mark.parametrize("name", ["parts/{}/", "parts\\{}\\", "./parts/{}"])
def test_a_part_is_named_by_the_path_to_its_folder(tutorial, name):
    """Shown on the last part, because a carry from it ends before it looks at git."""
    last = LADDER[-1].slug
    result = tutorial("carry", name.format(last))
    assert result.code == 1
    assert f"No part comes after {last}" in result.err


@pytest.mark.parametrize("command", ["serve", "check", "diff", "start", "carry"])
def test_a_part_that_is_not_there(tutorial, command):
    result = tutorial(command, 99, "x")
    assert result.code == 2
    assert "There is no part '99'" in result.err


def test_every_command_explains_itself(tutorial):
    for command in ["parts", "serve", "demo", "lab", "check", "diff", "start", "carry"]:
        result = tutorial(command, "--help")
        assert result.code == 0 and len(result.out.splitlines()) > 5, result.out
        assert not re.search(r"<\w+>|<=", result.out), "a Python type tells a reader nothing"
        if command != "lab":  # whose help is a lesson plan
            assert f"\n tutorial {command}" in result.out, "an example is missing"


@pytest.mark.parametrize("port", [0, 65536, "http"])
def test_a_port_that_is_none(tutorial, port):
    result = tutorial("serve", 7, "--port", port)
    assert result.code == 2
    assert "a port is a number from 1 to 65535" in " ".join(result.err.split())


def test_what_maintainers_need_is_apart(tutorial):
    told = tutorial("--help").out
    in_order = ["─ Learn ", "│ check ", "─ Show and teach ", "│ demo ", "─ Maintain ", "│ carry "]
    places = [told.find(text) for text in in_order]
    assert -1 not in places and places == sorted(places), told


def test_times_are_read_with_their_units():
    assert [to_seconds(text) for text in ["10", "10s", "1.5m", "2 h", "1d"]] == [
        10,
        10,
        90,
        7200,
        86400,
    ]
    for wrong in ["", "soon", "-1s", "0s", "10 years"]:
        with pytest.raises(typer.BadParameter):
            to_seconds(wrong)


def start_server(*arguments):
    """Start ``tutorial serve`` and read what it prints until its log begins."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tutorial", "serve", *arguments],
        env=child_environment(COLUMNS="80"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    said = ""
    for line in process.stdout:
        said += line
        if "Its log" in line:
            break
    return process, said


@pytest.mark.parametrize(
    ("shell", "curl"),
    [
        ({}, "curl "),
        ({"http_proxy": "http://127.0.0.1:9"}, 'curl --noproxy "*" '),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "localhost,127.0.0.1"}, "curl "),
    ],
)
def test_requests_to_paste_pass_a_proxy(monkeypatch, shell, curl):
    """Where the shell names one, it is curl's too."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    server = SimpleNamespace(url="http://127.0.0.1:8000", clock=None)
    for request in requests_to_paste(first("has_tokens"), server):
        assert request.startswith(curl)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT as a terminal does")
def test_a_server_runs_until_ctrl_c(tutorial, unused_port):
    port = unused_port()
    part = first("has_tokens")
    process, said = start_server(str(part), "--port", str(port), "--clock")
    try:
        url = f"http://127.0.0.1:{port}"
        assert url in said and PASSWORD in said
        clock = re.search(r"http://127.0.0.1:\d+/clock", said)[0]
        assert requests.get(clock, timeout=30).status_code == 200
        # The requests that it shows are the ones that work.
        data = re.search(r'curl -d "(.*?)"', said)[1]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        pair = requests.post(url + part.login, data=data, headers=form, timeout=30)
        assert set(pair.json()) == {"access", "refresh"}

        taken = tutorial("serve", part, "--port", port)
        assert taken.code == 1
        assert f"Port {port} is taken" in taken.err
        assert re.search(r"--port \d+", taken.err)
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped." in err and "Traceback" not in err
    with pytest.raises(requests.ConnectionError):
        requests.get(url + part.products, timeout=5)


def test_a_started_copy_is_the_part(tutorial, tmp_path):
    folder = tmp_path / "my own"
    result = tutorial("start", 4, folder)
    assert result.code == 0
    assert "python manage.py migrate" in result.out
    assert (folder / "manage.py").is_file()
    again = tutorial("start", 4, folder)
    assert again.code == 1 and "is not empty" in again.err


def test_a_diff_is_a_patch(tutorial):
    stat = tutorial("diff", 6, 7, "--stat")
    assert "medium/urls.py" in stat.out and "\x1b" not in stat.out
    patch = tutorial("diff", 6, 7)
    assert "+++ b/reviews/views.py" in patch.out
    assert "+    permission_classes = [IsAuthenticated]" in patch.out


def test_a_patch_goes_on_with_a_project_that_a_reader_made(tutorial, tmp_path):
    """Which has no README: that of a part says what its folder is in this repository."""
    project, goal = tmp_path / "mine", tmp_path / "goal"
    for part, folder in ((3, project), (4, goal)):
        assert tutorial("start", part, folder).code == 0
        assert not (folder / "README.md").exists()
    patch = project / "4.patch"
    written = tutorial("diff", 3, 4, "--output", patch)
    assert (written.code, written.out) == (0, "")
    subprocess.run(["git", "apply", patch.name], cwd=project, check=True)
    patch.unlink()

    def content(folder):
        return {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    assert content(project) == content(goal)


def test_a_patch_that_cannot_be_written_says_why(tutorial, tmp_path):
    result = tutorial("diff", 3, 4, "--output", tmp_path / "nowhere" / "4.patch")
    assert result.code == 1
    assert "cannot be written: No such file or directory" in result.err.replace("\n", " ")


@pytest.mark.parametrize("command", ["demo", "lab"])
def test_a_part_without_tokens_has_nothing_to_show(tutorial, command):
    part = first("has_tokens")
    result = tutorial(command, "--part", part.before)
    assert result.code == 1
    assert str(part) in result.err, result.err
