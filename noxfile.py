"""What is verified, and how: `nox` alone runs what CI runs, `nox -l` lists it."""

import json
import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "src"))

from tutorial.ladder import LADDER  # noqa: E402

nox.needs_version = ">=2026.8"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.allow_parallel = True  # for `nox -j auto`; scripts/test.py asks for it
nox.options.error_on_missing_interpreters = False  # skipped, and said so

# Hundreds of processes are started: let them keep what they have compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# pyenv's interpreters, whichever of them are switched on.
VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(VERSIONS.glob("3.*/bin"), reverse=True))]
)

HTML = ROOT / "docs" / "_build" / "html"
LAST = LADDER[-1]
SLUGS = [part.slug for part in LADDER]
PINNED = ("-c", "constraints.txt")
TEST_TOOLS = ("-r", "tests/requirements.txt")
ALL_PARTS = ("-r", f"parts/{LAST.slug}/requirements.txt", *TEST_TOOLS)
NOTEBOOKS = ("ipykernel", "ipywidgets", "matplotlib", "nbclient", "nbformat")
BOOK = ("sphinx", "myst-nb", "furo", "sphinx-design", "sphinx-copybutton")
TOOLS = ("carrying", "checking", "cli", "demo", "running", "scripts")  # below tests/
BROWSER = ("playwright", "axe-playwright-python")
TUTORIAL = (*ALL_PARTS, "-e", ".", "rich", "typer", "watchfiles", "pytest-xdist")


def check(session: nox.Session, slug: str, *arguments: str) -> None:
    session.run("pytest", "tests/checkpoints", "--part", slug, *arguments, *session.posargs)


# First, because it takes longest: side by side with the others it costs least.
@nox.session
def follow(session: nox.Session) -> None:
    """A robot follows every chapter from an empty folder, doing only what the page says."""
    session.install(*TUTORIAL, *BOOK, *PINNED)
    session.run("python", "-m", "tutorial.book.robot", *session.posargs)
    session.run("pytest", "tests/book/test_follow.py", "-n", "auto")


@nox.session
@nox.parametrize("part", SLUGS, ids=SLUGS)
def checkpoint(session: nox.Session, part: str) -> None:
    """A part and all its promises, in an environment of its own requirements alone."""
    session.install("-r", f"parts/{part}/requirements.txt", *TEST_TOOLS, *PINNED)
    check(session, part)


@nox.session
def ladder(session: nox.Session) -> None:
    """One database, filled at part 1, climbs through every part and loses nothing."""
    session.install(*ALL_PARTS, *PINNED)
    session.run("pytest", "tests/ladder", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """The test of the tests: mistakes that learners make, each caught with helpful advice."""
    session.install(*ALL_PARTS, "pytest-xdist", *PINNED)
    session.run("pytest", "tests/mutants", "-n", "auto", *session.posargs)


@nox.session
def tools(session: nox.Session) -> None:
    """The `tutorial` command, its server and its clock, and the two scripts of the README."""
    session.install(*TUTORIAL, "uv", *PINNED)
    session.run(
        "pytest",
        "tests/running",
        "tests/checking",
        "tests/carrying",
        "tests/demo",
        "tests/cli",
        "tests/scripts",
        "-n",
        "auto",
        *session.posargs,
    )


@nox.session
def notebooks(session: nox.Session) -> None:
    """Every notebook, executed in fresh kernels, with its own server and with others."""
    session.install(*TUTORIAL, *NOTEBOOKS, *PINNED)
    session.run("pytest", "tests/notebooks", "-n", "auto", *session.posargs)


@nox.session
def lab(session: nox.Session) -> None:
    """The token lab, played in a real Chromium, with a screenshot of each state."""
    session.install(*TUTORIAL, *BROWSER, *PINNED)
    artifacts = ROOT / ".cache" / "lab"
    session.run("pytest", "tests/lab", *session.posargs, env={"TUTORIAL_ARTIFACTS": str(artifacts)})
    session.log(f"The screenshots are in {artifacts}")


@nox.session
def docs(session: nox.Session) -> None:
    """The book, built with the notebooks executed, and each page looked at in a browser."""
    session.install(*TUTORIAL, *NOTEBOOKS, *BOOK, *BROWSER, *PINNED)
    shutil.rmtree(HTML, ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-j", "auto", "docs", str(HTML))
    session.run("pytest", "tests/book", "-n", "auto", "--ignore=tests/book/test_follow.py")


@nox.session(name="docs-live", default=False)
def docs_live(session: nox.Session) -> None:
    """The book in your browser, built anew whenever a page is saved."""
    session.install(*TUTORIAL, *NOTEBOOKS, *BOOK, "sphinx-autobuild", *PINNED)
    watched = ("--watch", "parts", "--watch", "notebooks", "--ignore", "*/docs/notebooks/*.ipynb")
    # A free port: who reads along has a server of their own at 8000.
    run = ("sphinx-autobuild", "--open-browser", "--port", "0", *watched, "docs", str(HTML))
    session.run(*run, env={"NOTEBOOKS": "off"})


@nox.session(default=False)
def links(session: nox.Session) -> None:
    """The book's links to the outside: checked, or listed where there is no network."""
    session.install(*TUTORIAL, *NOTEBOOKS, *BOOK, *PINNED)
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


@nox.session
def style(session: nox.Session) -> None:
    """Lint and format of the code, schema and safety of the workflow."""
    session.install("ruff", "check-jsonschema", "zizmor", *PINNED)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    workflows = [str(path) for path in Path(".github/workflows").glob("*.yml")]
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("zizmor", "--offline", "--no-progress", ".github")


@nox.session(python=["3.11", "3.12", "3.13"])
def pythons(session: nox.Session) -> None:
    """The last part, and so every promise that still stands, on each Python that is installed."""
    session.install(*ALL_PARTS, *PINNED)
    check(session, LAST.slug)


@nox.session(default=False, python="3.13")
def newest(session: nox.Session) -> None:
    """Every part on the newest Django and the newest of everything, whatever its pins say."""
    packages = {package for part in LADDER for package in part.packages}
    session.install("--upgrade", *packages, *TEST_TOOLS)
    session.run("python", "-m", "django", "--version")
    for part in LADDER:
        check(session, part.slug)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Print how long the README's commands and a page of products take."""
    session.install("-r", "requirements.txt", *PINNED)
    session.run("python", "-m", "tutorial.bench")
