"""Projects as people have them: each can be checked, or is told in words why it cannot."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import venv
import zipfile
from pathlib import Path

import pytest

from tutorial.ladder import LADDER, find, first
from tutorial.project_files import clean_copy

API, TOKENS = first("products"), first("has_tokens")


def edit(path, *changes):
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def rename_package(folder, new):
    (folder / "medium").rename(folder / new)
    for path in [*folder.glob(f"{new}/*.py"), folder / "manage.py"]:
        path.write_text(path.read_text("utf-8").replace("medium", new), "utf-8")


def bare_environment(folder):
    """An environment without pip that finds this one's packages: quick to make, and Django's."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    import django

    [site] = [*folder.glob("lib/*/site-packages"), *folder.glob("Lib/site-packages")]
    (site / "packages.pth").write_text(str(Path(django.__file__).parents[1]), "utf-8")
    # What a search for Django looks at, as after an installation.
    return folder


# Each takes the project's folder, and returns what to check instead, or None for the folder.


def another_package(folder):
    rename_package(folder, "shop")


def split_settings(folder):
    settings = folder / "medium" / "settings"
    settings.mkdir()
    (folder / "medium" / "settings.py").rename(settings / "base.py")
    edit(settings / "base.py", (".resolve().parent.parent", ".resolve().parent.parent.parent"))
    (settings / "__init__.py").write_text("", "utf-8")
    (settings / "local.py").write_text("from .base import *\n\nDEBUG_LOCAL = True\n", "utf-8")
    edit(folder / "manage.py", ("medium.settings", "medium.settings.local"))


def settings_chosen_by_a_variable(folder):
    edit(
        folder / "manage.py",
        (
            "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'medium.settings')",
            "os.environ['DJANGO_SETTINGS_MODULE'] = os.getenv('WHICH', 'medium') + '.settings'",
        ),
    )


def double_quotes_and_spaces(folder):
    edit(
        folder / "manage.py",
        (
            "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'medium.settings')",
            'os.environ.setdefault(key="DJANGO_SETTINGS_MODULE",\n        value="medium.settings")',
        ),
    )


def no_settings_named(folder):
    edit(
        folder / "manage.py",
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'medium.settings')", "pass"),
    )


def apps_in_a_folder(folder):
    (folder / "apps").mkdir()
    (folder / "apps" / "__init__.py").write_text("", "utf-8")
    (folder / "reviews").rename(folder / "apps" / "reviews")
    edit(folder / "medium/settings.py", ('"reviews",', '"apps.reviews",'))
    edit(folder / "apps/reviews/apps.py", ("'reviews'", "'apps.reviews'"))
    if (folder / "medium/urls.py").read_text("utf-8").count("reviews.views"):
        edit(folder / "medium/urls.py", ("from reviews.views", "from apps.reviews.views"))


def apps_on_the_path(folder):
    (folder / "apps").mkdir()
    (folder / "reviews").rename(folder / "apps" / "reviews")
    edit(
        folder / "manage.py",
        (
            "def main():",
            "here = os.path.dirname(os.path.abspath(__file__))\n"
            "sys.path.insert(0, os.path.join(here, 'apps'))\n\n\ndef main():",
        ),
    )


def apps_in_src(folder):
    (folder / "src").mkdir()
    for name in ("medium", "reviews"):
        (folder / name).rename(folder / "src" / name)
    edit(
        folder / "manage.py",
        (
            "def main():",
            "here = os.path.dirname(os.path.abspath(__file__))\n"
            "sys.path.insert(0, os.path.join(here, 'src'))\n\n\ndef main():",
        ),
    )


def another_language(folder):
    """Of what Django says, too: in names of models, and in the API's errors."""
    edit(
        folder / "medium/settings.py",
        ('LANGUAGE_CODE = "en-us"', 'LANGUAGE_CODE = "de"'),
        ('TIME_ZONE = "UTC"', 'TIME_ZONE = "Asia/Tokyo"'),
    )


def views_in_a_package(folder):
    (folder / "reviews" / "views").mkdir()
    (folder / "reviews" / "views.py").rename(folder / "reviews" / "views" / "product.py")
    edit(folder / "reviews/views/product.py", ("from .", "from .."))
    (folder / "reviews/views/__init__.py").write_text("from .product import *\n", "utf-8")


def routes_in_the_app(folder):
    (folder / "reviews/urls.py").write_text(
        "from rest_framework import routers\n\nfrom .views import ProductViewSet\n\n"
        "router = routers.SimpleRouter()\n"
        "router.register(r'product', ProductViewSet, basename='product')\n"
        "urlpatterns = router.urls\n",
        "utf-8",
    )
    (folder / "medium/urls.py").write_text(
        "from django.contrib import admin\nfrom django.urls import include, path\n\n"
        "urlpatterns = [path('admin/', admin.site.urls), path('', include('reviews.urls'))]\n",
        "utf-8",
    )


def a_prefix(folder):
    edit(
        folder / "medium/urls.py",
        ('path("", include(router.urls))', 'path("api/", include(router.urls))'),
    )
    if "token/" in (folder / "medium/urls.py").read_text("utf-8"):
        edit(folder / "medium/urls.py", ('path("token/', 'path("api/token/'))


def a_versioned_prefix(folder):
    edit(
        folder / "medium/urls.py",
        ('path("", include(router.urls))', 'path("api/v1/", include(router.urls))'),
    )


def one_folder_up(folder):
    return folder.parent


def manage_py_itself(folder):
    return folder / "manage.py"


def a_zip(folder):
    archive = folder.parent / "handed in.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*"):
            file.write(path, Path("project") / path.relative_to(folder))
    shutil.rmtree(folder)
    return archive


def its_own_conftest(folder):
    (folder / "conftest.py").write_text("raise SystemExit('not for you')\n", "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n", "utf-8")
    (folder / "tox.ini").write_text("[pytest]\naddopts = --nonsense\n", "utf-8")
    (folder / "setup.cfg").write_text("[tool:pytest]\naddopts = --nonsense\n", "utf-8")


def its_own_pyproject(folder):
    (folder / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = "--nonsense"\n', "utf-8"
    )


def its_own_sitecustomize(folder):
    for name in ("sitecustomize.py", "usercustomize.py"):
        (folder / name).write_text("raise SystemExit('not for you')\n", "utf-8")


def its_own_tests(folder):
    (folder / "reviews" / "tests.py").write_text("raise RuntimeError\n", "utf-8")
    (folder / "tests").mkdir()
    (folder / "tests" / "__init__.py").write_text("", "utf-8")
    (folder / "tests" / "conftest.py").write_text("raise RuntimeError\n", "utf-8")


def an_env_file(folder):
    env = folder / "medium" / ".env"
    env.write_text(
        "SECRET=from-the-file-of-more-than-fifty-characters-so-that-no-check-complains\n", "utf-8"
    )
    edit(
        folder / "medium/settings.py",
        (
            "SECRET_KEY = os.environ.get(",
            'for line in (Path(__file__).parent / ".env").read_text().splitlines():\n'
            '    os.environ.setdefault(*line.split("=", 1))\nDEFAULT = os.environ["SECRET"]\n'
            "SECRET_KEY = os.environ.get(",
        ),
    )


def an_env_file_above(folder):
    (folder.parent / ".env").write_text("SECRET=x\n", "utf-8")
    edit(
        folder / "medium/settings.py",
        ("DEBUG = ", 'assert (BASE_DIR.parent / ".env").is_file()\nDEBUG = '),
    )


def a_dangling_link(folder):
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "reviews" / "loop").symlink_to(folder, target_is_directory=True)


def a_read_only_folder(folder):
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def odd_encodings(folder):
    (folder / "notes.txt").write_bytes(b"\xff\xfe\x00caf\xe9")
    (folder / "reviews" / "words.py").write_bytes(b"# -*- coding: latin-1 -*-\nWORD = 'caf\xe9'\n")
    (folder / "größe.html").write_text("ü", "utf-8")


def lying_around(folder):
    big = folder / "uploads"
    big.mkdir()
    for number in range(40):
        with (big / f"{number}.jpg").open("wb") as file:
            file.truncate(30_000_000)
    with (folder / "dump.sql").open("wb") as file:
        file.truncate(500_000_000)
    (folder / "node_modules" / "x").mkdir(parents=True)
    (folder / "node_modules" / "x" / "x.py").write_text("nonsense(", "utf-8")


def a_package_of_its_own_named_media(folder):
    (folder / "media").mkdir()
    (folder / "media" / "__init__.py").write_text("", "utf-8")
    (folder / "media" / "apps.py").write_text(
        "from django.apps import AppConfig\n\n\n"
        "class MediaConfig(AppConfig):\n    name = 'media'\n",
        "utf-8",
    )
    edit(folder / "medium/settings.py", ('"reviews",', '"reviews",\n    "media",'))


def several_databases(folder):
    edit(
        folder / "medium/settings.py",
        (
            '"NAME": BASE_DIR / "db.sqlite3",\n    }\n}',
            '"NAME": BASE_DIR / "db.sqlite3",\n    },\n    "other": {\n'
            '        "ENGINE": "django.db.backends.sqlite3",\n'
            '        "NAME": BASE_DIR / "other.sqlite3",\n    },\n}',
        ),
    )


def a_user_of_its_own(folder):
    (folder / "people" / "migrations").mkdir(parents=True)
    for name in ("__init__.py", "migrations/__init__.py"):
        (folder / "people" / name).write_text("", "utf-8")
    (folder / "people" / "models.py").write_text(
        "from django.contrib.auth.models import AbstractUser\n\n\n"
        "class User(AbstractUser):\n    pass\n",
        "utf-8",
    )
    edit(
        folder / "medium/settings.py",
        ('"reviews",', '"people",\n    "reviews",'),
        ("DEFAULT_AUTO_FIELD", 'AUTH_USER_MODEL = "people.User"\nDEFAULT_AUTO_FIELD'),
    )
    subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "people", "-v0"], cwd=folder, check=True
    )


def a_byte_order_mark(folder):
    settings = folder / "medium/settings.py"
    settings.write_bytes(b"\xef\xbb\xbf" + settings.read_bytes())


def windows_line_ends(folder):
    for path in folder.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def prints_much(folder):
    edit(folder / "medium/settings.py", ("DEBUG = ", 'print("{\\"facts\\": 1}")\nDEBUG = '))


def logs_everywhere(folder):
    edit(
        folder / "medium/settings.py",
        (
            "DEFAULT_AUTO_FIELD",
            'LOGGING = {"version": 1, "handlers": {"file": {"class": "logging.FileHandler", '
            '"filename": BASE_DIR / "debug.log"}}, '
            '"root": {"handlers": ["file"], "level": "DEBUG"}}\nDEFAULT_AUTO_FIELD',
        ),
    )


def settings_in_a_class(folder):
    """As django-configurations has them."""
    settings = folder / "medium" / "settings.py"
    imports, start, rest = settings.read_text("utf-8").partition("BASE_DIR =")
    body = textwrap.indent(start + rest, "    ")
    text = (
        f"{imports}from configurations import Configuration\n\n\nclass Dev(Configuration):\n{body}"
    )
    settings.write_text(text, "utf-8")
    set_module = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'medium.settings')"
    edit(
        folder / "manage.py",
        (set_module, f"{set_module}\n    os.environ.setdefault('DJANGO_CONFIGURATION', 'Dev')"),
        ("from django.core.management import", "from configurations.management import"),
    )


def its_environment_is_called(name):
    def make(folder):
        bare_environment(folder / name)

    make.__name__ = f"environment_{name}"
    return make


def its_environment_is_above(folder):
    bare_environment(folder.parent / "venv")


SHAPES = {
    1: [
        another_package,
        split_settings,
        settings_chosen_by_a_variable,
        double_quotes_and_spaces,
        no_settings_named,
        apps_in_a_folder,
        apps_on_the_path,
        apps_in_src,
        another_language,
        one_folder_up,
        manage_py_itself,
        a_zip,
        its_own_conftest,
        its_own_pyproject,
        its_own_sitecustomize,
        its_own_tests,
        an_env_file,
        an_env_file_above,
        a_dangling_link,
        a_read_only_folder,
        odd_encodings,
        lying_around,
        a_package_of_its_own_named_media,
        several_databases,
        a_user_of_its_own,
        a_byte_order_mark,
        windows_line_ends,
        prints_much,
        logs_everywhere,
        its_environment_is_called("myenv"),
        its_environment_is_called(".venv"),
        its_environment_is_above,
    ],
    API.number: [
        apps_in_a_folder,
        a_prefix,
        a_versioned_prefix,
        views_in_a_package,
        routes_in_the_app,
    ],
    # The last part that starts without a key of its own: in a class, Django's error hides ours.
    TOKENS.number - 1: [settings_in_a_class],
    TOKENS.number: [another_language, another_package],
}
CASES = [(number, shape) for number, shapes in SHAPES.items() for shape in shapes]


@pytest.mark.parametrize(("number", "shape"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_a_project_of_this_shape_is_checked(tutorial, tmp_path, number, shape):
    folder = tmp_path / "mein Projekt ü" / "shop project"
    clean_copy(find(number).path, folder)
    asked = shape(folder) or folder
    try:
        result = tutorial("check", number, asked)
    finally:
        for path in [folder, *folder.rglob("*")] if folder.exists() else []:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
    assert result.code == 0, result.out + result.err
    assert re.search(r"All \d+ promises", result.out), result.out


def test_a_prefix_is_said(tutorial, tmp_path):
    clean_copy(API.path, tmp_path / "project")
    a_prefix(tmp_path / "project")
    result = tutorial("check", API.number, tmp_path / "project")
    assert "/api/product/" in result.out, result.out


def test_a_prefix_serves_tokens_too(tutorial, tmp_path):
    """In the test client, and on the real server."""
    clean_copy(TOKENS.path, tmp_path / "project")
    a_prefix(tmp_path / "project")
    result = tutorial("check", TOKENS.number, tmp_path / "project")
    assert result.code == 0, result.out + result.err


def test_the_python_is_named(tutorial, tmp_path):
    clean_copy(LADDER[0].path, tmp_path / "project")
    bare_environment(tmp_path / "project" / "myenv")
    result = tutorial("check", 1, tmp_path / "project")
    assert "myenv" in result.out, result.out
    shutil.rmtree(tmp_path / "project" / "myenv")
    assert "the tutorial's own" in tutorial("check", 1, tmp_path / "project").out


def test_an_environment_that_is_active_is_used(tutorial, tmp_path):
    clean_copy(LADDER[0].path, tmp_path / "project")
    elsewhere = bare_environment(tmp_path / "environments" / "shop")
    active = {"VIRTUAL_ENV": str(elsewhere)}
    result = tutorial("check", 1, tmp_path / "project", variables=active)
    assert result.code == 0 and "VIRTUAL_ENV" in result.out, result.out + result.err
    active = {"VIRTUAL_ENV": sys.prefix}  # the tutorial's own, as the README has it
    result = tutorial("check", 1, tmp_path / "project", variables=active)
    assert "the tutorial's own" in result.out


@pytest.mark.parametrize("manager", ["Poetry", "pipenv", "conda", "uv"])
def test_an_environment_of_a_manager_is_found(tutorial, tmp_path, manager):
    folder = tmp_path / "project"
    variables = {}
    clean_copy(LADDER[0].path, folder)
    elsewhere = bare_environment(tmp_path / "virtualenvs" / "my-shop-AbCd1234-py3.11")
    if manager == "Poetry":
        (folder / "pyproject.toml").write_text('[tool.poetry]\nname = "My Shop"\n', "utf-8")
        variables = {"POETRY_CACHE_DIR": str(tmp_path)}
    elif manager == "pipenv":  # with PIPENV_VENV_IN_PROJECT off, and a file that names it
        (folder / ".venv").write_text(f"{elsewhere}\n", "utf-8")
    elif manager == "conda":
        variables = {"CONDA_PREFIX": str(elsewhere), "CONDA_DEFAULT_ENV": "shop"}
    else:
        variables = {"UV_PROJECT_ENVIRONMENT": str(elsewhere)}
    result = tutorial("check", 1, folder, variables=variables)
    assert result.code == 0 and "the tutorial's own" not in result.out, result.out + result.err


def test_an_environment_without_django_is_said(tutorial, tmp_path):
    clean_copy(LADDER[0].path, tmp_path / "project")
    venv.create(tmp_path / "project" / ".venv", with_pip=False, symlinks=os.name != "nt")
    result = tutorial("check", 1, tmp_path / "project")
    assert result.code == 1 and "Django is not installed" in result.err, result.err


def test_an_environment_that_is_broken_is_said(tutorial, tmp_path):
    clean_copy(LADDER[0].path, tmp_path / "project")
    bin_ = tmp_path / "project" / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_.parent / "pyvenv.cfg").write_text("", "utf-8")
    (bin_ / "python").symlink_to("/nowhere/python")
    result = tutorial("check", 1, tmp_path / "project")
    assert result.code == 1 and "does not run" in result.err, result.out + result.err


def test_a_login_by_e_mail_is_said_first(tutorial, tmp_path):
    folder = tmp_path / "project"
    clean_copy(LADDER[0].path, folder)
    a_user_of_its_own(folder)
    edit(
        folder / "people/models.py",
        (
            "    pass",
            "    email = models.EmailField(unique=True)\n"
            '    USERNAME_FIELD = "email"\n    REQUIRED_FIELDS = []',
        ),
        ("from django.contrib", "from django.db import models\nfrom django.contrib"),
    )
    shutil.rmtree(folder / "people/migrations")
    (folder / "people/migrations").mkdir()
    (folder / "people/migrations/__init__.py").write_text("", "utf-8")
    subprocess.run([sys.executable, "manage.py", "makemigrations", "-v0"], cwd=folder, check=True)
    result = tutorial("check", 1, folder)
    assert "log in by `email`" in " ".join(result.out.split()), result.out + result.err
    assert "✗" not in result.out, result.out


def test_json_says_the_same(tutorial, tmp_path):
    clean_copy(LADDER[0].path, tmp_path / "project")
    data = json.loads(tutorial("check", 1, tmp_path / "project", "--json").out)
    assert data["holds"] is True and data["causes"] == [] and data["next"] == 2
    edit(tmp_path / "project/medium/urls.py", ('"admin/"', '"backstage/"'))
    result = tutorial("check", 1, tmp_path / "project", "--json")
    data = json.loads(result.out)
    assert result.code == 1 and data["causes"][0]["file"] == "medium/urls.py", data
    assert data["causes"][0]["line"] and data["failed"] == 1
