"""The pictures of a notebook: a token in three colours, and a timeline of requests.

Each can be told in words as well, for readers who do not see it and for plain text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

import requests

from tutorial.durations import in_short
from tutorial.errors import Problem
from tutorial.tokens import COLOURS, decode

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType


class Picture:
    """Something to look at in a notebook, with the same in words for everything else."""

    def __init__(self, html: str, text: str) -> None:
        self.html = html
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def token_picture(token: str) -> Picture:
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


VERDICTS = {"Right": ("✓", "#2e9e63"), "Not quite": ("✗", "#d6453d"), "Not yet": ("…", "#7d8896")}


def card(verdict: str, text: str) -> Picture:
    """Return a card about an answer; ``verdict`` is a key of VERDICTS."""
    mark, colour = VERDICTS[verdict]
    html = (
        f'<div role="status" style="max-width:46em;border-left:6px solid {colour};'
        f'background:{colour}24;border-radius:4px;padding:.6em .9em;overflow-wrap:anywhere">'
        f'<strong><span aria-hidden="true">{mark}</span> {verdict}</strong>'
        f'<div style="margin-top:.2em;white-space:pre-wrap">'
        f"{escape(text[:1].upper() + text[1:])}</div></div>"
    )
    return Picture(html, f"{verdict}: {text}")


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


def history(answers: Iterable[requests.Response]) -> tuple[list[Life], list[Mark]]:
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


def _token_used(answer: requests.Response) -> str | None:
    """Return the token that was sent: in the header, or to be refreshed in the body."""
    header = answer.request.headers.get("Authorization")
    if isinstance(header, str) and header.startswith("Bearer "):
        return header.removeprefix("Bearer ")
    body = answer.request.body
    if not isinstance(body, str | bytes):
        return None
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


def timeline_picture(answers: Iterable[requests.Response], kind: str) -> Picture:
    lives, marks = history(answers)
    if not marks:
        raise Problem("There are no requests to draw yet.")
    start, end = min(mark.moment for mark in marks), max(mark.moment for mark in marks)
    lives = [life for life in lives if life.name.startswith(kind)]
    rows = [life.name for life in lives]
    marks = [mark for mark in marks if mark.row in rows or mark.row.endswith("token")]
    rows += sorted({mark.row for mark in marks} - set(rows), reverse=True)

    lines = [f"{len(marks)} requests in {in_short(end - start)}."]
    for life in lives:
        born, dies = in_short(life.born - start), in_short(life.dies - start)
        lines.append(f"{life.name} lives from {born} to {dies}.")
    lines += [f"At {in_short(mark.moment - start)} {mark.words}." for mark in marks]

    svg = _timeline_svg(lives, marks, rows, start, end)
    label = escape("Timeline. " + " ".join(lines), quote=True)
    opening = f'<svg role="img" aria-label="{label}" style="max-width:100%;height:auto"'
    return Picture(svg.replace("<svg", opening, 1), "\n".join(lines))


BLUE, VIOLET, GREEN, RED = "#3b82c4", "#8c6fd6", "#2f9e5b", "#e0484f"
TEXT = "#0a0b0c"  # stands for the page's own text colour until the drawing is done
STYLE: dict[RcKeyType, Any] = {
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
