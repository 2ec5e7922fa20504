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
import sysconfig
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
ENVIRONMENT = ["__init__.py", "ladder.py", "running/__init__.py", "running/environment.py"]
NAMES = ["bootstrap.py", "demo.py", "test.py"]
TELLS = """\
import json, os, sys
names = ["PATH", "PYTHONUTF8", "VIRTUAL_ENV"] + os.environ.get("ALSO", "").split()
print(json.dumps([sys.prefix, os.getcwd(), sys.argv[1:], {n: os.environ.get(n) for n in names}]))
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
        for name in ENVIRONMENT:
            (root / "src/tutorial" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "src/tutorial" / name, root / "src/tutorial" / name)
        for name in ("__main__.py", "verifying/__init__.py", "verifying/__main__.py"):
            (root / "src/tutorial" / name).parent.mkdir(exist_ok=True)
            self.write(f"src/tutorial/{name}", TELLS if "main" in name else "")
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
                if name == "tutorial":  # what an editable installation adds
                    wheel.writestr("tutorial.pth", f"{root / 'src'}\n")
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
        purelib = sysconfig.get_path("purelib", "venv", {"base": str(module.VENV)})
        Path(purelib).mkdir(parents=True, exist_ok=True)

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
    assert "Making .venv again" in capsys.readouterr().err


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

    (house.venv / "in-use").touch()

    def unlink(path):
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(SystemExit) as ending:
        bootstrap.main([])
    assert ending.value.code == 1
    assert "close whatever runs from it" in one_sentence(capsys.readouterr().err)


def run_at_once(house, count):
    """Start the script so many times at the same moment; return what came of each."""
    runs = [
        subprocess.Popen(
            house.command("demo.py"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(count)
    ]
    return [(run, *run.communicate(timeout=60)) for run in runs]


def test_two_first_runs_at_once(house):
    """One of them sets .venv up, and the other waits for it."""
    results = run_at_once(house, 2)
    assert [run.returncode for run, _, _ in results] == [7, 7], results
    told = [err for _, _, err in results]
    assert sum(".venv is ready after" in err for err in told) == 1, told
    assert sum("waiting for another run" in err for err in told) == 1, told
    assert not any("Making .venv again" in err for err in told)


def slow_uv(folder, then="exec sleep 60"):
    """Put a `uv` on disk that says that it has begun, and takes its time."""
    uv = folder / "bin/uv"
    uv.parent.mkdir()
    begun = folder / "begun"
    uv.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit\necho $$ > "{begun}"\n{then}\n', "utf-8"
    )
    uv.chmod(0o755)
    return {**os.environ, "PATH": f"{uv.parent}:{os.environ['PATH']}"}, begun


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for uv")
def test_an_installer_that_outlives_its_run_is_waited_for(house, tmp_path):
    """`kill -9` leaves the installer behind, which goes on filling .venv."""
    let_go = tmp_path / "let-go"
    patient = f'while [ ! -e "{let_go}" ]; do sleep 0.02; done; touch "{tmp_path}/ended"'
    environment, begun = slow_uv(tmp_path, patient)
    first = subprocess.Popen(house.command("demo.py"), env=environment, stderr=subprocess.DEVNULL)
    wait_until(begun.exists)
    first.kill()
    first.wait()
    second = subprocess.Popen(
        house.command("demo.py"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert "waiting for another run" in second.stderr.readline()
    assert not (tmp_path / "ended").exists()
    let_go.touch()
    second.communicate(timeout=60)
    assert second.returncode == 7
    assert (tmp_path / "ended").exists()


@pytest.mark.skipif(os.name == "nt", reason="a link needs a special right there")
@pytest.mark.parametrize("linked", [False, True])
def test_venv_is_filled_in_place(house, tmp_path, linked):
    """A mount point cannot be removed and made anew, nor a link to another disk."""
    folder = tmp_path / "another disk" if linked else house.venv
    (folder / "old").mkdir(parents=True)
    if linked:
        house.venv.symlink_to(folder)
    before = folder.stat().st_ino
    assert house.start().returncode == 7
    assert house.venv.is_symlink() == linked
    assert folder.stat().st_ino == before
    assert (folder / "stamp").exists()
    assert not (folder / "old").exists()


def test_a_folder_that_cannot_be_written_to_is_said(house, bootstrap, monkeypatch, capsys):
    def mkdir(path, **options):
        raise PermissionError(13, "read-only", str(path))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(SystemExit):
        bootstrap.main([])
    assert "a folder that it may write to" in one_sentence(capsys.readouterr().err)


SHELL = {
    "PIP_USER": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "UV_SYSTEM_PYTHON": "1",
    "UV_CONSTRAINT": "/nowhere",
    "UV_REQUIRE_HASHES": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTEST_ADDOPTS": "--nonsense",
    "DJANGO_SETTINGS_MODULE": "another.settings",
    "TUTORIAL_URL": "http://127.0.0.1:9",
    "NOXSESSION": "another",
    "GIT_DIR": "/nowhere",
    "VIRTUAL_ENV": "/nowhere",
}
KEPT = {"http_proxy": "http://proxy.example", "UV_HTTP_TIMEOUT": "9", "NOX_PARALLEL": "2"}


@pytest.mark.parametrize("way", ["uv", "pip"])
def test_what_a_shell_says_is_kept_where_it_does_no_harm(house, tmp_path, way):
    """With all of these set, the first command works; what it hands over to has none of them."""
    foreign = tmp_path / "foreign"
    (foreign / "tutorial").mkdir(parents=True)
    (foreign / "tutorial/__init__.py").write_text("raise SystemExit('a foreign package')", "utf-8")
    (foreign / "sitecustomize.py").write_text("print('noise')", "utf-8")
    path = {"PATH": str(tmp_path)} if way == "pip" else {}
    also = " ".join([*SHELL, *KEPT, "NO_PROXY"])
    result = house.start(PYTHONPATH=str(foreign), ALSO=also, **SHELL, **KEPT, **path)
    assert result.returncode == 7, result.stderr
    _, _, _, environment = json.loads(result.stdout.removeprefix("noise\n"))
    expected = dict.fromkeys(SHELL) | KEPT
    expected |= {"VIRTUAL_ENV": str(house.venv), "NO_PROXY": "localhost,127.0.0.1", "PIP_USER": "0"}
    assert {name: environment[name] for name in expected} == expected


def test_our_package_comes_first(house, tmp_path):
    """In an activated .venv, where PYTHONPATH is the reader's again."""
    assert house.start().returncode == 7
    (tmp_path / "tutorial").mkdir()
    (tmp_path / "tutorial/__init__.py").write_text("", "utf-8")
    python = house.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found = subprocess.check_output(
        [python, "-c", "import tutorial; print(tutorial.__file__)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        encoding="utf-8",
    )
    assert Path(found.strip()) == house.root / "src/tutorial/__init__.py"


@pytest.mark.skipif(os.name == "nt", reason="an interrupt cannot be sent to one process there")
def test_python_starts_where_the_locale_is_ascii_and_the_path_is_not(house):
    house.start()
    python = house.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [python, "-c", ""], env={**os.environ, "LC_ALL": "C"}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_interrupt_while_installing(house, tmp_path):
    environment, begun = slow_uv(tmp_path)
    script = subprocess.Popen(
        house.command("demo.py"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a shell that starts this in the background hands down SIGINT ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_until(begun.exists)
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
    monkeypatch.setattr(bootstrap, "environment", lambda: {"PYTHONUTF8": "1"})
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
