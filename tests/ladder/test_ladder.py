"""The ladder is climbed with data: one database, filled at part 1, loses nothing on the way up."""

import json
import subprocess
import sys

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
