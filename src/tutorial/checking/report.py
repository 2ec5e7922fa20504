"""What a check says: for a person in a terminal, and for a program as JSON."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tutorial.checking.diagnosis import ASKED, Cause, Diagnosis, sentence
from tutorial.checking.project import Project
from tutorial.checking.run import Outcome
from tutorial.ladder import Part, find

OTHERS = 6  # lines: with the first cause they fit a screen


@dataclass
class Result:
    """All that a check found out."""

    part: Part
    project: Project
    asked: Path
    outcome: Outcome
    diagnosis: Diagnosis
    total: int  # promises; 0 when nobody knows yet

    @property
    def held(self) -> bool:
        outcome = self.outcome
        return (
            not self.diagnosis.causes
            and not outcome.failed
            and not outcome.broken
            and 0 < outcome.total == len(outcome.results)
        )

    @property
    def unsupported(self) -> str:
        """Say, in a sentence, what of this project the chapters' promises cannot be asked of."""
        login = self.outcome.facts.get("login", "username")
        if login == "username":
            return ""
        users = [one for one in self.outcome.results if one["outcome"] == "skipped"]
        how = f"by `{login}`" if login else "without a username"
        return (
            f"Users of this project log in {how}, those of the chapters by `username`: "
            f"{len(users)} promises that need a user cannot be checked. The others are."
        )


def line(console: Console, text: str = "", style: str = "", indent: int = 0) -> None:
    """Print a line, wrapped at the terminal's width, its colours only where there are some."""
    console.print(
        Text(wrapped(text, console, indent), style=style), highlight=False, soft_wrap=True
    )


def wrapped(text: str, console: Console, indent: int = 0, first: str = "") -> str:
    """Break a text into lines that fit, each with its indent; a long path or name stays whole."""
    space = " " * indent
    return textwrap.fill(
        text,
        max(40, console.width - 1),
        initial_indent=first or space,
        subsequent_indent=" " * len(first) if first else space,
        break_long_words=False,
        break_on_hyphens=False,
    )


def announce(part: Part, project: Project, asked: Path, console: Console) -> None:
    """Say what is checked, and with which Python."""
    where = asked.expanduser().resolve()
    console.print(
        Text.assemble(
            "Checking ", (str(where), "bold"), f" against part {part.number}, {part.title}."
        ),
        highlight=False,
        soft_wrap=True,
    )
    version = ".".join(map(str, project.python.version))
    console.print(
        f"Python {version}: {project.python.why}.", style="dim", highlight=False, soft_wrap=True
    )
    for note in project.notes:
        line(console, note, "yellow")


def notes(result: Result) -> list[str]:
    """Return what a person should know before anything else."""
    found = []
    package = result.outcome.facts.get("settings", "medium").partition(".")[0]
    if package != "medium":
        found.append(
            f"Your project's package is `{package}`; the chapters call it `medium`. "
            "Read the one for the other."
        )
    for finding in result.outcome.findings:
        if finding["kind"] == "prefix":
            heads = sorted(set(finding["prefixes"].values()))
            path = next(iter(finding["prefixes"]))
            found.append(
                f"Your API is below {', '.join(heads)}: for {path}/ in a chapter, read "
                f"{finding['prefixes'][path]}{path}/."
            )
    if result.unsupported:
        found.append(result.unsupported)
    return found


def tell(result: Result, console: Console, *, everything: bool = False) -> None:
    """Print the cause to fix first, then what else does not hold; or what comes next."""
    for note in notes(result):
        line(console, note, "yellow")
    causes = result.diagnosis.causes
    if not causes:
        tell_what_holds(result, console)
        return
    console.print()
    tell_first(causes[0], console)
    if result.diagnosis.blocked:
        tell_others(causes[1:], console, everything)
        console.print()
        number = result.total
        what = f"{number} promises" if number else "The promises"
        line(console, f"{what} cannot be checked until this is fixed.", "bold")
        return
    goes_with = len(causes[0].promises) - 1
    if goes_with > 0:
        console.print()
        line(console, f"{counted(goes_with)} because of this.", indent=2)
        if everything:
            for name in causes[0].promises[1:]:
                line(console, f"· {promise(result, name)}", "dim", 4)
    sure = [cause for cause in causes[1:] if cause.sure > ASKED]
    asked = [cause for cause in causes[1:] if cause.sure == ASKED]
    tell_others(sure, console, everything)
    tell_asked(result, asked, console, everything, after=causes[0].sure > ASKED)
    tell_parts(result, console)
    more = "" if everything or len(causes) == 1 else " `--all` shows everything in full."
    line(console, f"Fix the first one, then check again.{more}")


def counted(number: int) -> str:
    return "1 more promise does not hold" if number == 1 else f"{number} more promises do not hold"


def promise(result: Result, name: str) -> str:
    return next((str(one["promise"]) for one in result.outcome.results if one["id"] == name), name)


def tell_first(cause: Cause, console: Console) -> None:
    """Print one cause: the file, the line, what is wrong, and what to do."""
    place = Text("✗ ", style="red")
    if cause.file:
        place.append(cause.file, style="bold")
        place.append(f", line {cause.line}" if cause.line else "")
        place.append(":" if cause.code else "")
    else:
        place.append("Before anything else:", style="bold")
    console.print(place, highlight=False, soft_wrap=True)
    if cause.code:
        console.print(
            Text(f"    {cause.code[:110]}", style="cyan"), highlight=False, soft_wrap=True
        )
    console.print()
    if cause.seen and not cause.said.startswith(cause.seen):
        # The exception is told once: in the cause, where it is part of it.
        request, _, error = cause.seen.partition(" (")
        told = error and cause.said.startswith(error.rstrip(".)"))
        line(console, sentence(request if told else cause.seen), indent=2)
    line(console, sentence(cause.said), indent=2)
    todo = Text(wrapped(sentence(cause.todo), console, first="  → "))
    todo.stylize("green", 2, 3)
    console.print(todo, highlight=False, soft_wrap=True)


def tell_others(causes: list[Cause], console: Console, everything: bool) -> None:
    """Print the causes that something else was seen of, one line each."""
    if not causes:
        return
    console.print()
    if everything:
        for cause in causes:
            tell_first(cause, console)
            console.print()
        return
    line(console, "Then:")
    for cause in causes[:OTHERS]:
        place = f"{cause.file}, line {cause.line}" if cause.line else cause.file
        one_line(console, f"  ✗ {place}: {cause.said}")
    if len(causes) > OTHERS:
        line(console, f"  … and {len(causes) - OTHERS} more.")


def tell_asked(
    result: Result, causes: list[Cause], console: Console, everything: bool, *, after: bool
) -> None:
    """Print the promises of which no more is known than that they do not hold."""
    if not causes:
        return
    console.print()
    if everything:
        for cause in causes:
            tell_first(cause, console)
            console.print()
        return
    also = "These do not hold either, perhaps for the same reason:" if after else "Then:"
    line(console, also)
    for cause in causes[:OTHERS]:
        one_line(console, f"  ✗ {promise(result, cause.promises[0])}")
    if len(causes) > OTHERS:
        line(console, f"  … and {len(causes) - OTHERS} more.")


def one_line(console: Console, text: str) -> None:
    text = " ".join(text.split()) if not text.startswith("  ") else "  " + " ".join(text.split())
    width = max(40, console.width)
    console.print(
        Text(text if len(text) <= width else f"{text[: width - 1]}…"),
        highlight=False,
        no_wrap=True,
        crop=True,
    )


def by_part(result: Result) -> dict[int, list[dict[str, Any]]]:
    parts: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in result.outcome.results:
        if one["outcome"] != "skipped":
            parts[one["part"]].append(one)
    return dict(sorted(parts.items()))


def tell_parts(result: Result, console: Console) -> None:
    """Print how many promises hold, and in which parts some do not."""
    results = [one for many in by_part(result).values() for one in many]
    failed = {
        number: sum(one["outcome"] == "failed" for one in many)
        for number, many in by_part(result).items()
    }
    console.print()
    held = sum(one["outcome"] == "passed" for one in results)
    where = ", ".join(f"{count} in part {number}" for number, count in failed.items() if count)
    more = f"; not: {where}" if where else ""
    line(console, f"{held} of {len(results)} promises hold{more}.")
    if waiting := result.outcome.put_off:
        line(console, f"{waiting} more, about attacks, are checked once these hold.", "dim")


def tell_what_holds(result: Result, console: Console) -> None:
    """Celebrate in a line, and say what is next."""
    part = result.part
    if not result.held:
        line(
            console,
            f"Only {len(result.outcome.results)} of {result.outcome.total} promises were checked: "
            "the check was stopped early. Check again.",
            "red",
        )
        return
    console.print()
    held = sum(one["outcome"] == "passed" for one in result.outcome.results)
    what = f"✓ All {held} promises up to part {part.number}, {find(part.number).title}, hold."
    line(console, f"{what} Well done!", "bold green")
    if part.after:
        line(console, f"Next is part {part.after.number}: {part.after.adds}.")
        line(console, f"See what it changes: tutorial diff {part.number} {part.after.number}")
    else:
        line(console, "This is the last part.")


def as_data(result: Result) -> dict[str, Any]:
    """Return the same for an editor or a classroom."""

    def place(cause: Cause) -> dict[str, Any]:
        return {
            "file": cause.file,
            "line": cause.line,
            "code": cause.code,
            "said": cause.said,
            "seen": cause.seen,
            "todo": cause.todo,
            "observed": cause.sure > ASKED,
            "promises": [promise(result, name) for name in cause.promises],
        }

    return {
        "part": result.part.number,
        "project": str(result.asked.expanduser().resolve()),
        "python": {
            "path": result.project.python.path,
            "version": ".".join(map(str, result.project.python.version)),
            "why": result.project.python.why,
        },
        "holds": result.held,
        "blocked": result.diagnosis.blocked,
        "notes": [*result.project.notes, *notes(result)],
        "promises": result.total,
        "held": sum(one["outcome"] == "passed" for one in result.outcome.results),
        "failed": len(result.outcome.failed),
        "causes": [place(cause) for cause in result.diagnosis.causes],
        "next": result.part.after.number if result.held and result.part.after else None,
    }
