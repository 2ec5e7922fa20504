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
from pathlib import Path
from typing import Any

# The same for every part, and plainly not for anywhere else.
PASSWORD = "for-demonstration-only"  # noqa: S105


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--remove-state", action="store_true")
    options = parser.parse_args()

    # Where a Ctrl-C still reaches this process (Windows), the parent stops it all the same.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready: dict[str, str] = {}
    if options.clock:
        from tutorial.running import clock

        ready["clock"] = clock.start()
    threading.Thread(target=follow_parent, args=[options.remove_state], daemon=True).start()

    if os.environ.get("TUTORIAL_FENCE"):
        from tutorial.running import fence

        fence.put_up(json.loads(os.environ["TUTORIAL_FENCE"]), os.environ["TUTORIAL_STATE"])
    import django

    django.setup()
    prepare()
    serve(options.port, ready)


def follow_parent(remove_state: bool) -> None:
    """End with the parent, however it ends: its side of the pipe closes."""
    while os.read(0, 1024):  # not sys.stdin: its lock would be held when Python shuts down
        pass
    if remove_state:
        shutil.rmtree(os.environ["TUTORIAL_STATE"], ignore_errors=True)
    os._exit(0)


def prepare() -> None:
    """Migrate; fill a new database with the demo data, the pictures and two users."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command, get_commands

    new = not Path(settings.DATABASES["default"]["NAME"]).exists()
    if os.environ.get("TUTORIAL_USERS"):  # a check: the database is there, and wants two users
        write_down_what_raises()
        add_users(get_user_model(), make_password(PASSWORD))
        return
    call_command("migrate", verbosity=0, interactive=False)
    if not new:
        return
    if Path("reviews", "fixtures", "demo.json").exists():
        call_command("loaddata", "demo", verbosity=0)
    if "load_pictures" in get_commands():
        call_command("load_pictures", stdout=sys.stderr)
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


def serve(port: int, ready: dict[str, str]) -> None:
    """Serve on the loopback address as ``runserver`` does, and print when the port is bound.

    The line is ``ready`` as JSON, with the server's URL.
    """
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import get_internal_wsgi_application, run

    def say_ready(bound: int | str) -> None:
        ready["url"] = f"http://127.0.0.1:{bound}"
        print(json.dumps(ready), flush=True)

    handler = StaticFilesHandler(get_internal_wsgi_application())
    run("127.0.0.1", port, handler, threading=True, on_bind=say_ready)


if __name__ == "__main__":
    main()
