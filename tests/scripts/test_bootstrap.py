"""What `python3 scripts/demo.py` and `python3 scripts/test.py` promise before they hand over.

A house of its own is built for each test: the real scripts, requirements met by tiny wheels on
disk, and a package `tutorial` that only tells how it was called. Nothing is downloaded.
"""

import ast
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
NAMES = ["bootstrap.py", "demo.py", "test.py"]
TELLS = """\
import json, os, sys
names = ["PATH", "PYTHONUTF8", "VIRTUAL_ENV"]
print(json.dumps([sys.prefix, os.getcwd(), sys.argv[1:], {n: os.environ[n] for n in names}]))
sys.exit(7)
"""


class House:
    def __init__(self, root):
        self.root = root
        self.venv = root / ".venv"
        self.stamp = self.venv / "stamp"
        self.kept = self.venv / "kept"  # a file that is gone when .venv was made anew
        (root / "scripts").mkdir(parents=True)
        for name in NAMES:
            shutil.copy(SCRIPTS / name, root / "scripts")
        (root / "wheels").mkdir()
        for name in ["tutorial", "nox"]:
            with zipfile.ZipFile(root / f"wheels/{name}-0-py3-none-any.whl", "w") as wheel:
                info = f"{name}-0.dist-info"
                for module in ("", "verifying/"):
                    wheel.writestr(f"{name}/{module}__main__.py", TELLS)
                wheel.writestr(
                    f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n"
                )
                wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
                wheel.writestr(f"{info}/RECORD", "")
        self.write("requirements.txt", "--no-index\n--find-links wheels\n-r parts/last.txt\n")
        (root / "parts").mkdir()
        self.write("parts/last.txt", "tutorial\nnox\n")
        self.write("constraints.txt", "tutorial==0\n")
        self.write("pyproject.toml", "")

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def command(self, script, *arguments):
        return [sys.executable, str(self.root / "scripts" / script), *arguments]

    def start(self, script="demo.py", *arguments, **environment):
        return subprocess.run(
            self.command(script, *arguments),
            cwd=self.root.parent,
            env={**os.environ, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )


@pytest.fixture
def house(tmp_path, monkeypatch):
    # uv lies beside this Python in .venv, which is not on PATH unless .venv is activated
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert shutil.which("uv"), "these tests install with uv, which requirements.txt asks for"
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return House(tmp_path / "mein Häuschen")


def load(house):
    path = house.root / "scripts/bootstrap.py"
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bootstrap(house, monkeypatch):
    def execve(*command):
        raise AssertionError(f"would hand over to {command}")  # and pytest would be gone

    monkeypatch.setattr(os, "execve", execve)
    return load(house)


def pretend(module, monkeypatch, has=("uv", "venv")):
    """Let `has` be what this machine has; the installer's commands are only listed."""
    commands = []

    def run(what, started, command):
        commands.append(" ".join(map(str, command)))
        module.SCRIPTS.mkdir(parents=True, exist_ok=True)
        module.PYTHON.touch()

    def works(*words):
        return words[0] in has or words[-1].replace("import ", "") in has

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "works", works)
    return commands


def one_sentence(text):
    """Whether the last thing said is one sentence, and no traceback."""
    assert "Traceback" not in text
    last = text.splitlines()[-1]
    assert last.endswith(".")
    assert ". " not in last
    return last


@pytest.mark.parametrize("name", NAMES)
def test_an_old_python_can_read_the_scripts(name):
    ast.parse((SCRIPTS / name).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_a_python_that_is_too_old_is_told_so(bootstrap, house, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(SystemExit) as ending:
        bootstrap.main(["-m", "tutorial"])
    assert ending.value.code == 1
    text = one_sentence(capsys.readouterr().err)
    assert "3.10" in text
    assert "3.11" in text
    assert "python.org/downloads" in text
    assert not house.venv.exists()


def test_demo_hands_over_from_any_folder(house):
    result = house.start("demo.py", "--help", "two words", "ü")
    assert result.returncode == 7, result.stderr
    prefix, folder, arguments, environment = json.loads(result.stdout)  # and nothing else
    assert Path(prefix) == house.venv
    assert Path(folder) == house.root.parent
    assert arguments == ["demo", "--help", "two words", "ü"]
    assert Path(environment["PATH"].split(os.pathsep)[0]) in {
        house.venv / "bin",
        house.venv / "Scripts",
    }
    assert environment["PYTHONUTF8"] == "1"
    assert Path(environment["VIRTUAL_ENV"]) == house.venv
    assert "installing the packages" in result.stderr
    assert ".venv is ready after" in result.stderr


def test_test_hands_over_in_the_root(house):
    result = house.start("test.py", "--help")
    assert result.returncode == 7, result.stderr
    prefix, folder, arguments, _ = json.loads(result.stdout)
    assert Path(prefix) == house.venv
    assert Path(folder) == house.root
    assert arguments == ["--help"]


def test_second_run_sets_nothing_up(house):
    assert house.start().returncode == 7
    house.kept.touch()
    result = house.start()
    assert result.returncode == 7
    assert result.stderr == ""
    assert house.kept.exists()


@pytest.mark.parametrize(
    "name", ["requirements.txt", "parts/last.txt", "constraints.txt", "pyproject.toml"]
)
def test_stamp_follows_the_files(bootstrap, house, name):
    before = bootstrap.wanted()
    assert bootstrap.wanted() == before
    house.write(name, (house.root / name).read_text(encoding="utf-8") + "# changed\n")
    assert bootstrap.wanted() != before


@pytest.mark.parametrize("name", ["version", "base_prefix"])
def test_stamp_follows_the_python(bootstrap, monkeypatch, name):
    before = bootstrap.wanted()
    monkeypatch.setattr(sys, name, "another")
    assert bootstrap.wanted() != before


def change_requirements(house):
    house.write("parts/last.txt", "nox\ntutorial\n")


def leave_half_made(house):
    house.stamp.unlink()


def remove_python(house):
    for path in [*house.venv.glob("bin/python*"), *house.venv.glob("Scripts/python*")]:
        path.unlink()


def move(house):
    house.root = house.root.rename(house.root.parent / "moved")
    house.venv, house.kept = house.root / ".venv", house.root / ".venv/kept"


@pytest.mark.parametrize("spoil", [change_requirements, leave_half_made, remove_python, move])
def test_venv_that_is_not_in_order_is_made_anew(house, monkeypatch, capsys, spoil):
    module = load(house)
    pretend(module, monkeypatch)
    module.set_up()
    assert module.ready()
    house.kept.touch()

    spoil(house)
    module = load(house)
    assert not module.ready()
    pretend(module, monkeypatch)
    module.set_up()
    assert module.ready()
    assert not house.kept.exists()
    assert "Making .venv anew" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["uv", "pip"])
def test_without_network_one_sentence(house, tmp_path, way):
    house.write("requirements.txt", "somepackage\n")
    nowhere = "http://127.0.0.1:9/"
    environment = {
        "uv": {"UV_DEFAULT_INDEX": nowhere, "UV_HTTP_RETRIES": "0", "UV_NO_CACHE": "1"},
        "pip": {
            "PATH": str(tmp_path),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            "PIP_INDEX_URL": nowhere,
            "PIP_RETRIES": "1",
            "PIP_NO_CACHE_DIR": "1",
        },
    }[way]
    result = house.start(**environment)
    assert result.returncode == 1
    text = one_sentence(result.stderr)
    assert "PyPI cannot be reached" in text
    assert "connect to the internet" in text
    assert not house.stamp.exists()


def test_another_failure_shows_what_the_installer_said(house):
    house.write("parts/last.txt", "absent-package\n")
    result = house.start()
    assert result.returncode == 1
    assert "Setting up stopped at installing the packages" in result.stderr
    assert "absent-package" in result.stderr
    assert "Traceback" not in result.stderr
    assert "PyPI" not in result.stderr
    assert not house.stamp.exists()


def test_only_the_installers_last_lines_are_shown(bootstrap):
    code = "for n in range(100): print('line', n)\nraise SystemExit(3)"
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.run("working", time.monotonic(), [sys.executable, "-c", code])
    assert str(stop.value).splitlines()[2:] == [f"line {n}" for n in range(85, 100)]


def test_unknown_certificate_is_not_called_a_missing_network(bootstrap):
    code = "raise SystemExit('error sending request: invalid peer certificate')"
    with pytest.raises(bootstrap.Stop, match="invalid peer certificate"):
        bootstrap.run("working", time.monotonic(), [sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("has", "steps"),
    [
        ({"uv", "venv"}, ["-m venv", "uv pip install"]),
        ({"venv", "pip", "ensurepip"}, ["-m venv", "-m pip --python", "uv pip install"]),
        ({"venv", "pip"}, ["-m venv", "-m pip --python", "uv pip install"]),
        ({"venv", "ensurepip"}, ["-m venv", "-m ensurepip", "-m pip install uv", "uv pip install"]),
    ],
)
def test_way_to_install_follows_what_there_is(bootstrap, house, monkeypatch, has, steps):
    commands = pretend(bootstrap, monkeypatch, has)
    bootstrap.set_up()
    assert len(commands) == len(steps)
    for command, step in zip(commands, steps, strict=True):
        assert step in command.replace("uv.exe", "uv")
    assert commands[-1].endswith("-r requirements.txt -c constraints.txt")
    assert house.stamp.read_bytes() == bootstrap.wanted()


@pytest.mark.parametrize("has", [{"venv"}, {"pip", "ensurepip"}])
def test_missing_venv_names_the_package(bootstrap, house, monkeypatch, capsys, has):
    pretend(bootstrap, monkeypatch, has)
    with pytest.raises(SystemExit) as ending:
        bootstrap.main([])
    assert ending.value.code == 1
    assert "apt install python3-venv" in one_sentence(capsys.readouterr().err)
    assert not house.venv.exists()


def test_old_venv_that_cannot_be_removed(bootstrap, house, monkeypatch, capsys):
    house.venv.mkdir()

    def rmtree(path):
        raise PermissionError(13, "in use", path)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(SystemExit) as ending:
        bootstrap.main([])
    assert ending.value.code == 1
    assert "close whatever runs from it" in one_sentence(capsys.readouterr().err)


@pytest.mark.skipif(os.name == "nt", reason="an interrupt cannot be sent to one process there")
def test_interrupt_while_installing(house, tmp_path):
    slow = tmp_path / "bin/uv"
    slow.parent.mkdir()
    slow.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit\ntouch "{tmp_path}/begun"\nexec sleep 60\n',
        encoding="utf-8",
    )
    slow.chmod(0o755)
    script = subprocess.Popen(
        house.command("demo.py"),
        env={**os.environ, "PATH": f"{slow.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a shell that starts this in the background hands down SIGINT ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    script.send_signal(signal.SIGINT)
    out, err = script.communicate(timeout=20)
    assert script.returncode == 130
    assert one_sentence(err) == "Stopped."
    assert out == ""
    assert not house.stamp.exists()
    assert house.start().returncode == 7  # and the next run makes it whole


def test_interrupt_of_the_child_is_left_to_the_child(bootstrap, monkeypatch):
    """On Windows, where the script waits for the child instead of becoming it."""
    answers = [KeyboardInterrupt, 5]

    class Child:
        def __init__(self, command, env):
            assert env["PYTHONUTF8"] == "1"

        def wait(self):
            answer = answers.pop(0)
            if answer is KeyboardInterrupt:
                raise answer
            return answer

    monkeypatch.setattr(subprocess, "Popen", Child)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        code = bootstrap.hand_over(["python"])
    assert code == 5


@pytest.mark.parametrize("terminal", [True, False])
def test_progress(bootstrap, monkeypatch, terminal):
    console = io.StringIO()
    console.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", console)
    bootstrap.run("working", time.monotonic() - 3, [sys.executable, "-c", "print('noise')"])
    bootstrap.say("Done.")
    text = console.getvalue()
    assert "working ... 3 s" in text
    assert "noise" not in text
    assert text.count("\n") == (1 if terminal else 2)
    assert text.count("\r") == (2 if terminal else 0)
