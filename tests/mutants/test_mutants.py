"""The test of the tests: mistakes that learners make, each caught, each with advice that helps.

Every mutant is one small edit of a copy of a part. The test named beside it must go red on the
copy, and what a learner then reads must name the file to open.
"""

import re

import pytest

from tutorial.checking.run import CHECKPOINTS

from .asked import ASKED
from .covered import EXCUSED, SEEN_BY, UNDONE
from .mistakes import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mistake_is_caught(mutant, mutated, pool):
    """The named test goes red, its advice names the file, and the diagnosis names it first."""
    part, copy = mutated(mutant)
    seen = pool.check(part, copy, promises=[mutant.caught_by], options=["--snapshot"], look=False)
    failed = seen.outcome.failed
    assert failed, f"no test went red:\n{seen.log}"
    named = {line["file"] for line in failed}
    assert (mutant.open or mutant.file) in named, f"the advice names {named}: {failed[0]['said']}"
    for line in failed:
        assert line["said"] and line["question"], f"a learner would read too little: {line}"
    cause = seen.diagnosis.causes[0]
    # Where the mistake is, or where the promise's own question leads.
    assert cause.file.startswith((mutant.file, mutant.open or mutant.file)), cause


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_mistake_of_others_is_named_first(asked, mutated, pool):
    """The first thing that is said names the file, and the cause."""
    part, copy = mutated(asked)
    select = {"promises": [asked.only], "options": []} if asked.only else {"modules": [part]}
    seen = pool.check(part, copy, twice=asked.words == "restart", **select)
    assert seen.diagnosis.causes, f"nobody noticed; {len(seen.outcome.results)} promises hold"
    cause = seen.diagnosis.causes[0]
    assert cause.file.startswith(asked.open or asked.file), cause
    said = " ".join([cause.seen, cause.said, cause.code, cause.todo]).lower()
    for words in asked.words.split("|"):
        assert words.lower() in said, cause


BY_NAME = {str(one): one for one in ASKED}


@pytest.mark.parametrize("mistake", SEEN_BY)
def test_a_mistake_turns_these_promises_red(mistake, mutated, pool):
    """Each promise that is named beside a mistake notices it."""
    part, copy = mutated(BY_NAME[mistake])
    goes_red(pool.check(part, copy, promises=SEEN_BY[mistake], options=[], look=False), mistake)


@pytest.mark.parametrize("undone", UNDONE, ids=lambda undone: undone[4][0])
def test_a_promise_goes_red(undone, mutated, pool):
    """A promise that no mistake of learners breaks is broken on purpose."""
    number, file, old, new, promises = undone
    part, copy = mutated(Mutant(number, promises[0], file, old, new, promises[0]))
    goes_red(pool.check(part, copy, promises=promises, options=[], look=False), *promises)


def goes_red(seen, *promises):
    failed = {one["id"].partition("::")[2].partition("[")[0] for one in seen.outcome.failed}
    wanted = {name for one in promises for name in SEEN_BY.get(one, [one])}
    assert wanted <= failed, f"{wanted - failed} noticed nothing\n{seen.log}"


def test_every_promise_is_seen_to_go_red():
    """By a mutant, by a mistake that people ask about, or with a reason why not."""
    written = {
        name
        for path in CHECKPOINTS.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    caught = tuple(mutant.caught_by for mutant in MUTANTS)
    named = {name for name in written if name.startswith(caught)}
    named |= {name for names in SEEN_BY.values() for name in names}
    named |= {name for undone in UNDONE for name in undone[4]}
    assert written - named == set(EXCUSED), "name a mistake for each, or excuse it"


def test_the_table_is_long_enough():
    """Eighty mistakes at least, each once."""
    assert len(ASKED) >= 80
    assert len({(one.number, one.file, one.old, one.new) for one in ASKED}) == len(ASKED)
