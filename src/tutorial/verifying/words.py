"""What is said of the jobs: which run, how long it will take, and at the end what failed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tutorial.durations import in_short
from tutorial.ladder import ROOT
from tutorial.verifying.jobs import Job, to_go

MARKS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "[yellow]·[/]"}
LONGEST_EXCERPT = 12  # lines


# Meanwhile


class Board:
    """Shows which jobs run and what is done: a live board on a terminal, lines elsewhere.

    Elsewhere everything that a job wrote is printed when it ends, in one block, because there
    the log may be all that is kept.
    """

    def __init__(self, jobs: Sequence[Job], processors: int, console: Console) -> None:
        self.jobs = jobs
        self.processors = processors
        self.console = console
        self.began = time.monotonic()
        self.live = Live(
            console=console, get_renderable=self.board, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> Board:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.live.stop()

    def started(self, job: Job) -> None:
        if not self.console.is_terminal:
            usual = f", {in_short(job.expected)} the last time" if job.expected else ""
            self.say(f"[bold]{escape(job.name)}[/] begins{usual}")

    def finished(self, job: Job) -> None:
        if not self.console.is_terminal:
            self.console.rule(escape(job.name), align="left", characters="─")
            self.console.out(job.output(), highlight=False, end="")
        self.say(f"{MARKS[job.outcome]} {escape(job.name)} {in_short(job.seconds)}")

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def say(self, text: str) -> None:
        if not self.console.is_terminal:
            text = f"{text} ({self.progress()})"
        self.console.print(text, highlight=False, soft_wrap=True)

    def progress(self) -> str:
        """Return in words how much is done and how much there is to do."""
        for job in self.jobs:
            if job.outcome == "running":
                job.seconds = time.monotonic() - job.began
        done = sum(job.outcome in MARKS for job in self.jobs)
        red = sum(job.outcome == "failed" for job in self.jobs)
        left = to_go(self.jobs, self.processors)
        words = [f"{done} of {len(self.jobs)} done"]
        words += [f"{red} red"] if red else []
        words += [f"{in_short(time.monotonic() - self.began)} so far"]
        words += [f"about {in_short(left)} to go"] if left else []
        return ", ".join(words)

    def board(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        for job in self.jobs:
            if job.outcome == "running":
                of = f" of about {in_short(job.expected)}" if job.expected else ""
                last = Text(last_line(job.log), style="dim", overflow="ellipsis", no_wrap=True)
                grid.add_row(Text(job.name, style="bold"), f"{in_short(job.seconds)}{of}", last)
        whole = Table.grid()
        whole.add_row(Text(self.progress(), style="bold"))
        whole.add_row(grid)
        return whole


def last_line(log: Path) -> str:
    """Return the last line that has something in it, without its colours."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.read().decode(errors="replace"))
    return ([""] + [line.strip() for line in re.split("[\r\n]", text) if line.strip()])[-1]


# At the end


def report(jobs: Sequence[Job], seconds: float, console: Console) -> None:
    """Print the table of all jobs, and for each that is red what failed and how to repeat it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column()
    table.add_column("session")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for job in in_order(jobs):
        took = f"{job.seconds:.0f}" if job.outcome in MARKS else ""
        mark = MARKS.get(job.outcome, " ")
        table.add_row(mark, escape(job.name), took, escape(job.note or stands(job)))
    console.print()
    console.print(table, soft_wrap=True)
    for job in jobs:
        if job.outcome == "failed":
            say_what_failed(job, console)
    console.print(f"\n{total(jobs)} in {in_short(seconds)}", highlight=False)
    add_to_github_summary(jobs, seconds)


def stands(job: Job) -> str:
    return "" if job.outcome in MARKS else "not finished"


def in_order(jobs: Sequence[Job]) -> list[Job]:
    """Sort jobs as a reader wants them: what failed first, then what took longest."""
    return sorted(jobs, key=lambda job: (job.outcome != "failed", -job.seconds))


def total(jobs: Sequence[Job]) -> str:
    """Return the counts in the form that CI services read."""
    count = {each: sum(job.outcome == each for job in jobs) for each in MARKS}
    return "sessions: " + ", ".join(f"{number} {each}" for each, number in count.items())


def say_what_failed(job: Job, console: Console) -> None:
    failure = first_failure(job.output())
    console.print(f"\n[red]✗ [bold]{escape(job.name)}[/][/]", highlight=False)
    if failure.test:
        console.print(f"  {escape(failure.test)}", highlight=False, soft_wrap=True)
    for line in failure.words:
        console.print(f"    {escape(line)}", highlight=False, soft_wrap=True)
    console.print(f"  Repeat: {escape(repeat(job, failure))}", highlight=False, soft_wrap=True)
    log = job.log.relative_to(ROOT)
    console.print(f"  Everything it wrote: {escape(str(log))}", highlight=False, soft_wrap=True)


@dataclass
class Failure:
    """What failed first in a job's output: the test, if it is one, and its words."""

    test: str = ""  # as pytest names it
    words: Sequence[str] = ()
    seed: str = ""  # of the order in which the tests were run


def first_failure(output: str) -> Failure:
    """Find in the output of a session what failed first."""
    summary = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - (.*))?$", output, re.MULTILINE)
    if not summary:
        return Failure(words=last_words(output))
    test, said = summary[1], summary[2] or ""
    seed = re.search(r"^Using --randomly-seed=(\d+)", output, re.MULTILINE)
    title = re.escape(test.partition("::")[2].replace("::", ".") or test)
    block = re.search(
        rf"^_+ (?:ERROR .* )?{title} _+$(.*?)(?=^_{{3,}} .* _{{3,}}$|^=)",
        output,
        re.MULTILINE | re.DOTALL,
    )
    explained = re.findall(r"^E(.*)$", block[1], re.MULTILINE) if block else []
    lines = dedent("\n".join(explained or [said])).splitlines()
    return Failure(test, lines[:LONGEST_EXCERPT], seed[1] if seed else "")


def last_words(output: str) -> list[str]:
    """Return the last lines before nox said that a command had failed."""
    before = re.split(r"^nox > Command .* failed with exit code", output, flags=re.MULTILINE)[0]
    lines = [line for line in before.splitlines() if line.strip()]
    return lines[-LONGEST_EXCERPT:]


def repeat(job: Job, failure: Failure) -> str:
    """Return the command that runs the one test again, or else the whole job."""
    if not (failure.test and job.repeat_test):
        return job.repeat
    test = f'"{failure.test}"' if re.search(r"[^\w./:-]", failure.test) else failure.test
    seed = f" -p randomly --randomly-seed={failure.seed}" if failure.seed else ""
    return f"{job.repeat_test} {test}{seed}"


def add_to_github_summary(jobs: Sequence[Job], seconds: float) -> None:
    """Add the table to the page of a GitHub workflow's run, if this is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    lines = ["| | session | seconds | |", "|---|---|---:|---|"]
    marks = {"passed": "✅", "failed": "❌", "skipped": "⏭"}
    for job in in_order(jobs):
        words = job.note
        if job.outcome == "failed":
            failure = first_failure(job.output())
            words = f"`{repeat(job, failure)}`"
        cells = (marks.get(job.outcome, ""), job.name, f"{job.seconds:.0f}", words)
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    with Path(path).open("a", encoding="utf-8") as file:
        file.write("\n".join([*lines, "", f"{total(jobs)} in {in_short(seconds)}", ""]) + "\n")
