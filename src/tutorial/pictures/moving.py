"""Draws the README's moving picture, of what `tutorial.pictures.timeline` has recorded.

An SVG file: sharp at every size, light or dark as the reader has it, and still where the reader
wants nothing to move.
"""

from __future__ import annotations

from html import escape
from typing import Any

from tutorial.book.look import COLOURS
from tutorial.durations import in_short

WIDTH, HEIGHT = 880, 330  # px
LEFT, RIGHT, TOP, ROW = 120, 40, 28, 66  # px: the axis, the first row, from row to row
SECONDS = 16.0  # of a whole round
BEGIN, END = 0.03, 0.82  # when the first and the last request come, as parts of a round
NAMES = (
    "color-background-primary", "color-background-border", "color-foreground-primary",
    "color-foreground-secondary", "token-payload", "good", "bad",
)  # fmt: skip


def moving(record: dict[str, Any]) -> str:
    """Return a recorded run as an SVG file that plays it again and again."""
    marks, lives = record["requests"], record["lives"]
    end = max(mark["moment"] for mark in marks)
    times = [BEGIN + (END - BEGIN) * i / (len(marks) - 1) for i in range(len(marks))]
    style: list[str] = []
    parts: list[str] = []

    def x(moment: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * moment / end

    def time(moment: float) -> float:
        """When the clock of the run shows this, as a part of a round."""
        known = [(mark["moment"], at) for mark, at in zip(marks, times, strict=True)]
        before = max(pair for pair in known if pair[0] <= moment)
        after = min((pair for pair in known if pair[0] > moment), default=(end, END))
        span = after[0] - before[0]
        share = (moment - before[0]) / span if span else 0
        return before[1] + (after[1] - before[1]) * share

    def appears(at: float, gone: float = 1.0) -> str:
        """Return the class of something that is seen from one moment to another."""
        name = f"m{len(style)}"
        leave = f"{100 * gone:.1f}%{{opacity:1}}{100 * gone + 0.1:.1f}%,100%{{opacity:0}}"
        style.append(
            f"@keyframes {name}{{0%,{100 * at:.1f}%{{opacity:0}}{100 * at + 1:.1f}%{{opacity:1}}"
            + (leave if gone < 1 else "100%{opacity:1}")
            + f"}}.{name}{{animation:{name} {SECONDS}s infinite}}"
        )
        return name

    for minute in range(0, int(end / 60) + 1, 3):
        parts.append(
            f'<path class="grid" d="M{x(60 * minute):.0f} {TOP}V{TOP + ROW * len(lives)}"/>'
            f'<text class="soft" x="{x(60 * minute):.0f}" y="{TOP + ROW * len(lives) + 20}">'
            f"{minute} min</text>"
        )
    for row, life in enumerate(lives):
        name, y = f"l{row}", TOP + ROW * row + ROW / 2
        born, dies = life["born"], min(life["dies"], end)
        style.append(
            f"@keyframes {name}{{0%,{100 * time(born):.1f}%{{transform:scaleX(0)}}"
            f"{100 * time(dies):.1f}%,100%{{transform:scaleX(1)}}}}"
            f".{name}{{transform-origin:{x(born):.0f}px 0;"
            f"animation:{name} {SECONDS}s linear infinite}}"
        )
        parts.append(
            f'<text class="name" x="20" y="{y + 5:.0f}">{escape(life["name"])}</text>'
            f'<rect class="life {name}" x="{x(born):.0f}" y="{y - 17:.0f}" '
            f'width="{x(dies) - x(born):.0f}" height="34" rx="17"/>'
        )
    rows = {life["name"]: row for row, life in enumerate(lives)}
    for i, (mark, at) in enumerate(zip(marks, times, strict=True)):
        words, _, status = mark["words"].rpartition(" ")
        last = i == len(marks) - 1
        kind = "good" if mark["ok"] else "bad"
        shown = appears(at, 1.0 if last else times[i + 1])
        parts.append(
            f'<g class="said {shown}{" last" if last else ""}">'
            f'<text x="20" y="{HEIGHT - 32}" class="soft start">At '
            f"{in_short(mark['moment'])}</text>"
            f'<text x="{LEFT}" y="{HEIGHT - 32}" class="words start">{escape(words)} '
            f'<tspan class="{kind}">{status}</tspan></text></g>'
        )
        if mark["row"] in rows:
            y = TOP + ROW * rows[mark["row"]] + ROW / 2
            parts.append(
                f'<g class="{appears(at)}"><rect class="{kind}" x="{x(mark["moment"]) - 21:.0f}" '
                f'y="{y - 15:.0f}" width="42" height="30" rx="{15 if mark["ok"] else 5}"/>'
                f'<text class="status" x="{x(mark["moment"]):.0f}" y="{y + 5:.0f}">{status}</text>'
                "</g>"
            )
    light, dark = (
        "".join(f"--{name}:{COLOURS[name][theme]};" for name in NAMES) for theme in (0, 1)
    )
    mono = "ui-monospace,'Cascadia Mono',Menlo,'DejaVu Sans Mono',monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-label="Three access tokens, each accepted for five '
        'minutes, then refused; a refresh brings the next."><style>'
        f"svg{{{light}font:14px system-ui,'Segoe UI','Liberation Sans',sans-serif}}"
        f"@media (prefers-color-scheme:dark){{svg{{{dark}}}}}"
        ".ground{fill:var(--color-background-primary);stroke:var(--color-background-border)}"
        ".grid{stroke:var(--color-background-border)}text{text-anchor:middle}"
        ".start{text-anchor:start}.soft{fill:var(--color-foreground-secondary)}"
        f".name,.words,.status{{font-family:{mono};font-weight:600}}"
        ".name{fill:var(--token-payload);text-anchor:start}.life{fill:var(--token-payload);"
        "opacity:.22}.words{fill:var(--color-foreground-primary);font-size:16px}"
        ".status{fill:var(--color-background-primary)}.good{fill:var(--good)}"
        ".bad{fill:var(--bad)}.said{opacity:0}.last{opacity:1}"
        f"{''.join(style)}@media (prefers-reduced-motion:reduce){{*{{animation:none!important}}}}"
        f'</style><rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" '
        f'rx="12"/>{"".join(parts)}</svg>\n'
    )
