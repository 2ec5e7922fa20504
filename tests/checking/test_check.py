"""What `tutorial check` promises to a learner."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from tutorial.checking.check import distributions
from tutorial.ladder import LADDER, ROOT, first
from tutorial.project_files import clean_copy
from tutorial.running.environment import child_environment


@pytest.fixture
def project(tmp_path):
    """A learner's project that holds what part 1 promises, in a path as people have them."""
    folder = tmp_path / "mein Projekt ü"
    clean_copy(LADDER[0].path, folder)
    return folder


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def state(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_project_that_holds_is_told_the_next_step(tutorial, project):
    before = state(project)
    result = tutorial("check", 1, project)
    assert result.code == 0, result.out
    assert "✓ Part 1, Models: 24 hold" in result.out
    assert "All promises up to part 1 hold" in result.out
    assert "tutorial diff 1 2" in result.out
    assert "\x1b" not in result.out
    assert state(project) == before


def test_this_folder_is_the_default(tutorial, project):
    assert tutorial("check", 1, cwd=project).code == 0


def test_a_broken_promise_is_told_in_words(tutorial, tmp_path):
    folder = tmp_path / "project"
    part = first("has_tokens")
    clean_copy(part.path, folder)
    edit(folder / "reviews/views.py", "    permission_classes = [IsAuthenticated]\n", "")
    result = tutorial("check", part.number, folder)
    assert result.code == 1
    assert f"✗ Part {part.number}, {part.title}:" in result.out
    said = " ".join(result.out.split())
    assert f"GET {part.protected} without a token should be 401, got 200" in said
    assert "Is `permission_classes` set on ImageViewSet? Open reviews/views.py." in said


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("no folder", "There is no folder"),
        ("no project", "it holds no manage.py"),
        ("one folder up", "Did you mean"),
        ("a syntax error", "reviews/models.py, line 2 is not Python"),
        ("a missing package", "The package `djangorestframework` is not installed"),
        ("a missing module", "there is no such module"),
        ("a broken setting", "The project does not load: NameError"),
        ("no app", "There is no app `reviews`"),
        ("a changed model", "Run `python manage.py makemigrations`"),
        ("an unapplied migration", "Your database lacks admin.0001_initial"),
        ("no settings named", "names no DJANGO_SETTINGS_MODULE"),
    ],
)
def test_what_keeps_a_project_from_being_checked_is_explained(tutorial, project, mistake, said):
    settings, models = project / "medium/settings.py", project / "reviews/models.py"
    asked = project
    if mistake == "no folder":
        asked = project / "elsewhere"
    elif mistake == "no project":
        (project / "manage.py").unlink()
    elif mistake == "one folder up":
        asked = project.parent
    elif mistake == "a syntax error":
        models.write_text("# models\nclass Product(models.Model:\n", "utf-8")
    elif mistake == "a missing package":
        hide(project, "rest_framework")
        edit(settings, '"reviews",', '"reviews",\n    "rest_framework",')
    elif mistake == "a missing module":
        edit(project / "medium/urls.py", "urlpatterns", "import reviews.urls\n\nurlpatterns")
    elif mistake == "a broken setting":
        edit(settings, "DEBUG = ", "DEBUG = production or ")
    elif mistake == "no app":
        edit(settings, '    "reviews",\n', "")
        edit(project / "manage.py", "medium.settings", "medium.settings")
    elif mistake == "a changed model":
        edit(models, "max_length=255", "max_length=200")
    elif mistake == "an unapplied migration":
        manage = [sys.executable, "manage.py", "migrate", "auth", "-v0"]
        subprocess.run(manage, cwd=project, check=True)
    elif mistake == "no settings named":
        edit(project / "manage.py", "DJANGO_SETTINGS_MODULE", "SETTINGS")
    before = state(project)
    result = tutorial("check", 1, asked)
    assert result.code == 1
    assert said in result.err, result.err + result.out
    assert state(project) == before


def test_what_to_install_is_known_for_every_import():
    """From the tutorial's own environment: `PIL` is named nowhere in this repository's tables."""
    known = distributions()
    assert known["PIL"] == "pillow" and known["rest_framework"] == "djangorestframework"
    assert set(known.values()) == {name for part in LADDER for name in part.packages}


def hide(project, package):
    """Give the project a virtual environment that has Django, and lacks this package."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    [site] = [*project.glob(".venv/lib/*/site-packages"), *project.glob(".venv/Lib/site-packages")]
    import asgiref
    import django
    import sqlparse

    for module in [asgiref, django, sqlparse]:
        folder = os.path.dirname(module.__file__)  # noqa: PTH120
        (site / f"{module.__name__}.pth").write_text("", "utf-8")
        os.symlink(folder, site / module.__name__, target_is_directory=True)  # noqa: PTH211
    assert package not in os.listdir(site)  # noqa: PTH208


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_the_project_s_own_python_is_used(tutorial, project):
    """With a `.venv`, the tests run there: what is missing there is missing."""
    hide(project, "rest_framework")
    result = tutorial("check", 1, project)
    assert result.code == 0, result.out + result.err
    assert not list((project / ".venv").rglob("pytest"))


def test_another_package_name_is_understood(tutorial, project):
    (project / "medium").rename(project / "shop")
    for path in [*project.glob("shop/*.py"), project / "manage.py"]:
        path.write_text(path.read_text("utf-8").replace("medium", "shop"), "utf-8")
    result = tutorial("check", 1, project)
    assert result.code == 0, result.out + result.err
    assert "Your project's package is `shop`" in result.out
    edit(project / "shop/urls.py", '"admin/"', '"backstage/"')
    result = tutorial("check", 1, project)
    assert result.code == 1
    assert "Open shop/urls.py." in result.out


def test_watching_checks_again_after_a_change(project):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tutorial", "check", "1", str(project), "--watch"],
        cwd=ROOT,
        env=child_environment(COLUMNS="100"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        read_until(process, "Waiting for a change")
        # Watching begins after the line is printed: touch the file until it is seen.
        models = project / "reviews/models.py"
        text = models.read_text("utf-8").replace('["-created", "-pk"]', '["created"]')
        for _ in range(100):
            models.write_text(text, "utf-8")
            time.sleep(0.1)
            if ready(process):
                break
        seen = read_until(process, "Waiting for a change")
        assert "Products come newest first" in seen or "makemigrations" in seen, seen
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process, text):
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} did not come: {seen}")


def ready(process):
    import select

    return bool(select.select([process.stdout], [], [], 0)[0])


def test_a_check_leaves_nothing_behind(tutorial, project, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert tutorial("check", 1, project).code == 0
    assert not list(temporary.iterdir())
    shutil.rmtree(temporary)
