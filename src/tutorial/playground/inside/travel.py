"""What the promises use of time-machine, with the page's clock: it is compiled, and not here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest


# The page's: set(seconds since 1970, or None for now; whether it ticks).
def set_clock(moment: float | None, ticks: bool) -> None:
    raise NotImplementedError("The page puts its own in this one's place.")


class Traveller:
    def move_to(self, destination: str | float | datetime, tick: bool | None = None) -> None:
        """Move to a moment: ISO 8601, seconds since 1970, or a datetime."""
        if isinstance(destination, str):
            destination = datetime.fromisoformat(destination)
        if isinstance(destination, datetime):
            destination = destination.timestamp()
        set_clock(destination, tick is not False)

    def shift(self, seconds: float) -> None:
        import time

        set_clock(time.time() + seconds, True)


@pytest.fixture
def time_machine() -> Iterator[Traveller]:
    yield Traveller()
    set_clock(None, True)
