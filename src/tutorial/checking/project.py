"""A learner's project: where it is, which Python runs it, and its sources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.errors import Problem
from tutorial.project_files import is_environment, is_leftover
from tutorial.running.folder import temporary_folder

NAMES = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
USUAL = (".venv", "venv", "env")
OLDEST = (3, 11)
ASK = (
    "import json, sys, importlib.util as u; print(json.dumps([sys.executable, "
    "list(sys.version_info[:3]), sys.implementation.cache_tag, sys.base_prefix, sys.prefix, "
    "u.find_spec('django') is not None]))"
)


@dataclass
class Python:
    """The interpreter that runs a project, and how it was found."""

    path: str
    why: str  # for a person: "its own environment, .venv"
    version: tuple[int, ...] = ()
    tag: str = ""  # cpython-311: what compiled packages are made for
    has_django: bool = True

    @property
    def is_ours(self) -> bool:
        return Path(self.path) == Path(sys.executable)


Offer = Callable[[Path, str], Iterator[Python]]


@dataclass
class Project:
    """A learner's project: its folder, and what runs it."""

    path: Path  # the folder that holds manage.py
    python: Python
    notes: list[str] = field(default_factory=list)  # what a person should know first


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Yield the folder that is meant: of a zip file, one that it is unpacked to.

    Raises Problem.
    """
    path = path.expanduser().resolve()
    if path.suffix.lower() != ".zip":
        if path.is_file() and path.name == "manage.py":
            path = path.parent
        if not path.is_dir():
            raise Problem(f"There is no folder {path}.")
        yield path
        return
    if not path.is_file():
        raise Problem(f"There is no file {path}.")
    with temporary_folder("tutorial-zip-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    parts = Path(member.filename).parts
                    if any(
                        is_leftover(part, False) and not part.startswith(".env") for part in parts
                    ):
                        continue
                    if member.file_size < 20_000_000:
                        archive.extract(member, folder)  # keeps to the folder, whatever it says
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise Problem(f"{path} cannot be unpacked: {error}.") from None
        yield folder


def recognise(path: Path) -> Project:
    """Return the project in this folder, or the only one a little below it. Raises Problem."""
    notes = []
    if not (path / "manage.py").is_file():
        below = [*path.glob("*/manage.py"), *path.glob("*/*/manage.py")]
        inside = sorted(
            file.parent
            for file in below
            if not is_environment(file.parent)
            and not any(is_leftover(part, False) for part in file.relative_to(path).parts[:-1])
        )
        above = next((one for one in path.parents if (one / "manage.py").is_file()), None)
        if len(inside) == 1:
            notes.append(f"manage.py is in {inside[0].relative_to(path).as_posix()}.")
            path = inside[0]
        elif inside:
            listed = "\n".join(f"  {folder}" for folder in inside[:8])
            raise Problem(f"{path} holds several projects. Did you mean one of these?\n{listed}")
        elif above:
            raise Problem(f"{path} holds no manage.py. Did you mean {above}?")
        else:
            raise Problem(
                f"{path} is not a Django project: it holds no manage.py. "
                "Name the folder that holds it."
            )
    return Project(path, python_of(path), notes)


def python_of(path: Path) -> Python:
    """Return the Python that runs the project. Raises Problem when it cannot."""
    broken = ""
    for found in candidates(path):
        python = ask(found)
        if python is None:
            broken = broken or f"{found.path} ({found.why})"
            continue
        if broken:
            break  # never silently another one
        shown = ".".join(map(str, python.version))
        if python.version[:2] < OLDEST:
            raise Problem(
                f"{python.path} is Python {shown}; the parts need 3.11 or newer. "
                "Create the project's virtual environment again with a newer one."
            )
        if not python.has_django:
            raise Problem(
                f"Django is not installed for {python.path} ({python.why}). Activate that "
                "environment, and run `python -m pip install -r requirements.txt`."
            )
        return python
    raise Problem(
        f"{broken} does not run: was the Python it was made with removed, or the folder moved? "
        "Delete that environment, and create it again."
    )


def candidates(path: Path) -> Iterator[Python]:
    """Yield the interpreters that may be the project's own, the most likely first."""
    seen: set[Path] = set()

    def offer(folder: Path, why: str) -> Iterator[Python]:
        folder = folder.expanduser()
        if folder in seen or same(folder, Path(sys.prefix)):
            return
        seen.add(folder)
        for name in NAMES:
            python = folder / name
            if python.exists() or python.is_symlink():
                yield Python(str(python), why)
                return

    bases = [path, *parents_of_one_project(path)]
    for base in bases:
        where = "" if base == path else " in the folder above"
        if bases[1:2] == [base]:
            yield from named_by_variables(path, offer)
        dotted = base / ".venv"
        if dotted.is_file():  # Pipenv's and pyenv's way to name one that is elsewhere
            with suppress(OSError):
                yield from offer(Path(dotted.read_text(encoding="utf-8").strip()), "named in .venv")
        inside = sorted(
            (
                folder
                for folder in children(base)
                if is_environment(folder) and (base == path or folder.name in USUAL)
            ),
            key=likelihood,
        )
        for folder in inside:
            yield from offer(folder, f"its own environment, {folder.name}{where}")
        if base == path:
            for name in (".venv", "venv", "env"):  # without its pyvenv.cfg
                yield from offer(base / name, f"its own environment, {name}")
    yield from named_by_variables(path, offer)
    for command in managers(path):
        with suppress(OSError, subprocess.SubprocessError):
            result = subprocess.run(
                command, cwd=path, capture_output=True, encoding="utf-8", timeout=20, check=True
            )
            if said := result.stdout.strip().splitlines():
                yield from offer(Path(said[-1]), f"the environment of {command[0]}")
    yield from poetry_s(path, offer)
    yield Python(sys.executable, "the tutorial's own: this project has no environment")


def named_by_variables(path: Path, offer: Offer) -> Iterator[Python]:
    """Yield the environment that is active, which the tutorial's own does not count as."""
    for variable in ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "CONDA_PREFIX"):
        if value := os.environ.get(variable):
            if variable == "CONDA_PREFIX" and os.environ.get("CONDA_DEFAULT_ENV") == "base":
                continue
            yield from offer(path / value, f"the environment in {variable}")


def same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except OSError:
        return False


def children(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [child for child in folder.iterdir() if child.is_dir()]
    return []


def likelihood(folder: Path) -> tuple[bool, int, str]:
    """The one that is active, then the usual names, then any other; with Django before without."""
    active = os.environ.get("VIRTUAL_ENV", "")
    installed = ("lib/*/site-packages/django", "Lib/site-packages/django")
    django = any(True for pattern in installed for _ in folder.glob(pattern))
    rank = USUAL.index(folder.name) if folder.name in USUAL else len(USUAL)
    return (not (active and same(Path(active), folder)), rank if django else rank + 10, folder.name)


def parents_of_one_project(path: Path) -> list[Path]:
    """Return the folders above that belong to the same work: up to a .git, two at most."""
    found = []
    for folder in list(path.parents)[:2]:
        if (path / ".git").exists() or folder in {Path.home(), Path(folder.anchor)}:
            break
        if same(folder, Path(tempfile.gettempdir())):
            break
        found.append(folder)
        if (folder / ".git").exists():
            break
    return found


def managers(path: Path) -> Iterator[list[str]]:
    """Yield the commands that say where an environment is, of the tools that the project uses."""
    text = ""
    with suppress(OSError):
        text = (path / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    if "[tool.poetry]" in text or (path / "poetry.lock").is_file():
        yield ["poetry", "env", "info", "--path"]
    if (path / "Pipfile").is_file():
        yield ["pipenv", "--venv"]
    if "[tool.pdm]" in text:
        yield ["pdm", "venv", "--path", "in-project"]


def poetry_s(path: Path, offer: Offer) -> Iterator[Python]:
    """Yield Poetry's environment where poetry itself is not at hand.

    Its folder begins with the project's name (python-poetry.org, "virtualenvs.path").
    """
    with suppress(OSError):
        text = (path / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
        named = re.search(r'^name\s*=\s*["\']([^"\']+)', text, re.MULTILINE)
        if not named or "poetry" not in text:
            return
        name = re.sub(r"[^a-z0-9]+", "-", named[1].lower())
        cache = Path(os.environ.get("POETRY_CACHE_DIR", Path.home() / ".cache" / "pypoetry"))
        for folder in sorted(cache.glob(f"virtualenvs/{name}-*-py*"), reverse=True):
            yield from offer(folder, "Poetry's environment")


def ask(python: Python) -> Python | None:
    """Return what this interpreter says of itself; None when it does not run."""
    try:
        # Not in the project's folder, and not with its variables: nothing of it is imported.
        result = subprocess.run(
            [python.path, "-E", "-c", ASK],
            cwd=tempfile.gettempdir(),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        _, version, tag, *_, django = json.loads(result.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return Python(python.path, python.why, tuple(version), tag, django)
