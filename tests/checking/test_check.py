"""What `tutorial check` promises to a learner."""

import os
import re
import shutil
import signal
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


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.02)


def state(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_project_that_holds_is_told_the_next_step(tutorial, project):
    before = state(project)
    result = tutorial("check", 1, project)
    assert result.code == 0, result.out
    assert re.search(r"✓ All \d+ promises up to part 1, Models, hold.", result.out), result.out
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
    top = result.out.split("\n\n")[1].splitlines()
    assert re.match(r"✗ reviews/views.py, line \d+:", top[0]), result.out
    assert "class ImageViewSet" in top[1]
    said = " ".join(result.out.split())
    assert "The chapter has `permission_classes = [IsAuthenticated]` in `ImageViewSet`" in said
    assert re.search(r"\d+ more promises do not hold because of this", said)
    assert len(result.out.splitlines()) < 24, "the first cause is told within a screen"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("no folder", "There is no folder"),
        ("no project", "it holds no manage.py"),
        ("several projects", "Did you mean one of these?"),
        ("a syntax error", "reviews/models.py, line 2 is not Python"),
        ("a missing package", "The package `djangorestframework` is not installed"),
        ("a missing module", "there is no such module"),
        ("a broken setting", "`production` is used here, and is neither defined nor imported"),
        ("no app", "There is no app `reviews`"),
        ("a changed model", "run `python manage.py makemigrations`"),
        ("an unapplied migration", "Your database lacks admin.0001_initial"),
    ],
)
def test_what_keeps_a_project_from_being_checked_is_explained(tutorial, project, mistake, said):
    settings, models = project / "medium/settings.py", project / "reviews/models.py"
    asked = project
    if mistake == "no folder":
        asked = project / "elsewhere"
    elif mistake == "no project":
        (project / "manage.py").unlink()
    elif mistake == "several projects":
        asked = project.parent
        shutil.copytree(project, project.with_name("another"))
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
    before = state(project)
    result = tutorial("check", 1, asked)
    assert result.code == 1
    assert said in " ".join((result.out + result.err).split()), result.err + result.out
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
    assert "✗ shop/urls.py, line" in result.out, result.out


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
        edit(project / "reviews/models.py", '["-created", "-pk"]', '["created"]')
        seen = read_until(process, "Waiting for a change")
        assert "✗ reviews/models.py" in seen, seen
        # What is saved while a check runs is not lost.
        edit(project / "reviews/models.py", '["created"]', '["-created", "-pk"]')
        read_until(process, "Checking")
        edit(project / "medium/urls.py", '"admin/"', '"backstage/"')
        while "✗ medium/urls.py" not in read_until(process, "Waiting for a change"):
            pass
        # Databases and logs are none of its business.
        (project / "debug.log").write_text("x", "utf-8")
        edit(project / "medium/urls.py", '"backstage/"', '"admin/"')
        assert "hold. Well done!" in read_until(process, "Waiting for a change")
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


def test_a_check_leaves_nothing_behind(tutorial, project, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert tutorial("check", 1, project).code == 0
    assert not list(temporary.iterdir())
    shutil.rmtree(temporary)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_check_that_is_ended_leaves_nothing_behind(project, tmp_path, monkeypatch, number):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    archive = shutil.make_archive(str(tmp_path / "project"), "zip", project)
    process = subprocess.Popen(
        [sys.executable, "-m", "tutorial", "check", "1", archive],
        env=child_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: list(temporary.glob("tutorial-zip-*")))
    wait_for(lambda: list(temporary.glob("tutorial-check-*/state-*")))
    os.killpg(process.pid, getattr(signal, number))
    process.wait()
    wait_for(lambda: not list(temporary.iterdir()))


ELSEWHERE = """
import logging.handlers

ELSEWHERE = Path({folder!r})
(ELSEWHERE / "made").mkdir(exist_ok=True)
with open(ELSEWHERE / "at-import.log", "a") as file:
    file.write("settings were imported\\n")
logging.basicConfig(filename=ELSEWHERE / "basic.log", level="DEBUG")
logging.getLogger("rotating").addHandler(
    logging.handlers.RotatingFileHandler(ELSEWHERE / "rotating.log", maxBytes=10, backupCount=2)
)
logging.getLogger("rotating").error("more than ten letters")
logging.getLogger("rotating").error("more than ten letters again")
CACHES = {{"default": {{"BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
                      "LOCATION": ELSEWHERE / "cache"}}}}
LOGGING = {{
    "version": 1,
    "handlers": {{"file": {{"class": "logging.FileHandler", "filename": ELSEWHERE / "log.txt"}}}},
    "root": {{"handlers": ["file"], "level": "DEBUG"}},
}}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = ELSEWHERE / "mail"
SESSION_ENGINE = "django.contrib.sessions.backends.file"
SESSION_FILE_PATH = str(ELSEWHERE / "sessions")
MEDIA_ROOT = ELSEWHERE / "media"
STATIC_ROOT = ELSEWHERE / "static"
STORAGES = {{
    "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {{"location": ELSEWHERE / "media"}}}},
    "staticfiles": {{"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
}}
DATABASES["default"]["NAME"] = ELSEWHERE / "db.sqlite3"
DATABASES["archive"] = {{"ENGINE": "django.db.backends.sqlite3",
                        "NAME": ELSEWHERE / "archive.sqlite3"}}
"""


@pytest.mark.parametrize("number", [first("pictures").number])
def test_nothing_of_the_learner_s_changes(tutorial, tmp_path, number):
    """Neither the project nor its cache, logs, mail, sessions, uploads and databases elsewhere."""
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    clean_copy(LADDER[number - 1].path, folder)
    (folder / "media").mkdir()
    (folder / "media" / "mine.png").write_bytes(b"mine")
    for name in ("cache", "mail", "sessions", "media", "static"):
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "mine.djcache").write_bytes(b"mine")
    for name in ("log.txt", "basic.log", "at-import.log", "rotating.log"):
        (elsewhere / name).write_text("mine", "utf-8")
    settings = folder / "medium/settings.py"
    with settings.open("a", encoding="utf-8") as file:
        file.write(ELSEWHERE.format(folder=str(elsewhere)))
    before = state(folder), state(elsewhere), sorted(tmp_path.rglob("*"))
    result = tutorial("check", number, folder)
    assert (state(folder), state(elsewhere), sorted(tmp_path.rglob("*"))) == before
    assert result.code == 0, result.out + result.err
