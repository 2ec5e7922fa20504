"""The served process: one project, made ready and served until its parent goes.

Started by :mod:`tutorial.running.server` with the project's folder and this package on the path.
Standard library and Django only: it runs in the interpreter that the project runs in.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The same for every part, and plainly not for anywhere else.
PASSWORD = "for-demonstration-only"  # noqa: S105


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--clock", action="store_true")
    options = parser.parse_args()

    # Where a Ctrl-C still reaches this process (Windows), the parent stops it all the same.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow_parent, daemon=True).start()
    # What the project prints goes to the log: the parent reads one line here, and no more.
    parent = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**facts: str) -> None:
        print(json.dumps(facts), file=parent, flush=True)

    ready: dict[str, str] = {}
    if options.clock:
        from tutorial.running import clock

        ready["clock"] = clock.start(forget_attempts)

    if os.environ.get("TUTORIAL_FENCE"):
        from tutorial.running import fence

        fence.put_up(json.loads(os.environ["TUTORIAL_FENCE"]), os.environ["TUTORIAL_STATE"])
    import django

    django.setup()
    try:
        prepare()
        serve(options.port, lambda url: tell(url=url, **ready))
    except Unusable as error:
        tell(problem=str(error))


def follow_parent() -> None:
    """End with the parent, however it ends: its side of the pipe closes."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be held when Python shuts down
        pass
    os._exit(0)


def forget_attempts() -> None:
    """Empty the caches: an attempt that a throttle counts there may lie in the future now."""
    from django.core.cache import caches

    for cache in caches.all():
        cache.clear()


class Unusable(Exception):
    """What this run was given cannot be used; says so to a person."""


def prepare() -> None:
    """Bring the database up to date, or make it. Raises Unusable.

    A new one gets its name when it is complete: a run that is ended earlier leaves none.
    """
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.exceptions import InconsistentMigrationHistory

    database = Path(connection.settings_dict["NAME"])
    if os.environ.get("TUTORIAL_USERS"):  # a check: the database is there, and wants two users
        write_down_what_raises()
        return add_users(get_user_model(), make_password(PASSWORD))
    if database.exists() and database.stat().st_size:
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except (DatabaseError, InconsistentMigrationHistory) as error:
            raise Unusable(
                f"The database {database} cannot be used by this part: {error}. To start over, "
                f"delete the folder {database.parent}, and run the same command again."
            ) from error
        return
    unfinished = database.with_name(f"unfinished-{database.name}")
    for leftover in database.parent.glob(f"{unfinished.name}*"):
        leftover.unlink()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)  # pictures of such a database
    connection.settings_dict["NAME"] = str(unfinished)
    fill()
    connection.close()  # which also ends a write-ahead log
    unfinished.replace(database)
    connection.settings_dict["NAME"] = str(database)


def fill() -> None:
    """Fill a new database with the demo data, the pictures and two users."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command, get_commands
    from django.db import connection

    from tutorial.running import filled

    kept = os.environ.get("TUTORIAL_FILLED")
    run = Path(connection.settings_dict["NAME"]), Path(settings.MEDIA_ROOT)
    if not kept or not filled.take(Path(kept), *run):
        call_command("migrate", verbosity=0, interactive=False)
        if Path("reviews", "fixtures", "demo.json").exists():
            call_command("loaddata", "demo", verbosity=0)
        if "load_pictures" in get_commands():
            call_command("load_pictures", stdout=sys.stderr)
        connection.close()  # which also ends a write-ahead log
        if kept:
            filled.keep(Path(kept), *run)
    add_users(get_user_model(), make_password(PASSWORD))  # slow on purpose: once is enough


def add_users(model: Any, password: str) -> None:
    model.objects.get_or_create(username="demo", defaults={"password": password})
    staff = {"is_staff": True, "is_superuser": True}
    model.objects.get_or_create(username="admin", defaults={"password": password, **staff})


def write_down_what_raises() -> None:
    """Keep what a view raises, for whoever explains a response 500."""
    from django.core.signals import got_request_exception

    from tutorial.checking import observe

    def write(**_: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            line = json.dumps(observe.raised(error, Path.cwd()))
            path = Path(os.environ["TUTORIAL_STATE"], "errors.jsonl")
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    got_request_exception.connect(write, weak=False)


def serve(port: int, bound: Callable[[str], None]) -> None:
    """Serve on the loopback address as ``runserver`` does; call ``bound`` with the server's URL.

    Raises Unusable when it cannot have the port.
    """
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import WSGIRequestHandler, get_internal_wsgi_application, run

    def say_ready(bound_port: int | str) -> None:
        bound(f"http://127.0.0.1:{bound_port}")

    # A response goes out in two writes: the second would wait 40 ms for the client's word that it
    # has the first (RFC 1122, section 4.2.3.4), on every connection that is kept open.
    WSGIRequestHandler.disable_nagle_algorithm = True
    handler = StaticFilesHandler(get_internal_wsgi_application())
    try:
        run("127.0.0.1", port, handler, threading=True, on_bind=say_ready)
    except OSError as error:
        raise Unusable(f"Port {port} cannot be used: {error.strerror}.") from error


if __name__ == "__main__":
    main()
