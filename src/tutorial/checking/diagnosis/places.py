"""The project's own files, for a diagnosis: where a setting, a class or a string is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from tutorial.checking.comparison import Difference, classes, compare, other_names, parsed
from tutorial.checking.diagnosis.model import Cause, Observed

PLAIN_CODE = re.compile(r"[A-Za-z_][A-Za-z_0-9]{2,}")


class Places:
    """Knows the files of a project, and those of the chapter."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.sources = observed.sources
        self.settings = observed.facts.get("settings_file") or self.guess("settings.py")
        self.urls = observed.facts.get("urls_file") or self.guess("urls.py")
        self.url_files = [self.urls, *(one for one in self.sources if one.endswith("urls.py"))]
        self.apps: dict[str, str] = observed.facts.get("apps", {})
        self.classes = classes(self.sources)
        package = (observed.facts.get("settings") or "medium").partition(".")[0]
        # The chapter's `medium` is this project's package.
        chapter = {
            file: re.sub(r"\bmedium\b", package, text) if file.endswith(".py") else text
            for file, text in observed.chapter.items()
        }
        # And what is the same class under another name is the same class.
        for name, own in other_names(self.sources, chapter).items():
            chapter = {
                file: re.sub(rf"\b{name}\b", own, text) if file.endswith(".py") else text
                for file, text in chapter.items()
            }
        self.differences = [
            one
            for one in compare(self.sources, self.settings, chapter, "medium/settings.py")
            if not self.is_the_place_of_an_app(one)
        ]

    def is_the_place_of_an_app(self, one: Difference) -> bool:
        """`apps.reviews` says what `reviews` says, where the app is in a folder of apps."""
        for label, folder in self.apps.items():
            dotted = folder.replace("/", ".")
            if dotted != label and dotted in one.ours and label in one.theirs:
                return True
        return False

    def guess(self, name: str) -> str:
        found = [file for file in self.sources if file.rpartition("/")[2] == name]
        return min(found, key=lambda file: (file.count("/"), file), default=f"medium/{name}")

    def file(self, name: str) -> str:
        """Return the project's file for the one that a chapter calls ``reviews/views.py``."""
        if name in self.sources:
            return name
        first, _, rest = name.partition("/")
        if name == "medium/settings.py":
            return self.settings
        if name == "medium/urls.py":
            return self.urls
        if first == "medium":
            return f"{self.settings.rpartition('/')[0] or first}/{rest}"
        if first in self.apps:
            return f"{self.apps[first]}/{rest}"
        return name

    def chapter_s(self, file: str) -> str:
        """Return what the chapter calls a file of the project."""
        if file == self.settings:
            return "medium/settings.py"
        if file == self.urls:
            return "medium/urls.py"
        for label, folder in self.apps.items():
            if file.startswith(f"{folder}/"):
                return f"{label}/{file.removeprefix(folder + '/')}"
        return file

    def spelled(self, question: str) -> str:
        """A question with the project's own names of files."""
        return re.sub(
            r"\b(medium|reviews|accounts)/\w+\.py", lambda found: self.file(found[0]), question
        )

    def line_of(self, file: str, *texts: str) -> tuple[int, str]:
        """Return the first line of a file that holds one of the texts, the first ones first."""
        lines = self.sources.get(file, "").splitlines()
        for text in texts:
            for number, line in enumerate(lines, 1):
                if text and text in line and not line.lstrip().startswith("#"):
                    return number, line.strip()
        return 0, ""

    def code(self, file: str, line: int) -> str:
        lines = self.sources.get(file, "").splitlines()
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def cause(self, file: str, line: int, said: str, todo: str, sure: int, **more: Any) -> Cause:
        return Cause(file, line, self.code(file, line), said, todo, sure, **more)

    def setting(self, name: str, key: str = "") -> tuple[str, int]:
        """Return the file and line of a setting, of its key where it has one."""
        for file in self.settings_files():
            if key:
                number, _ = self.line_of(file, f'"{key}"', f"'{key}'", f"{key}=", f"{key} =")
                if number:
                    return file, number
            for number, line in enumerate(self.sources[file].splitlines(), 1):
                if re.match(rf"\s*{re.escape(name)}\b\s*(=|\+=|:|\[)", line):
                    return file, number
        return self.settings, 0

    def settings_files(self) -> list[str]:
        folder = self.settings.rpartition("/")[0]
        beside = [
            file
            for file in self.sources
            if file.endswith(".py") and file.rpartition("/")[0] == folder and file != self.settings
            and (folder.count("/") or "settings" in file.rpartition("/")[2])
        ]  # fmt: skip
        return [file for file in [self.settings, *beside] if file in self.sources]

    def holding(self, text: str) -> tuple[str, int]:
        """Return where a string is in the sources, in the settings if it is there."""
        aside = ("manage.py", "wsgi.py", "asgi.py")
        rest = [
            file
            for file in self.sources
            if file.endswith(".py") and "/migrations/" not in file and not file.endswith(aside)
        ]
        for file in dict.fromkeys([*self.settings_files(), *rest]):
            number, _ = self.line_of(file, f'"{text}"', f"'{text}'")
            if number:
                return file, number
        return "", 0

    def holding_name(self, name: str) -> tuple[str, int]:
        """Return the place where a dotted name is written: whole, or as its beginning."""
        file, line = self.holding(name)
        if file:
            return file, line
        pattern = re.compile(rf"['\"]{re.escape(name)}[.'\"]")
        for source in self.settings_files() + list(self.sources):
            for number, text in enumerate(self.sources[source].splitlines(), 1):
                if source.endswith(".py") and pattern.search(text):
                    return source, number
        return "", 0

    def ending(self, name: str) -> tuple[str, int]:
        """Return where the settings name something by its path: ``"….ReviewsConfig"``."""
        pattern = re.compile(rf"\.{re.escape(name)}['\"]")
        for file in self.settings_files():
            for number, line in enumerate(self.sources[file].splitlines(), 1):
                if pattern.search(line):
                    return file, number
        return "", 0

    def class_line(self, name: str, *inside: str) -> tuple[str, int]:
        """Return where a class of the project is, at the first line in it that holds a text."""
        if name not in self.classes:
            return "", 0
        file, node = self.classes[name]
        lines = self.sources[file].splitlines()
        end = getattr(node, "end_lineno", node.lineno) or node.lineno
        own = {
            target.id: statement.lineno
            for statement in node.body
            for target in getattr(statement, "targets", [getattr(statement, "target", None)])
            if isinstance(target, ast.Name)
        }
        for text in inside:
            if text in own:
                return file, own[text]
        for text in inside:
            pattern = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)") if text else None
            for number in range(node.lineno, min(end, len(lines)) + 1):
                if pattern and pattern.search(lines[number - 1]):
                    return file, number
        return file, node.lineno

    def named_in(self, message: str) -> tuple[str, int]:
        """Return the place of what a message names: a class with an attribute, or a string."""
        names = re.findall(r"['\"`“<]([\w./]+)['\"`”>]", message)
        names += re.findall(r"\b([a-z_]+(?:\.\w+)+)\b", message)
        words = [name.rpartition(".")[2] for name in names]
        for name in names:  # a class that is nowhere, named in the settings by its path
            if name[:1].isupper() and name not in self.classes:
                file, line = self.ending(name)
                if file:
                    return file, line
        for name in [*names, *PLAIN_CODE.findall(message)]:
            last = name.rpartition(".")[2]
            if last in self.classes:
                return self.class_line(last, *[word for word in words if word != last])
        for name in names:
            file, line = self.holding(name)
            if file:
                return file, line
        return "", 0

    def modules(self) -> list[str]:
        found = set()
        for file in self.sources:
            if file.endswith(".py"):
                parts = file.removesuffix(".py").removesuffix("/__init__").split("/")
                found |= {".".join(parts[:size]) for size in range(1, len(parts) + 1)}
        return sorted(found - {"manage"})

    def joined(self) -> Iterable[tuple[str, int, str]]:
        """Yield the strings of the settings that begin on one line and end on another."""
        for file in self.settings_files():
            for node in ast.walk(parsed(self.sources[file])):
                if isinstance(node, ast.List | ast.Tuple):
                    for item in node.elts:
                        text = item.value if isinstance(item, ast.Constant) else None
                        in_two_lines = item.lineno != item.end_lineno
                        if isinstance(text, str) and in_two_lines and "\n" not in text:
                            yield file, item.lineno, text
