"""Asks a project, in its own interpreter, whether it can be checked at all.

Run as ``python -m tutorial.checking.preflight NAMES`` in the project's folder, with
DJANGO_SETTINGS_MODULE set. NAMES is a JSON object: the distribution to install for an import
name. Whoever asks knows them, because this interpreter may lack the very package that is meant.
Prints one line of JSON: what is wrong, in words, and the file to open; or two empty strings.
Standard library and Django only.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    try:
        said, file = inspect()
    except Exception as error:
        said, file = explain(error, json.loads(sys.argv[1]))
    print(json.dumps({"said": said, "file": file}))


def inspect() -> tuple[str, str]:
    """Load the project as a server would; return what is wrong with it, or two empty strings."""
    import django
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command
    from django.urls import get_resolver

    django.setup()
    database = settings.DATABASES["default"]
    # Asked first, because the next commands would make an empty one.
    there = database["ENGINE"].endswith("sqlite3") and Path(database["NAME"]).is_file()
    if not apps.is_installed("reviews"):
        return "There is no app `reviews` in INSTALLED_APPS.", settings_file()
    _ = get_resolver().url_patterns
    call_command("check", stdout=io.StringIO(), stderr=io.StringIO())
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        return (
            "The models have changed since the last migration. "
            "Run `python manage.py makemigrations`, then `python manage.py migrate`.",
            "reviews/models.py",
        )
    return unapplied() if there else "", ""


def unapplied() -> str:
    """Say which migrations the project's database lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return ""
    names = ", ".join(str(migration) for migration, _ in plan[:3])
    more = f" and {len(plan) - 3} more" if len(plan) > 3 else ""
    return f"Your database lacks {names}{more}. Run `python manage.py migrate`."


def explain(error: Exception, distributions: dict[str, str]) -> tuple[str, str]:
    """Put an error that stops a project from loading into words, with the file it comes from.

    ``distributions`` says what to install for an import name that is spelled differently.
    """
    here = Path.cwd()
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [path.relative_to(here).as_posix() for path in frames if path.is_relative_to(here)]
    file = ours[-1] if ours else settings_file()
    if isinstance(error, ModuleNotFoundError):
        top = (error.name or "").partition(".")[0]
        if (here / top).exists() or (here / f"{top}.py").exists():
            return f"`{error.name}` is imported, and there is no such module.", file
        package = distributions.get(top, top)
        return (
            f"The package `{package}` is not installed for {sys.executable}. "
            f"Add it to requirements.txt, and run `python -m pip install -r requirements.txt`.",
            file,
        )
    said = str(error).strip() or "no more is known"
    return f"The project does not load: {type(error).__name__}: {said}", file


def settings_file() -> str:
    return os.environ["DJANGO_SETTINGS_MODULE"].replace(".", "/") + ".py"


if __name__ == "__main__":
    main()
