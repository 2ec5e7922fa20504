"""Keeps what a project writes inside a run's own folders.

A project may name a log, a cache or an uploads folder at an absolute path, and open it as soon as
its settings are imported. Behind the fence, whatever would be written outside the given folders
is written to the run's state instead, and read back from there; what would be removed or renamed
outside stays. Reading is as ever. Standard library only: it runs in the project's interpreter.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

NEVER = ("/dev/", "/proc/")


def put_up(inside: list[str], state: str) -> None:
    """From now on, let this process write below the folders ``inside`` and nowhere else."""
    allowed = [os.path.realpath(folder) for folder in inside]
    elsewhere = os.path.join(os.path.realpath(state), "elsewhere")  # noqa: PTH118

    def outside(path: Any) -> str:
        """Return the full path of a file that is not ours to change; else an empty string."""
        if isinstance(path, int) or path is None:
            return ""
        try:
            full = os.path.realpath(os.fsdecode(path))
        except (TypeError, ValueError, OSError):
            return ""
        if full == os.devnull or full.startswith(NEVER):
            return ""
        for folder in allowed:
            if full == folder or full.startswith(folder + os.sep):
                return ""
        return full

    def instead(full: str) -> str:
        return os.path.join(elsewhere, *Path(full).parts[1:])  # noqa: PTH118

    def writable(full: str) -> str:
        """Return the file in the run's state that takes another file's place."""
        ours = instead(full)
        os_mkdirs(os.path.dirname(ours), exist_ok=True)  # noqa: PTH120
        return ours

    real_open, real_os_open, os_mkdirs = io.open, os.open, os.makedirs

    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if full := outside(file):
            if set(mode) & set("wax+"):
                ours = writable(full)
                if not os.path.exists(ours) and set(mode) & set("+a") and os.path.isfile(full):  # noqa: PTH110, PTH113
                    with real_open(full, "rb") as old, real_open(ours, "wb") as new:
                        new.write(old.read(1_000_000))
                file = ours
            elif os.path.isfile(instead(full)):  # noqa: PTH113
                file = instead(full)
        return real_open(file, mode, *args, **kwargs)

    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if kwargs.get("dir_fd") is None and (full := outside(path)):
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
                path = writable(full)
            elif os.path.isfile(instead(full)):  # noqa: PTH113
                path = instead(full)
        return real_os_open(path, flags, *args, **kwargs)

    builtins.open = io.open = open_
    os.open = os_open

    real_mkdir = os.mkdir

    def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("dir_fd") is None and (full := outside(path)) and not os.path.exists(full):  # noqa: PTH110
            os_mkdirs(instead(full), exist_ok=True)
            return
        real_mkdir(path, *args, **kwargs)

    os.mkdir = mkdir

    def guard(module: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(module, name)

        def guarded(*paths: Any, **kwargs: Any) -> Any:
            if kwargs.get("dir_fd") is None and any(outside(path) for path in paths[:2]):
                return None
            return real(*paths, **kwargs)

        setattr(module, name, guarded)

    for name in ("remove", "unlink", "rename", "replace", "rmdir", "truncate", "chmod", "utime"):
        guard(os, name)
    guard(shutil, "rmtree")  # it removes by folders that it has opened
