"""Looks at a project from inside its own interpreter, then runs promises there.

Started by :mod:`tutorial.checking.run` as a script, with one JSON object as its argument: a job.
It writes one JSON object a line to its standard output, and reads from its standard input which
promise to run next; whatever the project itself prints goes to standard error.

    {"facts": {…}}       the project: its settings, apps, user model
    {"finding": {…}}     something that was seen before any promise ran
    {"ready": true}      promises can be run
    {"collected": […]}   the promises, in order
    {"want": true}       the number of the next promise is asked for
    {"part": 1, …}       what came of a promise

Standard library and Django only, but for pytest and its plugins, which the job says where to find.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO


class Stop(Exception):
    """The project cannot be checked: what was found says why."""


class Worker:
    """One job: a project, a part, and where to write what was seen."""

    def __init__(self, job: dict[str, Any], out: TextIO, tell: TextIO | None) -> None:
        self.job = job
        self.out = out
        self.tell = tell
        self.project = Path(job["project"])

    def write(self, **line: Any) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()

    def found(self, kind: str, *, fatal: bool = False, **what: Any) -> None:
        """Report something; raise Stop when nothing can be checked because of it."""
        self.write(finding={"kind": kind, "fatal": fatal, **what})
        if fatal:
            raise Stop

    def run(self) -> int:
        """Look at the project, and run its promises. Return an exit code, pytest's."""
        from tutorial.checking import observe

        try:
            os.chdir(self.project)
            settings = self.settings()
            self.set_up(settings)
            self.report_facts(settings)
            if self.job.get("look", True):
                self.look()
            with suppress(Exception):  # the one who looks says what is wrong with the URLs
                self.look_for_a_prefix()
        except Stop:
            return 0
        except Exception as error:  # ours: say so, rather than blame the project
            self.write(broken="".join(__import__("traceback").format_exception(error)))
            return 3
        self.write(ready=True)
        if self.job.get("promises", True):
            import pytest
            import pytest_django.plugin
            import time_machine

            # As modules: to find a plugin by name, pytest reads what every package provides.
            plugins = [self, pytest_django.plugin, time_machine]
            try:
                return int(pytest.main(self.arguments(), plugins=plugins))
            except BaseException as error:
                self.write(broken=json.dumps(observe.raised(error, self.project)))
                raise
        return 0

    # The project, loaded as manage.py would load it

    def settings(self) -> str:
        """Return the settings module, as manage.py sets it when it is run.

        Running it does what else is done there: reading a .env file, adding to sys.path.
        """
        from tutorial.checking import observe

        sys.path.insert(0, str(self.project))
        before = list(sys.path)
        if forced := self.job.get("settings"):
            return str(forced)
        theirs = os.environ.get("DJANGO_SETTINGS_MODULE", "")
        if theirs.startswith("tutorial.") or not self.module(theirs):
            os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        manage = self.project / "manage.py"
        try:
            import django.core.management as management
        except ImportError as error:
            self.found("load", fatal=True, raised=observe.raised(error, self.project))
        execute = management.execute_from_command_line
        management.execute_from_command_line = lambda *args, **kwargs: None
        arguments, sys.argv = sys.argv, ["manage.py", "check"]
        try:
            code = compile(manage.read_bytes(), str(manage), "exec")
            exec(code, {"__name__": "__main__", "__file__": str(manage)})  # noqa: S102
        except SystemExit:
            pass
        except Exception as error:
            self.found("load", fatal=True, raised=observe.raised(error, self.project))
        finally:
            management.execute_from_command_line = execute
            sys.argv = arguments
        new = [entry for entry in sys.path if entry not in before]
        if new:  # for the server, which does not run manage.py
            kept = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
            os.environ["PYTHONPATH"] = os.pathsep.join(new + kept)
        named = os.environ.get("DJANGO_SETTINGS_MODULE") or self.guess()
        if not named:
            self.found("no-settings", fatal=True)
        return named

    def module(self, name: str) -> bool:
        """Return whether the project has a module of this name."""
        path = self.project.joinpath(*name.split("."))
        return bool(name) and (path.with_suffix(".py").is_file() or path.is_dir())

    def guess(self) -> str:
        """Return the settings module of a project whose manage.py names none."""
        for path in sorted(self.project.rglob("settings*.py"), key=lambda path: len(path.parts)):
            if "INSTALLED_APPS" in path.read_text(encoding="utf-8", errors="replace"):
                return ".".join(path.relative_to(self.project).with_suffix("").parts)
        return ""

    def set_up(self, settings: str) -> None:
        from tutorial.checking import observe

        if configuration := os.environ.pop("DJANGO_CONFIGURATION", None):
            os.environ["TUTORIAL_CONFIGURATION"] = configuration
            # django-configurations would make settings of a class of our module, too.
            if importer := sys.modules.get("configurations.importer"):
                kind = importer.ConfigurationImporter
                sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, kind)]
        os.environ.update(
            DJANGO_SETTINGS_MODULE="tutorial.running.settings",
            TUTORIAL_SETTINGS=settings,
            TUTORIAL_STATE=self.job["state"],
            TUTORIAL_FAST_PASSWORDS="1",
            TUTORIAL_LANGUAGE="en-us",
            TUTORIAL_PROJECT=str(self.project),
        )
        import django

        try:
            import tutorial.running.settings as wrapper

            django.setup()
            self.wrapper = wrapper
        except (Exception, SystemExit) as error:
            shadows = observe.shadowed(self.project)
            self.found(
                "load",
                fatal=True,
                raised=observe.raised(error, self.project),
                settings=self.file_of(settings),
                shadows=shadows,
            )

    def file_of(self, module: str) -> str:
        """Return the file of a module of the project, its path in the project."""
        from tutorial.checking import observe

        loaded = getattr(sys.modules.get(module), "__file__", None) or ""
        if loaded and (inside := observe.relative(loaded, self.project)):
            return inside
        path = Path(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if (self.project / file).is_file():
                return file.as_posix()
        return path.with_suffix(".py").as_posix()

    def report_facts(self, settings: str) -> None:
        import django
        from django.apps import apps
        from django.conf import settings as loaded
        from django.contrib.auth import get_user_model
        from django.core.exceptions import ImproperlyConfigured

        from tutorial.checking import observe

        folders = {}
        for config in apps.get_app_configs():
            if inside := observe.relative(Path(config.path) / "x", self.project):
                folders[config.label] = inside.rpartition("/")[0]
        try:
            user = get_user_model()
            login = user.USERNAME_FIELD
            has_username = any(field.name == "username" for field in user._meta.get_fields())
        except Exception:
            login, has_username = "username", True  # the checks say what is wrong with it
        try:
            signing = [str(loaded.SECRET_KEY)]
        except ImproperlyConfigured:  # which Django raises of an empty one, when it is asked for
            self.found("setting", fatal=True, setting="SECRET_KEY", key="", wrong="empty",
                       hint="Give it a long string that nobody can guess.")  # fmt: skip
        with suppress(Exception):
            signing.append(str(dict(loaded.SIMPLE_JWT).get("SIGNING_KEY", "")))
        self.write(
            facts={
                "settings": settings,
                "settings_file": self.file_of(settings),
                "urls_file": self.file_of(str(getattr(loaded, "ROOT_URLCONF", ""))),
                "apps": folders,
                "user": loaded.AUTH_USER_MODEL,
                "login": login if has_username or login != "username" else "",
                "django": django.get_version(),
                "python": sys.version.split()[0],
                "executable": sys.executable,
                "key": hashlib.sha256(json.dumps(signing).encode()).hexdigest(),
            }
        )

    # What can be seen before any promise runs

    def look(self) -> None:
        from django.apps import apps

        if not apps.is_installed("reviews") and "reviews" not in apps.app_configs:
            from django.conf import settings

            self.found("no-app", fatal=True, installed=list(map(str, settings.INSTALLED_APPS)))
        self.look_at_urls()
        self.look_at_checks()
        self.look_at_migrations()
        self.look_at_settings()

    def look_at_urls(self) -> None:
        from django.urls import get_resolver

        from tutorial.checking import observe

        try:
            _ = get_resolver().url_patterns
            list(observe.routes())
        except (Exception, SystemExit) as error:
            self.found(
                "load",
                fatal=True,
                at="urls",
                raised=observe.raised(error, self.project),
                shadows=observe.shadowed(self.project),
            )

    def look_at_checks(self) -> None:
        """Django's system checks, each with the file and the line of what it is about."""
        from django.core.checks import ERROR, run_checks

        from tutorial.checking import observe

        try:
            messages = run_checks()
        except Exception as error:
            self.found("load", fatal=True, raised=observe.raised(error, self.project))
        worst = False
        for message in sorted(messages, key=lambda one: -one.level):
            if message.is_silenced():
                continue
            self.write(
                finding={
                    "kind": "check",
                    "fatal": message.level >= ERROR,
                    "id": message.id or "",
                    "message": str(message.msg),
                    "hint": str(message.hint or ""),
                    **self.about(message.obj),
                }
            )
            worst |= message.level >= ERROR
        if worst:
            raise Stop

    def about(self, thing: Any) -> dict[str, Any]:
        """Return where the object of a system check is written, and what it is called."""
        from django.db.models import Field, Manager

        from tutorial.checking import observe

        field = ""
        if isinstance(thing, Field | Manager) and getattr(thing, "model", None) is not None:
            thing, field = thing.model, thing.name or ""
        elif hasattr(thing, "field") and hasattr(thing.field, "model"):
            thing, field = thing.field.model, thing.field.name
        if thing is not None and not isinstance(thing, type | str):
            thing = type(thing)
        if not isinstance(thing, type):
            return {"object": str(thing or ""), "file": "", "line": 0, "field": ""}
        return {"object": thing.__name__, "field": field, **observe.place(thing, self.project)}

    def look_at_migrations(self) -> None:
        from django.apps import apps
        from django.db import connection
        from django.db.migrations.autodetector import MigrationAutodetector
        from django.db.migrations.loader import MigrationLoader
        from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
        from django.db.migrations.state import ProjectState
        from django.utils.translation import override

        from tutorial.checking import observe

        try:
            loader = MigrationLoader(None)
            for config in apps.get_app_configs():
                inside = observe.relative(Path(config.path) / "x", self.project)
                if not inside or config.label not in loader.unmigrated_apps:
                    continue
                if not any(True for _ in config.get_models()):
                    continue
                folder = Path(config.path) / "migrations"
                self.found(
                    "no-migrations",
                    fatal=True,
                    app=config.label,
                    file=f"{inside.rpartition('/')[0]}/migrations/__init__.py",
                    there=sorted(path.name for path in folder.glob("0*.py")),
                )
            if conflicts := loader.detect_conflicts():
                self.found("conflict", fatal=True, conflicts=conflicts)
            questioner = NonInteractiveMigrationQuestioner(
                specified_apps=None, dry_run=True, verbosity=0, log=Silent()
            )
            try:
                with override(None):  # as makemigrations: another language is no change
                    before = loader.project_state()
                    after = ProjectState.from_apps(apps)
                    detector = MigrationAutodetector(before, after, questioner)
                    changes = detector.changes(graph=loader.graph)
            except SystemExit:
                changes = {}
                self.found("changed", fatal=True, changes=[["reviews", "", "", "a new field"]])
            mine = []
            for app, migrations in changes.items():
                for migration in migrations:
                    for operation in migration.operations:
                        model = getattr(operation, "model_name", None) or operation.name
                        field = operation.name if hasattr(operation, "model_name") else ""
                        what = type(operation).__name__
                        mine.append([app, str(model), str(field), what])
            if mine:
                self.found("changed", fatal=True, changes=mine)
        except Stop:
            raise
        except Exception as error:
            self.found("migrations", fatal=True, raised=observe.raised(error, self.project))
        self.look_at_database(loader)
        connection.close()

    def look_at_database(self, loader: Any) -> None:
        """Which migrations the learner's own database lacks. It is only read, from a copy."""
        import shutil
        import sqlite3
        from contextlib import closing

        path = Path(getattr(self.wrapper, "THEIR_DATABASE", "") or ".")
        original = self.job.get("original")
        if original and path.is_relative_to(self.project):
            path = Path(original, path.relative_to(self.project))
        if not path.is_file():
            return
        ahead = path.with_name(f"{path.name}-wal")
        how = "mode=ro&immutable=1"  # nothing beside it is made, or looked at
        if ahead.is_file() and ahead.stat().st_size and path.stat().st_size < 50_000_000:
            copy = Path(self.job["state"], "theirs.sqlite3")
            shutil.copyfile(path, copy)
            shutil.copyfile(ahead, copy.with_name(f"{copy.name}-wal"))
            path, how = copy, "mode=rw"
        address = f"file:{quoted(path)}?{how}"
        with (
            suppress(sqlite3.Error, ValueError),
            closing(sqlite3.connect(address, uri=True)) as database,
        ):
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            if "django_migrations" not in tables:
                return  # not migrated yet: an empty file, as `makemigrations` leaves it
            rows = set(database.execute("SELECT app, name FROM django_migrations"))
            applied = {(str(app), str(name)) for app, name in rows}
            replaced = {old for one in loader.replacements.values() for old in one.replaces}
            lacks = [
                key
                for key in loader.graph.nodes
                if key not in applied
                and key not in replaced
                and not set(getattr(loader.graph.nodes[key], "replaces", []) or [("", "")])
                <= applied
            ]
            if lacks:
                self.found("unapplied", fatal=True, migrations=sorted(list(key) for key in lacks))

    def look_at_settings(self) -> None:
        """Keys that a library does not know, lifetimes that are no timedelta, and the like."""
        from datetime import timedelta
        from importlib import import_module

        from django.conf import settings

        from tutorial.ladder import find

        for name, module, attribute in (
            ("REST_FRAMEWORK", "rest_framework.settings", "DEFAULTS"),
            ("SIMPLE_JWT", "rest_framework_simplejwt.settings", "DEFAULTS"),
            ("REST_FLEX_FIELDS", "rest_flex_fields", "FLEX_FIELDS_OPTIONS"),
        ):
            given = getattr(settings, name, None)
            if given is None:
                continue
            if not isinstance(given, dict):
                self.found("setting", setting=name, key="", wrong="type", wanted="dict")
                continue
            try:
                known = getattr(import_module(module), attribute, {})
            except Exception:
                known = {}
            for key, value in given.items():
                if known and key not in known and name != "REST_FLEX_FIELDS":
                    self.found("setting", setting=name, key=str(key), wrong="unknown",
                               known=sorted(known))  # fmt: skip
                lifetime = name == "SIMPLE_JWT" and str(key).endswith("_LIFETIME")
                if lifetime and not isinstance(value, timedelta):
                    self.found("setting", setting=name, key=str(key), wrong="type",
                               wanted="timedelta", got=repr(value)[:60])  # fmt: skip
                plural = ("_CLASSES", "_RENDERERS", "_BACKENDS", "HEADER_TYPES", "TOKEN_CLASSES")
                if str(key).endswith(plural) and isinstance(value, str):
                    self.found("setting", setting=name, key=str(key), wrong="type",
                               wanted="list", got=repr(value)[:60])  # fmt: skip

        self.look_at_installed_apps()
        if find(self.job["part"]).pictures and not self.wrapper.THEIR_MEDIA:
            self.found("setting", setting="MEDIA_ROOT", key="", wrong="empty",
                       hint='Set it: MEDIA_ROOT = BASE_DIR / "media".')  # fmt: skip
        engine = self.wrapper.THEIR_ENGINE
        try:
            if engine:
                import_module(f"{engine}.base")
        except ImportError as error:
            from tutorial.checking import observe

            self.found("engine", engine=engine, fatal=True,
                       raised=observe.raised(error, self.project))  # fmt: skip
        except Exception as error:  # a driver that is not installed
            self.found("engine", engine=engine, fatal=True, message=str(error)[:300])

    def look_at_installed_apps(self) -> None:
        """What is there and counts for nothing, because INSTALLED_APPS does not name it."""
        from importlib.util import find_spec

        from django.apps import apps
        from django.conf import settings

        installed = {config.name for config in apps.get_app_configs()}
        for name in settings.MIDDLEWARE:
            package = name.partition(".")[0]
            if package in {"django", "tutorial"} or package in installed:
                continue
            if find_spec(package) and find_spec(f"{package}.apps"):
                self.found("not-installed", app=package, why=f"its middleware {name} needs it")
        labels = {config.label for config in apps.get_app_configs()}
        for folder in self.job.get("chapter_apps", []):
            if folder not in labels and (self.project / folder / "apps.py").is_file():
                self.found("not-installed", app=folder, fatal=True,
                           why=f"nothing of {folder}/ but what is imported counts")  # fmt: skip

    def look_for_a_prefix(self) -> None:
        """Routes that are all below ``/api/`` are understood."""
        from django.conf import settings

        from tutorial.checking import observe
        from tutorial.ladder import find

        part = find(self.job["part"])
        groups = [
            [path for path in (part.products, part.protected) if path],
            [path for path in (part.login, part.refresh, part.logout, part.logout_all) if path],
        ]
        prefixes = {}
        for paths in groups:
            if head := observe.prefix(paths):
                for path in paths:
                    prefixes["/" + path.split("/")[1]] = head
                if part.staff_edits_images and paths is groups[0]:
                    prefixes["/comment"] = head
        if prefixes:
            os.environ["TUTORIAL_PREFIXES"] = json.dumps(prefixes)
            settings.MIDDLEWARE = [
                "tutorial.running.prefix.PrefixMiddleware", *settings.MIDDLEWARE
            ]  # fmt: skip
            self.found("prefix", prefixes=prefixes)

    # The promises

    def arguments(self) -> list[str]:
        job = self.job
        return [
            *job.get("select", []),
            *([] if job.get("select") else [job["checkpoints"]]),
            "-q",
            # A failure is told in words elsewhere: pytest's own account would take as long again.
            *("--tb=native", "--no-summary"),
            *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"),
            # Nobody reads what they keep of each promise: the log has all that is printed.
            *("--capture=no", "-p", "no:logging", "-p", "no:unittest", "-p", "no:doctest"),
            f"--rootdir={job['root']}",
            f"--confcutdir={job['checkpoints']}",
            f"--config-file={job['root']}/pyproject.toml",
            f"--basetemp={job['state']}/pytest",
            f"--part={job['part']}",
            f"--project={self.project}",
            f"--state={job['state']}",
            *job.get("options", []),
        ]

    def take_result(self, **line: Any) -> None:
        self.write(**line)

    def pytest_runtestloop(self, session: Any) -> bool | None:
        """Run the promises that are asked for, one after the other."""
        if self.tell is None:
            return None
        items = session.items
        self.write(
            collected=[
                {
                    "id": f"{item.path.name}::{item.name}",
                    "hardening": bool(item.get_closest_marker("hardening")),
                    "server": "running" in item.fixturenames,
                }
                for item in items
            ]
        )
        number = self.ask()
        while number is not None:
            following = self.ask()
            after = None if following is None else items[following]
            session.config.hook.pytest_runtest_protocol(item=items[number], nextitem=after)
            number = following
        return True

    def ask(self) -> int | None:
        assert self.tell is not None  # noqa: S101
        self.write(want=True)
        line = self.tell.readline().strip()
        return int(line) if line else None


class Silent:
    def __call__(self, *args: Any) -> None:
        """Take the questioner's words, and say nothing."""


def quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(path.resolve().as_posix())


def private(number: int, mode: str, instead: int) -> TextIO:
    """Return a standard stream for us alone; the project gets another one in its place."""
    ours = os.dup(number)
    os.dup2(instead, number)
    return TextIOWrapper(os.fdopen(ours, f"{mode}b"), encoding="utf-8", newline="\n")


def pool() -> None:
    """Do many jobs, each in a fork of this process, which has loaded the libraries once.

    Reads a job a line, with the file to write to, and answers each with its number. For the
    tests of the checker, which look at hundreds of projects; where there is fork.
    """
    setup = json.loads(sys.argv[2])
    sys.path[:0] = [*setup["tools"], setup["sources"]]
    # What can be imported before there are any settings.
    for name in (
        "pytest", "pytest_django.plugin", "time_machine", "requests", "PIL.Image", "jwt",
        "django.test", "django.db.models", "django.contrib.auth.hashers", "django.core.cache",
        "django.core.management.commands.migrate", "django.contrib.admin.sites",
        "django.db.migrations.executor", "django.db.migrations.autodetector",
        "django.db.backends.sqlite3.base", "django.template.loader", "django.http",
        "tutorial.checking.observe", "tutorial.running.fence", "tutorial.running.server",
    ):  # fmt: skip
        with suppress(Exception):
            __import__(name)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            with open(os.devnull, "rb") as nothing:  # noqa: PTH123
                os.dup2(nothing.fileno(), 0)
            log = os.open(job["log"], os.O_WRONLY | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.environ.update(job["variables"])
            out = open(job["out"], "w", encoding="utf-8")  # noqa: PTH123, SIM115
            do(job, out, None)
        os.waitpid(child, 0)
        print(json.dumps(job["out"]), flush=True)


def main() -> None:
    if sys.argv[1] == "pool":
        return pool()
    job = json.loads(sys.argv[1])
    out = private(1, "w", 2)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        tell = private(0, "r", nothing.fileno())
    sys.path[:0] = [*job["tools"], job["sources"]]
    import pytest  # noqa: F401  (before the project can stand in its way)

    do(job, out, tell)


def do(job: dict[str, Any], out: TextIO, tell: TextIO | None) -> None:
    """Do a job, and end the process."""
    sys.path += [entry for entry in job.get("path", []) if entry]
    from tutorial.running import fence

    fence.put_up([job["project"], job["state"], *job.get("writable", [])], job["state"])
    code = Worker(job, out, tell).run()
    sys.stderr.flush()
    with suppress(OSError):
        out.close()
    os._exit(code)  # whatever threads the project has started


if __name__ == "__main__":
    main()
