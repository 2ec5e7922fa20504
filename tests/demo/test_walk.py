"""What `tutorial demo` promises: the walk itself, on real servers, and how it is shown."""

import io
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.color import Color
from rich.console import Console

from tutorial import ladder, tokens
from tutorial.demo import guide, steps, walk
from tutorial.demo.guide import Guide
from tutorial.demo.steps import WalkStep
from tutorial.errors import Problem
from tutorial.ladder import LADDER, Part, first
from tutorial.tokens import encode

ESCAPE = "\x1b"
EXPIRES = 1300819380
TOKEN = f"{encode({'alg': 'HS256'})}.{encode({'exp': EXPIRES})}.signature"
TOKENS, BLACKLIST = first("has_tokens"), first("has_blacklist")
SESSIONS = first("has_sessions")


def elsewhere(project: Path) -> Part:
    """The first part with tokens, in a folder that a test may break."""
    return replace(TOKENS, slug=str(project))  # an absolute path


def take_the_walk(folder: Path, *, terminal: bool = False, **options) -> SimpleNamespace:
    """Take the walk; return its result, its output, its servers and what it left in the folder."""
    file, servers = io.StringIO(), []
    console = Console(
        file=file,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
        width=60,
        _environ={},
    )
    serve = walk.serve

    @contextmanager
    def serve_and_tell(*args, **kwargs):
        with serve(*args, **kwargs) as server:
            servers.append(server)
            yield server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setattr(walk, "serve", serve_and_tell)
        try:
            result = walk.run(console=console, **options)
        except KeyboardInterrupt:
            result = "interrupted"
    return SimpleNamespace(
        result=result, output=file.getvalue(), servers=servers, left=list(folder.iterdir())
    )


def nothing_is_left(taken: SimpleNamespace) -> bool:
    return not taken.left and all(server.process.poll() is not None for server in taken.servers)


def in_order(output: str, *texts: str) -> bool:
    return bool(re.search(".*".join(map(re.escape, texts)), output, re.DOTALL))


def words(output: str) -> str:
    """The output without its line breaks, to look for a sentence in it."""
    return re.sub(r"\s+", " ", output)


@pytest.fixture(scope="module")
def real_time(tmp_path_factory):
    """A walk on part 10 that waits, where a test moves the time that all clocks show.

    The walk's server has a clock, the walk does not know of it, and to sleep is to move it.
    """
    serve, slept = walk.serve, []

    @contextmanager
    def serve_without_a_clock(*args, clock, **kwargs):
        assert not clock
        with serve(*args, clock=True, **kwargs) as server:
            moved, server.clock = server.clock, None

            def sleep(seconds):
                slept.append(seconds)
                moved.advance(30)

            patch.setattr(guide, "time", SimpleNamespace(time=moved.now, sleep=sleep))
            yield server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "serve", serve_without_a_clock)
        taken = take_the_walk(
            tmp_path_factory.mktemp("real-time"),
            part=BLACKLIST,
            real_time=True,
            access_lifetime=240,
        )
    taken.slept = slept
    return taken


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Part 7 as it is, written to a file, with a pause that nobody can end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO())
        return take_the_walk(tmp_path_factory.mktemp("plain"), pause=True)


@pytest.fixture(scope="module")
def blacklist(tmp_path_factory):
    """Part 10 as it is, written to a file."""
    return take_the_walk(tmp_path_factory.mktemp("blacklist"), part=BLACKLIST)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """Part 11 as it is, written to a file."""
    return take_the_walk(tmp_path_factory.mktemp("sessions"), part=SESSIONS)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Part 7 with images for anyone and without rotation, on a narrow terminal."""
    project = tmp_path_factory.mktemp("project") / "07-broken"
    shutil.copytree(TOKENS.path, project)
    for name, good, bad in (
        ("reviews/views.py", "[IsAuthenticated]", "[]"),
        ("medium/settings.py", '"ROTATE_REFRESH_TOKENS": True', '"ROTATE_REFRESH_TOKENS": False'),
    ):
        text = (project / name).read_text(encoding="utf-8")
        assert good in text
        (project / name).write_text(text.replace(good, bad), encoding="utf-8")
    part = elsewhere(project)
    return take_the_walk(tmp_path_factory.mktemp("broken"), terminal=True, part=part)


def test_every_promise_is_kept(plain):
    assert plain.result is True
    assert "✗" not in plain.output
    assert "17 of 17 promises kept" in plain.output


def test_the_steps_are_taken_in_order(plain):
    titles = [f"{number}. {step.title}" for number, step in enumerate(steps.STEPS, 1)]
    assert len(titles) == 15
    first_ten = [f"\n{title} ─" for title in titles[:10]]
    assert in_order(plain.output, *first_ten, "What was promised")
    assert "Log out" not in plain.output


def test_a_request_is_shown_as_it_is_sent_and_an_answer_as_it_comes(plain):
    assert in_order(
        plain.output,
        f"request       GET {TOKENS.protected}\n",
        "response      401 Unauthorized\n",
        'WWW-Authenticate: Bearer realm="api"\n',
        '"detail": "Authentication credentials were not provided."',
        f"request       POST {TOKENS.login}\n",
        "Content-Type: application/json\n",
        '{"username": "demo", "password": "for-demonstration-only"}',
        "response      200 OK\n",
        f"request       GET {TOKENS.protected}\n",
        "Authorization: Bearer eyJ",
        '"count": 8,',
        '"… and 7 more"',
    )


def test_a_token_is_shown_in_one_piece_and_in_labelled_parts(plain):
    parts = (re.search(rf"^{name} +(eyJ.+|\S+)$", plain.output, re.M)[1] for name in tokens.COLOURS)
    header, payload = tokens.decode("".join(parts))
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert payload["username"] == "demo"
    for claim in payload:
        assert re.search(rf"^{claim} +[a-z]", plain.output, re.M), f"{claim} is not explained"


def test_the_forged_payload_differs_in_one_character(plain):
    good, forged = (
        re.search(rf"^{name} +…(\S+)…   user_id", plain.output, re.M)[1]
        for name in ("payload", "forged")
    )
    assert sum(a != b for a, b in zip(good, forged, strict=True)) == 1
    request = plain.output.partition("   user_id ")[2].partition("request ")[2]
    sent = re.search(r"Authorization: Bearer eyJ\S+", request)[0]
    assert f"…{forged}…" in sent  # the request shows what was changed


def test_the_clock_moves_over_both_lifetimes(plain):
    assert in_order(
        plain.output, "5 minutes and 2 seconds pass", "is expired", "15 days and 2 seconds pass"
    )


def test_plain_output_is_plain(plain):
    assert ESCAPE not in plain.output
    assert plain.output.count("Starting the server") == 1
    long = [line for line in plain.output.splitlines() if len(line) > 100]
    assert [line.split()[0] for line in long] == ["payload"]  # in one piece


def test_without_a_terminal_it_says_once_that_it_does_not_pause(plain):
    assert plain.output.count("nobody can press Enter") == 1
    assert "Press Enter to continue" not in plain.output


def test_the_old_refresh_token_still_works_before_part_10(plain):
    assert in_order(plain.output, "8. Rotate", "✓  the old refresh token still works: 200")
    assert "part 10 closes it" in words(plain.output)


@pytest.mark.parametrize(
    ("part", "has_fingerprint"), [(ladder.register, False), (ladder.profile, True)]
)
def test_the_walk_finds_the_login_of_parts_8_and_9(tmp_path, part, has_fingerprint):
    taken = take_the_walk(tmp_path, part=part)
    assert taken.result is True
    assert in_order(taken.output, "POST /auth/login/\n", "POST /auth/login/refresh/\n")
    assert "POST /token/" not in taken.output
    assert "✓  the old refresh token still works: 200" in taken.output
    fingerprint = "\nhash_password a fingerprint of the stored password hash"
    assert (fingerprint in taken.output) == has_fingerprint
    assert nothing_is_left(taken)


def test_part_10_closes_what_part_7_left_open(blacklist):
    assert blacklist.result is True
    assert in_order(
        blacklist.output,
        "8. Rotate",
        f"POST {BLACKLIST.refresh}\n",
        '"detail": "Token is blacklisted"',
        "✓  the old refresh token is refused: 401 Token is blacklisted",
    )
    assert "This closes what part 7 left open." in words(blacklist.output)
    assert "still works: 200" not in blacklist.output.partition("9. Confuse")[0]
    assert "a claim that this demo does not know" not in blacklist.output


def test_part_10_shows_what_a_logout_can_do_and_cannot(blacklist):
    assert in_order(
        blacklist.output,
        "\n11. Log out: ",
        f"request       POST {BLACKLIST.logout}\n",
        "Authorization: Bearer eyJ",
        '{"refresh": "eyJ',
        f"response      204 No Content\n\nrequest       POST {BLACKLIST.logout}\n",
        "response      400 Bad Request\n",
        f"POST {BLACKLIST.refresh}\n",
        "response      401 Unauthorized\n",
        f"GET {BLACKLIST.protected}\n",
        "response      200 OK\n",
        "what logging out cannot do",
        "✓  the access token still works: 200",
        "5 minutes and 2 seconds pass",
        "✓  until its exp: now the logout is complete: 401",
        "\n12. Log out everywhere: ",
        f"request       POST {BLACKLIST.logout_all}\n",
        "response      204 No Content\n",
        "✓  the phone can no longer refresh: 401",
        "✓  neither can the laptop: 401",
        "25 of 25 promises kept",
    )
    assert "Throttled" not in blacklist.output
    assert " 429 " not in blacklist.output


@pytest.mark.parametrize(
    ("take", "kept"),
    [
        (steps.rotate, [False]),
        (steps.log_out, [False, False, False, True, False]),
        (steps.log_out_everywhere, [False, False, False]),
    ],
)
def test_a_server_that_lets_everybody_in_breaks_the_promises_of_part_10(take, kept):
    clock = SimpleNamespace(now=lambda: EXPIRES - 1, advance=lambda seconds: EXPIRES - 1 + seconds)
    file = io.StringIO()
    guide = Guide(Console(file=file), SimpleNamespace(clock=clock), BLACKLIST, refresh=TOKEN)
    pair = {"access": TOKEN, "refresh": TOKEN}
    guide.send = guide.ask = lambda *args, **kwargs: SimpleNamespace(
        status_code=200, json=lambda: pair
    )
    take(guide)
    assert [promise.kept for promise in guide.promises] == kept
    assert file.getvalue().count("✗") == kept.count(False)


def test_part_11_notices_the_thief(sessions):
    assert sessions.result is True
    assert in_order(
        sessions.output,
        "8. Rotate",
        "✓  the old refresh token is refused: 401 token_exchanged",
        "✓  its session lives on: 200",
        "\n11. Steal: ",
        f"request       POST {SESSIONS.refresh}\n",
        '"code": "token_reused"',
        f"GET {SESSIONS.protected}\n",
        'error="invalid_token"',
        "✓  and so is the thief's refresh token: 401 session_ended",
        "\n12. Devices: ",
        f"request       GET {SESSIONS.sessions}\n",
        f"request       DELETE {SESSIONS.sessions}",
        "response      204 No Content\n",
        "✓  the phone is out at once: 401 session_ended",
        "✓  the laptop is not: 200",
        "\n13. Log out: the session ends",
        "✓  the access token is refused: 401 session_ended",
        "28 of 28 promises kept",
    )
    assert "blacklist" not in sessions.output
    assert "a claim that this demo does not know" not in sessions.output
    assert " 429 " not in sessions.output


@pytest.mark.parametrize(
    ("take", "kept"),
    [
        (steps.rotate, [False, True]),
        (steps.steal, [False, False, False]),
        (steps.devices, [False, False, False, True]),
        (steps.end_session, [False, False, False]),
    ],
)
def test_a_server_that_lets_everybody_in_breaks_the_promises_of_part_11(take, kept):
    file = io.StringIO()
    guide = Guide(Console(file=file), SimpleNamespace(clock=None), SESSIONS, refresh=TOKEN)
    pair = {"access": TOKEN, "refresh": TOKEN}
    guide.send = guide.ask = lambda *args, **kwargs: SimpleNamespace(
        status_code=200, json=lambda: pair
    )
    take(guide)
    assert [promise.kept for promise in guide.promises] == kept


def test_a_login_that_fails_ends_the_walk_in_words():
    guide = Guide(Console(file=io.StringIO()), SimpleNamespace(), BLACKLIST)
    guide.send = lambda *args, **kwargs: SimpleNamespace(json=lambda: {"detail": "throttled"})
    with pytest.raises(Problem, match="did not let demo log in again"):
        guide.log_in()


def test_nothing_is_left_behind(plain, blacklist, sessions, broken):
    assert nothing_is_left(plain)
    assert nothing_is_left(blacklist)
    assert nothing_is_left(sessions)
    assert nothing_is_left(broken)


def test_a_broken_promise_is_named_and_the_walk_goes_on(broken):
    assert broken.result is False
    output = re.sub(rf"{ESCAPE}\[[\d;?]*[A-Za-z]", "", broken.output)
    assert in_order(
        words(output),
        "1. Knock",
        "✗ a stranger is refused: expected 401, Bearer, got",
        "7. Refresh",
        "✗ the refresh token is rotated: expected a new",
        "10. Let die",
        "15 of 17 promises kept",
    )
    assert output.count("✗") == 5  # beside each step, twice in the summary, and explained there


def test_the_three_parts_have_three_colours(broken):
    seen = [
        re.search(
            # as a background, for white letters
            rf"{ESCAPE}\[[\d;]*48;2;{{}};{{}};{{}}m".format(*Color.parse(colour).triplet),
            broken.output,
        )
        for colour in tokens.COLOURS.values()
    ]
    assert all(seen)
    assert len(set(tokens.COLOURS.values())) == 3


def test_a_status_has_the_colour_of_what_it_says(broken):
    green, red = "1;32m", "1;31m"
    assert re.search(rf"{ESCAPE}\[{green}200 OK", broken.output)
    assert re.search(rf"{ESCAPE}\[{red}401 Unauthorized", broken.output)


def test_nothing_is_wider_than_a_narrow_terminal(broken):
    output = re.sub(rf"{ESCAPE}\[[\d;?]*[A-Za-z]", "", broken.output)
    assert max(len(line.rsplit("\r", 1)[-1]) for line in output.splitlines()) <= 60


def test_real_time_waits_instead_of_moving_the_clock(real_time):
    assert real_time.result is True
    assert in_order(
        real_time.output,
        "We really wait",
        "is expired",
        "Skipped: we really wait",
        "11. Log out",
        "✓  the access token still works: 200",
        "We really wait",
        "is expired",
    )
    assert "24 of 24 promises kept" in real_time.output
    assert "clock  " not in real_time.output
    assert ESCAPE not in real_time.output
    assert len(real_time.slept) >= 2  # there were two tokens to outlive
    assert nothing_is_left(real_time)


def test_to_wait_is_to_wait_for_real():
    guide = Guide(Console(file=io.StringIO()), SimpleNamespace(clock=None), BLACKLIST)
    end = time.time() + 0.2
    guide.wait_until(end)
    assert time.time() > end


@pytest.fixture
def one_step(monkeypatch):
    """Replace the walk by one step of the test's own."""
    return lambda take: monkeypatch.setattr(walk, "STEPS", [WalkStep("Only", "Why?", take)])


def test_a_server_that_dies_is_reported_with_its_log(tmp_path, one_step):
    def die(guide):
        guide.ask("GET", "/admin/login/")
        while "GET /admin/login/" not in guide.server.log():  # written after the answer is sent
            assert guide.server.process.poll() is None
        guide.server.process.kill()
        guide.server.process.wait()
        guide.ask("GET", "/admin/")

    one_step(die)
    taken = take_the_walk(tmp_path, part=LADDER[0])
    assert taken.result is False
    assert in_order(
        taken.output, "stopped responding in step 1", '"GET /admin/login/ HTTP/1.1" 200'
    )
    assert nothing_is_left(taken)


def test_ctrl_c_ends_with_one_line(tmp_path, one_step):
    def interrupt(guide):
        raise KeyboardInterrupt

    one_step(interrupt)
    taken = take_the_walk(tmp_path, part=LADDER[0])
    assert taken.result == "interrupted"
    assert taken.output.endswith("\nThe server and its data are gone.\n")
    assert nothing_is_left(taken)


def test_a_server_that_does_not_start_is_reported_with_its_log(tmp_path):
    project, state = tmp_path / "07-none", tmp_path / "state"
    (project / "medium").mkdir(parents=True)
    (project / "medium" / "settings.py").write_text("raise RuntimeError('no secret key')\n")
    state.mkdir()
    taken = take_the_walk(state, part=elsewhere(project))
    assert taken.result is False
    assert in_order(taken.output, "The server did not start", "no secret key")
    assert not taken.left


def test_enter_ends_a_pause(one_step, monkeypatch):
    answers, shown = iter(["\n"]), io.StringIO()
    monkeypatch.setattr("builtins.input", lambda: next(answers))
    console = Console(file=shown, width=100)
    guide = Guide(console, SimpleNamespace(), TOKENS, number=3)
    walk.take(guide, WalkStep("Decode", "Which key?", lambda guide: guide.say("done")), pause=True)
    assert in_order(shown.getvalue(), "3. Decode", "Which key?", "Press Enter to continue", "done")
    assert not list(answers)


@pytest.mark.parametrize(("now", "access"), [(EXPIRES - 1, TOKEN), (EXPIRES, "new")])
def test_a_token_that_ran_out_in_a_pause_is_replaced(now, access):
    server = SimpleNamespace(clock=SimpleNamespace(now=lambda: now))
    guide = Guide(Console(file=io.StringIO()), server, TOKENS, access=TOKEN)
    pair = {"access": "new", "refresh": "newer"}
    guide.send = lambda *args, **kwargs: SimpleNamespace(json=lambda: pair)
    guide.stay_logged_in()
    assert guide.access == access


def test_the_next_command_can_be_typed_as_it_is(monkeypatch, tmp_path):
    """After `tutorial demo`, and after `scripts/demo.py`, in whose shell nothing is active."""
    monkeypatch.setattr("sys.argv", ["/venv/bin/tutorial", "demo"])
    assert walk.tutorial_command() == "tutorial"
    monkeypatch.setattr("sys.argv", ["/src/tutorial/__main__.py", "demo"])
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv" / "bin" / "python"))
    for here, typed in ((tmp_path, Path(".venv/bin/tutorial")), (Path.home(), None)):
        monkeypatch.chdir(here)
        assert walk.tutorial_command() == str(typed or tmp_path / ".venv/bin/tutorial")
