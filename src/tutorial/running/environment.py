"""Where a run keeps its state, and the variables that a child process is started with.

Standard library only, because checkpoint tests import it in a part's own environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from tutorial.ladder import ROOT

SOURCES = Path(__file__).resolve().parents[2]  # holds nothing but this package
# In a run's state folder
DATABASE = "db.sqlite3"
UPLOADS = "media"


def child_environment(*before: Path, **variables: str) -> dict[str, str]:
    """Return this process's variables, for a child process that can import ``tutorial``.

    The folders ``before`` come first on the child's path; ``variables`` are added to the rest.
    """
    path = [*map(str, before), str(SOURCES)]
    if inherited := os.environ.get("PYTHONPATH"):
        path.append(inherited)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), **variables}


def project_environment(
    project: Path, state: Path, *, settings: str = "medium.settings"
) -> dict[str, str]:
    """Return the variables under which ``project`` runs with its state in ``state``.

    Compiled files go to this repository's cache, so that no run leaves any in the project.
    """
    return child_environment(
        project,
        DJANGO_SETTINGS_MODULE="tutorial.running.settings",
        TUTORIAL_SETTINGS=settings,
        TUTORIAL_STATE=str(state),
        PYTHONPYCACHEPREFIX=str(ROOT / ".cache" / "pycache"),
        PYTHONDONTWRITEBYTECODE="",
        PYTHONUTF8="1",
        PYTHONUNBUFFERED="1",
    )
