"""What the buttons do to tokens, and what the page says of them."""

from __future__ import annotations

import re
import time
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, expect

from tutorial.lab import Lab
from tutorial.running.server import PASSWORD
from tutorial.tokens import MEANINGS, decode

from .pages import BLACKLIST, SESSIONS, TOKENS, Visit, click, log_in, marks, post, see, statuses


def seconds_in(countdown: str) -> int:
    """Read a countdown: 4:58, or 14 d 23:59:58."""
    days, _, clock = countdown.rpartition(" d ")
    seconds = 0
    for number in clock.split(":"):
        seconds = 60 * seconds + int(number)
    return int(days or 0) * 86400 + seconds


def wait_for_the_servers_time(page: Page, running: Lab) -> None:
    """Wait until both countdowns show what is left by the server's clock."""
    end = time.monotonic() + 30
    for kind in ("access", "refresh"):
        exp = decode(page.locator(f".token.{kind} .encoded").inner_text().replace("\n", ""))[1][
            "exp"
        ]
        timer = page.locator(f"#{kind}-life [role=timer]")
        while abs(exp - running.server.clock.now() - seconds_in(timer.inner_text())) > 1.5:
            assert time.monotonic() < end, f"{kind}: {timer.inner_text()} is not what is left"


def test_the_countdowns_run_on_the_servers_time(visit: Visit, running: Lab) -> None:
    clock = running.server.clock
    page = visit()
    log_in(page)
    wait_for_the_servers_time(page, running)
    clock.advance(60)  # behind the page's back
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_for_the_servers_time(page, running)
    before = clock.now()
    click(page, "+1 min", "+1 min")
    assert clock.now() >= before + 60
    wait_for_the_servers_time(page, running)
    # A step that would end on the very second of exp ends two seconds beyond it.
    exp = int(page.locator(".token.access .value").nth(3).inner_text())
    began = time.monotonic()
    clock.advance(exp - 60 - clock.now())
    page.get_by_role("button", name="+1 min").click()
    expect(page.locator("#access-life")).to_contain_text(re.compile(r"expired \d+ s ago"))
    beyond, took = clock.now() - exp, time.monotonic() - began
    assert 2 <= beyond <= 2.1 + took
    expect(page.locator("#heard")).to_have_text("Expired: access 1")
    click(page, "Call the protected", f"401 Unauthorized GET {TOKENS.protected} Token is expired")
    expect(page.locator("#refresh-life")).to_have_attribute("data-state", "alive")


def test_start_again_is_a_new_session_at_todays_time(visit: Visit, running: Lab) -> None:
    page = visit()
    log_in(page)
    click(page, "+15 days", "+15 days")
    assert running.server.clock.now() > page.evaluate("Date.now() / 1000") + 14 * 86400
    began = time.monotonic()
    click(page, "Start again", "Ready")
    away = abs(running.server.clock.now() - page.evaluate("Date.now() / 1000"))
    assert away < 5 + time.monotonic() - began
    expect(page.locator("#log li")).to_have_count(0)
    expect(page.locator("#timeline rect")).to_have_count(0)
    click(page, "Call the protected", "There is no access token")
    log_in(page)
    click(page, "Call the protected", f"200 OK GET {TOKENS.protected}")


def test_a_token_is_taken_apart_and_tampered_with(visit: Visit) -> None:
    page = visit()
    with page.expect_response(f"**{TOKENS.login}") as answer:
        log_in(page)
    pair = answer.value.json()
    for kind, token in pair.items():
        card = page.locator(f".token.{kind}")
        assert card.locator(".encoded").inner_text().replace("\n", "") == token
        header, payload = decode(token)
        assert card.locator(".decoded .payload dt").all_inner_texts() == list(payload)
        expect(card.locator(".decoded .payload")).to_contain_text(payload["jti"])
        expect(card.locator(".decoded .payload")).to_contain_text("a custom claim")
        for claim in [*header, *payload]:
            expect(card.locator(".decoded")).to_contain_text(MEANINGS[claim])

    with page.expect_request(lambda request: request.method == "GET") as sent:
        click(page, "Tamper", f"401 Unauthorized GET {TOKENS.protected} Token is invalid")
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


def test_a_wrong_password_is_said_and_mended(visit: Visit, keep_picture) -> None:
    page = visit()
    page.get_by_label("Password").fill("wrong")
    click(page, "Log in", f"401 Unauthorized POST {TOKENS.login} No active account found")
    keep_picture(page, "wrong-password")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    see(page, f"200 OK POST {TOKENS.login}")


def test_before_part_10_a_copied_refresh_token_works_and_nobody_can_log_out(visit: Visit) -> None:
    page = visit()
    log_in(page)
    click(page, "Replay", "No refresh token has been exchanged")
    click(page, "Refresh", f"200 OK POST {TOKENS.refresh}")
    click(page, "Replay", f"200 OK POST {TOKENS.refresh}")
    expect(page.locator("#because")).to_contain_text("still works")
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)
    expect(page.get_by_text("At the server, which")).to_be_hidden()
    expect(page.get_by_text("hollow bar")).to_be_hidden()
    for key in "oe":
        page.keyboard.press(key)
    click(page, "Forget the tokens", "Forgotten")
    expect(page.locator("#because")).not_to_contain_text("Log out")
    assert statuses(page) == ["200", "200", "200"]


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
    see(page, f"204 No Content POST {BLACKLIST.logout} logged out")
    expect(because).to_contain_text("access 1 works until its exp, up to five minutes")
    expect(refresh).to_contain_text("left, but on the blacklist")
    expect(access).to_contain_text("left, logged out or not")
    page.keyboard.press("r")
    see(page, f"401 Unauthorized POST {BLACKLIST.refresh} Token is blacklisted")
    expect(because).to_contain_text("blacklist: only logging in helps")
    page.keyboard.press("c")
    see(page, f"200 OK GET {BLACKLIST.protected} 8 images")
    expect(because).to_contain_text("Logging out does not reach it")
    button.click()
    see(page, f"400 Bad Request POST {BLACKLIST.logout} Token is blacklisted")
    click(page, "+5 min", "+5 min")
    expect(because).to_have_text(re.compile("Expired meanwhile: access 1. "))
    expect(access).to_have_attribute("data-state", "expired")
    button.click()
    see(page, f"401 Unauthorized POST {BLACKLIST.logout} Token is expired")
    expect(because).to_contain_text("refresh first")
    assert statuses(page) == marks(page) == ["200", "204", "401", "200", "400", "401"]
    click(page, "Forget the tokens", "Forgotten")
    expect(because).to_contain_text("“Log out” is what tells the server")


def test_logging_out_everywhere_ends_the_session_elsewhere(visit: Visit, part_10: Lab) -> None:
    elsewhere = post(part_10, BLACKLIST.login, {"username": "demo", "password": PASSWORD})
    page = visit(part_10)
    log_in(page)
    click(page, "Refresh", f"200 OK POST {BLACKLIST.refresh}")
    expect(page.locator("#timeline rect.life")).to_have_count(4)
    page.keyboard.press("e")
    see(page, f"204 No Content POST {BLACKLIST.logout_all} logged out everywhere")
    expect(page.locator("#because")).to_contain_text("access 2 works until its exp")
    expect(page.locator("#timeline rect.lost.refresh")).to_have_count(2)
    expect(page.locator("#timeline rect.lost.access")).to_have_count(0)
    with pytest.raises(HTTPError, match="401"):
        post(part_10, BLACKLIST.refresh, {"refresh": elsewhere["refresh"]})
    click(page, "Call the protected", f"200 OK GET {BLACKLIST.protected}")
    click(page, "+15 days", "+15 days")
    expect(page.locator("#because")).to_contain_text("Expired meanwhile: access 1, access 2.")


def test_the_throttle_is_explained_and_time_helps(visit: Visit, part_10: Lab) -> None:
    for _ in range(10):
        with pytest.raises(HTTPError, match="400"):
            post(part_10, BLACKLIST.login, {})
    page = visit(part_10)
    click(page, "Log in", f"429 Too Many Requests POST {BLACKLIST.login} Request was throttled.")
    expect(page.locator("#because")).to_contain_text("until a minute has passed")
    click(page, "+1 min", "+1 min")
    log_in(page)


def test_start_again_forgets_attempts_of_a_time_to_come(visit: Visit, part_10: Lab) -> None:
    """Once the clock is back, they would keep everybody out for as long as it had run ahead."""
    page = visit(part_10)
    click(page, "+15 days", "+15 days")
    wrong = {"username": "demo", "password": "a guess"}
    said = 0
    while said != 429:
        try:
            post(part_10, BLACKLIST.login, wrong)
        except HTTPError as error:
            said = error.code
    click(page, "Log in", "429 Too Many Requests POST")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#log .badge")).to_have_count(0)
    log_in(page)


def test_a_thief_is_noticed_whoever_comes_first(visit: Visit, part_11: Lab) -> None:
    page = visit(part_11)
    because = page.locator("#because")
    expect(page.locator("#thief")).to_be_visible()
    click(page, "Thief refreshes", "The thief holds no such token.")
    click(page, "Copy the refresh token", "There is no refresh token in this page.")
    log_in(page)
    click(page, "Copy the refresh token", "The thief has a copy of refresh 1.")
    page.keyboard.press("r")
    see(page, f"200 OK POST {SESSIONS.refresh} a token pair")
    page.keyboard.press("i")
    see(page, f"401 Unauthorized POST {SESSIONS.refresh} This token was just exchanged.")
    expect(because).to_contain_text("the session lives on")
    page.keyboard.press("c")
    see(page, f"200 OK GET {SESSIONS.protected} 8 images")
    click(page, "+1 min", "+1 min")
    page.keyboard.press("i")
    see(page, f"401 Unauthorized POST {SESSIONS.refresh} This token was exchanged before")
    expect(because).to_contain_text("the session ends for both")
    page.keyboard.press("c")
    see(page, f"401 Unauthorized GET {SESSIONS.protected} This session has ended")
    expect(page.locator("#access-life")).to_have_attribute("data-state", "retired")
    expect(page.locator("#access-life")).to_contain_text("left, and refused")
    expect(page.locator("#timeline")).to_have_attribute(
        "aria-label", re.compile("access 2 is refused, refresh 2 is refused")
    )


def test_a_session_is_ended_from_the_list(visit: Visit, part_11: Lab) -> None:
    phone = post(part_11, SESSIONS.login, {"username": "demo", "password": PASSWORD})
    page = visit(part_11)
    log_in(page)
    page.keyboard.press("g")
    see(page, f"200 OK GET {SESSIONS.sessions}")
    rows = page.locator("#devices tr")
    expect(rows.nth(0)).to_contain_text("this one")
    expect(rows.nth(1)).to_contain_text("Python-urllib")
    rows.nth(1).get_by_role("button").click()
    expect(rows.nth(1)).to_contain_text("ended: other_device")
    with pytest.raises(HTTPError, match="401"):
        post(part_11, SESSIONS.refresh, {"refresh": phone["refresh"]})
    rows.nth(0).get_by_role("button").click()
    see(page, f"401 Unauthorized GET {SESSIONS.sessions} This session has ended: logged out.")
    log_in(page)
    page.keyboard.press("e")
    see(page, f"204 No Content POST {SESSIONS.logout_all} logged out everywhere")
    expect(page.locator("#because")).to_contain_text("both tokens are refused from now on")


def test_before_sessions_there_is_no_thief(visit: Visit, part_10: Lab) -> None:
    page = visit(part_10)
    for name in ("#thief", "#device-list", "#thief-access-life"):
        expect(page.locator(name)).to_be_hidden()
