"""What is verified, and how: `nox` alone runs what CI runs, `nox -l` lists it."""

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "scripts"))

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

LAST = LADDER[-1]
SLUGS = [part.slug for part in LADDER]
PINNED = ("-c", "constraints.txt")
TEST_TOOLS = ("-r", "tests/requirements.txt")
ALL_PARTS = ("-r", f"parts/{LAST.slug}/requirements.txt", *TEST_TOOLS)
NOTEBOOKS = ("ipykernel", "ipywidgets", "matplotlib", "nbclient", "nbformat")
TUTORIAL = (*ALL_PARTS, "-e", ".", "rich", "typer", "watchfiles", "pytest-xdist")


def check(session: nox.Session, slug: str, *arguments: str) -> None:
    session.run("pytest", "tests/checkpoints", "--part", slug, *arguments, *session.posargs)


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
    session.run("pytest", "tests/tools", "-n", "auto", *session.posargs)


@nox.session
def notebooks(session: nox.Session) -> None:
    """Every notebook, executed in fresh kernels, with its own server and with others."""
    session.install(*TUTORIAL, *NOTEBOOKS, *PINNED)
    session.run("pytest", "tests/notebooks", "-n", "auto", *session.posargs)


@nox.session
def lab(session: nox.Session) -> None:
    """The token lab, played in a real Chromium, with a screenshot of each state."""
    session.install(*TUTORIAL, "playwright", "axe-playwright-python", *PINNED)
    artifacts = ROOT / ".cache" / "lab"
    session.run("pytest", "tests/lab", *session.posargs, env={"TUTORIAL_ARTIFACTS": str(artifacts)})
    session.log(f"The screenshots are in {artifacts}")


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
