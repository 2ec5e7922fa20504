"""The questions that the book, the demo and the instructor's guide ask: ``questions.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("questions.toml")


@cache
def questions(of: str) -> dict[str, dict[str, Any]]:
    """Return the questions of the "book" or of the "demo" by their names, in their order."""
    found: dict[str, dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))[of]
    return found
