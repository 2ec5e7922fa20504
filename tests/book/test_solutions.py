"""The solutions to the exercises: each change applies to its part, and its check says so."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from tutorial.book.changes import Hunk, apply
from tutorial.book.look import GAP
from tutorial.book.page import chapter_path, directives_in
from tutorial.ladder import LADDER, ROOT, find
from tutorial.project_files import clean_copy
from tutorial.running.environment import child_environment

FOLDER = ROOT / "docs" / "solutions"


@dataclass
class Solution:
    """What an exercise's solution changes, and the session that checks it."""

    changes: list[tuple[str, str]] = field(default_factory=list)  # a file, and its diff
    session: str = ""


def page(part):
    return (FOLDER / f"{part.slug}.md").read_text(encoding="utf-8")


def exercises(part):
    """Return the page's exercises by their number."""
    found = {}
    for section in re.split(r"^## Exercise ", page(part), flags=re.M)[1:]:
        found[int(section.split("\n", 1)[0])] = solution = Solution()
        for name, argument, content, _ in directives_in(section):
            if name != "code-block":
                continue
            caption, _, body = content.partition("\n\n")
            caption = caption.removeprefix(":caption: ")
            if argument.startswith("change-"):
                solution.changes.append((caption.removesuffix(" — change"), body))
            else:
                assert caption == "Check it in `python manage.py shell`"
                solution.session += body
    return found


def hunks(diff):
    places = [[]]
    for line in diff.rstrip("\n").splitlines():
        if line.startswith(GAP):
            places.append([])
        else:
            places[-1].append((line[:1] or " ", line[1:]))
    return [Hunk(0, tuple(lines)) for lines in places]


SOLVED = [part for part in LADDER if (FOLDER / f"{part.slug}.md").exists()]
WITH_CHECK = [
    pytest.param(part, number, id=f"{part}.{number}")
    for part in SOLVED
    for number, solution in exercises(part).items()
    if solution.session
]
RUN = """
import doctest, sys
from pathlib import Path
import django
django.setup()
from django.apps import apps
names = {model.__name__: model for model in apps.get_models()}
test = doctest.DocTestParser().get_doctest(
    Path(sys.argv[1]).read_text(encoding="utf-8"), names, "check", None, 0
)
runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
runner.run(test)
sys.exit(1 if runner.failures else 0)
"""


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Return a copy of a part with the demo data in its database, made once."""
    made = {}

    def filled(part):
        if part not in made:
            made[part] = project = tmp_path_factory.mktemp("part") / "project"
            clean_copy(part.path, project)
            for command in (["migrate", "-v0"], ["loaddata", "demo", "-v0"]):
                run(project, "manage.py", *command)
        return made[part]

    return filled


def run(project, *arguments):
    environment = child_environment(project, DJANGO_SETTINGS_MODULE="medium.settings")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("part", "number"), WITH_CHECK)
def test_a_solution_passes_its_check(part, number, filled, tmp_path):
    """…and without its change, where it has one, the check fails."""
    solution = exercises(part)[number]
    project = tmp_path / "project"
    shutil.copytree(filled(part), project)
    check = tmp_path / "check.txt"
    check.write_text(solution.session, encoding="utf-8")
    if solution.changes:
        shutil.copytree(project, tmp_path / "unchanged")
        with pytest.raises(AssertionError):
            run(tmp_path / "unchanged", "-c", RUN, str(check))
    for name, diff in solution.changes:
        path = project / name
        lines = apply(hunks(diff), path.read_text(encoding="utf-8").splitlines())
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run(project, "-c", RUN, str(check))


@pytest.mark.parametrize("part", SOLVED, ids=str)
def test_every_exercise_has_a_hint_and_a_solution(part):
    text = chapter_path(part).read_text(encoding="utf-8")
    section = re.search(r"^## Exercises\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    asked = {int(number) for number in re.findall(r"^(\d+)\. ", section[1], re.M)}
    assert set(exercises(part)) == asked
    sections = re.split(r"^## ", page(part), flags=re.M)[1:]
    for section in sections:
        assert "{dropdown} A hint" in section and "{dropdown} A solution" in section


def test_there_is_no_solution_to_a_chapter_that_is_not_there():
    for path in FOLDER.glob("[0-9]*.md"):
        assert find(path.stem)
