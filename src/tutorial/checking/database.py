"""The migrated database that promises run on: migrated once, then copied.

Migrating takes most of a second from part 5 on, and its result depends on little: the migrations,
the models, the apps and the versions of what is installed. A copy is kept under a hash of these.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tutorial.ladder import ROOT

KEPT = ROOT / ".cache" / "databases"
MOST = 60  # copies that are kept


def set_up() -> None:
    """Make Django's default database one in memory, migrated."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    connection: Any = connections["default"]
    name = connection.creation._get_test_db_name()
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    connection.ensure_connection()
    kept = KEPT / f"{fingerprint()}.sqlite3"
    if kept.is_file():
        with closing(sqlite3.connect(kept)) as source:
            source.backup(connection.connection)
        with suppress(OSError):
            kept.touch()
        return
    call_command("migrate", verbosity=0, run_syncdb=True, interactive=False)
    half = kept.with_name(f"{kept.name}.{os.getpid()}")
    with suppress(OSError, sqlite3.Error):
        KEPT.mkdir(parents=True, exist_ok=True)
        copy_to(half)
        half.replace(kept)
        for old in sorted(KEPT.glob("*.sqlite3"), key=lambda path: -path.stat().st_mtime)[MOST:]:
            old.unlink(missing_ok=True)


def restored() -> Callable[..., None]:
    """Return what brings the database back to how it is now.

    In place of `flush`, which a test with transactions of its own ends with: that empties each
    table, and then makes each content type and each permission again.
    """
    from django.db import connections

    connection: Any = connections["default"]
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    connection.connection.backup(kept)

    def restore(*_: Any) -> None:
        connection.ensure_connection()
        kept.backup(connection.connection)

    return restore


def copy_to(path: Path) -> None:
    """Copy the database of this process to a new file."""
    from django.db import connection

    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as target:
        connection.connection.backup(target)


def fingerprint() -> str:
    """Return a hash of all that the migrated database depends on."""
    import re
    import sys

    from django.apps import apps
    from django.conf import settings
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    said = hashlib.sha256()
    names = ("INSTALLED_APPS", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD", "DATABASE_ROUTERS")
    said.update(repr([getattr(settings, name, None) for name in names]).encode())
    # A distribution's folder is called by its name and version; to read each takes 200 ms.
    installed = {one.name for entry in sys.path for one in Path(entry).glob("*.dist-info")}
    said.update(repr(sorted(installed)).encode())
    for key, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        file = Path(sys.modules[migration.__module__].__file__ or "")
        said.update(repr(key).encode() + file.read_bytes())
    for key, state in sorted(ProjectState.from_apps(apps).models.items()):
        fields = {name: field.deconstruct()[1:] for name, field in state.fields.items()}
        # Not where in memory a function is: that is another place in each process.
        said.update(re.sub(r" at 0x\w+", "", repr((key, fields, state.options))).encode())
    for config in apps.get_app_configs():  # a receiver of post_migrate may be anywhere in it
        said.update(repr(type(config)).encode())
        source = Path(config.path, "apps.py")
        if source.is_file():
            said.update(source.read_bytes())
    return said.hexdigest()[:24]
