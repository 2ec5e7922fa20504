"""The one way to a browser, for the lab's tests, the book's tests and the pictures."""

from __future__ import annotations

import os
import shutil

from tutorial.errors import Problem

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = [
    "--no-sandbox",  # without it, Chromium refuses to be started by root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or what the variable CHROMIUM says."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def chromium() -> str:
    """Return the path of an installed Chromium. Raises Problem when there is none."""
    if path := find_chromium():
        return path
    raise Problem("No Chromium found: install one, or name it in the variable CHROMIUM.")
