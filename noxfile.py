# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.8"]
# ///
"""What is verified, and how: `nox` alone runs what CI runs, `nox -l` lists it.

This file runs on its own: `uvx nox -s style`, or `uv run noxfile.py -s style`.
"""

import functools
import json
import os
import re
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "scripts"))
import bootstrap  # noqa: E402

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.allow_parallel = True  # for `nox -j auto`
nox.options.download_python = "never"  # a Python that is not installed is skipped,
nox.options.error_on_missing_interpreters = False  # and the summary says so

# A session that may have all packages takes those of .venv, when nox itself runs there, as
# scripts/test.py has it. Else it gets an environment of its own, with the same packages.
IN_VENV = Path(sys.prefix) == bootstrap.VENV and bootstrap.ready()
with_everything = functools.partial(nox.session, venv_backend="none" if IN_VENV else None)

# Whatever the shell says that would change what a session does is left out here.
environment = bootstrap.environment() if IN_VENV else bootstrap.shell()
os.environ.clear()
os.environ.update(environment)

# pyenv's interpreters, whichever of them are switched on.
VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(VERSIONS.glob("3.*/bin"), reverse=True))]
)

HTML = ROOT / "docs" / "_build" / "html"
PARTS = sorted(path.parent for path in ROOT.glob("parts/*/manage.py"))
SLUGS = [part.name for part in PARTS]
LAST = SLUGS[-1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
THIS = ".".join(map(str, sys.version_info[:2]))  # the checkpoints' own

MOMENTS = {
    "leap-day": ("UTC", "2028-02-28 23:59:50"),
    "summer-time": ("Europe/Berlin", "2027-03-28 01:59:50"),
    "2038": ("UTC", "2038-01-19 03:13:57"),
}

# What sessions install
PINNED = ("-c", "constraints.txt")
TEST_TOOLS = ("-r", "tests/requirements.txt")
EVERYTHING = ("-r", "requirements.txt", *PINNED)


def install_everything(session: nox.Session) -> None:
    if not IN_VENV:
        session.install(*EVERYTHING)


def run_tests(session: nox.Session, *tests: str, env: dict[str, str] | None = None) -> None:
    """Run these tests, or those that are asked for, in any order and on all processors."""
    session.run("pytest", "-p", "randomly", "-n", "auto", *(session.posargs or tests), env=env)


def check(session: nox.Session, slug: str) -> None:
    """Run the promises of a part, or those that are asked for."""
    session.run("pytest", "--part", slug, *(session.posargs or ["tests/checkpoints"]))


# The order is that of a first run: what takes longest comes first, and the book after what it
# needs and others make and keep: executed notebooks, the playground.


@with_everything
def follow(session: nox.Session) -> None:
    """A robot follows every chapter from an empty folder, doing only what the page says."""
    install_everything(session)
    if not session.posargs:
        session.run("python", "-m", "tutorial.book.robot")
    run_tests(session, "tests/book/test_follow.py")


@with_everything
def notebooks(session: nox.Session) -> None:
    """Every notebook, executed in fresh kernels, with its own server and with others."""
    install_everything(session)
    run_tests(session, "tests/notebooks")


@with_everything
def playground(session: nox.Session) -> None:
    """The parts and the checker in a browser's own Python, on a static host's strictest terms."""
    install_everything(session)
    run_tests(session, "tests/playground")


@with_everything
def mutants(session: nox.Session) -> None:
    """The test of the tests: mistakes that learners make, each caught with helpful advice."""
    install_everything(session)
    run_tests(session, "tests/mutants")


@with_everything
def docs(session: nox.Session) -> None:
    """The book, built with the notebooks executed, and each page looked at in a browser."""
    install_everything(session)
    shutil.rmtree(HTML, ignore_errors=True)
    session.run("tutorial", "playground", str(HTML.with_name("playground")))
    # scripts/test.py says how many processors there are for this session.
    workers = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "auto")
    jobs = "1" if workers == "0" else workers
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-j", jobs, "docs", str(HTML))
    run_tests(session, "tests/book", "--ignore=tests/book/test_follow.py")


@with_everything
def tools(session: nox.Session) -> None:
    """The `tutorial` command, its server and its clock, and the two scripts of the README."""
    install_everything(session)
    folders = ("running", "checking", "carrying", "demo", "cli", "scripts", "verifying")
    run_tests(session, *(f"tests/{folder}" for folder in folders))


@with_everything
def fuzz(session: nox.Session) -> None:
    """Strangers, members and staff attack the parts, the same each time (`-- --long`: others)."""
    install_everything(session)
    session.run("pytest", "tests/fuzz", "-n", "auto", *session.posargs)


@with_everything
def lab(session: nox.Session) -> None:
    """The token lab, played in a real Chromium, with a screenshot of each state."""
    install_everything(session)
    artifacts = ROOT / ".cache" / "lab"
    run_tests(session, "tests/lab", env={"TUTORIAL_ARTIFACTS": str(artifacts)})
    session.log(f"The screenshots are in {artifacts}")


@with_everything
def browser(session: nox.Session) -> None:
    """Part 12's page in a real Chromium: it stays logged in, and attacks take nothing away."""
    install_everything(session)
    run_tests(session, "tests/browser")


@with_everything
def ladder(session: nox.Session) -> None:
    """One database, filled at part 1, climbs through every part and loses nothing."""
    install_everything(session)
    run_tests(session, "tests/ladder")


@nox.session
@nox.parametrize("part", SLUGS, ids=SLUGS)
def checkpoint(session: nox.Session, part: str) -> None:
    """A part and all its promises, in an environment of its own requirements alone."""
    session.install("-r", f"parts/{part}/requirements.txt", *TEST_TOOLS, *PINNED)
    check(session, part)


@nox.session(python=[version for version in PYTHONS if version != THIS])
def pythons(session: nox.Session) -> None:
    """The last part, and so every promise that still holds, on each other Python there is."""
    session.install("-r", f"parts/{LAST}/requirements.txt", *TEST_TOOLS, *PINNED)
    check(session, LAST)


@with_everything
def style(session: nox.Session) -> None:
    """Lint, format and types of the code, our words, and what GitHub reads."""
    install_everything(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("pytest", "tests/style", "-q")
    for schema, pattern in {
        "github-workflows": ".github/workflows/*.yml",
        "github-actions": ".github/actions/*/action.yml",
        "github-issue-forms": ".github/ISSUE_TEMPLATE/*.yml",
        "dependabot": ".github/dependabot.yml",
        "readthedocs": ".readthedocs.yaml",
    }.items():
        files = [str(path) for path in sorted(ROOT.glob(pattern))]
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    session.run("zizmor", "--offline", "--no-progress", ".github")
    session.run("mypy")


@with_everything(name="docs-live", default=False)
def docs_live(session: nox.Session) -> None:
    """The book in your browser, built anew whenever a page is saved."""
    install_everything(session)
    watched = ("--watch", "parts", "--watch", "notebooks", "--ignore", "*/docs/notebooks/*.ipynb")
    # A free port: anyone who reads along has a server of their own at 8000.
    run = ("sphinx-autobuild", "--open-browser", "--port", "0", *watched, "docs", str(HTML))
    session.run(*run, env={"NOTEBOOKS": "off"})


@with_everything(default=False)
def pictures(session: nox.Session) -> None:
    """Every picture of the README and of the book, made anew from real runs."""
    install_everything(session)
    for module in ("screenshots", "lab", "timeline"):
        session.run("python", "-m", f"tutorial.pictures.{module}")


@with_everything(default=False)
def links(session: nox.Session) -> None:
    """The book's links to the outside: checked, or listed where there is no network."""
    install_everything(session)
    found = HTML.with_name("linkcheck")
    run = ("sphinx-build", "-q", "-b", "linkcheck", "docs", str(found))
    session.run(*run, env={"NOTEBOOKS": "off"}, success_codes=[0, 1])
    lines = (found / "output.json").read_text(encoding="utf-8").splitlines()
    results = [json.loads(line) for line in lines]
    outside = [link for link in results if link["uri"].startswith("http")]
    broken = [link for link in outside if link["status"] in {"broken", "timeout"}]
    for link in broken:
        session.log(f"{link['filename']}:{link['lineno']}: {link['uri']}")
    if broken and not any(link["status"] == "working" for link in outside):
        session.warn(f"No network: {len(broken)} links are listed, and none is checked.")
    elif broken:
        session.error(f"{len(broken)} of {len(outside)} links do not work.")


@nox.session(default=False, python="3.13")
def newest(session: nox.Session) -> None:
    """Every part on the newest Django and the newest of everything, whatever its pins say."""
    pinned = "".join((part / "requirements.txt").read_text(encoding="utf-8") for part in PARTS)
    packages = sorted(set(re.findall(r"^[\w.-]+", pinned, re.MULTILINE)))
    session.install("--upgrade", *packages, *TEST_TOOLS)
    session.run("python", "-m", "django", "--version")
    for slug in SLUGS:
        check(session, slug)


@nox.session(default=False)
@nox.parametrize(("zone", "moment"), MOMENTS.values(), ids=list(MOMENTS))
def dates(session: nox.Session, zone: str, moment: str) -> None:
    """The last part on a leap day, while summer time begins, and when 32 bits run out."""
    if not shutil.which("faketime"):
        session.error("This needs `faketime`: on Debian and Ubuntu, `sudo apt install faketime`.")
    session.install("-r", f"parts/{LAST}/requirements.txt", *TEST_TOOLS, *PINNED)
    pytest = ("pytest", "--part", LAST, *(session.posargs or ["tests/checkpoints"]))
    # Shifted at its start, the clock goes on: ten seconds later the moment comes.
    session.run("faketime", moment, *pytest, env={"TZ": zone}, external=True)


@with_everything(default=False)
def bench(session: nox.Session) -> None:
    """Print how long the README's commands and a page of products take."""
    install_everything(session)
    session.run("python", "-m", "tutorial.bench")


if __name__ == "__main__":
    nox.main()
