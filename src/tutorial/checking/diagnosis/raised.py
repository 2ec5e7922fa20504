"""Causes of an exception: the project's own line that it has to do with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from tutorial.checking.comparison import Difference, parsed, related
from tutorial.checking.diagnosis.model import ASKED, COMPARED, LOADING, Cause, Seen, sentence
from tutorial.checking.diagnosis.noticed import SETTINGS_OF, Noticed
from tutorial.checking.diagnosis.places import PLAIN_CODE

TEMPLATES_OF = {
    "rest_framework": "rest_framework",
    "django_filters": "django_filters",
    "admin": "django.contrib.admin",
    "registration": "django.contrib.auth",
    "pictures": "pictures",
}


class Raised(Noticed):
    """Turns an exception into a cause."""

    def of_raised(
        self, raised: Seen, failure: Seen | None, sure: int, shadows: Iterable[Seen] = ()
    ) -> Cause | None:
        chain = [raised]
        while chain[-1].get("cause"):
            chain.append(chain[-1]["cause"])
        for one in chain:
            if cause := self.special(one, chain, failure, sure, list(shadows)):
                return cause
        return self.blame(chain, failure, sure)

    def special(
        self, raised: Seen, chain: list[Seen], failure: Seen | None, sure: int, shadows: list[Seen]
    ) -> Cause | None:
        """The exceptions of which more can be said than where they were raised."""
        kind, message = raised["type"], raised["message"]
        own = own_frames(raised) or [frame for one in chain for frame in own_frames(one)]
        at = own[-1] if own else None
        if kind in {"SyntaxError", "IndentationError", "TabError"}:
            file = raised["about"].get("filename") or (at["file"] if at else "")
            line = int(raised["about"].get("lineno") or 0)
            said = f"{file}, line {line} is not Python: {raised['about'].get('msg', message)}."
            return self.cause(file, line, said, "Correct this line, or the one before.", LOADING)
        if isinstance(shadows, list) and kind in {
            "ImportError",
            "ModuleNotFoundError",
            "AttributeError",
        }:
            for shadow in shadows:
                if re.search(rf"['\"`]{re.escape(shadow['module'])}[.'\"`]", message):
                    return self.cause(
                        shadow["file"], 0,
                        f"Your file {shadow['file']} hides the package `{shadow['module']}`: "
                        f"Python imports it in place of that package. ({kind}: {message})",
                        "Give the file another name.", sure,
                    )  # fmt: skip
        found = re.match(r"name '(\w+)' is not defined", message)
        if kind == "NameError" and found and at:
            name = found[1]
            brings = rf"^(?:from .* )?import .*\b{name}\b.*$"
            theirs = self.observed.chapter.get(self.chapter_s(at["file"]), "")
            line_there = re.search(brings, theirs, re.MULTILINE)
            said = f"NameError: `{name}` is used here, and is neither defined nor imported."
            todo = "Is it spelled right, and imported at the top of the file?"
            if line_there:
                todo = f"The chapter has `{line_there[0].strip()}` at the top of this file."
            return self.cause(at["file"], at["line"], said, todo, sure)
        if kind == "ModuleNotFoundError":
            return self.no_module(raised, chain, at, sure)
        if kind == "ImportError":
            return self.no_name(raised, chain, at, sure)
        if kind == "TemplateDoesNotExist":
            return self.no_template(message, sure)
        if kind in {"OperationalError", "ProgrammingError"} and (
            found := re.search(r"no such (table|column): (\S+)", message)
        ):
            return self.no_table(found[1], found[2], at, sure)
        if kind == "NodeNotFoundError":
            return self.no_migration(message, sure)
        if kind == "ImproperlyConfigured" and "included URLconf" in message:
            return self.no_patterns(message, sure)
        if kind == "KeyError" and at and re.search(r"\.context\[", at["code"]):
            name = message.strip("'\"")
            here = self.cause(at["file"], at["line"], "", "", sure)
            return replace(
                self.blame(chain, failure, sure) or here,
                said=f"A serializer that was made without a context asks it for `{name}`.",
                todo="`self.get_serializer(…)` hands the context on; a serializer that is made by "
                'hand needs `context={"request": request}`.',
            )  # fmt: skip
        if kind in {"KeyError", "UndefinedValueError", "ImproperlyConfigured"} and at:
            name = variable(kind, message, at["code"], raised)
            if name:
                return self.cause(
                    at["file"], at["line"],
                    f"The environment variable `{name}` is read here, and is not set.",
                    f"Set {name} in this terminal, or in the project's .env file, or give it a "
                    "default.",
                    sure,
                )  # fmt: skip
        return None

    def no_module(
        self, raised: Seen, chain: list[Seen], at: Seen | None, sure: int
    ) -> Cause | None:
        """`import x`: a slip, a package that is not installed, or a module that is not there."""
        name = (
            raised["about"].get("name") or raised["message"].rpartition("'")[0].rpartition("'")[2]
        )
        for file, line, text in self.joined():
            if text.startswith(name):
                return self.cause(
                    file, line, f"A comma is missing: Python joins two strings to `{text}`.",
                    "Put a comma at the end of this line.", sure,
                )  # fmt: skip
        file, line = self.holding_name(name)
        if at and at["file"] != "manage.py" and (not file or name.split(".")[-1] in at["code"]):
            file, line = at["file"], at["line"]
        if not file:
            file, line = self.settings, 0
        own = self.modules()
        top = name.partition(".")[0]
        alike = get_close_matches(name, own, 1, 0.75) or get_close_matches(top, own, 1, 0.75)
        listed = set(self.observed.distributions)
        if top in own or name in own or alike:
            if name in own:
                said = f"`{name}` cannot be imported from here."
                todo = "Is an __init__.py missing from its folder?"
            else:
                said = f"`{name}` is named here, but there is no such module."
                todo = f"Did you mean `{alike[0]}`?" if alike else "Is it spelled right?"
                if not alike and "." in name and top in own:
                    todo = f"Is {name.replace('.', '/')}.py missing, or its name misspelt?"
        elif top in listed:
            package = self.observed.distributions[top]
            python = self.observed.facts.get("executable", "")
            installed = self.observed.facts.get("installed", ())
            if top in installed or ("." in name and top in installed):
                said = f"`{name}` is named, and the package `{package}` has no such module."
                todo = "Is it spelled right?"
            elif self.is_installed(top, chain):
                said = f"`{name}` is named, and the package `{package}` has no such module."
                todo = "Is it spelled as in the chapter?"
            else:
                said = f"The package `{package}` is not installed" + (
                    f" for {python}." if python else "."
                )
                todo = (
                    f"Add `{package}` to requirements.txt, and run "
                    "`python -m pip install -r requirements.txt`."
                )
        else:
            close = get_close_matches(top, listed | set(own), 1, 0.7)
            said = f"`{name}` is named here, but there is no module of that name."
            todo = (
                f"Did you mean `{close[0]}`?"
                if close
                else ("Is it spelled right? If it is a package of your own choice, install it.")
            )
        return self.cause(file, line, said, todo, sure)

    def is_installed(self, top: str, chain: list[Seen]) -> bool:
        """Whether a line of that package itself was passed, or the message is of a submodule."""
        return any("." in one["about"].get("name", "") for one in chain)

    def no_name(self, raised: Seen, chain: list[Seen], at: Seen | None, sure: int) -> Cause | None:
        """`from x import y`: who is wrong, the line that imports or the module?"""
        message = raised["message"]
        if "Could not import" in message or not at:
            file, line = self.misnamed(message)
            if not file:
                file, line = self.named_in(message)
            if file:
                said = message.replace("\n", " ")
                return self.cause(file, line, said, "Is this name spelled right?", sure)
            return None
        found = re.search(
            r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'", message
        )
        if not found:
            return None
        name, circular, module = found[1], found[2], found[3]
        file = module.replace(".", "/") + ".py"
        if file not in self.sources:
            file = module.replace(".", "/") + "/__init__.py"
        if circular and "circular" in message:
            return self.cause(
                at["file"], at["line"],
                f"`{name}` cannot be imported here: {at['file']} and {file} import each other.",
                "Import it where it is used, or move what both need to a module of its own.", sure,
            )  # fmt: skip
        known = names_in(self.sources.get(file, ""))
        alike = get_close_matches(name, known, 1, 0.7)
        chapter = names_in(self.observed.chapter.get(self.chapter_s(file), ""))
        said = f"`{name}` is imported from `{module}`, which has no such name."
        todo = (
            f"It has `{alike[0]}`: one of the two is a slip." if alike else "Is it spelled right?"
        )
        if name in chapter and file in self.sources:
            line = self.class_line(alike[0])[1] if alike and alike[0] in self.classes else 0
            return self.cause(file, line, said, f"Add `{name}` to {file}, as in the chapter."
                              if not alike else todo, sure)  # fmt: skip
        return self.cause(at["file"], at["line"], said, todo, sure)

    def misnamed(self, message: str) -> tuple[str, int]:
        """Return where a path is written that leads to nothing in the project."""
        for path in re.findall(r"['\"]([\w.]+\.\w+)['\"]", message):
            module, _, name = path.rpartition(".")
            file = module.replace(".", "/")
            text = self.sources.get(f"{file}.py", self.sources.get(f"{file}/__init__.py", ""))
            if name not in names_in(text) and self.holding(path)[0]:
                return self.holding(path)
        return "", 0

    def no_template(self, message: str, sure: int) -> Cause | None:
        template = message.split(",")[0].strip()
        app = TEMPLATES_OF.get(template.partition("/")[0])
        if not app:
            return None
        file, line = self.setting("INSTALLED_APPS")
        if app in re.findall(r"['\"]([\w.]+)['\"]", self.sources.get(file, "")):
            file, line = self.setting("TEMPLATES", "APP_DIRS")
            return self.cause(file, line, f"The template {template} is not found, although "
                f"`{app}` is installed.", 'Is "APP_DIRS": True in TEMPLATES?', sure)  # fmt: skip
        return self.cause(
            file, line,
            f"The template {template} is not found: it comes with the app `{app}`, which is not "
            "in INSTALLED_APPS.", f'Add "{app}" to INSTALLED_APPS.', sure,
        )  # fmt: skip

    def no_migration(self, message: str, sure: int) -> Cause | None:
        """A migration that depends on one that is not there."""
        found = re.search(r"Migration (\w+)\.(\w+) .*\('(\w+)', '(\w+)'\)", message)
        if not found or found[1] not in self.apps:
            return None
        app, name, other, missing = found.groups()
        file = f"{self.apps[app]}/migrations/{name}.py"
        line, _ = self.line_of(file, missing)
        there = [
            one for one in self.sources if one.startswith(f"{self.apps.get(other)}/migrations/")
        ]
        known = [one.rpartition("/")[2].removesuffix(".py") for one in there]
        alike = get_close_matches(missing, known, 1, 0.75)
        return self.cause(
            file, line, f"This migration depends on {other}.{missing}, which is not there.",
            f"Did you mean `{alike[0]}`?" if alike
            else "Was that file deleted or renamed? Bring it back, or name the right one here.",
            sure,
        )  # fmt: skip

    def no_patterns(self, message: str, sure: int) -> Cause | None:
        """`include(x)`, where x is a module without urlpatterns, or no module at all."""
        module = re.search(r"URLconf '([\w.]+)'", message)
        if module:
            file = module[1].replace(".", "/") + ".py"
            if file not in self.sources:
                file = file.removesuffix(".py") + "/__init__.py"
            if file in self.sources:
                names = names_in(self.sources[file])
                alike = get_close_matches("urlpatterns", names, 1, 0.7)
                line, _ = self.line_of(file, *alike) if alike else (0, "")
                said = f"{file} is included, and has no list `urlpatterns`."
                todo = f"`{alike[0]}` is a slip." if alike else "Define it: urlpatterns = […]."
                return self.cause(file, line, said, todo, sure)
        for file in self.url_files:
            for number, text in enumerate(self.sources.get(file, "").splitlines(), 1):
                if found := re.search(r"include\((?!\w*\()(\w+)\)", text):
                    said = (
                        f"`{found[1]}` is included, and is neither a module nor a list of routes."
                    )
                    todo = f"Of a router, include its URLs: `include({found[1]}.urls)`."
                    return self.cause(file, number, said, todo, sure)
        return None

    def no_table(self, what: str, name: str, at: Seen | None, sure: int) -> Cause | None:
        if at and sure == LOADING and "/migrations/" not in at["file"]:
            return self.cause(
                at["file"], at["line"],
                f"This line asks the database for `{name}` while the project is loading, when "
                f"there need be no {what} yet.",
                "Leave it to the request: a queryset asks when it is used, `list(…)`, `len(…)` "
                "and a loop ask at once.",
                sure,
            )  # fmt: skip
        app = next((label for label in self.apps if name.startswith(label)), "")
        if not app:
            return None
        return Cause(
            f"{self.apps[app]}/migrations/", 0, "",
            f"The migrations make no {what} `{name}`.",
            "Run `python manage.py makemigrations`, then `python manage.py migrate`.", sure,
        )  # fmt: skip

    def blame(self, chain: list[Seen], failure: Seen | None, sure: int) -> Cause | None:
        """Return the line of the project that an exception has to do with."""
        raised = chain[-1] if own_frames(chain[-1]) else chain[0]
        shown = chain[0]
        told = raised if raised is not shown and raised["message"].strip() else shown
        first = (told["message"].strip().splitlines() or ["no more is said"])[0]
        said = f"{told['type']}: {first}"
        todo = "Look at this line, and at what it uses."
        frames = [frame for one in reversed(chain) for frame in reversed(own_frames(one))]
        frames = [frame for frame in frames if frame["file"] != "manage.py"] or frames
        library = next((f["file"] for f in reversed(shown["frames"]) if not f["own"]), "")
        if cause := self.noticed(library):
            return replace(cause, said=f"{cause.said} ({said})", sure=sure)
        # A name that a line of the project has from elsewhere than the chapter's
        for frame in frames:
            for one in self.differences:
                name = one.symbol.rpartition(":import ")[2]
                if one.symbol != name and one.file == frame["file"] and re.search(
                    rf"\b{re.escape(name)}\b", frame["code"]
                ):  # fmt: skip
                    return self.cause(
                        one.file, one.line, f"{sentence(said)} {self.told(one)}",
                        "Compare it with the chapter.", sure,
                    )  # fmt: skip
        # A line of the project that the chapter has not, or in a function that is not the chapter's
        for frame in frames:
            if difference := self.differs(lambda one, frame=frame: self.within(one, frame)):
                line = frame["line"] if self.is_new(frame) else difference.line
                return self.cause(
                    frame["file"], line, f"{sentence(said)} {self.told(difference)}",
                    "Compare it with the chapter.", sure,
                )  # fmt: skip
        if frames and self.is_new(frames[0]) and self.observed.chapter:
            return self.cause(frames[0]["file"], frames[0]["line"], said, todo, sure)
        if difference := self.behind(chain, library, failure):
            return self.cause(
                difference.file, difference.line, f"{sentence(said)} {self.told(difference)}",
                "Compare it with the chapter.", sure,
            )  # fmt: skip
        if failure and len(self.differences) <= 3 and (found := self.related_difference(failure)):
            return self.cause(
                found.file, found.line, f"{sentence(said)} {self.told(found)}",
                "Compare it with the chapter.", sure,
            )  # fmt: skip
        if not frames and failure and failure.get("raised") is chain[0]:
            # Raised in the promise itself: its question knows more than the message.
            cause = self.of_promise(failure)
            return replace(cause, sure=ASKED) if cause else None
        file, line = self.named_in(shown["message"])
        if (not frames and file) or (file and frames and not self.is_new(frames[0])):
            return self.cause(file, line, said, todo, sure)
        if frames:
            return self.cause(frames[0]["file"], frames[0]["line"], said, todo, sure)
        if failure is None:
            if any(one.get("at") == "urls" for one in self.observed.findings):
                return self.cause(self.urls, 0, said, "Look at your URLs.", sure)
            return self.cause(self.settings, 0, said, "Look at your settings.", sure)
        cause = self.of_promise(failure)
        return (
            replace(cause, said=f"{cause.said} {said}", sure=min(sure, COMPARED)) if cause else None
        )

    def within(self, difference: Difference, frame: Seen) -> bool:
        """Whether a difference is in the very function, or the class's body, of a frame."""
        if difference.file != frame["file"]:
            return False
        if difference.line == frame["line"]:
            return True
        if frame["function"] in {"<module>", "<lambda>"}:
            return difference.kind != "missing" and self.is_new(frame) and abs(
                difference.line - frame["line"]
            ) <= 3  # fmt: skip
        return frame["function"] == difference.symbol.rpartition(".")[2]

    def is_new(self, frame: Seen) -> bool:
        """Whether the chapter's file has no such line."""
        theirs = self.observed.chapter.get(self.chapter_s(frame["file"]))
        if theirs is None:
            return not self.observed.chapter
        return frame["code"] not in {line.strip() for line in theirs.splitlines()}

    def behind(self, chain: list[Seen], library: str, failure: Seen | None) -> Difference | None:
        """Return the difference that an exception in a line as in the chapter goes back to."""
        message = " ".join(one["message"] for one in chain)
        names = set(PLAIN_CODE.findall(message)) - {"object", "has", "attribute", "the", "not"}
        codes = " ".join(f["code"] for one in chain for f in own_frames(one))
        setting = SETTINGS_OF.get(library, "")
        # The line of a library where it was raised says what was read: `self.permission_classes`
        deepest = [one["frames"][-1] for one in chain if one["frames"]]
        read = {
            name for one in deepest if not one["own"] for name in PLAIN_CODE.findall(one["code"])
        }
        view = ((failure or {}).get("exchange") or {}).get("view") or {}
        near = related(view["name"], self.classes) if view.get("name") else {}

        def score(one: Difference) -> float:
            points = 0.0
            last = one.symbol.rpartition(".")[2]
            text = set(PLAIN_CODE.findall(f"{one.ours} {one.theirs} {one.here} {one.there}"))
            if last in names or one.owner in names:
                points += 3
            points += min(2, len(names & text))
            if one.owner and re.search(rf"\b{re.escape(one.owner)}\b", codes):
                points += 2
            if setting and one.symbol.startswith(setting):
                points += 3
            if one.owner in near:
                points += 2
            if last in read:
                points += 1.5
            if len(self.differences) <= 2:
                points += 1.5
            return points

        return self.best(score, 2.5)


def own_frames(raised: Seen) -> list[Seen]:
    return [frame for frame in raised["frames"] if frame["own"]]


def names_in(text: str) -> list[str]:
    """Return what a module defines."""
    found = []
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found


def variable(kind: str, message: str, code: str, raised: Seen) -> str:
    """Return the environment variable that a line of the settings asks for, and does not get."""
    if kind == "KeyError" and "environ" in code:
        return message.strip("'\"")
    if kind == "UndefinedValueError":
        return message.partition(" ")[0]
    found = re.search(r"Set the (\w+) environment variable", message)
    return found[1] if found else ""
