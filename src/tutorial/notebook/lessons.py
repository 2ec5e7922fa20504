"""What the notebooks share: a server to talk to, its clock, and three things to look at.

    from tutorial.notebook import lesson

``lesson`` starts a part with a movable clock when its address is first asked for, and stops
it with the notebook's kernel. It is part 7, unless ``lesson.part`` was set to another before.
It uses a running server instead if the environment names one:

- ``TUTORIAL_URL``: the server's address
- ``TUTORIAL_CLOCK_URL``: where its clock can be moved (optional; `tutorial serve 7 --clock`
  prints both)
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from html import escape
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

import requests

from tutorial.errors import Problem
from tutorial.ladder import find
from tutorial.project_files import clean_copy, own_files
from tutorial.running.clock import Clock
from tutorial.running.server import PASSWORD, Server, serve
from tutorial.tokens import COLOURS, decode

PATIENCE = 20  # seconds that a cell really waits when a clock cannot be moved


class Lesson:
    """The server that a notebook talks to, and what helps to see what happens there."""

    username = "demo"
    password = PASSWORD
    part = 7  # set it before the address is first asked for

    def __init__(self) -> None:
        self._running = ExitStack()
        self._along: list[Clock] = []  # the clocks that move with the server's
        self._explained = False
        self._ticking: asyncio.Task | None = None
        atexit.register(self._running.close)

    # The server

    @cached_property
    def url(self) -> str:
        """The server's address, without a slash at its end.

        Raises Problem when the server that was named is not of the part it takes.
        """
        named = os.environ.get("TUTORIAL_URL", "").rstrip("/")
        if not named:
            return self._own.url
        path = find(self.part).refresh  # other than the login, it counts no attempts
        if requests.get(named + path, timeout=10).status_code == 404:
            raise Problem(
                f"There is no {path} at {named}: this notebook takes a server of part "
                f"{self.part}. Start one with `tutorial serve {self.part} --clock`, or unset "
                "TUTORIAL_URL."
            )
        return named

    @cached_property
    def clock(self) -> Clock | None:
        """The server's clock, or None when it cannot be moved."""
        if not os.environ.get("TUTORIAL_URL"):
            return self._own.clock
        address = os.environ.get("TUTORIAL_CLOCK_URL")
        return Clock(address) if address else None

    @cached_property
    def _own(self) -> Server:
        return self._running.enter_context(serve(find(self.part).path, clock=True))

    def another(
        self,
        *,
        clock: bool = False,
        access_lifetime: float | None = None,
        environment: dict[str, str] | None = None,
        without: str = "",
    ) -> str:
        """Start a second server of the same part, on the true time, and return its address.

        With ``clock``, ``let_pass`` moves its clock too, wherever it moves the first one's.
        ``access_lifetime`` is in seconds. ``environment`` is added to the process's own.
        ``without`` takes the line with this text out of the second server's code.
        """
        project = find(self.part).path
        folder = Path(self._running.enter_context(tempfile.TemporaryDirectory()))
        state = folder / "state"
        if not os.environ.get("TUTORIAL_URL"):  # its data are there already, which saves time
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
        with urlopen(f"{self.url}/product/", timeout=10) as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()

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
        print(f"(Imagine that {_span(seconds)} pass here.)")
        if not self._explained:
            print(
                "This server's clock cannot be moved, and that is long to wait. To see what "
                "happens then,\nunset TUTORIAL_URL, or set TUTORIAL_CLOCK_URL to what "
                f"`tutorial serve {self.part} --clock` prints."
            )
            self._explained = True
        return False

    # What there is to look at

    def token(self, token: str) -> Picture:
        """Return a token's three segments, each in its colour and with its name."""
        return _token_picture(token)

    def timeline(self, answers: Iterable[requests.Response], kind: str = "") -> Picture:
        """Draw each token's life as a bar and each request as a mark, from these answers.

        All of it is read from the answers: the tokens in their bodies, the token in the
        request, the server's time in the header ``Date``. ``kind`` ("access" or "refresh")
        leaves the other kind out.
        """
        return _timeline_picture(answers, kind)

    def panel(self, expires: Callable[[], float | None], *actions: Callable[[], object]) -> None:
        """Show a button for each action, what it returned, and a countdown to ``expires()``.

        Without the package ipywidgets it says which functions to call instead.
        """
        try:
            from ipywidgets import HTML, Button, HBox, VBox
        except ImportError:
            names = ", ".join(f"{action.__name__}()" for action in actions)
            print(f"Buttons need the package ipywidgets. Call the functions yourself: {names}")
            return
        from IPython.display import display

        countdown, log = HTML(), HTML()
        lines: list[str] = []
        ahead = self.now() - time.time()  # how far the server's clock is before this one

        def tick() -> None:
            exp = expires()
            left = exp - time.time() - ahead if exp else 0
            text = f"expires in {left:.0f} s" if left > 0 else f"expired {-left:.0f} s ago"
            text = text if exp else "none yet"
            countdown.value = f"<b style='font-size:1.4em'>Access token: {text}</b>"

        def button(action: Callable[[], object]) -> Button:
            name = action.__name__.replace("_", " ").capitalize()

            def clicked(_: Button) -> None:
                nonlocal ahead
                result = action()
                if isinstance(result, requests.Response):
                    result = f"{result.status_code} {result.reason}"
                lines.append(f"{name}: {result}")
                log.value = "<pre>" + escape("\n".join(lines[-8:])) + "</pre>"
                ahead = self.now() - time.time()
                tick()

            made = Button(description=name)
            made.on_click(clicked)
            return made

        async def keep_ticking() -> None:
            while True:
                tick()
                await asyncio.sleep(1)

        if self._ticking:
            self._ticking.cancel()
        self._ticking = asyncio.get_running_loop().create_task(keep_ticking())
        display(VBox([HBox([button(action) for action in actions]), countdown, log]))


class Picture:
    """Something to look at in a notebook, with the same in words for everything else."""

    def __init__(self, html: str, text: str) -> None:
        self.html = html
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def _token_picture(token: str) -> Picture:
    """Colours are mixed with the page's own background and text, so light and dark both work."""
    header, payload = (json.dumps(part, indent=2) for part in decode(token))
    meanings = (
        header,
        payload,
        "Made of the two before it, with a key.\nNothing to read in it, only to verify.",
    )
    boxes, lines = [], []
    for (name, colour), raw, meaning in zip(
        COLOURS.items(), token.split("."), meanings, strict=True
    ):
        boxes.append(
            f'<div style="flex:1 1 16em;min-width:0;border-top:4px solid {colour};'
            f'background:{colour}24;padding:.5em .7em">'
            f"<strong>{name}</strong>"
            '<div style="font-family:monospace;overflow-wrap:anywhere;word-break:break-all;'
            f'margin:.3em 0">{escape(raw) or "(empty)"}</div>'
            '<pre style="font-family:monospace;background:none;color:inherit;border:0;padding:0;'
            f'margin:0;white-space:pre-wrap;overflow-wrap:anywhere">{escape(meaning)}</pre></div>'
        )
        lines.append(f"{name}: {raw}\n{meaning}")
    html = f'<div style="display:flex;flex-wrap:wrap;gap:.5em">{"".join(boxes)}</div>'
    return Picture(html, "\n\n".join(lines))


@dataclass(frozen=True)
class Life:
    """A token's bar in the timeline: the second it was issued, and the one it expires."""

    name: str
    born: float
    dies: float


@dataclass(frozen=True)
class Mark:
    """A request's mark in the timeline, in the row of the token it was sent with."""

    moment: float
    row: str
    ok: bool
    words: str


def _history(answers: Iterable[requests.Response]) -> tuple[list[Life], list[Mark]]:
    """Read from the answers which tokens lived when, and which request was made with which."""
    lives: dict[str, Life] = {}
    marks = []
    for answer in answers:
        token = _token_used(answer)
        unknown = "another token" if token else "no token"
        row = lives[token].name if token in lives else unknown
        path = answer.request.path_url.split("?")[0]
        words = f"{answer.request.method} {path} with {row}: {answer.status_code}"
        moment = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        marks.append(Mark(moment, row, answer.ok, words))
        for kind, received in _tokens_received(answer).items():
            number = 1 + sum(life.name.startswith(kind) for life in lives.values())
            _, claims = decode(received)
            lives[received] = Life(f"{kind} {number}", claims["iat"], claims["exp"])
    return list(lives.values()), marks


def _timeline_picture(answers: Iterable[requests.Response], kind: str) -> Picture:
    lives, marks = _history(answers)
    if not marks:
        raise Problem("There are no requests to draw yet.")
    start, end = min(mark.moment for mark in marks), max(mark.moment for mark in marks)
    lives = [life for life in lives if life.name.startswith(kind)]
    rows = [life.name for life in lives]
    marks = [mark for mark in marks if mark.row in rows or mark.row.endswith("token")]
    rows += sorted({mark.row for mark in marks} - set(rows), reverse=True)

    lines = [f"{len(marks)} requests in {_span(end - start)}."]
    for life in lives:
        born, dies = _span(life.born - start), _span(life.dies - start)
        lines.append(f"{life.name} lives from {born} to {dies}.")
    lines += [f"At {_span(mark.moment - start)} {mark.words}." for mark in marks]

    svg = _timeline_svg(lives, marks, rows, start, end)
    label = escape("Timeline. " + " ".join(lines), quote=True)
    opening = f'<svg role="img" aria-label="{label}" style="max-width:100%;height:auto"'
    return Picture(svg.replace("<svg", opening, 1), "\n".join(lines))


BLUE, VIOLET, GREEN, RED = "#3b82c4", "#8c6fd6", "#2f9e5b", "#e0484f"
TEXT = "#0a0b0c"  # stands for the page's own text colour until the drawing is done
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tutorial",
    "font.family": "sans-serif",
    "font.size": 11,
    **dict.fromkeys(["text.color", "axes.labelcolor", "axes.edgecolor"], TEXT),
    **dict.fromkeys(["xtick.color", "ytick.color"], TEXT),
}


def _timeline_svg(
    lives: list[Life], marks: list[Mark], rows: list[str], start: float, end: float
) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    units = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
    unit = next((name for name in units if end - start >= 3 * units[name]), "seconds")
    width = max(end - start, 1) / units[unit]
    left, right = -0.04 * width, 1.12 * width

    def at(moment: float) -> float:
        return (moment - start) / units[unit]

    def place(mark: Mark) -> tuple[float, str]:
        """Where a mark goes; the same for marks that would lie on each other."""
        return round(150 * at(mark.moment) / width) * width / 150, mark.row

    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.1 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot(xlim=(left, right), ylim=(len(rows) - 0.4, -0.6))
        for life in lives:
            row, first = rows.index(life.name), at(life.born)
            length = max(min(at(life.dies), right) - first, 0.004 * width)
            colour = BLUE if life.name.startswith("access") else VIOLET
            axes.barh(row, length, left=first, height=0.5, color=colour, alpha=0.45)
            if at(life.dies) > right:
                axes.text(right, row, "→ ", ha="right", va="center")

        answered = Counter(place(mark) for mark in marks if mark.ok)
        refused = Counter(place(mark) for mark in marks if not mark.ok)
        for places, others, marker, colour, label, aside in (
            (answered, refused, "o", GREEN, "answered (2xx)", -0.2),
            (refused, answered, "X", RED, "refused (4xx)", 0.2),
        ):
            axes.scatter([], [], s=75, marker=marker, color=colour, label=label)
            for (x, name), count in places.items():
                y = rows.index(name) + aside * ((x, name) in others)
                axes.scatter(x, y, s=75, marker=marker, color=colour, zorder=3)
                if count > 1:
                    axes.annotate(
                        f"{count}\N{MULTIPLICATION SIGN}",
                        (x, y),
                        xytext=(8, 0),
                        textcoords="offset points",
                        va="center",
                    )
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlabel(f"{unit} on the server's clock")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper right", ncols=2, frameon=False)
        drawing = StringIO()
        figure.savefig(drawing, format="svg", transparent=True, metadata={"Date": None})
    svg = drawing.getvalue()
    return svg[svg.index("<svg") :].replace(TEXT, "currentColor")


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


def _token_used(answer: requests.Response) -> str | None:
    """Return the token that was sent: in the header, or to be refreshed in the body."""
    scheme, _, token = answer.request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        return token
    body = answer.request.body or b""
    try:
        return json.loads(body).get("refresh")
    except (ValueError, AttributeError):
        return None


def _tokens_received(answer: requests.Response) -> dict[str, str]:
    """Return the tokens in the answer, by their kind."""
    try:
        content = answer.json() if answer.ok else {}
    except ValueError:
        content = {}
    return {name: content[name] for name in ("access", "refresh") if name in content}


def _span(seconds: float) -> str:
    """Return a length of time in the largest unit that suits it: 302 → "5 min 2 s"."""
    parts = []
    rest = abs(round(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number} {unit}")
    return ("-" if seconds < 0 else "") + (" ".join(parts[:2]) or "0 s")
