import pytest

from tutorial.running.server import serve

from .asking import PART


@pytest.fixture(scope="module")
def server():
    with serve(PART.path, clock=True) as server:
        yield server
