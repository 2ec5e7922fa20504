"""What the notebooks share: a server to talk to, its clock, pictures, and checked exercises.

    from tutorial.notebook import lesson

``lesson`` starts a part with a movable clock when its URL is first asked for, and stops it
with the notebook's kernel. It is the first part with tokens, unless ``lesson.part`` was set to
another before. It uses a running server instead if the environment names one:

- ``TUTORIAL_URL``: the server's URL
- ``TUTORIAL_CLOCK_URL``: where its clock can be moved (optional; `tutorial serve 7 --clock`
  prints both)
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from urllib.request import urlopen

import requests
from IPython.display import display

from tutorial.durations import in_short
from tutorial.errors import Problem
from tutorial.ladder import Part, find, first
from tutorial.notebook.drawing import Picture, card, timeline_picture, token_picture
from tutorial.notebook.exercises import Hint, Yet, judge
from tutorial.notebook.panel import show_panel
from tutorial.project_files import clean_copy, own_files
from tutorial.running.clock import Clock
from tutorial.running.environment import bypass_proxies
from tutorial.running.server import PASSWORD, Server, serve

PATIENCE = 20  # seconds that a cell really waits when a clock cannot be moved


class NotQuite(AssertionError):
    """A wrong answer. Its card has said all there is to say, so it shows no traceback."""

    def _render_traceback_(self) -> list[str]:  # IPython's hook
        return ["This cell fails until the answer is right."]


class Lesson:
    """The server that a notebook talks to, and what helps to see what happens there."""

    username = "demo"
    password = PASSWORD

    def __init__(self) -> None:
        bypass_proxies(os.environ)  # for the requests that the cells send
        self._part = first("has_tokens")
        self._running = ExitStack()
        self._along: list[Clock] = []  # the clocks that move with the server's
        self._explained = False
        self._countdown: asyncio.Task[None] | None = None
        atexit.register(self._running.close)

    # The server

    @property
    def part(self) -> Part:
        """The part that runs. A number will do to set it, before the URL is first asked for."""
        return self._part

    @part.setter
    def part(self, part: Part | int) -> None:
        self._part = part if isinstance(part, Part) else find(part)

    @cached_property
    def url(self) -> str:
        """The server's URL, without a slash at its end.

        Raises Problem when the server that was named is not of the part it takes.
        """
        named = os.environ.get("TUTORIAL_URL", "").rstrip("/")
        if not named:
            return self._own.url
        path = self.part.refresh  # other than the login, it counts no attempts
        if requests.get(named + path, timeout=10).status_code == 404:
            raise Problem(
                f"There is no {path} at {named}: this notebook takes a server of part "
                f"{self.part.number}. Start one with `tutorial serve {self.part.number} --clock`, "
                "or unset TUTORIAL_URL."
            )
        return named

    @cached_property
    def clock(self) -> Clock | None:
        """The server's clock, or None when it cannot be moved."""
        if not os.environ.get("TUTORIAL_URL"):
            return self._own.clock
        url = os.environ.get("TUTORIAL_CLOCK_URL")
        return Clock(url) if url else None

    @cached_property
    def _own(self) -> Server:
        return self._running.enter_context(serve(self.part.path, clock=True))

    def another(
        self,
        *,
        part: Part | int | None = None,
        clock: bool = False,
        access_lifetime: float | None = None,
        environment: dict[str, str] | None = None,
        without: str = "",
    ) -> str:
        """Start a second server, on the true time, and return its URL.

        It is of the same part, unless ``part`` names another one.
        With ``clock``, ``let_pass`` moves its clock too, wherever it moves the first one's.
        ``access_lifetime`` is in seconds. ``environment`` is added to the process's own.
        ``without`` takes the line with this text out of the second server's code.
        """
        other = self.part if part is None else part if isinstance(part, Part) else find(part)
        project = other.path
        folder = Path(self._running.enter_context(tempfile.TemporaryDirectory()))
        state = folder / "state"
        if other == self.part and not os.environ.get(
            "TUTORIAL_URL"
        ):  # its data are there already, which saves time
            self._own.copy_state(state)
        if without:
            copy = folder / project.name
            clean_copy(project, copy)
            _take_out(without, copy)
            project = copy
        server = self._running.enter_context(
            serve(
                project,
                clock=clock,
                keep=state,
                access_lifetime=access_lifetime,
                environment=environment,
            )
        )
        if server.clock:
            self._along.append(server.clock)
        return server.url

    # Time

    def now(self) -> float:
        """Return the server's time, in seconds since 1970."""
        if self.clock:
            return self.clock.now()
        with urlopen(self.url + self.part.products, timeout=10) as response:
            return parsedate_to_datetime(response.headers["Date"]).timestamp()

    def let_pass(self, seconds: float) -> bool:
        """Let time pass on the server, and return whether it did.

        Moves the server's clock. Where that cannot be done it waits, if it is not for long;
        else it says that the rest of the cell has to be imagined.
        """
        if seconds <= 0:
            return True
        if self.clock:
            for clock in (self.clock, *self._along):
                clock.advance(seconds)
            return True
        if seconds <= PATIENCE:
            print(f"This server's clock cannot be moved: waiting {seconds:.0f} s.")
            time.sleep(seconds)
            return True
        print(f"(Imagine that {in_short(seconds)} pass here.)")
        if not self._explained:
            print(
                "This server's clock cannot be moved, and that is long to wait. To see what "
                "happens then,\nunset TUTORIAL_URL, or set TUTORIAL_CLOCK_URL to what "
                f"`tutorial serve {self.part.number} --clock` prints."
            )
            self._explained = True
        return False

    # What there is to look at

    def token(self, token: str) -> Picture:
        """Return a token's three segments, each in its colour and with its name."""
        return token_picture(token)

    def timeline(self, answers: Iterable[requests.Response], kind: str = "") -> Picture:
        """Draw each token's life as a bar and each request as a mark, from these answers.

        All of it is read from the answers: the tokens in their bodies, the token in the
        request, the server's time in the header ``Date``. ``kind`` ("access" or "refresh")
        leaves the other kind out.
        """
        return timeline_picture(answers, kind)

    # Exercises

    def check(self, name: str) -> Picture:
        """Return a card about the answer to an exercise, such as "3.1": right, or not yet there.

        A wrong answer shows a card with a hint, and the cell fails with NotQuite.
        """
        try:
            return card("Right", judge(name, vars(sys.modules["__main__"])))
        except Yet as nothing:
            return card("Not yet", str(nothing))
        except Hint as hint:
            shown, cause = card("Not quite", str(hint)), hint.__cause__
        display(shown)
        raise NotQuite(shown.text) from cause

    def panel(self, expires: Callable[[], float | None], *actions: Callable[[], object]) -> None:
        """Show a button for each action, what it returned, and a countdown to ``expires()``.

        Without the package ipywidgets it says which functions to call instead.
        """
        try:
            countdown = show_panel(expires, actions, self.now)
        except ImportError:
            names = ", ".join(f"{action.__name__}()" for action in actions)
            print(f"Buttons need the package ipywidgets. Call the functions yourself: {names}")
            return
        if self._countdown:
            self._countdown.cancel()
        self._countdown = countdown


def _take_out(text: str, project: Path) -> None:
    """Take the one line with this text out of the project's code."""
    code = {
        project / path: (project / path).read_text(encoding="utf-8")
        for path in own_files(project)
        if path.suffix == ".py"
    }
    found = [path for path, content in code.items() for _ in range(content.count(text))]
    if len(found) != 1:
        raise Problem(f"There should be one line with {text!r}, and there are {len(found)}.")
    (path,) = found
    lines = code[path].splitlines(keepends=True)
    path.write_text("".join(line for line in lines if text not in line), encoding="utf-8")
