"""How long a chapter takes: to read, and to do.

A model, and a plain one: somebody who reads every word, looks at each listing, pastes each block,
makes each change by hand and looks at what comes. What a page makes them wait for is counted too.
"""

from __future__ import annotations

import re

from tutorial.book.page import Page, Step

WORDS_A_MINUTE = 160  # prose with something to think about
LINES_A_MINUTE = 40  # of code, looked at; of a long listing no more than a screen
SCREEN = 40

# Seconds of work for one of each. Reading is counted apart.
A_COMMAND = 15  # copy, paste, look
A_STATEMENT = 6  # of a session in Python, after its first
A_FILE = 40  # find the folder, make the file, paste, save
A_CHANGE = 45  # find one place in a file, and change it
A_STOP = 5
# What a reader waits for.
WAITS = {
    r"pip install": 30,
    r"venv": 10,
    r"runserver": 5,
    r"createsuperuser": 20,
    r"tutorial check": 45,
}
STEPS_IN_A_BROWSER = re.compile(r"\bOpen <http")
IN_A_BROWSER = 40


def minutes(page: Page, words: int) -> tuple[int, int]:
    """Return the minutes to read a page with so many words, and to do it as well: both rounded."""
    lines = sum(min(lines_shown(step), SCREEN) for step in page.steps)
    read = words / WORDS_A_MINUTE + lines / LINES_A_MINUTE
    hands = sum(map(seconds, page.steps))
    hands += IN_A_BROWSER * len(STEPS_IN_A_BROWSER.findall(page.path.read_text(encoding="utf-8")))
    return rounded(read), rounded(read + hands / 60)


def rounded(exact: float) -> int:
    return max(5, 5 * round(exact / 5))


def lines_shown(step: Step) -> int:
    """Count the lines of code that a step shows in sight."""
    if "collapse" in step.options:
        return 0
    return sum(
        (
            len(step.text.splitlines()),
            sum(len(cut.splitlines()) for cut in step.cuts),
            sum(len(hunk.lines) for hunk in step.hunks),
            sum(1 + len(command.output) for command in step.commands),
            sum(len(example.lines) for example in step.examples),
        )
    )


def seconds(step: Step) -> int:
    """Return how long the hands need for a step."""
    match step.kind:
        case "new-file" | "whole-file":
            return A_FILE
        case "change" | "patch":
            return A_CHANGE * len(step.hunks)
        case "python":
            sleeps = re.findall(r"time\.sleep\((\d+)\)", "\n".join(step.body))
            return A_COMMAND + A_STATEMENT * (len(step.examples) - 1) + sum(map(int, sleeps))
        case "stop" | "delete-files":
            return A_STOP
        case _:
            return sum(A_COMMAND + wait(command.posix) for command in step.commands)


def wait(command: str) -> int:
    return sum(length for text, length in WAITS.items() if re.search(text, command))
