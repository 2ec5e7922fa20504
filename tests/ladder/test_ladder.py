"""The ladder is climbed with data: one database, filled at part 1, loses nothing on the way up."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tutorial.ladder import LADDER
from tutorial.running.environment import project_environment

STEP = """
import io, json, sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
if sys.argv[1] == "fill":
    call_command("loaddata", "demo", verbosity=0)
call_command("check", databases=["default"], stdout=io.StringIO())
call_command("dumpdata", "auth.user", "reviews")
"""


def climb(part, state, action):
    """Migrate the database in ``state`` to this part; return what it holds, by model and key."""
    result = subprocess.run(
        [sys.executable, "-c", STEP, action],
        cwd=part.path,
        env=project_environment(part.path, state),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, f"{part.slug}: {result.stderr}"
    return {(row["model"], row["pk"]): row["fields"] for row in json.loads(result.stdout)}


def test_a_database_climbs_the_ladder(tmp_path):
    """Every row of part 1 is there in every later part, with the same values."""
    first = climb(LADDER[0], tmp_path, "fill")
    assert len(first) > 80
    for part in LADDER[1:]:
        now = climb(part, tmp_path, "migrate")
        for key, fields in first.items():
            kept = {name: now[key][name] for name in fields} if key in now else None
            assert kept == fields, f"{part.slug} changed {key}: {fields} became {kept}"


PREVIOUS = Path(__file__).with_name("previous.sql")


def rows(database):
    """Return the rows of the project's own tables and of the users, by table and key."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = [name for (name,) in tables if name.startswith(("reviews_", "auth_user"))]
        connection.row_factory = sqlite3.Row  # a migration may put columns in another order
        return {
            (name, row["id"]): dict(row)
            for name in names
            for row in connection.execute(f"SELECT * FROM {name}")
        }


def applied(database):
    """Return the migrations of the project's own apps that this database has seen."""
    with closing(sqlite3.connect(database)) as connection:
        done = connection.execute("SELECT app, name FROM django_migrations").fetchall()
    return {(app, name) for app, name in done if app in ("accounts", "reviews")}


@pytest.mark.parametrize(
    "part", [part for part in LADDER if part.staff_edits_images], ids=lambda part: part.slug
)
def test_a_database_of_the_previous_version_migrates(part, tmp_path):
    """What somebody stored with a part as it was before its newest migration is kept.

    ``previous.sql`` is from part 10 as it was with two migrations of `reviews`: the demo data,
    their pictures, and a user who registered.
    """
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(PREVIOUS.read_text(encoding="utf-8"))
    stored, old = rows(database), applied(database)
    assert len(stored) > 100
    climb(part, tmp_path, "migrate")
    assert rows(database) == stored
    files = {(path.parents[1].name, path.stem) for path in part.path.glob("*/migrations/0*.py")}
    assert old < files, "a migration that databases have seen is gone, or none was added"
    assert applied(database) == files
