"""The token lab, in a real browser against the real servers of part 7 and of part 10."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tutorial.browser import OPTIONS, find_chromium
from tutorial.errors import Problem
from tutorial.lab import Lab, lab
from tutorial.ladder import ROOT, find
from tutorial.running.server import PASSWORD, free_port, serve

# What the browser itself writes to the console when a request is refused or not answered.
REFUSED = "the server responded with a status of 4"
NO_ANSWER = "net::ERR"
BY_CORS = "blocked by CORS policy"

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

STORY = [
    # what the verdict says after each step
    "401 Unauthorized GET /image/ Authentication credentials were not provided.",
    "200 OK POST /token/ a token pair",
    "200 OK GET /image/ 8 images",
    "401 Unauthorized GET /image/ Token is invalid",
    "+5 min",
    "401 Unauthorized GET /image/ Token is expired",
    "200 OK POST /token/refresh/ a token pair",
    "200 OK GET /image/ 8 images",
    "200 OK POST /token/refresh/ a token pair",
    "+15 days",
    "401 Unauthorized POST /token/refresh/ Token is expired",
]
STATUSES = ["401", "200", "200", "401", "401", "200", "200", "200", "401"]
# From the exchanged refresh token on, which is green above, part 10 tells another end.
END_OF_STORY_10 = [
    "401 Unauthorized POST /auth/login/refresh/ Token is blacklisted",
    "204 No Content POST /auth/logout/ logged out",
    "200 OK GET /image/ 8 images",
    "+5 min",
    "401 Unauthorized GET /image/ Token is expired",
]
STORY_10 = [
    *(verdict.replace("/token/", "/auth/login/", 1) for verdict in STORY[:-3]),
    *END_OF_STORY_10,
]
STATUSES_10 = ["401", "200", "200", "401", "401", "200", "200", "401", "204", "200", "401"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one, CI fails and everybody else skips."""
    found = find_chromium()
    if not found:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("No Chromium found: install one, or name it in the variable CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield running
        running.close()


@contextmanager
def waiting_lab() -> Iterator[Lab]:
    """Part 7 with a short lifetime in place of a clock, as a server of one's own."""
    port = free_port(3200)
    origin = {"DJANGO_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}"}
    with (
        serve(find(7).path, access_lifetime=3, environment=origin) as server,
        lab(7, port=port, url=server.url) as own,
    ):
        yield own


@contextmanager
def lab_command() -> Iterator[SimpleNamespace]:
    """The lab as `tutorial lab` runs it: a process of its own, its page's port, its folder."""
    port = free_port(3100)
    code = (
        "from rich.console import Console; from tutorial.lab import run;"
        f"run(part='7', port={port}, url=None, open_browser=False, console=Console())"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": folder}
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment, text=True, stdout=subprocess.PIPE
        ) as process:
            yield SimpleNamespace(process=process, port=port, folder=Path(folder))
            process.kill()


AHEAD = {
    "part_10": lambda: lab(10, port=free_port(3300)),
    "waiting": waiting_lab,
    "command": lab_command,
}


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest) -> Iterator[dict[str, Future]]:
    """Start the servers that are needed later on, while the first tests run."""
    needed = {name for item in request.session.items for name in item.fixturenames}
    with ExitStack() as stack, ThreadPoolExecutor(1) as starter:
        yield {
            name: starter.submit(lambda start=start: stack.enter_context(start()))
            for name, start in AHEAD.items()
            if name in needed
        }


@pytest.fixture(scope="module")
def running(ahead: dict[str, Future]) -> Iterator[Lab]:
    with lab(7) as started:
        yield started


@pytest.fixture
def part_10(ahead: dict[str, Future]) -> Lab:
    """The lab of part 10, a minute after the last test, so that the throttle counts anew."""
    started = ahead["part_10"].result()
    started.server.clock.advance(61)
    return started


@pytest.fixture
def waiting(ahead: dict[str, Future]) -> Lab:
    return ahead["waiting"].result()


@pytest.fixture
def command(ahead: dict[str, Future]) -> SimpleNamespace:
    return ahead["command"].result()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, running: Lab) -> Iterator[Visit]:
    """Open the lab in a browser of its own; whatever it should not have done fails the test."""
    complaints: list[str] = []
    opened: list[Page] = []

    def open_lab(
        at: Lab = running, *, expected: tuple[str, ...] = (REFUSED,), hurry: bool = False, **options
    ) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation',"
            " (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));"
        )
        if hurry:  # nobody has to read the captions
            page.add_init_script(
                "const later = setTimeout;"
                "window.setTimeout = (what, delay) => later(what, Math.min(delay, 20));"
            )

        def hear(message) -> None:
            if message.type in {"error", "warning"} and not any(
                known in message.text for known in expected
            ):
                complaints.append(f"console: {message.text}")

        def watch(request) -> None:
            if not request.url.startswith((at.url, f"{at.api}/")):
                complaints.append(f"foreign request: {request.url}")

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", watch)
        page.goto(at.url)
        expect(page.locator("body[data-ready]")).to_be_attached()
        opened.append(page)
        return page

    yield open_lab
    for page in opened:
        complaints += [f"policy: {each}" for each in page.evaluate("window.violations")]
        page.context.close()
    assert complaints == []


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    """Take a picture, where a folder for pictures is named."""
    folder = os.environ.get("TUTORIAL_ARTIFACTS")

    def take(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"lab-{name}.png")

    return take


def see(page: Page, verdict: str) -> None:
    """Wait until the last answer says this."""
    words = re.escape(verdict).replace(r"\ ", r"\s*")
    expect(page.locator("#verdict")).to_contain_text(re.compile(words))


def click(page: Page, button: str, verdict: str) -> None:
    page.get_by_role("button", name=button).click()
    see(page, verdict)


def log_in(page: Page) -> None:
    click(page, "Log in", "200 OK POST")


def post(at: Lab, path: str, content: dict) -> dict:
    """Send this to the server from outside the page; raise HTTPError when it is refused."""
    body = json.dumps(content).encode()
    with urlopen(Request(at.api + path, body, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def statuses(page: Page) -> list[str]:
    """The status of every request in the log, the first one first."""
    badges = page.locator("#log .badge").all_inner_texts()
    return [re.sub(r"\D", "", badge) for badge in reversed(badges)]


def marks(page: Page) -> list[str]:
    """The status of every mark on the timeline, from left to right."""
    return page.locator("#timeline .status").all_text_contents()


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {rule['help']} ({rule['nodes'][0]['html']})"
        for rule in found.response["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]


def take_step(page: Page, verdict: str) -> None:
    expect(page.locator("#before")).to_contain_text("Next: ")
    said = page.locator("#after").inner_text()
    click(page, "Next step", verdict)
    expect(page.locator("#after")).not_to_have_text(said)


def test_the_whole_story_step_by_step(visit: Visit, keep_picture) -> None:
    page = visit()
    keep_picture(page, "00-before")
    page.get_by_role("button", name="Next step").click()
    for number, verdict in enumerate(STORY, start=1):
        take_step(page, verdict)
        keep_picture(page, f"{number:02}-story")
    expect(page.locator("#before")).to_have_text("That was the whole story.")
    assert statuses(page) == marks(page) == STATUSES
    expect(page.locator("#timeline rect.life")).to_have_count(6)
    expect(page.locator("#timeline .end")).to_have_count(6)
    expect(page.locator("#timeline rect.lost")).to_have_count(0)
    assert page.locator("#timeline .gap-label").all_text_contents() == ["+5 min", "+15 days"]


def test_the_story_plays_by_itself_and_can_be_paused(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.locator("#log li")).to_have_count(0)

    page = visit(hurry=True)
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_have_text("That was the whole story.")
    assert statuses(page) == STATUSES


def test_who_takes_over_stops_the_story(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    click(page, "Send without a token", "401 Unauthorized GET /image/")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_reduced_motion_turns_no_page_by_itself(visit: Visit) -> None:
    page = visit(hurry=True, reduced_motion="reduce")
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    click(page, "Go on", STORY[0])
    expect(page.locator("#before")).to_contain_text("Next: log in")
    assert statuses(page) == ["401"]


def test_the_countdowns_run_on_the_servers_time(visit: Visit, running: Lab) -> None:
    page = visit()
    log_in(page)
    access, refresh = (page.locator(f"#{kind}-life [role=timer]") for kind in ("access", "refresh"))
    expect(access).to_have_text(re.compile(r"^(5:00|4:5\d)$"))
    expect(refresh).to_have_text(re.compile(r"^(15 d 00:00:00|14 d 23:59:5\d)$"))
    running.server.clock.advance(60)  # behind the page's back
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(access).to_have_text(re.compile(r"^(4:00|3:5\d)$"))
    click(page, "+1 min", "+1 min")
    expect(access).to_have_text(re.compile(r"^(3:00|2:5\d)$"))
    # A step that would end on the very second of exp ends two seconds beyond it.
    exp = int(page.locator(".token.access .value").nth(3).inner_text())
    running.server.clock.advance(exp - 60 - running.server.clock.now())
    page.get_by_role("button", name="+1 min").click()
    expect(page.locator("#access-life")).to_contain_text("expired 2 s ago")
    assert running.server.clock.now() >= exp + 2
    expect(page.locator("#heard")).to_have_text("Expired: access 1")
    click(page, "Call the protected", "401 Unauthorized GET /image/ Token is expired")
    expect(page.locator("#refresh-life")).to_have_attribute("data-state", "alive")


def test_start_again_is_a_new_session_at_todays_time(visit: Visit, running: Lab) -> None:
    page = visit()
    log_in(page)
    click(page, "+15 days", "+15 days")
    assert running.server.clock.now() > page.evaluate("Date.now() / 1000") + 14 * 86400
    click(page, "Start again", "Ready")
    assert abs(running.server.clock.now() - page.evaluate("Date.now() / 1000")) < 5
    expect(page.locator("#log li")).to_have_count(0)
    expect(page.locator("#timeline rect")).to_have_count(0)
    click(page, "Call the protected", "There is no access token")
    log_in(page)
    click(page, "Call the protected", "200 OK GET /image/")


def test_a_token_is_taken_apart_and_tampered_with(visit: Visit) -> None:
    page = visit()
    with page.expect_response("**/token/") as answer:
        log_in(page)
    pair = answer.value.json()
    for kind, token in pair.items():
        card = page.locator(f".token.{kind}")
        assert card.locator(".encoded").inner_text().replace("\n", "") == token
        payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert card.locator(".decoded .payload dt").all_inner_texts() == list(payload)
        expect(card.locator(".decoded .payload")).to_contain_text(payload["jti"])
        expect(card.locator(".decoded .payload")).to_contain_text("a custom claim")

    with page.expect_request(lambda request: request.method == "GET") as sent:
        click(page, "Tamper", "401 Unauthorized GET /image/ Token is invalid")
    changed = sent.value.headers["authorization"].removeprefix("Bearer ")
    parts = zip(pair["access"].split("."), changed.split("."), strict=True)
    assert [before == after for before, after in parts] == [True, False, True]
    assert sum(a != b for a, b in zip(pair["access"], changed, strict=True)) == 1
    click(page, "Call the protected", "200 OK")  # the page has kept the true one


def test_tokens_stay_in_memory(visit: Visit) -> None:
    page = visit()
    log_in(page)
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(kept) == [0, 0, ""]
    page.get_by_text("Where are the tokens kept?").click()
    expect(page.get_by_text("In a variable of this page")).to_be_visible()
    page.reload()
    click(page, "Call the protected", "There is no access token")
    click(page, "Refresh", "There is no refresh token")


def test_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    reached = []
    while "Log in" not in reached:
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.innerText || document.activeElement.id,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(re.sub(r"\s+\w$", "", focused[0]))
        assert focused[1] == "solid", f"the focus cannot be seen on {focused[0]}"
        assert len(reached) < 15, reached
    assert reached[0] == "Skip to the buttons"
    page.keyboard.press("Enter")
    see(page, "200 OK POST /token/")
    for key, verdict in (
        ("c", "200 OK GET /image/ 8 images"),
        ("t", "401 Unauthorized GET /image/ Token is invalid"),
        ("w", "401 Unauthorized GET /image/ Authentication credentials"),
        ("1", "+1 min"),
        ("5", "+5 min"),
        ("c", "401 Unauthorized GET /image/ Token is expired"),
        ("x", "No refresh token has been exchanged"),
        ("r", "200 OK POST /token/refresh/"),
        ("x", "200 OK POST /token/refresh/"),
        ("d", "+15 days"),
        ("f", "Forgotten"),
        ("r", "There is no refresh token"),
        ("s", "Ready"),
        ("w", "401 Unauthorized GET /image/"),
    ):
        page.keyboard.press(key)
        see(page, verdict)

    # Not while somebody writes, nor with a modifier, nor when switched off.
    page.locator("#username").fill("")
    page.keyboard.type("www")
    expect(page.locator("#username")).to_have_value("www")
    page.get_by_role("button", name="Shortcut keys").click()
    page.keyboard.press("w")
    page.get_by_role("button", name="Shortcut keys").click()
    page.keyboard.press("Alt+w")
    page.keyboard.press("c")
    see(page, "There is no access token")  # whatever was pressed before has been done by now
    assert statuses(page) == ["401"]


def test_a_wrong_password_is_said_and_mended(visit: Visit, keep_picture) -> None:
    page = visit()
    page.get_by_label("Password").fill("wrong")
    click(page, "Log in", "401 Unauthorized POST /token/ No active account found")
    keep_picture(page, "wrong-password")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    see(page, "200 OK POST /token/")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_ctrl_c_leaves_nothing_and_the_page_finds_a_lab_started_again(
    visit: Visit, command: SimpleNamespace, keep_picture
) -> None:
    process, port = command.process, command.port
    url, api = (re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0] for _ in range(2))
    assert url == f"http://127.0.0.1:{port}"
    page = visit(Lab(f"{url}/", api, None), expected=(REFUSED, NO_ANSWER, "status of 502"))
    log_in(page)

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "The lab is closed" in said
    assert list(command.folder.iterdir()) == []
    assert [free_port(each) for each in (port, port + 1)] == [port, port + 1]

    notice = page.get_by_role("alert")
    click(page, "Call the protected", "No answer GET /image/")
    expect(notice).to_contain_text(f"No answer from {api}: the server is gone.")
    keep_picture(page, "server-gone")
    assert serious(page) == []
    page.get_by_role("button", name="Try again").click()
    expect(notice).to_contain_text("The lab itself does not answer.")

    with lab(7, port=port) as again:
        assert again.api == api
        click(page, "Try again", "200 OK GET /image/ 8 images")
        expect(notice).to_be_hidden()
        click(page, "+5 min", "+5 min")

        again.server.process.kill()
        again.server.process.wait()
        page.get_by_role("button", name="+1 min").click()
        expect(notice).to_contain_text("The server's clock does not answer.")


def test_an_origin_that_is_not_allowed_is_told_what_to_set(visit: Visit, running: Lab) -> None:
    with lab(7, url=running.api) as other:
        page = visit(other, expected=(BY_CORS, NO_ANSWER))
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text(
            f"DJANGO_CORS_ALLOWED_ORIGINS={other.url.rstrip('/')}"
        )


def test_without_a_clock_it_waits_for_real(visit: Visit, waiting: Lab, keep_picture) -> None:
    page = visit(waiting)
    expect(page.get_by_text("cannot be moved")).to_be_visible()
    expect(page.get_by_role("button", name="+5 min")).to_be_hidden()
    keep_picture(page, "no-clock")
    for caption in ("somebody asks", "log in", "the same request", "one character", "we wait"):
        page.get_by_role("button", name="Next step").click()
        expect(page.locator("#before")).to_contain_text(f"Next: {caption}")
    page.get_by_role("button", name="Next step").click()
    expect(page.locator("#before")).to_contain_text("Next: the same request with the same")
    click(page, "Next step", "401 Unauthorized GET /image/ Token is expired")
    click(page, "Next step", "200 OK POST /token/refresh/")
    click(page, "Next step", "200 OK GET /image/")
    click(page, "Next step", "200 OK POST /token/refresh/")
    expect(page.locator("#before")).to_have_text("That was the whole story.")


def test_before_part_10_a_copied_refresh_token_works_and_nobody_can_log_out(visit: Visit) -> None:
    page = visit()
    log_in(page)
    click(page, "Replay", "No refresh token has been exchanged")
    click(page, "Refresh", "200 OK POST /token/refresh/")
    click(page, "Replay", "200 OK POST /token/refresh/")
    expect(page.locator("#because")).to_contain_text("still works")
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)
    expect(page.get_by_text("At the server, which")).to_be_hidden()
    expect(page.get_by_text("hollow bar")).to_be_hidden()
    for key in "oe":
        page.keyboard.press(key)
    click(page, "Forget the tokens", "Forgotten")
    expect(page.locator("#because")).not_to_contain_text("Log out")
    assert statuses(page) == ["200", "200", "200"]


def test_the_story_of_part_10_is_red_where_part_7_was_green(
    visit: Visit, part_10: Lab, keep_picture
) -> None:
    page = visit(part_10, color_scheme="light")
    page.get_by_role("button", name="Next step").click()
    for number, verdict in enumerate(STORY_10, start=1):
        take_step(page, verdict)
        if number > len(STORY_10) - 4:
            keep_picture(page, f"part-10-{number:02}-story")
    expect(page.locator("#before")).to_have_text("That was the whole story.")
    assert statuses(page) == marks(page) == STATUSES_10
    # A bar ends where the token went on the blacklist, and is hollow from there on.
    expect(page.locator("#timeline rect.life")).to_have_count(4)
    lost = page.locator("#timeline rect.lost")
    expect(lost).to_have_count(2)
    expect(lost.first).to_be_visible()
    ends = [
        page.locator("#timeline .status").nth(i).get_attribute("x")
        for i, status in enumerate(STATUSES_10)
        if (i, status) in {(5, "200"), (8, "204")}  # the refresh, the logout
    ]
    assert [each.get_attribute("x") for each in lost.all()] == ends
    expect(page.locator("#timeline")).to_have_attribute(
        "aria-label", re.compile("refresh 1 is on the blacklist, .* refresh 2 is on the blacklist")
    )
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 780})
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], (width, scheme)
        assert page.evaluate(TOO_WIDE) == 0, width
        keep_picture(page, f"part-10-{width}-{scheme}")


def test_logging_out_ends_the_refresh_token_and_leaves_the_access_token(
    visit: Visit, part_10: Lab
) -> None:
    page = visit(part_10)
    button = page.get_by_role("button", name="Log out", exact=True)
    expect(button).to_have_accessible_description(re.compile("At the server.* up to five minutes"))
    expect(page.get_by_role("button", name="Forget")).to_have_accessible_description(
        re.compile("In this page alone")
    )
    access, refresh = page.locator("#access-life"), page.locator("#refresh-life")
    because = page.locator("#because")
    for key, verdict in (("o", "There is no refresh token"), ("e", "There is no access token")):
        page.keyboard.press(key)
        see(page, verdict)
    log_in(page)
    expect(page.locator(".token.access .decoded")).to_contain_text("fingerprint of the stored")
    page.keyboard.press("o")
    see(page, "204 No Content POST /auth/logout/ logged out")
    expect(because).to_contain_text("access 1 works until its exp, up to five minutes")
    expect(refresh).to_contain_text("left, but on the blacklist")
    expect(access).to_contain_text("left, logged out or not")
    page.keyboard.press("r")
    see(page, "401 Unauthorized POST /auth/login/refresh/ Token is blacklisted")
    expect(because).to_contain_text("blacklist: only logging in helps")
    page.keyboard.press("c")
    see(page, "200 OK GET /image/ 8 images")
    expect(because).to_contain_text("Logging out does not reach it")
    button.click()
    see(page, "400 Bad Request POST /auth/logout/ Token is blacklisted")
    click(page, "+5 min", "+5 min")
    expect(because).to_have_text(re.compile("Expired meanwhile: access 1. "))
    expect(access).to_have_attribute("data-state", "expired")
    button.click()
    see(page, "401 Unauthorized POST /auth/logout/ Token is expired")
    expect(because).to_contain_text("refresh first")
    assert statuses(page) == marks(page) == ["200", "204", "401", "200", "400", "401"]
    click(page, "Forget the tokens", "Forgotten")
    expect(because).to_contain_text("“Log out” is what tells the server")


def test_logging_out_everywhere_ends_the_session_elsewhere(visit: Visit, part_10: Lab) -> None:
    elsewhere = post(part_10, "/auth/login/", {"username": "demo", "password": PASSWORD})
    page = visit(part_10)
    log_in(page)
    click(page, "Refresh", "200 OK POST /auth/login/refresh/")
    expect(page.locator("#timeline rect.life")).to_have_count(4)
    page.keyboard.press("e")
    see(page, "204 No Content POST /auth/logout_all/ logged out everywhere")
    expect(page.locator("#because")).to_contain_text("access 2 works until its exp")
    expect(page.locator("#timeline rect.lost.refresh")).to_have_count(2)
    expect(page.locator("#timeline rect.lost.access")).to_have_count(0)
    with pytest.raises(HTTPError, match="401"):
        post(part_10, "/auth/login/refresh/", {"refresh": elsewhere["refresh"]})
    click(page, "Call the protected", "200 OK GET /image/")
    click(page, "+15 days", "+15 days")
    expect(page.locator("#because")).to_contain_text("Expired meanwhile: access 1, access 2.")


def test_the_throttle_is_explained_and_time_helps(visit: Visit, part_10: Lab) -> None:
    for _ in range(10):
        with pytest.raises(HTTPError, match="400"):
            post(part_10, "/auth/login/", {})
    page = visit(part_10)
    click(page, "Log in", "429 Too Many Requests POST /auth/login/ Request was throttled.")
    expect(page.locator("#because")).to_contain_text("until a minute has passed")
    click(page, "+1 min", "+1 min")
    log_in(page)


@pytest.mark.parametrize(
    ("part", "login", "logout"),
    [
        (7, "/token/", None),
        (8, "/auth/login/", None),
        (9, "/auth/login/", None),
        (10, "/auth/login/", "/auth/logout/"),
    ],
)
def test_the_page_is_told_what_the_part_has(part: int, login: str, logout: str | None) -> None:
    with lab(part, url="http://127.0.0.1:9") as own, urlopen(f"{own.url}config.json") as answer:
        config = json.load(answer)
    assert (config["login"], config["refresh"]) == (login, f"{login}refresh/")
    assert config["logout"] == logout
    assert config["logoutAll"] == (logout and "/auth/logout_all/")


def test_text_of_the_server_stays_text(visit: Visit, running: Lab) -> None:
    page = visit(expected=("status of 500",))
    bad = "<img src=/x onerror=window.hacked=1><script>window.hacked=1</script>"

    def encoded(content: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    payload = {"exp": 4e9, "iat": 1.7e9, "username": bad, bad: bad}
    token = ".".join([encoded({"alg": bad}), encoded(payload), bad.replace(".", "")])

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            body, status = json.dumps({"access": token, "refresh": token, bad: bad}), 200
        else:
            body, status = f"<!doctype html><h1>{bad}</h1>", 500
        origin = {"Access-Control-Allow-Origin": running.url.rstrip("/")}
        route.fulfill(status=status, body=body, content_type="text/html", headers=origin)

    page.route(f"{running.api}/**", answer)
    log_in(page)
    click(page, "Call the protected", "500")
    expect(page.locator("pre").first).to_contain_text(bad)
    expect(page.locator(".token.access .decoded .payload")).to_contain_text(bad)
    assert page.locator("img, body script, h1 img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_policy_is_in_force(visit: Visit, running: Lab) -> None:
    page = visit(expected=("Content Security Policy", "This document requires 'Trusted"))
    attempts = """async () => {
        const tried = [];
        try { document.body.innerHTML = "<b>"; tried.push("HTML"); } catch {}
        try {
            const script = document.createElement("script");
            script.append("window.ran = 1");
            document.head.append(script);
            if (window.ran) tried.push("script");
        } catch {}
        try { await fetch("http://127.0.0.1:9/"); tried.push("fetch"); } catch {}
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.head.append(style);
        if (getComputedStyle(document.body).display === "none") tried.push("style");
        return tried;
    }"""
    assert page.evaluate(attempts) == []
    refused = " ".join(page.evaluate("window.violations.splice(0)"))
    for directive in ("require-trusted-types-for", "connect-src", "style-src"):
        assert directive in refused


def test_the_pages_server_is_strict(running: Lab) -> None:
    host = running.url.removeprefix("http://").rstrip("/")

    def ask(method: str, path: str, body: str | None = None, **headers: str):
        connection = http.client.HTTPConnection(host, timeout=5)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": host} | named)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    for path in ("/", "/lab.js", "/config.json", "/clock", "/nothing"):
        answer = ask("GET", path)
        assert answer.status == (404 if path == "/nothing" else 200)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' {running.api};" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
    as_json = {"Content_Type": "application/json"}
    before = running.server.clock.now()
    assert ask("POST", "/clock", '{"seconds": 60}', Content_Type="text/plain").status == 415
    assert ask("POST", "/clock", '{"seconds": 60}', Host="evil.example", **as_json).status == 404
    assert ask("GET", "/config.json", Host="evil.example").status == 404
    assert ask("OPTIONS", "/clock").status >= 400
    for nonsense in ("{}", "[]", '{"seconds": "x"}', '{"seconds": 1e300}', "\xff"):
        assert ask("POST", "/clock", nonsense, **as_json).status == 400, nonsense
    assert running.server.clock.now() - before < 30
    assert ask("POST", "/clock", '{"seconds": 60}', **as_json).status == 200
    assert running.server.clock.now() - before >= 60


def test_axe_finds_nothing_serious(visit: Visit, keep_picture) -> None:
    page = visit(color_scheme="light")
    assert serious(page) == []
    log_in(page)
    page.get_by_text("Where are the tokens kept?").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        keep_picture(page, f"alive-{scheme}")
    click(page, "+15 days", "+15 days")
    click(page, "Refresh", "401")
    page.get_by_role("button", name="Large type").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        keep_picture(page, f"expired-large-{scheme}")


def test_a_phone_shows_it_without_scrolling_sideways(visit: Visit, keep_picture) -> None:
    page = visit(viewport={"width": 360, "height": 780})
    assert page.evaluate(TOO_WIDE) == 0
    log_in(page)
    for _ in range(5):  # more than the timeline has room for
        page.keyboard.press("c")
    click(page, "Tamper", "401")
    click(page, "+5 min", "+5 min")
    click(page, "Call the protected", "401")
    for size in ("normal", "large"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(TOO_WIDE) == 0
            keep_picture(page, f"phone-{size}-{scheme}")
        page.get_by_role("button", name="Large type").click()


def test_the_theme_can_be_chosen(visit: Visit) -> None:
    page = visit(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    toggle = page.get_by_role("button", name="Dark")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(ground) != light
    toggle.click()
    assert page.evaluate(ground) == light


def test_what_cannot_be_started_is_said(running: Lab) -> None:
    port = int(running.url.rstrip("/").rsplit(":", 1)[1])
    for options, words in (
        ({"port": port}, f"Port {port} is taken by another program; `--port "),
        ({"part": 6}, "Part 6 has no tokens yet"),
        ({"url": "ftp://example.org"}, "is no address of a server"),
        ({"url": "http:// nowhere"}, "is no address of a server"),
    ):
        with pytest.raises(Problem, match=re.escape(words)), lab(**options):
            pass
