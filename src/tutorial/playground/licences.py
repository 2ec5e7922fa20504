"""The licences of what a playground hands out, in a folder of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

from tutorial.ladder import ROOT
from tutorial.playground import wheels

# Of the packages of npm that a site is made with, those that it holds.
NOT_HANDED_OUT = {"esbuild", "ws"}

PYODIDE = """\
Pyodide {version} is handed out unchanged. This Source Code Form is subject to the terms of the
Mozilla Public License, v. 2.0. If a copy of the MPL was not distributed with this file, You can
obtain one at https://mozilla.org/MPL/2.0/. Its source is at
https://github.com/pyodide/pyodide/tree/{version}.

It holds CPython (Python Software Foundation License, https://docs.python.org/3/license.html),
whose library is compiled here and otherwise unchanged, SQLite (public domain), zlib, bzip2, xz,
HACL* and Emscripten's C library with musl (MIT).
"""


def write_licences(folder: Path, distributions: Iterable[Distribution], modules: Path) -> None:
    """Write the licence files of all that is handed out, and a list of them, into a new folder."""
    folder.mkdir()
    lines = ["What this playground hands out, beside its own pages (LICENSE):", ""]
    (folder / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    for each in distributions:
        texts = list(wheels.licences(each))
        for name, content in texts:
            (folder / f"{each.name}-{name}").write_bytes(content)
        about = dict(each.metadata.items())  # type: ignore[attr-defined]
        stated = about.get("License-Expression") or about.get("License") or ""
        lines.append(f"{each.name} {each.version}: {stated.splitlines()[0] if stated else 'below'}")
    for package in sorted(modules.glob("*/package.json")) + sorted(
        modules.glob("@*/*/package.json")
    ):
        npm = json.loads(package.read_text(encoding="utf-8"))
        name = npm["name"]
        if name in NOT_HANDED_OUT or name.startswith(("@esbuild/", "@types/")):
            continue
        lines.append(f"{name} {npm['version']}: {npm['license']}")
        for path in package.parent.iterdir():
            if re.match(r"(?i)licen[cs]e", path.name):
                plain = name.replace("/", "-").lstrip("@")
                (folder / f"{plain}-{path.name}").write_bytes(path.read_bytes())
        if name == "pyodide":
            text = PYODIDE.format(version=npm["version"])
            (folder / "pyodide-NOTICE").write_text(text, encoding="utf-8", newline="\n")
    (folder / "index.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
