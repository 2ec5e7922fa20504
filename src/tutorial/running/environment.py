"""Where a run keeps its state, and which variables of a shell reach a process of ours.

The one place that decides it:

- a part of ours runs with what an interpreter needs, and with the run's own values;
- a learner's project also keeps its owner's variables, but for those of our tools;
- our tools, and what installs them, keep the ways to the network.

None of them reaches the loopback interface through a proxy. Standard library only, because
checkpoint tests import it in a part's own environment, and scripts/bootstrap.py before there
is any.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import MutableMapping
from pathlib import Path

from tutorial.ladder import PARTS, ROOT

SOURCES = Path(__file__).resolve().parents[2]  # holds nothing but this package
# In a run's state folder
DATABASE = "db.sqlite3"
UPLOADS = "media"

# What an interpreter needs to start, and to find its libraries, its user and a temporary folder,
# on Linux, on macOS and on Windows.
NEEDED = re.compile(
    "HOME|LANG|LOGNAME|PATH|SHELL|TEMP|TMP|TMPDIR|USER"
    "|DYLD_(FALLBACK_)?LIBRARY_PATH|LD_LIBRARY_PATH|__CF_USER_TEXT_ENCODING"
    "|APPDATA|COMSPEC|HOMEDRIVE|HOMEPATH|LOCALAPPDATA|NUMBER_OF_PROCESSORS|OS|PATHEXT"
    "|PROCESSOR_ARCHITECTURE|PROGRAMDATA|PROGRAMFILES|SYSTEMDRIVE|SYSTEMROOT|USERNAME|USERPROFILE"
    "|WINDIR"
)
# What no project is configured with: it would reach into the tools that check it.
TOOLS = re.compile(r"PYTHON\w*|PYTEST_\w*|TUTORIAL_\w*|\w+_PROXY", re.IGNORECASE)
# What changes where our tools look, and what they install, run or find. pytest sets some of its
# variables itself, and noxfile.py one of ours.
CHANGES_TOOLS = re.compile(
    r"PYTHON(?!UNBUFFERED$)\w*|PYTEST_(?!VERSION$|CURRENT_TEST$|XDIST_)\w*|DJANGO_\w*"
    r"|TUTORIAL_(?!ARTIFACTS$)\w*|GIT_\w*|NOX(?!_PARALLEL$)\w*|(PIP|UV)_\w*"
)
# The installers' ways to an index, and to what they have fetched before.
WAYS = re.compile(
    r"(PIP|UV)_\w*(CACHE|CERT|CONCURRENT|CONFIG|CREDENTIALS|HOST|HTTP|INDEX|KEYRING|LINK|OFFLINE"
    r"|PROXY|RETRIES|TIMEOUT|TLS)\w*"
)
LOOPBACK = ("localhost", "127.0.0.1")
# Where Linux distributions keep the certificates that the machine trusts.
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def child_environment(*before: Path, learners: bool = False, **variables: str) -> dict[str, str]:
    """Return the variables for a child process that can import ``tutorial``.

    The folders ``before`` come first on the child's path, ``variables`` are added to the rest.
    ``learners``: it runs somebody's own project, which keeps the variables that it may need.
    """
    kept = _owners() if learners else _needed()
    kept |= {"PYTHONPATH": os.pathsep.join(map(str, [*before, SOURCES])), "PYTHONUTF8": "1"}
    if not learners:  # whose packages may be anywhere
        kept["PYTHONNOUSERSITE"] = "1"
    bypass_proxies(kept)
    return {**kept, **variables}


def project_environment(
    project: Path, state: Path, *, settings: str = "medium.settings", learners: bool = False
) -> dict[str, str]:
    """Return the variables under which ``project`` runs with its state in ``state``.

    ``learners``: it is somebody's own, and keeps its owner's variables. Compiled files go to
    this repository's cache, so that no run leaves any in the project.
    """
    return child_environment(
        project,
        learners=learners,
        DJANGO_SETTINGS_MODULE="tutorial.running.settings",
        TUTORIAL_SETTINGS=settings,
        TUTORIAL_STATE=str(state),
        PYTHONPYCACHEPREFIX=str(ROOT / ".cache" / "pycache"),
        PYTHONUNBUFFERED="1",
    )


def tools_environment() -> dict[str, str]:
    """Return the variables for our tools, and for what installs packages for them.

    Without those that change what a tool does; with a machine's own store of certificates,
    where a company keeps its authority, unless the shell names another.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if WAYS.fullmatch(name) or not CHANGES_TOOLS.fullmatch(name)
    }
    bypass_proxies(kept)
    stores = [path for path in CERTIFICATES if Path(path).is_file()]
    everywhere = sys.platform in {"win32", "darwin"}
    named = kept.keys() & {"SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"}
    if not named and (stores or everywhere):
        # The second is what older versions of uv call it.
        kept |= {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
    if stores and not everywhere and "CURL_CA_BUNDLE" not in kept:
        kept.setdefault("REQUESTS_CA_BUNDLE", stores[0])  # for a pip before 24.2
    return kept


def bypass_proxies(environ: MutableMapping[str, str]) -> None:
    """Send what goes to this computer itself past every proxy."""
    named = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if named.strip() != "*":
        missing = [host for host in LOOPBACK if host not in re.split(r"[\s,]+", named)]
        named = ",".join(filter(None, [named, *missing]))
    environ["no_proxy"] = environ["NO_PROXY"] = named


def hear_interrupts() -> None:
    """Let Ctrl-C end what this process starts, also where a script put it in the background.

    There a shell lets a process ignore the signal, and every child inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _needed() -> dict[str, str]:
    """Return what an interpreter needs."""
    return {name: value for name, value in os.environ.items() if NEEDED.fullmatch(name)}


def _owners() -> dict[str, str]:
    """Return what a learner's project keeps: not the names that our parts read, either."""
    ours = {"DJANGO_SETTINGS_MODULE"}
    for path in PARTS.glob("*/*/settings.py"):
        ours.update(re.findall(r"DJANGO_[A-Z_]+", path.read_text(encoding="utf-8")))
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not TOOLS.fullmatch(name)
    }
