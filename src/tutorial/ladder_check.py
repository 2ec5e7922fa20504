"""What a part needs besides its own code, and what of it is missing.

    python -m tutorial.ladder_check        every part
    python -m tutorial.ladder_check 11     one of them

Adding a part means its folder, its test module, its chapter, and its row in ladder.py. What
cannot be derived from these is looked up here, and what is not found is named, with its place.
Nothing is run but Django's URLconf; whether the pages tell the truth is for the tests of the book.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import django

from tutorial.ladder import LADDER, PARTS, ROOT, Part, canonical, find
from tutorial.running.environment import project_environment

TESTS = ROOT / "tests"
CHAPTERS = ROOT / "docs" / "chapters"
REFERENCE = ROOT / "docs" / "reference"


def missing_from_the_ladder() -> Iterator[str]:
    """Yield what the parts lack as a whole."""
    rows = {part.slug for part in LADDER}
    for folder in sorted(PARTS.iterdir()):
        if folder.is_dir() and folder.name not in rows:
            yield f"src/tutorial/ladder.py: no row for parts/{folder.name}."
    last = LADDER[-1]
    if f"-r parts/{last.slug}/requirements.txt" not in lines(ROOT / "requirements.txt"):
        yield f"requirements.txt: `-r parts/{last.slug}/requirements.txt`, for the last part."


def missing_from(part: Part) -> Iterator[str]:
    """Yield what this part lacks, each with the file where it belongs."""
    if not part.path.is_dir():
        yield f"parts/{part.slug}: no such folder, and a row in src/tutorial/ladder.py."
        return
    yield from missing_files(part)
    yield from missing_packages(part)
    yield from missing_settings(part)
    yield from missing_endpoints(part)
    yield from missing_terms(part)


def missing_files(part: Part) -> Iterator[str]:
    folder = f"parts/{part.slug}"
    for name in ("manage.py", "requirements.txt", "reviews/fixtures/demo.json"):
        if not (part.path / name).is_file():
            yield f"{folder}/{name}: no such file."

    head, link = f"# Part {part.number}: {part.title}", f"docs/chapters/{part.slug}.md"
    readme = text(part.path / "README.md")
    if not readme.startswith(f"{head}\n") or link not in readme:
        yield f"{folder}/README.md: the heading `{head}`, and a link to {link}."
    if f"| [{part.number} {part.title}](parts/{part.slug}/) |" not in text(ROOT / "README.md"):
        yield f"README.md: a row of the ladder, `| [{part.number} {part.title}]({folder}/) | …`."

    if not (CHAPTERS / f"{part.slug}.md").is_file():
        yield f"{link}: no such chapter."
    module = f"checkpoints/test_{part.slug.replace('-', '_')}.py"
    if "\ndef test_" not in text(TESTS / module):
        yield f"tests/{module}: no promise of part {part.number}."
    if part.number not in numbers_of_mutants():
        yield f"tests/mutants/mistakes.py: a mistake in part {part.number} and its test."

    settings = text(part.path / "medium" / "settings.py")
    for config in sorted(part.path.glob("*/apps.py")):
        if f'"{config.parent.name}' not in settings:
            yield f"{folder}/medium/settings.py: the app `{config.parent.name}` in INSTALLED_APPS."


def numbers_of_mutants() -> set[int]:
    """Return the parts that a mistake is planted in: the first argument of each ``Mutant``."""
    tree = ast.parse(text(TESTS / "mutants" / "mistakes.py"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    first = [call.args[0] for call in calls if ast.unparse(call.func) == "Mutant"]
    return {int(ast.literal_eval(node)) for node in first}


# Packages


def missing_packages(part: Part) -> Iterator[str]:
    before = declared(part.before.path) if part.before else set()
    added = declared(part.path) - before
    for name in sorted(added - set(part.packages)):
        yield (
            f"src/tutorial/ladder.py: `{name}` in the packages of part {part.number}, "
            "as in its requirements.txt."
        )
    for name in sorted(set(part.packages) - added):
        yield f"parts/{part.slug}/requirements.txt: `{name}`, as in its row in ladder.py."
    pinned = {
        canonical(name) for name in re.findall(r"^[\w.-]+", text(ROOT / "constraints.txt"), re.M)
    }
    page = text(REFERENCE / "dependencies.md")
    explained = {canonical(name): int(since) for name, since in SINCE.findall(page)}
    for name in sorted(added):
        if name not in pinned:
            yield f"constraints.txt: `{name}`; the file's first lines say how to compile it."
        if explained.get(name) != part.number:
            yield (
                f"docs/reference/dependencies.md: `{name}`, since part {part.number}, "
                "and why it was chosen."
            )


SINCE = re.compile(r"^\| ([\w.-]+)[^|]* \| (\d+) \|", re.M)


def declared(project: Path) -> set[str]:
    """Return the names of the distributions that a project's requirements.txt asks for."""
    names = (re.match(r"[\w.-]+", line) for line in lines(project / "requirements.txt"))
    return {canonical(name[0]) for name in names if name}


# Settings


def missing_settings(part: Part) -> Iterator[str]:
    page = text(REFERENCE / "settings.md")
    explained = explained_settings(page)
    for name, since in first_parts().items():
        if since == part.number and name != "DATABASES" and explained.get(name) != since:
            yield f"docs/reference/settings.md: `{name}`, since part {since}, and what it does."
    for name in sorted(environment_variables(part) - explained_variables(page)):
        yield f"docs/reference/settings.md: the variable `{name}`, its default and what it sets."


def explained_settings(page: str) -> dict[str, int]:
    """Return the settings in the page's tables, and since which part it says they are there."""
    return {name: int(since) for name, since in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.M)}


def explained_variables(page: str) -> set[str]:
    """Return the parts' environment variables in the page's tables."""
    return set(re.findall(r"^\| `(DJANGO_[A-Z_]+)`", page, re.M))


def environment_variables(part: Part) -> set[str]:
    """Return the environment variables that a part's settings read."""
    return set(re.findall(r"DJANGO_[A-Z_]+", text(part.path / "medium" / "settings.py")))


def first_parts() -> dict[str, int]:
    """Return each setting that is not what ``startproject`` writes, and since which part."""
    template = Path(django.__file__).parent / "conf" / "project_template" / "project_name"
    written = text(template / "settings.py-tpl").replace("{{ project_name }}", "medium")
    original = settings_of(written)
    found: dict[str, int] = {}
    for part in LADDER:
        for name, value in settings_of(text(part.path / "medium" / "settings.py")).items():
            if original.get(name) != value:
                found.setdefault(name, part.number)
    return found


def settings_of(source: str) -> dict[str, str]:
    """Return what each setting is, and each key of the dictionaries that packages read."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or not ast.unparse(node.targets[0]).isupper():
            continue
        inside: dict[str, str] = {}
        if isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                inside[ast.unparse(key).strip("'") if key else ""] = ast.unparse(value)
        if inside and all(name.isupper() for name in inside):
            found |= inside
        else:
            found[ast.unparse(node.targets[0])] = ast.unparse(node.value)
    return found


# Endpoints


def missing_endpoints(part: Part) -> Iterator[str]:
    for path in sorted(paths(part) - explained_paths(part)):
        yield f"docs/reference/endpoints.md: `{path}`, who may ask it what in part {part.number}."


def explained_paths(part: Part) -> set[str]:
    """Return the paths in the page's tables whose line holds for this part."""
    found = set()
    for line in lines(REFERENCE / "endpoints.md"):
        cells = re.match(r"\| (?:from (\d+)|(\d+) to (\d+)) \| `[A-Z]+ (/[^`]*)`", line)
        if cells and int(cells[1] or cells[2]) <= part.number <= int(cells[3] or part.number):
            found.add(as_in_the_urlconf(cells[4]))
    return found


def as_in_the_urlconf(address: str) -> str:
    """Return a path of the page without its query, and ``<pk>`` for every number."""
    path = re.sub(r"<(own|other) pk>", "<pk>", address.partition("?")[0])
    return path.replace("4711", "<pk>")


PATHS = """
import django; django.setup()
from django.urls import URLResolver, get_resolver

def walk(resolver, before=""):
    for pattern in resolver.url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            walk(pattern, here)
        else:
            print("/" + here)

walk(get_resolver())
"""


def paths(part: Part) -> set[str]:
    """Return the paths of the part's URLconf, as the page writes them.

    Raises CalledProcessError when the part does not load.
    """
    done = subprocess.run(
        [sys.executable, "-c", PATHS],
        cwd=part.path,
        env=project_environment(part.path, part.path),  # nothing is stored
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    found = set()
    for path in done.stdout.split():
        path = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", path).replace("^", "").replace("$", "")
        path = re.sub(r"<\w+:(\w+)>", r"<\1>", path)
        if "format" not in path:  # /product.json, said once on the page for all of them
            found.add(path)
    return found


# Terms


def missing_terms(part: Part) -> Iterator[str]:
    glossary = {line.lower() for line in lines(REFERENCE / "glossary.md")}
    chapter = text(CHAPTERS / f"{part.slug}.md")
    named = re.findall(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`", chapter)
    for term in sorted({term.lower() for term in named} - glossary):
        yield f"docs/reference/glossary.md: `{term}`, a term in the chapter of part {part.number}."


def text(path: Path) -> str:
    """Return what a file holds; nothing when it is not there, which is said elsewhere."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def lines(path: Path) -> list[str]:
    return text(path).splitlines()


def main() -> None:
    try:
        parts = [find(name) for name in sys.argv[1:]] or LADDER
    except LookupError as error:
        sys.exit(str(error))
    found = list(missing_from_the_ladder())
    for part in parts:
        found += missing_from(part)
    print("\n".join(found) or "Nothing is missing.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
