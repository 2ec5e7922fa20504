"""Attacks on the parts, by strangers, members and staff, on real servers.

pytest tests/fuzz            some minutes, and the same every time
pytest tests/fuzz --long     another time each time, and many more
"""

from datetime import timedelta

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tutorial.ladder import LADDER, ROOT, first
from tutorial.running.server import serve

from .schema import schema_of
from .target import VISITORS, Target

# The first part with tokens, the first with a blacklist, and the last: what is between them has
# nothing that these have not.
PARTS = dict.fromkeys([first("has_tokens"), first("has_blacklist"), LADDER[-1]])
ROOMY = {
    "TUTORIAL_ATTEMPTS": "1000000",  # the limits are tested elsewhere, and in the way here
    "TUTORIAL_ACCESS_LIFETIME": str(timedelta(days=1).total_seconds()),
    "TUTORIAL_FAST_PASSWORDS": "1",
}


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="many cases, and new ones each time")


def pytest_configure(config):
    set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
    slow = list(hypothesis.HealthCheck)  # each case is a request to a server
    common = {"deadline": None, "suppress_health_check": slow, "report_multiple_bugs": False}
    hypothesis.settings.register_profile(
        "ci", max_examples=50, derandomize=True, database=None, **common
    )
    hypothesis.settings.register_profile("long", max_examples=1000, print_blob=True, **common)
    hypothesis.settings.load_profile("long" if config.option.long else "ci")


@pytest.fixture(scope="session", params=PARTS, ids=lambda part: part.slug)
def target(request):
    """A part's server under attack."""
    part = request.param
    with serve(part.path, environment=ROOMY) as server:
        target = Target(part, server)
        yield target
        assert not target.log.new_faults()


@pytest.fixture(scope="session")
def schema(target, tmp_path_factory):
    """The OpenAPI schema of that part."""
    return schema_of(target.part, tmp_path_factory.mktemp("schema"))


@pytest.fixture(params=VISITORS)
def visitor(request):
    """Who attacks: a stranger, a member or staff."""
    return request.param
