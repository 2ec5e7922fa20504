"""The token lab in the page: the same story and statuses as on a computer, and what is its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tutorial.ladder import Part, first
from tutorial.playground import wheels
from tutorial.running.server import PASSWORD

from ..lab.pages import TOO_WIDE, click, log_in, serious, statuses
from ..lab.test_story import STATUSES, STATUSES_10, STATUSES_11
from .conftest import WIDE, Visitor

TOKENS, BLACKLIST = first("has_tokens"), first("has_blacklist")
LAST = wheels.playable()[-1]
SLOW = 60_000  # milliseconds; colleagues of this test may need the processors too


def open_lab(visit: Visitor, part: Part = TOKENS, story: str = "", **options) -> Page:
    page = visit(f"lab/?part={part.number}{story}", **options)
    page.locator("body[data-ready]").wait_for(timeout=SLOW)
    return page


class Labs:
    """The lab of a part, which is opened once: Python takes seconds to start."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.opened: dict[Part, Page] = {}

    def __call__(self, part: Part = TOKENS) -> Page:
        """Return the page as it is at first."""
        if part not in self.opened:
            self.opened[part] = open_lab(self.visitor, part)
        page = self.opened[part]
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = false)")
        page.evaluate("window.hurry = false")
        click(page, "Start again", "Ready")
        return page


@pytest.fixture(scope="module")
def labs(browser: Browser, host: str) -> Iterator[Labs]:
    labs = Labs(Visitor(browser, host))
    yield labs
    labs.visitor.close()


@pytest.fixture
def lab(labs: Labs) -> Iterator[Labs]:
    """A part's lab, for one test after the other."""
    yield labs
    labs.visitor.look()


def ask(page: Page, method: str, path: str, content: str = "", *, token: str = "") -> list:
    """Send a request as the lab does; return status and body."""
    return page.evaluate(
        """async ([method, path, content, token]) => {
            const { ask } = await import(new URL("transport.js", location));
            const headers = { "Content-Type": "application/json" };
            if (token) headers.Authorization = `Bearer ${token}`;
            const init = { method, headers, body: content || null };
            const response = await ask(`http://127.0.0.1:8000${path}`, init);
            return [response.status, await response.text()];
        }""",
        [method, path, content, token],
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [(TOKENS, STATUSES), (BLACKLIST, STATUSES_10), (LAST, STATUSES_11)],
    ids=str,
)
def test_the_whole_story(lab: Labs, part: Part, expected: list[str]) -> None:
    page = lab(part)
    page.evaluate("window.hurry = true")
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_have_text("That was the whole story.", timeout=SLOW)
    assert statuses(page) == expected


def test_one_link_shows_a_token_expire_and_a_reload_does_it_again(visit: Visitor) -> None:
    page = open_lab(visit, story="#expire", hurry=True)
    for _ in range(2):
        expect(page.locator("#before")).to_contain_text("There is more to ask", timeout=SLOW)
        assert statuses(page) == ["200", "200", "401"]
        expect(page.locator("#verdict")).to_contain_text("Token is expired")
        page.reload()


def test_progress_is_shown_and_nothing_can_be_clicked_before(visit: Visitor, host: str) -> None:
    page = visit("index.html")
    page.route("**/site-*.bin", lambda route: None)  # never comes
    page.goto(f"{host}lab/", wait_until="commit")
    expect(page.locator("#starting-words")).to_have_text(
        re.compile(r"Loading \d+\.\d of \d+\.\d MB")
    )
    assert 0 < float(page.locator("#starting-bar").get_attribute("value")) < 1
    expect(page.locator("#story")).to_have_attribute("inert", "")
    expect(page.locator(".columns")).to_have_attribute("inert", "")


def test_start_again_puts_the_clock_back(lab: Labs) -> None:
    page = lab()
    log_in(page)
    click(page, "+15 days", "+15 days")
    expect(page.locator("#ahead")).to_contain_text("15 days ahead")
    click(page, "Refresh", "401 Unauthorized POST")
    click(page, "Start again", "Ready")
    expect(page.locator("#ahead")).to_have_text("")
    log_in(page)
    click(page, "Call the protected", f"200 OK GET {TOKENS.protected} 8 images")


def test_the_throttle_counts_and_time_helps(visit: Visitor) -> None:
    page = open_lab(visit, BLACKLIST)  # of its own: attempts outlive a new start
    for _ in range(10):
        assert ask(page, "POST", BLACKLIST.login, "{}")[0] == 400
    click(page, "Log in", f"429 Too Many Requests POST {BLACKLIST.login}")
    click(page, "+1 min", "+1 min")
    log_in(page)


def test_what_kills_interpreters_is_answered(lab: Labs) -> None:
    page = lab()
    deep = "[" * 100_000
    assert ask(page, "POST", TOKENS.login, deep)[0] == 400
    # A token whose header is nested as deeply: its reader is another one.
    assert ask(page, "GET", TOKENS.protected, token=f"W1tb{'W1tb' * 10_000}.e30.x")[0] == 401
    log_in(page)


def test_what_needs_a_computer_says_so(lab: Labs) -> None:
    page = lab()
    login = json.dumps({"username": "admin", "password": PASSWORD})
    status, body = ask(page, "POST", TOKENS.login, login)
    assert status == 200
    token = json.loads(body)["access"]
    picture = (TOKENS.path / "reviews/fixtures/pictures/kite.png").read_bytes()
    assert upload(page, token, b"no picture")[0] == 400
    assert upload(page, token, picture[:8] + b"rubbish")[0] == 400
    status, body = upload(page, token, picture)
    assert (status, "On a computer it works" in body) == (501, True)
    page.locator("#differences summary").click()
    expect(page.locator("#differences")).to_contain_text("answered with 501")
    expect(page.locator("#differences")).to_contain_text(f"tutorial serve {TOKENS.number}")


def upload(page: Page, token: str, content: bytes) -> list:
    """Send this as a picture; return status and body."""
    form = {"image": ("kite.png", content, "image/png")}
    request = requests.Request("POST", "http://127.0.0.1:8000", data={"name": "Kite"}, files=form)
    prepared = request.prepare()
    return page.evaluate(
        """async ([path, type, content, token]) => {
            const { ask } = await import(new URL("transport.js", location));
            const headers = { "Content-Type": type, Authorization: `Bearer ${token}` };
            const init = { method: "POST", headers, body: Uint8Array.from(content) };
            const response = await ask(`http://127.0.0.1:8000${path}`, init);
            return [response.status, await response.text()];
        }""",
        [TOKENS.protected, prepared.headers["Content-Type"], list(prepared.body), token],
    )


def test_a_server_that_is_gone_is_noticed_and_started_again(visit: Visitor) -> None:
    page = open_lab(visit, expected=("Python in this page is gone",))
    log_in(page)
    page.workers[0].evaluate("close()")
    page.get_by_role("button", name="Call the protected").click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Python in this page is gone. “Try again” restarts it")
    page.get_by_role("button", name="Try again").click()
    expect(notice).to_be_hidden(timeout=SLOW)
    log_in(page)


def test_a_phone_and_a_screen_reader_get_along_with_it(lab: Labs) -> None:
    page = lab()
    page.set_viewport_size({"width": 360, "height": 740})
    log_in(page)
    page.locator("#differences summary").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
        assert page.evaluate(TOO_WIDE) == 0


def test_with_the_keyboard_alone(lab: Labs) -> None:
    page = lab()
    page.keyboard.press("l")
    expect(page.locator("#verdict")).to_contain_text("a token pair")
    page.keyboard.press("5")
    expect(page.locator("#verdict")).to_contain_text("+5 min")
    page.keyboard.press("c")
    expect(page.locator("#verdict")).to_contain_text("Token is expired")


def test_a_part_that_is_not_there_is_said(visit: Visitor) -> None:
    page = visit("lab/?part=99")
    expect(page.get_by_role("alert")).to_contain_text("There is no part 99 with tokens")
