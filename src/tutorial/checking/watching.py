"""Waits for a save that matters, and misses none that comes while a check runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tutorial.project_files import GATHERED, LEFTOVERS, is_leftover

# What a running project writes by itself, beside what is no file of its own.
WRITTEN = ("*.sqlite3*", "*.db", "*.db-journal", "*.log", "*.pyc", "*.tmp", "*~", "*.swp")


def matters(path: Path, root: Path) -> bool:
    """Whether a change of this file can change what a check says."""
    from fnmatch import fnmatch

    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return False
    if any(fnmatch(path.name, pattern) for pattern in (*WRITTEN, *GATHERED)):
        # `migrate` writes the database, and is what the last check may have asked for.
        return path.suffix == ".sqlite3"
    if path.name.startswith(".env"):
        return True
    folders = parts[:-1]
    return not any(is_leftover(part, place == 0) for place, part in enumerate(folders)) and not any(
        fnmatch(path.name, pattern) for pattern in LEFTOVERS
    )


@contextmanager
def changes(path: Path) -> Iterator[Callable[[], None]]:
    """Yield a function that waits for the next change, or returns at once if there was one.

    The watch begins before the first check: what is saved while a check runs counts.
    """
    import watchfiles

    path = path.expanduser().resolve()
    root = path if path.is_dir() else path.parent
    saved, ready, stop = threading.Event(), threading.Event(), threading.Event()

    def follow() -> None:
        for found in watchfiles.watch(
            root,
            watch_filter=lambda _, name: Path(name) == path or matters(Path(name), root),
            debounce=150,  # milliseconds: editors write a file in several steps
            step=40,
            stop_event=stop,
            rust_timeout=200,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            ready.set()
            if found:
                saved.set()

    def wait() -> None:
        while not saved.wait(0.2):  # in steps, so that Ctrl-C is heard on Windows too
            pass
        saved.clear()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield wait
    finally:
        stop.set()
        thread.join(2)
