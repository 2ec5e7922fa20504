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


def busy(console: Console, what: str) -> AbstractContextManager[object]:
    """Say what takes a while: with a spinner on a terminal, in a line anywhere else."""
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
) -> Text:
    """Return a request or a response to be read: first line, headers, body, long words cut."""
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    if body is not None:
        lines += ["", json.dumps(shortened(body), indent=indent, ensure_ascii=False)]
    # Tokens and URLs are known by their ends: all tokens begin with the same header.
    rest = re.sub(r'[^\s",]{40,}', lambda word: f"{word[0][:14]}…{word[0][-14:]}", "\n".join(lines))
    return Text.assemble((first, "bold"), f"\n{rest}" if rest else "")


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """Of a page of results, keep the count and the first image's first fields."""
    if not body.get("results"):
        return body
    first, *others = body["results"]
    first = {**dict(list(first.items())[:3]), "…": "…"}
    return {"count": body["count"], "results": [first, f"… and {len(others)} more"]}


def content(response: requests.Response) -> dict[str, Any]:
    """Return a response's JSON; of a page that is none, its kind and size."""
    try:
        return response.json()
    except requests.JSONDecodeError:
        kind = response.headers.get("Content-Type", "of no kind")
        return {"no JSON, but": f"{kind}, {len(response.content)} bytes"}


def verdict(response: requests.Response) -> str:
    """Return a response's status, with its code if it gives one."""
    return f"{response.status_code} {content(response).get('code', '')}".rstrip()


def coloured(token: str) -> list[Text]:
    """Return header, payload and signature in their colours, the dots between them included."""
    header, payload, signature = token.split(".")
    segments = (f"{header}.", f"{payload}.", signature)
    return [Text(text, style) for text, style in zip(segments, COLOURS.values(), strict=True)]


def date_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"
