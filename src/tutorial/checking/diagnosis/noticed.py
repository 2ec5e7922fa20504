"""Causes that are seen without a request: system checks, and settings a library cannot use."""

from __future__ import annotations

import re
from difflib import get_close_matches

from tutorial.checking.diagnosis.compared import Compared
from tutorial.checking.diagnosis.model import CONFIRMED, LOADING, NOTICED, Cause, Seen

SETTINGS_OF = {
    "rest_framework_simplejwt": "SIMPLE_JWT",
    "jwt": "SIMPLE_JWT",
    "rest_framework": "REST_FRAMEWORK",
    "rest_flex_fields": "REST_FLEX_FIELDS",
    "pictures": "PICTURES",
    "corsheaders": "CORS_",
    "django_filters": "FILTERS_",
}


class Noticed(Compared):
    """Turns system checks and odd settings into causes."""

    def of_check(self, finding: Seen) -> Cause | None:
        """A system check of Django's: the object says where, or its id does."""
        name, message = finding["id"], finding["message"].replace("\n", " ")
        file, line = finding.get("file", ""), finding.get("line", 0)
        if finding.get("object") in self.classes:
            owner = finding["object"]
            words = [finding.get("field", ""), *re.findall(r"'([\w.]+)'", message)]
            # "X must define …, because it's referenced by Y": the object is Y
            lacking = re.match(r"(\w+) must define", message)
            if lacking and lacking[1] in self.classes:
                owner = lacking[1]
            attribute = re.match(r"The value of '([\w.]+?)(?:\[\d+\])?'", message)
            file, line = self.class_line(
                owner, *(word.rpartition(".")[2] for word in words if word)
            )
            if attribute and self.class_line(owner, attribute[1])[1]:
                file, line = self.class_line(owner, attribute[1])
        if name.startswith("urls") and not file:
            file, line = self.of_url_check(message)
        if not file:
            file, line = self.named_in(message)
        if not file:
            file, line = self.of_library_s_check(name, message)
        sure = LOADING if finding["fatal"] else NOTICED
        hint = finding["hint"].replace("\n", " ").strip()
        todo = hint or "Look at this line."
        if name == "fields.W161":
            todo = "Give the function itself, without parentheses: `default=timezone.now`."
        return self.cause(file, line, f"{message} ({name})", todo, sure)

    def of_url_check(self, message: str) -> tuple[str, int]:
        """Of a route no object is told, only its pattern, and the name of its view."""
        for setting in re.findall(r"\b[A-Z]+_[A-Z_]+\b", message):
            file, line = self.setting(setting)
            if line:
                return file, line
        names = [
            *re.findall(r"'([^' ]+)'", message),
            *re.findall(r"\b[A-Z]\w+[a-z][A-Z]\w+", message),
        ]
        for name in names:
            for file in self.url_files:
                plain = name.strip("^$")
                half = plain.rstrip("/")  # what a router was given of it
                line, _ = self.line_of(
                    file, *(f"{mark}{one}{mark}" for one in (name, plain, half) for mark in "\"'"),
                    f"{name})",
                )  # fmt: skip
                if line:
                    return file, line
        return self.urls, 0

    def of_library_s_check(self, name: str, message: str) -> tuple[str, int]:
        found = re.findall(r"\b([A-Z][A-Z_]{3,})\b", message)
        for setting in found:
            file, line = self.setting(setting)
            if line:
                return file, line
        return self.setting(found[0] if found else "INSTALLED_APPS")

    def of_engine(self, finding: Seen) -> Cause:
        file, line = self.holding(finding["engine"])
        if not file:
            file, line = self.setting("DATABASES")
        known = [
            f"django.db.backends.{name}" for name in ("sqlite3", "postgresql", "mysql", "oracle")
        ]
        alike = get_close_matches(finding["engine"], known, 1, 0.8)
        said = finding.get("message") or f"There is no database engine `{finding['engine']}`."
        todo = f"Did you mean `{alike[0]}`?" if alike else "Is its driver installed?"
        return self.cause(file, line, said, todo, LOADING)

    def of_setting(self, finding: Seen) -> Cause | None:
        name, key, wrong = finding["setting"], finding["key"], finding["wrong"]
        file, line = self.setting(name, key)
        said = f"`{name}` has a key that is not known: `{key}`."
        todo = "Remove it, or correct its name."
        if wrong == "unknown":
            alike = get_close_matches(key, finding["known"], 1, 0.75)
            if alike:
                said = f"`{name}` has no key `{key}`: it is ignored."
                todo = f"Did you mean `{alike[0]}`?"
        elif wrong == "empty":
            said, todo = f"`{name}` is not set.", finding.get("hint", "Set it.")
        elif finding["wanted"] == "timedelta":
            said = f"`{key}` is {finding['got']}; Simple JWT needs a timedelta."
            todo = f"Write `{key}`: timedelta(minutes=5), with `from datetime import timedelta`."
        elif finding["wanted"] == "list":
            said = f"`{key}` is a string, {finding['got']}, and has to be a list."
            todo = "Put it in brackets: a tuple of one item needs a comma."
        else:
            said, todo = f"`{name}` has to be a {finding['wanted']}.", "Correct it."
        return self.cause(file, line, said, todo, NOTICED)

    def slip(self, setting: str) -> Cause | None:
        """Return the key of the settings that was meant to be this one, and is spelled wrong."""
        for finding in self.observed.findings:
            unknown = finding["kind"] == "setting" and finding["wrong"] == "unknown"
            if unknown and get_close_matches(finding["key"], [setting], 1, 0.75):
                return self.of_setting(finding)
        for one in self.differences:
            if one.kind == "renamed" and one.symbol == f"REST_FRAMEWORK.{setting}":
                return self.cause(
                    one.file, one.line, self.told(one), "Compare it with the chapter.", NOTICED
                )
        return None

    def noticed(self, library: str) -> Cause | None:
        """Return what is odd in the settings of the library that an exception comes from."""
        name = SETTINGS_OF.get(library, "")
        for finding in self.observed.findings:
            if finding["kind"] == "setting" and finding["setting"] == name:
                return self.of_setting(finding)
        return None

    def of_key(self, finding: Seen) -> Cause:
        jwt = next((f for f in self.settings_files() if "SIGNING_KEY" in self.sources[f]), "")
        file, line = self.setting("SECRET_KEY")
        if jwt and not re.search(r"random|token_|uuid|urandom|get_random", self.code(file, line)):
            file, line = self.setting("SIMPLE_JWT", "SIGNING_KEY")
        return self.cause(
            file,
            line,
            "The key that signs tokens is different in each process: after a restart, or in "
            "a second server process, every token and every session is invalid.",
            "Read it from the environment, with a fixed default for development.",
            CONFIRMED,
        )
