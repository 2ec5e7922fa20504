"""A server's clock that can be moved, and the control port that moves it.

``time-machine`` shifts the clock of a whole process at C level, so Django, Simple JWT and
PyJWT all read the moved time, and none of their code is changed. It goes on ticking.
The control port keeps the rules of :mod:`tutorial.loopback`.

Standard library only, but for the served process, which needs ``time-machine``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tutorial.loopback import HOST, Handler, Refused, listen

PATH = "/clock"
# A clock stays so far from the ends of the calendar that any lifetime fits in.
MARGIN = 10 * 366 * 86400  # seconds

# Whatever proxy the environment names, the loopback address needs none.
_open = build_opener(ProxyHandler({})).open


class Clock:
    """The handle on a server's clock, for the process that started the server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def now(self) -> float:
        """Return the server's time, in seconds since 1970 (UTC)."""
        with _open(self.url, timeout=10) as response:
            return json.load(response)["now"]

    def advance(self, seconds: float) -> float:
        """Move the server's clock by so many seconds (back, if negative); return its new time.

        ``exp`` is in whole seconds (RFC 7519, section 2, NumericDate): step over a boundary
        by two seconds, never by one. Raises ValueError when the server refuses the number.
        """
        body = json.dumps({"seconds": seconds}).encode()
        request = Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with _open(request, timeout=10) as response:
                return json.load(response)["now"]
        except HTTPError as error:
            raise ValueError(json.load(error)["detail"]) from error


def read_seconds(content: Any) -> float:
    """Return the number in ``{"seconds": <number>}``. Raises Refused when there is none."""
    seconds = content.get("seconds") if isinstance(content, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Refused(400, 'Send {"seconds": <number>}.')
    return seconds


def start(moved_back: Callable[[], None]) -> str:
    """Make this process's clock movable; return the URL of its control port.

    ``moved_back`` is called after a move into the past, before the response to it.
    """
    import time_machine

    clock = time_machine.travel(time.time(), tick=True).start()
    one_at_a_time = threading.Lock()  # two moves that fit alone may not fit together

    class Control(Handler):
        def get(self) -> None:
            self.check_path()
            self.send_json({"now": time.time()})

        def post(self, content: Any) -> None:
            self.check_path()
            seconds = read_seconds(content)
            with one_at_a_time:
                try:
                    for margin in (-MARGIN, MARGIN):
                        datetime.fromtimestamp(time.time() + seconds + margin, UTC)
                except (ValueError, OverflowError, OSError):
                    raise Refused(400, "The clock would leave the calendar.") from None
                clock.shift(seconds)
                if seconds < 0:
                    moved_back()
                now = time.time()
            self.send_json({"now": now})

        def check_path(self) -> None:
            if self.path != PATH:
                raise Refused(404, f"There is only {PATH}.")

    return f"http://{HOST}:{listen(Control).server_port}{PATH}"
