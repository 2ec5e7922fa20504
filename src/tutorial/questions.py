"""The questions that the book, the demo, the lab and an instructor ask: ``questions.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("questions.toml")


@cache
def questions(of: str) -> dict[str, dict[str, Any]]:
    """Return the questions of the "book", "demo" or "lab" by their names, in their order."""
    return _all()[of]


@cache
def questions_of_the_lab() -> dict[str, dict[str, Any]]:
    """Return what the lab asks, by the step of its story: its own questions, and others' too."""
    shared = (each for of in ("book", "demo") for each in questions(of).values() if "lab" in each)
    asked = {each["lab"]: each for each in shared} | questions("lab")
    return {
        step: {"ask": each["ask"], "choices": each.get("choices", [])}
        for step, each in asked.items()
    }


def with_choices(question: dict[str, Any]) -> str:
    """Return a question as it is read aloud: "What is the status? 200, 401 or 500?"."""
    *others, last = question.get("choices", [""])
    return f"{question['ask']} {', '.join(others)} or {last}?" if others else question["ask"]


@cache
def _all() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
