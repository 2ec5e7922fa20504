"""``tutorial check``: a part's promises on somebody's own project, and the cause in words.

recognise the project → copy it → look at it, and run the promises, in its own Python → diagnose
→ report. Nothing in the project changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import packages_distributions
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tutorial.checking import project as projects
from tutorial.checking import report
from tutorial.checking.diagnosis import Diagnosis, Observed, diagnose
from tutorial.checking.project import Project
from tutorial.checking.run import Outcome, run
from tutorial.checking.tools import tools_for
from tutorial.errors import Problem
from tutorial.ladder import LADDER, ROOT, Part, canonical
from tutorial.project_files import copy_what_runs, own_files, what_runs
from tutorial.running.folder import temporary_folder

TOTALS = ROOT / ".cache" / "promises.json"
SOON = 1.0  # seconds into a check in a watch: what has failed by then is told, if not all is known


def check(
    part: Part,
    path: Path,
    console: Console,
    *,
    everything: bool = False,
    as_json: bool = False,
    first: list[str] | None = None,
) -> report.Result:
    """Check the project in a folder or a zip file against a part, and print what to fix.

    ``everything`` prints all causes in full; ``as_json`` prints JSON in place of words. ``first``
    names the promises to begin with. Raises Problem when the project cannot be checked.
    """
    with projects.opened(path) as folder:
        project = projects.recognise(folder)
        if not as_json:
            report.announce(part, project, path, console)
        said = (lambda text: None) if as_json else (lambda text: console.print(text, style="dim"))
        tools = tools_for(project.python, said)
        sources = read(project.path, what_runs(project.path))
        with working_copy(project.path) as copy:
            outcome = watched_run(
                part, project, copy, tools, console, first, as_json, sources, everything
            )
        result = report.Result(
            part=part,
            project=project,
            asked=path,
            outcome=outcome,
            diagnosis=judge(part, outcome, sources, project.python.path),
            total=outcome.total or known_total(part),
        )
    if outcome.broken and not result.diagnosis.causes:
        raise Problem(
            f"The promises could not be run to the end.\n{outcome.broken.strip()[-1500:]}"
        )
    remember_total(part, outcome)
    if as_json:
        # Not through the console, which would break long lines.
        print(json.dumps(report.as_data(result), indent=2, ensure_ascii=False))
    else:
        report.tell(result, console, everything=everything)
    return result


def judge(part: Part, outcome: Outcome, sources: dict[str, str], python: str = "") -> Diagnosis:
    """Return the causes of what was seen."""
    chapter = read(part.path, own_files(part.path))
    return diagnose(
        Observed(
            facts={"executable": python} | outcome.facts,
            findings=outcome.findings,
            failures=in_order(outcome),
            sources=sources,
            chapter=chapter,
            # It takes a moment, and only a failed import asks for it.
            distributions=distributions() if "ModuleNotFoundError" in str(outcome) else {},
        )
    )


def in_order(outcome: Outcome) -> list[dict[str, object]]:
    """The promises that do not hold, in the order of the chapters."""
    place = {promise["id"]: number for number, promise in enumerate(outcome.promises)}
    return sorted(outcome.failed, key=lambda one: place.get(one.get("id", ""), 0))


def read(folder: Path, files: Iterator[Path]) -> dict[str, str]:
    """Return the texts that a diagnosis reads, by their path."""
    found = {}
    for path in files:
        if path.suffix in {".py", ".txt", ".toml", ".html", ".cfg"}:
            with suppress(OSError):
                found[path.as_posix()] = (folder / path).read_text("utf-8", "replace")
    return found


@contextmanager
def working_copy(path: Path) -> Iterator[Path]:
    """Yield a copy of what runs of the project, in a folder that is gone afterwards."""
    with temporary_folder("tutorial-check-") as folder:
        copy = folder / "project"
        copy_what_runs(path, copy)
        yield copy


def distributions() -> dict[str, str]:
    """Return which of the ladder's distributions provides a name that is imported.

    From this environment, which has them all: ``PIL`` is provided by ``pillow``.
    """
    listed = {name for part in LADDER for name in part.packages}
    found = {}
    for imported, providers in packages_distributions().items():
        for provider in providers:
            if canonical(provider) in listed:
                found[imported] = canonical(provider)
    return found


def watched_run(
    part: Part,
    project: Project,
    copy: Path,
    tools: list[str],
    console: Console,
    first: list[str] | None,
    quiet: bool,
    sources: dict[str, str],
    everything: bool,
) -> Outcome:
    """Run the promises, with a line that shows how far they are.

    In a watch, whoever waits is told what has become of the promises that failed last time.
    """
    wanted = set(first or [])
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as progress:
        task = progress.add_task("Getting ready", total=None)
        told, start = False, time.monotonic()

        def seen(outcome: Outcome) -> None:
            nonlocal told
            failed = len(outcome.failed)
            description = f"{failed} not held so far" if failed else "Checking"
            progress.update(
                task,
                description=description if outcome.results else "Getting ready",
                completed=len(outcome.results),
                total=outcome.total or None,
            )
            if wanted and not told and not quiet and outcome.results:
                done = {result["id"] for result in outcome.results}
                again = wanted & {promise["id"] for promise in outcome.promises}
                told = again <= done or bool(failed and time.monotonic() - start > SOON)
                if told:
                    tell_early(part, outcome, sources, console)

        return run(part, project, copy, tools, first=first, seen=seen, everything=everything)


def tell_early(part: Part, outcome: Outcome, sources: dict[str, str], console: Console) -> None:
    """Say what has become of the promises that failed last time, while the others are checked."""
    if not outcome.failed:
        console.print("\n✓ What did not hold last time holds now.", style="green")
    elif causes := judge(part, outcome, sources).causes:
        console.print()
        report.tell_first(causes[0], console)
    console.print("  …", style="dim")


def known_total(part: Part) -> int:
    """Return how many promises the part had when it was last checked to the end; 0 if unknown."""
    with suppress(OSError, ValueError):
        return int(json.loads(TOTALS.read_text(encoding="utf-8")).get(part.slug, 0))
    return 0


def remember_total(part: Part, outcome: Outcome) -> None:
    if not outcome.total or known_total(part) == outcome.total:
        return
    with suppress(OSError, ValueError):
        totals = json.loads(TOTALS.read_text(encoding="utf-8")) if TOTALS.exists() else {}
        TOTALS.parent.mkdir(exist_ok=True)
        half = TOTALS.with_suffix(f".{time.monotonic_ns()}")
        half.write_text(json.dumps(totals | {part.slug: outcome.total}), encoding="utf-8")
        half.replace(TOTALS)


def watch(
    part: Part,
    path: Path,
    console: Console,
    show: Callable[[Problem], None],
    *,
    everything: bool = False,
) -> None:
    """Check, and check again whenever a file that matters changes, until Ctrl-C."""
    from tutorial.checking.watching import changes

    failed: list[str] = []
    with changes(path) as wait:
        while True:
            try:
                result = check(part, path, console, everything=everything, first=failed)
                failed = [one["id"] for one in in_order(result.outcome)] or failed  # type: ignore[misc]
            except Problem as problem:
                show(problem)
            console.print("\nWaiting for a change. Press Ctrl-C to stop.", style="dim")
            wait()
            console.rule(time.strftime("%H:%M:%S"))
