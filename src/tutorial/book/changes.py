"""What differs between two states of a file: found, chosen, shown and applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

CONTEXT = 2  # unchanged lines around a change


class DoesNotApply(ValueError):
    """A change whose place is not in the file: the message says what is missing."""


@dataclass(frozen=True)
class Hunk:
    """Neighbouring changed lines of a file, with a few of the lines around them."""

    start: int  # counted from 0, in the file with the hunks before it already applied
    lines: tuple[tuple[str, str], ...]  # (" ", "+" or "-"; the line)
    at_end: bool = False  # adds lines at the end of the file

    @property
    def old(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "+"]

    @property
    def new(self) -> list[str]:
        return [text for sign, text in self.lines if sign != "-"]


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Hunk]:
    """Return the changes from old lines to new ones, each with its context."""
    found = []
    end = 0  # of the hunk before, in the old lines
    for group in matcher(old, new).get_grouped_opcodes(CONTEXT):
        lines: list[tuple[str, str]] = []
        for tag, i, j, k, m in group:
            if tag == "equal":
                lines += [(" ", line) for line in old[i:j]]
            else:
                lines += [("-", line) for line in old[i:j]] + [("+", line) for line in new[k:m]]
        _, first, _, start, _ = group[0]
        more = lines_to_know_it_by(lines, old[end:first])
        lines[:0] = [(" ", line) for line in more]
        end = group[-1][2]
        tags = [tag for tag, *_ in group if tag != "equal"]
        at_end = tags == ["insert"] and end == len(old) and group[-1][0] == "insert"
        found.append(Hunk(start - len(more), tuple(lines), at_end))
    return found


def lines_to_know_it_by(lines: list[tuple[str, str]], above: Sequence[str]) -> Sequence[str]:
    """Return what to show above a change besides its context: empty lines show no place."""
    context = list(takewhile(lambda line: line[0] == " ", lines))
    if any(text.strip() for _, text in context):
        return []
    at = next((i for i in reversed(range(len(above))) if above[i].strip()), None)
    return [] if at is None or not context else above[at:]


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
