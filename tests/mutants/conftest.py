import shutil

import pytest

from tutorial.ladder import find
from tutorial.project_files import clean_copy

from .pool import Pool, can_fork


@pytest.fixture(scope="session")
def pool():
    """A warm process to check projects in: one for all tests that a worker of xdist runs."""
    if not can_fork:
        pytest.skip("there is no fork here: Linux and macOS run these")
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def mutated(tmp_path):
    """Return a copy of a part with one edit; of an edit that does nothing, complain."""

    def make(mutant):
        part = find(mutant.number)
        copy = tmp_path / "project"
        clean_copy(part.path, copy)
        path = copy / mutant.file
        if mutant.new == "DELETE":
            path.unlink()
        else:
            code = path.read_text(encoding="utf-8")
            assert mutant.old in code, f"{mutant.file} of {part.slug} has changed: fix the table"
            path.write_text(code.replace(mutant.old, mutant.new), encoding="utf-8")
        return part, copy

    yield make
    shutil.rmtree(tmp_path, ignore_errors=True)
