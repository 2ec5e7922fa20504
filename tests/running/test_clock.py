"""What a server's clock promises to whoever moves it."""

import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
import requests

from tutorial.ladder import LADDER
from tutorial.loopback import LONGEST_BODY
from tutorial.running.environment import child_environment
from tutorial.running.server import PASSWORD, serve

from .asking import PART, images, login, wait_for

YEAR = 365.25 * 86400  # seconds


def test_its_clock_moves_and_ticks(server):
    access = login(server.url).json()["access"]
    before = server.clock.now()
    assert server.clock.advance(302) >= before + 302
    assert images(server.url, access).status_code == 401
    server.clock.advance(-302)
    assert images(server.url, access).status_code == 200
    now = server.clock.now()
    wait_for(lambda: server.clock.now() > now)


def unmoved(server):
    return abs(server.clock.now() - time.time()) < 30


@pytest.mark.parametrize(
    "seconds",
    ["soon", "302", "", None, True, False, [], [302], {}, float("nan")]
    + [sign * size for sign in (1, -1) for size in (float("inf"), 1e300, 10**400, 1e12, 2.52e11)],
    ids=lambda value: str(value)[:12],
)
def test_its_clock_refuses_what_is_no_time(server, seconds):
    with pytest.raises(ValueError, match=r"number|calendar"):
        server.clock.advance(seconds)
    assert unmoved(server)
    assert requests.get(server.url + PART.products, timeout=30).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *("", "302", "null", "[]", "{}", '{"second": 302}', "\xff"),
        *("[" * LONGEST_BODY, "{" * 500, '{"seconds": ' + "9" * 900 + "}"),
        *('{"seconds": 302}' + " " * LONGEST_BODY, "9" * 3_000_000),
    ],
    ids=lambda value: value[:12],
)
def test_its_clock_refuses_what_is_no_request(server, body):
    answer = requests.post(
        server.clock.url,
        data=body.encode("latin-1"),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == (413 if len(body) > LONGEST_BODY else 400)
    assert answer.json()["detail"]
    assert unmoved(server)
    assert "Traceback" not in server.log()


@pytest.mark.parametrize(
    "moment", [datetime(9999, 12, 20, tzinfo=UTC), datetime(1, 1, 5, tzinfo=UTC)]
)
def test_its_clock_leaves_room_for_a_tokens_life(server, moment):
    with pytest.raises(ValueError, match="calendar"):
        server.clock.advance((moment - datetime.now(UTC)).total_seconds())
    assert unmoved(server)


@pytest.mark.parametrize("years", [7900, -1900])
def test_its_clock_goes_as_far_as_a_login_works(years):
    with serve(PART.path, clock=True) as server:
        server.clock.advance(years * YEAR)
        assert images(server.url, login(server.url).json()["access"]).status_code == 200
        assert "Traceback" not in server.log()


# Two requests look whether the calendar has room before either of them moves the clock, if they
# can: whoever looks waits a moment for the other one.
TWO_MOVES = """
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from tutorial.running import clock
both = threading.Barrier(2)

class Calendar(clock.datetime):
    @classmethod
    def fromtimestamp(cls, *arguments):
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=1)
        return clock_datetime.fromtimestamp(*arguments)

clock_datetime, clock.datetime = clock.datetime, Calendar
handle = clock.Clock(clock.start(lambda: None))

def move(seconds):
    with suppress(ValueError):
        return handle.advance(seconds)

with ThreadPoolExecutor(2) as pool:
    print(sum(map(bool, pool.map(move, [4500 * 365.25 * 86400] * 2))))
"""


def test_two_moves_that_fit_alone_do_not_fit_together():
    moved = subprocess.check_output([sys.executable, "-c", TWO_MOVES], env=child_environment())
    assert int(moved) == 1


def test_moved_back_it_forgets_attempts_that_lie_ahead():
    """A throttle would count attempts of the future, and hold its door shut until then."""
    part = LADDER[-1]
    data = {"username": "demo", "password": PASSWORD}

    def answers():
        return requests.post(server.url + part.login, json=data, timeout=30).status_code

    with serve(part.path, clock=True) as server:
        server.clock.advance(15 * 86400)
        wait_for(lambda: answers() == 429)
        server.clock.advance(-15 * 86400)
        assert answers() == 200


def test_its_clock_is_not_for_other_pages(server):
    """A page of another origin can send a form without asking; a name can be made to mean us."""
    url = server.clock.url
    before = server.clock.now()
    form = requests.post(
        url, data='{"seconds": 9000}', headers={"Content-Type": "text/plain"}, timeout=30
    )
    assert form.status_code == 415
    named = requests.post(
        url, json={"seconds": 9000}, headers={"Host": "rebound.example"}, timeout=30
    )
    assert named.status_code == 404
    for answer in [requests.options(url, timeout=30), requests.get(url, timeout=30)]:
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert server.clock.now() < before + 9000
