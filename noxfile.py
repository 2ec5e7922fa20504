# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.8"]
# ///
"""What is verified, and how: `nox` alone runs what CI runs, `nox -l` lists it.

This file runs on its own: `uvx nox -s style`, or `uv run noxfile.py -s style`.
"""

import json
import os
import re
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.allow_parallel = True  # for `nox -j auto`; scripts/test.py asks for it
nox.options.download_python = "never"  # a Python that is not installed is skipped,
nox.options.error_on_missing_interpreters = False  # and the summary says so

# Hundreds of processes are started: let them keep what they have compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# pyenv's interpreters, whichever of them are switched on.
VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(VERSIONS.glob("3.*/bin"), reverse=True))]
)

ROOT = Path(__file__).parent
HTML = ROOT / "docs" / "_build" / "html"
PARTS = sorted(path.parent for path in ROOT.glob("parts/*/manage.py"))
SLUGS = [part.name for part in PARTS]
LAST = SLUGS[-1]

# What sessions install, beside the extras of pyproject.toml.
PINNED = ("-c", "constraints.txt")
TEST_TOOLS = ("-r", "tests/requirements.txt")
ALL_PARTS = ("-r", f"parts/{LAST}/requirements.txt", *TEST_TOOLS)


def check(session: nox.Session, slug: str) -> None:
    session.run("pytest", "tests/checkpoints", "--part", slug, *session.posargs)


# First, because it takes longest: side by side with the others it costs least.
@nox.session
def follow(session: nox.Session) -> None:
    """A robot follows every chapter from an empty folder, doing only what the page says."""
    session.install(*ALL_PARTS, "-e", ".[book,tests]", *PINNED)
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
    session.install(*ALL_PARTS, "-e", ".[tests]", *PINNED)
    session.run("pytest", "tests/ladder", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """The test of the tests: mistakes that learners make, each caught with helpful advice."""
    session.install(*ALL_PARTS, "-e", ".[tests]", *PINNED)
    session.run("pytest", "tests/mutants", "-n", "auto", *session.posargs)


@nox.session
def tools(session: nox.Session) -> None:
    """The `tutorial` command, its server and its clock, and the two scripts of the README."""
    session.install(*ALL_PARTS, "-e", ".[tests]", *PINNED)
    folders = ("running", "checking", "carrying", "demo", "cli", "scripts")
    tests = [f"tests/{folder}" for folder in folders]
    session.run("pytest", *tests, "-n", "auto", *session.posargs)


@nox.session
def notebooks(session: nox.Session) -> None:
    """Every notebook, executed in fresh kernels, with its own server and with others."""
    session.install(*ALL_PARTS, "-e", ".[notebooks,tests]", *PINNED)
    session.run("pytest", "tests/notebooks", "-n", "auto", *session.posargs)


@nox.session
def lab(session: nox.Session) -> None:
    """The token lab, played in a real Chromium, with a screenshot of each state."""
    session.install(*ALL_PARTS, "-e", ".[browser,tests]", *PINNED)
    artifacts = ROOT / ".cache" / "lab"
    session.run("pytest", "tests/lab", *session.posargs, env={"TUTORIAL_ARTIFACTS": str(artifacts)})
    session.log(f"The screenshots are in {artifacts}")


@nox.session
def docs(session: nox.Session) -> None:
    """The book, built with the notebooks executed, and each page looked at in a browser."""
    session.install(*ALL_PARTS, "-e", ".[book,browser,notebooks,tests]", *PINNED)
    shutil.rmtree(HTML, ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-j", "auto", "docs", str(HTML))
    session.run("pytest", "tests/book", "-n", "auto", "--ignore=tests/book/test_follow.py")


@nox.session(name="docs-live", default=False)
def docs_live(session: nox.Session) -> None:
    """The book in your browser, built anew whenever a page is saved."""
    session.install(*ALL_PARTS, "-e", ".[book,notebooks]", *PINNED)
    watched = ("--watch", "parts", "--watch", "notebooks", "--ignore", "*/docs/notebooks/*.ipynb")
    # A free port: anyone who reads along has a server of their own at 8000.
    run = ("sphinx-autobuild", "--open-browser", "--port", "0", *watched, "docs", str(HTML))
    session.run(*run, env={"NOTEBOOKS": "off"})


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    """Every picture of the README and of the book, made anew from real runs."""
    session.install(*ALL_PARTS, "-e", ".[browser,notebooks]", *PINNED)
    for module in ("screenshots", "lab", "timeline"):
        session.run("python", "-m", f"tutorial.pictures.{module}")


@nox.session(default=False)
def links(session: nox.Session) -> None:
    """The book's links to the outside: checked, or listed where there is no network."""
    session.install(*ALL_PARTS, "-e", ".[book,notebooks]", *PINNED)
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
    """Lint, format and types of the code; schema and safety of what GitHub reads."""
    session.install(*TEST_TOOLS, "-e", ".[book,browser,notebooks,style]", *PINNED)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    for schema, pattern in {
        "github-workflows": ".github/workflows/*.yml",
        "github-issue-forms": ".github/ISSUE_TEMPLATE/*.yml",
        "dependabot": ".github/dependabot.yml",
        "readthedocs": ".readthedocs.yaml",
    }.items():
        files = [str(path) for path in sorted(ROOT.glob(pattern))]
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    session.run("zizmor", "--offline", "--no-progress", ".github")
    session.run("mypy")


@nox.session(python=["3.11", "3.12", "3.13", "3.14", "3.15"])
def pythons(session: nox.Session) -> None:
    """The last part, and so every promise that still holds, on each Python that is installed."""
    session.install(*ALL_PARTS, *PINNED)
    check(session, LAST)


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
def bench(session: nox.Session) -> None:
    """Print how long the README's commands and a page of products take."""
    session.install("-r", "requirements.txt", *PINNED)
    session.run("python", "-m", "tutorial.bench")


if __name__ == "__main__":
    nox.main()
