"""Requests, responses, tokens and times as a walk shows them in a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import requests
from rich.console import Console
from rich.text import Text

from tutorial.tokens import COLOURS

ACCEPTED, REFUSED = "bold green", "bold red"


def busy(console: Console, what: str) -> AbstractContextManager[object]:
    """Say what is taking a while: with a spinner on a terminal, in a line anywhere else."""
    if console.is_terminal:
        return console.status(what)
    console.print(what)
    return nullcontext()


def message(
    first: str,
    headers: Mapping[str, object],
    body: dict[str, Any] | None,
    *,
    indent: int | None = None,
    style: str = "bold",
    keep: str = "",
) -> Text:
    """Return a request or a response for display: first line, headers, body, long strings cut.

    ``style`` is that of the first line. ``keep`` is a part of a long string that stays visible,
    in the colour of a refusal, where the rest is cut.
    """
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    if body is not None:
        lines += ["", json.dumps(shortened(body), indent=indent, ensure_ascii=False)]

    def cut(long: re.Match[str]) -> str:
        # Tokens and URLs are known by their ends: all tokens begin with the same header.
        middle = f"{keep}…" if keep and keep in long[0] else ""
        return f"{long[0][:14]}…{middle}{long[0][-14:]}"

    rest = re.sub(r'[^\s",]{40,}', cut, "\n".join(lines))
    text = Text.assemble((first, style), f"\n{rest}" if rest else "")
    if keep:
        text.highlight_words([keep], REFUSED)
    return text


def status_style(status: int) -> str:
    """Return the colour of a status: accepted, refused, or the server's own fault."""
    return ACCEPTED if status < 400 else REFUSED if status < 500 else "bold magenta"


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """Shorten a page of results to its count and the first image's first fields."""
    if not body.get("results"):
        return body
    first, *others = body["results"]
    first = {**dict(list(first.items())[:3]), "…": "…"}
    return {"count": body["count"], "results": [first, f"… and {len(others)} more"]}


def content(response: requests.Response) -> dict[str, Any]:
    """Return a response's JSON; if it has none, its type and size."""
    try:
        return response.json()
    except requests.JSONDecodeError:
        kind = response.headers.get("Content-Type", "of no type")
        return {"no JSON, but": f"{kind}, {len(response.content)} bytes"}


def verdict(response: requests.Response) -> str:
    """Return a response's status, with its code if it gives one."""
    return f"{response.status_code} {content(response).get('code', '')}".rstrip()


# White on a part's colour: with the background brought along, the contrast is the same on every
# terminal, dark or light.
BADGES = {name: f"bold #ffffff on {colour}" for name, colour in COLOURS.items()}


def coloured(token: str) -> list[Text]:
    """Return header, payload and signature in their colours, the dots between them included."""
    header, payload, signature = token.split(".")
    segments = (f"{header}.", f"{payload}.", signature)
    return [Text(text, style) for text, style in zip(segments, BADGES.values(), strict=True)]


def date_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"
