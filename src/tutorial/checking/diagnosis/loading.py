"""Causes that keep a project from being checked: it does not load, or its migrations are behind."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from tutorial.checking.diagnosis.model import LOADING, NOTICED, Cause, Seen
from tutorial.checking.diagnosis.raised import Raised


class Loading(Raised):
    """Turns what was found before any promise ran into causes."""

    def sorted_checks(self, causes: list[Cause]) -> list[Cause]:
        return sorted(causes, key=lambda cause: not cause.file)

    def of_finding(self, finding: Seen) -> Cause | None:
        kind = finding["kind"].replace("-", "_")
        method = getattr(self, f"of_{kind}", None)
        return method(finding) if method else None

    def of_load(self, finding: Seen) -> Cause | None:
        return self.of_raised(finding["raised"], None, LOADING, shadows=finding.get("shadows", []))

    def of_migrations(self, finding: Seen) -> Cause | None:
        return self.of_raised(finding["raised"], None, LOADING)

    def of_no_settings(self, finding: Seen) -> Cause:
        return self.cause(
            "manage.py",
            0,
            "manage.py names no settings module, as Django's own manage.py does.",
            'Set it: os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medium.settings").',
            LOADING,
        )

    def of_no_app(self, finding: Seen) -> Cause:
        file, line = self.setting("INSTALLED_APPS")
        alike = get_close_matches("reviews", finding.get("installed", []), 1, 0.6)
        more = f" `{alike[0]}` is; is that a slip?" if alike else ""
        if alike:
            file, line = self.holding(alike[0]) if self.holding(alike[0])[0] else (file, line)
        return self.cause(
            file, line, f"There is no app `reviews` in INSTALLED_APPS.{more}",
            'Add "reviews" to INSTALLED_APPS.', LOADING,
        )  # fmt: skip

    def of_not_installed(self, finding: Seen) -> Cause:
        """A middleware whose app is not installed, or an app of the chapter's."""
        file, line = self.setting("INSTALLED_APPS")
        return self.cause(
            file, line, f"`{finding['app']}` is not in INSTALLED_APPS: {finding['why']}.",
            f'Add "{finding["app"]}" to INSTALLED_APPS.', NOTICED,
        )  # fmt: skip

    def of_no_migrations(self, finding: Seen) -> Cause:
        app, there = finding["app"], finding["there"]
        folder = finding["file"].rpartition("/")[0]
        if there:
            said = (
                f"{folder}/ has no __init__.py, so Django takes none of its migrations: "
                f"`migrate` makes no table for `{app}` from them."
            )
            todo = f"Make an empty file {finding['file']}."
        else:
            said = f"The app `{app}` has models but no migrations."
            todo = f"Run `python manage.py makemigrations {app}`, then `python manage.py migrate`."
        return Cause(finding["file"], 0, "", said, todo, LOADING)

    def of_conflict(self, finding: Seen) -> Cause:
        app, names = next(iter(finding["conflicts"].items()))
        listed = " and ".join(f"{name}.py" for name in names)
        folder = self.apps.get(app, app)
        return Cause(
            f"{folder}/migrations/{names[-1]}.py", 0, "",
            f"Two migrations of `{app}` follow the same one: {listed}.",
            "Delete the one that is not needed, or run `python manage.py makemigrations --merge`.",
            LOADING,
        )  # fmt: skip

    def of_changed(self, finding: Seen) -> Cause | None:
        """The models differ from the migrations: one field, with its line."""
        app, model, name, what = finding["changes"][0]
        for check in self.observed.findings:  # a warning that says why they have changed
            if (
                check["kind"] == "check"
                and check.get("object", "").lower()
                in {change[1].lower() for change in finding["changes"]}
                and (cause := self.of_check(check))
            ):
                return replace(cause, sure=LOADING)
        file = self.file(f"{app}/models.py") if app in self.apps else ""
        known = {key.lower(): key for key in self.classes}
        spelled = known.get(model.lower(), "")
        if spelled:
            file, line = self.class_line(spelled, name) if name else self.class_line(spelled)
        else:
            line = 0
        difference = self.differs(lambda one: one.file == file and (
            not spelled or one.owner == spelled) and (not name or name in one.symbol))  # fmt: skip
        if difference is None and what in {"RemoveField", "DeleteModel", "AlterModelOptions"}:
            difference = self.differs(lambda one: one.file == file and one.owner == spelled)
        where = f"`{spelled or model}.{name}`" if name else f"`{spelled or model}`"
        more = len(finding["changes"]) - 1
        others = f" (and {more} more)" if more else ""
        said = f"The models have changed since the last migration: {where}{others}."
        todo = "Run `python manage.py makemigrations`, then `python manage.py migrate`."
        if difference:
            said += f" {self.told(difference)}"
            todo = f"Did you mean that? If so: {todo[0].lower()}{todo[1:]}"
            file, line = difference.file, difference.line
        if app in self.apps and {change[3] for change in finding["changes"]} == {"CreateModel"}:
            known_models = [change for change in finding["changes"] if change[0] == app]
            if len(known_models) > 2:
                said, file, line = f"`{app}` has no migrations.", f"{self.apps[app]}/migrations/", 0
                todo = f"Run `python manage.py makemigrations {app}`, then `… migrate`."
        if app not in self.apps:
            # A library's models depend on a setting: DEFAULT_AUTO_FIELD.
            file, line = self.setting("DEFAULT_AUTO_FIELD")
        elif (
            len(finding["changes"]) > 3
            and what == "AlterField"
            and all(change[2] == "id" for change in finding["changes"])
        ):
            file, line = self.setting("DEFAULT_AUTO_FIELD")
            said = "The type of primary keys is not what it was when the migrations were made."
            own = f"{self.apps[app]}/apps.py"
            number, _ = self.line_of(own, "default_auto_field")
            if number:  # it outranks the setting
                file, line = own, number
        return self.cause(file, line, said, todo, LOADING)

    def of_unapplied(self, finding: Seen) -> Cause:
        names = [f"{app}.{name}" for app, name in finding["migrations"]]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return Cause(
            "", 0, "", f"Your database lacks {', '.join(names[:3])}{more}.",
            "Run `python manage.py migrate`.", LOADING,
        )  # fmt: skip
