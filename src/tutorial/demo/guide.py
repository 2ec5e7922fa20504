"""The guide of a walk: sends requests, shows the responses, and checks what was promised."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import requests
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from tutorial import tokens
from tutorial.demo.render import content, date_time, message, status_style
from tutorial.durations import in_words
from tutorial.errors import Problem
from tutorial.ladder import Part
from tutorial.running.server import PASSWORD, Server

USER = "demo"
ACCESS_LIFETIME = 5 * 60  # seconds: Simple JWT's default, which the part keeps
MARGIN = 14  # columns for what a line is about: "hash_password" and a space


@dataclass(frozen=True)
class Promise:
    """What a step said would happen, and what happened."""

    step: int
    what: str
    expected: str
    got: str

    @property
    def kept(self) -> bool:
        return self.expected == self.got

    @property
    def mark(self) -> str:
        return "✓" if self.kept else "✗"


@dataclass
class Guide:
    """Where a walk is shown, which server it talks to, and which tokens it holds."""

    console: Console
    server: Server
    part: Part
    session: requests.Session = field(default_factory=requests.Session)
    promises: list[Promise] = field(default_factory=list)
    number: int = 0  # of the step that is being taken
    access: str = ""
    refresh: str = ""
    replaced: str = ""  # the refresh token that rotation exchanged for a new one

    def __post_init__(self) -> None:
        # What is shown is what is sent: no proxy and no ~/.netrc of this machine takes part.
        self.session.trust_env = False

    # Showing

    def line(self, label: str, text: str | Text, *, fold: bool = True, badge: str = "bold") -> None:
        """Print a text beside its label, wrapped to the console's width and aligned."""
        text = Text(text) if isinstance(text, str) else text
        width = max(20, self.console.width - MARGIN) if fold else sys.maxsize
        for row in text.wrap(self.console, width, overflow="fold"):
            row.rstrip()
            gap = " " * (MARGIN - len(label)) if row else ""
            self.console.print(Text.assemble((label, badge), gap, row), soft_wrap=True)
            label = ""

    def say(self, text: str) -> None:
        self.console.print()
        self.line("", text)

    def check(self, *promises: tuple[str, object, object]) -> None:
        """Compare what was promised with what happened, and show both."""
        self.console.print()
        for what, expected, got in promises:
            promise = Promise(self.number, what, str(expected), str(got))
            self.promises.append(promise)
            seen = promise.got if promise.kept else f"expected {expected}, got {got}"
            style = "green" if promise.kept else "bold red"
            self.line(f"{promise.mark:>{MARGIN - 2}}", Text.assemble(f"{what}: ", (seen, style)))

    # Asking

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: dict[str, Any] | None = None,
        forged: str = "",
    ) -> requests.Response:
        """Send a request, show it and its response, and return the response.

        ``forged`` is the part of the token that was altered: it is shown where the rest is cut.
        """
        response = self.send(method, path, token=token, body=body)
        request = response.request
        headers = {name: request.headers.get(name) for name in ("Authorization", "Content-Type")}
        sent = json.loads(request.body) if isinstance(request.body, str | bytes) else None
        self.console.print()
        first = f"{request.method} {request.path_url}"
        self.line("request", message(first, headers, sent, keep=forged))
        self.console.print()
        headers = {"WWW-Authenticate": response.headers.get("WWW-Authenticate")}
        status = f"{response.status_code} {response.reason}"
        came = content(response) if response.content else None
        style = status_style(response.status_code)
        self.line("response", message(status, headers, came, indent=2, style=style))
        return response

    def send(
        self, method: str, path: str, *, token: str = "", body: dict[str, Any] | None = None
    ) -> requests.Response:
        """Send a request, with the token in its header (RFC 6750, section 2.1)."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.session.request(
            method, self.server.url + path, json=body, headers=headers, timeout=10
        )

    def log_in(self) -> tuple[str, str]:
        """Log in without showing it; return an access token and a refresh token.

        Raises Problem when there is no token pair in the response.
        """
        body = {"username": USER, "password": PASSWORD}
        pair = content(self.send("POST", self.part.login, body=body))
        if not pair.keys() >= {"access", "refresh"}:
            raise Problem(f"The server did not let {USER} log in again: the walk ends here.")
        return pair["access"], pair["refresh"]

    def stay_logged_in(self) -> None:
        """Log in again if the access token expired while the class was talking."""
        if self.seconds_left() <= 0:
            self.access, self.refresh = self.log_in()
            self.say("The access token expired while we paused, so we have logged in again.")

    # Time

    def now(self) -> float:
        """Return the server's time, in seconds since 1970."""
        return self.server.clock.now() if self.server.clock else time.time()

    def seconds_left(self) -> float:
        """Return how long the access token is still valid."""
        return tokens.decode(self.access)[1]["exp"] - self.now()

    def let_pass(self, seconds: float) -> bool:
        """Move the server's clock by so many seconds and two more; return whether it moves."""
        clock = self.server.clock
        if not clock:
            return False
        before = date_time(clock.now())
        after = date_time(clock.advance(seconds + 2))
        self.console.print()
        self.line("clock", f"{in_words(seconds + 2)} pass\n{before}\n{after}")
        return True

    def outlive_access(self) -> None:
        """Let time pass until the access token has expired: the server's, or everybody's."""
        if not self.let_pass(ACCESS_LIFETIME):
            self.wait_until(tokens.decode(self.access)[1]["exp"] + 1)

    def wait_until(self, end: float) -> None:
        """Wait for real until the clock, which is the server's too, has passed ``end``."""
        self.say(f"We really wait, until {date_time(end)}.")
        begin = self.now()
        with Progress(
            TextColumn(" " * (MARGIN - 1)),
            BarColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        ) as progress:
            task = progress.add_task("", total=end - begin)
            while (now := self.now()) <= end:
                progress.update(task, completed=now - begin)
                time.sleep(0.05)
