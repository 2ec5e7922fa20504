"""A length of time in words: long in prose, short where there is little room."""

from __future__ import annotations

UNITS = (("day", "d", 86400), ("hour", "h", 3600), ("minute", "min", 60), ("second", "s", 1))


def in_words(seconds: float) -> str:
    """Return a duration as a person says it: 302 → ``5 minutes and 2 seconds``.

    It is rounded to seconds and to its two largest units, and has no sign.
    """
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name, _ in _counts(seconds)]
    return " and ".join(words) or "no time"


def in_short(seconds: float) -> str:
    """Return the same with symbols and a sign: -302 → ``-5 min 2 s``."""
    words = " ".join(f"{count} {symbol}" for count, _, symbol in _counts(seconds))
    return f"-{words}" if words and seconds < 0 else words or "0 s"


def _counts(seconds: float) -> list[tuple[int, str, str]]:
    """Return how many there are of the two largest units, each with its name and its symbol."""
    rest = abs(round(seconds))
    counts = []
    for name, symbol, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            counts.append((count, name, symbol))
    return counts[:2]
