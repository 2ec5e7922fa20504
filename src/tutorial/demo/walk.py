"""A walk through a token's life on a real server, told in a terminal.

The server is that of a part with tokens, unmodified. See the steps for what is shown.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError

import requests
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tutorial.demo.guide import MARGIN, Guide
from tutorial.demo.render import busy
from tutorial.demo.steps import STEPS, WalkStep
from tutorial.errors import Problem
from tutorial.ladder import Part, first
from tutorial.running.server import serve

TOKENS = first("has_tokens")


def run(
    *,
    console: Console,
    pause: bool = False,
    real_time: bool = False,
    part: Part = TOKENS,
    access_lifetime: float = 10,
) -> bool:
    """Take the walk; return whether every promise was kept.

    ``pause`` waits for Enter before each step. ``real_time`` waits for an access token of
    ``access_lifetime`` seconds instead of moving the server's clock. Steps that the part
    cannot take yet are left out.
    """
    if not console.is_terminal:
        console.width = 100  # not that of a terminal somewhere behind the pipe
    if pause and not (sys.stdin and sys.stdin.isatty()):
        console.print("Not pausing: standard input is not a terminal, so nobody can press Enter.")
        pause = False
    started = time.monotonic()
    try:
        steps = [step for step in STEPS if step.can_be_taken_on(part)]
        with ExitStack() as stack:
            with busy(console, f"Starting the server of part {part.number}, {part.title} …"):
                server = stack.enter_context(
                    serve(
                        part.path,
                        clock=not real_time,
                        access_lifetime=access_lifetime if real_time else None,
                    )
                )
            guide = Guide(console, server, part)
            stack.enter_context(guide.session)
            for number, step in enumerate(steps, 1):
                guide.number = number
                take(guide, step, pause)
    except Problem as problem:
        console.print(Text(f"\n{problem}", "bold red"), soft_wrap=True)
        return False
    except KeyboardInterrupt:
        console.print("\nThe server and its data are gone.")
        raise
    summarise(guide, time.monotonic() - started)
    return all(promise.kept for promise in guide.promises)


def take(guide: Guide, step: WalkStep, pause: bool) -> None:
    """Take one step. Raises Problem, with the server's log, when the server is gone."""
    title = f"{guide.number}. {step.title}"
    guide.console.print()
    if pause:
        guide.line("next", title)
        guide.line("ask", step.question)
        with suppress(EOFError):
            guide.console.input(" " * MARGIN + "Press Enter to continue ")
        guide.console.print()
    guide.console.rule(Text(title, "bold"), align="left")
    try:
        step.take(guide)
    except (requests.RequestException, URLError, ConnectionError) as error:
        log = "\n".join(guide.server.log().splitlines()[-30:])
        raise Problem(
            f"The server stopped responding in step {guide.number}. Its log ends:\n\n{log}"
        ) from error


def summarise(guide: Guide, seconds: float) -> None:
    """End with every promise on one screen."""
    console, promises = guide.console, guide.promises
    console.print()
    console.rule(Text("What was promised, and what happened", "bold"), align="left")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("step", "", "expected", "got", ""):
        table.add_column(heading, overflow="fold")
    for promise in promises:
        table.add_row(
            str(promise.step),
            promise.what,
            promise.expected,
            promise.got,
            promise.mark,
            style="" if promise.kept else "bold red",
        )
    console.print(table)
    kept = sum(promise.kept for promise in promises)
    console.print(
        f"\n{kept} of {len(promises)} promises kept, in {seconds:.1f} s "
        "including the server's start and stop.",
        highlight=False,
    )
    if kept < len(promises):
        console.print("The text beside each ✗ says what should have happened.")
    console.print("\nNext:")
    guide.line("read", f"parts/{guide.part.slug}: the code that did this")
    guide.line(
        "try",
        f"{tutorial_command()} serve {guide.part.number} --clock: the same server, for your own "
        "requests",
    )


def tutorial_command() -> str:
    """Return what to type for `tutorial` here: its path, where no environment is active.

    ``scripts/demo.py`` runs ``python -m tutorial``, and its own ``PATH`` is not the reader's.
    """
    if not sys.argv[0].endswith("__main__.py"):
        return "tutorial"
    script = Path(sys.executable).with_name("tutorial")
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_relative_to(here) else script)
