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

from collections.abc import Callable, Iterable
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
    Seen,
    sentence,
)

__all__ = ["ASKED", "Cause", "Diagnosis", "Observed", "diagnose", "sentence"]


def diagnose(observed: Observed) -> Diagnosis:
    """Return the causes of what was observed.

    Where a rule of ours fails, what was observed is told as it is: whoever learns has enough to
    look into. ``Diagnosis.slips`` says which rule it was, for our tests.
    """
    slips: list[str] = []
    try:
        doctor = Doctor(observed)
    except Exception as error:  # in the comparison: do without
        slips.append(repr(error))
        doctor = Doctor(replace(observed, chapter={}))

    def tried(rule: Callable[[Seen], Cause | None], seen: Seen) -> Cause | None:
        try:
            return rule(seen)
        except Exception as error:
            slips.append(repr(error))
            return doctor.as_it_is(seen)

    fatal = [tried(doctor.of_finding, finding) for finding in observed.findings if finding["fatal"]]
    if causes := [cause for cause in fatal if cause]:
        causes = list({cause.key: cause for cause in doctor.sorted_checks(causes)}.values())
        return Diagnosis(causes, True, tuple(slips))
    found = [tried(doctor.of_failure, failure) for failure in observed.failures]
    found += [tried(doctor.of_finding, finding) for finding in observed.findings]
    return Diagnosis(merge(cause for cause in found if cause), False, tuple(slips))


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

    def as_it_is(self, seen: Seen) -> Cause | None:
        """Return the promise's own question; of what keeps a project from loading, the error."""
        if "question" in seen:
            cause = Cause(seen["file"], 0, "", seen["said"], seen["question"], ASKED)
            return replace(cause, promises=(seen["id"],))
        if not seen["fatal"]:
            return None
        raised = seen.get("raised") or {"frames": []}
        at: Seen = next((frame for frame in reversed(raised["frames"]) if frame["own"]), {})
        said = seen.get("message") or "The project cannot be loaded."
        if "type" in raised:
            said = f"{raised['type']}: {raised['message']}"
        file, line, code = (at.get("file", ""), at.get("line", 0), at.get("code", ""))
        return Cause(file, line, code, said, "Run `python manage.py check`.", LOADING)
