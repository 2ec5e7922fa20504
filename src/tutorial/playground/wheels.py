"""The Python packages that a page gets: those installed here, if a page can run them.

They are the versions of ``constraints.txt``, and each file is compared with the hash that its
wheel gave it, so a site is made of what was verified and of nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import PurePosixPath

from packaging.requirements import Requirement

from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, canonical, up_to

# A page as Python sees it; markers of requirements ask for these.
PAGE = {
    "extra": "",
    "platform_machine": "wasm32",
    "platform_system": "Emscripten",
    "python_full_version": "3.14.2",
    "python_version": "3.14",
    "sys_platform": "emscripten",
    "os_name": "posix",
}
COMPILED = (".so", ".pyd", ".dylib", ".dll")
STAND_IN = {"pillow"}  # whose Python files work with the core of `inside.missing`
ALWAYS = ("tzdata",)  # a page has no time zones of its own

# What no page asks for, by the start of its path
LEFT_OUT = (
    "django/contrib/gis/",
    "django/contrib/postgres/",
    "django/db/backends/mysql/",
    "django/db/backends/oracle/",
    "django/db/backends/postgresql/",
    "PIL/PalmImagePlugin",  # draws a picture when it is imported
    "PIL/_imaging",
    "pygments/lexers/",
)
KEPT = {
    f"pygments/lexers/{name}.py" for name in ("__init__", "_mapping", "diff", "python", "special")
}
OF_METADATA = {"METADATA", "entry_points.txt"}


def playable() -> tuple[Part, ...]:
    """Return the parts that a page can run: all whose packages are in Python alone."""
    return tuple(part for part in LADDER if not missing(part))


def missing(part: Part) -> list[str]:
    """Return the packages of a part that only a computer can run."""
    return [each.name for each in closure(packages_of(part)) if not runs_in_a_page(each)]


def packages_of(part: Part) -> list[str]:
    return [name for earlier in up_to(part.number) for name in earlier.packages]


def closure(names: Iterable[str]) -> list[Distribution]:
    """Return the distributions of these names and all that they require in a page, by name.

    Raises Problem for one that is not installed, or not in the version of ``constraints.txt``.
    """
    found: dict[str, Distribution] = {}
    wanted = [canonical(name) for name in names]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found[name] = installed(name)
        for text in found[name].requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(PAGE):
                wanted.append(canonical(requirement.name))
    return [found[name] for name in sorted(found)]


def installed(name: str) -> Distribution:
    try:
        it = distribution(name)
    except PackageNotFoundError:
        raise Problem(
            f"{name} is not installed. Run `python3 scripts/test.py --version`."
        ) from None
    pinned = constraints().get(name)
    if pinned != it.version:
        raise Problem(
            f"{name} {it.version} is installed, and constraints.txt has {pinned}. "
            "Run `python3 scripts/test.py --version`, which installs what it has."
        )
    return it


def constraints() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {canonical(name): version for name, version in pins}


def runs_in_a_page(it: Distribution) -> bool:
    """Return whether this distribution is of Python alone, or has Python for what is compiled."""
    names = {str(path) for path in it.files or []}
    # mypyc adds a library of its own to the modules that it compiles, which are there in Python.
    compiled = [n for n in names if n.endswith(COMPILED) and "__mypyc." not in n]
    return canonical(it.name) in STAND_IN or all(
        re.sub(r"\.[^/]*$", ".py", name) in names for name in compiled
    )


def files(it: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that a page needs. Raises Problem for a changed one."""
    for path in it.files or []:
        if needed(path):
            content = it.locate_file(path).read_bytes()  # type: ignore[attr-defined]
            if path.hash:
                seen = base64.urlsafe_b64encode(hashlib.new(path.hash.mode, content).digest())
                if seen.decode().rstrip("=") != path.hash.value:
                    raise Problem(
                        f"{path} is not as {it.name} {it.version} has it. "
                        "Remove .venv, and run `python3 scripts/test.py --version`."
                    )
            yield str(PurePosixPath(path)), content


def needed(path: PackagePath) -> bool:
    name = path.as_posix()
    if name.startswith("..") or name.endswith((".pyc", ".pyi", ".po", *COMPILED)):
        return False
    if ".dist-info/" in name:
        return path.name in OF_METADATA
    if "locale" in path.parts[:-1]:  # translations; Django asks for its own English
        return bool({"en", "__init__.py"} & set(path.parts)) and "/locale/" in name
    if "static" in path.parts[:-1] or (name.startswith(LEFT_OUT) and name not in KEPT):
        return False
    return not name.startswith("pillow.libs/")


def licences(it: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in which a distribution states its licence."""
    for path in it.files or []:
        stated = re.match(r"(?i)licen[cs]e|copying|notice|authors", path.name)
        if ".dist-info/" in str(path) and stated:
            yield path.name, it.locate_file(path).read_bytes()  # type: ignore[attr-defined]
