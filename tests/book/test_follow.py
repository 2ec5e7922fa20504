"""The robot reader can fail: small mistakes, planted in copies of chapters, each caught.

What can be seen without doing it is seen when the page is read; the others are found by the
robot in a project as it is where the chapter begins. Run in the environment of the book.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from filelock import FileLock

from tutorial.book import page as book_page
from tutorial.book.page import (
    PROJECT,
    Mistake,
    apply_step,
    chapter_path,
    check_page,
    matches,
    read_page,
)
from tutorial.book.robot import Robot, table_rows
from tutorial.book.terminal import Terminal
from tutorial.ladder import LADDER, ROOT, find
from tutorial.project_files import clean_copy

API = chapter_path(find(3)).read_text(encoding="utf-8")
ADMIN = chapter_path(find(2)).read_text(encoding="utf-8")


def plant(text: str, old: str, new: str) -> tuple[str, int]:
    """Return the text with one thing changed, and the line where that begins."""
    assert old in text, f"{old!r} is no longer in the chapter: plant something else"
    at = text.index(old)
    return text[:at] + new + text[at + len(old) :], text[:at].count("\n") + 1


def block(text: str, head: str) -> str:
    """The whole directive that begins like this."""
    start = text.index(head)
    return text[start : text.index("\n```\n", start) + 5]


# Seen by reading

READ = {
    "a change that is missing": (
        (API, block(API, "```{change} medium/settings.py\n:only: REST_FRAMEWORK"), ""),
        "medium/settings.py is not yet the part's at the end of the page",
    ),
    "a wrong file name": (
        (API, "{new-file} reviews/serializers.py", "{new-file} reviews/serialisers.py"),
        "03-rest-api has no file reviews/serialisers.py",
    ),
    "no variant for PowerShell": (
        (API, "PS> .venv\\Scripts\\Activate.ps1\n", ""),
        "is not for PowerShell",
    ),
    "a change that the part does not make": (
        (API, ":only: REST_FRAMEWORK", ":only: PAGE_SIZES"),
        "No change left in medium/settings.py holds 'PAGE_SIZES'",
    ),
    "a misspelt option": (
        (API, ":only: REST_FRAMEWORK", ":onyl: REST_FRAMEWORK"),
        "onyl",
    ),
    "a diff that does not apply": (
        (
            API,
            "```{change} medium/urls.py",
            "```{patch} medium/urls.py\n from django.urls import re_path\n+import json\n```\n\n"
            "```{change} medium/urls.py",
        ),
        "does not apply: the line 'from django.urls import re_path' is not in it",
    ),
    "a chapter that nobody can check": (
        (API, block(API, "```{check-your-work}"), ""),
        "A chapter has a {check-your-work}",
    ),
    "talk of a class that is not there": (
        (ADMIN, ":object: ProductAdmin", ":object: ProductsAdmin"),
        "reviews/admin.py of 02-admin has no ProductsAdmin",
    ),
    "a session without a prompt": (
        (API, block(API, "```{python}\n>>> requests.delete"), "```{python}\n1 + 1\n```\n"),
        "lines that begin with `>>> `",
    ),
    "a block of Python without an empty line at its end": (
        (API, "...\n>>> len(names), names[-1]", ">>> len(names), names[-1]"),
        "Pasted into Python, this is a SyntaxError",
    ),
    "a block of Python that ends too soon": (
        (API, "...\n>>> len(names), names[-1]\n(15, 'Moka pot')\n", ""),
        "Python waits for more",
    ),
    "a command where Python is open": (
        (API, "```{stop}", "```{run}\n:terminal: second\n\n$ git status\n```\n\n```{stop}"),
        "`git status` would go to Python, which is open in this terminal",
    ),
    "a command where the server runs": (
        (API, ":terminal: second\n\n$ cd", "\n$ cd"),
        "busy with `python manage.py runserver`",
    ),
    "Python that nobody has opened": (
        (API, "$ python\n", "$ python --version\n"),
        "`$ python` has to come first",
    ),
    "Python that goes on after it was left": (
        (API, ">>> len(names), names[-1]", ">>> exit()\n>>> len(names), names[-1]"),
        "`exit()` is a block's last line",
    ),
    "a session in Django's shell, and Python is open": (
        (API, "```{python}\n>>> requests.delete", "```{python}\n:django:\n\n>>> requests.delete"),
        "`$ python manage.py shell` has to come first",
    ),
}


# Seen where it is missed, a few lines further down.
WITHIN = {"```{stop}": 4, "$ python\n": 4, ":terminal: second\n\n$ cd": 3}


@pytest.mark.parametrize(("planted", "said"), READ.values(), ids=READ)
def test_a_mistake_is_seen_by_reading(planted, said, tmp_path):
    text, line = plant(*planted)
    number = 2 if planted[0] is ADMIN else 3
    path = tmp_path / f"{find(number).slug}.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Mistake) as caught:
        check_page(read_page(path))
    assert said in str(caught.value)
    # The place is named; where something is missing, its neighbour is.
    assert f"{path}:" in str(caught.value)
    if planted[2] and "patch" not in planted[2]:
        assert abs(caught.value.line - line) <= WITHIN.get(planted[1], 2)


# Found by doing


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A virtual environment that finds the packages of this one: made in a second or two."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder, "--prompt", "reviews"], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "book.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def beginning(tmp_path_factory, environment):
    """A home folder with part 2 in it, migrated and filled: where chapter 3 begins."""
    home = tmp_path_factory.mktemp("home")
    project = home / PROJECT
    clean_copy(find(2).path, project)
    for command in (["migrate", "-v0"], ["loaddata", "demo", "-v0"]):
        python = environment / "bin" / "python"
        subprocess.run([python, "manage.py", *command], cwd=project, check=True)
    return home


class Hurried(Robot):
    """Leaves out `tutorial check`, which has tests of its own and takes its time."""

    line_by_line = True  # as every Python before 3.13 takes what is pasted

    def environment(self):
        lines = {"PYTHON_BASIC_REPL": "1"} if self.line_by_line else {}
        return super().environment() | lines | {"PYTHONPYCACHEPREFIX": self.compiled}

    def check_aside(self, step):
        pass


@pytest.fixture
def robot(tmp_path, beginning, environment):
    home = tmp_path / "home"
    shutil.copytree(beginning, home)
    robot = Hurried(home)
    robot.compiled = str(environment.with_name("pycache"))  # Django, once for all tests
    (robot.project / ".venv").symlink_to(environment)
    robot.rows = table_rows(robot.project / "db.sqlite3")
    yield robot
    robot.close()


LATE = """\
```{run}
:terminal: third

$ cd ~/product-reviews
$ source .venv/bin/activate
PS> .venv\\Scripts\\Activate.ps1
"""

DONE = {
    "an output that is no longer what comes": (
        ("(15, 10)", "(15, 20)"),
        "(15, 10)",
    ),
    "a forgotten file": (
        (block(API, "```{new-file} reviews/views.py"), ""),
        "No module named 'reviews.views'",
    ),
    "a forgotten command": (
        (block(API, "```{run}\n$ python manage.py runserver"), ""),
        "Connection refused|Failed to connect|ends with|Expecting value",
    ),
    "a misspelt command": (
        ("$ python manage.py runserver", "$ python manage.py runsever"),
        "Unknown command: 'runsever'",
    ),
    "a misspelt directive": (
        ("{new-file} reviews/serializers.py", "{new_file} reviews/serializers.py"),
        "No module named 'reviews.serializers'",
    ),
    "a new file that is there already": (
        ("{change} medium/urls.py", "{new-file} medium/urls.py"),
        "medium/urls.py is there already",
    ),
    "a terminal that is not in the project's folder": (
        ("$ cd ~/product-reviews\n$ source", "$ source"),
        "`source .venv/bin/activate` ends with 1",
        "$ source .venv/bin/activate",
    ),
    "an environment that is not switched on": (
        ("$ python\n", "$ deactivate\n```\n\n```{run}\n:terminal: second\n\n$ python\n"),
        "The page says `reviews`, and this terminal's prompt says `new terminal`",
        "```{run}",
    ),
    "a name from before Python was left": (
        (
            "```{python}\n>>> requests.delete",
            "```{python}\n>>> exit()\n```\n\n```{run}\n:terminal: second\n\n$ python\n```\n\n"
            "```{python}\n>>> requests.delete",
        ),
        "NameError: name 'requests' is not defined",
        ">>> requests.delete",
    ),
    "an indented block without an empty line at its end": (
        ("...\n>>> len(names), names[-1]", ">>> len(names), names[-1]"),
        "SyntaxError",
        ">>> len(names), names[-1]",
    ),
    "a folder that nobody has made": (
        (
            "```{new-file} reviews/serializers.py",
            "```{run}\n:terminal: third\n\n$ mv product-reviews/reviews elsewhere\nPS> ren\n```\n\n"
            "```{new-file} reviews/serializers.py",
        ),
        "There is no folder reviews to put serializers.py in",
        "```{new-file} reviews/serializers.py",
    ),
    "an indented block in which Python still is": (
        ("...\n>>> len(names), names[-1]\n(15, 'Moka pot')\n", ""),
        "Python waits for more",
        '...     address = page["next"]',
    ),
    "an address that is not there": (
        ("$ curl -s http://127.0.0.1:8000/product/1/", "$ curl -s http://127.0.0.1:8000/products/"),
        "Expecting value",
    ),
    "data that is lost": (
        (
            "```{check-your-work}",
            LATE + '$ python manage.py shell -c "Comment.objects.all().delete()"\n```\n\n'
            "```{check-your-work}",
        ),
        "The database has lost",
    ),
    "a file that the part does not have": (
        (
            "```{check-your-work}",
            LATE + "$ python manage.py startapp extra\n```\n\n```{check-your-work}",
        ),
        "only in the reader's project",
    ),
}


@pytest.mark.skipif(os.name == "nt", reason="the robot reads in a POSIX terminal")
@pytest.mark.parametrize("mistake", DONE.values(), ids=DONE)
def test_a_mistake_is_found_by_doing(mistake, robot, tmp_path, monkeypatch):
    planted, said, *where = mistake  # the line of the page; without it, somewhere from there on
    monkeypatch.setattr(book_page, "paste", lambda step: None)  # which sees some by reading
    text, line = plant(API, *planted)
    path = tmp_path / f"{find(3).slug}.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Mistake) as caught:
        robot.follow(read_page(path))
    assert any(part in str(caught.value) for part in said.split("|")), caught.value
    assert caught.value.line >= line - 1
    at = text.splitlines()[caught.value.line - 1]
    assert not where or at.startswith(where[0]), f"line {caught.value.line}: {at}"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python takes a paste line by line")
def test_an_error_within_a_block_is_found_where_python_takes_it_whole(robot, tmp_path):
    robot.line_by_line = False
    text, line = plant(API, ">>> len(names), names[-1]", ">>> len(nmes)\n>>> len(names), names[-1]")
    path = tmp_path / f"{find(3).slug}.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Mistake, match="NameError: name 'nmes' is not defined") as caught:
        robot.follow(read_page(path))
    assert caught.value.line == line


@pytest.mark.skipif(os.name == "nt", reason="the robot reads in a POSIX terminal")
def test_a_chapter_without_a_mistake_is_followed(robot):
    robot.follow(read_page(chapter_path(find(3))))


@pytest.mark.skipif(os.name == "nt", reason="the robot reads in a POSIX terminal")
def test_nothing_outlives_its_terminal_where_a_hang_up_is_ignored(tmp_path):
    """As under nohup."""
    lock = tmp_path / "lock"
    (tmp_path / "hold.py").write_text(
        "import sys, time, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('It is held.', flush=True)\n"
        "    time.sleep(600)\n",
        encoding="utf-8",
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        terminal = Terminal(tmp_path, {"PATH": os.environ["PATH"]})
        terminal.start(shlex.join([sys.executable, "hold.py", str(lock)]))
        assert terminal.wait_for([r"It is held\."], 60)[0] == 0
        terminal.close()
    finally:
        signal.signal(signal.SIGHUP, before)
    with FileLock(lock, timeout=60):  # which whatever holds it gives back when it ends
        pass


# What a page means


def test_every_line_that_a_step_names_is_the_pages():
    for number in (1, 2, 3):
        path = chapter_path(find(number))
        lines = path.read_text(encoding="utf-8").splitlines()
        for step in read_page(path).steps:
            assert f"{{{step.kind}}}" in lines[step.line - 1]
            for command in step.commands if step.kind == "run" else ():
                first = command.posix.partition("\n")[0]
                assert lines[command.line - 1] == f"$ {first}"


def test_a_directive_within_another_is_found(tmp_path):
    path = tmp_path / "page.md"
    text = "# A\n\n:::::{tip}\nB\n\n::::{dropdown} C\n```{run}\n$ one\n```\n::::\n:::::\n"
    path.write_text(text, encoding="utf-8")
    (step,) = read_page(path).steps
    assert (step.line, step.commands[0].line) == (7, 8)


def test_a_change_can_be_made_in_steps_and_by_way_of_a_state_of_its_own(tmp_path):
    path = tmp_path / f"{find(7).slug}.md"
    text = """# A

```{patch} medium/urls.py
@@
     path("admin/", admin.site.urls),
+    path("token/", for_now),
 ]
```

```{change} medium/urls.py
:only: token/refresh/ | for_now
:later: TokenRefreshView.as_view
```

```{change} medium/urls.py
```
"""
    path.write_text(text, encoding="utf-8")
    patch, first, rest = read_page(path).steps

    def shown(step):
        return [sign + text for hunk in step.hunks for sign, text in hunk.lines if sign != " "]

    assert shown(patch) == ['+    path("token/", for_now),']
    assert '-    path("token/", for_now),' in shown(first)
    assert not [line for line in shown(first) if "TokenRefreshView.as_view" in line]
    assert [line for line in shown(rest) if "TokenRefreshView.as_view" in line]
    lines = (find(6).path / "medium" / "urls.py").read_text(encoding="utf-8").splitlines()
    for step in (patch, first, rest):
        lines = apply_step(step, lines)
    assert lines == (find(7).path / "medium" / "urls.py").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (["one"], "one\n", True),
        (["one"], "one\ntwo\n", False),
        (["one", "…"], "one\ntwo\nthree\n", True),
        (["…", "three"], "one\ntwo\nthree\n", True),
        (["one", "…"], "one\n", True),
        (["o…e"], "one\n", True),
        (["o…e"], "on\ne\n", False),
        (["a.c"], "abc\n", False),
        (["one  "], "\none \n\n", True),
    ],
)
def test_what_varies_is_marked_on_the_page(expected, got, same):
    assert matches(expected, got) is same


def test_every_chapter_is_named_for_its_part():
    slugs = {part.slug for part in LADDER}
    for path in (ROOT / "docs" / "chapters").glob("[0-9]*.md"):
        assert path.stem in slugs, f"{Path(path).name} is the chapter of no part"
