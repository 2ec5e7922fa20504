"""What a change can break, as jobs: the quick loop.

Found by where a file is: the folders of `src/tutorial` and `tests` go by the same names, a
chapter and its promises are named for their part, and a test depends on each module that it
imports, directly or not. A file that nothing is known of asks for everything.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part
from tutorial.verifying.jobs import Job
from tutorial.verifying.sessions import jobs_for

SOURCES = ROOT / "src"
TESTS = ROOT / "tests"


def jobs_for_changes(arguments: Sequence[str]) -> list[Job]:
    """Return the jobs for what changed since `main`, or since the commit that is named.

    Raises Problem when nothing has changed, or when there is no such commit.
    """
    parser = argparse.ArgumentParser("scripts/test.py --changed")
    parser.add_argument("--since", metavar="COMMIT", help="instead of the branch main")
    changed = changed_files(parser.parse_args(arguments).since)
    if not changed:
        raise Problem("Nothing has changed: plain `python3 scripts/test.py` verifies everything.")
    return jobs_for_files(changed)


def changed_files(since: str | None = None, root: Path = ROOT) -> list[str]:
    """Return the paths of the files that differ from where this branch left `main`.

    What is not committed yet, and files that git does not know yet, count too.
    """
    for base in [since] if since else ["main", "origin/main"]:
        found = git(root, "merge-base", base, "HEAD")
        if not found.returncode:
            break
    else:
        raise Problem(
            f"git knows no commit {since!r}."
            if since
            else "There is no branch main to compare with: name a commit with --since."
        )
    tracked = git(root, "diff", "--name-only", "--no-renames", "-z", found.stdout.strip())
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*tracked.stdout.split("\0"), *new.stdout.split("\0")} - {""})


def git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)


@dataclass(frozen=True)
class Tests:
    """Tests in a folder below `tests`: all, those of one module, or those whose name fits."""

    folder: str
    module: str = ""
    name: str = ""


def jobs_for_files(paths: Sequence[str]) -> list[Job]:
    """Return the jobs that files at these paths, relative to the repository, can turn red."""
    wanted: list[Job | Tests] = []
    for path in paths:
        found = list(broken_by(PurePosixPath(path)))
        if not found:
            print(f"{path} may concern everything, so everything is verified.")
            return jobs_for([]) or []
        wanted += found
    jobs = [each for each in wanted if isinstance(each, Job)]
    jobs += jobs_of_tests([each for each in wanted if isinstance(each, Tests)])
    return list({job.name: job for job in [*sessions("style"), *jobs, *pages(paths)]}.values())


def broken_by(path: PurePosixPath) -> Iterator[Job | Tests]:
    """Yield what this file can break, beside style and pages; nothing when that may be anything."""
    match path.parts:
        case ("parts", slug, *rest) if part := part_named(slug):
            yield from (promises(each) for each in LADDER[LADDER.index(part) :])
            if rest == ["requirements.txt"]:  # what is missing in it is missed in isolation only
                yield from sessions(f"checkpoint({slug})")
            yield chapter(part)
            yield Tests("ladder")
            yield Tests("mutants", name=f"{part}:")
            if part.has_browser:
                yield Tests("browser")
        case ("docs", "chapters", name) if part := part_named(name.removesuffix(".md")):
            yield chapter(part)
            yield Tests("book", "test_documents.py")
        case ("docs", "reference", _):
            yield Tests("book", "test_documents.py")
            yield Tests("book", "test_reference.py")
        case ("docs", _, *_) | ("README.md" | "CONTRIBUTING.md",):
            yield Tests("book", "test_documents.py")
        case ("notebooks", _):
            yield Tests("notebooks", name=path.stem)
        case ("src", "tutorial", *_):
            yield from tests_of(path)
        case ("tests", "checkpoints", name) if found := re.match(r"test_(\d+)_", name):
            number = int(found[1])
            yield from (promises(part) for part in LADDER if part.number >= number)
            yield Tests("mutants", name=f"{number}:")
        case ("tests", folder, name) if name.startswith("test_") and (ROOT / path).exists():
            yield Tests(folder, name)
        case ("tests", folder, _) if folder != "checkpoints":
            yield Tests(folder)
        case ("scripts", _):
            yield Tests("scripts")
        case (".github", *_):
            yield Tests("verifying")


# Jobs


def part_named(slug: str) -> Part | None:
    return next((part for part in LADDER if part.slug == slug), None)


def jobs_of_tests(wanted: Sequence[Tests]) -> Iterator[Job]:
    """Yield a job for each folder, and for each name that is looked for in one."""
    for folder in dict.fromkeys(each.folder for each in wanted):
        mine = [each for each in wanted if each.folder == folder]
        modules = sorted({each.module for each in mine if not each.name})
        if "" in modules:
            yield by_pytest(folder)
            continue
        if modules:
            yield by_pytest(folder, modules)
        for name in dict.fromkeys(each.name for each in mine if each.name):
            yield by_pytest(folder, options=["-k", name])


def by_pytest(folder: str, modules: Sequence[str] = (), options: Sequence[str] = ()) -> Job:
    where = [f"tests/{folder}/{module}" for module in modules] or [f"tests/{folder}"]
    command = [sys.executable, "-m", "pytest", "-n", "auto", *where, *options]
    name = shlex.join([f"tests/{folder}", *options])
    return Job(name, command, f"pytest {shlex.join([*where, *options])}", "pytest")


def promises(part: Part) -> Job:
    """Return a job for a part's promises, in this environment: it has what any part asks for."""
    command = [sys.executable, "-m", "pytest", "tests/checkpoints", "--part", part.slug]
    by_hand = f"pytest --part {part}"
    return Job(f"promises of {part.slug}", command, f"{by_hand} tests/checkpoints", by_hand)


def chapter(part: Part) -> Job:
    """Return a job in which the robot reads one chapter, and begins as a reader who catches up."""
    words = ["-m", "tutorial.book.robot", "--from", part.slug, "--until", part.slug]
    return Job(f"chapter {part.slug}", [sys.executable, *words], f"python {shlex.join(words)}")


def sessions(*arguments: str) -> list[Job]:
    return jobs_for(["-s", *arguments]) or []


def pages(paths: Sequence[str]) -> Iterator[Job]:
    """Yield the job that builds the book and looks at the pages that these files change."""
    names = []
    for path in map(PurePosixPath, paths):
        match path.parts:
            case ("docs", *_) if path.suffix == ".md" and (ROOT / path).exists():
                names.append(path.relative_to("docs").with_suffix("").as_posix())
            case ("parts", slug, *_):
                names.append(f"chapters/{slug}")
            case ("docs", *_):
                names.append("index")
            case ("src", "tutorial", "book", *_):
                names.append("chapters/")
    if names:
        chosen = ["-k", " or ".join(dict.fromkeys(names))]
        for job in sessions("docs", "--", "tests/book/test_pages.py", *chosen):
            job.name, job.environment = "pages", {"NOTEBOOKS": "off"}
            yield job


# Which tests a file of the package has


def tests_of(path: PurePosixPath) -> Iterator[Job | Tests]:
    """Yield the test modules that import this file of the package, directly or not."""
    package = path.parent if path.suffix == ".py" else nearest_package(path)
    changed = {module_name(path)} if path.suffix == ".py" else modules_in(package)
    for test in sorted(TESTS.glob("*/test_*.py")):
        if changed & needs(test):
            folder = test.parent.name
            yield promises(LADDER[-1]) if folder == "checkpoints" else Tests(folder, test.name)


def nearest_package(path: PurePosixPath) -> PurePosixPath:
    return next(each for each in path.parents if (ROOT / each / "__init__.py").exists())


def modules_in(package: PurePosixPath) -> set[str]:
    found = (ROOT / package).rglob("*.py")
    return {module_name(PurePosixPath(each.relative_to(ROOT).as_posix())) for each in found}


def module_name(path: PurePosixPath) -> str:
    """Return the name that a file below `src` is imported by."""
    names = path.relative_to("src").with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def needs(test: Path) -> set[str]:
    """Return the modules of the package that a test needs, directly or not."""
    helpers = [each for each in test.parent.glob("*.py") if not each.name.startswith("test_")]
    needed: set[str] = set()
    todo = [name for each in [test, *helpers] for name in named_in(each)]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += [*named_in(source(name)), name.rpartition(".")[0] or "tutorial"]
    return needed


@cache
def named_in(path: Path) -> frozenset[str]:
    """Return the modules of the package that a Python file names.

    In an import, in a command as ``python -m tutorial``, or by the fixture ``tutorial``; in its
    own code, or in code that is one of its strings.
    """
    names = names_in(path.read_text(encoding="utf-8"))
    return frozenset(name for name in names if source(name).exists())


def names_in(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a string that only looks like code
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (each.name for each in names)
            case ast.ImportFrom(str(module), names):
                yield module
                yield from (f"{module}.{each.name}" for each in names)
            case ast.List(words) | ast.Tuple(words):
                values = [word.value if isinstance(word, ast.Constant) else None for word in words]
                if ("-m", "tutorial") in pairwise(values):
                    yield "tutorial.__main__"
            case ast.arg("tutorial"):
                yield "tutorial.__main__"
            case ast.Constant(str(text)):
                yield from re.findall(r"\btutorial(?:\.\w+)+", text)
                if re.search(r"^\s*(from|import) ", text, re.MULTILINE):
                    yield from names_in(text)


def source(module: str) -> Path:
    """Return the file of a module, whether or not there is one."""
    path = SOURCES.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
