"""What adding a part needs is there for every part; and what is left out is named, in words.

A part 99 is added to a copy of the repository: the last part with a setting, an environment
variable, a route, an app and a package more. Then one thing at a time is left out.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tutorial.ladder import LADDER, ROOT
from tutorial.ladder_check import missing_from, missing_from_the_ladder
from tutorial.project_files import clean_copy
from tutorial.running.environment import child_environment

LAST = LADDER[-1]
SLUG = "99-everything"
COPIED = ("docs/chapters", "docs/reference", "parts", "src", "tests/checkpoints", "tests/mutants")
FILES = ("README.md", "requirements.txt", "constraints.txt")


def test_the_ladder_is_whole():
    found = list(missing_from_the_ladder())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", LADDER, ids=lambda part: part.slug)
def test_a_part_has_what_it_needs(part):
    found = list(missing_from(part))
    assert not found, "\n".join(found)


# Part 99


def add(path: Path, text: str) -> None:
    """Add to the end of a file, which is made if need be."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def change(path: Path, pattern: str, replacement: str) -> None:
    """Replace the one place that matches in a file."""
    text, times = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.M)
    assert times == 1, f"{pattern} matches {times} times in {path}"
    path.write_text(text, encoding="utf-8")


def the_project(part: Path) -> None:
    """Write what is new in the part itself."""
    clean_copy(LAST.path, part)
    (part / "orders").mkdir()
    add(part / "orders/__init__.py", "")
    add(
        part / "orders/apps.py",
        "from django.apps import AppConfig\n\n\n"
        'class OrdersConfig(AppConfig):\n    name = "orders"\n',
    )
    add(part / "orders/views.py", "def orders(request):\n    raise NotImplementedError\n")
    add(
        part / "medium/urls.py",
        "\nfrom orders.views import orders\n\n"
        'urlpatterns.append(path("order/<int:pk>/", orders))\n',
    )
    add(part / "medium/settings.py", '\nSTRIPES = os.environ.get("DJANGO_STRIPES_COUNT", 7)\n')
    add(part / "requirements.txt", "Zebra_Stripes~=1.0\n")
    (part / "README.md").unlink()


@dataclass
class Need:
    """One thing that part 99 needs: how it is supplied, and what is said where it is not."""

    supply: Callable[[Path], None]
    said: str


NEEDS = {
    "the row": Need(
        lambda root: add(
            root / "src/tutorial/ladder.py",
            "\n\nLADDER += (\n    LADDER[-1].then(\n"
            f'        "{SLUG}",\n        title="Everything",\n        adds="all of it",\n'
            '        client_sees="stripes",\n    ),\n)\n',
        ),
        f"src/tutorial/ladder.py: no row for parts/{SLUG}.",
    ),
    "its packages": Need(
        lambda root: change(
            root / "src/tutorial/ladder.py",
            '^        client_sees="stripes",\n',
            '        client_sees="stripes",\n        packages=("zebra-stripes",),\n',
        ),
        "src/tutorial/ladder.py: `zebra-stripes` in the packages of part 99, as in its "
        "requirements.txt.",
    ),
    "its app": Need(
        lambda root: change(
            root / f"parts/{SLUG}/medium/settings.py",
            '^    "reviews",\n',
            '    "reviews",\n    "orders",\n',
        ),
        f"parts/{SLUG}/medium/settings.py: the app `orders` in INSTALLED_APPS.",
    ),
    "its README": Need(
        lambda root: add(
            root / f"parts/{SLUG}/README.md",
            f"# Part 99: Everything\n\n[Chapter](../../docs/chapters/{SLUG}.md)\n",
        ),
        f"parts/{SLUG}/README.md: the heading `# Part 99: Everything`, and a link to "
        f"docs/chapters/{SLUG}.md.",
    ),
    "its promises": Need(
        lambda root: add(
            root / "tests/checkpoints/test_99_everything.py",
            "import pytest\n\n\n"
            '@pytest.mark.mend("orders/views.py", "Is it there?")\n'
            'def test_an_order_is_read(client):\n    """GET /order/<pk>/ is 200."""\n',
        ),
        "tests/checkpoints/test_99_everything.py: no promise of part 99.",
    ),
    "its chapter": Need(
        lambda root: add(root / f"docs/chapters/{SLUG}.md", "# Everything\n\n{term}`Stripes`\n"),
        f"docs/chapters/{SLUG}.md: no such chapter.",
    ),
    "a mutant": Need(
        lambda root: add(
            root / "tests/mutants/mistakes.py",
            "\nMUTANTS.append(\n    Mutant(\n        99,\n"
            '        "no stripes",\n        SETTINGS,\n        "7",\n        "0",\n'
            '        "test_an_order_is_read",\n    )\n)\n',
        ),
        "tests/mutants/mistakes.py: a mistake in part 99 and its test.",
    ),
    "the README's row": Need(
        lambda root: change(
            root / "README.md",
            rf"^(\| \[{LAST} .*\n)",
            rf"\1| [99 Everything](parts/{SLUG}/) | all of it | stripes |\n",
        ),
        f"README.md: a row of the ladder, `| [99 Everything](parts/{SLUG}/) | …`.",
    ),
    "the last part's packages for all": Need(
        lambda root: change(root / "requirements.txt", f"parts/{LAST.slug}/", f"parts/{SLUG}/"),
        f"requirements.txt: `-r parts/{SLUG}/requirements.txt`, for the last part.",
    ),
    "the version last verified": Need(
        lambda root: add(root / "constraints.txt", "zebra-stripes==1.0.3\n"),
        "constraints.txt: `zebra-stripes`; the file's first lines say how to compile it.",
    ),
    "why this package": Need(
        lambda root: change(
            root / "docs/reference/dependencies.md",
            r"^(\| djangorestframework-simplejwt .*\n)",
            r"\1| Zebra-Stripes 1.0 | 99 | Has stripes. |\n",
        ),
        "docs/reference/dependencies.md: `zebra-stripes`, since part 99, and why it was chosen.",
    ),
    "what a setting does": Need(
        lambda root: change(
            root / "docs/reference/settings.md",
            r"^(\| `MIDDLEWARE` .*\n)",
            r"\1| `STRIPES` | 99 | How many. |\n",
        ),
        "docs/reference/settings.md: `STRIPES`, since part 99, and what it does.",
    ),
    "what a variable sets": Need(
        lambda root: change(
            root / "docs/reference/settings.md",
            r"^(\| `DJANGO_DEBUG` .*\n)",
            r"\1| `DJANGO_STRIPES_COUNT` | `7` | `STRIPES` |\n",
        ),
        "docs/reference/settings.md: the variable `DJANGO_STRIPES_COUNT`, its default and what "
        "it sets.",
    ),
    "who may ask what": Need(
        lambda root: change(
            root / "docs/reference/endpoints.md",
            r"^(\| from 3 \| `GET /` .*\n)",
            r"\1| from 99 | `GET /order/<own pk>/?stripes=7` | | 401 | 200 | 200 |\n",
        ),
        "docs/reference/endpoints.md: `/order/<pk>/`, who may ask it what in part 99.",
    ),
    "what a term means": Need(
        lambda root: change(
            root / "docs/reference/glossary.md",
            "^:::\\{glossary\\}\n",
            ":::{glossary}\nstripes\n  Dark, and light.\n\n",
        ),
        "docs/reference/glossary.md: `stripes`, a term in the chapter of part 99.",
    ),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """What is looked up, and part 99 with nothing that it needs."""
    root = tmp_path_factory.mktemp("original")
    for name in COPIED:
        clean_copy(ROOT / name, root / name)
    for name in FILES:
        shutil.copy(ROOT / name, root)
    the_project(root / "parts" / SLUG)
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("repository")


@pytest.fixture
def repository(original, place):
    """A fresh copy, always in the same place: what has been compiled there stays good."""
    for path in place.iterdir():
        if path.name == ".cache":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return shutil.copytree(original, place, dirs_exist_ok=True)


def supply(root: Path, *, without: str = "") -> None:
    for name, need in NEEDS.items():
        if name == without or (name == "its packages" and without == "the row"):
            continue
        need.supply(root)


def check(root: Path, part: str) -> subprocess.CompletedProcess[str]:
    """Run the copy of the check on the copy of the repository."""
    code = (
        "import runpy, sys; "
        "sys.path.insert(0, sys.argv.pop(1)); "  # before the package that is installed
        "runpy.run_module('tutorial.ladder_check', run_name='__main__', alter_sys=True)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(root / "src"), part],
        cwd=root,
        env=child_environment(PYTHONPYCACHEPREFIX=str(root / ".cache" / "pycache")),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def said(root: Path, part: str) -> list[str]:
    done = check(root, part)
    assert not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert done.returncode == (lines != ["Nothing is missing."])
    return lines


def test_nothing_is_missing_when_everything_is_supplied(repository):
    supply(repository)
    assert said(repository, "99") == ["Nothing is missing."]


@pytest.mark.parametrize("name", NEEDS)
def test_what_is_left_out_is_named(repository, name):
    """And nothing else is, unless it follows from it."""
    supply(repository, without=name)
    if name == "the row":  # then there is no part 99, and the last part is the last one
        assert NEEDS[name].said in said(repository, str(LAST))
    else:
        assert said(repository, "99") == [NEEDS[name].said]


def test_a_file_that_every_part_has_is_missed(repository):
    supply(repository)
    (repository / "parts" / SLUG / "reviews/fixtures/demo.json").unlink()
    assert said(repository, "99") == [f"parts/{SLUG}/reviews/fixtures/demo.json: no such file."]


def test_a_row_without_a_folder_is_missed(repository):
    supply(repository)
    shutil.rmtree(repository / "parts" / SLUG)
    expected = f"parts/{SLUG}: no such folder, and a row in src/tutorial/ladder.py."
    assert said(repository, "99") == [expected]


def test_a_part_that_is_not_there_is_said(repository):
    done = check(repository, "77")
    assert done.returncode == 1 and done.stderr.startswith("There is no part '77'")


def test_a_row_that_leaves_something_out_is_refused():
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'title'"):
        LAST.then(SLUG, adds="all of it", client_sees="stripes")
