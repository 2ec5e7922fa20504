"""A panel of buttons in a notebook, with a countdown, to be read from the last row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from html import escape

import requests

from tutorial.durations import in_short

GOOD, BAD, TIME = "#2e9e63", "#d6453d", "#7d8896"
KEPT = 12  # how many answers stay in sight


def show_panel(
    expires: Callable[[], float | None],
    actions: tuple[Callable[[], object], ...],
    now: Callable[[], float],
) -> asyncio.Task[None]:
    """Show a button for each action, what it returned, and a countdown to ``expires()``.

    ``now`` returns the server's time, in seconds since 1970. Returns the task that counts down.
    Raises ImportError without the package ipywidgets.
    """
    from IPython.display import display
    from ipywidgets import HTML, Button, HBox, Layout, VBox

    countdown, last, log = HTML(), HTML(), HTML()
    earlier: list[str] = []
    ahead = now() - time.time()  # how far the server's clock is before this one

    def tick() -> None:
        exp = expires()
        left = exp - time.time() - ahead if exp else 0
        text = f"expires in {left:.0f} s" if left > 0 else f"expired {in_short(-left)} ago"
        colour = GOOD if left > 0 else BAD
        countdown.value = large("Access token", text if exp else "none yet", colour)

    def button(action: Callable[[], object]) -> Button:
        name = action.__name__.replace("_", " ").capitalize()

        def clicked(_: Button) -> None:
            nonlocal ahead
            mark, colour, more = outcome(action())
            last.value = large(name, f"{mark} {more}".rstrip(), colour)
            earlier.append(badge(f"{name}: {mark}", colour))
            log.value = f'<div style="line-height:2.4">{" ".join(earlier[-KEPT:])}</div>'
            ahead = now() - time.time()
            tick()

        made = Button(description=name, layout=Layout(width="auto", height="auto"))
        made.style.font_size = "1.4rem"
        made.layout.padding = ".4rem 1rem"
        made.on_click(clicked)
        return made

    async def keep_ticking() -> None:
        while True:
            tick()
            await asyncio.sleep(1)

    buttons = HBox([button(action) for action in actions], layout=Layout(flex_flow="row wrap"))
    display(VBox([buttons, countdown, last, log]))
    return asyncio.get_running_loop().create_task(keep_ticking())


def outcome(result: object) -> tuple[str, str, str]:
    """Return what a click brought in a word, its colour, and what else there is to say."""
    if not isinstance(result, requests.Response):
        return str(result), TIME, ""
    more = result.reason
    if result.status_code >= 400 and "json" in result.headers.get("Content-Type", ""):
        content = result.json()
        more = (content.get("messages") or [{}])[0].get("message") or content.get("detail", more)
    return str(result.status_code), GOOD if result.ok else BAD, more


def large(title: str, text: str, colour: str) -> str:
    return (
        f'<div style="border-left:10px solid {colour};background:{colour}24;border-radius:6px;'
        'padding:.3em .7em;font-size:2rem;line-height:1.3;font-variant-numeric:tabular-nums">'
        f"{escape(title)}: <strong>{escape(text)}</strong></div>"
    )


def badge(text: str, colour: str) -> str:
    return (
        f'<span style="border:2px solid {colour};background:{colour}24;border-radius:6px;'
        f'padding:.2em .5em;font-size:1.3rem;white-space:nowrap">{escape(text)}</span>'
    )
