"""What a diagnosis is made of: what was observed, and the causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Seen = dict[str, Any]

# How sure a cause is: by what it was concluded from.
LOADING, RAISED, CONFIRMED, NOTICED, COMPARED, ASKED = 6, 5, 4, 3, 2, 1


def sentence(text: str) -> str:
    """Return a text on one line, with the full stop that it may have already."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text}."


@dataclass(frozen=True)
class Cause:
    """One thing to fix."""

    file: str  # in the project, with forward slashes; "" when it is not in a file
    line: int  # 0 when it is not one line
    code: str  # that line
    said: str  # what is wrong, in a sentence or two
    todo: str  # the next step
    sure: int
    seen: str = ""  # the request and the response, where there was one
    promises: tuple[str, ...] = ()  # those that do not hold because of it

    @property
    def key(self) -> tuple[str, int, str]:
        # Without a line: what is sure of one file is one thing, what is asked is many.
        apart = "" if self.line or CONFIRMED <= self.sure < LOADING else self.todo + self.said
        return self.file, self.line, apart


@dataclass(frozen=True)
class Observed:
    """All that a diagnosis is made from. Plain data: JSON can carry it."""

    facts: Seen = field(default_factory=dict)
    findings: list[Seen] = field(default_factory=list)
    failures: list[Seen] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)  # the project's files
    chapter: dict[str, str] = field(default_factory=dict)  # the part's files
    distributions: dict[str, str] = field(default_factory=dict)  # what to install for an import
    parts_apps: tuple[str, ...] = ("reviews", "accounts")


@dataclass(frozen=True)
class Diagnosis:
    """The causes, what to fix first at the top, and the promises that go with none of them."""

    causes: list[Cause]
    blocked: bool = False  # nothing more can be said until the first is fixed
    slips: tuple[str, ...] = ()  # errors of ours, for the tests: nobody else is told
