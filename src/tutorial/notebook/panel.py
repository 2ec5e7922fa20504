"""A panel of buttons in a notebook, with a countdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from html import escape

import requests


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
    from ipywidgets import HTML, Button, HBox, VBox

    countdown, log = HTML(), HTML()
    lines: list[str] = []
    ahead = now() - time.time()  # how far the server's clock is before this one

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
            ahead = now() - time.time()
            tick()

        made = Button(description=name)
        made.on_click(clicked)
        return made

    async def keep_ticking() -> None:
        while True:
            tick()
            await asyncio.sleep(1)

    display(VBox([HBox([button(action) for action in actions]), countdown, log]))
    return asyncio.get_running_loop().create_task(keep_ticking())
