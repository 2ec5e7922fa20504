"""From what was observed to a cause: the file, the line, the words, and what to do next.

A pure function of plain data: no process, no terminal, no Django. Advice comes from the strongest
thing that was observed, in this order:

1. what keeps the project from loading: nothing else can be seen before that is fixed;
2. an exception, with the deepest of the project's own lines that has to do with it;
3. a status code that a look at the view confirms: no route, no such method, no parser for what
   was sent, no authenticator that ran, a permission that refused;
4. a difference from the chapter's code in what the failing request went through;
5. the question of the promise that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tutorial.checking.diagnosis.answered import Answered
from tutorial.checking.diagnosis.loading import Loading
from tutorial.checking.diagnosis.model import (
    ASKED,
    COMPARED,
    CONFIRMED,
    LOADING,
    NOTICED,
    RAISED,
    Cause,
    Diagnosis,
    Observed,
)

__all__ = ["ASKED", "Cause", "Diagnosis", "Observed", "diagnose"]


def diagnose(observed: Observed) -> Diagnosis:
    """Return the causes of what was observed."""
    doctor = Doctor(observed)
    fatal = [doctor.of_finding(finding) for finding in observed.findings if finding["fatal"]]
    if causes := [cause for cause in fatal if cause]:
        return Diagnosis(
            list({cause.key: cause for cause in doctor.sorted_checks(causes)}.values()), True
        )
    causes = [cause for failure in observed.failures if (cause := doctor.of_failure(failure))]
    causes += [cause for finding in observed.findings if (cause := doctor.of_finding(finding))]
    return Diagnosis(merge(causes))


def merge(causes: Iterable[Cause]) -> list[Cause]:
    """Tell each cause once; first the one that is sure and explains the most."""
    together: dict[tuple[str, int, str], Cause] = {}
    order: dict[tuple[str, int, str], int] = {}
    for place, cause in enumerate(causes):
        key = cause.key
        order.setdefault(key, place)
        if key in together:
            kept = max(together[key], cause, key=lambda one: one.sure)
            promises = tuple(dict.fromkeys(together[key].promises + cause.promises))
            together[key] = replace(kept, promises=promises)
        else:
            together[key] = cause
    weight = {ASKED: 0.2, COMPARED: 1.0, NOTICED: 1.2, CONFIRMED: 1.5, RAISED: 2.0, LOADING: 9.0}

    def rank(item: tuple[tuple[str, int, str], Cause]) -> tuple[float, int]:
        key, cause = item
        return -weight[cause.sure] * max(1, len(cause.promises)), order[key]

    return [cause for _, cause in sorted(together.items(), key=rank)]


class Doctor(Loading, Answered):
    """Knows the project, and looks at one observation after the other."""
