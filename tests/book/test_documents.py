"""What README, CONTRIBUTING and the pages for maintainers say is there, is there."""

import json
import re
import tomllib
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest

from tutorial.book.front import RECORD
from tutorial.ladder import LADDER, ROOT
from tutorial.pictures.moving import moving

README = ROOT / "README.md"
REASONS = ROOT / "docs" / "reference" / "dependencies.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*/*.md"))]
FOR_MAINTAINERS = [
    README,
    ROOT / "CONTRIBUTING.md",
    REASONS,
    *sorted((ROOT / "docs" / "contributing").glob("*.md")),
]


def name(path):
    return path.relative_to(ROOT).as_posix()


def test_the_readmes_ladder_is_the_ladder():
    rows = [
        f"| [{part.number} {part.title}](parts/{part.slug}/) | {part.adds} | {part.client_sees} |"
        for part in LADDER
    ]
    table = re.search(r"^## The ladder\n\n(.*?)\n\n", README.read_text("utf-8"), re.DOTALL | re.M)
    assert table[1].splitlines()[2:] == rows, (
        "README.md's ladder is not the one of src/tutorial/ladder.py. Its rows are:\n"
        + "\n".join(rows)
    )


def test_the_readme_begins_with_the_recorded_run():
    """The picture is the one that the record makes, with all its requests."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    picture = ROOT / "docs" / "_static" / "moving.svg"
    assert picture.read_text(encoding="utf-8") == moving(record), "`nox -s pictures` makes it anew"
    assert f"]({picture.relative_to(ROOT).as_posix()})" in README.read_text("utf-8")[:400]
    ElementTree.parse(picture)  # it is an SVG file


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_the_commands_exist(path):
    text = path.read_text(encoding="utf-8")
    for module in re.findall(r"python -m (tutorial[\w.]*)", text):
        assert find_spec(module), f"{name(path)}: there is no module {module}"
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = {*re.findall(r"^def (\w+)\(session", noxfile, re.M), "docs-live"}
    for asked in re.findall(r"nox -s ((?: ?\b[\w-]+)+)", text):
        missing = set(asked.split()) - sessions
        assert not missing, f"{name(path)}: nox has no session {missing}"


@pytest.mark.parametrize("path", FOR_MAINTAINERS, ids=name)
def test_the_files_exist(path):
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:docs|notebooks|parts|scripts|src|tests)/[^`\s]*)`", text)
    named += re.findall(r"^([\w./]+(?:/|\.\w+)) {2,}\w", text, re.M)  # the README's map
    for file in named:
        if "NN" in file:  # a pattern: some part has such a file
            assert list(ROOT.glob(re.sub("NN-[a-z*]+|NN_[a-z]+", "*", file))), (name(path), file)
        else:
            assert (ROOT / file).exists(), f"{name(path)}: there is no {file}"


def requirements(*paths):
    """The distributions that these lists ask for; of pyproject.toml, with all its extras."""
    lines = []
    for path in paths:
        text = (ROOT / path).read_text(encoding="utf-8")
        if path == "pyproject.toml":
            project = tomllib.loads(text)["project"]
            lines += project["dependencies"]
            for extra in project["optional-dependencies"].values():
                lines += extra
        else:
            lines += text.splitlines()
    return [match[0].lower() for line in lines if (match := re.match(r"[A-Za-z][\w.-]*", line))]


OURS = ("pyproject.toml", "requirements.txt", "tests/requirements.txt")


def test_no_package_is_listed_twice():
    names = requirements(*OURS)
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"{', '.join(OURS)} list {sorted(twice)} more than once"


def test_every_package_has_a_reason():
    """…on the page about dependencies, and no package has one that nothing asks for."""
    asked = set(requirements(*OURS, *(f"parts/{part.slug}/requirements.txt" for part in LADDER)))
    rows = re.findall(r"^\| ([\w.,: -]+?)(?: 5\.2)? \| ", REASONS.read_text("utf-8"), re.M)
    told = {package.strip().lower() for row in rows for package in row.split(",")}
    told -= {"package", "list", "flit_core"}  # two headings, and what only builds
    assert not asked - told, f"{name(REASONS)} gives no reason for {sorted(asked - told)}"
    assert not told - asked, f"{name(REASONS)} explains {sorted(told - asked)}, which is not used"
