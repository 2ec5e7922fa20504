"""What differs between two states of a file: found, chosen, shown and applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 2  # unchanged lines around a change


class DoesNotApply(ValueError):
    """A change whose place is not in the file: the message says what is missing."""


@dataclass(frozen=True)
class Hunk:
    """Neighbouring changed lines of a file, with a few of the lines around them."""

    start: int  # of the old lines, counted from 0
    lines: tuple[tuple[str, str], ...]  # (" ", "+" or "-"; the line)

    @property
    def old(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "+"]

    @property
    def new(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "-"]


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Hunk]:
    """Return the changes from old lines to new ones, each with its context."""
    found = []
    for group in matcher(old, new).get_grouped_opcodes(CONTEXT):
        lines: list[tuple[str, str]] = []
        for tag, i, j, k, m in group:
            if tag == "equal":
                lines += [(" ", line) for line in old[i:j]]
            else:
                lines += [("-", line) for line in old[i:j]] + [("+", line) for line in new[k:m]]
        found.append(Hunk(group[0][1], tuple(lines)))
    return found


def go_part_way(
    old: list[str], target: list[str], only: Sequence[str], later: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the old lines with some of the changes that lead to the target.

    ``only`` takes the places whose changed lines hold one of these texts (none: every place);
    ``later`` leaves out single lines that hold one of these. Second come those texts of
    ``only`` that no change holds.
    """

    def is_later(line: str) -> bool:
        return any(text in line for text in later)

    new: list[str] = []
    found = set()
    for tag, i, j, k, m in matcher(old, target).get_opcodes():
        lines = [*old[i:j], *target[k:m]]
        hits = {text for text in only if any(text in line for line in lines)}
        if tag == "equal" or (only and not hits):
            new += old[i:j]
        else:
            found |= hits
            new += [line for line in old[i:j] if is_later(line)]
            new += [line for line in target[k:m] if not is_later(line)]
    return new, [text for text in only if text not in found]


def apply(changes: Sequence[Hunk], lines: list[str]) -> list[str]:
    """Apply changes to these lines as a reader does, by the lines around them.

    Raises DoesNotApply when a change does not find its place.
    """
    lines = list(lines)
    for hunk in changes:
        size = len(hunk.old)
        places = [i for i in range(len(lines) - size + 1) if lines[i : i + size] == hunk.old]
        if not places:
            unknown = (text for text in hunk.old if text.strip() and text not in lines)
            missing = next(unknown, None)
            raise DoesNotApply(
                f"the line {missing!r} is not in it" if missing else "its lines are elsewhere"
            )
        place = min(places, key=lambda i: abs(i - hunk.start))
        lines[place : place + size] = hunk.new
    return lines


def as_diff(changes: Sequence[Hunk]) -> str:
    """Return changes as they are shown, each with the line it begins at where that is known."""
    return "\n".join(
        (f"@@ line {hunk.start + 1} @@\n" if hunk.start else "@@\n")
        + "\n".join(sign + text for sign, text in hunk.lines)
        for hunk in changes
    )


def matcher(old: Sequence[str], new: Sequence[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, old, new, autojunk=False)
