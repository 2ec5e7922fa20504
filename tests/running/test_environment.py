"""What of a shell's variables reaches a process of ours, and what does not."""

import os
import re
import signal
import subprocess
import sys
from urllib.request import getproxies, proxy_bypass

import pytest
import requests

from tutorial.ladder import LADDER, ROOT
from tutorial.running.environment import (
    SOURCES,
    bypass_proxies,
    child_environment,
    project_environment,
    tools_environment,
)
from tutorial.running.server import serve

from .asking import PART, images, login

NEEDED = {"PATH": os.environ["PATH"], "HOME": "/home/ada", "LANG": "C.UTF-8", "USER": "ada"}
PROXIES = {
    f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all", "HTTP", "ftp")
}
OUR_NAMES = {
    "DJANGO_ALLOWED_HOSTS": "example.org",
    "DJANGO_CORS_ALLOWED_ORIGINS": "nonsense",
    "DJANGO_DEBUG": "0",
    "DJANGO_SECRET_KEY": "",
    "DJANGO_SETTINGS_MODULE": "another.settings",
}
TOOLS = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONHASHSEED": "nonsense",
    "PYTEST_ADDOPTS": "--nonsense",
    "PYTEST_PLUGINS": "nonsense",
    "TUTORIAL_ACCESS_LIFETIME": "1",
    "TUTORIAL_PART": "1",
}
OWNERS = {"DJANGO_STRIPE_KEY": "theirs", "STRIPE_KEY": "theirs", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
INSTALLERS = {
    "PIP_USER": "1",
    "PIP_TARGET": "/nowhere",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PYTHON": "2.7",
    "GIT_DIR": "/nowhere",
    "NOXSESSION": "nonsense",
    "NOX_FORCE_VENV_BACKEND": "conda",
}
WAYS = {
    "PIP_INDEX_URL": "https://index.example",
    "PIP_CERT": "/company.pem",
    "UV_DEFAULT_INDEX": "https://index.example",
    "UV_INDEX_COMPANY_PASSWORD": "theirs",
    "UV_HTTP_TIMEOUT": "9",
    "UV_OFFLINE": "1",
    "SSL_CERT_FILE": "/company.pem",
    "NOX_PARALLEL": "2",
    "CI": "true",
}


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    for name in list(os.environ):
        monkeypatch.delenv(name)
    everything = NEEDED | PROXIES | OUR_NAMES | TOOLS | OWNERS | INSTALLERS | WAYS
    for name, value in everything.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", "/foreign")


def test_a_part_of_ours_gets_what_an_interpreter_needs(tmp_path):
    environment = project_environment(PART.path, tmp_path)
    run = {"DJANGO_SETTINGS_MODULE", "TUTORIAL_SETTINGS", "TUTORIAL_STATE", "no_proxy", "NO_PROXY"}
    pythons = {name for name in environment if name.startswith("PYTHON")}
    assert environment.keys() == NEEDED.keys() | run | pythons
    assert not pythons & TOOLS.keys()
    assert environment["PYTHONPATH"] == os.pathsep.join([str(PART.path), str(SOURCES)])
    assert environment["DJANGO_SETTINGS_MODULE"] == "tutorial.running.settings"


def test_a_learners_project_keeps_its_owners_variables(tmp_path):
    environment = project_environment(tmp_path, tmp_path, learners=True)
    assert environment.items() >= (NEEDED | OWNERS).items()
    gone = (OUR_NAMES.keys() - {"DJANGO_SETTINGS_MODULE"}) | TOOLS.keys() | PROXIES.keys()
    assert not environment.keys() & gone
    assert "/foreign" not in environment["PYTHONPATH"]


def test_every_variable_that_a_part_reads_gets_the_runs_value(tmp_path, monkeypatch):
    for part in LADDER:
        settings = (part.path / "medium/settings.py").read_text(encoding="utf-8")
        for name in re.findall(r"environ(?:\.get\(|\[)\s*\"(\w+)\"", settings):
            monkeypatch.setenv(name, "theirs")
            for learners in (True, False):
                got = project_environment(part.path, tmp_path, learners=learners)
                assert got.get(name) != "theirs", f"part {part}: {name}"


def test_our_tools_keep_the_ways_to_the_network():
    environment = tools_environment()
    assert environment.items() >= (WAYS | PROXIES | NEEDED).items()
    gone = OUR_NAMES.keys() | TOOLS.keys() | INSTALLERS.keys() | {"PYTHONPATH"}
    assert not environment.keys() & gone


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these have one store")
@pytest.mark.parametrize("named", ["SSL_CERT_FILE", "SSL_CERT_DIR", "UV_NATIVE_TLS", ""])
def test_installers_trust_what_the_machine_trusts(monkeypatch, tmp_path, named):
    """A company's authority is in the system's store; uv looks there only when it is told to."""
    store = tmp_path / "ca-certificates.crt"
    store.touch()
    monkeypatch.setattr("tutorial.running.environment.CERTIFICATES", ["/nowhere", str(store)])
    monkeypatch.delenv("SSL_CERT_FILE")
    if named:
        monkeypatch.setenv(named, "theirs")
    environment = tools_environment()
    assert environment.get("UV_SYSTEM_CERTS") == (None if named else "1")
    assert environment["REQUESTS_CA_BUNDLE"] == str(store)

    store.unlink()  # a small container has none, and uv has its own
    environment = tools_environment()
    assert not environment.keys() & {"UV_SYSTEM_CERTS", "REQUESTS_CA_BUNDLE"}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", "localhost,127.0.0.1"),
        ("intranet.example", "intranet.example,localhost,127.0.0.1"),
        ("127.0.0.1, localhost", "127.0.0.1, localhost"),
        ("*", "*"),
    ],
)
def test_what_goes_to_this_computer_passes_no_proxy(monkeypatch, named, expected):
    monkeypatch.setenv("no_proxy", named)
    bypass_proxies(os.environ)
    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == expected
    assert getproxies()["http"] == "http://127.0.0.1:9"
    for host in ("127.0.0.1", "localhost"):
        assert proxy_bypass(host)
        assert requests.utils.should_bypass_proxies(f"http://{host}:8000/", None)
    assert bool(proxy_bypass("elsewhere.example")) == (named == "*")


def test_a_server_starts_and_serves_with_all_of_it():
    with serve(PART.path, clock=True) as server:
        assert server.clock.advance(1)
        bypass_proxies(os.environ)
        assert images(server.url, login(server.url).json()["access"]).status_code == 200


PRINTS = """
SECRET_KEY = "x"
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
INSTALLED_APPS += ["django.contrib.staticfiles"]
DEBUG = True
print("a greeting", "x" * 300_000)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows starts nothing in this way")
def test_a_job_in_the_background_hears_an_interrupt():
    """A script's shell starts it with SIGINT ignored, and every child would ignore it too."""
    child = "import signal; print(signal.getsignal(signal.SIGINT))"
    code = (
        "import subprocess, sys; from tutorial.running.environment import hear_interrupts;"
        f"hear_interrupts(); subprocess.run([sys.executable, '-c', {child!r}])"
    )
    found = subprocess.check_output(
        [sys.executable, "-c", code],
        env=child_environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        encoding="utf-8",
    )
    assert "default_int_handler" in found


def test_what_a_project_prints_is_in_the_log(tmp_path):
    """Never on the line by which a server says that it is there, however much it prints."""
    project = tmp_path / "project"
    (project / "medium").mkdir(parents=True)
    (project / "medium/settings.py").write_text(PRINTS, "utf-8")
    (project / "urls.py").write_text("urlpatterns = []\n", "utf-8")
    with serve(project, learners=True) as server:
        bypass_proxies(os.environ)
        assert requests.get(server.url, timeout=30).status_code == 200
        assert "a greeting" in server.log()


def test_a_child_that_prints_before_it_begins_is_understood(tmp_path, monkeypatch):
    """As with a sitecustomize of the interpreter's own."""
    (tmp_path / "sitecustomize.py").write_text("print('noise', flush=True)", "utf-8")
    monkeypatch.setattr("tutorial.running.environment.SOURCES", f"{tmp_path}{os.pathsep}{SOURCES}")
    assert subprocess.check_output([sys.executable, "-c", ""], env=child_environment())
    bypass_proxies(os.environ)
    with serve(PART.path) as server:
        assert login(server.url).status_code == 200


def test_one_place_decides():
    """Whoever starts a process asks there: nothing else copies the shell's variables."""
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "environment.py":
            assert "**os.environ" not in text and "os.environ.copy()" not in text, path
