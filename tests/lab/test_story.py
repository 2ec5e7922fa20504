"""The whole story, told by the page: step by step, by itself, with and without a clock."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import TimeoutError, expect

from tutorial.lab import Lab
from tutorial.lab.page import facts
from tutorial.ladder import Part
from tutorial.questions import questions_of_the_lab

from .pages import (
    BLACKLIST,
    SESSIONS,
    TOKENS,
    TOO_WIDE,
    Visit,
    click,
    marks,
    see,
    serious,
    statuses,
    take_step,
)


def beginning(part: Part) -> list[str]:
    """Return what the verdict says after each of the first steps."""
    return [
        f"401 Unauthorized GET {part.protected} Authentication credentials were not provided.",
        f"200 OK POST {part.login} a token pair",
        f"200 OK GET {part.protected} 8 images",
        f"401 Unauthorized GET {part.protected} Token is invalid",
        "+5 min",
        f"401 Unauthorized GET {part.protected} Token is expired",
        f"200 OK POST {part.refresh} a token pair",
        f"200 OK GET {part.protected} 8 images",
    ]


STORY = [
    *beginning(TOKENS),
    f"200 OK POST {TOKENS.refresh} a token pair",
    "+15 days",
    f"401 Unauthorized POST {TOKENS.refresh} Token is expired",
]
STATUSES = ["401", "200", "200", "401", "401", "200", "200", "200", "401"]
# From the exchanged refresh token on, which is green above, a blacklist tells another end.
STORY_10 = [
    *beginning(BLACKLIST),
    f"401 Unauthorized POST {BLACKLIST.refresh} Token is blacklisted",
    f"204 No Content POST {BLACKLIST.logout} logged out",
    f"200 OK GET {BLACKLIST.protected} 8 images",
    "+5 min",
    f"401 Unauthorized GET {BLACKLIST.protected} Token is expired",
]
STORY_11 = [
    *beginning(SESSIONS),
    f"200 OK POST {SESSIONS.refresh} a token pair",
    "+5 min",
    f"200 OK POST {SESSIONS.refresh} a token pair",
    f"401 Unauthorized POST {SESSIONS.refresh} This token was exchanged before",
    f"401 Unauthorized GET {SESSIONS.protected} This session has ended",
    f"200 OK POST {SESSIONS.login} a token pair",
    f"200 OK GET {SESSIONS.sessions} 2 sessions",
    f"204 No Content POST {SESSIONS.logout} logged out",
    f"401 Unauthorized GET {SESSIONS.protected} This session has ended: logged out.",
]
STATUSES_10 = ["401", "200", "200", "401", "401", "200", "200", "401", "204", "200", "401"]
STATUSES_11 = [*STATUSES_10[:7], "200", "200", "401", "401", "200", "200", "204", "401"]


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
    # Five minutes and fifteen days are as wide as each other, so that a break goes through both.
    short, long = (each.bounding_box() for each in page.locator("#timeline .break").all())
    assert short["width"] < long["width"]
    assert short["height"] == long["height"] > 6 * 16
    # What was tampered with has a row of its own, below that of the true token.
    rows = page.locator("#timeline .row-label").all_text_contents()
    assert rows[:4] == ["no token", "access 1", "altered", "refresh 1"]
    (altered,) = [
        mark.get_attribute("y") for mark in page.locator("#timeline .mark.bad").all()[1:2]
    ]
    label = page.locator("#timeline .row-label.altered").get_attribute("y")
    assert abs(float(altered) - float(label)) < 16


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


def test_a_link_shows_a_token_expire_at_once_and_leaves_the_whole_story(visit: Visit) -> None:
    page = visit(hurry=True)
    page.goto(f"{page.url}#expire")
    page.add_init_script(
        "new MutationObserver(() => window.asked ||= document.querySelector('#predict button'))"
        ".observe(document, {subtree: true, childList: true});"
    )
    page.reload()
    expect(page.locator("#before")).to_contain_text("There is more to ask", timeout=20_000)
    assert statuses(page) == ["200", "200", "401"]
    see(page, f"401 Unauthorized GET {TOKENS.protected} Token is expired")
    assert page.evaluate("!window.asked")  # at this pace nobody can predict
    page.get_by_role("button", name="Next step").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    assert page.evaluate("Boolean(window.asked)")


def test_a_prediction_is_settled_by_the_server(visit: Visit) -> None:
    page = visit()
    predict, told = page.get_by_role("group", name="has never met"), page.locator("#told")
    step = page.get_by_role("button", name="Next step")
    expect(page.locator("#predict")).to_be_hidden()
    step.click()
    choice = predict.get_by_role("button", name="200")
    choice.focus()
    page.keyboard.press("Enter")
    expect(choice).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#log li")).to_have_count(0)  # nothing is sent by a prediction
    page.keyboard.press("n")
    see(page, "401 Unauthorized GET")
    expect(told).to_have_text("✗ Predicted 200.")

    for caption in ("same request", "one character"):  # without a prediction it goes on too
        page.keyboard.press("n")
        expect(page.locator("#before")).to_contain_text(caption)
        expect(told).to_be_empty()
    for choice in ("500", "401"):  # the last one counts
        page.locator("#predict").get_by_role("button", name=choice).click()
    page.keyboard.press("n")
    expect(told).to_have_text("✓ Predicted 401.")
    page.keyboard.press("s")
    expect(told).to_be_empty()


STEP_NAMES = """async (facts) => {
    const { stepsOf } = await import(new URL("story.js", location));
    return facts.flatMap((part) => stepsOf({}, part).map(({ name }) => name)).filter(Boolean);
}"""


def test_the_story_asks_what_is_in_the_file_of_questions(visit: Visit, running: Lab) -> None:
    parts = (TOKENS, BLACKLIST, SESSIONS)
    told = [facts(part, running.api, has_clock=True) for part in parts]
    asked = questions_of_the_lab()
    assert set(visit().evaluate(STEP_NAMES, told)) == set(asked)
    for question in asked.values():
        assert "`" not in question["ask"]  # the page shows it as it is
        assert all(choice.isdigit() for choice in question["choices"])  # compared with a status


def test_nothing_can_be_clicked_before_the_server_is_ready(visit: Visit, running: Lab) -> None:
    page = visit()
    page.route(f"{running.url}config.json", lambda route: None)
    page.reload(wait_until="domcontentloaded")
    expect(page.locator("#story")).to_have_attribute("inert", "")
    with pytest.raises(TimeoutError):
        page.locator("#call").click(timeout=500)
    page.unroute(f"{running.url}config.json")
    page.reload()
    click(page, "Log in", "200 OK POST")


def test_who_takes_over_stops_the_story(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    click(page, "Send without a token", f"401 Unauthorized GET {TOKENS.protected}")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_reduced_motion_turns_no_page_by_itself(visit: Visit) -> None:
    page = visit(hurry=True, reduced_motion="reduce")
    page.get_by_role("button", name="Run the whole story").click()
    expect(page.locator("#before")).to_contain_text("Next: somebody asks")
    click(page, "Go on", STORY[0])
    expect(page.locator("#before")).to_contain_text("Next: log in")
    assert statuses(page) == ["401"]


def test_without_a_clock_it_waits_for_real(visit: Visit, waiting: Lab, keep_picture) -> None:
    """The true time is here that of the server and of the browser, moved by the test alone."""
    page = visit(waiting, own_clock=True)
    expect(page.get_by_text("cannot be moved")).to_be_visible()
    expect(page.get_by_role("button", name="+5 min")).to_be_hidden()
    keep_picture(page, "no-clock")
    for caption in ("somebody asks", "log in", "the same request", "one character", "we wait"):
        page.get_by_role("button", name="Next step").click()
        expect(page.locator("#before")).to_contain_text(f"Next: {caption}")
    page.get_by_role("button", name="Next step").click()
    expect(page.locator("#before")).to_contain_text("Next: we wait until the access token expires")
    for seconds in (120, 185):  # which is not enough, and is
        expect(page.locator("#before")).to_contain_text("Next: we wait")
        waiting.server.clock.advance(seconds)
        page.clock.fast_forward(seconds * 1000)
    expect(page.locator("#before")).to_contain_text("Next: the same request with the same")
    click(page, "Next step", f"401 Unauthorized GET {TOKENS.protected} Token is expired")
    click(page, "Next step", f"200 OK POST {TOKENS.refresh}")
    click(page, "Next step", f"200 OK GET {TOKENS.protected}")
    click(page, "Next step", f"200 OK POST {TOKENS.refresh}")
    expect(page.locator("#before")).to_have_text("That was the whole story.")


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


def test_the_story_of_part_11_is_of_a_thief(visit: Visit, part_11: Lab, keep_picture) -> None:
    page = visit(part_11)
    page.get_by_role("button", name="Next step").click()
    for verdict in STORY_11[:-3]:
        take_step(page, verdict)
    expect(page.locator("#thief-access-life")).to_have_attribute("data-state", "retired")
    # Other tests may have left sessions in the list, of a clock that went ahead too.
    take_step(page, f"200 OK GET {SESSIONS.sessions}")
    rows = page.locator("#devices tr")
    expect(rows.nth(0)).to_contain_text("this one")
    expect(rows.filter(has_text="ended: token_reused").first).to_be_visible()
    keep_picture(page, "thief")
    for verdict in STORY_11[-2:]:
        take_step(page, verdict)
    expect(page.locator("#before")).to_have_text("That was the whole story.")
    assert statuses(page) == STATUSES_11
    shown = marks(page)  # as many as the timeline has room for
    assert len(shown) > 8 and shown == STATUSES_11[-len(shown) :]
    assert serious(page) == []
    assert page.evaluate(TOO_WIDE) <= 0
